package tasks_test

import (
	"slices"
	"testing"
	"time"

	"beian/internal/workday"
	"beian/tasks"
)

// until lets time go by up to a moment, with every delivery.
func (o *office) until(at time.Time) {
	o.tb.Helper()
	o.pass(at.Sub(o.clock.Now()))
}

func TestV3_reminders_at_half_and_at_four_fifths_of_the_working_time(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn() // Monday 09:00 to Wednesday 18:00
	for _, step := range []struct {
		at       string
		reminded int
	}{{"2026-03-03 13:29", 0}, {"2026-03-03 13:31", 50}, {"2026-03-04 12:35", 50}, {"2026-03-04 12:37", 80}, {"2026-03-04 17:59", 80}} {
		o.until(shanghai(t, step.at))
		if got := r.review(); got.Reminded != step.reminded || got.Breaches != 0 {
			t.Errorf("%s: reminded at %d %%, %d breaches", step.at, got.Reminded, got.Breaches)
		}
	}
	if n := count(r.look(r.receipt).Timeline, tasks.WhatReminded); n != 2 {
		t.Errorf("%d rows about reminders", n)
	}
}

func TestV3_a_broken_promise_goes_to_supervisors_with_a_new_date_that_the_applicant_gets(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	first := r.review().DueAt
	o.until(first)
	got := r.review()
	next := shanghai(t, "2026-03-06 18:00")
	if got.Breaches != 1 || got.Tier != 1 || !got.DueAt.Equal(next) || !got.Promised.Equal(first) || !got.BreachedAt.Equal(first) {
		t.Errorf("%d breaches, tier %d, due %v", got.Breaches, got.Tier, got.DueAt)
	}
	for _, to := range []string{r.phone, r.address} {
		if got := o.wire.to(to, tasks.TemplateResetDelayed); len(got) != 1 || got[0].Params["date"] != "2026-03-06 18:00" {
			t.Errorf("the applicant was told %d times", len(got))
		}
	}
	wantIs(t, r.claim(reviewer(1)), tasks.ErrForbidden)
	o.until(next)
	if got := r.review(); got.Breaches != 2 || got.Tier != 2 || len(o.wire.to(r.phone, tasks.TemplateResetDelayed)) != 2 {
		t.Errorf("%d breaches, tier %d", got.Breaches, got.Tier)
	}
	r.approve(supervisor(1))
	r.stands(tasks.StateDone) // the hold is long over
	if n := count(r.look(r.receipt).Timeline, tasks.WhatBreached); n != 2 {
		t.Errorf("%d rows about breaches", n)
	}
	o.pass(30 * 24 * time.Hour)
	if got := r.review().Breaches; got != 2 {
		t.Errorf("%d breaches after the end", got)
	}
}

// The page of a reviewer renews its claim while it is open; it must not keep a
// supervisor out.
func TestV3_a_broken_promise_ends_the_claim_of_those_who_may_not_decide_any_more(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.until(r.review().DueAt.Add(-time.Minute))
	o.must(r.claim(reviewer(1)))
	o.pass(2 * time.Minute)
	wantIs(t, r.decide(r.verdict(reviewer(1), tasks.VerdictEscalate)), tasks.ErrForbidden)
	_, err := o.desk.Renew(t.Context(), r.receipt, reviewer(1))
	wantIs(t, err, tasks.ErrConflict)
	o.pass(30 * time.Minute)
	o.must(r.claim(supervisor(1)))
	if _, err := o.desk.Renew(t.Context(), r.receipt, supervisor(1)); err != nil {
		t.Error(err)
	}
}

func TestV3_a_card_that_was_lost_or_ran_late_is_swept_once(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.run()
	card := tasks.CardID(r.receipt, 1)
	at := slices.IndexFunc(o.parked, func(d delivery) bool { return d.ref.ID == card })
	if at < 0 {
		t.Fatal("no card is parked")
	}
	ref := o.parked[at].ref
	o.parked = nil // as after FLUSHALL
	o.clock.set(r.review().DueAt.Add(5 * time.Minute))
	for range 3 {
		if _, err := o.desk.SweepCards(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.review(); got.Breaches != 1 || got.Tier != 1 {
		t.Errorf("%d breaches, tier %d", got.Breaches, got.Tier)
	}
	for range 3 { // Run, pressed in the dashboard
		o.work(ref)
	}
	if got := r.review(); got.Breaches != 1 || count(r.look(r.receipt).Timeline, tasks.WhatBreached) != 1 {
		t.Errorf("%d breaches after late deliveries", got.Breaches)
	}
}

func TestV2_the_clock_stops_while_a_supervisor_looks_at_a_dispute(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	calendar := workday.New()
	r := o.draft(o.holder()).handIn()
	o.pass(26 * time.Hour) // Tuesday 11:00
	left := calendar.Between(o.now(), r.review().DueAt)
	o.must(r.object(tasks.TemplateResetWarned))
	o.pass(8 * 24 * time.Hour)
	if got := r.review(); got.Breaches != 0 || got.Reminded != 0 {
		t.Errorf("%d breaches, reminded at %d %%", got.Breaches, got.Reminded)
	}
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	got := r.review()
	if now := calendar.Between(o.now(), got.DueAt); now != left || got.State != tasks.ReviewOpen {
		t.Errorf("%v of working time left, want %v", now, left)
	}
	o.until(got.DueAt)
	if got := r.review().Breaches; got != 1 {
		t.Errorf("%d breaches at the moved date", got)
	}
}

// What the applicant owed when the other side objected, it still owes; its time is
// not ours.
func TestV2_a_dispute_while_the_applicant_is_on_turn_is_one_pause(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	calendar := workday.New()
	r := o.draft(o.holder()).handIn()
	r.askFor(reviewer(1), "id_back")
	asked := r.review()
	left := calendar.Between(asked.PausedAt, asked.DueAt)
	o.pass(24 * time.Hour)
	o.must(r.object(tasks.TemplateResetWarned))
	o.pass(3 * 24 * time.Hour)
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	o.pass(24 * time.Hour)
	r.clear(tasks.SlotIDBack)
	o.must(r.do(tasks.VerbSupplement))
	if got := calendar.Between(o.now(), r.review().DueAt); got != left {
		t.Errorf("%v of working time left, want %v", got, left)
	}
}
