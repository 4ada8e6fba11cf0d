package queue

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"beian/internal/store"
	"beian/tasks"
)

// counting is an outbox that says how often it was asked what.
type counting struct {
	*store.Store
	counts int
	taken  map[tasks.Queue]int
}

func (o *counting) InRedis(ctx context.Context, q tasks.Queue, horizon time.Duration, bound int) (int, error) {
	o.counts++
	return o.Store.InRedis(ctx, q, horizon, bound)
}

func (o *counting) TakeOutgoing(ctx context.Context, q tasks.Queue, n int, horizon time.Duration) ([]tasks.Outgoing, error) {
	o.taken[q]++
	return o.Store.TakeOutgoing(ctx, q, n, horizon)
}

func TestAWakeUpLooksAtTheQueuesThatWerePostedTo(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	box := &counting{Store: c.store, taken: map[tasks.Queue]int{}}
	c.relay = NewRelay(box, c.redis.Front(), zerolog.Nop())
	later := tasks.Task{ID: "b", Queue: tasks.QueueReview, Type: "review:due", Ref: "TR1", NotBefore: c.clock().Add(time.Hour)}
	c.post(errand("a", "TR1"), later)
	<-c.store.Posted()
	queues := box.PostedTo()
	if diff := cmp.Diff([]tasks.Queue{tasks.QueueAccount}, queues); diff != "" {
		t.Errorf("what is due beyond the horizon wakes nobody (-want +got):\n%s", diff)
	}
	if left := box.PostedTo(); len(left) != 0 {
		t.Errorf("told twice: %v", left)
	}
	if n, err := c.relay.pass(t.Context(), queues); n != 1 || err != nil {
		t.Errorf("relayed %d rows, %v", n, err)
	}
	if diff := cmp.Diff(map[tasks.Queue]int{tasks.QueueAccount: 1}, box.taken); diff != "" {
		t.Errorf("claims by queue (-want +got):\n%s", diff)
	}
}

func TestTheWindowIsNotCountedForEveryBatch(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	box := &counting{Store: c.store, taken: map[tasks.Queue]int{}}
	c.relay = NewRelay(box, c.redis.Front(), zerolog.Nop())
	const batches = 1000
	for range batches {
		if !c.relay.room(t.Context(), tasks.QueueAccount) {
			t.Fatal("an empty window is full")
		}
	}
	if box.counts >= batches {
		t.Errorf("%d counts for %d batches", box.counts, batches)
	}
	c.relay.sent(tasks.QueueAccount, window)
	if !c.relay.room(t.Context(), tasks.QueueAccount) {
		t.Error("what workers have taken by now still fills the window")
	}
}
