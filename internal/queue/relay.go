package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"beian/internal/failpoint"
	"beian/tasks"
)

// Outbox is the part of the store that the relay and reconcile work on.
type Outbox interface {
	TakeOutgoing(ctx context.Context, q tasks.Queue, n int, horizon time.Duration) ([]tasks.Outgoing, error)
	ReturnOutgoing(ctx context.Context, refs []tasks.TaskRef) error
	MarkSent(ctx context.Context, q tasks.Queue, mark int64, refs []tasks.TaskRef) error
	Mark(ctx context.Context, q tasks.Queue) (int64, error)
	InRedis(ctx context.Context, q tasks.Queue, horizon time.Duration, bound int) (int, error)
	ReofferAll(ctx context.Context, q tasks.Queue) (int64, error)
	Reoffer(ctx context.Context, ref tasks.TaskRef) error
	Supersede(ctx context.Context, ref tasks.TaskRef) error
	FreeLost(ctx context.Context, attempts int) (freed, dead int64, err error)
	Silent(ctx context.Context, q tasks.Queue, overdue time.Duration, n int) ([]tasks.Outgoing, error)
	Unclaimed(ctx context.Context, refs []tasks.TaskRef) ([]tasks.TaskRef, error)
	HeldCards(ctx context.Context, after string, limit int) ([]tasks.TaskRef, error)
	CountHeldCards(ctx context.Context) (int, error)
	Posted() <-chan struct{}
	PostedTo() []tasks.Queue
}

// The relay's figures (queue.md, Outbox and relay).
const (
	batch      = 200              // rows a claim
	publishers = 16               // goroutines a batch
	window     = 10_000           // tasks of one queue in Redis; the backlog waits in SQL
	horizon    = 60 * time.Second // later tasks wait in SQL
	relayPoll  = time.Second
	// A pass that moved many rows is followed by a rest: what comes meanwhile goes
	// out together, with one claim, one count and one booking for all of it.
	many      = 16
	relayRest = 20 * time.Millisecond
	// retention keeps a TaskID taken after its task completed, longer than a row
	// is ever published again. Review cards stay to be read (queue.md, the review card).
	retention     = time.Hour
	cardRetention = 30 * 24 * time.Hour
	// cardHorizon is longer than any promise: the dashboard shows every pending
	// review with its deadline, also after Redis was emptied (V3).
	cardHorizon = 2 * 365 * 24 * time.Hour
	// deliveries bounds how often Asynq alone re-delivers; SQL decides when a task
	// is dead, so this is never reached by failures.
	deliveries = 1000
)

// Relay carries outbox rows to Asynq. One runs in every api and worker process;
// claims keep them apart.
type Relay struct {
	box    Outbox
	redis  redis.UniversalClient
	log    zerolog.Logger
	speed  float64
	client atomic.Pointer[asynq.Client]
	held   map[tasks.Queue]held
}

// held is how many tasks of a queue were in Redis when they were counted, together
// with those sent since.
type held struct {
	counted, n int
	at         time.Time
}

// NewRelay builds a relay on a client that fails fast: while Redis is away the
// outbox holds the work.
func NewRelay(box Outbox, front redis.UniversalClient, log zerolog.Logger) *Relay {
	r := &Relay{box: box, redis: front, log: log, speed: 1, held: map[tasks.Queue]held{}}
	r.Rebuild()
	return r
}

// AtSpeed tells how many times faster the record's clock runs than that of Asynq,
// which knows the wall's only (`dev --speed`). Call it before Run.
func (r *Relay) AtSpeed(speed float64) *Relay {
	r.speed = speed
	return r
}

// wall is a span of the record's clock on the wall.
func (r *Relay) wall(d time.Duration) time.Duration { return time.Duration(float64(d) / r.speed) }

// Rebuild replaces the Asynq client: an old one remembers for ever that it
// registered a queue, even after Redis forgot it.
func (r *Relay) Rebuild() { r.client.Store(asynq.NewClientFromRedisClient(r.redis)) }

// Run relays until ctx ends: at once, and these queues only, when this process
// posted something, and by a jittered poll for what others posted.
func (r *Relay) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		sent, err := r.pass(ctx, r.await(ctx))
		if err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Int("sent", sent).Msg("relay pass ended early; the outbox keeps the work")
		}
		if sent >= many {
			rest(ctx)
		}
	}
	return nil
}

// await says which queues to look at as soon as there is a reason to.
func (r *Relay) await(ctx context.Context) []tasks.Queue {
	poll := time.NewTimer(relayPoll/2 + rand.N(relayPoll))
	defer poll.Stop()
	select {
	case <-ctx.Done():
		return nil
	case <-r.box.Posted():
		return r.box.PostedTo()
	case <-poll.C:
		return tasks.Queues()
	}
}

func rest(ctx context.Context) {
	over := time.NewTimer(relayRest)
	defer over.Stop()
	select {
	case <-ctx.Done():
	case <-over.C:
	}
}

// Pass publishes everything that is due, queue by queue, and reports how many
// rows Asynq took.
func (r *Relay) Pass(ctx context.Context) (sent int, err error) { return r.pass(ctx, tasks.Queues()) }

func (r *Relay) pass(ctx context.Context, queues []tasks.Queue) (sent int, err error) {
	for _, q := range queues {
		for {
			n, taken, err := r.batch(ctx, q)
			sent += n
			if err != nil {
				return sent, err
			}
			if taken < batch {
				break
			}
		}
	}
	return sent, nil
}

// batch publishes up to one batch of a queue. The mark is raised first: it tells
// whether Redis is there at all, before any row is claimed. It is raised again
// afterwards, and that value is booked: a Redis that knows it knows these rows.
func (r *Relay) batch(ctx context.Context, q tasks.Queue) (sent, taken int, err error) {
	if !r.room(ctx, q) {
		return 0, 0, nil
	}
	if _, _, err := r.raise(ctx, q); err != nil {
		return 0, 0, err
	}
	rows, err := r.box.TakeOutgoing(ctx, q, batch, r.horizonOf(q))
	if err != nil || len(rows) == 0 {
		return 0, 0, err
	}
	failpoint.Hit(failpoint.OutgoingTaken)
	done, left, failure := r.publish(ctx, rows)
	failpoint.Hit(failpoint.BatchPublished)
	clean := context.WithoutCancel(ctx)
	mark, travelled, err := r.raise(clean, q)
	if err != nil || travelled {
		done, left, failure = nil, append(left, done...), errors.Join(failure, err)
	}
	if len(left) > 0 {
		if err := r.box.ReturnOutgoing(clean, left); err != nil {
			return len(done), len(rows), err
		}
	}
	r.sent(q, len(done))
	if err := r.box.MarkSent(clean, q, mark, done); err != nil {
		return len(done), len(rows), fmt.Errorf("booking published tasks: %w", err)
	}
	failpoint.Hit(failpoint.BatchBooked)
	return len(done), len(rows), failure
}

// raise counts a queue's mark up. SQL is read before: a Redis whose new mark is
// not above what was booked by then lost its newest writes (FLUSHALL, failover,
// restart), and everything it should hold is offered again.
func (r *Relay) raise(ctx context.Context, q tasks.Queue) (mark int64, travelled bool, err error) {
	known, err := r.box.Mark(ctx, q)
	if err != nil {
		return 0, false, err
	}
	mark, err = r.redis.Incr(ctx, markKey(q)).Result()
	if err != nil {
		return 0, false, fmt.Errorf("raising the mark of queue %s: %w", q, err)
	}
	if mark > known {
		return mark, false, nil
	}
	return known, true, r.reoffer(ctx, q, known-mark)
}

// reoffer answers a Redis that went back in time by so many marks.
func (r *Relay) reoffer(ctx context.Context, q tasks.Queue, back int64) error {
	r.Rebuild()
	n, err := r.box.ReofferAll(ctx, q)
	if err != nil {
		return err
	}
	r.log.Warn().Str("queue", string(q)).Int64("marks", back).Int64("offered", n).
		Msg("Redis went back in time; its tasks are offered again")
	if err := r.redis.IncrBy(ctx, markKey(q), back).Err(); err != nil {
		return fmt.Errorf("raising the mark of queue %s: %w", q, err)
	}
	return nil
}

// room keeps the backlog in SQL. What is in Redis is counted once a second and when
// what went there since would fill the window: workers have taken some of it.
func (r *Relay) room(ctx context.Context, q tasks.Queue) bool {
	known := r.held[q]
	if time.Since(known.at) >= relayPoll || (known.n >= window && known.counted < window) {
		n, err := r.box.InRedis(ctx, q, horizon, window)
		if err != nil { // the claim will fail as well, and say why
			return true
		}
		known = held{counted: n, n: n, at: time.Now()}
		r.held[q] = known
	}
	return known.n < window
}

// sent adds to what is known to be in Redis.
func (r *Relay) sent(q tasks.Queue, n int) {
	known := r.held[q]
	known.n += n
	r.held[q] = known
}

// publish enqueues rows with a few goroutines; rows of one job keep their order.
func (r *Relay) publish(ctx context.Context, rows []tasks.Outgoing) (done, left []tasks.TaskRef, failure error) {
	groups := map[string][]tasks.Outgoing{}
	for _, o := range rows {
		groups[o.Ref] = append(groups[o.Ref], o)
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(publishers)
	for _, group := range groups {
		g.Go(func() error {
			var failed error
			for _, o := range group {
				if failed == nil {
					failed = r.enqueue(ctx, o)
				}
				mu.Lock()
				if failed == nil {
					done = append(done, o.TaskRef)
				} else {
					left = append(left, o.TaskRef)
				}
				mu.Unlock()
			}
			return failed
		})
	}
	failure = g.Wait()
	return done, left, failure
}

// enqueue hands one row to Asynq. A TaskID that is taken means that an earlier
// try arrived; when that one sticks there, the row goes again as a new
// generation.
func (r *Relay) enqueue(ctx context.Context, o tasks.Outgoing) error {
	payload, err := json.Marshal(reference{ID: o.ID, Generation: o.Generation})
	if err != nil {
		return fmt.Errorf("encoding a reference: %w", err)
	}
	opts := []asynq.Option{asynq.TaskID(AsynqID(o.TaskRef)), asynq.Queue(string(o.Queue)), asynq.MaxRetry(deliveries),
		asynq.Retention(retentionOf(o.Queue)), asynq.Timeout(timeout(o.Queue))}
	if o.In > 0 {
		opts = append(opts, asynq.ProcessIn(r.wall(o.In)))
	}
	_, err = r.client.Load().EnqueueContext(ctx, asynq.NewTaskWithHeaders(o.Type, payload, headersOf(o)), opts...)
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return r.conflict(ctx, o)
	}
	if err != nil {
		return fmt.Errorf("enqueueing a task: %w", err)
	}
	failpoint.Hit(failpoint.TaskEnqueued)
	return nil
}

// conflict looks at the task that holds our TaskID: one that sticks is superseded,
// one that waits there for later than the record says is run.
func (r *Relay) conflict(ctx context.Context, o tasks.Outgoing) error {
	insp := inspectorOn(r.redis)
	info, err := insp.GetTaskInfo(string(o.Queue), AsynqID(o.TaskRef))
	switch {
	case err != nil:
		return nil // it went away in between; reconcile looks again
	case info.State == asynq.TaskStateArchived, info.State == asynq.TaskStateCompleted:
		return r.unstick(ctx, insp, info, o.TaskRef)
	}
	return r.hasten(insp, info, r.wall(o.In))
}

// unstick moves a task on that sticks in Redis although the record says it lives:
// as a new generation, but an archived card runs again as it is, so that the
// dashboard has one card and not its remains as well.
func (r *Relay) unstick(ctx context.Context, insp *asynq.Inspector, info *asynq.TaskInfo, ref tasks.TaskRef) error {
	if info.Queue == string(tasks.QueueReview) && info.State == asynq.TaskStateArchived && insp.RunTask(info.Queue, info.ID) == nil {
		return nil
	}
	return r.box.Supersede(ctx, ref)
}

// hasten runs a task that Asynq keeps for later than in so long. One that went
// active in between reads the record again by itself.
func (r *Relay) hasten(insp *asynq.Inspector, info *asynq.TaskInfo, in time.Duration) error {
	waits := info.State == asynq.TaskStateScheduled || info.State == asynq.TaskStateRetry
	if !waits || !info.NextProcessAt.After(time.Now().Add(in+hastenSlack)) {
		return nil
	}
	err := insp.RunTask(info.Queue, info.ID)
	if err == nil || errors.Is(err, asynq.ErrTaskNotFound) {
		return nil
	}
	again, look := insp.GetTaskInfo(info.Queue, info.ID)
	if look == nil && again.State != info.State {
		return nil // a worker has it by now
	}
	return fmt.Errorf("running a task early: %w", err)
}

// hastenSlack is how much later Asynq may have a task: it counts whole seconds.
const hastenSlack = 2 * time.Second

func inspectorOn(c redis.UniversalClient) *asynq.Inspector {
	return asynq.NewInspectorFromRedisClient(c)
}

// timeout is how long one delivery may take.
func timeout(q tasks.Queue) time.Duration {
	if q == tasks.QueueOps {
		return 5 * time.Minute
	}
	return 30 * time.Second
}
