package tasks_test

import (
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
