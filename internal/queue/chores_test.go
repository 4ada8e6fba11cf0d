package queue

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"beian/tasks"
)

// chores counts the chores that wait.
func (c *counter) chores() (n int64) {
	c.t.Helper()
	all, err := c.store.Figures(c.t.Context())
	c.must(err)
	for _, f := range all {
		if f.Queue == tasks.QueueOps {
			n = f.Waiting + f.Sent
		}
	}
	return n
}

func TestAChoreIsPostedOncePerBucketWhoeverLeads(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.wait(c.clock().Truncate(time.Hour).Add(time.Hour).Sub(c.clock())) // to a full hour
	duties := []Duty{{Name: "seal", Every: time.Minute}, {Name: "purge", Every: time.Hour}}
	round := func(holder string) { c.must(postChores(t.Context(), c.store, holder, duties)) }
	for range 3 {
		round("one")
		round("two")
	}
	if n := c.chores(); n != 2 {
		t.Fatalf("%d chores in the first minute, want 2", n)
	}
	c.wait(time.Minute) // the leader's term is over: whoever comes first leads
	round("two")
	round("one")
	if n := c.chores(); n != 3 {
		t.Errorf("%d chores after the second minute, want 3", n)
	}
}

func TestOnlyTheLeaderPosts(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	leads, err := c.store.Lead(t.Context(), "chores", "one", time.Minute)
	if err != nil || !leads {
		t.Fatal(leads, err)
	}
	c.must(postChores(t.Context(), c.store, "two", []Duty{{Name: "seal", Every: time.Minute}}))
	if n := c.chores(); n != 0 {
		t.Errorf("another than the leader posted %d chores", n)
	}
}

func TestChoresRunUntilTheyAreTold(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- RunChores(ctx, c.store, "one", []Duty{{Name: "seal", Every: time.Hour}}, zerolog.Nop())
	}()
	eventually(t, "the chore is posted", func() bool { return c.chores() == 1 })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
