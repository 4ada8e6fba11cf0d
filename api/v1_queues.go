package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"beian/tasks"
)

// The queues as Redis has them, to read. What is done to them goes through the
// guarded dashboard, as every action on a queue does (V6).

type queuesOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		Queues []queueBody `json:"queues" doc:"Those that something was ever put into."`
	}
}

type queueBody struct {
	Name      string         `json:"name"`
	Size      int            `json:"size"`
	Tasks     map[string]int `json:"tasks" doc:"By Asynq's states."`
	Latency   int64          `json:"latency_seconds" doc:"How long the oldest pending task has waited."`
	Paused    bool           `json:"paused"`
	Processed int            `json:"processed_today"`
	Failed    int            `json:"failed_today"`
}

type queueTasksInput struct {
	Queue string `path:"queue" maxLength:"40"`
	State string `query:"state" enum:"active,pending,scheduled,retry,archived,completed" default:"pending"`
	Page  int    `query:"page" minimum:"1" maximum:"9999" default:"1"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

type queueTasksOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		Tasks []queueTaskBody `json:"tasks" doc:"References only: nothing personal is in a queue."`
	}
}

type queueTaskBody struct {
	ID      string     `json:"id"`
	Type    string     `json:"type"`
	Receipt string     `json:"receipt,omitempty" doc:"Of its job, if any."`
	State   string     `json:"recorded_state,omitempty" doc:"What SQL knows, which is what counts: waiting, sent, running, done or dead; empty for what it does not know."`
	Review  string     `json:"review_state,omitempty" doc:"Of a review's card."`
	Retried int        `json:"retried"`
	Error   string     `json:"last_error,omitempty" doc:"The class of the last failure."`
	Next    *time.Time `json:"next_at,omitempty"`
}

// queueReaders: operators run the queues, auditors read everything (V4).
func queueReaders() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorOperator, tasks.ActorAuditor}
}

func (s *Server) queueRoutes() {
	if s.parts.Inspector == nil {
		return
	}
	register(s, operation{id: "list-queues", method: http.MethodGet, path: "/v1/queues", tag: "service", summary: "api.op.list_queues",
		who: signedIn, roles: queueReaders()}, s.listQueues)
	register(s, operation{id: "list-queue-tasks", method: http.MethodGet, path: "/v1/queues/{queue}/tasks", tag: "service", summary: "api.op.list_queue_tasks",
		who: signedIn, roles: queueReaders()}, s.listQueueTasks)
}

// queueInfos reads Redis; when it is away, that is what the answer says.
func (s *Server) queueInfos(ctx context.Context) ([]OpsQueueInfo, error) {
	infos, err := s.parts.Inspector.QueueInfos(ctx)
	if err != nil {
		s.parts.Log.Warn().Err(err).Msg("the queues could not be read")
		return nil, errUnavailable
	}
	return infos, nil
}

func (s *Server) listQueues(ctx context.Context, _ *struct{}) (*queuesOutput, error) {
	infos, err := s.queueInfos(ctx)
	if err != nil {
		return nil, err
	}
	out := &queuesOutput{Language: string(langOf(ctx))}
	out.Body.Queues = []queueBody{}
	for _, q := range infos {
		out.Body.Queues = append(out.Body.Queues, queueBody{Name: string(q.Name), Size: q.Size, Tasks: q.Tasks, Latency: int64(q.Latency.Seconds()),
			Paused: q.Paused, Processed: q.Processed, Failed: q.Failed})
	}
	return out, nil
}

func (s *Server) listQueueTasks(ctx context.Context, in *queueTasksInput) (*queueTasksOutput, error) {
	infos, err := s.queueInfos(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(infos, func(q OpsQueueInfo) bool { return string(q.Name) == in.Queue }) {
		return nil, errNotFound
	}
	found, err := s.parts.Inspector.QueueTasks(ctx, tasks.Queue(in.Queue), in.State, in.Page, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &queueTasksOutput{Language: string(langOf(ctx))}
	out.Body.Tasks = []queueTaskBody{}
	for _, t := range found {
		out.Body.Tasks = append(out.Body.Tasks, queueTaskBody{ID: t.ID, Type: t.Type, Receipt: t.Receipt, State: t.State, Review: string(t.Review),
			Retried: t.Retried, Error: t.Error, Next: office(t.Next)})
	}
	return out, nil
}
