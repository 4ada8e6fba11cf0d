package tasks_test

import (
	"slices"
	"testing"

	"beian/tasks"
)

// Nothing of a first look is on a workbench or in a job's view: not while its verdict
// can be taken back, nor while the second look is open, nor while that waits or can
// be taken back itself. Its maker and auditors see it, and everybody afterwards (L9).
func TestL9_a_first_look_stays_its_makers_until_the_second_is_decided(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.company(), tasks.FieldPrincipal, "yes").handIn()
	first, second := reviewer(1), reviewer(2)
	r.must(r.claim(first))
	in := r.approval(first)
	in.Note = "the seal looks odd"
	r.must(r.decide(in))
	r.blindExcept("deciding", first)
	r.pass(undoFor)
	r.stands(tasks.StateSecondReview)
	r.blindExcept("open", first)
	r.must(r.claim(second))
	r.must(r.decide(r.approval(second)))
	r.blindExcept("second deciding", first)
	r.pass(undoFor)
	for _, who := range []tasks.Actor{first, second, reviewer(3), supervisor(1)} {
		if !r.sees(who) {
			t.Errorf("%s does not see what was decided", who.ID)
		}
	}
}

// A verdict that one person took and another dispute brings to a second look is kept
// from that look, too.
func TestL9_after_a_dispute_the_earlier_approval_is_not_shown(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.approve(reviewer(1))
	o.must(r.object(tasks.TemplateResetApproved))
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	r.stands(tasks.StateSecondReview)
	r.blindExcept("released", reviewer(1))
}

func (r *reset) blindExcept(when string, first tasks.Actor) {
	r.tb.Helper()
	for _, who := range []tasks.Actor{reviewer(2), reviewer(3), supervisor(1)} {
		if r.sees(who) {
			r.tb.Errorf("%s: %s sees the first look", when, who.ID)
		}
	}
	for _, who := range []tasks.Actor{first, {Kind: tasks.ActorAuditor, ID: "auditor"}} {
		if !r.sees(who) {
			r.tb.Errorf("%s: %s, who does not look second, is kept from it", when, who.ID)
		}
	}
}

// sees reports whether anything of the first approval is shown to somebody.
func (r *reset) sees(who tasks.Actor) bool {
	r.tb.Helper()
	w := r.bench(who)
	v, err := r.desk.Look(r.ctx(), r.receipt, tasks.Viewer{Staff: who.Kind, StaffID: who.ID})
	if err != nil {
		r.tb.Fatal(err)
	}
	approval := func(e tasks.Event) bool {
		return e.What == tasks.WhatApprovedOnce || e.What == tasks.WhatApproved || (e.Actor.ID == reviewer(1).ID && who != reviewer(1))
	}
	decision := func(d tasks.Decision) bool {
		return d.Stage == 1 && (d.Verdict == tasks.VerdictApprove || d.Note != "" || len(d.Checks) > 0)
	}
	return w.Review.FirstBy != "" || slices.ContainsFunc(w.Decisions, decision) || slices.ContainsFunc(w.Timeline, approval) ||
		slices.ContainsFunc(v.Timeline, approval)
}
