package tasks_test

import (
	"testing"
	"time"

	"beian/tasks"
)

func TestA5_what_stopped_holding_fails_a_contact_change_and_changes_nothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(o *office, p person)
		want    string
	}{
		"frozen": {func(o *office, p person) { o.take(p.account.with(line{"status": "frozen"})) }, "applicant SOURCE_FROZEN"},
		"hold": {func(o *office, p person) {
			o.take(p.account.with(line{"hold_until": o.now().Add(time.Hour).Format(time.RFC3339)}))
		}, "applicant HOLD_ACTIVE"},
		"another phone":  {func(o *office, p person) { o.take(p.account.with(line{"security_phone": "13512345678"})) }, "platform PHONE_REPLACED"},
		"the same phone": {func(o *office, p person) { o.take(p.account.with(line{"security_phone": freshPhone})) }, "platform PHONE_REPLACED"},
		"no phone":       {func(o *office, p person) { o.take(p.account.with(line{"security_phone": nil})) }, "platform PHONE_REPLACED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachEngine(t, func(t *testing.T, o *office) {
				p := o.holder()
				receipt := o.bothProved(p)
				c.happens(o, p)
				held := o.party(p).Account
				o.run()
				o.is(receipt, tasks.StateFailed)
				wantCodes(t, &tasks.Blocked{Blockers: o.look(receipt).Job.Blockers}, c.want)
				if now := o.party(p).Account; now.SecurityPhone != held.SecurityPhone || !now.HoldUntil.Equal(held.HoldUntil) {
					t.Error("something changed")
				}
				if len(o.wire.to(p.email, tasks.TemplateContactFailed)) != 1 {
					t.Error("the mailbox was not told")
				}
			})
		})
	}
}

func TestA8_an_objection_freezes_an_open_contact_change_wherever_it_stands(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		for name, reach := range map[string]func(person) string{"old": o.rephoning, "new": o.oldProved, "applying": o.bothProved} {
			p := o.holder()
			receipt := reach(p)
			stood := o.look(receipt).Job.State
			word := o.wire.to(p.principal, tasks.TemplateContactWarned)[0].Params["veto"]
			o.must(o.veto(receipt, word))
			o.must(o.veto(receipt, word)) // twice is once
			o.is(receipt, tasks.StateDisputed)
			o.phoneIs(p, p.phone)
			for _, verb := range []tasks.Verb{tasks.VerbVerifyOld, tasks.VerbVerifyNew, tasks.VerbResend, tasks.VerbCancel} {
				wantWrongState(t, o.act(p, receipt, verb, "123456"))
			}
			wantIs(t, o.staff(tasks.ActorReviewer, receipt, tasks.VerbRelease), tasks.ErrForbidden)
			if _, err := o.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbRelease, By: tasks.Viewer{Staff: tasks.ActorSupervisor}, StaffID: "st-1"}); err != nil {
				t.Fatal(err)
			}
			o.is(receipt, stood)
			o.run()
			if name == "applying" {
				o.is(receipt, tasks.StateDone)
			}
			o.wire.forget(freshPhone)
		}
		p := o.someone()
		receipt := o.oldProved(p)
		o.must(o.act(p, receipt, tasks.VerbDispute))
		o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
		o.is(receipt, tasks.StateRejected)
		wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
		o.phoneIs(p, p.phone)
	})
}

func TestA8_a_released_contact_change_has_its_time_anew(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	receipt := o.oldProved(p)
	o.pass(20 * time.Hour)
	o.must(o.act(p, receipt, tasks.VerbDispute))
	o.pass(20 * time.Hour)
	o.is(receipt, tasks.StateDisputed) // it does not expire meanwhile
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	o.pass(23 * time.Hour)
	o.is(receipt, tasks.StateNewPhone)
	o.pass(2 * time.Hour)
	o.is(receipt, tasks.StateExpired)
}

func TestA8_a_supervisor_brings_the_old_phone_back(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		o.must(o.recover(o.link(p), newPassword))
		_, token, err := o.signIn(p, newPassword)
		o.must(err)
		links := len(o.links(p))
		receipt := o.rephoned(p)
		if _, err := o.porter.Session(t.Context(), token); err != nil {
			t.Errorf("the change ended a session: %v", err)
		}
		held := o.party(p).Account.HoldUntil
		o.must(o.veto(receipt, o.wire.to(p.phone, tasks.TemplateContactDone)[0].Params["veto"]))
		v := o.look(receipt)
		if v.Job.State != tasks.StateDone || v.Job.DisputedAt.IsZero() || !o.party(p).Account.HoldUntil.After(held.Add(3*24*time.Hour)) {
			t.Errorf("%s, disputed %s, held until %s", v.Job.State, v.Job.DisputedAt, o.party(p).Account.HoldUntil)
		}
		if len(o.wire.to(p.phone, tasks.TemplateContactFrozen)) != 1 {
			t.Error("the phone that objected was not told")
		}
		o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
		o.is(receipt, tasks.StateRejected)
		o.phoneIs(p, p.phone)
		if _, err := o.porter.Session(t.Context(), token); err == nil {
			t.Error("whoever was signed in still is")
		}
		if _, _, err := o.signIn(p, newPassword); err == nil {
			t.Error("the password still opens the account")
		}
		if len(o.links(p)) != links+1 {
			t.Error("the mailbox got no link to a new password")
		}
		for _, to := range []string{p.phone, freshPhone, p.email, p.principal} {
			if len(o.wire.to(to, tasks.TemplateContactRestored)) != 1 {
				t.Error("a channel was not told")
			}
		}
		wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
		if got := o.look(receipt).Contact.RestoredAt; got.IsZero() {
			t.Error("the job does not say so")
		}
		report, err := o.store.Verify(t.Context(), nil)
		if err != nil || len(report.Broken) > 0 {
			t.Errorf("%+v, %v", report, err)
		}
	})
}

func TestA8_a_phone_that_came_later_stays(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	receipt := o.rephoned(p)
	o.must(o.act(p, receipt, tasks.VerbDispute))
	o.take(p.account.with(line{"security_phone": "13512345678", "as_of": o.now().Add(time.Minute).Format(time.RFC3339)}))
	wantWrongState(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
	o.phoneIs(p, "13512345678")
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	if v := o.look(receipt); v.Job.State != tasks.StateDone || !v.Job.DisputedAt.IsZero() {
		t.Error("the mark stays")
	}
}

func TestA8_seven_days_after_a_contact_change_it_is_too_late_to_object(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := o.someone()
	receipt := o.rephoned(p)
	o.pass(7*24*time.Hour + time.Minute)
	wantWrongState(t, o.act(p, receipt, tasks.VerbDispute))
	_, err := o.tryRephone(p, p.phone) // and the way back is open to the account itself
	if err != nil {
		t.Error(err)
	}
}

func TestContact_older_facts_bring_no_old_phone_back(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.someone()
		o.rephoned(p)
		o.take(p.account.with(line{"as_of": o.now().Add(-time.Hour).Format(time.RFC3339)}))
		o.phoneIs(p, freshPhone)
		o.take(p.account.with(line{"security_phone": "13512345678", "as_of": o.now().Add(time.Minute).Format(time.RFC3339)}))
		o.phoneIs(p, "13512345678")
	})
}

func TestContact_a_step_delivered_twice_has_one_effect(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		p := o.holder()
		o.bothProved(p)
		o.relay(0)
		o.parked = append(o.parked, o.parked...)
		o.run()
		if n := len(o.wire.to(freshPhone, tasks.TemplateContactDone)); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}
