package queue

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/tasks"
)

// dequeue takes a task like a worker that dies before its claim: active in
// Redis, claimed by nobody.
func (c *counter) dequeue() string {
	c.t.Helper()
	ctx, front := c.t.Context(), c.redis.Front()
	id, err := front.RPopLPush(ctx, "asynq:{account}:pending", "asynq:{account}:active").Result()
	c.must(err)
	c.must(front.HSet(ctx, "asynq:{account}:t:"+id, "state", "active").Err())
	c.must(front.ZAdd(ctx, "asynq:{account}:lease", redis.Z{Score: float64(time.Now().Add(30 * time.Second).Unix()), Member: id}).Err())
	return id
}

func TestR3_ATaskThatWasTakenButNeverClaimedGoesAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("a", "TR1"), errand("b", "TR2"))
	c.pass()
	c.dequeue()
	lost, _ := ParseAsynqID(c.dequeue())
	healthy := "a"
	if lost.ID == "a" {
		healthy = "b"
	}
	c.must(c.mend.FreeUnclaimed(t.Context()))
	c.expectFigures(0, 2) // once may be a worker about to claim
	c.claim(healthy, 1)
	c.must(c.mend.FreeUnclaimed(t.Context()))
	c.expectFigures(1, 0)
	c.pass()
	c.expectPending(lost.ID + ".2")
	if got := c.claim(lost.ID, 1); got.Result != tasks.ClaimNothing {
		t.Errorf("the old delivery, should it come back, is answered %s", got.Result)
	}
}

func TestLostLeasesAreFreedWithoutRedis(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.redis.Front().AddHook(tap{before: func(redis.Cmder) error { return context.DeadlineExceeded }})
	c.post(errand("a", "TR1"))
	c.claim("a", 1)
	c.wait(59 * time.Second)
	c.must(c.mend.FreeLost(t.Context()))
	c.expectFigures(0, 0)
	c.wait(2 * time.Second)
	c.must(c.mend.FreeLost(t.Context()))
	c.expectFigures(1, 0)
}

func TestR5_RedisThatForgotEverythingIsFilledAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	others := NewRelay(c.store, c.redis.Front(), zerolog.Nop())
	for round := range 3 { // also when it had not come far yet, and twice in a row
		id := fmt.Sprintf("t%d", round)
		c.post(errand(id, id))
		c.pass()
		c.must(c.redis.Front().FlushAll(t.Context()).Err())
		for range 5 { // idle relays must not hide that it went back
			_, err := others.Pass(t.Context())
			c.must(err)
		}
		c.must(c.mend.CheckTravel(t.Context()))
		c.pass()
		if got := len(c.pending()); got != round+1 {
			t.Fatalf("round %d: %d tasks are there", round, got)
		}
	}
	queues, err := c.inspector().Queues()
	c.must(err)
	if !slices.Contains(queues, "account") {
		t.Errorf("the inspector knows only %v", queues)
	}
	if _, err := c.inspector().GetQueueInfo("account"); err != nil {
		t.Error(err)
	}
}

func TestR7_RedisThatLostItsNewestWritesIsFilledAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for i := range 20 {
		id := fmt.Sprintf("t%02d", i)
		c.post(errand(id, id))
		c.pass()
	}
	ctx, front := t.Context(), c.redis.Front()
	before, err := front.Get(ctx, markKey(tasks.QueueAccount)).Int64()
	c.must(err)
	c.post(errand("lost", "lost"))
	c.pass()
	// A replica that missed the last batch takes over.
	c.must(c.inspector().DeleteTask("account", "lost.1"))
	c.must(front.Set(ctx, markKey(tasks.QueueAccount), before, 0).Err())
	for range 5 {
		c.pass()
	}
	if !slices.Contains(c.pending(), "lost.1") || len(c.pending()) != 21 {
		t.Errorf("waiting for workers: %v", c.pending())
	}
	c.expectFigures(0, 21)
}

func TestR5_AFlushBetweenPublishingAndBookingLosesNothing(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	for i := range 5 {
		id := fmt.Sprintf("t%02d", i)
		c.post(errand(id, id))
		c.pass()
	}
	flushed := false
	c.redis.Front().AddHook(tap{after: func(cmd redis.Cmder, err error) {
		if isScript(cmd) && err == nil && !flushed {
			flushed = true
			if err := c.redis.Worker().FlushAll(context.WithoutCancel(t.Context())).Err(); err != nil {
				t.Error(err)
			}
		}
	}})
	c.post(errand("last", "last"))
	for range 3 {
		c.pass()
	}
	if !flushed || len(c.pending()) != 6 {
		t.Errorf("flushed: %v, waiting for workers: %v", flushed, c.pending())
	}
	c.expectFigures(0, 6)
}

func TestWhatAnOperatorPutAsideComesBack(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("archived", "1"), errand("deleted", "2"), errand("waits", "3"))
	c.pass()
	c.must(c.inspector().ArchiveTask("account", "archived.1"))
	c.must(c.inspector().DeleteTask("account", "deleted.1"))
	c.must(c.mend.AskSilent(t.Context()))
	c.expectFigures(0, 3) // not silent for long yet
	c.wait(2 * time.Minute)
	c.must(c.mend.AskSilent(t.Context()))
	c.expectFigures(2, 1)
	c.pass()
	got := c.pending()
	slices.Sort(got)
	if want := []string{"archived.2", "deleted.1", "waits.1"}; !slices.Equal(got, want) {
		t.Errorf("waiting for workers: %v, want %v", got, want)
	}
	c.expectFigures(0, 3)
}

func TestAQueueThatRedisDoesNotKnowIsFilledAgain(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("a", "1"))
	c.pass()
	c.must(c.inspector().DeleteQueue("account", true))
	c.wait(2 * time.Minute)
	c.relay.Rebuild() // as Run does before it asks
	c.must(c.mend.AskSilent(t.Context()))
	c.pass()
	c.expectPending("a.1")
	if _, err := c.inspector().GetQueueInfo("account"); err != nil {
		t.Error(err)
	}
}

func TestReconcileRunsUntilItIsTold(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("a", "1"))
	c.claim("a", 1)
	c.wait(2 * time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.mend.Run(ctx) }()
	eventually(t, "the lost lease is freed", func() bool {
		waiting, _ := c.figures()
		return waiting == 1
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAReferenceSurvivesTheWay(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]tasks.TaskRef{
		"transfer.TR8F4KQX7M.apply.3": {ID: "transfer.TR8F4KQX7M.apply", Generation: 3},
		"a.12":                        {ID: "a", Generation: 12},
	} {
		ref, ok := ParseAsynqID(id)
		if !ok || ref != want || AsynqID(ref) != id {
			t.Errorf("%s is read as %+v, %v", id, ref, ok)
		}
	}
	for _, id := range []string{"", "a", "a.", "a.0", "a.-1", "a.x", "019a-b"} {
		if _, ok := ParseAsynqID(id); ok {
			t.Errorf("%q is taken for one of ours", id)
		}
	}
	for _, payload := range []string{"", "{}", "null", `{"id":"a"}`, `{"id":"","gen":1}`, `{"id":"a","gen":0}`, `{"id":1,"gen":1}`, "\xff"} {
		if _, err := Decode([]byte(payload)); err == nil {
			t.Errorf("payload %q is taken for a reference", payload)
		}
	}
}
