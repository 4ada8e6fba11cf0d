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

const freshPhone = "13612345678"

// rephone is the submission of a contact change.
func rephone(p person, phone string) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindContact, AccountID: p.id, Lang: "zh-CN", Fields: map[string]string{tasks.FieldNewPhone: phone}}
}

func (o *office) tryRephone(p person, phone string) (tasks.Accepted, error) {
	s := rephone(p, phone)
	s.Once = o.once(p)
	return o.desk.Submit(o.ctx(), s)
}

// rephoning opens a contact change and lets the messages go out.
func (o *office) rephoning(p person) (receipt string) {
	o.tb.Helper()
	acc, err := o.tryRephone(p, freshPhone)
	if err != nil {
		o.tb.Fatalf("submitting: %v", err)
	}
	o.run()
	return acc.Receipt
}

// oldProved is one whose old phone confirmed, bothProved one that waits for a worker.
func (o *office) oldProved(p person) (receipt string) {
	o.tb.Helper()
	receipt = o.rephoning(p)
	o.must(o.act(p, receipt, tasks.VerbVerifyOld, o.code(p.phone)))
	return receipt
}

func (o *office) bothProved(p person) (receipt string) {
	o.tb.Helper()
	receipt = o.oldProved(p)
	if err := o.act(p, receipt, tasks.VerbVerifyNew, o.code(freshPhone)); err != nil {
		o.tb.Fatal(err)
	}
	return receipt
}

func (o *office) rephoned(p person) (receipt string) {
	o.tb.Helper()
	receipt = o.bothProved(p)
	o.run()
	o.is(receipt, tasks.StateDone)
	return receipt
}

func (o *office) phoneIs(p person, want string) {
	o.tb.Helper()
	if got := o.party(p).Account.SecurityPhone; got != o.parsedPhone(want) {
		o.tb.Errorf("the account's phone is %s", got)
	}
}

func TestContact_codes_to_both_phones_replace_the_security_phone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		for _, p := range []person{o.holder(), o.someone()} { // with a subject and without
			before := o.now()
			receipt := o.rephoning(p)
			if got := o.look(receipt); !strings.HasPrefix(receipt, "CC") || got.Job.State != tasks.StateOldPhone || got.Job.SubjectID != "" {
				t.Errorf("%s begins in %s", receipt, got.Job.State)
			}
			if len(o.wire.to(freshPhone)) != 0 {
				t.Error("the new phone heard of it before the old one confirmed")
			}
			o.must(o.act(p, receipt, tasks.VerbVerifyOld, o.code(p.phone)))
			o.is(receipt, tasks.StateNewPhone)
			o.phoneIs(p, p.phone)
			o.must(o.act(p, receipt, tasks.VerbVerifyNew, o.code(freshPhone)))
			o.is(receipt, tasks.StateDone)
			o.phoneIs(p, freshPhone)
			if hold := o.party(p).Account.HoldUntil; hold.Sub(before) < 72*time.Hour {
				t.Errorf("transfers wait until %s", hold)
			}
			want := []tasks.What{tasks.WhatSubmitted, tasks.WhatOldProved, tasks.WhatNewProved, tasks.WhatApplied}
			v := o.look(receipt)
			if diff := cmp.Diff(want, whats(v.Timeline)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(string(v.Job.Facts), freshPhone) || strings.Contains(string(v.Job.Facts), p.phone) || v.Contact.NewPhone != "136 **** 5678" {
				t.Errorf("the job remembers %s", v.Job.Facts)
			}
			o.wire.forget(freshPhone)
		}
	})
}

func TestC1_the_codes_say_what_they_sign_and_open_nothing_else(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.holder()
	receipt := o.rephoning(p)
	code := o.wire.to(p.phone, tasks.TemplateCode)[0]
	if code.Params["purpose"] != string(tasks.PurposeOldPhone) || code.Params["phone"] != "136 **** 5678" {
		t.Errorf("the code says %v", code.Params)
	}
	old := code.Params["code"]
	wantWrongState(t, o.act(p, receipt, tasks.VerbVerifyNew, old))
	wantCodes(t, o.act(p, receipt, tasks.VerbVerifyOld), "REQUIRED")
	wantCodes(t, o.act(p, receipt, tasks.VerbVerifyOld, wrong(old)), "CODE_WRONG")
	o.must(o.act(p, receipt, tasks.VerbVerifyOld, old))
	wantWrongState(t, o.act(p, receipt, tasks.VerbVerifyOld, old))
	fresh := o.code(freshPhone)
	if fresh == old {
		t.Skip("both codes are equal by chance")
	}
	wantCodes(t, o.act(p, receipt, tasks.VerbVerifyNew, old), "CODE_WRONG")
	for range 3 {
		wantCodes(t, o.act(p, receipt, tasks.VerbVerifyNew, wrong(fresh)), "CODE_WRONG")
	}
	wantCodes(t, o.act(p, receipt, tasks.VerbVerifyNew, wrong(fresh)), "CODE_LOCKED")
	wantCodes(t, o.act(p, receipt, tasks.VerbVerifyNew, fresh), "CODE_LOCKED")
	o.is(receipt, tasks.StateNewPhone)
	o.pass(61 * time.Second)
	o.must(o.act(p, receipt, tasks.VerbResend))
	o.must(o.act(p, receipt, tasks.VerbVerifyNew, o.code(freshPhone)))
	o.is(receipt, tasks.StateDone)
}

func TestC1_a_code_is_sent_again_after_a_minute_to_the_phone_on_turn(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	receipt := o.rephoning(p)
	tooMany(t, o.act(p, receipt, tasks.VerbResend))
	for range 2 {
		o.pass(61 * time.Second)
		o.must(o.act(p, receipt, tasks.VerbResend))
	}
	o.pass(61 * time.Second)
	tooMany(t, o.act(p, receipt, tasks.VerbResend))
	if n := len(o.wire.to(p.phone, tasks.TemplateCode)); n != 3 || len(o.wire.to(freshPhone)) != 0 {
		t.Errorf("%d codes to the old phone, %d messages to the new one", n, len(o.wire.to(freshPhone)))
	}
}

func TestA5_all_that_is_in_the_way_of_a_contact_change_comes_at_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		check := func(p person, phone string) error {
			_, err := o.desk.Precheck(t.Context(), rephone(p, phone))
			return err
		}
		for typed, want := range map[string]string{"": "REQUIRED", "1": "PHONE_INVALID", "+1 202 555 0101": "PHONE_INVALID", "12345678901": "PHONE_INVALID",
			"\xff": "PHONE_INVALID", p.phone: "PHONE_SAME", "+86 " + p.phone: "PHONE_SAME"} {
			err := check(p, typed)
			if got := codes(err); len(got) != 1 || (got[0] != want && want != "REQUIRED") {
				t.Errorf("%q: %v", typed, got)
			}
		}
		if err := check(p, "１３６-1234 ５678"); err != nil {
			t.Errorf("a number as people type it: %v", err)
		}
		hold := o.now().Add(time.Hour).Format(time.RFC3339)
		wantCodes(t, check(o.someone(line{"status": "frozen", "hold_until": hold, "security_phone": nil}), freshPhone),
			"applicant HOLD_ACTIVE", "applicant PHONE_NONE", "applicant SOURCE_FROZEN")
		_, err := o.desk.Precheck(t.Context(), tasks.Submission{Kind: tasks.KindContact, AccountID: "nobody", Fields: map[string]string{tasks.FieldNewPhone: freshPhone}})
		wantIs(t, err, tasks.ErrNotFound)
	})
}

func TestA6_one_open_contact_change_per_account(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		s := rephone(p, freshPhone)
		s.Once = o.once(p)
		first, err := o.desk.Submit(t.Context(), s)
		o.must(err)
		again, err := o.desk.Submit(t.Context(), s)
		if err != nil || !again.Replayed || again.Receipt != first.Receipt {
			t.Errorf("a replay gives %+v, %v", again, err)
		}
		_, err = o.tryRephone(p, "13712345678")
		wantCodes(t, err, "applicant JOB_ALREADY_OPEN")
		var blocked *tasks.Blocked
		if errors.As(err, &blocked); blocked.Blockers[0].Params["receipt"] != first.Receipt {
			t.Errorf("it points at %v", blocked.Blockers[0].Params)
		}
		o.rephoning(o.someone()) // another account's is another matter
		o.must(o.act(p, first.Receipt, tasks.VerbCancel))
		o.rephoning(p)
	})
}

func TestA6_of_submissions_at_the_same_time_one_becomes_a_job(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		results := make([]error, 6)
		onces := make([]tasks.Once, len(results))
		for i := range onces {
			onces[i] = o.once(p)
		}
		var all sync.WaitGroup
		for i := range results {
			all.Go(func() {
				s := rephone(p, freshPhone)
				s.Once = onces[i]
				_, results[i] = o.desk.Submit(t.Context(), s)
			})
		}
		all.Wait()
		won := 0
		for _, err := range results {
			if err == nil {
				won++
				continue
			}
			wantCodes(t, err, "applicant JOB_ALREADY_OPEN")
		}
		if won != 1 {
			t.Errorf("%d jobs", won)
		}
	})
}

func TestA8_every_channel_hears_of_a_contact_change_with_the_way_to_object(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		receipt := o.rephoned(p)
		for to, done := range map[string]int{p.phone: 1, p.email: 1, p.principal: 1, freshPhone: 1} {
			warned := o.wire.to(to, tasks.TemplateContactWarned)
			if to != freshPhone && (len(warned) != 1 || warned[0].Params["veto"] == "" || warned[0].Params["phone"] != "136 **** 5678") {
				t.Errorf("%d warnings to a channel", len(warned))
			}
			got := o.wire.to(to, tasks.TemplateContactDone)
			if len(got) != done || got[0].Params["veto"] == "" || got[0].Params["date"] == "" || got[0].Params["receipt"] != receipt {
				t.Errorf("%d messages about the end", len(got))
			}
		}
	})
}

func TestT6_no_transfer_while_a_contact_change_is_fresh(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p, target := o.holder(), o.someone()
	waiting := o.verified(p, target)
	o.rephoned(p)
	moved := p
	moved.phone = freshPhone
	_, err := o.precheck(o.holder(), moved)
	wantCodes(t, err, "target HOLD_ACTIVE", "target TARGET_HAS_SUBJECT")
	o.must(o.act(target, waiting, tasks.VerbAccept)) // also one that was on its way
	o.is(waiting, tasks.StateFailed)
	_, err = o.tryRephone(p, "13712345678") // and no second change
	wantCodes(t, err, "applicant HOLD_ACTIVE")
	_, err = o.precheck(p, target)
	wantCodes(t, err, "source HOLD_ACTIVE")
	o.pass(72*time.Hour + time.Second)
	o.moved(p, target)
}

func TestContact_a_code_to_the_new_phone_sets_no_password_during_the_hold(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.holder()
	o.request(o.owner(p), tasks.ChannelSMS)
	o.run()
	o.pass(2 * time.Minute)
	o.rephoned(p)
	before := len(o.wire.to(freshPhone, tasks.TemplateCode))
	o.request(o.owner(p), tasks.ChannelSMS)
	o.run()
	if n := len(o.wire.to(freshPhone, tasks.TemplateCode)); n != before {
		t.Error("a code for a new password went to the new phone")
	}
	o.request(o.owner(p), tasks.ChannelMail)
	o.run()
	if len(o.links(p)) == 0 {
		t.Error("the mailbox leads to no password any more")
	}
}

func TestContact_silence_expires_and_the_account_may_cancel(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	for _, reach := range []func(person) string{o.rephoning, o.oldProved} {
		receipt := reach(p)
		o.pass(24*time.Hour - time.Second)
		if o.look(receipt).Job.State.Ended() {
			t.Fatal("it ended early")
		}
		o.pass(2 * time.Second)
		o.is(receipt, tasks.StateExpired)
		receipt = reach(p)
		o.must(o.act(p, receipt, tasks.VerbCancel))
		o.is(receipt, tasks.StateWithdrawn)
		wantWrongState(t, o.act(p, receipt, tasks.VerbCancel))
	}
	if n := len(o.wire.to(p.email, tasks.TemplateContactStopped)); n != 4 {
		t.Errorf("%d of 4 ends were told", n)
	}
	o.phoneIs(p, p.phone)
}

func TestContact_nobody_else_can_move_it(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p, stranger := o.holder(), o.someone()
		receipt := o.rephoning(p)
		code, id := o.code(p.phone), o.look(receipt).Job.ID
		for _, verb := range []tasks.Verb{tasks.VerbVerifyOld, tasks.VerbVerifyNew, tasks.VerbResend, tasks.VerbCancel, tasks.VerbDispute, tasks.VerbRelease, tasks.VerbReject} {
			wantIs(t, o.act(stranger, receipt, verb, code), tasks.ErrNotFound)
		}
		for _, by := range []tasks.Viewer{{Tracking: o.vault.Word("tracking", id)}, {Veto: o.vault.Word("veto", id)}, {Staff: tasks.ActorSupervisor}, {Staff: tasks.ActorReviewer}} {
			for _, verb := range []tasks.Verb{tasks.VerbVerifyOld, tasks.VerbResend, tasks.VerbCancel} {
				_, err := o.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: verb, By: by, Fields: map[string]string{tasks.FieldCode: code}})
				wantIs(t, err, tasks.ErrForbidden)
			}
		}
		for _, verb := range []tasks.Verb{tasks.VerbRelease, tasks.VerbReject} {
			wantIs(t, o.act(p, receipt, verb), tasks.ErrForbidden)
		}
		wantIs(t, o.act(p, receipt, tasks.VerbAccept), tasks.ErrNotFound)
		o.is(receipt, tasks.StateOldPhone)
	})
}

func TestTrack_both_phones_open_the_page_of_a_contact_change(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	receipt := o.rephoning(p)
	opens := func(phone string) bool {
		before := len(o.wire.to(phone, tasks.TemplateCode))
		o.must(o.sendTracking(receipt, phone))
		return len(o.wire.to(phone, tasks.TemplateCode)) > before
	}
	if !opens(p.phone) || opens(freshPhone) {
		t.Error("before the change the old phone opens the page, and no other")
	}
	o.must(o.act(p, receipt, tasks.VerbVerifyOld, o.wire.to(p.phone, tasks.TemplateCode)[0].Params["code"]))
	o.must(o.act(p, receipt, tasks.VerbVerifyNew, o.code(freshPhone)))
	o.pass(2 * time.Minute)
	if !opens(freshPhone) || opens("13512345678") {
		t.Error("after the change the new phone opens the page")
	}
	o.pass(2 * time.Minute)
	if !opens(p.phone) {
		t.Error("after the change the old phone opens it, too")
	}
}
