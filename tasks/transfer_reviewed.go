package tasks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"beian/internal/filing"
)

// ReviewedTransfer moves a whole subject to another account for whoever can't sign
// in to the one that holds it (T13): papers and a review take the place of the
// source's code, the effect is a transfer's. All that papers and reviews need is in
// case.go; here is what is its own: the receiver, who is asked before the review
// begins (ADR 20), the rules of a transfer, and the effect.
//
//	draft → (target_confirm) → queued → (approved_1) → hold → done
//	              └ decline, 72 h
type ReviewedTransfer struct {
	paperCase
	rules *Transfer
}

// NewReviewedTransfer builds the flow with the operator's policy.
func NewReviewedTransfer(p Policy, s Secrets, r Random) *ReviewedTransfer {
	t := &ReviewedTransfer{rules: NewTransfer(p, s, r)}
	t.paperCase = paperCase{codeDesk: codeDesk{secrets: s, random: r}, policy: p, own: t, name: "reviewed_transfer", purpose: PurposePapers}
	return t
}

// Kind is "transfer_reviewed".
func (t *ReviewedTransfer) Kind() Kind { return KindReviewed }

// Letters are TP.
func (t *ReviewedTransfer) Letters() string { return "TP" }

// Verbs of a reviewed transfer: those of a case, and the receiver's.
func (t *ReviewedTransfer) Verbs() map[Verb]VerbFunc {
	verbs := t.paperCase.Verbs()
	verbs[VerbInvite], verbs[VerbAccept], verbs[VerbDecline] = t.invite, t.accept, t.decline
	return verbs
}

// Steps of a reviewed transfer, carried out by workers.
func (t *ReviewedTransfer) Steps() map[string]StepFunc {
	steps := t.paperCase.Steps()
	steps[stepExpireConfirm] = t.expireIn(StateTargetConfirm)
	return steps
}

// read reads the form: a filing, and the receiver as in a transfer (T1).
func (t *ReviewedTransfer) read(fields map[string]string) (Dossier, []Fault) {
	r := reader{fields: fields}
	d := r.readFacts()
	r.readWhy(&d)
	r.faults = append(r.faults, targetFaults(fields)...)
	d.Own = map[string]string{FieldTarget: strings.TrimSpace(fields[FieldTarget]), FieldPhone4: digits(fields[FieldPhone4])}
	return d, r.faults
}

// masked remembers the receiver as it was typed, until it is found.
func (t *ReviewedTransfer) masked(d Dossier) CaseFacts {
	f := t.paperCase.masked(d)
	f.keepOwn(transferFacts{Preview: Preview{Source: "", Target: maskedTarget(d.Own[FieldTarget])}})
	return f
}

// maskedTarget shows enough of what was typed to know it again.
func maskedTarget(typed string) string {
	if mail, err := filing.ParseEmail(typed); err == nil {
		return mail.Masked()
	}
	shown := []rune(typed)
	return string(shown[:min(2, len(shown))]) + "***"
}

// keepOwn remembers what only this kind of job knows.
func (f *CaseFacts) keepOwn(own any) {
	f.Own, _ = json.Marshal(own) // plain values of ours, which have a JSON form
}

func movingFacts(f CaseFacts) (own transferFacts, err error) {
	if err := json.Unmarshal(f.Own, &own); err != nil {
		return own, fmt.Errorf("decoding the facts of a reviewed transfer: %w", err)
	}
	return own, nil
}

// match finds the account that holds the subject, and applies T2–T7, A1 and A6 to it
// and to the receiver. From the hand-in on the receiver is the one that was found
// then, whatever it is called.
func (t *ReviewedTransfer) match(ctx context.Context, tx Tx, job *Job, d Dossier) (Party, []Blocker, error) {
	target, err := t.target(ctx, tx, job, d)
	if err != nil {
		return Party{}, nil, err
	}
	source, out, err := t.holder(ctx, tx, d)
	if err != nil {
		return Party{}, nil, err
	}
	if target.Account.ID == "" {
		out = append(out, Blocker{Code: "TARGET_NOT_FOUND", Owner: OwnerSource, Field: FieldTarget})
	}
	if len(out) > 0 {
		return Party{}, out, nil
	}
	if source.Open != "" { // the owner's own transfer goes first; whose it is remains untold
		source.Open = hidden
	}
	out = append(t.rules.sourceBlockers(tx.Now(), source), t.rules.targetBlockers(tx.Now(), source, target)...)
	open, err := t.openAlready(ctx, tx, job, source.Subject.ID)
	if out = append(out, open...); err != nil || len(out) > 0 || job.TargetAccountID != "" {
		return source, out, err
	}
	return source, nil, t.named(ctx, tx, job, [2]Party{source, target})
}

// target is the receiver that the dossier names; zero when nobody is called so, and
// when the end of its phone is another (T1).
func (t *ReviewedTransfer) target(ctx context.Context, tx Tx, job *Job, d Dossier) (Party, error) {
	if job.TargetAccountID != "" {
		return tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	}
	refs := targetRef(d.Own)
	if len(refs) == 0 {
		return Party{}, nil
	}
	p, err := tx.Party(ctx, refs[0])
	if errors.Is(err, ErrNotFound) || (err == nil && !endsIn(p.Account.SecurityPhone, d.Own[FieldPhone4])) {
		return Party{}, nil
	}
	return p, err
}

// named notes both sides in the job, when all rules held.
func (t *ReviewedTransfer) named(ctx context.Context, tx Tx, job *Job, sides [2]Party) error {
	f, err := caseFacts(job)
	if err != nil {
		return err
	}
	p, err := previewOf(ctx, tx, sides[0], sides[1])
	if err != nil {
		return err
	}
	job.TargetAccountID, p.CodeTo = sides[1].Account.ID, "" // no code goes to the principal
	f.keepOwn(transferFacts{Preview: p})
	return keepCase(job, f)
}

func (t *ReviewedTransfer) params(f CaseFacts) map[string]string {
	own, err := movingFacts(f)
	if err != nil {
		return map[string]string{}
	}
	return map[string]string{"target": own.Target, "icp": own.ICP}
}

func (t *ReviewedTransfer) messages() caseMessages {
	return caseMessages{
		Warned: TemplatePapersWarned, Approved: TemplatePapersApproved, Rejected: TemplatePapersRejected,
		Stopped: TemplateStopped, Failed: TemplateFailed, Frozen: TemplateDisputed,
		// These speak of a receipt and a date, and of nothing else.
		Queued: TemplateResetQueued, Asked: TemplateResetAsked, Delayed: TemplateResetDelayed, Moved: TemplateResetMoved, Held: TemplateResetHeld,
	}
}

// waits: the receiver accepts within 72 hours, unless policy does without (T8).
func (t *ReviewedTransfer) waits(f CaseFacts) wait {
	own, err := movingFacts(f)
	if !t.policy.TargetAcceptance || (err == nil && own.AcceptedBy != "") {
		return wait{}
	}
	return wait{state: StateTargetConfirm, life: t.policy.TargetWindow, step: stepExpireConfirm}
}

func (t *ReviewedTransfer) ask(ctx context.Context, tx Tx, job *Job, f *CaseFacts) ([]Notice, error) {
	own, err := movingFacts(*f)
	if err != nil {
		return nil, err
	}
	target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	return channels(target.Account, TemplateInvited, map[string]string{"receipt": job.Receipt, "source": own.Source, "icp": own.ICP,
		"until": stamp(job.ExpiresAt)}), err
}

// invite sends a code to the receiver's security phone, for an acceptance in the
// same sitting (T8); the applicant asks.
func (t *ReviewedTransfer) invite(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.mine(job, a, StateTargetConfirm); err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	if err != nil {
		return Change{}, err
	}
	params := t.message(job, f)
	code, err := t.sendCode(ctx, tx, job, codeAsk{purpose: PurposeTake, phone: target.Account.SecurityPhone, owner: OwnerTarget, params: params})
	if err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: applicant(), What: WhatCodeSent}}, Notices: []Notice{code}}, nil
}

// accept is the receiver's yes: signed in, or on the applicant's screen with the
// code that went to the receiver's phone (T8). The clock of the review starts.
func (t *ReviewedTransfer) accept(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	how := "sign_in"
	switch {
	case a.By.AccountID != "" && a.By.AccountID == job.TargetAccountID:
	case t.applies(*job, a.By):
		how = "code"
	default:
		return Change{}, ErrForbidden
	}
	if err := in(job, a.Verb, StateTargetConfirm); err != nil {
		return Change{}, err
	}
	if how == "code" {
		refuse, err := t.checkCode(ctx, tx, job, PurposeTake, a.Fields[FieldCode])
		if err != nil || refuse != nil {
			return Change{Refuse: refuse, Events: wrongCode(targetActor(job), refuse)}, err
		}
	}
	if err := t.accepted(job, how); err != nil {
		return Change{}, err
	}
	return t.startReview(ctx, tx, job, Change{Events: []Event{{Actor: targetActor(job), What: WhatAccepted, Note: how}}})
}

// accepted notes how the receiver agreed; empty: it does not.
func (t *ReviewedTransfer) accepted(job *Job, how string) error {
	f, err := caseFacts(job)
	if err != nil {
		return err
	}
	own, err := movingFacts(f)
	if err != nil {
		return err
	}
	own.AcceptedBy = how
	f.keepOwn(own)
	return keepCase(job, f)
}

// decline is the receiver's no, as long as nothing has moved. Without it there is
// nothing to appeal against.
func (t *ReviewedTransfer) decline(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if a.By.AccountID == "" || a.By.AccountID != job.TargetAccountID || !t.policy.TargetAcceptance {
		return Change{}, ErrForbidden
	}
	if err := in(job, a.Verb, StateTargetConfirm, StateQueued, StateSecondReview, StateNeedMore, StateHold); err != nil {
		return Change{}, err
	}
	if err := t.accepted(job, ""); err != nil {
		return Change{}, err
	}
	return t.end(ctx, tx, job, StateRejected, Event{Actor: targetActor(job), What: WhatDeclined})
}

// effect is that of a transfer (T9, T10): everything moves, and everybody hears of
// it, the old channels with the way to object. The snapshot allows a reversal (T14).
func (t *ReviewedTransfer) effect(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	own, err := movingFacts(f)
	if err != nil {
		return Change{}, err
	}
	sides, err := tx.Parties(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID}, AccountRef{ID: job.TargetAccountID})
	if err != nil {
		return Change{}, err
	}
	if own.Snapshot, err = move(ctx, tx, job); err != nil {
		return Change{}, err
	}
	f.keepOwn(own)
	f.AppliedAt, job.ExpiresAt = tx.Now(), time.Time{}
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	told := append(resultNotices(job, own, sides[0], sides[1]),
		Notice{Channel: ChannelSMS, Template: TemplatePapersDone, Phone: d.Phone, Params: t.message(job, f)})
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: told}, nil
}

// Offers adds what the receiver can do, and the code that goes to its phone.
func (t *ReviewedTransfer) Offers(job Job, by Viewer, now time.Time) []Verb {
	out := t.paperCase.Offers(job, by, now)
	target := by.AccountID != "" && by.AccountID == job.TargetAccountID && t.policy.TargetAcceptance
	switch job.State {
	case StateTargetConfirm:
		switch {
		case target:
			out = append(out, VerbAccept, VerbDecline)
		case t.applies(job, by):
			out = append(out, VerbInvite, VerbAccept)
		}
	case StateQueued, StateSecondReview, StateNeedMore, StateHold:
		if target {
			out = append(out, VerbDecline)
		}
	}
	return out
}

// Show adds what moves and to whom, masked. To the applicant of a draft who has
// proved its phone the receiver is shown as it is found (T1).
func (t *ReviewedTransfer) Show(ctx context.Context, tx Tx, v *View) error {
	if err := t.paperCase.Show(ctx, tx, v); err != nil {
		return err
	}
	own, err := movingFacts(v.Case.Facts)
	if err != nil {
		return err
	}
	v.Preview = own.Preview
	if v.Job.State != StateDraft || !v.Own || v.Case.Facts.PhoneAt.IsZero() {
		return nil
	}
	d, err := tx.Dossier(ctx, v.Job.ID)
	if err != nil {
		return err
	}
	target, err := t.target(ctx, tx, &v.Job, d)
	v.Preview.Target = cmp.Or(shownAs(target.Account), v.Preview.Target)
	return err
}

// Compare adds the receiver: as the applicant named it, and who it is.
func (t *ReviewedTransfer) Compare(ctx context.Context, tx Tx, job Job, d Dossier) ([]Compared, error) {
	out, err := t.paperCase.Compare(ctx, tx, job, d)
	if err != nil || len(out) == 0 {
		return out, err
	}
	target, err := t.target(ctx, tx, &job, d)
	if err != nil {
		return nil, err
	}
	c := compared(out)
	c.add(FieldTarget, maskedTarget(d.Own[FieldTarget]), shownAs(target.Account), true)
	return c, nil
}
