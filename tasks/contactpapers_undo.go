package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Verbs of a contact change on papers: those of a case. After its end an objection
// prolongs the wait of transfers, and a supervisor's rejection brings the old phone
// back, as in a change by codes (ADR 23).
func (c *ContactPapers) Verbs() map[Verb]VerbFunc {
	verbs := c.paperCase.Verbs()
	verbs[VerbDispute], verbs[VerbReject] = c.dispute, c.reject
	return verbs
}

// Offers adds that a change which took effect can be undone.
func (c *ContactPapers) Offers(job Job, by Viewer, now time.Time) []Verb {
	out := c.paperCase.Offers(job, by, now)
	f, err := caseFacts(&job)
	if err != nil {
		return out
	}
	own, err := changed(f)
	if err == nil && own.OldPhone != "" && job.State == StateDone && slices.Contains(out, VerbRelease) {
		out = append(out, VerbReject)
	}
	return out
}

// changed is what a change on papers remembers of its effect, masked; zero before.
func changed(f CaseFacts) (own ContactFacts, err error) {
	if len(f.Own) == 0 {
		return own, nil
	}
	if err := json.Unmarshal(f.Own, &own); err != nil {
		return own, fmt.Errorf("decoding what a contact change on papers did: %w", err)
	}
	return own, nil
}

// keepOld notes the phone that is about to be replaced: sealed in the dossier, masked
// in the facts. An account that had none has nothing to bring back.
func (c *ContactPapers) keepOld(ctx context.Context, tx Tx, job *Job, f *CaseFacts, d Dossier) error {
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return err
	}
	own := ContactFacts{NewPhone: f.Phone}
	if old := holder.Account.SecurityPhone; !old.IsZero() {
		own.OldPhone, d.Own[ownOldPhone] = old.Masked(), old.Reveal()
	}
	f.keepOwn(own)
	return tx.SaveDossier(ctx, job.ID, d)
}

// dispute is a case's; after the end transfers wait as long as one could still object,
// since a supervisor needs the time, and the phone that was replaced is told, too.
func (c *ContactPapers) dispute(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	again := !job.DisputedAt.IsZero()
	change, err := c.paperCase.dispute(ctx, tx, job, a)
	if err != nil || again || job.State != StateDone {
		return change, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	own, err := changed(f)
	if err != nil {
		return Change{}, err
	}
	own.HoldUntil = later(own.HoldUntil, tx.Now().Add(disputeWindow))
	if err := tx.HoldTransfers(ctx, job.SourceAccountID, own.HoldUntil); err != nil {
		return Change{}, err
	}
	f.keepOwn(own)
	told, err := c.toReplaced(ctx, tx, job, own)
	change.Notices = distinct(append(change.Notices, told...))
	return change, errors.Join(err, keepCase(job, f))
}

// toReplaced tells the phone that was on record before that somebody objected.
func (c *ContactPapers) toReplaced(ctx context.Context, tx Tx, job *Job, own ContactFacts) ([]Notice, error) {
	if own.OldPhone == "" {
		return nil, nil
	}
	numbers, err := numbersOf(ctx, tx, job)
	if err != nil {
		return nil, ignore(err, ErrNotFound)
	}
	params := map[string]string{"receipt": job.Receipt}
	return []Notice{{Channel: ChannelSMS, Template: TemplateContactFrozen, Phone: numbers.old, Params: params}}, nil
}

// reject ends a disputed case for good, or undoes one that took effect; supervisors
// only (A8).
func (c *ContactPapers) reject(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if job.State != StateDone {
		return c.refuse(ctx, tx, job, a)
	}
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	change, err := c.restore(ctx, tx, job, Event{Actor: staffActor(a), What: WhatRestored})
	if errors.Is(err, errOvertaken) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	return change, err
}

// restore brings the phone back that the papers replaced. DisputedAt stays: what a
// supervisor undid can't be appealed.
func (c *ContactPapers) restore(ctx context.Context, tx Tx, job *Job, e Event) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	own, err := changed(f)
	if err != nil {
		return Change{}, err
	}
	if own.OldPhone == "" {
		return Change{}, errOvertaken
	}
	numbers, link, err := c.bringBack(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	own.RestoredAt = tx.Now()
	f.keepOwn(own)
	params := map[string]string{"receipt": job.Receipt, "phone": f.Phone}
	told, err := everyone(ctx, tx, job, Notice{Template: TemplateContactRestored, Params: params}, numbers.fresh)
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateRejected, Events: []Event{e}, Notices: append(told, link...)}, keepCase(job, f)
}

// Show adds what the change did; the numbers, masked, to staff and applicant only.
func (c *ContactPapers) Show(ctx context.Context, tx Tx, v *View) error {
	if err := c.paperCase.Show(ctx, tx, v); err != nil {
		return err
	}
	own, err := changed(v.Case.Facts)
	if err != nil {
		return err
	}
	if v.Role != RoleStaff && !v.Own {
		own.OldPhone, own.NewPhone = "", ""
	}
	v.Contact = &own
	return nil
}
