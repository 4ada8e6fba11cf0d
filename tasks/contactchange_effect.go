package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"beian/internal/filing"
)

// errOvertaken: the account has a phone that this change did not give it.
var errOvertaken = errors.New("the account has another phone by now")

// apply gives the account its phone, on the locked account, when the rules hold once
// more (A5); a phone on record that is not the one which confirmed ends the job as
// failed, nothing changed. Both phones, the mailbox and the principals are told with
// the way to object (A8). Sessions stay as they are: whoever got here was signed in
// and had the old phone, and throwing out everybody else would throw out the owner,
// who may be the one to object.
func (c *ContactChange) apply(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateApplying {
		return Change{}, nil
	}
	if err := tx.LockAccounts(ctx, job.SourceAccountID); err != nil {
		return Change{}, err
	}
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Change{}, err
	}
	numbers, err := numbersOf(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	found := contactRules(tx.Now(), holder.Account)
	found.when(holder.Account.SecurityPhone != numbers.old, "PHONE_REPLACED", OwnerPlatform, "")
	if len(found) > 0 {
		return c.failed(ctx, tx, job, found)
	}
	f, err := contactFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.HoldUntil = tx.Now().Add(c.policy.ContactHold)
	if err := tx.HoldTransfers(ctx, job.SourceAccountID, f.HoldUntil); err != nil {
		return Change{}, err
	}
	if err := tx.SetPhone(ctx, job.SourceAccountID, numbers.fresh); err != nil {
		return Change{}, err
	}
	told, err := everyone(ctx, tx, job, c.notice(job, f, TemplateContactDone), numbers.old)
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: told}, keepContact(job, f)
}

func (c *ContactChange) failed(ctx context.Context, tx Tx, job *Job, found []Blocker) (Change, error) {
	f, err := contactFacts(job)
	if err != nil {
		return Change{}, err
	}
	job.Blockers = found
	told, err := everyone(ctx, tx, job, c.notice(job, f, TemplateContactFailed))
	return Change{To: StateFailed, Events: []Event{{Actor: System(), What: WhatBlocked, Note: found[0].Code}}, Notices: told}, err
}

// restore brings the old phone back, because the owner had no part in the change.
// A phone that came after this change stays: errOvertaken.
func (c *ContactChange) restore(ctx context.Context, tx Tx, job *Job, e Event) (Change, error) {
	numbers, link, err := c.bringBack(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	f, err := contactFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.RestoredAt, job.DisputedAt = tx.Now(), time.Time{}
	told, err := everyone(ctx, tx, job, c.notice(job, f, TemplateContactRestored), numbers.fresh)
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateRejected, Events: []Event{e}, Notices: append(told, link...)}, keepContact(job, f)
}

// bringBack gives the account the phone that a change took. Somebody else was signed
// in, so every key is taken away as after a login reset (L8), and the owner's mailbox
// gets the link to a new password, which is returned. Transfers wait as long as they
// would have (T6). A phone that came after the change stays, and numbers that were
// shredded can't come back: errOvertaken.
func (d codeDesk) bringBack(ctx context.Context, tx Tx, job *Job) (numbers, []Notice, error) {
	if err := tx.LockAccounts(ctx, job.SourceAccountID); err != nil {
		return numbers{}, nil, err
	}
	n, err := numbersOf(ctx, tx, job)
	if errors.Is(err, ErrNotFound) {
		return n, nil, errOvertaken
	}
	if err != nil {
		return n, nil, err
	}
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return n, nil, err
	}
	if holder.Account.SecurityPhone != n.fresh || holder.Account.Status == filing.AccountClosed {
		return n, nil, errOvertaken
	}
	if err := tx.SetPhone(ctx, job.SourceAccountID, n.old); err != nil {
		return n, nil, err
	}
	if err := tx.TakeKeys(ctx, job.SourceAccountID); err != nil {
		return n, nil, err
	}
	_, link, err := d.openRecovery(ctx, tx, recoveryAsk{account: holder.Account, channel: ChannelMail})
	if err != nil {
		return n, nil, ignore(err, ErrNotFound)
	}
	return n, []Notice{link}, nil
}

// expireIn ends a change that stayed silent in a state past its ExpiresAt.
func (c *ContactChange) expireIn(state State) StepFunc {
	return func(ctx context.Context, tx Tx, job *Job) (Change, error) {
		if job.State != state || job.ExpiresAt.IsZero() || tx.Now().Before(job.ExpiresAt) {
			return Change{}, nil
		}
		return c.end(ctx, tx, job, StateExpired, Event{Actor: System(), What: WhatExpired})
	}
}

// end stops a change without its effect and tells everybody who had heard of it.
func (c *ContactChange) end(ctx context.Context, tx Tx, job *Job, to State, e Event) (Change, error) {
	f, err := contactFacts(job)
	if err != nil {
		return Change{}, err
	}
	n := c.notice(job, f, TemplateContactStopped)
	n.Params["state"] = string(to)
	told, err := everyone(ctx, tx, job, n)
	job.ExpiresAt = tx.Now()
	return Change{To: to, Events: []Event{e}, Notices: told}, err
}

func (c *ContactChange) notice(job *Job, f ContactFacts, tpl Template) Notice {
	params := map[string]string{"receipt": job.Receipt, "phone": f.NewPhone}
	if !f.HoldUntil.IsZero() {
		params["date"] = stamp(f.HoldUntil)
	}
	return Notice{Template: tpl, Params: params}
}

// everyone addresses one message to every channel that we hold for the account and
// for each of its subjects (A8), and to the phones given besides.
func everyone(ctx context.Context, tx Tx, job *Job, n Notice, also ...filing.Phone) ([]Notice, error) {
	subjects, err := tx.Subjects(ctx, job.SourceAccountID)
	if err != nil {
		return nil, fmt.Errorf("reading whom to tell: %w", err)
	}
	ids := []string{""}
	for _, s := range subjects {
		ids = append(ids, s.ID)
	}
	var out []Notice
	for _, id := range ids {
		held, err := tx.Contacts(ctx, job.SourceAccountID, id)
		if err != nil {
			return nil, fmt.Errorf("reading whom to tell: %w", err)
		}
		also = append(also, held.Phones...)
		for _, mailbox := range held.Mailboxes {
			out = append(out, Notice{Channel: ChannelMail, Template: n.Template, Email: mailbox, Params: n.Params})
		}
	}
	for _, phone := range also {
		out = append(out, Notice{Channel: ChannelSMS, Template: n.Template, Phone: phone, Params: n.Params})
	}
	return distinct(out), nil
}
