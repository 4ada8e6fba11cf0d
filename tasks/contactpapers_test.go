package tasks_test

import (
	"strings"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

func (o *office) tryPhonePapers(p person, changes ...string) (*reset, error) {
	o.tb.Helper()
	fields := o.facts(p, append([]string{tasks.FieldReason, "phone_lost"}, changes...)...)
	delete(fields, tasks.FieldNewEmail)
	key := o.key()
	acc, err := o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindContactPapers, AccountID: p.id, Lang: "zh-CN", Fields: fields,
		Once: tasks.Once{Scope: "phone papers", Key: key, Fingerprint: "f"}})
	o.run()
	return &reset{office: o, of: p, receipt: acc.Receipt, tracking: acc.Tracking, phone: fields[tasks.FieldPhone],
		nature: fields[tasks.FieldNature], principal: fields[tasks.FieldPrincipal]}, err
}

// phonePapers hands a phone change on papers in.
func (o *office) phonePapers(p person) *reset {
	o.tb.Helper()
	r, err := o.tryPhonePapers(p)
	o.must(err)
	r.ready()
	r.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
	return r
}

func TestContact_papers_and_a_review_take_the_place_of_the_old_phone(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, o *office) {
		p := o.holder()
		r := o.phonePapers(p)
		_, err := o.tryRephone(p, freshPhone) // one change per account, by either way
		wantCodes(t, err, "applicant JOB_ALREADY_OPEN")
		r.approve(reviewer(1))
		o.run()
		r.stands(tasks.StateDone)
		o.phoneIs(p, r.phone)
		if hold := o.party(p).Account.HoldUntil; hold.Before(o.now().Add(71 * time.Hour)) {
			t.Errorf("transfers wait until %s", hold)
		}
		for _, to := range []string{p.phone, p.email, p.principal} {
			for _, tpl := range []tasks.Template{tasks.TemplateContactWarned, tasks.TemplateContactApproved, tasks.TemplateContactDone} {
				if got := o.wire.to(to, tpl); len(got) != 1 || got[0].Params["veto"] == "" {
					t.Errorf("%s was sent %d times", tpl, len(got))
				}
			}
		}
		if len(o.wire.to(r.phone, tasks.TemplateContactDone)) != 1 {
			t.Error("the new phone was not told")
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, "sqlite://"+t.TempDir()+"/record.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, testenv.Postgres(t))) })
}

func TestContact_papers_wait_for_the_old_channels_and_stop_at_an_objection(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.phonePapers(p)
	r.approve(reviewer(1))
	r.stands(tasks.StateHold)
	o.pass(23 * time.Hour)
	o.phoneIs(p, p.phone)
	r.must(r.object(tasks.TemplateContactApproved))
	o.pass(100 * time.Hour)
	r.stands(tasks.StateDisputed)
	o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject))
	r.stands(tasks.StateRejected)
	o.phoneIs(p, p.phone)
}

func TestContact_papers_are_for_the_subject_that_the_own_account_holds(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p, other := o.holder(), o.holder()
	foreign := p
	foreign.subject = other.subject
	r, err := o.tryPhonePapers(foreign)
	o.must(err)
	r.ready()
	wantCodes(t, r.do(tasks.VerbSubmit), "source FACTS_DO_NOT_MATCH")
	bare := o.someone()
	bare.subject = other.subject
	_, err = o.tryPhonePapers(bare)
	wantCodes(t, err, "applicant SUBJECT_NONE")
	_, err = o.tryPhonePapers(p, tasks.FieldReason, "mailbox_lost")
	wantCodes(t, err, "CHOICE_REQUIRED")
	_, err = o.tryPhonePapers(p, "account", other.id) // a field of that name names no other account
	o.must(err)
	same, err := o.tryPhonePapers(p, tasks.FieldPhone, p.phone)
	o.must(err)
	same.ready()
	wantCodes(t, same.do(tasks.VerbSubmit), "applicant PHONE_REPLACED")
	o.rephoned(p)
	_, err = o.tryPhonePapers(p)
	wantCodes(t, err, "applicant HOLD_ACTIVE")
}

func TestT6_papers_that_waited_for_a_change_by_codes_fail(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r, err := o.tryPhonePapers(p)
	o.must(err)
	r.ready()
	o.rephoned(p)
	wantCodes(t, r.do(tasks.VerbSubmit), "applicant HOLD_ACTIVE")
}

// rephonedOnPapers carries a phone change on papers out.
func (o *office) rephonedOnPapers(p person) *reset {
	o.tb.Helper()
	r := o.phonePapers(p)
	r.approve(reviewer(1))
	o.run()
	r.stands(tasks.StateDone)
	o.phoneIs(p, r.phone)
	return r
}

func TestA8_a_supervisor_brings_the_phone_back_that_papers_replaced(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, o *office) {
		p := o.holder()
		o.must(o.recover(o.link(p), newPassword))
		_, token, err := o.signIn(p, newPassword)
		o.must(err)
		links := len(o.links(p))
		r := o.rephonedOnPapers(p)
		held := o.party(p).Account.HoldUntil
		wantWrongState(t, o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject)) // nobody objected
		r.must(r.object(tasks.TemplateContactDone))
		if got := o.party(p).Account.HoldUntil; !got.After(held.Add(3*24*time.Hour)) || len(o.wire.to(p.phone, tasks.TemplateContactFrozen)) != 1 {
			t.Errorf("transfers wait until %s, or the phone that was replaced was not told", got)
		}
		held = o.party(p).Account.HoldUntil
		wantIs(t, o.staff(tasks.ActorReviewer, r.receipt, tasks.VerbReject), tasks.ErrForbidden)
		o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject))
		r.stands(tasks.StateRejected)
		o.phoneIs(p, p.phone)
		if _, err := o.porter.Session(t.Context(), token); err == nil {
			t.Error("whoever was signed in still is")
		}
		if _, _, err := o.signIn(p, newPassword); err == nil || len(o.links(p)) != links+1 {
			t.Errorf("the password still opens the account, or the mailbox got no link: %v", err)
		}
		if got := o.party(p).Account.HoldUntil; !got.Equal(held) {
			t.Errorf("transfers wait until %s, and waited until %s", got, held)
		}
		for _, to := range []string{p.phone, r.phone, p.email, p.principal} {
			if len(o.wire.to(to, tasks.TemplateContactRestored)) != 1 {
				t.Error("a channel was not told")
			}
		}
		wantWrongState(t, o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject))
		wantWrongState(t, r.do(tasks.VerbAppeal))
		v := o.look(r.receipt)
		if v.Contact.RestoredAt.IsZero() || v.Contact.OldPhone == "" || strings.Contains(string(v.Job.Facts), p.phone) {
			t.Errorf("the job says %+v", v.Contact)
		}
		report, err := o.store.Verify(t.Context(), nil)
		if err != nil || len(report.Broken) > 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, "sqlite://"+t.TempDir()+"/record.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, testenv.Postgres(t))) })
}

func TestA8_after_papers_a_phone_that_came_later_stays_and_a_release_keeps_the_new_one(t *testing.T) {
	t.Parallel()
	o := openPapers(t, "sqlite://"+t.TempDir()+"/record.db")
	released := o.holder()
	r := o.rephonedOnPapers(released)
	r.must(r.object(tasks.TemplateContactDone))
	o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbRelease))
	r.stands(tasks.StateDone)
	o.phoneIs(released, r.phone)
	if !o.look(r.receipt).Job.DisputedAt.IsZero() {
		t.Error("the mark is still there")
	}

	overtaken := o.holder()
	r = o.rephonedOnPapers(overtaken)
	r.must(r.object(tasks.TemplateContactDone))
	o.take(overtaken.account.with(line{"security_phone": "13512345678", "as_of": o.now().Add(time.Minute).Format(time.RFC3339)}))
	wantWrongState(t, o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject))
	o.phoneIs(overtaken, "13512345678")
	r.stands(tasks.StateDone)

	bare := o.holder()
	o.take(bare.account.with(line{"security_phone": nil}))
	r = o.rephonedOnPapers(bare)
	o.must(o.act(bare, r.receipt, tasks.VerbDispute))
	wantWrongState(t, o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject)) // there is none to bring back
	o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbRelease))
}
