package worker_test

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/vault"
	"beian/tasks"
)

// world is an office in one process whose every move the schedule makes: nothing
// in it runs by itself, and its time passes only when told.
type world struct {
	*house
	clock *clock
	redis *queue.Redis
	relay *queue.Relay
	mend  *queue.Reconcile
	box   *memory
	shaky *shakyStore
	next  int // the next account that holds a subject
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// memory is a provider whose next answer the schedule chooses.
type memory struct {
	mu     sync.Mutex
	sent   map[string]int
	refuse bool // refuse the next message
	lose   bool // take the next message and lose the answer
}

func (m *memory) Send(_ context.Context, msg tasks.Message) (tasks.Sent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	refuse, lose := m.refuse, m.lose
	m.refuse, m.lose = false, false
	if refuse {
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendRetry, Code: "BUSY"}
	}
	m.sent[msg.OutID]++
	if lose {
		return tasks.Sent{}, errors.New("connection reset")
	}
	return tasks.Sent{Delivered: true}, nil
}

func (m *memory) Find(_ context.Context, msg tasks.Message) (tasks.Sent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent[msg.OutID] == 0 {
		return tasks.Sent{}, tasks.ErrNotFound
	}
	return tasks.Sent{Delivered: true}, nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{house: newHouse(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db")), clock: &clock{now: time.Now()},
		box: &memory{sent: map[string]int{}}}
	keys, err := vault.Load(w.keys)
	if err != nil {
		t.Fatal(err)
	}
	clocked, err := store.Open(t.Context(), store.Options{URL: w.url, Vault: keys, Clock: w.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clocked.Close() })
	w.store = clocked
	w.redis, err = queue.Connect(t.Context(), queue.Options{DataDir: t.TempDir(), Log: zerolog.Nop(), AllowMemory: true, ServerBinary: "none"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.redis.Close(context.Background()) })
	w.relay = queue.NewRelay(w.store, w.redis.Front(), zerolog.Nop())
	w.mend = queue.NewReconcile(w.store, w.redis.Front(), w.relay, zerolog.Nop())
	w.shaky = &shakyStore{Store: w.store}
	w.desk = newDesk(w.shaky, deskWith{keys: keys, sender: w.box, lease: 6 * time.Second})
	return w
}

// schedule is one random run over a few transfers.
type schedule struct {
	*world
	t        *rapid.T
	ctx      context.Context
	receipts []string
	claims   []tasks.Claim   // of workers that died
	past     []tasks.TaskRef // delivered, perhaps long ago
	replica  *replica        // of Redis, nil when there is none
}

func (s *schedule) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *schedule) inspector() *asynq.Inspector {
	return asynq.NewInspectorFromRedisClient(s.redis.Front())
}

// deliveries are the tasks that Redis holds for workers, early ones included:
// Asynq goes by another clock.
func (s *schedule) deliveries() (all []*asynq.TaskInfo) {
	for _, q := range tasks.Queues() {
		for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){s.inspector().ListPendingTasks,
			s.inspector().ListScheduledTasks} {
			infos, err := list(string(q), asynq.PageSize(100))
			if err != nil && !errors.Is(err, asynq.ErrQueueNotFound) {
				s.t.Fatal(err)
			}
			all = append(all, infos...)
		}
	}
	return all
}

// delivery picks one of them.
func (s *schedule) delivery() (*asynq.TaskInfo, bool) {
	all := s.deliveries()
	if len(all) == 0 {
		return nil, false
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(s.t, "delivery")], true
}

func (s *schedule) receipt() string {
	return s.receipts[rapid.IntRange(0, len(s.receipts)-1).Draw(s.t, "job")]
}

// work carries a delivery out; done ones leave Redis, others stay for later.
func (s *schedule) work(info *asynq.TaskInfo) {
	ref, err := queue.Decode(info.Payload)
	s.must(err)
	s.past = append(s.past, ref)
	err = s.desk.Work(s.ctx, ref)
	var again *tasks.Again
	switch {
	case err == nil:
		s.drop(info)
	case !errors.As(err, &again) && !errors.Is(err, tasks.ErrUnavailable):
		s.t.Fatalf("work: %v", err)
	}
}

func (s *schedule) drop(info *asynq.TaskInfo) {
	err := s.inspector().DeleteTask(info.Queue, info.ID)
	if err != nil && !errors.Is(err, asynq.ErrTaskNotFound) && !errors.Is(err, asynq.ErrQueueNotFound) {
		s.t.Fatal(err)
	}
}

// deliver wraps a move that needs a delivery.
func (s *schedule) deliver(move func(info *asynq.TaskInfo)) func(*rapid.T) {
	return func(*rapid.T) {
		if info, ok := s.delivery(); ok {
			move(info)
		}
	}
}

// ask wraps a verb; that it is refused is part of life.
func (s *schedule) ask(do func(receipt string, job tasks.Job) error) func(*rapid.T) {
	return func(*rapid.T) {
		if len(s.receipts) == 0 {
			return
		}
		receipt := s.receipt()
		job, err := s.job(s.ctx, receipt)
		s.must(err)
		var wrong *tasks.WrongState
		var invalid *tasks.Invalid
		err = do(receipt, job)
		if err != nil && !errors.As(err, &wrong) && !errors.As(err, &invalid) && !errors.Is(err, tasks.ErrUnavailable) {
			s.t.Fatalf("on a job in %s: %v", job.State, err)
		}
	}
}

func (s *schedule) act(receipt string, verb tasks.Verb, by tasks.Viewer) error {
	_, err := s.desk.Act(s.ctx, tasks.Action{Receipt: receipt, Verb: verb, By: by, StaffID: "sup",
		Once: tasks.Once{Scope: "schedule", Key: random{}.ID()}})
	return err
}

func (s *schedule) moves() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"submit": func(*rapid.T) {
			if len(s.receipts) < 3 {
				s.settle(s.next, s.next+1)
				receipt, err := insist(func() (string, error) { return s.submit(s.ctx, s.next) })
				s.must(err)
				if again, err := s.submit(s.ctx, s.next); err != nil || again != receipt {
					s.t.Fatalf("the same key is told %s and %s, %v", receipt, again, err)
				}
				s.next++
				s.receipts = append(s.receipts, receipt)
			}
		},
		"verify": s.ask(func(receipt string, job tasks.Job) error {
			if job.State == tasks.StateSourceVerify {
				_, err := insist(func() (string, error) { return receipt, s.verify(s.ctx, receipt) })
				return err
			}
			return nil
		}),
		"dispute": s.ask(func(receipt string, job tasks.Job) error {
			return s.act(receipt, tasks.VerbDispute, tasks.Viewer{AccountID: job.SourceAccountID})
		}),
		"release": s.ask(func(receipt string, _ tasks.Job) error {
			return s.act(receipt, tasks.VerbRelease, tasks.Viewer{Staff: tasks.ActorSupervisor})
		}),
		"relay":     func(*rapid.T) { _, err := s.relay.Pass(s.ctx); s.must(err) },
		"work":      s.deliver(s.work),
		"work once": s.deliver(s.work),
		"deliver twice": s.deliver(func(info *asynq.TaskInfo) {
			ref, err := queue.Decode(info.Payload)
			s.must(err)
			for range 2 {
				s.again(ref)
			}
		}),
		"lose a task": s.deliver(s.drop),
		"archive a task": s.deliver(func(info *asynq.TaskInfo) {
			s.must(s.inspector().ArchiveTask(info.Queue, info.ID))
		}),
		"die after a claim": s.deliver(func(info *asynq.TaskInfo) {
			ref, err := queue.Decode(info.Payload)
			s.must(err)
			s.must(s.store.Update(s.ctx, func(tx tasks.Tx) error {
				c, err := tx.Claim(s.ctx, ref, 6*time.Second)
				if c.Result == tasks.Claimed {
					s.claims = append(s.claims, c)
				}
				return err
			}))
		}),
		"rise from the dead": func(*rapid.T) { s.zombies() },
		"refuse a message":   func(*rapid.T) { s.box.refuse = true },
		"lose an answer":     func(*rapid.T) { s.box.lose = true },
		"flush": func(*rapid.T) {
			s.must(s.redis.Front().FlushAll(s.ctx).Err())
			s.replica = nil // it hears of that
		},
		"time passes": func(*rapid.T) {
			s.clock.pass(time.Duration(rapid.IntRange(1, 20_000).Draw(s.t, "ms")) * time.Millisecond)
			s.must(s.mend.FreeLost(s.ctx))
		},
	}
}

// zombies try to end what they claimed: who lost the claim is fenced.
func (s *schedule) zombies() {
	for _, c := range s.claims {
		var state string
		var fence int64
		s.must(s.raw.QueryRow(`SELECT state, fence FROM outbox WHERE id = $1`, c.ID).Scan(&state, &fence))
		err := s.store.Update(s.ctx, func(tx tasks.Tx) error { return tx.Renew(s.ctx, c, time.Millisecond) })
		if owns := state == "running" && fence == c.Fence; owns != (err == nil) {
			s.t.Fatalf("a claim with fence %d of a task that is %s with fence %d: %v", c.Fence, state, fence, err)
		}
	}
	s.claims = nil
}

// settleDown lets every machine of the house run until nothing is left to do.
func (s *schedule) settleDown() {
	for range 300 {
		s.must(s.mend.FreeLost(s.ctx))
		s.must(s.mend.FreeUnclaimed(s.ctx))
		s.must(s.mend.CheckTravel(s.ctx))
		s.must(s.mend.AskSilent(s.ctx))
		_, err := s.relay.Pass(s.ctx)
		s.must(err)
		for _, info := range s.deliveries() {
			s.work(info)
		}
		s.clock.pass(30 * time.Second)
		left := s.number(`SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sent', 'running') AND type NOT LIKE '%expire%'`)
		if left == 0 {
			return
		}
	}
	s.tellState()
	s.t.Fatal("the office does not come to rest")
}

// check is what must hold whatever happened.
func (s *schedule) check() {
	for _, receipt := range s.receipts {
		job, err := s.job(s.ctx, receipt)
		s.must(err)
		moved := s.holder(job) == job.TargetAccountID
		applied := s.number(`SELECT count(*) FROM timeline WHERE job_id = $1 AND what = 'applied'`, job.ID)
		if moved != (job.State == tasks.StateDone) || moved != (applied == 1) || applied > 1 {
			s.t.Fatalf("%s is %s, moved: %v, applied %d times", receipt, job.State, moved, applied)
		}
		if job.State == tasks.StateApplying {
			s.t.Fatalf("%s is stuck", receipt)
		}
	}
	for id, n := range s.box.sent {
		if n > 1 {
			s.t.Fatalf("message %s was sent %d times", id, n)
		}
	}
	if n := s.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`); n > 0 {
		s.t.Fatalf("%d dead letters", n)
	}
	if n := s.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`); n > 0 {
		s.t.Fatalf("%d messages without an end", n)
	}
	v, err := s.store.Verify(s.ctx, nil)
	if err != nil || len(v.Broken) > 0 {
		s.t.Fatalf("the timelines: %+v, %v", v.Broken, err)
	}
}

// crowded is how many accounts make a record slow to check as a whole: then the next schedule gets a new one.
const crowded = 300

// 10,000 schedules are `go test ./worker -run EverySchedule -rapid.checks=10000`; -rapid.seed=N repeats a run.
func TestEveryScheduleOfFaultsEndsInTheSameRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		if w.next > crowded {
			w = newWorld(t)
		}
		s := &schedule{world: w, t: rt, ctx: background(t)}
		s.box.refuse, s.box.lose = false, false
		s.shaky.undone, s.shaky.unanswered = false, false
		moves := s.moves()
		maps.Copy(moves, s.brokerMoves())
		rt.Repeat(moves)
		s.shaky.undone, s.shaky.unanswered = false, false
		s.zombies()
		s.settleDown()
		s.check()
		w.clock.pass(25 * time.Hour) // what expires, expires before the next run
		s.settleDown()
	})
}
