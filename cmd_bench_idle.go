package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"beian/internal/bench"
	"beian/tasks"
)

// The idle section: so many transfers, so far apart, looked at so often.
const (
	idleTransfers = 200
	idlePause     = 100 * time.Millisecond
	idleLook      = time.Millisecond
)

// idle measures how long a transfer takes in an office that has nothing else to
// do: the whole of `dev` in one process, target acceptance off.
func (b *workbench) idle(ctx context.Context) ([]bench.Section, error) {
	s := bench.Section{Name: "One transfer at a time, ten a second, target acceptance off", Head: []string{"", "p50", "p99"}}
	for _, e := range b.engines() {
		err := b.withOffice(ctx, e.name, "idle-"+e.name, func(o *office, _ string) error { return o.idleOn(ctx, &s, e.name) })
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	s.Notes = append(s.Notes, "submit to done leaves out the time in which a person reads the code")
	return []bench.Section{s}, nil
}

func (o *office) idleOn(ctx context.Context, s *bench.Section, engine string) error {
	if err := o.connect(ctx); err != nil {
		return err
	}
	people, err := o.welcomeCrowd(ctx, bench.Span{Count: idleTransfers})
	if err != nil {
		return err
	}
	wire, serve, err := o.counter(1)
	if err != nil {
		return err
	}
	defer wire.Close()
	walk := &idleWalk{office: o, people: people, wire: wire}
	err = o.while(ctx, walk.all, serve, (*office).runRelay, (*office).runWorker, (*office).runChores)
	if err != nil {
		return err
	}
	for _, line := range []struct {
		name string
		took []time.Duration
	}{{"submit → accepted", walk.accepted}, {"verify → done", walk.done}, {"submit → done", walk.whole}} {
		s.Add(engine+", "+line.name, bench.Millis(bench.Quantile(line.took, 0.5)), bench.Millis(bench.Quantile(line.took, 0.99)))
	}
	s.Goals = append(s.Goals,
		bench.Within(engine+": submit → done p50", bench.Quantile(walk.whole, 0.5), 60*time.Millisecond),
		bench.Within(engine+": submit → done p99", bench.Quantile(walk.whole, 0.99), 150*time.Millisecond))
	return nil
}

// idleWalk sends transfers through the office one after another.
type idleWalk struct {
	*office
	people                crowd
	wire                  *bench.Wire
	accepted, done, whole []time.Duration
}

func (w *idleWalk) all(ctx context.Context) error {
	tick := time.NewTicker(idlePause)
	defer tick.Stop()
	for i := range w.people.span.Count {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := w.one(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (w *idleWalk) one(ctx context.Context, i int) error {
	start := time.Now()
	answer, err := w.wire.Post(ctx, w.people.submit(i))
	if err != nil {
		return err
	}
	accepted := time.Since(start)
	var job struct{ Receipt string }
	if err := json.Unmarshal(answer, &job); err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	code, err := w.code(ctx, job.Receipt)
	if err != nil {
		return fmt.Errorf("reading a code: %w", err)
	}
	call := w.people.submit(i) // its token, and a fresh key
	call.Path, call.Body = "/v1/transfers/"+job.Receipt+"/verify", fmt.Sprintf(`{"code":%q}`, code)
	start = time.Now()
	if _, err := w.wire.Post(ctx, call); err != nil {
		return err
	}
	if err := w.await(ctx, job.Receipt); err != nil {
		return err
	}
	done := time.Since(start)
	w.accepted, w.done, w.whole = append(w.accepted, accepted), append(w.done, done), append(w.whole, accepted+done)
	return nil
}

func (w *idleWalk) await(ctx context.Context, receipt string) error {
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	for {
		var state tasks.State
		err := w.store.View(ctx, func(tx tasks.Tx) error {
			job, err := tx.Job(ctx, receipt, tasks.Viewer{System: true})
			state = job.State
			return err
		})
		switch {
		case err != nil:
			return fmt.Errorf("looking at a job: %w", err)
		case state == tasks.StateDone:
			return nil
		case state.Ended():
			return fmt.Errorf("a job ended as %s", state)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
