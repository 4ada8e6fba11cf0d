package api

import (
	"context"
	"time"

	"beian/tasks"
)

// OpsInspector reads the queues of Asynq. Nothing is changed through it: that goes
// through the guarded dashboard, as every action on a queue does.
type OpsInspector interface {
	// QueueInfos reads every queue that has one in Redis, in the order of the house.
	QueueInfos(ctx context.Context) ([]OpsQueueInfo, error)
	// QueueTasks reads a page of a queue's tasks in a state of Asynq's, from page 1.
	QueueTasks(ctx context.Context, q tasks.Queue, state string, page, size int) ([]OpsQueueTask, error)
	// Offers lists what a role may do to a task of a queue in a state, or, with an
	// empty state, to the queue.
	Offers(role tasks.ActorKind, q tasks.Queue, state string) []OpsOffer
}

// OpsQueueInfo is a queue as Redis has it. Processed and Failed are today's.
type OpsQueueInfo struct {
	Name              tasks.Queue
	Size              int
	Tasks             map[string]int // by state
	Latency           time.Duration
	Paused            bool
	Processed, Failed int
}

// OpsQueueTask is a task as Redis has it, with what SQL says about it.
type OpsQueueTask struct {
	ID      string // Asynq's
	Type    string
	Retried int
	Error   string // class of the last failure
	Next    time.Time

	State   string            // of the outbox; empty when SQL does not know it
	Review  tasks.ReviewState // of a review's card
	Receipt string
}

// OpsOffer is an action that the guard would let through.
type OpsOffer struct {
	Verb   string
	Reason bool
}

// queueStates are Asynq's, in the order in which a task goes through them.
func queueStates() []string {
	return []string{"active", "pending", "scheduled", "retry", "archived", "completed"}
}
