package tasks

import (
	"cmp"
	"context"
	"time"
)

// DueNow counts a review's date anew by the calendar in force, for as many days as
// were promised: a later policy moves no promise that was given.
// After a breach it is counted from there: one more working day (V3). A promise
// that is broken stays broken, and a notice that makes a day off a working day
// breaks none: a date never moves into the past.
func (pc *paperCase) DueNow(ctx context.Context, tx Tx, r Review) (time.Time, error) {
	clock := r.PausedAt // where it stands
	if clock.IsZero() {
		clock = tx.Now()
	}
	if r.State.Ended() || !clock.Before(r.DueAt) {
		return r.DueAt, nil
	}
	start, days := r.StartedAt, cmp.Or(r.Days, pc.policy.ReviewDays) // older ones kept none
	if r.BreachedAt.After(start) {
		start, days = r.BreachedAt, 1
	}
	events, err := tx.Timeline(ctx, r.JobID)
	if err != nil {
		return time.Time{}, err
	}
	due := pc.policy.Calendar.Due(start, days)
	for _, p := range pauses(events, start) {
		due = pc.policy.Calendar.Shift(due, p.from, p.until)
	}
	if !clock.Before(due) {
		return r.DueAt, nil
	}
	return due, nil
}

// pause is a time in which the clock stood still.
type pause struct{ from, until time.Time }

// pauses reads them off a timeline, in their order: from when the applicant was on
// turn, or the job frozen, until a reviewer was again. One that lasts is not among
// them: resuming shifts by it.
func pauses(events []Event, since time.Time) []pause {
	var out []pause
	var from time.Time
	for _, e := range events {
		stands := e.To == StateNeedMore || e.To == StateDisputed
		switch {
		case stands && from.IsZero():
			from = e.At
		case !stands && !from.IsZero():
			if !from.Before(since) {
				out = append(out, pause{from, e.At})
			}
			from = time.Time{}
		}
	}
	return out
}

// Redated notes the old and the new date. Reminders that came by the old one come
// again when the new one is later; the card looks at once, unless the clock stands
// still. Only a later date is told, and while the applicant is on turn there is
// none to tell.
func (pc *paperCase) Redated(ctx context.Context, tx Tx, job *Job, r *Review, due time.Time) (Change, error) {
	old := r.DueAt
	r.DueAt = due
	for _, percent := range []int{80, 50} {
		if r.Reminded >= percent && tx.Now().Before(pc.policy.Calendar.Share(r.StartedAt, due, percent)) {
			r.Reminded = map[int]int{80: 50, 50: 0}[percent]
		}
	}
	c := Change{Events: []Event{{Actor: System(), What: WhatDueChanged, Note: stamp(old) + " → " + stamp(due)}}}
	if !r.PausedAt.IsZero() {
		return c, nil
	}
	c.Tasks = []Task{cardTask(*r, tx.Now())}
	if !due.After(old) {
		return c, nil
	}
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Moved, map[string]string{"receipt": job.Receipt, "date": stamp(due)})
	c.Notices = told
	return c, err
}
