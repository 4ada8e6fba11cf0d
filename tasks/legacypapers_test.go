package tasks_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

// papersForm names the subject of a legacy account the way its holder would.
func (o *legacyOffice) papersForm(p person, from old, changes ...string) tasks.Submission {
	o.tb.Helper()
	held := from.account.held
	o.people++
	s := o.form(p, from)
	s.Kind = tasks.KindLegacyPapers
	s.Fields = map[string]string{tasks.FieldNature: "individual", tasks.FieldSubjectName: held.Subject.Name,
		tasks.FieldCertType: string(held.Subject.Certificate.Type), tasks.FieldCertNumber: held.Subject.Certificate.Reveal(),
		tasks.FieldFiling: held.Subject.ICPNumber.String(), tasks.FieldPhone: p.phone, tasks.FieldReason: "both_lost", tasks.FieldConsent: "yes"}
	for field, value := range pairs(changes) {
		s.Fields[field] = value
	}
	return s
}

// papers begins a case that asks for an import on papers.
func (o *legacyOffice) papers(p person, from old) *reset {
	o.tb.Helper()
	acc, err := o.desk.Submit(o.ctx(), o.papersForm(p, from))
	o.must(err)
	return &reset{office: o.office, of: p, receipt: acc.Receipt, tracking: acc.Tracking, phone: p.phone, nature: "individual"}
}

// handPapersIn fills the slots, proves the phone and hands in, as the account.
func handPapersIn(r *reset) *reset {
	r.tb.Helper()
	r.clear(r.slots()...)
	r.provePhone()
	r.must(r.as(r.of.viewer(), tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
	return r
}

// begun is the import that approved papers began.
func (o *legacyOffice) begun(r *reset) string {
	o.tb.Helper()
	v := o.as(r.of)(r.receipt)
	var own tasks.LegacyPapersFacts
	if err := json.Unmarshal(v.Case.Facts.Own, &own); err != nil || own.Import == "" {
		o.tb.Fatalf("no import was begun: %v", err)
	}
	return own.Import
}

func TestI7_approved_papers_begin_an_import_that_needs_no_credentials(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(2)
	r := handPapersIn(o.papers(p, from))
	if o.platform.calls() > 0 {
		t.Error("the legacy platform was asked before anybody looked")
	}
	r.approve(reviewer(1))
	r.stands(tasks.StateDone)
	receipt := o.begun(r)
	v := o.stands(p, receipt, tasks.StateDiff)
	if v.Legacy.Facts.Papers != r.receipt || !slices.Equal(o.secrets(p, receipt), []string{"certificate", "ticket", "holdings"}) {
		t.Errorf("%+v, sealed %v", v.Legacy.Facts, o.secrets(p, receipt))
	}
	o.must(o.confirm(p, receipt))
	v = o.stands(p, receipt, tasks.StateHold)
	legacyPhone := from.account.held.Subject.Principal.Phone.Reveal()
	if len(o.wire.to(legacyPhone, tasks.TemplateImportStarted)) != 1 || o.party(p).Held != 0 {
		t.Error("the legacy filing's phone was not told before anything came")
	}
	o.pass(24*time.Hour - time.Second)
	o.stands(p, receipt, tasks.StateHold)
	o.pass(2 * time.Second)
	v = o.stands(p, receipt, tasks.StateDone)
	wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 6})
	if len(o.secrets(p, receipt)) > 0 {
		t.Error("something is still sealed")
	}
}

func TestI7_the_hold_is_where_the_legacy_holder_can_stop_it(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := handPapersIn(o.papers(p, from))
	r.approve(reviewer(1))
	receipt := o.begun(r)
	o.must(o.confirm(p, receipt))
	told := o.wire.to(from.account.held.Subject.Principal.Phone.Reveal(), tasks.TemplateImportStarted)
	o.must(o.office.veto(receipt, told[0].Params["veto"]))
	o.pass(30 * time.Hour)
	o.stands(p, receipt, tasks.StateDisputed)
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbReject))
	o.stands(p, receipt, tasks.StateRejected)
	if o.party(p).Held != 0 || len(o.secrets(p, receipt)) > 0 {
		t.Error("something came, or is still sealed")
	}
}

func TestI6_a_certificate_that_people_approved_comes_under_the_accounts_subject(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p := o.holder()
	from := o.old(2)
	mine := o.party(p).Subject
	from.account.held.Subject.ICPNumber = mine.ICPNumber
	o.stands(p, o.ask(p, from), tasks.StateFailed, "FACTS_DO_NOT_MATCH")

	r := handPapersIn(o.papers(p, from))
	r.approve(reviewer(1))
	receipt := o.begun(r)
	v := o.stands(p, receipt, tasks.StateDiff)
	if row := rowOf(v, 1, "certificate"); row.State != tasks.LegacyFixed || !v.Legacy.Facts.Merges {
		t.Errorf("%+v", row)
	}
	var choices []string
	for _, i := range v.Legacy.Items {
		for _, row := range i.Rows {
			if row.State == tasks.LegacyConflict {
				choices = append(choices, i.ChoiceField(row.Field), tasks.ChoiceKeep)
			}
		}
	}
	o.must(o.confirm(p, receipt, choices...))
	o.pass(25 * time.Hour)
	o.stands(p, receipt, tasks.StateDone)
	after := o.party(p).Subject
	if after != mine || len(o.holdings(after.ID).Websites) != 4 {
		t.Errorf("%+v with %d websites", after, len(o.holdings(after.ID).Websites))
	}
}

func TestI7_refused_papers_import_nothing(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := handPapersIn(o.papers(p, from))
	r.reject(reviewer(1))
	r.stands(tasks.StateRejected)
	if o.platform.calls() > 0 || len(o.wire.to(p.phone, tasks.TemplateImportRefused)) != 1 {
		t.Error("the platform was asked, or nobody was told")
	}
}

func TestI7_papers_for_an_account_that_is_not_there_end_the_import(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := handPapersIn(o.papers(p, from))
	delete(o.platform.accounts, from.login)
	r.approve(reviewer(1))
	o.stands(p, o.begun(r), tasks.StateFailed, "LEGACY_NOTHING_FOUND")
}

func TestI7_papers_are_prechecked_like_an_import_and_one_at_a_time(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := o.papers(p, from)
	_, err := o.desk.Submit(t.Context(), o.papersForm(p, from))
	wantCodes(t, err, "target JOB_ALREADY_OPEN")
	_, err = o.desk.Submit(t.Context(), o.papersForm(o.someone(line{"status": "frozen"}), from, tasks.FieldPhone, "1"))
	wantPlaces(t, err, tasks.FieldPhone+" PHONE_INVALID")
	_, err = o.desk.Submit(t.Context(), o.papersForm(o.someone(line{"status": "frozen"}), from))
	wantCodes(t, err, "target TARGET_FROZEN")
	if _, err := o.desk.Look(t.Context(), r.receipt, o.someone().viewer()); err == nil {
		t.Error("a stranger sees the papers")
	}
	o.take(p.account.with(line{"status": "frozen"})) // meanwhile
	r.clear(r.slots()...)
	r.provePhone()
	wantCodes(t, r.do(tasks.VerbSubmit), "target TARGET_FROZEN")
}

func TestA8_the_account_hears_of_papers_and_can_freeze_them(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := handPapersIn(o.papers(p, from))
	got := o.wire.to(p.email, tasks.TemplateImportAsked)
	if len(got) != 1 || got[0].Params["veto"] == "" {
		t.Fatalf("told %d times", len(got))
	}
	o.must(o.office.veto(r.receipt, got[0].Params["veto"]))
	r.stands(tasks.StateDisputed)
	o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbRelease))
	r.stands(tasks.StateQueued)
	r.approve(reviewer(1))
	r.stands(tasks.StateSecondReview)
	r.approve(reviewer(2))
	r.stands(tasks.StateDone)
	o.stands(p, o.begun(r), tasks.StateDiff)
}

func TestI6_papers_open_the_account_of_their_certificate_and_no_other(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from, other := o.someone(), o.old(1), o.old(1)
	r := handPapersIn(o.papers(p, from))
	o.platform.during(func() { // it finds the right one, and hands out what is of another
		o.platform.during(func() { from.account.held.Subject.Certificate = other.account.held.Subject.Certificate })
	})
	r.approve(reviewer(1))
	o.stands(p, o.begun(r), tasks.StateFailed, "FACTS_DO_NOT_MATCH")
	if o.party(p).Held != 0 {
		t.Error("it came")
	}
}
