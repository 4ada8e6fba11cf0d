// Package bench measures speed as ratios: the subject and a limit taken beside it
// in alternate rounds of one run, because machines are shared and noisy. It
// belongs to the command `beian bench` and to nothing else.
package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Round is one measured stretch of work.
type Round struct {
	PerSecond float64
	P50, P99  time.Duration
}

// Work does the i-th piece of work; i counts from 0 over all rounds.
type Work func(ctx context.Context, i int) error

// Span is a stretch of numbered pieces.
type Span struct{ From, Count int }

// Measure runs a span's pieces on so many goroutines. The first error ends it.
func Measure(ctx context.Context, workers int, pieces Span, work Work) (Round, error) {
	took := make([]time.Duration, pieces.Count)
	var next atomic.Int64
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	start := time.Now()
	for range workers {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= pieces.Count || ctx.Err() != nil {
					return
				}
				began := time.Now()
				if err := work(ctx, pieces.From+i); err != nil {
					cancel(err)
					return
				}
				took[i] = time.Since(began)
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return Round{}, err
	}
	return Round{PerSecond: Rate(pieces.Count, time.Since(start)), P50: Quantile(took, 0.50), P99: Quantile(took, 0.99)}, nil
}

// Rate is so many pieces in a time, per second.
func Rate(pieces int, took time.Duration) float64 { return float64(pieces) / took.Seconds() }

// Quantile is the q-th quantile of durations, which it sorts; 0 of none.
func Quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, int(float64(len(all))*q))]
}

// Duel is a subject and its limit, measured in turn.
type Duel struct {
	Name           string
	Workers        int
	Rounds, Pieces int
	Limit, Subject Work
	// Settle waits, after the subject's turn and outside of what is measured,
	// until nothing that it left behind can slow the limit's next turn.
	Settle func(context.Context) error
}

// Outcome holds the medians of a duel. Ratio is subject over limit, pair by pair;
// Drift is how far the limit itself moved over the rounds, as a part of its
// median.
type Outcome struct {
	Name             string
	Limit, Subject   Round
	Ratio, Low, High float64
	Drift            float64
}

// Run measures the pairs in alternating order after one pair of warming up.
func (d Duel) Run(ctx context.Context) (Outcome, error) {
	var limits, subjects []Round
	for r := range d.Rounds + 1 {
		span := Span{From: r * d.Pieces, Count: d.Pieces}
		limit, err := Measure(ctx, d.Workers, span, d.Limit)
		if err != nil {
			return Outcome{}, fmt.Errorf("%s, limit: %w", d.Name, err)
		}
		subject, err := d.turn(ctx, span)
		if err != nil {
			return Outcome{}, fmt.Errorf("%s, subject: %w", d.Name, err)
		}
		if r > 0 {
			limits, subjects = append(limits, limit), append(subjects, subject)
		}
	}
	return outcome(d.Name, limits, subjects), nil
}

func (d Duel) turn(ctx context.Context, span Span) (Round, error) {
	subject, err := Measure(ctx, d.Workers, span, d.Subject)
	if err != nil || d.Settle == nil {
		return subject, err
	}
	return subject, d.Settle(ctx)
}

// outcome compares two sides that were measured in pairs.
func outcome(name string, limits, subjects []Round) Outcome {
	var ratios, speeds []float64
	for i := range limits {
		ratios = append(ratios, subjects[i].PerSecond/limits[i].PerSecond)
		speeds = append(speeds, limits[i].PerSecond)
	}
	o := Outcome{Name: name, Limit: medians(limits), Subject: medians(subjects), Ratio: median(ratios),
		Low: slices.Min(ratios), High: slices.Max(ratios)}
	o.Drift = (slices.Max(speeds) - slices.Min(speeds)) / o.Limit.PerSecond
	return o
}

// medians takes each figure's own median.
func medians(rounds []Round) Round {
	var speed, p50, p99 []float64
	for _, r := range rounds {
		speed, p50, p99 = append(speed, r.PerSecond), append(p50, float64(r.P50)), append(p99, float64(r.P99))
	}
	return Round{PerSecond: median(speed), P50: time.Duration(median(p50)), P99: time.Duration(median(p99))}
}

// median is the middle value, of an even number the upper one.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// Compare makes an outcome of speeds that were taken in pairs.
func Compare(name string, limits, subjects []float64) Outcome {
	rounds := func(speeds []float64) []Round {
		out := make([]Round, len(speeds))
		for i, s := range speeds {
			out[i].PerSecond = s
		}
		return out
	}
	return outcome(name, rounds(limits), rounds(subjects))
}
