package tasks

import (
	"context"
	"time"
)

// dispute freezes a case until a supervisor decides (A8): the review stops, a
// decision that could still be taken back is void. An effect of the last seven
// days is only marked.
func (pc *paperCase) dispute(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if a.By.Tracking != "" || (a.By.Staff != "" && a.By.Staff != ActorSupervisor) {
		return Change{}, ErrForbidden
	}
	if !job.DisputedAt.IsZero() {
		return Change{}, nil
	}
	if !pc.disputable(*job, tx.Now()) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	c := Change{Events: []Event{{Actor: disputant(job, a), What: WhatDisputed}}}
	if !job.State.Ended() {
		job.Before, c.To = job.State, StateDisputed
	}
	job.DisputedAt = objected(*job, tx.Now())
	params, frozen := map[string]string{"receipt": job.Receipt}, pc.own.messages().Frozen
	told, err := pc.toApplicant(ctx, tx, job, frozen, params)
	if err != nil {
		return Change{}, err
	}
	old, err := pc.toOthers(ctx, tx, job, frozen, params)
	if err != nil {
		return Change{}, err
	}
	c.Notices = distinct(append(told, old...))
	c.Tasks, err = pc.freezeReview(ctx, tx, job)
	return c, err
}

// disputable: the old channels know of it, and it is open or its effect is less
// than the window ago.
func (pc *paperCase) disputable(job Job, now time.Time) bool {
	return job.SourceAccountID != "" && disputable(job, now)
}

// freezeReview stops a review's clock and wakes its card, so that the dashboard
// says so at once.
func (pc *paperCase) freezeReview(ctx context.Context, tx Tx, job *Job) ([]Task, error) {
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil || r.State.Ended() {
		return nil, ignore(err, ErrNotFound)
	}
	if r.State == ReviewDeciding {
		d, err := pendingDecision(ctx, tx, job.ID)
		if err != nil {
			return nil, err
		}
		d.Undone = tx.Now()
		if err := tx.SaveDecision(ctx, d); err != nil {
			return nil, err
		}
	}
	if r.PausedAt.IsZero() {
		r.PausedAt = tx.Now()
	}
	r.State, r.Holder, r.UndoUntil = ReviewPaused, "", time.Time{}
	return []Task{cardTask(r, tx.Now())}, tx.SaveReview(ctx, &r)
}

// release lets a disputed case go on; supervisors only (A8). It needs two
// different approvals from now on (L9): what one person approved goes to a second.
func (pc *paperCase) release(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: staffActor(a), What: WhatReleased}}}
	if job.State != StateDisputed {
		job.DisputedAt = time.Time{}
		return c, nil
	}
	c.To, job.Before, job.DisputedAt = job.Before, "", time.Time{}
	switch c.To {
	case StateDraft:
		job.ExpiresAt = tx.Now().Add(pc.policy.DraftLife)
		c.Tasks = []Task{pc.task(job, stepExpireDraft, job.ExpiresAt)}
		return c, nil
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	if w := pc.own.waits(f); w.state == c.To {
		// The review that begins after that yes knows of the dispute.
		f.Contested, job.ExpiresAt = true, tx.Now().Add(w.life)
		c.Tasks = []Task{pc.task(job, w.step, job.ExpiresAt)}
		return c, keepCase(job, f)
	}
	return pc.releaseReview(ctx, tx, job, c)
}

func (pc *paperCase) releaseReview(ctx context.Context, tx Tx, job *Job, c Change) (Change, error) {
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return Change{}, err
	}
	r.NeedsTwo = true
	switch c.To {
	case StateNeedMore:
		job.ExpiresAt = tx.Now().Add(pc.policy.MoreLife)
		c.Tasks = append(c.Tasks, pc.task(job, stepExpireMore, job.ExpiresAt))
	case StateQueued, StateSecondReview:
		c.Tasks = append(c.Tasks, pc.resume(tx, &r))
	default: // approved: hold or applying
		c, err = pc.releaseApproved(ctx, tx, job, &r, c)
	}
	if err != nil {
		return Change{}, err
	}
	return c, tx.SaveReview(ctx, &r)
}

// releaseApproved: two approvals go on with the hold, one goes to a second
// reviewer with a new promise.
func (pc *paperCase) releaseApproved(ctx context.Context, tx Tx, job *Job, r *Review, c Change) (Change, error) {
	if r.FirstBy == "" {
		r.FirstBy, r.Stage, r.State, r.DecidedAt, r.DecidedBy = r.DecidedBy, 2, ReviewOpen, time.Time{}, ""
		r.StartedAt, r.WorkedFrom, r.Reminded, r.PausedAt = tx.Now(), time.Time{}, 0, time.Time{}
		r.Days = pc.policy.ReviewDays
		r.DueAt = pc.policy.Calendar.Due(tx.Now(), r.Days)
		c.To = StateSecondReview
		c.Tasks = append(c.Tasks, cardTask(*r, tx.Now()))
		return c, nil
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	c.To = StateHold
	c.Tasks = append(c.Tasks, pc.task(job, stepApply, later(f.HoldUntil, tx.Now())))
	return c, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// refuse ends a disputed case for good; supervisors only (A8).
func (pc *paperCase) refuse(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	if job.State.Ended() {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	// DisputedAt stays: a refusal after a dispute can't be appealed.
	return pc.end(ctx, tx, job, StateRejected, Event{Actor: staffActor(a), What: WhatRejected, Note: "DISPUTED"})
}
