package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"beian/internal/filing"
)

// ContactChange gives a signed-in account another security phone (ADR 23). Codes to
// both phones prove it; every channel is told with the way to object (A8), and no
// transfer is possible for a while afterwards (T6).
//
//	submit → old_phone → new_phone → applying → done
//	           │ code      │ code        └ failed with blockers
//	           └ cancel, expire
//	a dispute freezes any open state until a supervisor releases or rejects. After
//	the end it prolongs the hold, and a supervisor's rejection brings the old phone
//	back: done → rejected.
type ContactChange struct {
	codeDesk
	policy Policy
}

// FieldNewPhone is the only field of a contact change.
const FieldNewPhone = "new_phone"

// Steps of a contact change.
const (
	stepExpireOld = "expire_old"
	stepExpireNew = "expire_new"
)

// ownOldPhone is the sealed dossier's place for the phone on record.
const ownOldPhone = "old_phone"

// NewContactChange builds the flow with the operator's policy.
func NewContactChange(p Policy, s Secrets, r Random) *ContactChange {
	return &ContactChange{codeDesk: codeDesk{secrets: s, random: r}, policy: p}
}

// Kind is "contact_change".
func (c *ContactChange) Kind() Kind { return KindContact }

// Letters are CC.
func (c *ContactChange) Letters() string { return "CC" }

// Verbs of a contact change; the comments of each method say who may.
func (c *ContactChange) Verbs() map[Verb]VerbFunc {
	return map[Verb]VerbFunc{
		VerbVerifyOld: c.verifyOld, VerbVerifyNew: c.verifyNew, VerbResend: c.resend, VerbCancel: c.cancel,
		VerbDispute: c.dispute, VerbRelease: c.release, VerbReject: c.reject,
	}
}

// Steps of a contact change, carried out by workers.
func (c *ContactChange) Steps() map[string]StepFunc {
	return map[string]StepFunc{
		stepApply:     c.apply,
		stepExpireOld: c.expireIn(StateOldPhone),
		stepExpireNew: c.expireIn(StateNewPhone),
	}
}

// ContactFacts is what a contact change remembers in its job, masked. Both numbers
// rest sealed in its dossier.
type ContactFacts struct {
	OldPhone   string    `json:"old_phone"`
	NewPhone   string    `json:"new_phone"`
	HoldUntil  time.Time `json:"hold_until,omitzero"`  // no transfer before
	RestoredAt time.Time `json:"restored_at,omitzero"` // the old phone came back
}

// Check reads the new number and applies the rules, all at once (A5).
func (c *ContactChange) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	r := reader{fields: s.Fields}
	phone := parsed(&r, FieldNewPhone, filing.ParsePhone)
	holder, err := tx.Party(ctx, AccountRef{ID: s.AccountID})
	if err != nil {
		return Preview{}, nil, fmt.Errorf("reading the account of a contact change: %w", err)
	}
	old := holder.Account.SecurityPhone
	if !phone.IsZero() && phone == old {
		r.fault(FieldNewPhone, "PHONE_SAME")
	}
	if len(r.faults) > 0 {
		return Preview{}, nil, &Invalid{Faults: r.faults}
	}
	found := contactRules(tx.Now(), holder.Account)
	found.when(old.IsZero(), "PHONE_NONE", OwnerApplicant, "")
	open, err := openContact(ctx, tx, s.AccountID, "")
	if err != nil {
		return Preview{}, nil, err
	}
	found = append(found, open...)
	return Preview{Source: shownAs(holder.Account), CodeTo: old.Masked(), source: holder,
		dossier: Dossier{Phone: phone, Own: map[string]string{ownOldPhone: old.Reveal()}}}, found, nil
}

// contactRules must hold from the submission to the effect, by codes and on papers. An
// account on hold has just changed hands or phones: it waits (T6, L8), so that no
// chain of changes outruns the objections.
func contactRules(now time.Time, a filing.Account) blockers {
	var out blockers
	out.when(a.Status != filing.AccountActive, "SOURCE_FROZEN", OwnerApplicant, "")
	out.when(now.Before(a.HoldUntil), "HOLD_ACTIVE", OwnerApplicant, "")
	return out
}

// openContact finds another open change of an account's phone, by either way (A6).
func openContact(ctx context.Context, tx Tx, accountID, butFor string) ([]Blocker, error) {
	for _, kind := range []Kind{KindContact, KindContactPapers} {
		receipt, err := tx.OpenJobOf(ctx, accountID, kind)
		if ignore(err, ErrNotFound) != nil {
			return nil, err
		}
		if err == nil && receipt != butFor {
			return []Blocker{{Code: "JOB_ALREADY_OPEN", Owner: OwnerApplicant, Params: map[string]string{"receipt": receipt}}}, nil
		}
	}
	return nil, nil
}

// Open seals both numbers, sends the code to the old phone and tells every channel
// (A8); silence expires.
func (c *ContactChange) Open(ctx context.Context, tx Tx, job *Job, _ Submission, p Preview) (Change, error) {
	job.SourceAccountID = p.source.Account.ID
	if err := tx.SaveDossier(ctx, job.ID, p.dossier); err != nil {
		return Change{}, fmt.Errorf("sealing the numbers of a contact change: %w", err)
	}
	f := ContactFacts{OldPhone: p.source.Account.SecurityPhone.Masked(), NewPhone: p.dossier.Phone.Masked()}
	if err := keepContact(job, f); err != nil {
		return Change{}, err
	}
	code, err := c.sendCode(ctx, tx, job, c.ask(job, f, p.source.Account.SecurityPhone))
	if err != nil {
		return Change{}, err
	}
	warned, err := everyone(ctx, tx, job, c.notice(job, f, TemplateContactWarned))
	if err != nil {
		return Change{}, err
	}
	return c.await(tx, job, Change{To: StateOldPhone, Events: []Event{{Actor: ownerActor(job), What: WhatSubmitted}},
		Notices: append([]Notice{code}, warned...)}), nil
}

// await gives the code of a state its time.
func (c *ContactChange) await(tx Tx, job *Job, change Change) Change {
	step := map[State]string{StateOldPhone: stepExpireOld, StateNewPhone: stepExpireNew}[change.To]
	job.ExpiresAt = tx.Now().Add(c.policy.VerifyWindow)
	change.Tasks = append(change.Tasks, c.task(job, step, job.ExpiresAt))
	return change
}

// ask is a code that says what it signs: the phone to come (C1).
func (c *ContactChange) ask(job *Job, f ContactFacts, to filing.Phone) codeAsk {
	return codeAsk{purpose: PurposeOldPhone, phone: to, owner: OwnerApplicant,
		params: map[string]string{"receipt": job.Receipt, "phone": f.NewPhone}}
}

func (c *ContactChange) task(job *Job, step string, at time.Time) Task {
	return Task{ID: TaskID(KindContact, job.Receipt, step), Queue: QueueAccount,
		Type: string(KindContact) + ":" + step, Ref: job.Receipt, NotBefore: at}
}

// Offers lists what a viewer can do to a contact change now.
func (c *ContactChange) Offers(job Job, by Viewer, now time.Time) []Verb {
	var out []Verb
	source := by.AccountID != "" && by.AccountID == job.SourceAccountID
	switch {
	case source && job.State == StateOldPhone:
		out = append(out, VerbVerifyOld, VerbResend, VerbCancel)
	case source && job.State == StateNewPhone:
		out = append(out, VerbVerifyNew, VerbResend, VerbCancel)
	}
	if by.Staff == ActorSupervisor && !job.DisputedAt.IsZero() {
		out = append(out, VerbRelease, VerbReject)
	}
	if disputable(job, now) && job.DisputedAt.IsZero() && (source || by.Veto != "" || by.Staff == ActorSupervisor) {
		out = append(out, VerbDispute)
	}
	return out
}

// Show fills in the masked numbers.
func (c *ContactChange) Show(_ context.Context, _ Tx, v *View) error {
	f, err := contactFacts(&v.Job)
	v.Contact = &f
	return err
}

// Tracks: the account submitted it.
func (c *ContactChange) Tracks(r Role) bool { return r == RoleSource || r == RoleStaff }

// HoldsPhone: the account's phone as it is and as it was. The new one counts once it
// is the account's.
func (c *ContactChange) HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil || holder.Account.SecurityPhone == phone {
		return err == nil, err
	}
	numbers, err := numbersOf(ctx, tx, &job)
	return err == nil && numbers.old == phone, ignore(err, ErrNotFound)
}

// numbers are both phones of a contact change.
type numbers struct{ old, fresh filing.Phone }

// numbersOf opens them; ErrNotFound once they are shredded (L10).
func numbersOf(ctx context.Context, tx Tx, job *Job) (numbers, error) {
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return numbers{}, err
	}
	old, err := filing.ParsePhone(d.Own[ownOldPhone])
	if err != nil {
		return numbers{}, errors.New("the sealed phone of a contact change is none")
	}
	return numbers{old: old, fresh: d.Phone}, nil
}

func keepContact(job *Job, f ContactFacts) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding the facts of a contact change: %w", err)
	}
	job.Facts = raw
	return nil
}

func contactFacts(job *Job) (ContactFacts, error) {
	var f ContactFacts
	if err := json.Unmarshal(job.Facts, &f); err != nil {
		return f, fmt.Errorf("decoding the facts of a contact change: %w", err)
	}
	return f, nil
}
