package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

// work is a task of queue account; ref is its job.
func work(id, ref string) tasks.Task {
	return tasks.Task{ID: id, Queue: tasks.QueueAccount, Type: "transfer:apply", Ref: ref}
}

func post(t testing.TB, s *Store, todo ...tasks.Task) {
	t.Helper()
	if err := s.Update(t.Context(), func(x tasks.Tx) error { return x.Post(t.Context(), todo...) }); err != nil {
		t.Fatal(err)
	}
}

func first(id string) tasks.TaskRef { return tasks.TaskRef{ID: id, Generation: 1} }

func claim(t testing.TB, s *Store, ref tasks.TaskRef, lease time.Duration) (c tasks.Claim) {
	t.Helper()
	err := s.Update(t.Context(), func(x tasks.Tx) (err error) {
		c, err = x.Claim(t.Context(), ref, lease)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ack(t testing.TB, s *Store, c tasks.Claim) error {
	t.Helper()
	return s.Update(t.Context(), func(x tasks.Tx) error { return x.Ack(t.Context(), c) })
}

func takeOutgoing(t testing.TB, s *Store, n int) []tasks.Outgoing {
	t.Helper()
	out, err := s.TakeOutgoing(t.Context(), tasks.QueueAccount, n, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rowOf(t testing.TB, s *Store, id string) (state string, generation int) {
	t.Helper()
	err := s.db.view(t.Context(), func(x *tx) error {
		return x.q.row(t.Context(), `SELECT state, generation FROM outbox WHERE id = $1`, id).Scan(&state, &generation)
	})
	if err != nil {
		t.Fatal(err)
	}
	return state, generation
}

func expectRow(t testing.TB, s *Store, id, state string, generation int) {
	t.Helper()
	if gotState, got := rowOf(t, s, id); gotState != state || got != generation {
		t.Errorf("%s is %s in generation %d, want %s in %d", id, gotState, got, state, generation)
	}
}

func TestOnlyOneOfManyClaimersGetsATask(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"))
		var mu sync.Mutex
		var results []tasks.ClaimResult
		var group sync.WaitGroup
		began := time.Now()
		for range 20 {
			group.Go(func() {
				c := claim(t, s, first("a"), time.Minute)
				took := time.Since(began)
				mu.Lock()
				defer mu.Unlock()
				results = append(results, c.Result)
				// the winner's transaction may have begun after this one, by no more than all of it took
				if c.Result == tasks.ClaimBusy && (c.Wait <= 0 || c.Wait > time.Minute+took) {
					t.Errorf("a busy task says to wait %s", c.Wait)
				}
			})
		}
		group.Wait()
		slices.Sort(results)
		want := append(slices.Repeat([]tasks.ClaimResult{tasks.ClaimBusy}, 19), tasks.Claimed)
		if diff := cmp.Diff(want, results); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}

func TestR13_AClaimIsVoidOnceAnotherTookOver(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"))
		zombie := claim(t, s, first("a"), -time.Second) // its lease is over already
		if freed, dead, err := s.FreeLost(t.Context(), 12); freed != 1 || dead != 0 || err != nil {
			t.Fatalf("freed %d, dead %d, %v", freed, dead, err)
		}
		expectRow(t, s, "a", "waiting", 2)
		if c := claim(t, s, first("a"), time.Minute); c.Result != tasks.ClaimNothing {
			t.Errorf("an old delivery was answered %s", c.Result)
		}
		owner := claim(t, s, tasks.TaskRef{ID: "a", Generation: 2}, time.Minute)
		if owner.Result != tasks.Claimed || owner.Fence <= zombie.Fence || owner.Attempts != 2 {
			t.Fatalf("the second claim is %+v after fence %d", owner, zombie.Fence)
		}
		for what, err := range map[string]error{
			"acknowledges": ack(t, s, zombie),
			"renews": s.Update(t.Context(), func(x tasks.Tx) error {
				return x.Renew(t.Context(), zombie, time.Minute)
			}),
			"postpones": s.Update(t.Context(), func(x tasks.Tx) error {
				return x.Postpone(t.Context(), zombie, tasks.Postponed{In: time.Second, Reason: "x"})
			}),
		} {
			if !errors.Is(err, tasks.ErrFenced) {
				t.Errorf("a zombie %s: %v", what, err)
			}
		}
		if err := ack(t, s, owner); err != nil {
			t.Fatal(err)
		}
		expectRow(t, s, "a", "done", 2)
	})
}

func TestATaskWhoseWorkersAlwaysDieIsADeadLetter(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"))
		for generation := 1; generation <= 3; generation++ {
			claim(t, s, tasks.TaskRef{ID: "a", Generation: generation}, -time.Second)
			if _, _, err := s.FreeLost(t.Context(), 3); err != nil {
				t.Fatal(err)
			}
		}
		letters, err := s.DeadLetters(t.Context(), 10)
		if err != nil || len(letters) != 1 || letters[0].Reason != "worker lost" || letters[0].Attempts != 3 {
			t.Fatalf("dead letters %+v, %v", letters, err)
		}
		if err := s.Redrive(t.Context(), "a", AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "op"}}); err != nil {
			t.Fatal(err)
		}
		expectRow(t, s, "a", "waiting", 4)
		if err := s.Redrive(t.Context(), "a", AuditEntry{}); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a living task was re-driven: %v", err)
		}
	})
}

func TestATaskDoesNotRunBeforeItsTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s := clocked(t, func() time.Time { return now })
	early := work("a", "TR1")
	early.NotBefore = now.Add(800 * time.Millisecond)
	post(t, s, early)
	if out := takeOutgoing(t, s, 10); len(out) != 1 || out[0].In != 800*time.Millisecond {
		t.Fatalf("the relay gets %+v", out)
	}
	// Asynq counts whole seconds and may deliver at once.
	if c := claim(t, s, first("a"), time.Minute); c.Result != tasks.ClaimEarly || c.Wait != 800*time.Millisecond {
		t.Errorf("800 ms early it is %+v", c)
	}
	now = now.Add(799 * time.Millisecond)
	if c := claim(t, s, first("a"), time.Minute); c.Result != tasks.ClaimEarly {
		t.Errorf("1 ms early it is %s", c.Result)
	}
	now = now.Add(time.Millisecond)
	if c := claim(t, s, first("a"), time.Minute); c.Result != tasks.Claimed {
		t.Errorf("in time it is %s", c.Result)
	}
}

// clocked is a record on SQLite whose time the test sets.
func clocked(t testing.TB, clock func() time.Time) *Store {
	t.Helper()
	s := openTest(t, sqliteURL(t))
	s.db.(*sqliteDB).clock = clock
	return migrated(t, s)
}

func TestRowsOfOneJobLeaveInTheirOrder(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		var todo []tasks.Task
		begin := time.Now().Add(-time.Hour)
		for i := range 30 { // ids fall while times rise, so that neither table nor key order helps
			task := work(fmt.Sprintf("t%02d", 29-i), "TR1")
			task.NotBefore = begin.Add(time.Duration(i) * time.Second)
			todo = append(todo, task)
		}
		for _, i := range []int{7, 29, 0, 13, 21, 5} {
			todo[0], todo[i] = todo[i], todo[0]
		}
		post(t, s, todo...)
		var got []string
		for _, o := range takeOutgoing(t, s, 100) {
			got = append(got, o.ID)
		}
		want := make([]string, 30)
		for i := range want {
			want[i] = fmt.Sprintf("t%02d", 29-i)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestTwoRelaysNeverTakeTheSameRow(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		var todo []tasks.Task
		for i := range 500 {
			todo = append(todo, work(fmt.Sprintf("t%03d", i), fmt.Sprintf("TR%d", i)))
		}
		post(t, s, todo...)
		var mu sync.Mutex
		seen := map[string]int{}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for {
					out := takeOutgoing(t, s, 40)
					if len(out) == 0 {
						return
					}
					if len(out) > 40 {
						t.Errorf("took %d rows, asked for 40", len(out))
					}
					mu.Lock()
					for _, o := range out {
						seen[o.ID]++
					}
					mu.Unlock()
				}
			})
		}
		group.Wait()
		for id, n := range seen {
			if n > 1 {
				t.Errorf("%s was taken %d times", id, n)
			}
		}
		// SKIP LOCKED may show a relay an empty hand while another holds the rest.
		for _, o := range takeOutgoing(t, s, 500) {
			seen[o.ID]++
		}
		if len(seen) != 500 {
			t.Errorf("%d of 500 rows were taken", len(seen))
		}
	})
}

func TestLaterTasksWaitInSQL(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		soon, late := work("soon", "TR1"), work("late", "TR1")
		soon.NotBefore, late.NotBefore = time.Now().Add(50*time.Second), time.Now().Add(70*time.Second)
		post(t, s, soon, late)
		out := takeOutgoing(t, s, 10)
		if len(out) != 1 || out[0].ID != "soon" || out[0].In < 40*time.Second {
			t.Errorf("within a minute: %+v", out)
		}
	})
}

func TestAGenerationThatWasNotPublishedIsNotBookedAsSent(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"), work("b", "TR2"))
		takeOutgoing(t, s, 10)
		if err := s.Supersede(t.Context(), first("a")); err != nil {
			t.Fatal(err)
		}
		if err := s.MarkSent(t.Context(), tasks.QueueAccount, 7, []tasks.TaskRef{first("a"), first("b")}); err != nil {
			t.Fatal(err)
		}
		expectRow(t, s, "a", "waiting", 2)
		expectRow(t, s, "b", "sent", 1)
	})
}

func TestTheMarkOfAQueueOnlyRises(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		for _, mark := range []int64{3, 9, 5} {
			if err := s.MarkSent(t.Context(), tasks.QueueAccount, mark, nil); err != nil {
				t.Fatal(err)
			}
		}
		if mark, err := s.Mark(t.Context(), tasks.QueueAccount); mark != 9 || err != nil {
			t.Errorf("the mark is %d, %v", mark, err)
		}
	})
}

func TestAnUnpublishedRowGoesBackForTheNextPass(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"))
		takeOutgoing(t, s, 10)
		if out := takeOutgoing(t, s, 10); len(out) != 0 {
			t.Fatalf("a row was taken twice: %+v", out)
		}
		if err := s.ReturnOutgoing(t.Context(), []tasks.TaskRef{first("a")}); err != nil {
			t.Fatal(err)
		}
		if out := takeOutgoing(t, s, 10); len(out) != 1 {
			t.Errorf("a returned row is not there: %+v", out)
		}
	})
}

func TestPostingAgainSupersedesARunningAttempt(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("a", "TR1"))
		old := claim(t, s, first("a"), time.Minute)
		post(t, s, work("a", "TR1"))
		expectRow(t, s, "a", "waiting", 2)
		if err := ack(t, s, old); !errors.Is(err, tasks.ErrFenced) {
			t.Errorf("the superseded attempt acknowledged: %v", err)
		}
	})
}

func TestWhatIsPutOffForLongDoesNotFillTheWindow(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		post(t, s, work("now", "TR1"), work("later", "TR2"))
		for id, in := range map[string]time.Duration{"now": time.Second, "later": 10 * time.Minute} {
			c := claim(t, s, first(id), time.Minute)
			err := s.Update(t.Context(), func(x tasks.Tx) error {
				return x.Postpone(t.Context(), c, tasks.Postponed{In: in, Reason: "no receipt yet"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.InRedis(t.Context(), tasks.QueueAccount, time.Minute, 10); n != 1 || err != nil {
			t.Errorf("%d rows count, %v", n, err)
		}
	})
}

func TestATaskThatWasNeverPostedIsUnknown(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		if c := claim(t, s, first("nobody"), time.Minute); c.Result != tasks.ClaimUnknown {
			t.Errorf("an unknown task was answered %s", c.Result)
		}
	})
}
