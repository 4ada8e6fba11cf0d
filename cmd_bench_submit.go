package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"beian/internal/bench"
	"beian/tasks"
)

// askers is how many connections submit at once.
const askers = 32

// submit compares accepted transfers over HTTP with the same rows written by bare
// SQL, on every engine, with the relay beside the API and without.
func (b *workbench) submit(ctx context.Context) ([]bench.Section, error) {
	s := bench.Section{Name: "Accepted transfers over HTTP, 32 connections, against bare SQL", Head: bench.DuelHead()}
	for _, e := range b.engines() {
		err := b.withOffice(ctx, e.name, "submit-"+e.name, func(o *office, url string) error {
			return b.submitOn(ctx, o, submitting{section: &s, engine: e, url: url})
		})
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	if b.admin == "" {
		s.Notes = append(s.Notes, "PostgreSQL was not measured: name a server with --postgres")
	} else if !b.durable {
		s.Notes = append(s.Notes, "this PostgreSQL does not sync its commits, so its figures prove nothing")
	}
	return []bench.Section{s}, nil
}

// submitting is what the section is made of on one engine.
type submitting struct {
	section *bench.Section
	engine  engine
	url     string
	bare    *bench.Bare
	plain   *bench.Plain
	lag     []time.Duration // how long the relay went on after the last request
}

func (b *workbench) submitOn(ctx context.Context, o *office, d submitting) (err error) {
	if err := o.connect(ctx); err != nil {
		return err
	}
	if d.plain, err = bench.OpenPlain(d.url, 1); err != nil {
		return err
	}
	defer d.plain.Close()
	wire, serve, err := o.counter(askers)
	if err != nil {
		return err
	}
	defer wire.Close()
	// The limit's rows go to a database of their own, migrated the same way.
	return b.withOffice(ctx, d.engine.name, "limit-"+d.engine.name, func(_ *office, url string) error {
		if d.bare, err = bench.OpenBare(url, askers); err != nil {
			return err
		}
		defer d.bare.Close()
		return o.while(ctx, func(ctx context.Context) error {
			if err := b.duel(ctx, o, &d, wire, true); err != nil {
				return err
			}
			return b.duel(ctx, o, &d, wire, false)
		}, serve)
	})
}

// duel measures one pairing and adds its row; the goal is about the one with the
// relay.
func (b *workbench) duel(ctx context.Context, o *office, d *submitting, wire *bench.Wire, relay bool) error {
	count := (b.Rounds + 1) * b.Pieces
	span := bench.Span{Count: count}
	if !relay {
		span.From = count
	}
	people, err := o.welcomeCrowd(ctx, span)
	if err != nil {
		return err
	}
	duel := bench.Duel{Name: d.engine.name + ", without the relay", Workers: askers, Rounds: b.Rounds, Pieces: b.Pieces, Limit: d.bare.Write,
		Subject: func(ctx context.Context, i int) error {
			_, err := wire.Post(ctx, people.submit(i))
			return err
		}}
	if !relay {
		out, err := duel.Run(ctx)
		d.section.Add(out.Cells()...)
		return err
	}
	duel.Name, duel.Settle = d.engine.name, func(ctx context.Context) error { return o.settle(ctx, d) }
	return o.while(ctx, func(ctx context.Context) error {
		out, err := duel.Run(ctx)
		if err != nil {
			return err
		}
		d.section.Add(out.Cells()...)
		d.section.Notes = append(d.section.Notes, fmt.Sprintf("%s: the relay went on for %s after a round's last request (median)",
			d.engine.name, bench.Millis(bench.Quantile(d.lag, 0.5))))
		d.section.Goals = append(d.section.Goals, b.judge(d.engine, out)...)
		return nil
	}, (*office).runRelay)
}

func (b *workbench) judge(e engine, out bench.Outcome) []bench.Goal {
	goals := []bench.Goal{out.Goal(e.goal), bench.Within(e.name+": p99", out.Subject.P99, 20*time.Millisecond)}
	if goals[0].Verdict == bench.NotJudged {
		goals[1] = goals[1].Doubt(goals[1].Got + " on a restless machine")
	}
	if e.name == "postgres" && !b.durable {
		for i, g := range goals {
			goals[i] = g.Doubt("commits were not synced")
		}
	}
	return goals
}

// settle waits until the relay has caught up, then takes from Redis what workers
// on another machine would have taken: the window never fills, and the limit's
// next turn has the machine to itself.
func (o *office) settle(ctx context.Context, d *submitting) error {
	start := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := d.plain.Unsent(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	d.lag = append(d.lag, time.Since(start))
	inspector := asynq.NewInspectorFromRedisClient(o.redis.Front())
	if _, err := inspector.DeleteAllPendingTasks(string(tasks.QueueNotify)); err != nil {
		return fmt.Errorf("taking messages from Redis: %w", err)
	}
	return d.plain.EndSent(ctx)
}
