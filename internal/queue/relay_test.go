package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/store"
	"beian/internal/vault"
	"beian/tasks"
)

// counter is a record on SQLite beside a queue in memory, with the relay between
// them; the test turns every crank itself.
type counter struct {
	t     *testing.T
	store *store.Store
	redis *Redis
	relay *Relay
	mend  *Reconcile
	mu    sync.Mutex
	now   time.Time
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	keys, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{t: t, now: time.Now()}
	c.store, err = store.Open(t.Context(), store.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "record.db"), Vault: keys, Clock: c.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.store.Close() })
	if _, err := c.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.redis = connect(t, Options{DataDir: t.TempDir(), Log: zerolog.Nop(), AllowMemory: true, ServerBinary: "none"})
	c.relay = NewRelay(c.store, c.redis.Front(), zerolog.Nop())
	c.mend = NewReconcile(c.store, c.redis.Front(), c.relay, zerolog.Nop())
	return c
}

func (c *counter) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// wait lets the record's time pass.
func (c *counter) wait(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func errand(id, ref string) tasks.Task {
	return tasks.Task{ID: id, Queue: tasks.QueueAccount, Type: "transfer:apply", Ref: ref}
}

func (c *counter) post(todo ...tasks.Task) {
	c.t.Helper()
	c.must(c.store.Update(c.t.Context(), func(x tasks.Tx) error { return x.Post(c.t.Context(), todo...) }))
}

func (c *counter) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *counter) pass() int {
	c.t.Helper()
	n, err := c.relay.Pass(c.t.Context())
	c.must(err)
	return n
}

func (c *counter) inspector() *asynq.Inspector { return inspectorOn(c.redis.Front()) }

// pending lists a queue's TaskIDs in the order in which workers get them.
func (c *counter) pending() []string {
	c.t.Helper()
	ids, err := c.redis.Front().LRange(c.t.Context(), "asynq:{account}:pending", 0, -1).Result()
	c.must(err)
	slices.Reverse(ids)
	return ids
}

func (c *counter) expectPending(want ...string) {
	c.t.Helper()
	if diff := cmp.Diff(strings.Join(want, " "), strings.Join(c.pending(), " ")); diff != "" {
		c.t.Errorf("waiting for workers (-want +got):\n%s", diff)
	}
}

// figures counts queue account's rows that wait in SQL and that Asynq holds.
func (c *counter) figures() (waiting, sent int64) {
	c.t.Helper()
	all, err := c.store.Figures(c.t.Context())
	c.must(err)
	for _, f := range all {
		if f.Queue == tasks.QueueAccount {
			return f.Waiting, f.Sent
		}
	}
	return 0, 0
}

func (c *counter) expectFigures(waiting, sent int64) {
	c.t.Helper()
	if w, s := c.figures(); w != waiting || s != sent {
		c.t.Errorf("%d rows wait in SQL and %d are sent, want %d and %d", w, s, waiting, sent)
	}
}

func (c *counter) claim(id string, generation int) (claim tasks.Claim) {
	c.t.Helper()
	c.must(c.store.Update(c.t.Context(), func(x tasks.Tx) (err error) {
		claim, err = x.Claim(c.t.Context(), tasks.TaskRef{ID: id, Generation: generation}, time.Minute)
		return err
	}))
	return claim
}

// tap watches the commands of a client. before may hold them back or refuse them.
type tap struct {
	before func(cmd redis.Cmder) error
	after  func(cmd redis.Cmder, err error)
}

func (h tap) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h tap) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h tap) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if h.before != nil {
			if err := h.before(cmd); err != nil {
				cmd.SetErr(err)
				return err
			}
		}
		err := next(ctx, cmd)
		if h.after != nil {
			h.after(cmd, err)
		}
		return err
	}
}

// isScript is true for the commands by which Asynq enqueues.
func isScript(cmd redis.Cmder) bool { return strings.HasPrefix(cmd.Name(), "eval") }

func TestRowsOfOneJobAreDeliveredInTheirOrder(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	var todo []tasks.Task
	want := map[string][]string{}
	for job := range 20 {
		for step := range 5 {
			ref := fmt.Sprintf("TR%02d", job)
			task := errand(fmt.Sprintf("transfer.%s.s%d", ref, 4-step), ref)
			task.NotBefore = c.clock().Add(time.Duration(step-10) * time.Second)
			todo = append(todo, task)
			want[ref] = append(want[ref], task.ID+".1")
		}
	}
	c.post(todo...)
	if n := c.pass(); n != 100 {
		t.Fatalf("relayed %d rows", n)
	}
	got := map[string][]string{}
	for _, id := range c.pending() {
		ref := strings.Split(id, ".")[1]
		got[ref] = append(got[ref], id)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by job (-want +got):\n%s", diff)
	}
	c.expectFigures(0, 100)
}

func TestTwoRelaysPublishEveryRowOnce(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	var mu sync.Mutex
	var published, unanswered int
	c.redis.Front().AddHook(tap{after: func(cmd redis.Cmder, err error) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case !isScript(cmd):
		case err == nil:
			published++
		case !redis.HasErrorPrefix(err, "NOSCRIPT"):
			unanswered++ // a slow machine: such a row must go again
		}
	}})
	var todo []tasks.Task
	for i := range 700 {
		todo = append(todo, errand(fmt.Sprintf("t%03d", i), fmt.Sprintf("TR%d", i)))
	}
	c.post(todo...)
	var group sync.WaitGroup
	for range 3 {
		relay := NewRelay(c.store, c.redis.Front(), zerolog.Nop())
		group.Go(func() { _, _ = relay.Pass(t.Context()) })
	}
	group.Wait()
	eventually(t, "every row is relayed", func() bool {
		_, _ = c.relay.Pass(t.Context())
		_, sent := c.figures()
		c.wait(time.Second)
		return sent == 700
	})
	if len(c.pending()) != 700 || published > 700+unanswered {
		t.Errorf("published %d times for %d tasks; %d tries had no answer", published, len(c.pending()), unanswered)
	}
}

func TestAnIdThatIsTakenMeansThatItArrived(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("a", "TR1"))
	c.pass()
	c.must(c.store.Reoffer(t.Context(), tasks.TaskRef{ID: "a", Generation: 1})) // as if the answer had been lost
	c.expectFigures(1, 0)
	c.pass()
	c.expectFigures(0, 1)
	c.expectPending("a.1")
}

func TestATaskThatSticksGoesAgainAsANewGeneration(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.post(errand("a", "TR1"))
	c.pass()
	c.must(c.inspector().ArchiveTask("account", "a.1"))
	c.must(c.store.Reoffer(t.Context(), tasks.TaskRef{ID: "a", Generation: 1}))
	c.pass() // finds it archived
	c.expectFigures(1, 0)
	c.pass()
	c.expectFigures(0, 1)
	c.expectPending("a.2")
}

// full is an outbox whose queue account has its window full while on is true.
type full struct {
	*store.Store
	on bool
}

func (f *full) InRedis(ctx context.Context, q tasks.Queue, horizon time.Duration, bound int) (int, error) {
	if f.on && q == tasks.QueueAccount {
		return bound, nil
	}
	return f.Store.InRedis(ctx, q, horizon, bound)
}

func TestTheBacklogWaitsInSQLWhileTheWindowIsFull(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	box := &full{Store: c.store, on: true}
	c.relay = NewRelay(box, c.redis.Front(), zerolog.Nop())
	notice := tasks.Task{ID: "notice.1.send", Queue: tasks.QueueNotify, Type: "notice:send", Ref: "1"}
	c.post(errand("a", "TR1"), notice)
	if n := c.pass(); n != 1 {
		t.Errorf("relayed %d rows, want only the other queue's", n)
	}
	c.expectFigures(1, 0)
	box.on = false
	eventually(t, "the row leaves once there is room", func() bool { return c.pass() == 1 })
	c.expectFigures(0, 1)
}

func TestR6_ASubmissionDoesNotWaitForAHangingRelay(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	hangs, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.redis.Front().AddHook(tap{before: func(cmd redis.Cmder) error {
		if isScript(cmd) {
			once.Do(func() { close(hangs) })
			<-release
		}
		return nil
	}})
	c.post(errand("a", "TR1"))
	relayed := make(chan int, 1)
	go func() { relayed <- c.pass() }()
	<-hangs
	c.post(errand("b", "TR2")) // returns although the relay stands in Redis
	if got := c.claim("b", 1); got.Result != tasks.Claimed {
		t.Errorf("a claim beside it: %s", got.Result)
	}
	select {
	case <-relayed:
		t.Error("the relay did not hang, so this test shows nothing")
	default:
	}
	close(release)
	<-relayed
}

func TestR6_WhileRedisIsAwayTheOutboxKeepsTheWork(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	var mu sync.Mutex
	away := true
	c.redis.Front().AddHook(tap{before: func(cmd redis.Cmder) error {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return &net.OpError{Op: "dial", Err: errors.New("refused")}
		}
		return nil
	}})
	c.post(errand("a", "TR1"))
	for range 3 {
		if n, err := c.relay.Pass(t.Context()); n != 0 || err == nil {
			t.Fatalf("without Redis it relayed %d rows: %v", n, err)
		}
	}
	c.expectFigures(1, 0)
	mu.Lock()
	away = false
	mu.Unlock()
	c.pass()
	c.expectPending("a.1")
}

func TestARowWhosePublishingFailedGoesAtTheNextPass(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	var mu sync.Mutex
	calls := 0
	c.redis.Front().AddHook(tap{before: func(cmd redis.Cmder) error {
		mu.Lock()
		defer mu.Unlock()
		if isScript(cmd) {
			if calls++; calls > 5 && calls < 40 {
				return errors.New("cut")
			}
		}
		return nil
	}})
	var todo []tasks.Task
	for i := range 60 {
		todo = append(todo, errand(fmt.Sprintf("t%02d", i), fmt.Sprintf("TR%d", i%10)))
	}
	c.post(todo...)
	eventually(t, "every row is relayed", func() bool {
		_, _ = c.relay.Pass(t.Context())
		_, sent := c.figures()
		return sent == 60
	})
	if got := len(c.pending()); got != 60 {
		t.Errorf("%d tasks are there, want 60", got)
	}
}

func TestRunRelaysWhatThisProcessPostsAndWhatOthersPost(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.relay.Run(ctx) }()
	c.post(errand("a", "TR1"))
	eventually(t, "the first is relayed", func() bool { return len(c.pending()) == 1 })
	c.post(errand("b", "TR2"))
	select { // another process posted: no signal here
	case <-c.store.Posted():
	default:
	}
	eventually(t, "the second is relayed", func() bool { return len(c.pending()) == 2 })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
