package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"beian/internal/bench"
	"beian/internal/queue"
	"beian/tasks"
)

// waitingLooks is how often the console's list and the relay are measured for a size.
const waitingLooks = 100

// waiting measures how everything grows with the number of jobs that wait (R18): ten
// times as many each time, each with a task for later and a message that is due in a
// queue that nobody works on.
func (b *workbench) waiting(ctx context.Context) ([]bench.Section, error) {
	var out []bench.Section
	for _, e := range b.engines() {
		s := bench.Section{Name: "Jobs that wait, " + e.name,
			Head: []string{"jobs", "submit p50", "submit p99", "verify → done p50", "verify → done p99", "the slowest", "console list p95", "relay pass p95", "Redis", "filled in"}}
		err := b.withOffice(ctx, e.name, "waiting-"+e.name, func(o *office, url string) error {
			return b.waitingOn(ctx, &waitingRoom{office: o, section: &s, newcomers: b.Newcomers}, url)
		})
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// waitingRoom is an office whose backlog grows.
type waitingRoom struct {
	*office
	section   *bench.Section
	newcomers int // for each size
	wire      *bench.Wire
	empty     time.Duration // a submission's p99 with nobody waiting
	walks     int
}

func (b *workbench) waitingOn(ctx context.Context, r *waitingRoom, url string) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	plain, err := bench.OpenPlain(url, 1)
	if err != nil {
		return err
	}
	defer plain.Close()
	var serve func(*office, context.Context) error
	if r.wire, serve, err = r.counter(1); err != nil {
		return err
	}
	defer r.wire.Close()
	if err := r.holdMessages(); err != nil {
		return err
	}
	return r.while(ctx, func(ctx context.Context) error {
		there := 0
		for _, jobs := range sizes(b.Waiting) {
			began := time.Now()
			if err := plain.Wait(ctx, bench.Span{From: there, Count: jobs - there}); err != nil {
				return err
			}
			there = jobs
			if err := r.measure(ctx, jobs, time.Since(began)); err != nil {
				return err
			}
		}
		return nil
	}, serve, (*office).runRelay, (*office).runWorker, (*office).runChores)
}

// sizes are none, a thousand, and ten times as many each time up to most.
func sizes(most int) []int {
	out := []int{0}
	for n := 1000; n < most; n *= 10 {
		out = append(out, n)
	}
	return append(out, most)
}

func (r *waitingRoom) measure(ctx context.Context, jobs int, filled time.Duration) error {
	relay := queue.NewRelay(r.store, r.redis.Front(), r.log)
	for sent := 1; sent > 0; { // until all that has room is in Redis
		var err error
		if sent, err = relay.Pass(ctx); err != nil {
			return err
		}
	}
	people, err := r.welcomeCrowd(ctx, bench.Span{From: r.walks * r.newcomers, Count: r.newcomers})
	if err != nil {
		return err
	}
	r.walks++
	walk := &idleWalk{office: r.office, people: people, wire: r.wire}
	if err := walk.all(ctx); err != nil {
		return err
	}
	lists, err := often(ctx, func(ctx context.Context) error {
		_, err := r.desk.Jobs(ctx, tasks.JobFilter{Limit: 51})
		return err
	})
	if err != nil {
		return err
	}
	passes, err := often(ctx, func(ctx context.Context) error {
		_, err := relay.Pass(ctx)
		return err
	})
	if err != nil {
		return err
	}
	memory, err := r.memory(ctx)
	if err != nil {
		return err
	}
	q := bench.Quantile
	submit99, done99, slowest := q(walk.accepted, 0.99), q(walk.done, 0.99), q(walk.done, 1)
	r.section.Add(strconv.Itoa(jobs), bench.Millis(q(walk.accepted, 0.5)), bench.Millis(submit99), bench.Millis(q(walk.done, 0.5)), bench.Millis(done99),
		bench.Millis(slowest), bench.Millis(q(lists, 0.95)), bench.Millis(q(passes, 0.95)), bench.Megabytes(memory), filled.Round(time.Second/10).String())
	if jobs == 0 {
		r.empty = submit99
		return nil
	}
	of := fmt.Sprintf("%d jobs: ", jobs)
	r.section.Goals = append(r.section.Goals,
		bench.Within(of+"submit p99, at most 1.5 times the empty desk's", submit99, r.empty*3/2),
		bench.Within(of+"a new job is done, the slowest", slowest, 2*time.Second),
		bench.Judge(of+"Redis has at most 50 MB", bench.Megabytes(memory), memory <= 50<<20))
	return nil
}

// often does something and gives how long it took each time.
func often(ctx context.Context, do func(context.Context) error) (took []time.Duration, err error) {
	for range waitingLooks {
		began := time.Now()
		if err := do(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// memory is what Redis holds, in bytes.
func (o *office) memory(ctx context.Context) (int64, error) {
	info, err := o.redis.Front().Info(ctx, "memory").Result()
	if err != nil {
		return 0, fmt.Errorf("asking Redis for its memory: %w", err)
	}
	_, after, _ := strings.Cut(info, "used_memory:")
	number, _, _ := strings.Cut(after, "\r")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading Redis's memory: %w", err)
	}
	return n, nil
}
