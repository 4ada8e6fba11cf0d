package tasks

import "time"

// Queue is one of the Asynq queues (queue.md, Queues; ADR 26).
type Queue string

// The queues: flow steps, messages, review deadlines, chores, calls to webhooks.
const (
	QueueAccount Queue = "account"
	QueueNotify  Queue = "notify"
	QueueReview  Queue = "review"
	QueueOps     Queue = "ops"
	QueueWebhook Queue = "webhook"
)

// Queues lists every queue; each has a server of its own.
func Queues() []Queue {
	return []Queue{QueueAccount, QueueNotify, QueueReview, QueueOps, QueueWebhook}
}

// Task is a unit of work in the outbox, delivered by Asynq, decided by SQL. It
// carries a reference only (queue.md, principle 1).
type Task struct {
	ID        string // <kind>.<receipt>.<step>, unique over all queues
	Queue     Queue
	Type      string // what the worker's table knows, e.g. "transfer:apply"
	Ref       string // receipt, notice id or chore bucket
	NotBefore time.Time
}

// TaskRef is what travels through Redis.
type TaskRef struct {
	ID         string
	Generation int
}

// Claim is the right to work on a task until its lease ends. Fence rises with
// every claim; a commit with an old one fails with ErrFenced (R13).
type Claim struct {
	TaskRef
	Result   ClaimResult
	Type     string
	Ref      string
	Fence    int64
	Attempts int
	Wait     time.Duration // for ClaimEarly and ClaimBusy: how long from now
	Reason   string        // for ClaimEarly: why it was put off, when it was
}

// ClaimResult says what came of a claim.
type ClaimResult string

// Claimed: work. ClaimNothing: done, dead or superseded. ClaimUnknown: the record
// has no such task. ClaimEarly: not before a later time (Asynq starts up to a
// second early). ClaimBusy: another attempt holds the lease.
const (
	Claimed      ClaimResult = "claimed"
	ClaimNothing ClaimResult = "nothing"
	ClaimUnknown ClaimResult = "unknown"
	ClaimEarly   ClaimResult = "early"
	ClaimBusy    ClaimResult = "busy"
)

// Postponed says how a task goes on after a try that did not end it.
type Postponed struct {
	In     time.Duration // from database now
	Reason string        // a class or code, nothing personal
	Dead   bool          // give up; people re-drive it
	Parked bool          // nothing failed: the tries begin anew
}

// maxAttempts is how often a step is tried, lost workers included, before it is
// a dead letter.
const maxAttempts = 12

// backoff is the wait before try n+1: 1 s doubling up to 15 min, about an hour
// in all.
func backoff(attempts int) time.Duration {
	d := time.Second << min(attempts, 10)
	return min(d, 15*time.Minute)
}

// Outgoing is a task on its way to Asynq.
type Outgoing struct {
	TaskRef
	Queue Queue
	Type  string
	Ref   string
	In    time.Duration // how far in the future it becomes due; 0 = now
	Trace string        // of what caused it, as W3C Trace Context has it; empty: nobody records it
}
