package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"time"

	"beian/internal/bench"
	"beian/tasks"
)

// lookup asks for the logins of filings that exist and of filings that do not, in
// random order, and looks whether the time tells which (F1).
func (b *workbench) lookup(ctx context.Context) ([]bench.Section, error) {
	s := bench.Section{Name: "Finding a login: hit and miss",
		Head: []string{"", "hit mean", "miss mean", "hit p50", "miss p50", "hit p99", "miss p99", "Welch's t"}}
	for _, e := range b.engines() {
		err := b.withOffice(ctx, e.name, "lookup-"+e.name, func(o *office, url string) error { return b.lookupOn(ctx, o, &s, url) })
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	s.Notes = append(s.Notes, fmt.Sprintf("%d requests of each kind, one at a time in random order, relay and workers in the same process", b.Lookups))
	return []bench.Section{s}, nil
}

func (b *workbench) lookupOn(ctx context.Context, o *office, s *bench.Section, url string) error {
	if err := o.connect(ctx); err != nil {
		return err
	}
	plain, err := bench.OpenPlain(url, 1)
	if err != nil {
		return err
	}
	defer plain.Close()
	walk := &lookupWalk{plain: plain, each: b.Lookups}
	if _, err := o.welcomeCrowd(ctx, bench.Span{Count: walk.filings()}); err != nil {
		return err
	}
	wire, serve, err := o.counter(1)
	if err != nil {
		return err
	}
	defer wire.Close()
	walk.wire = wire
	if err := o.while(ctx, walk.all, serve, (*office).runRelay, (*office).runWorker); err != nil {
		return err
	}
	sent, err := plain.Sent(ctx, string(tasks.TemplateLogin))
	if err != nil {
		return err
	}
	walk.report(s, o.store.Engine())
	s.Notes = append(s.Notes, fmt.Sprintf("%s: workers sent %d logins meanwhile", o.store.Engine(), sent))
	return nil
}

// lookupWarmUp is how many requests of each kind come before those that count;
// lookupPause is how many fit within the limit of an address.
const (
	lookupWarmUp = 50
	lookupPause  = 5
)

// lookupWalk asks its questions one after another.
type lookupWalk struct {
	wire      *bench.Wire
	plain     *bench.Plain
	each      int
	hit, miss bench.Sample
	// after are the same requests by what the one before them was: what a hit leaves
	// to do must not tell either.
	afterHit, afterMiss bench.Sample
	hitBefore           bool
	answer              []byte
}

func (w *lookupWalk) filings() int { return w.each + lookupWarmUp }

// all shuffles the questions: whatever a hit leaves to the workers then slows the
// next question of either kind alike. The warm-up has both kinds in turn.
func (w *lookupWalk) all(ctx context.Context) error {
	order := mathrand.New(mathrand.NewPCG(1, 2)).Perm(2 * w.each)
	for n := range 2 * w.filings() {
		i := n
		if n >= 2*lookupWarmUp {
			i = 2*lookupWarmUp + order[n-2*lookupWarmUp]
		}
		if n%lookupPause == 0 {
			if err := w.plain.ForgetLimits(ctx); err != nil {
				return err
			}
		}
		if err := w.one(ctx, i, n >= 2*lookupWarmUp); err != nil {
			return err
		}
	}
	return nil
}

// one asks for the i-th question: an even one names a filing, an odd one is of the
// same length and names none.
func (w *lookupWalk) one(ctx context.Context, i int, counts bool) error {
	domain := bench.Person(i / 2).Domain()
	if i%2 == 1 {
		domain = "l" + domain[1:]
	}
	call := bench.Call{Path: "/v1/login-lookups", Key: rand.Text(), Body: fmt.Sprintf(`{"icp_or_domain":%q}`, domain)}
	start := time.Now()
	answer, err := w.wire.Post(ctx, call)
	took := time.Since(start)
	if err != nil {
		return err
	}
	if w.answer == nil {
		w.answer = answer
	}
	if !bytes.Equal(answer, w.answer) {
		return errors.New("two answers differ")
	}
	if counts {
		w.count(i%2 == 0, took)
	}
	w.hitBefore = i%2 == 0
	return nil
}

func (w *lookupWalk) count(hit bool, took time.Duration) {
	if hit {
		w.hit = append(w.hit, took)
	} else {
		w.miss = append(w.miss, took)
	}
	if w.hitBefore {
		w.afterHit = append(w.afterHit, took)
	} else {
		w.afterMiss = append(w.afterMiss, took)
	}
}

const (
	mostT     = 3.0                  // product rule F1
	mostApart = 2 * time.Millisecond // medians, trust reference 1.4 T4
)

func (w *lookupWalk) report(s *bench.Section, engine string) {
	for _, pair := range []struct {
		name      string
		hit, miss bench.Sample
	}{{engine, w.hit, w.miss}, {engine + ", the request after it", w.afterHit, w.afterMiss}} {
		t := bench.Welch(pair.hit, pair.miss)
		hit, miss := bench.Quantile(pair.hit, 0.5), bench.Quantile(pair.miss, 0.5)
		s.Add(pair.name, bench.Millis(pair.hit.Mean()), bench.Millis(pair.miss.Mean()), bench.Millis(hit), bench.Millis(miss),
			bench.Millis(bench.Quantile(pair.hit, 0.99)), bench.Millis(bench.Quantile(pair.miss, 0.99)), fmt.Sprintf("%.2f", t))
		s.Goals = append(s.Goals, bench.Judge(pair.name+": absolute t < 3", fmt.Sprintf("%.2f", t), math.Abs(t) < mostT),
			bench.Within(pair.name+": medians apart", max(hit-miss, miss-hit), mostApart))
	}
}
