package bench_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"beian/internal/bench"
)

func TestQuantileIsTheValueThatSoManyStayBelow(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100-i) * time.Millisecond
	}
	cases := []struct {
		q    float64
		want time.Duration
	}{{0, 1}, {0.5, 51}, {0.99, 100}, {1, 100}}
	for _, c := range cases {
		if got := bench.Quantile(slices.Clone(hundred), c.q); got != c.want*time.Millisecond {
			t.Errorf("quantile %v is %s, not %d ms", c.q, got, c.want)
		}
	}
	if got := bench.Quantile(nil, 0.5); got != 0 {
		t.Errorf("the quantile of nothing is %s", got)
	}
}

func TestCompareTakesTheMedianOfTheRatiosPairByPair(t *testing.T) {
	t.Parallel()
	// The machine was half as fast in the second pair: the ratio does not care.
	out := bench.Compare("it", []float64{1000, 500, 1100}, []float64{500, 250, 660})
	if out.Ratio != 0.5 || out.Low != 0.5 || math.Abs(out.High-0.6) > 1e-9 {
		t.Errorf("ratio %v (%v to %v), not 0.5 (0.5 to 0.6)", out.Ratio, out.Low, out.High)
	}
	if out.Limit.PerSecond != 1000 || out.Subject.PerSecond != 500 {
		t.Errorf("the medians are %v and %v", out.Limit.PerSecond, out.Subject.PerSecond)
	}
	if out.Drift != 0.6 {
		t.Errorf("the limit moved by %v of its median, not 0.6", out.Drift)
	}
}

func TestALimitThatMovedTooFarIsNotJudged(t *testing.T) {
	t.Parallel()
	restless := bench.Compare("it", []float64{1000, 600}, []float64{900, 540})
	if got := restless.Goal(0.5).Verdict; got != bench.NotJudged {
		t.Errorf("a limit that moved by 40 %% gave %q", got)
	}
	steady := bench.Compare("it", []float64{1000, 900}, []float64{600, 540})
	if met, missed := steady.Goal(0.5).Verdict, steady.Goal(0.7).Verdict; met != bench.Met || missed != bench.Missed {
		t.Errorf("0.6 against 0.5 is %q, against 0.7 %q", met, missed)
	}
}

func TestMeasureDoesEveryPieceOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []int
	round, err := bench.Measure(t.Context(), 4, bench.Span{From: 10, Count: 50}, func(_ context.Context, i int) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, i)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if len(seen) != 50 || seen[0] != 10 || seen[49] != 59 || len(slices.Compact(seen)) != 50 {
		t.Errorf("pieces done: %v", seen)
	}
	if round.PerSecond <= 0 || round.P99 < round.P50 {
		t.Errorf("round %+v", round)
	}
}

func TestMeasureEndsWithTheFirstError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := bench.Measure(t.Context(), 2, bench.Span{Count: 1000}, func(_ context.Context, i int) error {
		if i == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestADuelWarmsUpAndSettlesAfterEachTurnOfTheSubject(t *testing.T) {
	t.Parallel()
	var turns []string
	note := func(what string) { turns = append(turns, what) }
	duel := bench.Duel{Name: "it", Workers: 1, Rounds: 2, Pieces: 1,
		Limit:   func(context.Context, int) error { note("limit"); return nil },
		Subject: func(context.Context, int) error { note("subject"); return nil },
		Settle:  func(context.Context) error { note("settle"); return nil },
	}
	if _, err := duel.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	pair := []string{"limit", "subject", "settle"}
	if want := slices.Concat(pair, pair, pair); !slices.Equal(turns, want) {
		t.Errorf("turns %v", turns)
	}
}
