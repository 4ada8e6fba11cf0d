package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What reviewers do (V1, V4, V5): claim, give back, decide, take a decision back.
// The desk guards who may; the flow says what a decision causes, once it can't be
// taken back any more.

// Reviewed is a flow whose jobs a person looks at.
type Reviewed interface {
	Flow
	// Slots are the documents that a job needs (L2).
	Slots(f CaseFacts) []Slot
	// Returnable are the facts that a reviewer can send back to be corrected.
	Returnable() []string
	// Fields are those of the form that a dossier was read from.
	Fields(d Dossier) map[string]string
	// Compare puts what was claimed beside what is on record (V5).
	Compare(ctx context.Context, tx Tx, job Job, d Dossier) ([]Compared, error)
	// Checklist is what a reviewer must tick before approving.
	Checklist(job Job) []string
	// Typed are the numbers a reviewer types off the pictures, by field, and what
	// they must be (trust.md, forged login reset).
	Typed(d Dossier) map[string]string
	// Card is what the parked task of a review round does when it runs (V3).
	Card(ctx context.Context, tx Tx, job *Job, r Review) (Change, error)
	// Decided carries out a decision that can't be taken back any more.
	Decided(ctx context.Context, tx Tx, job *Job, r *Review, d Decision) (Change, error)
	// applies says who the applicant is, who alone sees and changes what was given.
	applies(job Job, by Viewer) bool
}

// Decide is a reviewer's decision as it comes in.
type Decide struct {
	Receipt  string
	Staff    Actor
	Version  int64 // of the review the reviewer saw (If-Match); 0 does not check
	Verdict  Verdict
	Findings []Finding
	Checks   []string
	Typed    map[string]string
	Note     string
	Once     Once
}

// errHeld says that somebody else has the review, or nobody any more.
var errHeld = fmt.Errorf("the claim is not held: %w", ErrConflict)

// reviewed reads a job, its review and its flow.
func (d *Desk) reviewed(ctx context.Context, tx Tx, receipt string, by Viewer) (Job, Review, Reviewed, error) {
	job, err := tx.Job(ctx, receipt, by)
	if err != nil {
		return Job{}, Review{}, nil, err
	}
	flow, ok := d.flows[job.Kind].(Reviewed)
	if !ok {
		return Job{}, Review{}, nil, fmt.Errorf("a review of a %s: %w", job.Kind, ErrNotFound)
	}
	r, err := tx.Review(ctx, receipt)
	return job, r, flow, err
}

// Claim gives a review to a member of staff for the lease (V1); claiming what one
// holds renews the lease. ErrForbidden for those who may not decide it, ErrConflict
// when somebody else holds it, *WrongState when it is not open.
func (d *Desk) Claim(ctx context.Context, receipt string, staff Actor) (Review, error) {
	var r Review
	err := d.store.Update(ctx, func(tx Tx) error {
		job, found, _, err := d.reviewed(ctx, tx, receipt, staff.viewer())
		if err != nil {
			return err
		}
		r = found
		return d.claim(ctx, tx, &job, &r, staff)
	})
	return r, err
}

func (d *Desk) claim(ctx context.Context, tx Tx, job *Job, r *Review, staff Actor) error {
	now := tx.Now()
	if err := may(ctx, tx, *r, staff); err != nil {
		return err
	}
	if r.held(now) && r.Holder == staff.ID {
		r.LeaseUntil = now.Add(d.claimLease)
		return tx.SaveReview(ctx, r)
	}
	if r.held(now) || r.State == ReviewDeciding {
		return errHeld
	}
	if r.State != ReviewOpen && r.State != ReviewClaimed {
		return &WrongState{Verb: VerbClaim, State: job.State}
	}
	r.State, r.Holder, r.LeaseUntil = ReviewClaimed, staff.ID, now.Add(d.claimLease)
	if r.WorkedFrom.IsZero() {
		r.WorkedFrom = now
	}
	if err := tx.SaveReview(ctx, r); err != nil {
		return err
	}
	return d.record(ctx, tx, job, Change{Events: []Event{{Actor: staff, What: WhatClaimed}}}, nil)
}

// mayDecide: reviewers and supervisors; escalated ones supervisors only; never the
// first reviewer again (L9).
func mayDecide(r Review, staff Actor) error {
	switch {
	case staff.Kind != ActorReviewer && staff.Kind != ActorSupervisor:
		return ErrForbidden
	case r.Tier > 0 && staff.Kind != ActorSupervisor:
		return ErrForbidden
	case r.Stage == 2 && r.FirstBy == staff.ID:
		return ErrForbidden
	}
	return nil
}

// may is mayDecide, and who refused a job is not who decides on the appeal (L7).
func may(ctx context.Context, tx Tx, r Review, staff Actor) error {
	if err := mayDecide(r, staff); err != nil || r.Round == 1 {
		return err
	}
	decisions, err := tx.Decisions(ctx, r.JobID)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		if d.Verdict == VerdictReject && !d.Settled.IsZero() && d.Staff.ID == staff.ID {
			return ErrForbidden
		}
	}
	return nil
}

// ClaimNext claims the most urgent review that staff may decide and nobody holds
// (pages.md, "next"); ErrNotFound when there is none.
func (d *Desk) ClaimNext(ctx context.Context, staff Actor) (Review, error) {
	var rows []ReviewRow
	err := d.store.View(ctx, func(tx Tx) (err error) {
		rows, err = tx.ReviewsOf(ctx, ReviewFilter{Tab: "free", StaffID: staff.ID, Plain: staff.Kind != ActorSupervisor, Limit: 50})
		return err
	})
	if err != nil {
		return Review{}, err
	}
	for _, row := range rows {
		r, err := d.Claim(ctx, row.Receipt, staff)
		var state *WrongState
		if errors.Is(err, ErrConflict) || errors.Is(err, ErrForbidden) || errors.As(err, &state) {
			continue // somebody was faster, or it is not for this one
		}
		return r, err
	}
	return Review{}, ErrNotFound
}

// Renew prolongs a claim while its holder works (V1); ErrConflict when it is lost,
// also to a broken promise: who may not decide any more must not keep a supervisor
// out (V3).
func (d *Desk) Renew(ctx context.Context, receipt string, staff Actor) (Review, error) {
	var r Review
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		if r, err = tx.Review(ctx, receipt); err != nil {
			return err
		}
		if !r.held(tx.Now()) || r.Holder != staff.ID || mayDecide(r, staff) != nil {
			return errHeld
		}
		r.LeaseUntil = tx.Now().Add(d.claimLease)
		return tx.SaveReview(ctx, &r)
	})
	return r, err
}

// Return gives a claim back to the queue (V1).
func (d *Desk) Return(ctx context.Context, receipt string, staff Actor) error {
	return d.store.Update(ctx, func(tx Tx) error {
		job, r, _, err := d.reviewed(ctx, tx, receipt, staff.viewer())
		if err != nil {
			return err
		}
		if r.State != ReviewClaimed || r.Holder != staff.ID {
			return errHeld
		}
		r.State, r.Holder, r.LeaseUntil = ReviewOpen, "", time.Time{}
		if err := tx.SaveReview(ctx, &r); err != nil {
			return err
		}
		return d.record(ctx, tx, &job, Change{Events: []Event{{Actor: staff, What: WhatReturned}}}, nil)
	})
}

// Rehearse tells whether Decide would take a decision now, with the errors of
// Decide, and changes nothing: the preview of what the applicant will read is
// shown only for a decision that can be made.
func (d *Desk) Rehearse(ctx context.Context, in Decide) error {
	return d.store.View(ctx, func(tx Tx) error {
		job, r, flow, err := d.reviewed(ctx, tx, in.Receipt, in.Staff.viewer())
		if err != nil {
			return err
		}
		return d.admitDecision(ctx, tx, job, r, flow, in)
	})
}

// Decide books a decision. It takes effect after Policy.Undo; until then Undo
// takes it back. Errors: ErrForbidden, ErrConflict when the claim is not held,
// ErrStale when the reviewer saw an older version, *Invalid for what is missing.
func (d *Desk) Decide(ctx context.Context, in Decide) (Review, error) {
	_, err := d.once(ctx, in.Once, func(tx Tx) (Accepted, error) {
		job, r, flow, err := d.reviewed(ctx, tx, in.Receipt, in.Staff.viewer())
		if err != nil {
			return Accepted{}, err
		}
		if err := d.admitDecision(ctx, tx, job, r, flow, in); err != nil {
			return Accepted{}, err
		}
		if err := d.bookDecision(ctx, tx, &job, &r, in); err != nil {
			return Accepted{}, err
		}
		return Accepted{Receipt: job.Receipt, State: job.State, Version: r.Version}, nil
	})
	if err != nil {
		return Review{}, err
	}
	var r Review
	err = d.store.View(ctx, func(tx Tx) (err error) {
		r, err = tx.Review(ctx, in.Receipt)
		return err
	})
	return r, err
}

func (d *Desk) bookDecision(ctx context.Context, tx Tx, job *Job, r *Review, in Decide) error {
	now := tx.Now()
	decision := Decision{ID: d.random.ID(), JobID: job.ID, Round: r.Round, Stage: r.Stage, Staff: in.Staff, Verdict: in.Verdict,
		Findings: in.Findings, Checks: in.Checks, Note: in.Note, At: now}
	if err := tx.SaveDecision(ctx, decision); err != nil {
		return err
	}
	r.State, r.UndoUntil = ReviewDeciding, now.Add(d.undoFor)
	if err := tx.SaveReview(ctx, r); err != nil {
		return err
	}
	entry := Entry{Actor: in.Staff, Action: "review." + string(in.Verdict), Object: job.Receipt, Reason: reasonsOf(in.Findings)}
	if err := tx.Audit(ctx, entry); err != nil {
		return err
	}
	settle := Task{ID: TaskID(job.Kind, job.Receipt, stepSettle), Queue: QueueAccount, Type: string(job.Kind) + ":" + stepSettle,
		Ref: job.Receipt, NotBefore: r.UndoUntil}
	return d.record(ctx, tx, job, Change{Tasks: []Task{settle}}, nil)
}

func reasonsOf(findings []Finding) string {
	out := ""
	for i, f := range findings {
		if i > 0 {
			out += " "
		}
		out += f.About + ":" + f.Reason
	}
	return out
}

// Undo takes a decision back before it takes effect: the claim goes on.
// ErrConflict when it was somebody else's, *WrongState when it is too late.
func (d *Desk) Undo(ctx context.Context, receipt string, staff Actor) (Review, error) {
	var r Review
	err := d.store.Update(ctx, func(tx Tx) error {
		job, found, _, err := d.reviewed(ctx, tx, receipt, staff.viewer())
		if err != nil {
			return err
		}
		r = found
		if r.State != ReviewDeciding {
			return &WrongState{Verb: VerbUndo, State: job.State}
		}
		if r.Holder != staff.ID {
			return errHeld
		}
		decision, err := pendingDecision(ctx, tx, job.ID)
		if err != nil {
			return err
		}
		decision.Undone = tx.Now()
		if err := tx.SaveDecision(ctx, decision); err != nil {
			return err
		}
		r.State, r.UndoUntil, r.LeaseUntil = ReviewClaimed, time.Time{}, tx.Now().Add(d.claimLease)
		if err := tx.SaveReview(ctx, &r); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: staff, Action: "review.undo", Object: receipt})
	})
	return r, err
}

// pendingDecision is the one that was neither settled nor undone.
func pendingDecision(ctx context.Context, tx Tx, jobID string) (Decision, error) {
	decisions, err := tx.Decisions(ctx, jobID)
	if err != nil {
		return Decision{}, err
	}
	for _, d := range decisions {
		if d.Settled.IsZero() && d.Undone.IsZero() {
			return d, nil
		}
	}
	return Decision{}, ErrNotFound
}

// The verbs of reviewers, for errors that name one.
const (
	VerbClaim  Verb = "claim"
	VerbUndo   Verb = "undo"
	VerbDecide Verb = "decide"
)
