package tasks_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"beian/tasks"
)

func TestA6_a_subject_has_one_open_reset_and_a_stranger_learns_nothing_of_it(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		p := o.holder()
		first := o.draft(p).handIn()
		second := o.draft(p).complete()
		err := second.do(tasks.VerbSubmit)
		wantCodes(t, err, "platform JOB_ALREADY_OPEN")
		var blocked *tasks.Blocked
		if errors.As(err, &blocked) && (len(blocked.Blockers[0].Params) > 0 || contains(err.Error(), first.receipt)) {
			t.Errorf("told whose request it is: %v", err)
		}
		for name, by := range map[string]tasks.Viewer{"another's code": second.applicant(), "an old word": {Veto: o.desk.Veto("x")}, "another account": o.someone().viewer()} {
			if _, err := o.desk.Look(t.Context(), first.receipt, by); !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%s sees it: %v", name, err)
			}
		}
		second.stands(tasks.StateDraft)
		o.must(first.do(tasks.VerbCancel))
		o.must(second.do(tasks.VerbSubmit))
	})
}

func TestA6_of_many_submitted_at_once_one_is_taken(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		p := o.holder()
		var all []*reset
		for range 4 {
			all = append(all, o.draft(p).complete())
		}
		errs := make([]error, len(all))
		var wait sync.WaitGroup
		for i, r := range all {
			a := tasks.Action{Receipt: r.receipt, Verb: tasks.VerbSubmit, By: r.applicant(), Once: tasks.Once{Scope: "race", Key: fmt.Sprint("race ", i), Fingerprint: "f"}}
			wait.Go(func() { _, errs[i] = o.desk.Act(t.Context(), a) })
		}
		wait.Wait()
		o.run()
		taken := 0
		for i, r := range all {
			if errs[i] == nil {
				taken++
				r.stands(tasks.StateQueued)
			} else {
				r.stands(tasks.StateDraft)
			}
		}
		if taken != 1 {
			t.Errorf("%d were taken: %v", taken, errs)
		}
	})
}

func TestA7_the_timeline_of_a_whole_reset_is_kept_in_order_and_unbroken(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.company()).handIn()
	r.askFor(reviewer(1), "letter")
	r.clear(tasks.SlotLetter)
	o.must(r.do(tasks.VerbSupplement))
	o.must(r.do(tasks.VerbNudge))
	r.approve(reviewer(1))
	r.approve(reviewer(2))
	o.pass(72 * time.Hour)
	r.stands(tasks.StateDone)
	want := []tasks.What{tasks.WhatDrafted, tasks.WhatUploaded, tasks.WhatUploaded, tasks.WhatUploaded, tasks.WhatUploaded, tasks.WhatPhoneProved,
		tasks.WhatMailboxProved, tasks.WhatSubmitted, tasks.WhatQueued, tasks.WhatClaimed, tasks.WhatAsked, tasks.WhatUploaded, tasks.WhatSupplemented,
		tasks.WhatNudged, tasks.WhatClaimed, tasks.WhatApprovedOnce, tasks.WhatClaimed, tasks.WhatApproved, tasks.WhatHeld, tasks.WhatApplied}
	v := r.look(r.receipt)
	got := whats(v.Timeline)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	for i, e := range v.Timeline {
		if i == 0 {
			continue
		}
		last := v.Timeline[i-1]
		if e.From != last.To && (e.From != last.From || e.To != last.To || !e.At.Equal(last.At)) { // rows of one step share theirs
			t.Errorf("row %d comes from %s", i, e.From)
		}
		if e.Actor.Kind == "" || e.At.IsZero() {
			t.Errorf("row %d says not who or when", i)
		}
	}
	verified, err := o.store.Verify(t.Context(), nil)
	if err != nil || len(verified.Broken) > 0 || verified.Jobs != 1 || verified.Events != int64(len(want)) || verified.Audit == 0 {
		t.Errorf("%+v, %v", verified, err)
	}
}

func TestA8_every_old_channel_is_told_three_times_each_with_a_word_that_works(t *testing.T) {
	t.Parallel()
	for _, tpl := range []tasks.Template{tasks.TemplateResetWarned, tasks.TemplateResetApproved, tasks.TemplateResetDone} {
		t.Run(string(tpl), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			p := o.holder()
			r := o.draft(p).handIn()
			if tpl != tasks.TemplateResetWarned {
				r.approve(reviewer(1))
			}
			want := tasks.StateDisputed
			if tpl == tasks.TemplateResetDone {
				o.pass(24 * time.Hour)
				want = tasks.StateDone // too late to stop it, and marked
			}
			for _, to := range []string{p.phone, p.email, p.principal} {
				got := o.wire.to(to, tpl)
				if len(got) != 1 || got[0].Params["veto"] == "" || got[0].Params["receipt"] != r.receipt || got[0].Params["new_email"] == "" {
					t.Errorf("an old channel was told %d times", len(got))
				}
			}
			for _, to := range []string{r.phone, r.address} {
				for _, m := range o.wire.to(to) {
					if m.Params["veto"] != "" {
						t.Errorf("the applicant got the old side's word by %s", m.Template)
					}
				}
			}
			o.must(r.object(tpl))
			r.stands(want)
			if r.look(r.receipt).Job.DisputedAt.IsZero() {
				t.Error("nobody sees the objection")
			}
		})
	}
}

func TestA8_an_effect_can_be_disputed_for_seven_days(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.done(o.holder())
	o.clock.set(r.look(r.receipt).Job.EndedAt.Add(7 * 24 * time.Hour))
	o.must(r.object(tasks.TemplateResetDone))
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	r.stands(tasks.StateDone)
	o.jump(time.Second)
	wantWrongState(t, r.object(tasks.TemplateResetDone))
	if len(o.wire.to(r.address, tasks.TemplateResetFrozen)) != 1 {
		t.Error("the new mailbox was not told")
	}
}

// TestA8_a_veto freezes whatever is open: no time-out, no decision and no effect
// gets through, and a release goes on where it stood, with two pairs of eyes (L9).
func TestA8_a_veto_freezes_every_open_state_and_a_release_goes_on_with_four_eyes(t *testing.T) {
	t.Parallel()
	goesOn := map[tasks.State]tasks.State{tasks.StateHold: tasks.StateSecondReview} // one approval is not enough any more
	for _, state := range []tasks.State{tasks.StateEmailConfirm, tasks.StateQueued, tasks.StateSecondReview, tasks.StateNeedMore, tasks.StateHold} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reaches()[state](o)
			o.must(r.object(tasks.TemplateResetWarned))
			o.must(r.object(tasks.TemplateResetWarned)) // twice is once
			o.pass(20 * 24 * time.Hour)
			r.stands(tasks.StateDisputed)
			for _, to := range []string{r.of.phone, r.of.email, r.of.principal, r.phone} {
				if n := len(o.wire.to(to, tasks.TemplateResetFrozen)); n != 1 {
					t.Errorf("told %d times that it is frozen", n)
				}
			}
			if o.party(r.of).Account.LoginEmail.Reveal() != r.of.email {
				t.Fatal("a frozen reset took effect")
			}
			if state != tasks.StateHold && state != tasks.StateEmailConfirm {
				wantWrongState(t, r.claim(supervisor(1)))
			}
			o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
			want := state
			if w, ok := goesOn[state]; ok {
				want = w
			}
			r.stands(want)
			r.carriedOn()
			r.stands(tasks.StateDone)
		})
	}
}

// carriedOn brings a released reset to its end; two different people approve.
func (r *reset) carriedOn() {
	r.tb.Helper()
	if r.look(r.receipt).Job.State == tasks.StateEmailConfirm {
		r.must(r.do(tasks.VerbMailbox))
		r.must(r.confirm(r.token()))
	}
	if r.look(r.receipt).Job.State == tasks.StateNeedMore {
		r.clear(tasks.SlotIDBack)
		r.must(r.do(tasks.VerbSupplement))
	}
	if r.look(r.receipt).Job.State == tasks.StateQueued {
		r.approve(reviewer(7))
		if r.review().NeedsTwo {
			r.stands(tasks.StateSecondReview)
		}
	}
	if r.look(r.receipt).Job.State == tasks.StateSecondReview {
		r.approve(reviewer(8))
	}
	r.pass(72 * time.Hour)
}

func TestL9_a_disputed_reset_needs_two_different_reviewers(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	approved := o.draft(o.holder()).handIn()
	approved.approve(reviewer(1))
	open := o.draft(o.holder()).handIn()
	early := o.draft(o.holder())
	early.clear(early.slots()...).provePhone()
	o.must(early.do(tasks.VerbSubmit))
	for _, r := range []*reset{approved, open, early} {
		o.must(r.object(tasks.TemplateResetWarned))
		o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	}
	o.must(early.confirm(early.token()))
	for name, r := range map[string]*reset{"approved": approved, "queued": open, "not yet queued": early} {
		if !r.review().NeedsTwo {
			t.Errorf("%s: one reviewer is enough", name)
		}
	}
	wantIs(t, approved.claim(reviewer(1)), tasks.ErrForbidden)
	if got := approved.review(); !got.StartedAt.Equal(o.now()) || !got.WorkedFrom.IsZero() {
		t.Errorf("the second look began at %v, worked on from %v", got.StartedAt, got.WorkedFrom)
	}
}

func TestA8_a_rejected_dispute_ends_the_reset_for_good(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := reaches()[tasks.StateHold](o)
	o.must(r.object(tasks.TemplateResetApproved))
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbReject))
	r.stands(tasks.StateRejected)
	o.pass(72 * time.Hour)
	r.stands(tasks.StateRejected)
	wantWrongState(t, r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbReject))
	r.stands(tasks.StateRejected)
	if o.party(r.of).Account.LoginEmail.Reveal() != r.of.email {
		t.Error("the login was replaced")
	}
}

func TestA8_a_contact_phone_that_is_on_record_is_told_once(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.draft(p, tasks.FieldPhone, p.principal).handIn()
	o.must(r.object(tasks.TemplateResetWarned))
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbRelease))
	o.must(r.do(tasks.VerbCancel))
	for _, tpl := range []tasks.Template{tasks.TemplateResetWarned, tasks.TemplateResetFrozen, tasks.TemplateResetStopped} {
		if n := len(o.wire.to(p.principal, tpl)); n != 1 {
			t.Errorf("%s was sent %d times", tpl, n)
		}
	}
}
