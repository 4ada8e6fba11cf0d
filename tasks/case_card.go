package tasks

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Card is the parked task of a review round: a pure function of the record and of
// now (queue.md). It reminds at 50 and 80 %, notes a breach, and parks itself
// until the next moment; a run too many does nothing (V3).
func (pc *paperCase) Card(ctx context.Context, tx Tx, job *Job, r Review) (Change, error) {
	now := tx.Now()
	switch {
	case job.State == StateDisputed:
		return Change{Park: &Again{In: pausedLook, Why: "paused: disputed, a supervisor decides"}}, nil
	case r.State == ReviewPaused:
		return Change{Park: &Again{In: pausedLook, Why: "paused: waiting for the applicant"}}, nil
	case !now.Before(r.DueAt):
		return pc.breach(ctx, tx, job, r)
	}
	for _, percent := range []int{80, 50} {
		if r.Reminded < percent && !now.Before(pc.policy.Calendar.Share(r.StartedAt, r.DueAt, percent)) {
			r.Reminded = percent
			if err := tx.SaveReview(ctx, &r); err != nil {
				return Change{}, err
			}
			event := Event{Actor: System(), What: WhatReminded, Note: strconv.Itoa(percent)}
			return Change{Events: []Event{event}, Park: pc.parkUntil(now, r)}, nil
		}
	}
	return Change{Park: pc.parkUntil(now, r)}, nil
}

// pausedLook is how often a paused card looks whether the clock runs again; the
// change itself wakes it at once.
const pausedLook = 24 * time.Hour

// parkUntil is the next threshold and what the dashboard says meanwhile.
func (pc *paperCase) parkUntil(now time.Time, r Review) *Again {
	next, why := r.DueAt, "at risk (80 %), due "+stamp(r.DueAt)
	switch {
	case r.Breaches > 0:
		why = "SLA breached, tier " + strconv.Itoa(r.Tier) + ", due " + stamp(r.DueAt)
	case r.Reminded < 50:
		next, why = pc.policy.Calendar.Share(r.StartedAt, r.DueAt, 50), "due "+stamp(r.DueAt)
	case r.Reminded < 80:
		next, why = pc.policy.Calendar.Share(r.StartedAt, r.DueAt, 80), "due "+stamp(r.DueAt)
	}
	return &Again{In: max(next.Sub(now), time.Second), Why: why}
}

// breach books a broken promise: supervisors take over, the applicant hears first
// and gets a new date (V3).
func (pc *paperCase) breach(ctx context.Context, tx Tx, job *Job, r Review) (Change, error) {
	now := tx.Now()
	if r.Tier == 0 && r.State == ReviewClaimed { // a supervisor need not wait for the lease of who may not decide any more
		r.State, r.Holder, r.LeaseUntil = ReviewOpen, "", time.Time{}
	}
	r.Breaches++
	r.Tier++
	r.BreachedAt, r.Reminded = now, 80
	r.DueAt = pc.policy.Calendar.Due(now, 1)
	if err := tx.SaveReview(ctx, &r); err != nil {
		return Change{}, err
	}
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Delayed, map[string]string{"receipt": job.Receipt, "date": stamp(r.DueAt)})
	if err != nil {
		return Change{}, err
	}
	park := pc.parkUntil(now, r)
	park.Failure = true
	return Change{Events: []Event{{Actor: System(), What: WhatBreached, Note: stamp(r.DueAt)}}, Notices: told, Park: park}, nil
}

// closeReview ends a review that nobody decided and wakes its card, which then
// finds nothing left to do.
func (pc *paperCase) closeReview(ctx context.Context, tx Tx, job *Job) ([]Task, error) {
	r, err := tx.Review(ctx, job.Receipt)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil || r.State.Ended() {
		return nil, err
	}
	r.State, r.Holder = ReviewClosed, ""
	if err := tx.SaveReview(ctx, &r); err != nil {
		return nil, err
	}
	return []Task{cardTask(r, tx.Now())}, nil
}

// resume lets the clock run again: as much working time is left as there was
// (V2). A new look begins, whose time does not count the pause (V7). The card of
// the round wakes up.
func (pc *paperCase) resume(tx Tx, r *Review) Task {
	if !r.PausedAt.IsZero() {
		r.DueAt = pc.policy.Calendar.Shift(r.DueAt, r.PausedAt, tx.Now())
	}
	r.PausedAt, r.State, r.Holder, r.WorkedFrom = time.Time{}, ReviewOpen, "", time.Time{}
	return cardTask(*r, tx.Now())
}
