package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"beian/internal/filing"
)

// Reversal gives back what a transfer moved, within the days in which its snapshot
// is kept (T14). A supervisor starts it; where policy wants four eyes, another one
// must agree (L9). Its source is who holds the subject now, its target who held it.
//
//	submit → (approved_1) → applying → done
//	              │ refuse, 72 h    └ failed with blockers, nothing moved
//
// Nobody can object to it: it answers an objection (ADR 20).
type Reversal struct{ policy Policy }

// FieldReceipt is the field of a reversal that names the transfer.
const FieldReceipt = "receipt"

// stepExpireSecond ends a reversal to which no second supervisor agrees.
const stepExpireSecond = "expire_second"

// secondLife is how long the second supervisor may take.
const secondLife = 72 * time.Hour

// NewReversal builds the flow with the operator's policy.
func NewReversal(p Policy) *Reversal { return &Reversal{policy: p} }

// ReversalReasons are why a transfer can be reversed; permanent strings.
func ReversalReasons() []string {
	return []string{"not_authorised", "wrong_receiver", "forged_papers", "authority"}
}

// Kind is "reversal".
func (r *Reversal) Kind() Kind { return KindReversal }

// Letters are RV.
func (r *Reversal) Letters() string { return "RV" }

// Verbs of a reversal, all for supervisors.
func (r *Reversal) Verbs() map[Verb]VerbFunc {
	return map[Verb]VerbFunc{VerbApprove: r.approve, VerbReject: r.refuse}
}

// Steps of a reversal, carried out by workers.
func (r *Reversal) Steps() map[string]StepFunc {
	return map[string]StepFunc{stepApply: r.apply, stepExpireSecond: r.expire}
}

// reversalFacts is what a reversal remembers; nothing personal in clear.
type reversalFacts struct {
	Preview
	Of     string `json:"of"` // receipt of the transfer
	Reason string `json:"reason"`
	By     string `json:"by"` // staff id of the first supervisor
}

// Check finds what keeps a transfer from being reversed, everything at once (A5):
// the window, and what has changed since.
func (r *Reversal) Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error) {
	if s.Staff.Kind != ActorSupervisor {
		return Preview{}, nil, ErrForbidden
	}
	if !slices.Contains(ReversalReasons(), s.Fields[FieldReason]) {
		return Preview{}, nil, &Invalid{Faults: []Fault{{Field: FieldReason, Code: "CHOICE_REQUIRED"}}}
	}
	moved, err := tx.Job(ctx, s.Fields[FieldReceipt], Viewer{System: true})
	if err != nil {
		return Preview{}, nil, err
	}
	snap, err := snapshotIn(&moved)
	if err != nil {
		return Preview{}, nil, err
	}
	source, target, found, err := r.sides(ctx, tx, &Job{SubjectID: moved.SubjectID}, snap)
	if err != nil {
		return Preview{}, nil, err
	}
	if !tx.Now().Before(snap.KeepUntil) {
		found = append(found, Blocker{Code: "SNAPSHOT_EXPIRED", Owner: OwnerPlatform})
	}
	p, err := previewOf(ctx, tx, source, target)
	p.moved, p.CodeTo = &moved, "" // nobody is sent a code
	return p, found, err
}

// snapshotIn is what a transfer of either kind moved. *WrongState for a job that
// moved nothing.
func snapshotIn(job *Job) (*snapshot, error) {
	raw := job.Facts
	if job.Kind == KindReviewed {
		f, err := caseFacts(job)
		if err != nil {
			return nil, err
		}
		raw = f.Own
	}
	var f transferFacts
	if err := json.Unmarshal(raw, &f); err != nil && len(raw) > 0 {
		return nil, fmt.Errorf("decoding what a %s moved: %w", job.Kind, err)
	}
	if f.Snapshot == nil || job.State != StateDone {
		return nil, &WrongState{Verb: Verb(KindReversal), State: job.State}
	}
	return f.Snapshot, nil
}

// sides reads who has the subject now and who had it, and what has changed since
// it moved: each change stands in the way, so that nothing is half moved (T14).
func (r *Reversal) sides(ctx context.Context, tx Tx, job *Job, snap *snapshot) (source, target Party, found []Blocker, err error) {
	if source, err = tx.Party(ctx, AccountRef{ID: snap.To, Subject: job.SubjectID}); err != nil {
		return source, target, nil, err
	}
	if target, err = tx.Party(ctx, AccountRef{ID: snap.From}); err != nil {
		return source, target, nil, err
	}
	held, err := tx.Holdings(ctx, job.SubjectID)
	if err != nil {
		return source, target, nil, err
	}
	var out blockers
	out.when(source.Subject.ID != job.SubjectID, "SUBJECT_HELD_ELSEWHERE", OwnerPlatform, "")
	out.when(source.Orders > 0, "SOURCE_ORDER_IN_PROGRESS", OwnerSource, "")
	out.when(!target.Free, "TARGET_HAS_SUBJECT", OwnerTarget, "")
	out.when(target.Orders > 0, "TARGET_ORDER_IN_PROGRESS", OwnerTarget, "")
	out.when(target.Account.Status != filing.AccountActive, "TARGET_FROZEN", OwnerTarget, "")
	out.when(snap.changed(held), "HOLDINGS_CHANGED", OwnerPlatform, "")
	// Which job it is stays untold: both parties read why a reversal failed (A6).
	out.when(source.Open != "" && source.Open != job.Receipt, "JOB_ALREADY_OPEN", OwnerPlatform, "")
	return source, target, out, nil
}

// changed reports whether the subject has other websites than when it moved, or
// lost one of its records.
func (s *snapshot) changed(held Holdings) bool {
	websites, records := make([]string, len(held.Websites)), make([]string, len(held.Records))
	for i, w := range held.Websites {
		websites[i] = w.ID
	}
	for i, record := range held.Records {
		records[i] = record.ID
	}
	return len(without(s.Websites, websites))+len(without(websites, s.Websites))+len(without(s.Records, records)) > 0
}

// Open begins a reversal; the journal of the house says who wants it and why.
func (r *Reversal) Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error) {
	job.SubjectID, job.SourceAccountID, job.TargetAccountID = p.moved.SubjectID, p.source.Account.ID, p.target.Account.ID
	job.Lang = p.moved.Lang
	raw, err := json.Marshal(reversalFacts{Preview: p, Of: p.moved.Receipt, Reason: s.Fields[FieldReason], By: s.Staff.ID})
	if err != nil {
		return Change{}, fmt.Errorf("encoding a reversal's facts: %w", err)
	}
	job.Facts = raw
	entry := Entry{Actor: s.Staff, Action: "transfer.reverse", Object: p.moved.Receipt, Reason: s.Fields[FieldReason]}
	if err := tx.Audit(ctx, entry); err != nil {
		return Change{}, err
	}
	events := []Event{{Actor: s.Staff, What: WhatSubmitted, Note: s.Fields[FieldReason]}}
	if !r.policy.FourEyes {
		return Change{To: StateApplying, Events: events, Tasks: []Task{r.task(job, stepApply, tx.Now())}}, nil
	}
	job.ExpiresAt = tx.Now().Add(secondLife)
	return Change{To: StateSecondReview, Events: events, Tasks: []Task{r.task(job, stepExpireSecond, job.ExpiresAt)}}, nil
}

func (r *Reversal) task(job *Job, step string, at time.Time) Task {
	return Task{ID: TaskID(KindReversal, job.Receipt, step), Queue: QueueAccount,
		Type: string(KindReversal) + ":" + step, Ref: job.Receipt, NotBefore: at}
}

func reversalOf(job *Job) (f reversalFacts, err error) {
	if err := json.Unmarshal(job.Facts, &f); err != nil {
		return f, fmt.Errorf("decoding a reversal's facts: %w", err)
	}
	return f, nil
}

// approve is the second supervisor's yes; the first one's does not count twice (L9).
func (r *Reversal) approve(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	f, err := reversalOf(job)
	if err != nil {
		return Change{}, err
	}
	if a.By.Staff != ActorSupervisor || a.StaffID == f.By {
		return Change{}, ErrForbidden
	}
	if err := in(job, a.Verb, StateSecondReview); err != nil {
		return Change{}, err
	}
	job.ExpiresAt = time.Time{}
	return Change{To: StateApplying, Events: []Event{{Actor: staffActor(a), What: WhatApproved}},
			Tasks: []Task{r.task(job, stepApply, tx.Now())}},
		tx.Audit(ctx, Entry{Actor: staffActor(a), Action: "reversal.approve", Object: job.Receipt})
}

// refuse ends a reversal that waits for its second supervisor.
func (r *Reversal) refuse(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if a.By.Staff != ActorSupervisor {
		return Change{}, ErrForbidden
	}
	if err := in(job, a.Verb, StateSecondReview); err != nil {
		return Change{}, err
	}
	job.ExpiresAt = tx.Now()
	return Change{To: StateRejected, Events: []Event{{Actor: staffActor(a), What: WhatRejected}}},
		tx.Audit(ctx, Entry{Actor: staffActor(a), Action: "reversal.reject", Object: job.Receipt})
}

func (r *Reversal) expire(_ context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateSecondReview || tx.Now().Before(job.ExpiresAt) {
		return Change{}, nil
	}
	return Change{To: StateExpired, Events: []Event{{Actor: System(), What: WhatExpired}}}, nil
}

// apply is the effect: the subject goes back with everything that hangs on it, in
// one transaction with both timelines and both messages. What has changed since the
// transfer ends it as failed, nothing moved.
func (r *Reversal) apply(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateApplying {
		return Change{}, nil
	}
	f, err := reversalOf(job)
	if err != nil {
		return Change{}, err
	}
	moved, err := tx.Job(ctx, f.Of, Viewer{System: true})
	if err != nil {
		return Change{}, err
	}
	snap, err := snapshotIn(&moved)
	if err != nil {
		return Change{}, err
	}
	if err := tx.LockAccounts(ctx, parties(job)...); err != nil {
		return Change{}, err
	}
	source, target, found, err := r.sides(ctx, tx, job, snap)
	if err != nil {
		return Change{}, err
	}
	params := map[string]string{"receipt": job.Receipt, "icp": f.ICP, "target": f.Target, "of": f.Of}
	if len(found) > 0 {
		job.Blockers = found
		return Change{To: StateFailed, Events: []Event{{Actor: System(), What: WhatBlocked, Note: found[0].Code}},
			Notices: append(channels(source.Account, TemplateNotReversed, params), channels(target.Account, TemplateNotReversed, params)...)}, nil
	}
	told := append(channels(source.Account, TemplateReversed, params), channels(target.Account, TemplateReversed, params)...)
	told = append(told, principalOf(source, TemplateReversed, params)...)
	if err := tx.MoveSubject(ctx, job.SubjectID, source.Account.ID, target.Account.ID); err != nil {
		return Change{}, err
	}
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: distinct(told)}, r.mark(ctx, tx, &moved, job)
}

// mark tells the transfer's own timeline; the dispute of it is decided.
func (r *Reversal) mark(ctx context.Context, tx Tx, moved, by *Job) error {
	moved.DisputedAt = time.Time{}
	event := Event{Actor: System(), What: WhatReversed, From: moved.State, To: moved.State, Note: by.Receipt}
	return tx.Record(ctx, moved, Change{Events: []Event{event}}, nil)
}

// principalOf addresses the subject's principal.
func principalOf(p Party, tpl Template, params map[string]string) []Notice {
	if p.Subject.Principal.Phone.IsZero() {
		return nil
	}
	return []Notice{{Channel: ChannelSMS, Template: tpl, Phone: p.Subject.Principal.Phone, Params: params}}
}

// Offers: a supervisor agrees or refuses; the desk knows who was the first.
func (r *Reversal) Offers(job Job, by Viewer, _ time.Time) []Verb {
	if by.Staff != ActorSupervisor || job.State != StateSecondReview {
		return nil
	}
	return []Verb{VerbApprove, VerbReject}
}

// ReversalView is what a reversal is about.
type ReversalView struct {
	Of     string // receipt of the transfer
	Reason string // one of ReversalReasons; for staff only
	By     string // staff id of the first supervisor; for staff only
}

// Show fills in the masked preview and which transfer it reverses.
func (r *Reversal) Show(_ context.Context, _ Tx, v *View) error {
	f, err := reversalOf(&v.Job)
	v.Preview, v.Reversal = f.Preview, &ReversalView{Of: f.Of}
	if v.Role == RoleStaff {
		v.Reversal.Reason, v.Reversal.By = f.Reason, f.By
	}
	return err
}

// Tracks: nobody but staff submitted it.
func (r *Reversal) Tracks(Role) bool { return false }

// HoldsPhone: the phones of both parties.
func (r *Reversal) HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	return holdsPhone(ctx, tx, job, phone)
}
