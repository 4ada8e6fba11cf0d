package tasks

import (
	"context"
	"time"
)

// disputeWindow is how long after the end a notified party may still object;
// within it a supervisor can reverse a transfer (T14).
const disputeWindow = SnapshotLife

// dispute freezes an open job until a supervisor decides, or marks one that
// ended less than seven days ago (A8). Whoever can see the job as a party or
// holds a notice's code may; twice is the same as once.
func dispute(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if a.By.Tracking != "" || (a.By.Staff != "" && a.By.Staff != ActorSupervisor) {
		return Change{}, ErrForbidden
	}
	if !job.DisputedAt.IsZero() {
		return Change{}, nil
	}
	if !disputable(*job, tx.Now()) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	c := Change{Events: []Event{{Actor: disputant(job, a), What: WhatDisputed}}}
	if !job.State.Ended() {
		job.Before, c.To = job.State, StateDisputed
	}
	job.DisputedAt = objected(*job, tx.Now())
	source, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Change{}, err
	}
	c.Notices = channels(source.Account, TemplateDisputed, map[string]string{"receipt": job.Receipt})
	return c, nil
}

// disputable: open, or done less than the window ago.
func disputable(job Job, now time.Time) bool {
	return !job.State.Ended() || (job.State == StateDone && now.Sub(job.EndedAt) <= disputeWindow)
}

// objected is when an objection counts from. One that waited until the effect was
// committed came after it, although its transaction began before (R21).
func objected(job Job, now time.Time) time.Time {
	if now.Before(job.EndedAt) {
		return job.EndedAt
	}
	return now
}

func disputant(job *Job, a Action) Actor {
	switch {
	case a.By.Staff != "":
		return staffActor(a)
	case a.By.AccountID != "":
		return partyActor(job, a)
	}
	return Actor{Kind: ActorContact}
}

// reject ends a disputed job for good; supervisors only (A8).
func reject(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	if job.State.Ended() {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	job.DisputedAt = time.Time{} // decided: nothing is left to release
	return stop(ctx, tx, job, StateRejected, Event{Actor: staffActor(a), What: WhatRejected})
}

// supervise admits supervisors to disputed jobs.
func supervise(job *Job, a Action) error {
	if a.By.Staff != ActorSupervisor {
		return ErrForbidden
	}
	if job.DisputedAt.IsZero() {
		return &WrongState{Verb: a.Verb, State: job.State}
	}
	return nil
}

func staffActor(a Action) Actor { return Actor{Kind: a.By.Staff, ID: a.StaffID} }
