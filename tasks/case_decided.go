package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Checklist is the material matrix as items to tick (V5): per document that it is
// genuine, whole and of the right person, then the facts and the request.
func (pc *paperCase) Checklist(job Job) []string {
	f, err := caseFacts(&job)
	if err != nil {
		return nil
	}
	var out []string
	for _, slot := range pc.own.Slots(f) {
		out = append(out, "document."+string(slot))
	}
	if f.Nature == filing.NatureIndividual || f.Principal {
		out = append(out, "face")
	} else {
		out = append(out, "face", "letter_names", "letter_seal")
	}
	return append(out, "facts_on_record")
}

// Typed: the certificate's number and, where a representative applies, the
// applicant's own.
func (pc *paperCase) Typed(d Dossier) map[string]string {
	out := map[string]string{FieldCertNumber: d.Certificate.Reveal()}
	if d.Nature == filing.NatureOrganisation && !d.Principal {
		out[FieldApplicantID] = d.ApplicantID.Reveal()
	}
	return out
}

// settle carries out a decision that can't be taken back any more. A job that was
// frozen, withdrawn or decided meanwhile is left alone.
func (pc *paperCase) settle(ctx context.Context, tx Tx, job *Job) (Change, error) {
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil || r.State != ReviewDeciding || tx.Now().Before(r.UndoUntil) {
		return Change{}, ignore(err, ErrNotFound)
	}
	d, err := pendingDecision(ctx, tx, job.ID)
	if err != nil {
		return Change{}, err
	}
	d.Settled = tx.Now()
	if err := tx.SaveDecision(ctx, d); err != nil {
		return Change{}, err
	}
	r.UndoUntil, r.Holder, r.LeaseUntil = time.Time{}, "", time.Time{}
	c, err := pc.Decided(ctx, tx, job, &r, d)
	if err != nil {
		return Change{}, err
	}
	c.Tasks = append(c.Tasks, cardTask(r, tx.Now()))
	return c, tx.SaveReview(ctx, &r)
}

// Decided is what a decision causes (V1).
func (pc *paperCase) Decided(ctx context.Context, tx Tx, job *Job, r *Review, d Decision) (Change, error) {
	switch d.Verdict {
	case VerdictApprove:
		return pc.approved(ctx, tx, job, r, d)
	case VerdictReject:
		return pc.rejected(ctx, tx, job, r, d)
	case VerdictNeedMore:
		return pc.asked(ctx, tx, job, r, d)
	case VerdictEscalate:
		r.State = ReviewOpen
		r.Tier++
		return Change{Events: []Event{{Actor: d.Staff, What: WhatEscalated}}}, nil
	}
	return Change{}, ErrNotFound
}

// approved: a first approval of two opens the second look, to which the first
// reviewer's verdict is not shown; the last one starts the hold (L8, L9).
func (pc *paperCase) approved(ctx context.Context, tx Tx, job *Job, r *Review, d Decision) (Change, error) {
	if r.NeedsTwo && r.FirstBy == "" {
		r.State, r.Stage, r.FirstBy, r.WorkedFrom = ReviewOpen, 2, d.Staff.ID, time.Time{}
		return Change{To: StateSecondReview, Events: []Event{{Actor: d.Staff, What: WhatApprovedOnce}}}, nil
	}
	r.State, r.DecidedAt, r.DecidedBy = ReviewApproved, tx.Now(), d.Staff.ID
	return pc.own.granted(ctx, tx, job, grant{review: *r, event: Event{Actor: d.Staff, What: WhatApproved}})
}

// rejected ends the job; its findings tell the applicant why (L7).
func (pc *paperCase) rejected(ctx context.Context, tx Tx, job *Job, r *Review, d Decision) (Change, error) {
	r.State, r.DecidedAt, r.DecidedBy = ReviewRejected, tx.Now(), d.Staff.ID
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Rejected, map[string]string{"receipt": job.Receipt})
	if err != nil {
		return Change{}, err
	}
	old, err := pc.toOthers(ctx, tx, job, pc.own.messages().Stopped, map[string]string{"receipt": job.Receipt, "state": string(StateRejected)})
	if err != nil {
		return Change{}, err
	}
	job.ExpiresAt = tx.Now()
	return Change{To: StateRejected, Events: []Event{{Actor: d.Staff, What: WhatRejected, Note: d.Findings[0].Reason}},
		Notices: append(told, old...)}, nil
}

// asked stops the clock until the applicant hands in what is missing (L7, V2).
func (pc *paperCase) asked(ctx context.Context, tx Tx, job *Job, r *Review, d Decision) (Change, error) {
	r.State, r.PausedAt = ReviewPaused, tx.Now()
	job.ExpiresAt = tx.Now().Add(pc.policy.MoreLife)
	told, err := pc.toApplicant(ctx, tx, job, pc.own.messages().Asked, map[string]string{"receipt": job.Receipt, "date": stamp(job.ExpiresAt)})
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateNeedMore, Events: []Event{{Actor: d.Staff, What: WhatAsked, Note: d.Findings[0].Reason}}, Notices: told,
		Tasks: []Task{pc.task(job, stepExpireMore, job.ExpiresAt)}}, nil
}
