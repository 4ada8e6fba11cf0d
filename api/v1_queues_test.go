package api

import (
	"context"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

// oneQueue is Redis with one queue and one task in it.
type oneQueue struct{ down bool }

func (q oneQueue) QueueInfos(context.Context) ([]OpsQueueInfo, error) {
	if q.down {
		return nil, context.DeadlineExceeded
	}
	return []OpsQueueInfo{{Name: tasks.QueueReview, Size: 1, Tasks: map[string]int{"retry": 1}, Latency: 90 * time.Second, Paused: true, Processed: 7, Failed: 2}}, nil
}

func (q oneQueue) QueueTasks(_ context.Context, _ tasks.Queue, state string, page, _ int) ([]OpsQueueTask, error) {
	if state != "retry" || page != 1 {
		return nil, nil
	}
	return []OpsQueueTask{{ID: "rv.LR1.1", Type: "login_reset:card", Retried: 3, Error: "due 2026", Receipt: "LR1", Review: tasks.ReviewOpen,
		Next: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)}}, nil
}

func (q oneQueue) Offers(tasks.ActorKind, tasks.Queue, string) []OpsOffer { return nil }

func TestV6_TheQueuesAreReadByAPI(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do(t, ask{as: "operator", method: "GET", path: "/v1/queues"})
	if got.status != 200 || !strings.Contains(got.raw, `{"name":"review","size":1,"tasks":{"retry":1},"latency_seconds":90,"paused":true,"processed_today":7,"failed_today":2}`) {
		t.Errorf("%d %s", got.status, got.raw)
	}
	got = b.do(t, ask{as: "operator", method: "GET", path: "/v1/queues/review/tasks?state=retry"})
	for _, part := range []string{`"id":"rv.LR1.1"`, `"receipt":"LR1"`, `"review_state":"open"`, `"next_at":"2026-11-25T18:00:00+08:00"`} {
		if got.status != 200 || !strings.Contains(got.raw, part) {
			t.Errorf("%d, lacks %s: %s", got.status, part, got.raw)
		}
	}
	if got := b.do(t, ask{as: "auditor", method: "GET", path: "/v1/queues/review/tasks"}); got.status != 200 || !strings.Contains(got.raw, `"tasks":[]`) {
		t.Errorf("%d %s", got.status, got.raw)
	}
	b.do(t, ask{as: "operator", method: "GET", path: "/v1/queues/nothing/tasks"}).problem(t, 404, "NOT_FOUND")
	b.do(t, ask{as: "operator", method: "GET", path: "/v1/queues/review/tasks?state=lost"}).problem(t, 422, "INVALID")
	b.do(t, ask{as: "supervisor", method: "GET", path: "/v1/queues"}).problem(t, 403, "FORBIDDEN")
	down := newBench(t, func(p *Parts) { p.Inspector = oneQueue{down: true} })
	down.do(t, ask{as: "operator", method: "GET", path: "/v1/queues"}).problem(t, 503, "UNAVAILABLE")
}
