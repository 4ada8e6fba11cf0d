package tasks_test

import (
	"errors"
	"slices"
	"testing"

	"beian/tasks"
)

func sent(t *testing.T) func(tasks.Document, error) {
	return func(_ tasks.Document, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A policy that changes later moves no promise that was given (V2, L7).
func TestV2_a_review_keeps_the_days_it_was_promised(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	before := r.review()
	if before.Days != policy().ReviewDays {
		t.Fatalf("the review keeps %d days", before.Days)
	}
	later := policy()
	later.ReviewDays = before.Days + 3
	o.parts.Flows = tasks.Flows(later, o.vault, newDraws())
	o.desk = tasks.NewDesk(o.parts)
	sum, err := o.desk.Recalculate(t.Context())
	if got := r.review(); err != nil || sum.Looked != 1 || sum.Moved != 0 || !got.DueAt.Equal(before.DueAt) {
		t.Errorf("%+v, %v: the promise moved from %s to %s", sum, err, before.DueAt, got.DueAt)
	}
}

// What only an earlier answer asked for is nobody's business (L2).
func TestL2_documents_that_are_not_asked_for_any_more_need_no_look(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.company(), tasks.FieldPrincipal, "no")
	sent(t)(r.upload(tasks.SlotLetter, "sharp letter"))
	sent(t)(r.upload(tasks.SlotApplicantFront, "sharp card"))
	o.must(r.do(tasks.VerbRevise, tasks.FieldPrincipal, "yes"))
	r.principal = "yes"
	r.handIn()
	o.must(r.claim(reviewer(1)))
	current := 0
	for _, doc := range r.bench(reviewer(1)).Documents {
		if doc.Replaced {
			continue
		}
		current++
		if doc.Slot != tasks.SlotHoldingCertificate {
			t.Errorf("%s still counts", doc.Slot)
		}
		if _, err := o.desk.OpenPicture(t.Context(), tasks.Picture{Receipt: r.receipt, DocumentID: doc.ID, Page: 1}, reviewer(1)); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *tasks.Invalid
	if err := r.decide(r.verdict(reviewer(1), tasks.VerdictApprove)); current != 1 || !errors.As(err, &invalid) ||
		slices.ContainsFunc(invalid.Faults, func(f tasks.Fault) bool { return f.Code == "NOT_OPENED" }) {
		t.Errorf("%d documents count, %v", current, err)
	}
}

// The second pair of eyes learns neither who looked first nor what that came to,
// whatever its role (L9, trust.md).
func TestL9_the_second_reviewer_does_not_learn_who_was_first(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	o.furnish(0)
	r := o.draft(o.company(), tasks.FieldPrincipal, "yes").handIn()
	r.askFor(reviewer(1), string(tasks.SlotHoldingCertificate))
	sent(t)(r.upload(tasks.SlotHoldingCertificate, "sharp again"))
	o.must(r.do(tasks.VerbSupplement))
	r.approve(reviewer(1))
	for _, who := range []tasks.Actor{reviewer(2), supervisor(1)} {
		w := r.bench(who)
		if !w.Blind || w.Review.FirstBy != "" {
			t.Errorf("%s is told who was first", who.ID)
		}
		for _, d := range w.Decisions {
			if d.Staff.ID == reviewer(1).ID || d.Verdict == tasks.VerdictApprove {
				t.Errorf("%s sees %s of %q", who.ID, d.Verdict, d.Staff.ID)
			}
		}
		for _, e := range w.Timeline {
			if e.Actor.ID == reviewer(1).ID {
				t.Errorf("%s sees who %s", who.ID, e.What)
			}
		}
	}
	for _, who := range []tasks.Actor{reviewer(1), {Kind: tasks.ActorAuditor, ID: "auditor"}} {
		if w := r.bench(who); w.Blind || w.Review.FirstBy != reviewer(1).ID || len(w.Decisions) != 2 {
			t.Errorf("%s, who does not decide, sees %d decisions", who.ID, len(w.Decisions))
		}
	}
}
