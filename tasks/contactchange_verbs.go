package tasks

import (
	"context"
	"errors"
	"time"

	"beian/internal/filing"
)

// verifyOld takes the code from the phone on record; only the account may. The phone
// to come gets its code.
func (c *ContactChange) verifyOld(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := c.mine(job, a, StateOldPhone); err != nil {
		return Change{}, err
	}
	refuse, err := c.checkCode(ctx, tx, job, PurposeOldPhone, a.Fields[FieldCode])
	if err != nil || refuse != nil {
		return Change{Refuse: refuse, Events: wrongCode(ownerActor(job), refuse)}, err
	}
	code, err := c.code(ctx, tx, job, StateNewPhone)
	if err != nil {
		return Change{}, err
	}
	return c.await(tx, job, Change{To: StateNewPhone, Events: []Event{{Actor: ownerActor(job), What: WhatOldProved}}, Notices: []Notice{code}}), nil
}

// verifyNew takes the code from the phone to come; only the account may. The effect
// is a task of its own.
func (c *ContactChange) verifyNew(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := c.mine(job, a, StateNewPhone); err != nil {
		return Change{}, err
	}
	refuse, err := c.checkCode(ctx, tx, job, PurposeNewPhone, a.Fields[FieldCode])
	if err != nil || refuse != nil {
		return Change{Refuse: refuse, Events: wrongCode(ownerActor(job), refuse)}, err
	}
	job.ExpiresAt = time.Time{}
	return Change{To: StateApplying, Events: []Event{{Actor: ownerActor(job), What: WhatNewProved}},
		Tasks: []Task{c.task(job, stepApply, tx.Now())}}, nil
}

// resend sends the code of the present state again: the same one within its life
// (C1).
func (c *ContactChange) resend(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := c.mine(job, a, StateOldPhone, StateNewPhone); err != nil {
		return Change{}, err
	}
	code, err := c.code(ctx, tx, job, job.State)
	if err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: ownerActor(job), What: WhatCodeSent}}, Notices: []Notice{code}}, nil
}

// code is the message that a state waits for.
func (c *ContactChange) code(ctx context.Context, tx Tx, job *Job, state State) (Notice, error) {
	numbers, err := numbersOf(ctx, tx, job)
	if err != nil {
		return Notice{}, err
	}
	f, err := contactFacts(job)
	if err != nil {
		return Notice{}, err
	}
	ask := c.ask(job, f, numbers.old)
	if state == StateNewPhone {
		ask.purpose, ask.phone = PurposeNewPhone, numbers.fresh
	}
	return c.sendCode(ctx, tx, job, ask)
}

// cancel is the account's change of mind, possible until the effect begins.
func (c *ContactChange) cancel(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := c.mine(job, a, StateOldPhone, StateNewPhone); err != nil {
		return Change{}, err
	}
	return c.end(ctx, tx, job, StateWithdrawn, Event{Actor: ownerActor(job), What: WhatCancelled})
}

// ownerActor is the account, which asks for its own change.
func ownerActor(job *Job) Actor { return Actor{Kind: ActorApplicant, ID: job.SourceAccountID} }

// disputant: the account itself, a contact by a notice's code, or a supervisor.
func (c *ContactChange) disputant(job *Job, a Action) Actor {
	if a.By.AccountID != "" {
		return ownerActor(job)
	}
	return disputant(job, a)
}

// mine admits the account in the states given.
func (c *ContactChange) mine(job *Job, a Action, states ...State) error {
	if a.By.AccountID != job.SourceAccountID {
		return ErrForbidden
	}
	return in(job, a.Verb, states...)
}

// dispute freezes an open change, or marks one of the last seven days (A8). Transfers
// then wait as long as one could still object: a supervisor needs the time.
func (c *ContactChange) dispute(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if a.By.Tracking != "" || (a.By.Staff != "" && a.By.Staff != ActorSupervisor) {
		return Change{}, ErrForbidden
	}
	if !job.DisputedAt.IsZero() {
		return Change{}, nil
	}
	if !disputable(*job, tx.Now()) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	f, err := contactFacts(job)
	if err != nil {
		return Change{}, err
	}
	change := Change{Events: []Event{{Actor: c.disputant(job, a), What: WhatDisputed}}}
	var replaced []filing.Phone
	if job.State.Ended() {
		numbers, err := numbersOf(ctx, tx, job)
		if err != nil {
			return Change{}, err
		}
		replaced = append(replaced, numbers.old)
		f.HoldUntil = later(f.HoldUntil, tx.Now().Add(disputeWindow))
		if err := tx.HoldTransfers(ctx, job.SourceAccountID, f.HoldUntil); err != nil {
			return Change{}, err
		}
	} else {
		job.Before, change.To = job.State, StateDisputed
	}
	job.DisputedAt = tx.Now()
	if change.Notices, err = everyone(ctx, tx, job, c.notice(job, f, TemplateContactFrozen), replaced...); err != nil {
		return Change{}, err
	}
	return change, keepContact(job, f)
}

// release lets a disputed change go on where it stood, or takes the mark off one that
// took effect; supervisors only (A8).
func (c *ContactChange) release(_ context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	change := Change{Events: []Event{{Actor: staffActor(a), What: WhatReleased}}}
	job.DisputedAt = time.Time{}
	if job.State != StateDisputed {
		return change, nil
	}
	change.To, job.Before = job.Before, ""
	if change.To == StateApplying {
		change.Tasks = []Task{c.task(job, stepApply, tx.Now())}
		return change, nil
	}
	return c.await(tx, job, change), nil
}

// reject ends a disputed change for good, or undoes one that took effect; supervisors
// only (A8).
func (c *ContactChange) reject(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	if job.State != StateDone {
		job.DisputedAt = time.Time{}
		return c.end(ctx, tx, job, StateRejected, Event{Actor: staffActor(a), What: WhatRejected})
	}
	change, err := c.restore(ctx, tx, job, Event{Actor: staffActor(a), What: WhatRestored})
	if errors.Is(err, errOvertaken) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	return change, err
}
