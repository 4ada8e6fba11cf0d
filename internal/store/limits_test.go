package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"beian/tasks"
)

func take(t testing.TB, s *Store, l tasks.Limit, key string) error {
	t.Helper()
	return s.Update(t.Context(), func(x tasks.Tx) error { return x.Take(t.Context(), l, key) })
}

func mustTake(t testing.TB, s *Store, l tasks.Limit, key string) {
	t.Helper()
	if err := take(t, s, l, key); err != nil {
		t.Fatal(err)
	}
}

func TestALimitIsExactAndRefillsEvenly(t *testing.T) {
	t.Parallel()
	for _, l := range []tasks.Limit{{Name: "submit", Burst: 10, Period: time.Hour}, {Name: "one", Burst: 1, Period: time.Minute},
		{Name: "odd", Burst: 7, Period: time.Second}} {
		now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		s := clocked(t, func() time.Time { return now })
		for range l.Burst {
			mustTake(t, s, l, "a")
		}
		var often *tasks.TooMany
		err := take(t, s, l, "a")
		if !errors.As(err, &often) || often.Limit != l.Name {
			t.Fatalf("%s: number n+1 was answered %v", l.Name, err)
		}
		mustTake(t, s, l, "b") // others are not concerned
		step := l.Period / time.Duration(l.Burst)
		if slack := often.After - step; slack < -time.Millisecond*10 || slack > time.Second {
			t.Errorf("%s: told to wait %s, a token takes %s", l.Name, often.After, step)
		}
		now = now.Add(step - 10*time.Millisecond)
		if err := take(t, s, l, "a"); err == nil && l.Name != "odd" {
			t.Errorf("%s: a token was there before its time", l.Name)
		}
		now = now.Add(10 * time.Millisecond)
		mustTake(t, s, l, "a")
		if err := take(t, s, l, "a"); err == nil {
			t.Errorf("%s: one step refilled two tokens", l.Name)
		}
		now = now.Add(2 * l.Period)
		for range l.Burst {
			mustTake(t, s, l, "a")
		}
		if err := take(t, s, l, "a"); err == nil {
			t.Errorf("%s: a long rest gave more than the burst", l.Name)
		}
	}
}

func TestALimitHoldsAgainstFiftyAtOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		l := tasks.Limit{Name: "submit", Burst: 10, Period: time.Hour}
		var passed, refused atomic.Int64
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				var often *tasks.TooMany
				err := take(t, s, l, "a")
				switch {
				case err == nil:
					passed.Add(1)
				case errors.As(err, &often):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if passed.Load() != 10 || refused.Load() != 40 {
			t.Errorf("%d passed and %d were refused, want 10 and 40", passed.Load(), refused.Load())
		}
	})
}

func TestARefusedTransactionSpendsNoToken(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		l := tasks.Limit{Name: "submit", Burst: 1, Period: time.Hour}
		err := s.Update(t.Context(), func(x tasks.Tx) error {
			if err := x.Take(t.Context(), l, "a"); err != nil {
				return err
			}
			return errOnPurpose
		})
		if !errors.Is(err, errOnPurpose) {
			t.Fatal(err)
		}
		mustTake(t, s, l, "a")
	})
}

func TestSeveralLimitsAreTakenTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		wide, narrow := tasks.Limit{Name: "wide", Burst: 3, Period: time.Hour}, tasks.Limit{Name: "narrow", Burst: 2, Period: time.Hour}
		both := func() error {
			return s.Update(t.Context(), func(x tasks.Tx) error { return x.TakeEach(t.Context(), "a", wide, narrow) })
		}
		for range narrow.Burst {
			if err := both(); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // a refusal spends nothing of the wide one
			var often *tasks.TooMany
			if err := both(); !errors.As(err, &often) || often.Limit != "narrow" || often.After > time.Hour/2+time.Second {
				t.Fatalf("the narrow one is spent, and the answer is %v", err)
			}
		}
		left := func(l tasks.Limit) error {
			return s.View(t.Context(), func(x tasks.Tx) error { return x.Left(t.Context(), l, "a") })
		}
		for range 2 { // looking spends nothing
			if err := left(wide); err != nil {
				t.Errorf("one is left of the wide one, and the answer is %v", err)
			}
			if err := left(narrow); err == nil {
				t.Error("the narrow one is spent, and its answer is that it has one")
			}
		}
		mustTake(t, s, wide, "a")
		var often *tasks.TooMany
		if err := both(); !errors.As(err, &often) || often.Limit != "wide" {
			t.Errorf("both are spent, and the answer is %v", err)
		}
	})
}
