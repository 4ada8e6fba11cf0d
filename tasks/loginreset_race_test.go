package tasks_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// deliver runs a task and tells nobody how it went: a task too many, too early or
// overtaken is the record's matter.
func (o *office) deliver(ref tasks.TaskRef) error {
	err := o.desk.Work(o.ctx(), ref)
	var again *tasks.Again
	if errors.As(err, &again) || errors.Is(err, tasks.ErrConflict) {
		return nil
	}
	return err
}

func TestR21_a_veto_before_the_effect_wins_and_one_after_it_marks(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	before, after := o.draft(o.holder()).handIn(), o.draft(o.holder()).handIn()
	for _, r := range []*reset{before, after} {
		r.approve(reviewer(1))
		r.stands(tasks.StateHold)
	}
	o.clock.set(after.state().HoldUntil.Add(time.Minute)) // both are due, neither has run
	if err := before.object(tasks.TemplateResetApproved); err != nil {
		t.Fatal(err)
	}
	o.run() // the effect of the other one, and nothing of this one
	before.stands(tasks.StateDisputed)
	if o.party(before.of).Account.LoginEmail.Reveal() != before.of.email || len(o.wire.to(before.address, tasks.TemplateRecovery)) != 0 {
		t.Error("a committed veto lost")
	}
	o.must(after.object(tasks.TemplateResetApproved))
	after.stands(tasks.StateDone)
	if got := after.look(after.receipt).Job; got.DisputedAt.IsZero() || o.party(after.of).Account.LoginEmail.Reveal() != after.address {
		t.Error("the effect is half, or its objection lost")
	}
}

func TestR21_the_effect_never_runs_before_the_hold_ends_whatever_is_delivered(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.approve(reviewer(1))
	ref := o.due("apply")
	for _, at := range []time.Duration{0, time.Hour, 22 * time.Hour} {
		o.jump(at)
		if err := o.deliver(ref); err != nil {
			t.Fatal(err)
		}
		r.stands(tasks.StateHold)
	}
	r.post("apply") // a task that claims to be due, from wherever it came
	r.stands(tasks.StateHold)
	o.clock.set(r.state().HoldUntil)
	for range 3 {
		r.post("apply")
		if err := o.deliver(ref); err != nil {
			t.Fatal(err)
		}
	}
	o.run()
	r.stands(tasks.StateDone)
	if n := count(r.look(r.receipt).Timeline, tasks.WhatApplied); n != 1 {
		t.Errorf("applied %d times", n)
	}
}

// post puts a step into the outbox that is due at once, and lets it run.
func (r *reset) post(step string) {
	r.tb.Helper()
	r.must(r.store.Update(r.ctx(), func(tx tasks.Tx) error {
		return tx.Post(r.ctx(), tasks.Task{ID: tasks.TaskID(tasks.KindReset, r.receipt, step), Queue: tasks.QueueAccount,
			Type: string(tasks.KindReset) + ":" + step, Ref: r.receipt, NotBefore: tx.Now()})
	}))
}

func TestR21_a_veto_while_a_decision_can_be_taken_back_voids_it(t *testing.T) {
	t.Parallel()
	for _, v := range []tasks.Verdict{tasks.VerdictApprove, tasks.VerdictReject, tasks.VerdictNeedMore, tasks.VerdictEscalate} {
		t.Run(string(v), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := o.draft(o.holder()).handIn()
			o.must(r.claim(reviewer(1)))
			o.must(r.decide(r.some(v)))
			o.jump(undoFor) // due, and not carried out
			if err := r.object(tasks.TemplateResetWarned); err != nil {
				t.Fatal(err)
			}
			o.pass(10 * 24 * time.Hour)
			r.stands(tasks.StateDisputed)
			all := r.bench(supervisor(1)).Decisions
			if len(all) != 1 || all[0].Undone.IsZero() || !all[0].Settled.IsZero() {
				t.Errorf("%+v", all)
			}
			_, err := o.desk.Undo(t.Context(), r.receipt, reviewer(1))
			wantWrongState(t, err)
			o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
			r.stands(tasks.StateQueued)
			r.carriedOn()
			r.stands(tasks.StateDone)
		})
	}
}

// some is a decision of any kind by the first reviewer.
func (r *reset) some(v tasks.Verdict) tasks.Decide {
	switch v {
	case tasks.VerdictApprove:
		return r.approval(reviewer(1))
	case tasks.VerdictReject:
		return r.verdict(reviewer(1), v, tasks.Finding{About: "request", Reason: "SUSPECTED_FRAUD"})
	case tasks.VerdictNeedMore:
		return r.verdict(reviewer(1), v, tasks.Finding{About: "id_back", Reason: "DOC_DARK"})
	}
	return r.verdict(reviewer(1), v)
}

// eachHasty is eachEngine with holds that end at once.
func eachHasty(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	hasty := func(p *tasks.Policy) { p.Hold, p.LongHold = 0, 0 }
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return testenv.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOn(t, url(t), hasty)
			o.furnish(0)
			test(t, o)
		})
	}
}

// decidedOnly books an approval and stops before it is carried out.
func (o *office) decidedOnly() (r *reset, settle tasks.TaskRef) {
	o.tb.Helper()
	r = o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	if err := r.decide(r.approval(reviewer(1))); err != nil {
		o.tb.Fatal(err)
	}
	return r, o.due("settle")
}

func TestR21_a_veto_and_the_effect_at_once_give_one_of_them(t *testing.T) {
	t.Parallel()
	eachHasty(t, func(t *testing.T, o *office) {
		for range 6 {
			r, settle := o.decidedOnly()
			if err := o.deliver(settle); err != nil {
				t.Fatal(err)
			}
			r.race(o.due("apply"))
		}
		o.whole()
	})
}

func TestR21_a_veto_and_a_decision_at_once_give_one_of_them(t *testing.T) {
	t.Parallel()
	eachHasty(t, func(t *testing.T, o *office) {
		for range 6 {
			r, settle := o.decidedOnly()
			r.race(settle)
		}
		o.whole()
	})
}

// What a transaction calls now is when it began, and a veto may wait for the effect.
func TestR21_a_veto_that_waited_for_the_effect_comes_after_it(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	source := o.holder()
	moved, r := o.moved(source, o.someone()), o.done(o.holder())
	for receipt, object := range map[string]func() error{
		moved:     func() error { return o.act(source, moved, tasks.VerbDispute) },
		r.receipt: func() error { return r.object(tasks.TemplateResetWarned) },
	} {
		o.clock.set(o.look(receipt).Job.EndedAt.Add(-time.Second))
		o.must(object())
		if job := o.look(receipt).Job; job.State != tasks.StateDone || !job.DisputedAt.Equal(job.EndedAt) {
			t.Errorf("%s is %s since %v, disputed at %v", receipt, job.State, job.EndedAt, job.DisputedAt)
		}
	}
}

// race lets the old side object while a task runs, and checks that what the record
// says is one story.
func (r *reset) race(ref tasks.TaskRef) {
	r.tb.Helper()
	a := tasks.Action{Receipt: r.receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: r.word(tasks.TemplateResetWarned)},
		Once: tasks.Once{Scope: "veto", Key: r.key(), Fingerprint: "f"}}
	var worked, vetoed error
	var both sync.WaitGroup
	both.Go(func() { worked = r.deliver(ref) })
	both.Go(func() { _, vetoed = r.desk.Act(r.ctx(), a) })
	both.Wait()
	if worked != nil || (vetoed != nil && !errors.Is(vetoed, tasks.ErrConflict)) {
		r.tb.Fatalf("worked: %v, vetoed: %v", worked, vetoed)
	}
	r.run()
	job, login := r.look(r.receipt).Job, r.party(r.of).Account.LoginEmail.Reveal()
	switch {
	case vetoed != nil && job.State == tasks.StateDone && login == r.address:
	case vetoed == nil && job.State == tasks.StateDisputed && login == r.of.email:
	case vetoed == nil && job.State == tasks.StateDone && login == r.address && !job.DisputedAt.IsZero() && !job.DisputedAt.Before(job.EndedAt):
	default:
		r.tb.Errorf("vetoed %v, and the job is %s, its login replaced: %v", vetoed, job.State, login == r.address)
	}
}

// whole checks every chain of the record.
func (o *office) whole() {
	o.tb.Helper()
	v, err := o.store.Verify(o.ctx(), nil)
	if err != nil || len(v.Broken) > 0 {
		o.tb.Errorf("%+v, %v", v.Broken, err)
	}
}

func TestR21_of_two_reviewers_at_once_one_decides(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(time.Hour)
		r := o.draft(o.holder()).handIn()
		o.must(r.claim(reviewer(1)))
		verdicts := []tasks.Verdict{tasks.VerdictApprove, tasks.VerdictReject, tasks.VerdictNeedMore, tasks.VerdictEscalate}
		errs := make([]error, len(verdicts))
		var all sync.WaitGroup
		for i, v := range verdicts { // two windows of one person are two reviewers
			in := r.some(v)
			in.Once.Key = fmt.Sprint("window ", i)
			all.Go(func() { errs[i] = r.decide(in) })
		}
		all.Wait()
		decided := 0
		for _, err := range errs {
			if err == nil {
				decided++
			} else if !errors.Is(err, tasks.ErrConflict) {
				t.Error(err)
			}
		}
		if got := r.bench(supervisor(1)).Decisions; decided != 1 || len(got) != 1 {
			t.Errorf("%d decided, %d on record", decided, len(got))
		}
	})
}
