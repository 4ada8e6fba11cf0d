package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// paperCase is the machinery of every flow in which papers and a person's look take
// the place of a sign-in or a code (L1–L10, V1–V7, ADR 20): the draft with its
// sealed dossier, the code to the contact phone, slots and uploads, the hand-in of
// which the old channels hear (A8), the review with its clock, supplements, appeal,
// dispute, hold. A flow embeds it, sets own to itself and says the rest in papers.
//
//	draft → (waiting for somebody's yes) → queued → (approved_1) → hold → done
//	  │ phone, documents                    │ ⇄ need_more          │ the old channels' time
//	  └ withdraw, expire                    └ rejected ⇄ appeal    └ failed with blockers
//	"this was not me" freezes any state until a supervisor releases or rejects.
//
// Read on in case_draft.go, case_submit.go (until the clock starts), case_review.go,
// case_card.go and case_rounds.go (until it is decided), case_decided.go,
// case_dispute.go and case_hold.go (what decisions cause).
type paperCase struct {
	codeDesk
	policy  Policy
	own     papers
	name    string // of its limits
	purpose Purpose
}

// papers is what a flow with documents says for itself. Beside its kind and letters
// it must say the first five; paperCase has an answer to everything else, and a flow
// overrides the ones that do not fit it.
type papers interface {
	Reviewed
	// read reads the form, every fault at once (A5). The rest of the dossier is
	// usable even when there are faults; Fields is the way back.
	read(fields map[string]string) (Dossier, []Fault)
	// match finds the account that the case is about, and what stands in the way. It
	// runs at the hand-in, and again on locked accounts before the effect (A5).
	match(ctx context.Context, tx Tx, job *Job, d Dossier) (Party, []Blocker, error)
	// effect is what approval was for. It runs after the hold, on locked accounts,
	// when match found nothing.
	effect(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error)
	// messages are the templates of the flow.
	messages() caseMessages
	// params are what its messages to old channels say besides.
	params(f CaseFacts) map[string]string

	// agrees says what stands against facts that were corrected while more was asked for.
	agrees(ctx context.Context, tx Tx, job *Job, d Dossier) ([]Blocker, error)
	// masked is what the job remembers of a dossier.
	masked(d Dossier) CaseFacts
	// drafted is what a new draft, or another dossier in it, causes besides the code
	// to the contact phone. The facts of the edit may be changed.
	drafted(ctx context.Context, tx Tx, job *Job, e edit) ([]Notice, error)
	// waits says for whose yes the clock waits after the hand-in (L6); zero: for
	// nobody's.
	waits(f CaseFacts) wait
	// ask asks for that yes. f may be changed.
	ask(ctx context.Context, tx Tx, job *Job, f *CaseFacts) ([]Notice, error)
	// granted is what the last approval begins: the hold.
	granted(ctx context.Context, tx Tx, job *Job, g grant) (Change, error)
}

// edit is what changes in a draft: the facts that the job will remember, the
// dossier before, zero for a new draft, and now.
type edit struct {
	facts    *CaseFacts
	was, now Dossier
}

// grant is the approval that was missing.
type grant struct {
	review Review
	event  Event
}

// wait is a time after the hand-in in which somebody's yes is awaited.
type wait struct {
	state State
	life  time.Duration
	step  string // ends it
}

// caseMessages are the templates of a flow with papers. Warned, Approved and Done go
// to old channels with the way to object (A8).
type caseMessages struct {
	Warned, Queued, Asked, Delayed, Moved, Approved, Held, Rejected, Stopped, Failed, Frozen Template
}

// Steps of every case.
const (
	stepExpireDraft = "expire_draft"
	stepExpireMore  = "expire_more"
	stepSettle      = "settle"
)

// Verbs of a case; the comments of each method say who may. What reviewers do is in
// review.go.
func (pc *paperCase) Verbs() map[Verb]VerbFunc {
	return map[Verb]VerbFunc{
		VerbVerify: pc.verify, VerbResend: pc.resend, VerbRevise: pc.revise, VerbKeep: pc.keep, VerbRemove: pc.remove,
		VerbSubmit: pc.submit, VerbSupplement: pc.supplement, VerbCancel: pc.withdraw, VerbNudge: pc.nudge, VerbAppeal: pc.appeal,
		VerbDispute: pc.dispute, VerbRelease: pc.release, VerbReject: pc.refuse,
	}
}

// Steps of a case, carried out by workers.
func (pc *paperCase) Steps() map[string]StepFunc {
	return map[string]StepFunc{
		stepExpireDraft: pc.expireIn(StateDraft),
		stepExpireMore:  pc.expireIn(StateNeedMore),
		stepSettle:      pc.settle,
		stepApply:       pc.apply,
	}
}

func (pc *paperCase) task(job *Job, step string, at time.Time) Task {
	return Task{ID: TaskID(job.Kind, job.Receipt, step), Queue: QueueAccount,
		Type: string(job.Kind) + ":" + step, Ref: job.Receipt, NotBefore: at}
}

func keepCase(job *Job, f CaseFacts) error {
	raw, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding the facts of a %s: %w", job.Kind, err)
	}
	job.Facts = raw
	return nil
}

func caseFacts(job *Job) (CaseFacts, error) {
	var f CaseFacts
	if err := json.Unmarshal(job.Facts, &f); err != nil {
		return f, fmt.Errorf("decoding the facts of a %s: %w", job.Kind, err)
	}
	return f, nil
}

func applicant() Actor { return Actor{Kind: ActorApplicant} }

// applies: the applicant is who holds the tracking code (L1). The account's owner
// least of all.
func (pc *paperCase) applies(_ Job, by Viewer) bool { return by.Tracking != "" }

// Tracks: the applicant has the code, and nobody else may: it is the applicant's
// only key.
func (pc *paperCase) Tracks(r Role) bool { return r == RoleTracker }

// mine admits the applicant in the states given.
func (pc *paperCase) mine(job *Job, a Action, states ...State) error {
	if !pc.own.applies(*job, a.By) {
		return ErrForbidden
	}
	return in(job, a.Verb, states...)
}

func in(job *Job, v Verb, states ...State) error {
	if slices.Contains(states, job.State) {
		return nil
	}
	return &WrongState{Verb: v, State: job.State}
}

// Offers lists what a viewer can do to a case now. The account's owner and every
// notified contact can object.
func (pc *paperCase) Offers(job Job, by Viewer, now time.Time) []Verb {
	var out []Verb
	if pc.own.applies(job, by) {
		out = pc.applicantOffers(job, now)
	}
	if by.Staff == ActorSupervisor && !job.DisputedAt.IsZero() {
		out = append(out, VerbRelease)
		if !job.State.Ended() {
			out = append(out, VerbReject)
		}
	}
	objects := by.AccountID != "" || by.Veto != "" || by.Staff == ActorSupervisor
	if pc.disputable(job, now) && job.DisputedAt.IsZero() && objects {
		out = append(out, VerbDispute)
	}
	return out
}

func (pc *paperCase) applicantOffers(job Job, now time.Time) []Verb {
	f, err := caseFacts(&job)
	if err != nil {
		return nil
	}
	switch job.State {
	case StateDraft:
		out := []Verb{VerbRevise, VerbKeep, VerbRemove, VerbSubmit, VerbCancel}
		if f.PhoneAt.IsZero() {
			out = append(out, VerbVerify, VerbResend)
		}
		return out
	case StateNeedMore:
		return []Verb{VerbSupplement, VerbKeep, VerbCancel}
	case StateQueued, StateSecondReview:
		return []Verb{VerbNudge, VerbCancel}
	case StateHold, pc.own.waits(f).state:
		return []Verb{VerbCancel}
	case StateRejected:
		if pc.appealable(job, f, now) {
			return []Verb{VerbAppeal}
		}
	}
	return nil
}

// expireIn ends a case that stayed silent in a state past its ExpiresAt.
func (pc *paperCase) expireIn(state State) StepFunc {
	return func(ctx context.Context, tx Tx, job *Job) (Change, error) {
		if job.State != state || job.ExpiresAt.IsZero() || tx.Now().Before(job.ExpiresAt) {
			return Change{}, nil
		}
		return pc.end(ctx, tx, job, StateExpired, Event{Actor: System(), What: WhatExpired})
	}
}

// end stops a case without its effect, closes its review and tells the applicant,
// and the old channels when they had been told of it (A8).
func (pc *paperCase) end(ctx context.Context, tx Tx, job *Job, to State, e Event) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	c := Change{To: to, Events: []Event{e}}
	params := map[string]string{"receipt": job.Receipt, "state": string(to)}
	stopped := pc.own.messages().Stopped
	if !f.PhoneAt.IsZero() {
		notice, err := pc.toApplicant(ctx, tx, job, stopped, params)
		if err != nil {
			return Change{}, err
		}
		c.Notices = append(c.Notices, notice...)
	}
	if !f.SubmittedAt.IsZero() {
		others, err := pc.toOthers(ctx, tx, job, stopped, params)
		if err != nil {
			return Change{}, err
		}
		c.Notices = distinct(append(c.Notices, others...))
	}
	job.ExpiresAt = tx.Now()
	tasks, err := pc.closeReview(ctx, tx, job)
	c.Tasks = tasks
	return c, err
}

// toApplicant addresses the contact phone, and the new mailbox once it was
// confirmed. A shredded dossier has nobody to tell.
func (pc *paperCase) toApplicant(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	d, err := tx.Dossier(ctx, job.ID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return nil, err
	}
	out := []Notice{{Channel: ChannelSMS, Template: tpl, Phone: d.Phone, Params: params}}
	if !f.MailboxAt.IsZero() {
		out = append(out, Notice{Channel: ChannelMail, Template: tpl, Email: d.NewEmail, Params: params})
	}
	return out, nil
}

// toOldChannels addresses every phone and mailbox on record for the account and
// its subject (A8).
func (pc *paperCase) toOldChannels(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	held, err := tx.Contacts(ctx, job.SourceAccountID, job.SubjectID)
	if err != nil {
		return nil, fmt.Errorf("reading the old channels: %w", err)
	}
	var out []Notice
	for _, phone := range held.Phones {
		out = append(out, Notice{Channel: ChannelSMS, Template: tpl, Phone: phone, Params: params})
	}
	for _, mailbox := range held.Mailboxes {
		out = append(out, Notice{Channel: ChannelMail, Template: tpl, Email: mailbox, Params: params})
	}
	return out, nil
}

// toOthers addresses everybody else who knows of a case: the old channels, and the
// account that would receive something.
func (pc *paperCase) toOthers(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	out, err := pc.toOldChannels(ctx, tx, job, tpl, params)
	if err != nil || job.TargetAccountID == "" {
		return out, err
	}
	target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	return append(out, channels(target.Account, tpl, params)...), err
}

// distinct drops the second of two equal messages to one receiver: the contact
// phone may be on record, and the new mailbox is, once the login was replaced.
func distinct(all []Notice) []Notice {
	var out []Notice
	for _, n := range all {
		same := func(o Notice) bool { return o.Template == n.Template && o.Phone == n.Phone && o.Email == n.Email }
		if !slices.ContainsFunc(out, same) {
			out = append(out, n)
		}
	}
	return out
}
