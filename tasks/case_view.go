package tasks

import (
	"context"
	"slices"
	"time"
)

// CaseView is a job with papers as its applicant sees it: masked facts, what every
// slot holds, the promise, and what was asked for (pages.md, status).
type CaseView struct {
	Facts     CaseFacts
	Slots     []SlotView
	Fields    []string  // returned facts, while more is asked for
	Findings  []Finding // of the last decision that asked for more or refused
	Promise   time.Time // zero before the clock starts
	Paused    bool
	Held      bool // a reviewer has it now
	Breaches  int
	Round     int
	MoreLeft  int       // how often more can still be asked for before a supervisor decides
	NudgeFrom time.Time // no nudge before
	Import    Begun     // of approved papers for an import; zero otherwise
}

// SlotView is one slot of the matrix. Wanted says that a new document is asked
// for.
type SlotView struct {
	Slot     Slot
	Document Document // zero when the slot is empty
	Wanted   bool
}

// Slot finds one slot; ErrNotFound when the job has none of that name, or the viewer
// sees none.
func (v CaseView) Slot(name string) (SlotView, error) {
	i := slices.IndexFunc(v.Slots, func(s SlotView) bool { return string(s.Slot) == name })
	if i < 0 {
		return SlotView{}, ErrNotFound
	}
	return v.Slots[i], nil
}

// Filled reports whether the slot needs nothing more.
func (s SlotView) Filled() bool {
	return s.Document.ID != "" && !s.Wanted && (len(s.Document.Flags) == 0 || s.Document.Insisted)
}

// Show fills the view of a case. A contact who came by a notice's code learns what
// is asked for, and sees no documents.
func (pc *paperCase) Show(ctx context.Context, tx Tx, v *View) error {
	f, err := caseFacts(&v.Job)
	if err != nil {
		return err
	}
	v.Case = &CaseView{Facts: f}
	r, err := tx.Review(ctx, v.Job.Receipt)
	if ignore(err, ErrNotFound) != nil {
		return err
	}
	if err == nil {
		pc.showReview(v.Case, r, tx.Now())
	}
	if v.Role != RoleStaff && !v.Own {
		v.Case.Facts.Applicant, v.Case.Facts.Phone = "", ""
		return nil
	}
	decisions, err := tx.Decisions(ctx, v.Job.ID)
	if err != nil {
		return err
	}
	documents, err := tx.Documents(ctx, v.Job.ID)
	if err != nil {
		return err
	}
	v.Case.Findings = lastFindings(v.Job.State, decisions)
	pc.fill(v, documents, wantedIn(decisions, r.Round))
	return nil
}

func (pc *paperCase) showReview(v *CaseView, r Review, now time.Time) {
	v.Promise, v.Paused, v.Held, v.Breaches, v.Round = r.DueAt, !r.PausedAt.IsZero(), r.held(now) || r.State == ReviewDeciding, r.Breaches, r.Round
	v.MoreLeft = max(pc.policy.Rounds-r.Round+1, 0)
	half := pc.policy.Calendar.Share(r.StartedAt, r.DueAt, 50)
	switch {
	case r.NudgedAt.IsZero():
	case now.Before(half):
		v.NudgeFrom = half
	case !r.NudgedAt.Before(half):
		v.NudgeFrom = r.DueAt
	}
}

func lastFindings(state State, decisions []Decision) []Finding {
	want := VerdictNeedMore
	if state == StateRejected {
		want = VerdictReject
	}
	if state != StateNeedMore && state != StateRejected {
		return nil
	}
	for _, d := range slices.Backward(decisions) {
		if d.Verdict == want && !d.Settled.IsZero() {
			return d.Findings
		}
	}
	return nil
}

func (pc *paperCase) fill(v *View, documents []Document, wanted []string) {
	current, view, more := currentDocuments(documents), v.Case, v.Job.State == StateNeedMore
	for _, slot := range pc.own.Slots(view.Facts) {
		doc := current[slot]
		asked := more && slices.Contains(wanted, string(slot)) && doc.Round <= view.Round
		view.Slots = append(view.Slots, SlotView{Slot: slot, Document: doc, Wanted: asked})
	}
	for _, field := range pc.own.Returnable() {
		if more && slices.Contains(wanted, field) {
			view.Fields = append(view.Fields, field)
		}
	}
}
