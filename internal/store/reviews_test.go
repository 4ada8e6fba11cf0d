package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/internal/testenv"
	"beian/tasks"
)

// opened is a review of a submitted job, due in so many hours.
func opened(t testing.TB, s *Store, id string, due time.Duration, change ...func(r *tasks.Review)) *tasks.Review {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(id, "j%d", &n); err != nil {
		t.Fatal(err)
	}
	submitted(t, s, id, told(t, n), "a-"+id, "s-"+id)
	r := &tasks.Review{}
	inTx(t, s, func(x *tx) error {
		*r = tasks.Review{JobID: id, Receipt: "LR-" + id, Kind: tasks.KindReset, Nature: filing.NatureIndividual, State: tasks.ReviewOpen,
			Round: 1, Stage: 1, StartedAt: x.Now(), DueAt: x.Now().Add(due), Promised: x.Now().Add(due)}
		for _, c := range change {
			c(r)
		}
		return x.SaveReview(t.Context(), r)
	})
	return r
}

// saves writes a review as it is.
func saves(t testing.TB, s *Store, r *tasks.Review) error {
	t.Helper()
	before := *r
	return s.Update(t.Context(), func(x tasks.Tx) error {
		*r = before
		return x.SaveReview(t.Context(), r)
	})
}

func reviewOf(t testing.TB, s *Store, receipt string) (r tasks.Review, err error) {
	t.Helper()
	err = s.View(t.Context(), func(x tasks.Tx) (err error) {
		r, err = x.Review(t.Context(), receipt)
		return err
	})
	return r, err
}

func TestV1AReviewIsKeptWithEverythingThatChanges(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := time.UnixMilli(1_780_000_000_000).UTC()
		r := opened(t, s, "j1", time.Hour)
		if got, err := reviewOf(t, s, r.Receipt); err != nil || r.Version != 1 || cmp.Diff(*r, got) != "" {
			t.Fatalf("%v %s", err, cmp.Diff(*r, got))
		}
		changed := tasks.Review{JobID: r.JobID, Receipt: r.Receipt, Kind: r.Kind, Nature: r.Nature, Promised: r.Promised, Version: 1,
			State: tasks.ReviewDeciding, Round: 2, Stage: 2, Tier: 1, NeedsTwo: true, FirstBy: "ann", Holder: "ben", LeaseUntil: at,
			Risk: []string{"phone_seen", "repeated"}, StartedAt: at.Add(1e9), DueAt: at.Add(2e9), PausedAt: at.Add(3e9), Reminded: 80,
			BreachedAt: at.Add(4e9), Breaches: 2, NudgedAt: at.Add(5e9), WorkedFrom: at.Add(6e9), DecidedAt: at.Add(7e9), DecidedBy: "cid",
			UndoUntil: at.Add(8e9)}
		if err := saves(t, s, &changed); err != nil || changed.Version != 2 {
			t.Fatalf("version %d, %v", changed.Version, err)
		}
		if got, err := reviewOf(t, s, r.Receipt); err != nil || cmp.Diff(changed, got) != "" {
			t.Fatalf("%v %s", err, cmp.Diff(changed, got))
		}
		if err := saves(t, s, r); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a write on an older version gave %v", err)
		}
		if r.Version != 1 {
			t.Errorf("a lost write counts as version %d", r.Version)
		}
		r.Version = 0
		if err := saves(t, s, r); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a second review of the job gave %v", err)
		}
		if _, err := reviewOf(t, s, "LR-none"); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("no review gave %v", err)
		}
	})
}

func TestV1OfFiftyClaimersExactlyOneWins(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		r := opened(t, s, "j1", time.Hour)
		errs := atOnce(50, func(i int) error {
			mine := *r
			mine.State, mine.Holder, mine.LeaseUntil = tasks.ReviewClaimed, fmt.Sprint("staff-", i), time.Now().Add(time.Hour)
			return s.Update(t.Context(), func(x tasks.Tx) error { return x.SaveReview(t.Context(), &mine) })
		})
		winner := ""
		for i, err := range errs {
			switch {
			case err == nil && winner != "":
				t.Errorf("staff-%d won, too", i)
			case err == nil:
				winner = fmt.Sprint("staff-", i)
			case !errors.Is(err, tasks.ErrConflict):
				t.Errorf("staff-%d: %v", i, err)
			}
		}
		if got, err := reviewOf(t, s, r.Receipt); err != nil || got.Holder != winner || got.Version != 2 || winner == "" {
			t.Errorf("held by %q in version %d, won by %q, %v", got.Holder, got.Version, winner, err)
		}
	})
}

// decided is a pending decision of a review.
func decided(id, jobID, staff string, v tasks.Verdict, at time.Time) tasks.Decision {
	return tasks.Decision{ID: id, JobID: jobID, Round: 1, Stage: 1, Staff: tasks.Actor{Kind: tasks.ActorReviewer, ID: staff}, Verdict: v,
		Findings: []tasks.Finding{{About: "id_front", Reason: "DOC_BLURRED", Box: []int{1, 2, 300, 400}, Page: 1}},
		Checks:   []string{"document.id_front", "face"}, Note: "与登记照片不符", At: at}
}

func decisionsOf(t testing.TB, s *Store, jobID string) (out []tasks.Decision) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		out, err = x.Decisions(t.Context(), jobID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func saveDecision(t testing.TB, s *Store, d tasks.Decision) error {
	t.Helper()
	return s.Update(t.Context(), func(x tasks.Tx) error { return x.SaveDecision(t.Context(), d) })
}

func TestV1DecisionsAreKeptAndBookedOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := time.UnixMilli(1_780_000_000_000).UTC()
		opened(t, s, "j1", time.Hour)
		first := decided("d1", "j1", "ann", tasks.VerdictReject, at)
		plain := tasks.Decision{ID: "d2", JobID: "j1", Round: 1, Stage: 1, Staff: first.Staff, Verdict: tasks.VerdictApprove, At: at.Add(time.Hour)}
		if err := saveDecision(t, s, first); err != nil {
			t.Fatal(err)
		}
		if err := saveDecision(t, s, plain); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a second pending decision gave %v", err)
		}
		first.Undone = at.Add(time.Minute)
		if err := saveDecision(t, s, first); err != nil {
			t.Fatal(err)
		}
		if err := saveDecision(t, s, plain); err != nil {
			t.Fatal(err)
		}
		plain.Settled = at.Add(2 * time.Hour)
		if err := saveDecision(t, s, plain); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]tasks.Decision{first, plain}, decisionsOf(t, s, "j1")); diff != "" {
			t.Error(diff)
		}
		first.Settled, first.Undone = at, time.Time{}
		if err := saveDecision(t, s, first); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("settling an undone decision gave %v", err)
		}
		if n := count(t, s, `SELECT count(*) FROM decisions WHERE id = 'd1' AND findings NOT LIKE '%登记%' AND length(note_sealed) > 20`); n != 1 {
			t.Error("the note does not rest sealed")
		}
	})
}

// A decision takes effect, or the job is frozen and the decision void: never both.
func TestV1ADecisionAndADisputeAtOnceGiveOneOfThem(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		for i := range 8 {
			id := fmt.Sprint("j", i+1)
			r := opened(t, s, id, time.Hour)
			if err := saveDecision(t, s, decided("d"+id, id, "ann", tasks.VerdictReject, time.Now())); err != nil {
				t.Fatal(err)
			}
			r.State = tasks.ReviewDeciding
			if err := saves(t, s, r); err != nil {
				t.Fatal(err)
			}
			ends := []func(d *tasks.Decision, r *tasks.Review){
				func(d *tasks.Decision, r *tasks.Review) { d.Settled, r.State = time.Now(), tasks.ReviewRejected },
				func(d *tasks.Decision, r *tasks.Review) { d.Undone, r.State = time.Now(), tasks.ReviewPaused },
			}
			errs := atOnce(2, func(i int) error {
				return s.Update(t.Context(), func(x tasks.Tx) error {
					now, err := x.Review(t.Context(), r.Receipt)
					if err != nil {
						return err
					}
					if now.State != tasks.ReviewDeciding {
						return tasks.ErrStale
					}
					all, err := x.Decisions(t.Context(), id)
					if err != nil {
						return err
					}
					ends[i](&all[0], &now)
					if err := x.SaveDecision(t.Context(), all[0]); err != nil {
						return err
					}
					return x.SaveReview(t.Context(), &now)
				})
			})
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Fatalf("settled: %v, disputed: %v", errs[0], errs[1])
			}
			d, err := reviewOf(t, s, r.Receipt)
			settled := d.State == tasks.ReviewRejected
			if all := decisionsOf(t, s, id); err != nil || settled == all[0].Settled.IsZero() || settled != all[0].Undone.IsZero() {
				t.Errorf("the review is %s, the decision %v / %v, %v", d.State, all[0].Settled, all[0].Undone, err)
			}
		}
	})
}

func TestTheTasksOfAResetIncludeTheCardsOfItsRounds(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		opened(t, s, "j1", time.Hour, func(r *tasks.Review) { r.Round = 2 })
		for round := 1; round <= 3; round++ {
			post(t, s, tasks.Task{ID: tasks.CardID("LR-j1", round), Queue: tasks.QueueReview, Type: "login_reset:card", Ref: "LR-j1"})
		}
		post(t, s, tasks.Task{ID: tasks.TaskID(tasks.KindReset, "LR-j1", "settle"), Queue: tasks.QueueAccount, Type: "login_reset:settle", Ref: "LR-j1"})
		got, err := s.TasksOf(t.Context(), "LR-j1")
		var ids []string
		for _, j := range got {
			ids = append(ids, j.ID)
		}
		want := map[string]bool{"rv.LR-j1.1": true, "rv.LR-j1.2": true, "login_reset.LR-j1.settle": true}
		for _, id := range ids {
			if !want[id] {
				t.Errorf("%s is no task of the job", id)
			}
		}
		if err != nil || len(ids) != len(want) {
			t.Errorf("%v, %v", ids, err)
		}
	})
}

// A step writes a review while a person, who has the job, is about to: whoever
// comes second waits at the job, and not for the other to wait for it in turn.
func TestR21AStepAndAPersonNeverWaitForEachOther(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, testenv.Postgres(t)))
	opened(t, s, "j1", time.Hour)
	write := func(x *tx, by tasks.Viewer, between func()) error {
		job, err := x.Job(t.Context(), "LR-j1", by)
		if err != nil {
			return err
		}
		r, err := x.Review(t.Context(), "LR-j1")
		if err != nil {
			return err
		}
		between()
		if err := x.SaveReview(t.Context(), &r); err != nil {
			return err
		}
		return x.Record(t.Context(), &job, tasks.Change{}, nil)
	}
	var once sync.Once // what loses a race is tried again
	read, stepped := make(chan struct{}), make(chan error, 1)
	inTx(t, s, func(person *tx) error {
		return write(person, tasks.Viewer{Staff: tasks.ActorReviewer}, func() {
			go func() {
				stepped <- s.update(t.Context(), func(step *tx) error {
					return write(step, tasks.Viewer{System: true}, func() { once.Do(func() { close(read) }) })
				})
			}()
			<-read
			waits := `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
			for count(t, s, waits) == 0 && len(stepped) == 0 {
			}
			if n := count(t, s, waits+` AND query LIKE 'SELECT 1 FROM jobs%'`); n != 1 {
				t.Error("the step does not wait for the job before it writes")
			}
		})
	})
	if err := <-stepped; !errors.Is(err, tasks.ErrConflict) {
		t.Errorf("the step, which read too early, ended with %v", err)
	}
}
