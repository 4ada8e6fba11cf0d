package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ContactPapers gives a signed-in account another security phone when no code can
// reach the one on record: papers and a review take its place (ADR 23). All that
// papers and reviews need is in case.go; here is what is its own: it begins signed
// in, for the account's own subject, the contact phone that a code confirms is the
// one that becomes the security phone, and the effect is a contact change's.
//
//	draft → queued → (approved_1) → hold → done → rejected (the old phone is back)
//
// What happens after the end is in contactpapers_undo.go.
type ContactPapers struct {
	paperCase
}

// ownAccount is the sealed dossier's place for the account that began.
const ownAccount = "account"

// NewContactPapers builds the flow with the operator's policy.
func NewContactPapers(p Policy, s Secrets, r Random) *ContactPapers {
	c := &ContactPapers{}
	c.paperCase = paperCase{codeDesk: codeDesk{secrets: s, random: r}, policy: p, own: c, name: "contact_papers", purpose: PurposeNewPhone}
	return c
}

// Kind is "contact_papers".
func (c *ContactPapers) Kind() Kind { return KindContactPapers }

// Letters are CP.
func (c *ContactPapers) Letters() string { return "CP" }

// ContactReasons are the reasons why a code can't reach the phone on record;
// permanent strings.
func ContactReasons() []string { return []string{"phone_lost", "number_gone", "staff_left", "other"} }

// Check reads the form and adds what may be told to somebody who is signed in: the
// rules about the own account (A5).
func (c *ContactPapers) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	holder, err := tx.Party(ctx, AccountRef{ID: s.AccountID})
	if err != nil {
		return Preview{}, nil, fmt.Errorf("reading the account of a contact change: %w", err)
	}
	p, _, err := c.paperCase.Check(ctx, tx, s)
	if err != nil {
		return Preview{}, nil, err
	}
	p.dossier.Own[ownAccount] = s.AccountID
	found := contactRules(tx.Now(), holder.Account)
	found.when(!holder.HasSubject(), "SUBJECT_NONE", OwnerApplicant, "")
	open, err := openContact(ctx, tx, s.AccountID, "")
	return p, append(found, open...), err
}

// Open starts a draft. How many one account begins is bounded.
func (c *ContactPapers) Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error) {
	s.Asker = s.AccountID
	return c.paperCase.Open(ctx, tx, job, s, p)
}

// read reads the form: a filing, the phone to come, and why no code will do.
func (c *ContactPapers) read(fields map[string]string) (Dossier, []Fault) {
	r := reader{fields: fields}
	d := r.readFacts()
	d.Reason = r.oneOf(FieldReason, ContactReasons()...)
	d.Remark = r.optional(FieldRemark, maxRemark)
	d.Own = map[string]string{ownAccount: fields[ownAccount]}
	return d, r.faults
}

// match: the subject is the account's own, whoever holds the papers of another, and
// nothing else is under way with the account (A6, T6).
func (c *ContactPapers) match(ctx context.Context, tx Tx, job *Job, d Dossier) (Party, []Blocker, error) {
	holder, missed, err := c.holder(ctx, tx, d)
	if err != nil || len(missed) > 0 {
		return Party{}, missed, err
	}
	if holder.Account.ID != d.Own[ownAccount] {
		return Party{}, []Blocker{{Code: "FACTS_DO_NOT_MATCH", Owner: OwnerSource, Field: FieldSubjectName}}, nil
	}
	found := contactRules(tx.Now(), holder.Account)
	found.when(d.Phone == holder.Account.SecurityPhone, "PHONE_REPLACED", OwnerApplicant, FieldPhone)
	open, err := openContact(ctx, tx, holder.Account.ID, job.Receipt)
	return holder, append(found, open...), err
}

func (c *ContactPapers) messages() caseMessages {
	return caseMessages{
		Warned: TemplateContactWarned, Approved: TemplateContactApproved, Rejected: TemplateContactRefused,
		Stopped: TemplateContactStopped, Failed: TemplateContactFailed, Frozen: TemplateContactFrozen,
		// These speak of a receipt and a date, and of nothing else.
		Queued: TemplateResetQueued, Asked: TemplateResetAsked, Delayed: TemplateResetDelayed, Moved: TemplateResetMoved, Held: TemplateResetHeld,
	}
}

func (c *ContactPapers) params(f CaseFacts) map[string]string {
	return map[string]string{"phone": f.Phone}
}

// effect gives the account its phone; transfers wait (T6). Everybody is told with the
// way to object, the phone that was on record included (A8), which is kept for as long
// as the dossier is.
func (c *ContactPapers) effect(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	until := tx.Now().Add(c.policy.ContactHold)
	if err := c.keepOld(ctx, tx, job, &f, d); err != nil {
		return Change{}, err
	}
	params := map[string]string{"receipt": job.Receipt, "phone": f.Phone, "date": stamp(until)}
	told, err := c.toOldChannels(ctx, tx, job, TemplateContactDone, params)
	if err != nil {
		return Change{}, err
	}
	told = append(told, Notice{Channel: ChannelSMS, Template: TemplateContactDone, Phone: d.Phone, Params: params})
	err = errors.Join(tx.HoldTransfers(ctx, job.SourceAccountID, until), tx.SetPhone(ctx, job.SourceAccountID, d.Phone))
	if err != nil {
		return Change{}, err
	}
	own, err := changed(f)
	if err != nil {
		return Change{}, err
	}
	own.HoldUntil, f.AppliedAt, job.ExpiresAt = until, tx.Now(), time.Time{}
	f.keepOwn(own)
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: distinct(told)}, keepCase(job, f)
}
