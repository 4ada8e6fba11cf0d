package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/tasks"
)

func rows(t testing.TB, s *Store, f tasks.ReviewFilter) (out []tasks.ReviewRow) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		out, err = x.ReviewsOf(t.Context(), f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func names(found []tasks.ReviewRow) string {
	var out []string
	for _, r := range found {
		out = append(out, r.JobID)
	}
	return strings.Join(out, " ")
}

// queue is one review of each sort, due one after the other.
func queue(t testing.TB, s *Store) {
	t.Helper()
	soon, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	held := func(state tasks.ReviewState, by string, lease time.Time) func(*tasks.Review) {
		return func(r *tasks.Review) { r.State, r.Holder, r.LeaseUntil = state, by, lease }
	}
	second := func(r *tasks.Review) { r.Stage, r.FirstBy, r.NeedsTwo = 2, "ann", true }
	opened(t, s, "j1", 1*time.Hour)
	opened(t, s, "j2", 2*time.Hour, held(tasks.ReviewClaimed, "ann", soon))
	opened(t, s, "j3", 3*time.Hour, held(tasks.ReviewClaimed, "ann", past))
	opened(t, s, "j4", 4*time.Hour, held(tasks.ReviewDeciding, "ann", past))
	opened(t, s, "j5", 5*time.Hour, second)
	opened(t, s, "j6", 6*time.Hour, second, held(tasks.ReviewClaimed, "ben", soon))
	opened(t, s, "j7", 7*time.Hour, func(r *tasks.Review) { r.Tier, r.Breaches = 1, 1 })
	opened(t, s, "j8", 8*time.Hour, func(r *tasks.Review) { r.State, r.PausedAt = tasks.ReviewPaused, past })
	opened(t, s, "j9", 9*time.Hour, func(r *tasks.Review) { r.Nature, r.Risk = filing.NatureOrganisation, []string{"not_principal"} })
	opened(t, s, "j10", 10*time.Hour, func(r *tasks.Review) { r.State, r.DecidedAt = tasks.ReviewApproved, time.Now() })
	opened(t, s, "j11", 11*time.Hour, func(r *tasks.Review) { r.State = tasks.ReviewClosed })
}

func TestV5EachTabShowsItsReviewsTheEarliestDueFirst(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		queue(t, s)
		mustRun(t, s, `UPDATE reviews SET ended_at = ended_at + 5 WHERE job_id = 'j11'`)
		for name, c := range map[string]struct {
			filter tasks.ReviewFilter
			want   string
		}{
			"all":              {tasks.ReviewFilter{}, "j1 j2 j3 j4 j5 j6 j7 j8 j9"},
			"waiting":          {tasks.ReviewFilter{Tab: "waiting"}, "j1 j3 j9"},
			"mine":             {tasks.ReviewFilter{Tab: "mine", StaffID: "ann"}, "j2 j4"},
			"somebody else's":  {tasks.ReviewFilter{Tab: "mine", StaffID: "ben"}, "j6"},
			"second":           {tasks.ReviewFilter{Tab: "second"}, "j5"},
			"escalated":        {tasks.ReviewFilter{Tab: "escalated"}, "j7"},
			"done":             {tasks.ReviewFilter{Tab: "done"}, "j11 j10"},
			"free for first":   {tasks.ReviewFilter{Tab: "free", StaffID: "ann"}, "j1 j3 j7 j9"},
			"free for another": {tasks.ReviewFilter{Tab: "free", StaffID: "ben"}, "j1 j3 j5 j7 j9"},
			"free, plain":      {tasks.ReviewFilter{Tab: "free", StaffID: "ben", Plain: true}, "j1 j3 j5 j9"},
			"organisations":    {tasks.ReviewFilter{Nature: filing.NatureOrganisation}, "j9"},
			"risky":            {tasks.ReviewFilter{Tab: "waiting", Risky: true}, "j9"},
			"due soon":         {tasks.ReviewFilter{Tab: "waiting", DueBy: time.Now().Add(4 * time.Hour)}, "j1 j3"},
			"one":              {tasks.ReviewFilter{Receipt: "LR-j5"}, "j5"},
			"another kind":     {tasks.ReviewFilter{Kind: tasks.KindTransfer}, ""},
		} {
			if got := names(rows(t, s, c.filter)); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		err := s.View(t.Context(), func(x tasks.Tx) error {
			_, err := x.ReviewsOf(t.Context(), tasks.ReviewFilter{After: "yesterday"})
			return err
		})
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a cursor that is none gave %v", err)
		}
	})
}

func TestV5PagesContinueBehindACursorAndLoseNothing(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		queue(t, s)
		mustRun(t, s, `UPDATE reviews SET due_at = 5 WHERE job_id IN ('j2', 'j3', 'j4')`) // equal dates
		for _, tab := range []string{"", "waiting", "done"} {
			all := rows(t, s, tasks.ReviewFilter{Tab: tab})
			var paged []tasks.ReviewRow
			for after := ""; ; after = paged[len(paged)-1].Cursor {
				page := rows(t, s, tasks.ReviewFilter{Tab: tab, After: after, Limit: 2})
				if len(page) == 0 {
					break
				}
				paged = append(paged, page...)
			}
			if len(all) == 0 || names(all) != names(paged) {
				t.Errorf("%q: all %s, paged %s", tab, names(all), names(paged))
			}
		}
	})
}

func TestV5ARowShowsItsJobMasked(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		r := opened(t, s, "j1", time.Hour, func(r *tasks.Review) { r.Risk = []string{"repeated"} })
		addDocument(t, s, document("d1", "j1"))
		addDocument(t, s, document("d2", "j1")) // takes its place
		got := rows(t, s, tasks.ReviewFilter{})
		for i := range got {
			got[i].Cursor = ""
		}
		want := []tasks.ReviewRow{{Review: *r, JobState: tasks.StateQueued, Subject: filing.MaskPersonName("王小明"), Documents: 1,
			Facts: tasks.CaseFacts{Nature: filing.NatureIndividual, Principal: true, Subject: filing.MaskPersonName("王小明")}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestV7TheTabsAndTheDayAreCounted(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		queue(t, s)
		var now time.Time
		inTx(t, s, func(x *tx) error { now = x.Now(); return nil })
		_, end := today(now)
		mustRun(t, s, `UPDATE reviews SET due_at = $1 WHERE ended = 0`, end.UnixMilli()) // tomorrow's first moment
		mustRun(t, s, `UPDATE reviews SET due_at = due_at - 1 WHERE job_id IN ('j1', 'j8')`)
		mustRun(t, s, `UPDATE reviews SET decided_at = $1, due_at = $1, state = 'rejected' WHERE ended = 1`, now.UnixMilli())
		mustRun(t, s, `UPDATE reviews SET breaches = 1 WHERE job_id = 'j11'`)
		counts := func(staff string) (c tasks.ReviewCounts) {
			err := s.View(t.Context(), func(x tasks.Tx) (err error) {
				c, err = x.CountReviews(t.Context(), staff)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		want := tasks.ReviewCounts{Waiting: 3, Mine: 2, Second: 1, Escalated: 1, Paused: 1, DueToday: 1, Breached: 1, DoneToday: 2, OnTimeToday: 1}
		if diff := cmp.Diff(want, counts("ann")); diff != "" {
			t.Error(diff)
		}
		if got := counts("ben").Mine; got != 1 {
			t.Errorf("ben holds %d", got)
		}
		inTx(t, s, func(x *tx) error { // a count that stops early stays where it stops
			c, err := x.countReviews(t.Context(), "ann", 2)
			if c.Waiting != 2 || c.Mine != 2 || c.Second != 2 || c.Escalated != 1 {
				t.Errorf("counted up to 2: %+v", c)
			}
			return err
		})
	})
}

func TestV7FiguresAreCountedByShanghaiDayAndKind(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		midnight := time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC) // of March 3 in Asia/Shanghai
		at := func(hours int) time.Time { return midnight.Add(time.Duration(hours) * time.Hour) }
		begun := func(from, due time.Time) func(*tasks.Review) {
			return func(r *tasks.Review) { r.StartedAt, r.DueAt, r.WorkedFrom = from, due, from.Add(time.Hour) }
		}
		ends := func(state tasks.ReviewState, when time.Time) func(*tasks.Review) {
			return func(r *tasks.Review) { r.State, r.DecidedAt = state, when }
		}
		opened(t, s, "j1", 0, begun(at(-1), at(40)), ends(tasks.ReviewApproved, at(2)))
		opened(t, s, "j2", 0, begun(at(1), at(3)), ends(tasks.ReviewRejected, at(4))) // late
		opened(t, s, "j3", 0, begun(at(2), at(40)), func(r *tasks.Review) { r.State, r.Reminded = tasks.ReviewPaused, 80 })
		opened(t, s, "j4", 0, begun(at(25), at(40)), func(r *tasks.Review) { r.Reminded = 80 })
		opened(t, s, "j5", 0, begun(at(25), at(40)), func(r *tasks.Review) { r.Reminded, r.Breaches = 80, 1 })
		opened(t, s, "j6", 0, begun(at(100), at(140)))
		opened(t, s, "j7", 0, begun(at(-100), at(140)), func(r *tasks.Review) { r.WorkedFrom = time.Time{} })
		for i, d := range []tasks.Decision{decided("d1", "j1", "ann", tasks.VerdictApprove, at(2)), decided("d2", "j2", "ann", tasks.VerdictReject, at(4)),
			decided("d3", "j3", "ben", tasks.VerdictNeedMore, at(24)), decided("d7", "j7", "ben", tasks.VerdictEscalate, at(1))} {
			if err := saveDecision(t, s, d); err != nil {
				t.Fatal(err)
			}
			d.Settled = d.At
			if err := saveDecision(t, s, d); err != nil {
				t.Fatal(i, err)
			}
		}
		var got tasks.ReviewStats
		err := s.View(t.Context(), func(x tasks.Tx) (err error) {
			got, err = x.ReviewStats(t.Context(), at(-24), at(48))
			return err
		})
		want := tasks.ReviewStats{Open: 4, AtRisk: 1, Breached: 1, Paused: 1, ByStaff: map[string]int{"ann": 2, "ben": 2},
			MedianHandling: 2 * time.Hour, P90Handling: 21 * time.Hour, // of 2 h (j1: 0 to 2), 2 h (j2: 2 to 4), 21 h (j3: 3 to 24)
			Days: []tasks.DayStats{
				{Day: "2026-03-02", Kind: tasks.KindReset, Received: 1},
				{Day: "2026-03-03", Kind: tasks.KindReset, Received: 2, Decided: 2, OnTime: 1, Approved: 1, Rejected: 1},
				{Day: "2026-03-04", Kind: tasks.KindReset, Received: 2, NeedMore: 1},
			},
			Hours: [24]tasks.HourStats{23: {Received: 1}, 1: {Received: 3}, 2: {Received: 1, Decided: 1}, 4: {Decided: 1}}} // of all days together
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
		if !slices.IsSortedFunc(got.Days, func(a, b tasks.DayStats) int { return strings.Compare(a.Day, b.Day) }) {
			t.Error("the days are in no order")
		}
	})
}
