package tasks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestT8_the_code_goes_to_the_principal_and_says_what_is_signed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	got := o.wire.to(source.principal, tasks.TemplateCode)
	if len(got) != 1 || len(o.wire.to(source.phone, tasks.TemplateCode)) != 0 {
		t.Fatalf("%d codes to the principal", len(got))
	}
	p := got[0].Params
	if p["receipt"] != receipt || p["target"] == "" || p["target"] == target.email || p["purpose"] != string(tasks.PurposeGive) {
		t.Errorf("the message says %v", p)
	}
}

func TestT8_the_target_accepts_by_signing_in(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.is(receipt, tasks.StateTargetConfirm)
	if len(o.wire.to(target.phone, tasks.TemplateInvited)) != 1 || len(o.wire.to(target.email, tasks.TemplateInvited)) != 1 {
		t.Error("the target was not asked by phone and mail")
	}
	o.pass(71 * time.Hour)
	o.must(o.act(target, receipt, tasks.VerbAccept))
	o.is(receipt, tasks.StateDone)
}

func TestT8_the_target_accepts_in_the_same_sitting_with_a_code_to_its_phone(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	wantCodes(t, o.act(source, receipt, tasks.VerbAccept, "123456"), "CODE_EXPIRED") // none was sent
	o.must(o.act(source, receipt, tasks.VerbInvite))
	code := o.code(target.phone)
	wantCodes(t, o.act(source, receipt, tasks.VerbAccept, wrong(code)), "CODE_WRONG")
	wantCodes(t, o.act(source, receipt, tasks.VerbAccept), "REQUIRED")
	o.is(receipt, tasks.StateTargetConfirm)
	o.must(o.act(source, receipt, tasks.VerbAccept, code))
	o.is(receipt, tasks.StateDone)
}

func TestT8_without_acceptance_by_policy_the_effect_follows_the_code(t *testing.T) {
	t.Parallel()
	o := openOffice(t, func(p *tasks.Policy) { p.TargetAcceptance = false })
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.is(receipt, tasks.StateDone)
	if len(o.wire.to(target.phone, tasks.TemplateInvited)) != 0 {
		t.Error("the target was asked although nobody waits for it")
	}
}

func TestT8_the_target_may_decline(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.must(o.act(target, receipt, tasks.VerbDecline))
	o.is(receipt, tasks.StateRejected)
	for _, to := range []string{source.phone, source.email, target.phone, target.email} {
		if len(o.wire.to(to, tasks.TemplateStopped)) != 1 {
			t.Errorf("a party was not told that it stopped")
		}
	}
	wantWrongState(t, o.act(target, receipt, tasks.VerbAccept))
}

func TestT8_the_source_may_cancel_before_and_after_the_code(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	before := o.submit(source, target)
	o.must(o.act(source, before, tasks.VerbCancel))
	o.is(before, tasks.StateWithdrawn)
	if len(o.wire.to(target.phone)) != 0 {
		t.Error("the target heard of a job that it was never asked about")
	}
	after := o.verified(source, target) // the slot is free again (A6)
	o.must(o.act(source, after, tasks.VerbCancel))
	o.is(after, tasks.StateWithdrawn)
	if len(o.wire.to(target.phone, tasks.TemplateStopped)) != 1 {
		t.Error("the target was not told that the question is withdrawn")
	}
	wantWrongState(t, o.act(source, after, tasks.VerbCancel))
}

func TestT8_nobody_else_can_move_a_job(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target, stranger := o.holder(), o.someone(), o.someone()
	verbs := []tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbInvite, tasks.VerbAccept, tasks.VerbDecline, tasks.VerbCancel,
		tasks.VerbDispute, tasks.VerbRelease, tasks.VerbReject}
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	for _, v := range verbs {
		wantIs(t, o.act(stranger, receipt, v, code), tasks.ErrNotFound)
		wantIs(t, o.act(target, receipt, v, code), tasks.ErrNotFound) // it is not asked yet
	}
	for _, v := range []tasks.Verb{tasks.VerbRelease, tasks.VerbReject, tasks.VerbDecline} {
		wantIs(t, o.act(source, receipt, v), tasks.ErrForbidden)
	}
	o.must(o.act(source, receipt, tasks.VerbVerify, code))
	for _, v := range verbs {
		wantIs(t, o.act(stranger, receipt, v), tasks.ErrNotFound)
	}
	for _, v := range []tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbCancel, tasks.VerbRelease, tasks.VerbReject} {
		wantIs(t, o.act(target, receipt, v, code), tasks.ErrForbidden)
	}
	for _, v := range []tasks.Verb{tasks.VerbVerify, tasks.VerbAccept, tasks.VerbCancel, tasks.VerbInvite, tasks.VerbDecline, tasks.VerbDispute} {
		wantIs(t, o.staff(tasks.ActorOperator, receipt, v), tasks.ErrForbidden)
	}
	wantIs(t, o.act(source, receipt, "burn"), tasks.ErrNotFound)
	o.is(receipt, tasks.StateTargetConfirm)
}

func TestT8_silence_expires_a_job(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	unverified := o.submit(source, target)
	o.pass(24*time.Hour - time.Second)
	o.is(unverified, tasks.StateSourceVerify)
	o.pass(time.Second)
	o.is(unverified, tasks.StateExpired)
	unanswered := o.verified(source, target)
	o.pass(72*time.Hour - time.Second)
	o.is(unanswered, tasks.StateTargetConfirm)
	o.pass(time.Second)
	o.is(unanswered, tasks.StateExpired)
	for _, to := range []string{source.phone, source.email, target.phone, target.email} {
		if n := len(o.wire.to(to, tasks.TemplateStopped)); n == 0 {
			t.Error("a party was not told that the time is over")
		}
	}
	wantWrongState(t, o.act(target, unanswered, tasks.VerbAccept))
}

func TestT8_an_acceptance_just_in_time_beats_the_expiry(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.jump(72*time.Hour + time.Minute) // the expiry is late; the door is still open
	o.must(o.act(target, receipt, tasks.VerbAccept))
	o.pass(time.Hour)
	o.is(receipt, tasks.StateDone)
}

func TestT9_everything_moves_in_one_transaction_and_the_old_account_keeps_nothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		subject := o.party(source).Subject
		before := o.holdings(subject.ID)
		receipt := o.moved(source, target)

		if o.party(source).HasSubject() || !o.party(source).Free {
			t.Error("the old account still holds something")
		}
		got := o.party(target).Subject
		if got.ID != subject.ID || got.AccountID != target.id || got.Certificate != subject.Certificate {
			t.Error("the subject did not arrive as it was")
		}
		after := o.holdings(subject.ID)
		if len(after.Websites) != 2 || len(after.Records) != 2 {
			t.Fatalf("%d websites and %d records arrived", len(after.Websites), len(after.Records))
		}
		for i, r := range after.Records {
			if r.AccountID != target.id || r.ID != before.Records[i].ID {
				t.Error("a record stayed behind")
			}
		}
		_, err := o.precheck(source, target)
		wantCodes(t, err, "source SOURCE_HAS_NO_SUBJECT", "target TARGET_HAS_SUBJECT")
		if want, got := `"snapshot":{"from":"`+source.id, string(o.look(receipt).Job.Facts); !contains(got, want) || !contains(got, after.Websites[0].ID) || !contains(got, after.Records[1].ID) {
			t.Errorf("the snapshot is not kept (T14): %s", got)
		}
		back, err := o.precheck(target, source)
		if err != nil || back.Websites != 2 || back.Records != 2 {
			t.Errorf("the new owner can't dispose of it: %+v, %v", back, err)
		}
	})
}

func TestT10_both_phones_and_mailboxes_hear_the_result_once(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.moved(source, target)
	o.pass(48 * time.Hour)
	for to, tpl := range map[string]tasks.Template{source.phone: tasks.TemplateDone, source.email: tasks.TemplateDone,
		source.principal: tasks.TemplateDone, target.phone: tasks.TemplateReceived, target.email: tasks.TemplateReceived} {
		if n := len(o.wire.to(to, tpl)); n != 1 {
			t.Errorf("%d messages %s instead of one", n, tpl)
		}
	}
}

func TestT11_both_parties_see_the_same_receipt_and_timeline(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.moved(source, target)
		one, err := o.desk.Look(t.Context(), receipt, source.viewer())
		if err != nil {
			t.Fatal(err)
		}
		two, err := o.desk.Look(t.Context(), receipt, target.viewer())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one.Timeline, two.Timeline); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(one.Notices, two.Notices); diff != "" {
			t.Error(diff)
		}
		if one.Role != tasks.RoleSource || two.Role != tasks.RoleTarget || one.Tracking == "" || two.Tracking != "" {
			t.Errorf("roles %s and %s", one.Role, two.Role)
		}
		want := []tasks.What{tasks.WhatSubmitted, tasks.WhatVerified, tasks.WhatAccepted, tasks.WhatApplied}
		if diff := cmp.Diff(want, whats(one.Timeline)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestT11_the_target_learns_of_a_job_only_when_it_is_asked(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		sees := func(receipt string) bool {
			t.Helper()
			_, err := o.desk.Look(t.Context(), receipt, target.viewer())
			if err != nil {
				wantIs(t, err, tasks.ErrNotFound)
			}
			jobs, listErr := o.desk.Jobs(t.Context(), tasks.JobFilter{AccountID: target.id})
			if listErr != nil || (len(jobs) > 0) != (err == nil) {
				t.Errorf("the list shows %d jobs, looking gives %v", len(jobs), err)
			}
			return err == nil
		}
		cancelled := o.submit(source, target)
		if sees(cancelled) {
			t.Error("the target sees a job before the source proved itself")
		}
		o.must(o.act(source, cancelled, tasks.VerbCancel))
		if sees(cancelled) {
			t.Error("the target sees a job that was withdrawn before it was asked")
		}
		frozen := o.submit(source, target)
		o.must(o.act(source, frozen, tasks.VerbDispute))
		if sees(frozen) {
			t.Error("the target sees a frozen job that it was never asked about")
		}
		o.must(o.staff(tasks.ActorSupervisor, frozen, tasks.VerbRelease))
		o.must(o.act(source, frozen, tasks.VerbVerify, o.code(source.principal)))
		if !sees(frozen) {
			t.Error("the target does not see the job that asks it")
		}
	})
}

func TestT12_what_stopped_holding_ends_the_job_with_its_blockers_and_moves_nothing(t *testing.T) {
	t.Parallel()
	hold := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	for name, c := range map[string]struct {
		happens func(o *office, source, target person)
		want    []string
	}{
		"source order":         {func(o *office, source, _ person) { o.order(source, true) }, []string{"source SOURCE_ORDER_IN_PROGRESS"}},
		"target order":         {func(o *office, _, target person) { o.order(target, true) }, []string{"target TARGET_ORDER_IN_PROGRESS"}},
		"source frozen":        {func(o *office, source, _ person) { o.take(source.account.with(line{"status": "frozen"})) }, []string{"source SOURCE_FROZEN"}},
		"target closed":        {func(o *office, _, target person) { o.take(target.account.with(line{"status": "closed"})) }, []string{"target TARGET_FROZEN"}},
		"source international": {func(o *office, source, _ person) { o.take(source.account.with(line{"site": "international"})) }, []string{"source SITE_UNSUPPORTED"}},
		"target international": {func(o *office, _, target person) { o.take(target.account.with(line{"site": "international"})) }, []string{"target SITE_UNSUPPORTED"}},
		"source hold":          {func(o *office, source, _ person) { o.take(source.account.with(line{"hold_until": hold})) }, []string{"source HOLD_ACTIVE"}},
		"target hold":          {func(o *office, _, target person) { o.take(target.account.with(line{"hold_until": hold})) }, []string{"target HOLD_ACTIVE"}},
		"target filled":        {func(o *office, _, target person) { o.take(subjectLine(99, target)) }, []string{"target TARGET_HAS_SUBJECT"}},
		"target unverified": {func(o *office, _, target person) {
			o.take(target.account.with(line{"real_verified": false}))
		}, []string{"target TARGET_NOT_REALNAME"}},
		"target is another person": {func(o *office, _, target person) {
			o.take(target.account.with(line{"real_certificate": line{"type": "passport", "number": "E77777777"}}))
		}, []string{"target REALNAME_MISMATCH"}},
		"subject left": {func(o *office, source, _ person) {
			third := o.someone()
			o.take(source.subject.with(line{"account": third.ext, "as_of": o.now().Add(time.Second).Format(time.RFC3339)}))
		}, []string{"source SOURCE_HAS_NO_SUBJECT", "target REALNAME_MISMATCH"}},
		"principal lost its phone": {func(o *office, source, _ person) {
			o.take(source.subject.with(line{"principal": line{"name": "张小明"}}))
		}, []string{"source PHONE_INVALID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t, func(p *tasks.Policy) { p.RealName = "must_match" })
			source := o.holder()
			target := o.someone(line{"real_verified": true, "real_certificate": source.subject["certificate"]})
			receipt := o.verified(source, target)
			subject := o.party(source).Subject.ID
			c.happens(o, source, target)
			held := o.holdings(subject)
			o.must(o.act(target, receipt, tasks.VerbAccept))

			job := o.look(receipt).Job
			if job.State != tasks.StateFailed {
				t.Fatalf("the job is in %s", job.State)
			}
			wantCodes(t, &tasks.Blocked{Blockers: job.Blockers}, c.want...)
			if o.party(target).Subject.ID == subject {
				t.Error("the subject moved")
			}
			if diff := cmp.Diff(len(held.Records), len(o.holdings(subject).Records)); diff != "" {
				t.Error("records moved")
			}
			for _, to := range []string{source.phone, source.email, target.phone, target.email} {
				if len(o.wire.to(to, tasks.TemplateFailed)) != 1 {
					t.Error("a party was not told")
				}
			}
		})
	}
}
