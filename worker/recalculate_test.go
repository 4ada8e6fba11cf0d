package worker_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"beian/internal/store"
	"beian/internal/vault"
	"beian/internal/workday"
	"beian/tasks"
)

// swapped is a calendar that a test replaces while a desk counts by it.
type swapped struct {
	atomic.Pointer[workday.Calendar]
}

func (s *swapped) Due(start time.Time, days int) time.Time { return s.Load().Due(start, days) }

func (s *swapped) Share(start, due time.Time, percent int) time.Time {
	return s.Load().Share(start, due, percent)
}

func (s *swapped) Shift(due, from, until time.Time) time.Time {
	return s.Load().Shift(due, from, until)
}

func (s *swapped) Between(a, b time.Time) time.Duration { return s.Load().Between(a, b) }

// declares is a calendar in which the given days are off, too; as a year's file
// says it. The three days that every year has off are.
func declares(t *testing.T, days ...workday.Date) *workday.Calendar {
	t.Helper()
	off := map[int][]string{}
	for _, d := range days {
		off[d.Year] = append(off[d.Year], d.String())
	}
	var years []workday.Year
	for number, dates := range off {
		for _, day := range []string{"01-01", "05-01", "10-01"} {
			dates = append(dates, fmt.Sprintf("%d-%s", number, day))
		}
		slices.Sort(dates)
		var entries []string
		for _, date := range slices.Compact(dates) {
			entries = append(entries, fmt.Sprintf(`{"date":"%s","off":true,"name":{"zh-CN":"节","en":"Holiday"}}`, date))
		}
		year, err := workday.ParseYear(fmt.Appendf(nil, `{"year":%d,"source":"test","days":[%s]}`, number, strings.Join(entries, ",")))
		if err != nil {
			t.Fatal(err)
		}
		years = append(years, year)
	}
	return workday.New(years...)
}

// plus is the day some days after a moment, in Shanghai.
func plus(at time.Time, days int) workday.Date {
	at = at.In(workday.New().Zone()).AddDate(0, 0, days)
	return workday.Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}
}

// counts gives the house a desk that counts by a calendar which can be swapped.
func (h *house) counts(keys *vault.Vault) *swapped {
	days := &swapped{}
	days.Store(workday.New())
	p := resetPolicy(tasks.Policy{RealName: "off", TargetWindow: 72 * time.Hour, VerifyWindow: 24 * time.Hour})
	p.Calendar = days
	h.desk = tasks.NewDesk(tasks.DeskParts{Store: h.store, Sender: h.paper, Secrets: keys, Random: random{},
		Flows: tasks.Flows(p, keys, random{}), Lease: time.Minute, Cabinet: newShelf()})
	return days
}

// moved counts the timeline rows of new dates and the messages that tell of one.
func (h *house) moved() (rows, told int) {
	h.t.Helper()
	return h.number(`SELECT count(*) FROM timeline WHERE what = 'due_changed'`), h.number(`SELECT count(*) FROM notices WHERE template = 'reset_moved'`)
}

func (h *house) recalculates(t *testing.T, moved int) {
	t.Helper()
	sum, err := h.desk.Recalculate(t.Context())
	if err != nil || sum.Moved != moved {
		t.Fatalf("%+v, %v; want %d moved", sum, err, moved)
	}
}

func TestV2ANewHolidayMovesTheDatesOfOpenReviewsOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		days := h.counts(h.vault)
		h.settleLost(0, 3)
		var open []applicant
		for i := range 3 {
			a, err := h.queueUp(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, a)
		}
		before, err := h.review(t.Context(), open[0].receipt)
		if err != nil {
			t.Fatal(err)
		}
		h.recalculates(t, 0)

		due := plus(before.DueAt, 0)
		days.Store(declares(t, due, plus(before.DueAt, 1)))
		h.recalculates(t, 3)
		h.recalculates(t, 0)
		after, err := h.review(t.Context(), open[0].receipt)
		if err != nil || !after.DueAt.Equal(days.Due(before.StartedAt, 2)) || !after.DueAt.After(before.DueAt) || !after.Promised.Equal(before.Promised) {
			t.Errorf("due %s after %s, first promised %s, %v", after.DueAt, before.DueAt, after.Promised, err)
		}
		if rows, told := h.moved(); rows != 3 || told != 6 {
			t.Errorf("%d rows, %d messages; want 3 rows and an SMS and a mail each", rows, told)
		}
		if n := h.number(`SELECT count(*) FROM outbox WHERE type = 'login_reset:card' AND state = 'waiting'`); n != 3 {
			t.Errorf("%d cards were posted again", n)
		}
		view, err := h.desk.Look(t.Context(), open[0].receipt, tasks.Viewer{System: true})
		if err != nil {
			t.Fatal(err)
		}
		last := view.Timeline[len(view.Timeline)-1]
		if from, to, ok := strings.Cut(last.Note, " → "); last.What != tasks.WhatDueChanged || !ok || from == to || !strings.HasPrefix(from, due.String()) {
			t.Errorf("the timeline says %s %q", last.What, last.Note)
		}

		days.Store(workday.New()) // the notice was a mistake
		h.recalculates(t, 3)
		if back, err := h.review(t.Context(), open[0].receipt); err != nil || !back.DueAt.Equal(before.DueAt) {
			t.Errorf("due %s, was %s, %v", back.DueAt, before.DueAt, err)
		}
		if rows, told := h.moved(); rows != 6 || told != 6 {
			t.Errorf("%d rows, %d messages; an earlier date is not told", rows, told)
		}
		h.chained()
	})
}

// The clock stands on SQLite, so that pauses have a length.
func TestV2PausesAreAppliedAgainAndABrokenPromiseStaysBroken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db"))
	keys, err := vault.Load(h.keys)
	if err != nil {
		t.Fatal(err)
	}
	now := &clock{now: aMonday()}
	if h.store, err = store.Open(t.Context(), store.Options{URL: h.url, Vault: keys, Clock: now.read}); err != nil {
		t.Fatal(err)
	}
	clocked := h.store
	t.Cleanup(func() { clocked.Close() })
	days := h.counts(keys)
	h.settleLost(0, 2)
	paused, err := h.queueUp(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	late, err := h.queueUp(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	now.pass(3 * time.Hour)
	if err := h.judge(t.Context(), paused.receipt, 0, reviewer("ann"), tasks.VerdictNeedMore); err != nil {
		t.Fatal(err)
	}
	settle := tasks.TaskRef{ID: tasks.TaskID(tasks.KindReset, paused.receipt, "settle"), Generation: 1}
	if err := h.desk.Work(t.Context(), settle); err != nil {
		t.Fatal(err)
	}
	stopped, err := h.review(t.Context(), paused.receipt)
	if err != nil || stopped.State != tasks.ReviewPaused {
		t.Fatalf("%s, %v", stopped.State, err)
	}
	h.recalculates(t, 0)
	now.pass(24 * time.Hour)
	if err := paused.upload(t.Context(), tasks.SlotIDFront, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := paused.act(t.Context(), tasks.VerbSupplement, nil); err != nil {
		t.Fatal(err)
	}
	resumed, err := h.review(t.Context(), paused.receipt)
	if err != nil || !resumed.DueAt.Equal(days.Shift(stopped.DueAt, stopped.PausedAt, now.read())) {
		t.Fatalf("due %s, %v", resumed.DueAt, err)
	}
	h.recalculates(t, 0)

	now.pass(36 * time.Hour) // Wednesday night: the promise to the second is broken, the first's is for Thursday
	if l, err := h.review(t.Context(), late.receipt); err != nil || now.read().Before(l.DueAt) {
		t.Fatalf("due %s, %v", l.DueAt, err)
	}
	days.Store(declares(t, plus(aMonday(), 2), plus(aMonday(), 3)))
	h.recalculates(t, 1)
	moved, err := h.review(t.Context(), paused.receipt)
	if want := days.Load().Replay(resumed.StartedAt, 2, []workday.Pause{{From: stopped.PausedAt, Until: now.read().Add(-36 * time.Hour)}}); err != nil || !moved.DueAt.Equal(want) {
		t.Errorf("due %s, want %s, %v", moved.DueAt, want, err)
	}

	card := tasks.TaskRef{ID: tasks.CardID(late.receipt, 1), Generation: 1}
	_ = h.desk.Work(t.Context(), card) // parks itself
	broken, err := h.review(t.Context(), late.receipt)
	if err != nil || broken.Breaches != 1 {
		t.Fatalf("%d breaches, %v", broken.Breaches, err)
	}
	h.recalculates(t, 0)
	days.Store(workday.New())
	h.recalculates(t, 2) // the date after a breach is counted from the breach
	if again, err := h.review(t.Context(), late.receipt); err != nil || !again.DueAt.Equal(days.Due(broken.BreachedAt, 1)) {
		t.Errorf("due %s, %v", again.DueAt, err)
	}
}
