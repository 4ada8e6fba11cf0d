package tasks_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestA8_every_old_channel_is_told_at_submission_and_again_at_the_end(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	for _, to := range []string{source.phone, source.email, source.principal} {
		got := o.wire.to(to, tasks.TemplateWarned)
		if len(got) != 1 || got[0].Params["veto"] == "" || got[0].Params["receipt"] != receipt || got[0].Params["target"] == "" {
			t.Errorf("a channel was told %d times at submission", len(got))
		}
	}
	o.must(o.act(source, receipt, tasks.VerbVerify, o.code(source.principal)))
	o.must(o.act(target, receipt, tasks.VerbAccept))
	for _, to := range []string{source.phone, source.email, source.principal} {
		if got := o.wire.to(to, tasks.TemplateDone); len(got) != 1 || got[0].Params["veto"] == "" {
			t.Errorf("a channel was told %d times at the end", len(got))
		}
	}
	for _, to := range []string{target.phone, target.email} {
		for _, m := range o.wire.to(to) {
			if m.Params["veto"] != "" {
				t.Error("the receiving side got the old side's word")
			}
		}
	}
}

func TestA8_a_principal_with_the_same_phone_is_told_once(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.take(source.subject.with(line{"principal": line{"name": "张小明", "phone": source.phone}}))
	o.moved(source, target)
	for _, tpl := range []tasks.Template{tasks.TemplateWarned, tasks.TemplateDone} {
		if n := len(o.wire.to(source.phone, tpl)); n != 1 {
			t.Errorf("%s was sent %d times", tpl, n)
		}
	}
}

func TestA8_the_word_of_the_message_freezes_the_job_and_no_other_does(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt, other := o.submit(source, target), o.submit(o.holder(), target)
		word := o.wire.to(source.email, tasks.TemplateWarned)[0].Params["veto"]
		wantIs(t, o.veto(receipt, "00000000"), tasks.ErrNotFound)
		wantIs(t, o.veto(receipt, ""), tasks.ErrNotFound)
		wantIs(t, o.veto(other, word), tasks.ErrNotFound)
		wantIs(t, o.veto(receipt, o.look(receipt).Tracking), tasks.ErrNotFound)
		o.is(receipt, tasks.StateSourceVerify)
		o.must(o.veto(receipt, " "+strings.ToLower(word[:4])+"-"+word[4:])) // typed from a phone
		o.is(receipt, tasks.StateDisputed)
		for _, to := range []string{source.phone, source.email} {
			if len(o.wire.to(to, tasks.TemplateDisputed)) != 1 {
				t.Error("the account was not told that its job is frozen")
			}
		}
		v, err := o.desk.Look(t.Context(), receipt, tasks.Viewer{Veto: word})
		if err != nil || v.Role != tasks.RoleContact || v.Tracking != "" || len(v.Verbs) != 0 {
			t.Errorf("the contact sees %s, %v, verbs %v", v.Role, err, v.Verbs)
		}
		o.must(o.veto(receipt, word)) // twice is once
		if n := len(o.look(receipt).Timeline); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestA8_a_dispute_freezes_any_open_state: nothing moves until a supervisor
// decides, and then it goes on exactly where it stood.
func TestA8_a_dispute_freezes_any_open_state_and_a_release_goes_on_there(t *testing.T) {
	t.Parallel()
	for state, reach := range map[tasks.State]func(o *office, source, target person) string{
		tasks.StateSourceVerify:  (*office).submit,
		tasks.StateTargetConfirm: (*office).verified,
		tasks.StateApplying:      (*office).accepted,
	} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			source, target := o.holder(), o.someone()
			receipt := reach(o, source, target)
			o.is(receipt, state)
			if err := o.act(source, receipt, tasks.VerbDispute); err != nil {
				t.Fatal(err)
			}
			o.pass(10 * 24 * time.Hour) // neither the effect nor a time-out moves it
			o.is(receipt, tasks.StateDisputed)
			if o.party(target).HasSubject() {
				t.Fatal("a frozen job moved the subject")
			}
			for _, v := range []tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbCancel, tasks.VerbInvite} {
				wantWrongState(t, o.act(source, receipt, v, "123456"))
			}
			if state != tasks.StateSourceVerify {
				wantWrongState(t, o.act(target, receipt, tasks.VerbAccept))
				wantWrongState(t, o.act(target, receipt, tasks.VerbDecline))
			}
			if err := o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease); err != nil {
				t.Fatal(err)
			}
			o.is(receipt, state)
			o.finish(receipt, source, target)
		})
	}
}

// accepted stops just before the effect.
func (o *office) accepted(source, target person) (receipt string) {
	o.tb.Helper()
	receipt = o.verified(source, target)
	if err := o.act(target, receipt, tasks.VerbAccept); err != nil {
		o.tb.Fatal(err)
	}
	return receipt
}

// finish brings a job from wherever it stands to done.
func (o *office) finish(receipt string, source, target person) {
	o.tb.Helper()
	if o.look(receipt).Job.State == tasks.StateSourceVerify {
		o.must(o.act(source, receipt, tasks.VerbResend)) // the first code is long gone
		o.must(o.act(source, receipt, tasks.VerbVerify, o.code(source.principal)))
	}
	if o.look(receipt).Job.State == tasks.StateTargetConfirm {
		o.must(o.act(target, receipt, tasks.VerbAccept))
	}
	o.run()
	o.is(receipt, tasks.StateDone)
}

func TestA8_a_released_job_gets_its_full_time_again(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.pass(71 * time.Hour)
	o.must(o.act(source, receipt, tasks.VerbDispute))
	o.pass(30 * time.Minute)
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	o.pass(71 * time.Hour) // the first window's expiry has come and gone
	o.is(receipt, tasks.StateTargetConfirm)
	o.pass(time.Hour)
	o.is(receipt, tasks.StateExpired)
}

func TestA8_a_supervisor_may_reject_and_nobody_else_decides(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.accepted(source, target)
	for _, v := range []tasks.Verb{tasks.VerbRelease, tasks.VerbReject} {
		wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, v)) // nobody objected
	}
	o.must(o.act(target, receipt, tasks.VerbDispute))
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator, tasks.ActorAuditor, "", "boss"} {
		for _, v := range []tasks.Verb{tasks.VerbRelease, tasks.VerbReject} {
			if err := o.staff(role, receipt, v); !errors.Is(err, tasks.ErrForbidden) && !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%q %s: %v", role, v, err)
			}
		}
	}
	for _, p := range []person{source, target} {
		wantIs(t, o.act(p, receipt, tasks.VerbRelease), tasks.ErrForbidden)
		wantIs(t, o.act(p, receipt, tasks.VerbReject), tasks.ErrForbidden)
	}
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
	o.is(receipt, tasks.StateRejected)
	if o.party(target).HasSubject() || len(o.wire.to(source.phone, tasks.TemplateStopped)) != 1 || len(o.wire.to(target.phone, tasks.TemplateStopped)) != 1 {
		t.Error("something moved, or a party was not told")
	}
	wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
}

func TestA8_a_stranger_with_a_tracking_code_can_not_freeze(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	receipt := o.submit(o.holder(), o.someone())
	_, err := o.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute,
		By: tasks.Viewer{Tracking: o.look(receipt).Tracking}})
	wantIs(t, err, tasks.ErrForbidden)
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator, tasks.ActorAuditor} {
		wantIs(t, o.staff(role, receipt, tasks.VerbDispute), tasks.ErrForbidden)
	}
	o.is(receipt, tasks.StateSourceVerify)
}

func TestA8_an_objection_after_the_end_is_marked_for_seven_days(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.moved(source, target)
	word := o.wire.to(source.email, tasks.TemplateDone)[0].Params["veto"]
	o.pass(7*24*time.Hour - time.Minute)
	o.must(o.veto(receipt, word))
	o.is(receipt, tasks.StateDone)
	disputed := func() int {
		jobs, err := o.desk.Jobs(t.Context(), tasks.JobFilter{Disputed: true})
		if err != nil {
			t.Fatal(err)
		}
		return len(jobs)
	}
	if disputed() != 1 {
		t.Error("supervisors don't see the objection")
	}
	wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	o.is(receipt, tasks.StateDone)
	if disputed() != 0 {
		t.Error("the mark is still there")
	}
	o.pass(2 * time.Minute)
	wantWrongState(t, o.veto(receipt, word))
	v, err := o.desk.Look(t.Context(), receipt, tasks.Viewer{Veto: word})
	if err != nil || len(v.Verbs) != 0 {
		t.Errorf("offered too late: %v, %v", v.Verbs, err)
	}
}

func TestA8_a_job_that_ended_without_an_effect_can_not_be_disputed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	word := o.wire.to(source.email, tasks.TemplateWarned)[0].Params["veto"]
	o.must(o.act(source, receipt, tasks.VerbCancel))
	wantWrongState(t, o.veto(receipt, word))
}

func TestA8_a_veto_against_the_effect_has_one_outcome(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		for range 12 {
			source, target := o.holder(), o.someone()
			receipt := o.accepted(source, target)
			word := o.vault.Word("veto", o.look(receipt).Job.ID)
			var wg sync.WaitGroup
			var vetoed error
			wg.Go(func() { vetoed = o.veto(receipt, word) })
			o.together()
			wg.Wait()
			if errors.Is(vetoed, tasks.ErrConflict) {
				vetoed = o.veto(receipt, word)
			}
			if vetoed != nil {
				t.Fatal(vetoed)
			}
			o.run()
			job, moved := o.look(receipt).Job, o.party(target).HasSubject()
			frozen := job.State == tasks.StateDisputed && !moved
			marked := job.State == tasks.StateDone && moved && !job.DisputedAt.IsZero()
			if !frozen && !marked {
				t.Errorf("state %s, moved %v, disputed %v", job.State, moved, !job.DisputedAt.IsZero())
			}
			if diff := cmp.Diff(1, count(o.look(receipt).Timeline, tasks.WhatDisputed)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func count(events []tasks.Event, what tasks.What) (n int) {
	for _, e := range events {
		if e.What == what {
			n++
		}
	}
	return n
}
