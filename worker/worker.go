// Package worker runs the Asynq servers: it decodes a delivery, makes one call to
// the desk, and turns the class of an error into "again, then" or "done". What
// is right to do was decided in SQL.
package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/failpoint"
	"beian/internal/traces"
	"beian/tasks"
)

// Desk does the work of a delivery.
type Desk interface {
	Work(ctx context.Context, ref tasks.TaskRef) error
}

// Undertaker records deliveries that name no task of ours.
type Undertaker interface {
	Bury(ctx context.Context, id string, q tasks.Queue, kind, reason string) error
}

// Parts is what a worker is made of.
type Parts struct {
	Desk        Desk
	Undertaker  Undertaker
	Decode      func(payload []byte) (tasks.TaskRef, error)
	Redis       redis.UniversalClient // the patient client: lost completions are repeated
	Log         zerolog.Logger
	AsynqLog    asynq.Logger
	Concurrency int           // of queue account and of queue notify
	Poll        time.Duration // how often an idle queue is looked at
	Grace       time.Duration // for running steps when stopping
	Observe     func(kind string, outcome string, took time.Duration)
	// Result is what a finished review card leaves in the dashboard, nil when it
	// leaves nothing (queue.md, the review card). It must hold nothing personal.
	Result func(ctx context.Context, ref tasks.TaskRef) []byte
	// Tracer follows what caused a task into its step; nil follows nothing.
	Tracer *traces.Tracer
	// Speed is how many times faster the record's clock runs than Asynq's; 0 is 1.
	Speed float64
}

// Worker is one Asynq server per queue, so that each has its own
// concurrency and a hanging provider blocks nobody else (C4).
type Worker struct {
	parts   Parts
	servers []*asynq.Server
}

// New builds the servers; Start runs them.
func New(p Parts) *Worker {
	w := &Worker{parts: p}
	for q, n := range map[tasks.Queue]int{
		tasks.QueueAccount: p.Concurrency, tasks.QueueNotify: p.Concurrency, tasks.QueueReview: 4, tasks.QueueOps: 2,
		tasks.QueueWebhook: 2 * p.Concurrency,
	} {
		w.servers = append(w.servers, asynq.NewServerFromRedisClient(p.Redis, w.config(q, n)))
	}
	return w
}

func (w *Worker) config(q tasks.Queue, n int) asynq.Config {
	return asynq.Config{
		Queues:                   map[string]int{string(q): 1},
		Concurrency:              n,
		TaskCheckInterval:        w.poll(q),
		DelayedTaskCheckInterval: time.Second,
		ShutdownTimeout:          w.parts.Grace,
		Logger:                   w.parts.AsynqLog,
		LogLevel:                 asynq.WarnLevel,
		IsFailure:                isFailure,
		RetryDelayFunc:           w.retryDelay,
	}
}

// poll is how often an idle queue is looked at: nobody waits for a call to a webhook.
func (w *Worker) poll(q tasks.Queue) time.Duration {
	if q == tasks.QueueWebhook {
		return max(w.parts.Poll, time.Second/4)
	}
	return w.parts.Poll
}

// Start begins to take deliveries.
func (w *Worker) Start() error {
	for _, s := range w.servers {
		if err := s.Start(asynq.HandlerFunc(w.handle)); err != nil {
			return fmt.Errorf("starting a queue's server: %w", err)
		}
	}
	return nil
}

// Stop takes no more deliveries, then waits for running steps up to Grace; what
// does not end in time is given back to its queue.
func (w *Worker) Stop() {
	done := make(chan struct{})
	for _, s := range w.servers {
		go func() {
			s.Stop()
			s.Shutdown()
			done <- struct{}{}
		}()
	}
	for range w.servers {
		<-done
	}
}

// handle is one delivery, any type: the payload names the task, SQL knows the
// rest. It writes one log line.
func (w *Worker) handle(ctx context.Context, t *asynq.Task) (err error) {
	start := time.Now()
	id, _ := asynq.GetTaskID(ctx)
	q, _ := asynq.GetQueueName(ctx)
	ctx, end := w.parts.Tracer.Task(ctx, t.Type(), q, id, t.Headers())
	defer func() { end(w.report(ctx, t.Type(), id, start, err)) }()
	ref, err := w.parts.Decode(t.Payload())
	if err != nil {
		return w.bury(ctx, t, "malformed."+id, "the payload is not a reference")
	}
	failpoint.Hit(failpoint.TaskReceived)
	err = w.parts.Desk.Work(ctx, ref)
	failpoint.Hit(failpoint.TaskWorked)
	if errors.Is(err, tasks.ErrNotFound) {
		return w.bury(ctx, t, "unknown."+id, "the record has no such task")
	}
	if err == nil {
		w.leave(ctx, t, ref)
	}
	return err
}

// leave writes a card's result; without it the dashboard shows none, no more.
func (w *Worker) leave(ctx context.Context, t *asynq.Task, ref tasks.TaskRef) {
	q, _ := asynq.GetQueueName(ctx)
	if w.parts.Result == nil || q != string(tasks.QueueReview) {
		return
	}
	result := w.parts.Result(ctx, ref)
	if result == nil {
		return
	}
	if _, err := t.ResultWriter().Write(result); err != nil {
		w.parts.Log.Warn().Err(err).Msg("a card's result was not written")
	}
}

// bury keeps a delivery that names no task of ours as a dead letter in SQL and
// lets Asynq forget it: its archive would lose all but the newest 10,000.
func (w *Worker) bury(ctx context.Context, t *asynq.Task, id, reason string) error {
	q, _ := asynq.GetQueueName(ctx)
	return w.parts.Undertaker.Bury(ctx, id, tasks.Queue(q), t.Type(), reason)
}

func (w *Worker) report(ctx context.Context, kind, id string, start time.Time, err error) (outcome string) {
	outcome, level := "done", zerolog.InfoLevel
	var again *tasks.Again
	switch {
	case errors.As(err, &again) && !again.Failure:
		outcome, level = "parked", zerolog.DebugLevel
	case errors.As(err, &again):
		outcome, level = "again", zerolog.WarnLevel
	case err != nil:
		outcome, level = "error", zerolog.ErrorLevel
	}
	took := time.Since(start)
	retried, _ := asynq.GetRetryCount(ctx)
	e := w.parts.Log.WithLevel(level).Str("task", id).Str("task_type", kind).Int("attempt", retried+1).
		Str("outcome", outcome).Dur("duration_ms", took)
	if again != nil {
		e = e.Str("why", again.Why)
	} else if err != nil {
		e = e.Err(err)
	}
	if trace := traces.ID(ctx); trace != "" {
		e = e.Str("trace_id", trace)
	}
	e.Msg("task")
	if w.parts.Observe != nil {
		w.parts.Observe(kind, outcome, took)
	}
	return outcome
}

// isFailure: waiting for a time or for another worker is not one.
func isFailure(err error) bool {
	var again *tasks.Again
	return !errors.As(err, &again) || again.Failure
}

// retryDelay delivers again when SQL said so; an error of the database itself
// comes back soon, its outcome is not booked yet.
func (w *Worker) retryDelay(n int, err error, _ *asynq.Task) time.Duration {
	var again *tasks.Again
	if errors.As(err, &again) {
		return time.Duration(float64(max(again.In, 0)) / cmp.Or(w.parts.Speed, 1))
	}
	return min(time.Second<<min(n, 5), 30*time.Second)
}
