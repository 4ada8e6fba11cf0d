package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"beian/internal/bench"
	"beian/internal/queue"
	"beian/tasks"
	"beian/worker"
)

// typeApply is the step that is measured.
const typeApply = "transfer:apply"

// workerPool is how many connections each side has, the store's default.
const workerPool = 16

// worker compares how fast the worker carries out transfers that are ready with
// River doing the same on the same database, in alternate rounds.
func (b *workbench) worker(ctx context.Context) ([]bench.Section, error) {
	s := bench.Section{Name: "Carrying out transfers on PostgreSQL, beside River v0.51.1",
		Head: []string{"", "River /s", "beian /s", "ratio (lowest to highest)", "River moved by"}}
	if b.admin == "" {
		s.Notes = append(s.Notes, "not measured: name a server with --postgres")
		return []bench.Section{s}, nil
	}
	err := b.withOffice(ctx, "postgres", "worker", func(o *office, url string) error {
		w := workshop{office: o, jobs: b.Jobs}
		return w.compare(ctx, url, b.Rounds, &s)
	})
	if !b.durable {
		s.Notes = append(s.Notes, "this PostgreSQL does not sync its commits, so the figures prove nothing")
	}
	return []bench.Section{s}, err
}

// workshop drives transfers to where only the effect is left, and lets one side
// carry them out.
type workshop struct {
	*office
	jobs  int
	next  int // person
	plain *bench.Plain
	river *bench.River
}

func (w *workshop) compare(ctx context.Context, url string, rounds int, s *bench.Section) (err error) {
	if err := w.connect(ctx); err != nil {
		return err
	}
	if w.plain, err = bench.OpenPlain(url, 2); err != nil {
		return err
	}
	defer w.plain.Close()
	options := bench.RiverOptions{URL: url, Workers: w.cfg.Worker.Concurrency, Connections: workerPool}
	if w.river, err = bench.OpenRiver(ctx, options); err != nil {
		return err
	}
	defer w.river.Close()
	var theirs, ours []float64
	for range rounds {
		their, err := w.turn(ctx, "", w.byRiver)
		if err != nil {
			return fmt.Errorf("River: %w", err)
		}
		our, err := w.turn(ctx, typeApply, w.byWorker)
		if err != nil {
			return fmt.Errorf("the worker: %w", err)
		}
		theirs, ours = append(theirs, their), append(ours, our)
	}
	out := bench.Compare("whole step", theirs, ours)
	s.Add(out.Cells()[:4]...)
	s.Rows[0] = append(s.Rows[0], bench.Percent(out.Drift))
	s.Notes = append(s.Notes, fmt.Sprintf("%d jobs a round, %d rounds, %d workers and %d connections on each side", w.jobs, rounds, options.Workers, workerPool),
		"beian: relay from the outbox, claim, effect, acknowledgement, outbox of five messages; River: fetch, effect, JobCompleteTx, insert of five jobs")
	return nil
}

// turn makes jobs ready, keeps only the outbox rows that one side works on, and
// returns its speed. Every job must be done then.
func (w *workshop) turn(ctx context.Context, keep string, drain func(context.Context) (time.Duration, error)) (float64, error) {
	if err := w.makeReady(ctx); err != nil {
		return 0, fmt.Errorf("making jobs ready: %w", err)
	}
	if err := w.plain.KeepOnly(ctx, keep); err != nil {
		return 0, err
	}
	took, err := drain(ctx)
	if err != nil {
		return 0, err
	}
	left, err := w.plain.InState(ctx, string(tasks.StateApplying))
	if err == nil && left > 0 {
		err = fmt.Errorf("%d jobs were left", left)
	}
	return bench.Rate(w.jobs, took), err
}

// makeReady takes new people's transfers through the desk up to the effect.
func (w *workshop) makeReady(ctx context.Context) error {
	people, err := w.welcomeCrowd(ctx, bench.Span{From: w.next, Count: w.jobs})
	if err != nil {
		return err
	}
	w.next += w.jobs
	_, err = bench.Measure(ctx, workerPool, bench.Span{Count: w.jobs}, func(ctx context.Context, i int) error {
		return w.submitAndVerify(ctx, people, i)
	})
	return err
}

func (w *workshop) submitAndVerify(ctx context.Context, people crowd, i int) error {
	p := bench.Person(people.span.From + i)
	once := func() tasks.Once { return tasks.Once{Scope: "bench", Key: rand.Text()} }
	acc, err := w.desk.Submit(ctx, tasks.Submission{Kind: tasks.KindTransfer, AccountID: people.ids[i], Lang: "zh-CN", Once: once(),
		Fields: map[string]string{tasks.FieldTarget: p.Taker(), tasks.FieldPhone4: p.TakerDigits(), tasks.FieldConsent: "yes"}})
	if err != nil {
		return err
	}
	code, err := w.code(ctx, acc.Receipt)
	if err != nil {
		return err
	}
	_, err = w.desk.Act(ctx, tasks.Action{Receipt: acc.Receipt, Verb: tasks.VerbVerify, By: tasks.Viewer{AccountID: people.ids[i]},
		Fields: map[string]string{tasks.FieldCode: code}, Once: once()})
	return err
}

func (w *workshop) byRiver(ctx context.Context) (time.Duration, error) {
	receipts, err := w.plain.Receipts(ctx, string(tasks.StateApplying))
	if err != nil {
		return 0, err
	}
	return w.river.Drain(ctx, receipts)
}

// byWorker lets the worker of the house carry them out. The messages stay in a paused
// queue, as River's do.
func (w *workshop) byWorker(ctx context.Context) (time.Duration, error) {
	if err := w.holdMessages(); err != nil {
		return 0, err
	}
	return w.carryOut(ctx)
}

// carryOut measures from the start of relay and worker to the last job's commit.
func (w *workshop) carryOut(ctx context.Context) (took time.Duration, err error) {
	all := make(chan struct{})
	closeOnce := sync.OnceFunc(func() { close(all) })
	var done atomic.Int64
	staff := w.staff(func(kind, outcome string, _ time.Duration) {
		if kind == typeApply && outcome == "done" && done.Add(1) == int64(w.jobs) {
			closeOnce()
		}
	})
	start := time.Now()
	err = w.while(ctx, func(ctx context.Context) error {
		if err := staff.Start(); err != nil {
			return err
		}
		defer staff.Stop()
		select {
		case <-all:
			took = time.Since(start)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, (*office).runRelay)
	return took, err
}

// holdMessages pauses their queue and empties it of an earlier turn's, so that the
// relay's window has room for this one's.
func (o *office) holdMessages() error {
	const messages = string(tasks.QueueNotify)
	inspector := asynq.NewInspectorFromRedisClient(o.redis.Front())
	names, err := inspector.Queues()
	if err == nil && slices.Contains(names, messages) { // an earlier turn paused it
		_, err = inspector.DeleteAllPendingTasks(messages)
	} else if err == nil {
		err = inspector.PauseQueue(messages)
	}
	if err != nil {
		return fmt.Errorf("holding the messages back: %w", err)
	}
	return nil
}

// staff is the worker of the house with an observer of ours.
func (w *workshop) staff(observe func(kind, outcome string, took time.Duration)) *worker.Worker {
	return worker.New(worker.Parts{
		Desk: w.desk, Undertaker: w.store, Decode: queue.Decode, Redis: w.redis.Worker(), Log: w.log, AsynqLog: queue.AsynqLogger(w.log),
		Concurrency: w.cfg.Worker.Concurrency, Poll: w.cfg.Worker.QueuePoll, Grace: time.Second, Observe: observe,
	})
}
