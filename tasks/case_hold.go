package tasks

import (
	"context"
	"errors"
)

// errUnapproved stops an effect whose approvals are not there; it can only mean
// that the record was tampered with.
var errUnapproved = errors.New("a case lacks its approvals")

// granted starts the wait that gives the old channels their say (L8): counted from
// the notice at submission, longer with a risk flag or when none of them could be
// reached. They are told again (A8).
func (pc *paperCase) granted(ctx context.Context, tx Tx, job *Job, g grant) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	reached, pending, err := pc.reached(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	f.ApprovedAt, f.HoldWhy = tx.Now(), "usual"
	f.HoldUntil = f.SubmittedAt.Add(pc.policy.Hold)
	switch {
	case len(g.review.Risk) > 0:
		f.HoldUntil, f.HoldWhy = f.SubmittedAt.Add(pc.policy.LongHold), "risk"
	case !reached && !pending:
		f.HoldUntil, f.HoldWhy = f.SubmittedAt.Add(pc.policy.LongHold), "unreached"
	}
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	c := Change{To: StateHold, Events: []Event{g.event}, Tasks: []Task{pc.task(job, stepApply, later(f.HoldUntil, tx.Now()))}}
	if tx.Now().Before(f.HoldUntil) {
		c.Events = append(c.Events, Event{Actor: System(), What: WhatHeld, Note: stamp(f.HoldUntil)})
	}
	params := pc.message(job, f)
	params["date"] = stamp(later(f.HoldUntil, tx.Now()))
	old, err := pc.toOldChannels(ctx, tx, job, pc.own.messages().Approved, params)
	if err != nil {
		return Change{}, err
	}
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Held, params)
	c.Notices = append(old, told...)
	return c, err
}

// reached reports whether a provider accepted the warning to any old channel, and
// whether one is still on its way.
func (pc *paperCase) reached(ctx context.Context, tx Tx, job *Job) (reached, pending bool, err error) {
	notices, err := tx.Notices(ctx, job.ID)
	for _, n := range notices {
		if n.Template != pc.own.messages().Warned {
			continue
		}
		reached = reached || n.State == NoticeSent || n.State == NoticeDelivered
		pending = pending || n.State == NoticeWaiting || n.State == NoticeSending
	}
	return reached, pending, err
}

// prolong makes a hold long that turns out to have warned nobody (L8).
func (pc *paperCase) prolong(ctx context.Context, tx Tx, job *Job, f CaseFacts) (Change, error) {
	reached, _, err := pc.reached(ctx, tx, job)
	until := f.SubmittedAt.Add(pc.policy.LongHold)
	if err != nil || reached || f.HoldWhy != "usual" || !tx.Now().Before(until) {
		return Change{}, err
	}
	f.HoldUntil, f.HoldWhy = until, "unreached"
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: System(), What: WhatHeld, Note: stamp(until)}}, Tasks: []Task{pc.task(job, stepApply, until)}}, nil
}

// apply carries out what was approved. It runs at the end of the hold and not a
// moment earlier; a veto that was committed before finds the job out of its state
// (R21). Approvals and rules are looked at once more where it counts (A5, L9).
func (pc *paperCase) apply(ctx context.Context, tx Tx, job *Job) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	if job.State != StateHold || f.ApprovedAt.IsZero() || tx.Now().Before(f.HoldUntil) {
		return Change{}, nil
	}
	if longer, err := pc.prolong(ctx, tx, job, f); err != nil || !longer.empty() {
		return longer, err
	}
	if err := pc.approvals(ctx, tx, job); err != nil {
		return Change{}, err
	}
	if err := tx.LockAccounts(ctx, parties(job)...); err != nil {
		return Change{}, err
	}
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	holder, found, err := pc.own.match(ctx, tx, job, d)
	if err != nil {
		return Change{}, err
	}
	if len(found) == 0 && holder.Account.ID != job.SourceAccountID {
		found = []Blocker{{Code: "SUBJECT_HELD_ELSEWHERE", Owner: OwnerPlatform}}
	}
	if len(found) > 0 {
		return pc.failed(ctx, tx, job, found)
	}
	return pc.own.effect(ctx, tx, job, d)
}

// parties are the accounts of a job.
func parties(job *Job) []string {
	if job.TargetAccountID == "" {
		return []string{job.SourceAccountID}
	}
	return []string{job.SourceAccountID, job.TargetAccountID}
}

// approvals checks the promise of L9 once more where it counts.
func (pc *paperCase) approvals(ctx context.Context, tx Tx, job *Job) error {
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return err
	}
	decisions, err := tx.Decisions(ctx, job.ID)
	if err != nil {
		return err
	}
	by := map[string]bool{}
	for _, d := range decisions {
		if d.Verdict == VerdictApprove && !d.Settled.IsZero() {
			by[d.Staff.ID] = true
		}
	}
	if r.State != ReviewApproved || len(by) == 0 || (r.NeedsTwo && len(by) < 2) {
		return errUnapproved
	}
	return nil
}

// failed ends a case whose conditions stopped holding; nothing changed, the
// applicant and the old channels are told.
func (pc *paperCase) failed(ctx context.Context, tx Tx, job *Job, found []Blocker) (Change, error) {
	job.Blockers = found
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	params := pc.message(job, f)
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Failed, params)
	if err != nil {
		return Change{}, err
	}
	old, err := pc.toOthers(ctx, tx, job, pc.own.messages().Failed, params)
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateFailed, Events: []Event{{Actor: System(), What: WhatBlocked, Note: found[0].Code}}, Notices: distinct(append(told, old...))}, nil
}
