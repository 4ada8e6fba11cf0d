package tasks_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/filing"
	"beian/tasks"
)

// verdicts are what the workbench says of each row: the record, and whether it agrees.
func verdicts(w tasks.Workbench) map[string]string {
	out := map[string]string{}
	for _, c := range w.Compared {
		mark := "differs"
		switch {
		case c.Same:
			mark = "same"
		case c.Info && c.OnRecord == "":
			mark = "unknown"
		case c.Info:
			mark = "info"
		}
		out[c.Field] = mark
	}
	return out
}

func wantVerdicts(t *testing.T, w tasks.Workbench, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, verdicts(w)); diff != "" {
		t.Error(diff)
	}
}

func TestI6_papers_are_compared_with_the_legacy_filing_that_was_read_and_with_the_account(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.holder(), o.old(2)
		o.stands(p, o.ask(p, from), tasks.StateFailed, "FACTS_DO_NOT_MATCH")
		r := handPapersIn(o.papers(p, from))
		wantVerdicts(t, r.bench(reviewer(1)), map[string]string{
			tasks.FieldSubjectName: "same", tasks.FieldCertNumber: "same", tasks.FieldFiling: "same", tasks.FieldApplicant: "same",
			"account_name": "differs", "account_certificate": "differs", "account_filing": "differs", tasks.FieldPhone: "same"})
		o.must(r.do(tasks.VerbCancel))

		other := handPapersIn(o.papers(p, o.old(1))) // papers of another filing than the one that was read
		wantVerdicts(t, other.bench(reviewer(1)), map[string]string{
			tasks.FieldSubjectName: "same", tasks.FieldCertNumber: "differs", tasks.FieldFiling: "differs", tasks.FieldApplicant: "same",
			"account_name": "differs", "account_certificate": "differs", "account_filing": "differs", tasks.FieldPhone: "same"})
	})
}

func TestI6_papers_by_domain_are_compared_with_the_websites_that_were_read(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.holder(), o.old(2)
	o.stands(p, o.ask(p, from), tasks.StateFailed, "FACTS_DO_NOT_MATCH")
	acc, err := o.desk.Submit(o.ctx(), o.papersForm(p, from, tasks.FieldFiling, from.account.held.Websites[1].Website.Domain.String()))
	o.must(err)
	r := handPapersIn(&reset{office: o.office, of: p, receipt: acc.Receipt, tracking: acc.Tracking, phone: p.phone, nature: "individual"})
	got := verdicts(r.bench(reviewer(1)))
	if got[tasks.FieldFiling] != "same" || got["account_filing"] != "differs" {
		t.Errorf("%v", got)
	}
}

func TestI6_what_nobody_has_read_is_no_difference(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := handPapersIn(o.papers(p, from))
	wantVerdicts(t, r.bench(reviewer(1)), map[string]string{tasks.FieldSubjectName: "unknown", tasks.FieldCertNumber: "unknown",
		tasks.FieldFiling: "unknown", tasks.FieldApplicant: "unknown", tasks.FieldPhone: "same"})
}

func TestI6_an_import_that_ends_for_another_reason_leaves_nothing_to_compare(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	from.account.held.FiledAt = o.now()
	o.stands(p, o.ask(p, from), tasks.StateFailed, "LEGACY_TOO_NEW")
	o.view(func(tx tasks.Tx) error {
		if _, err := tx.Misfit(o.ctx(), p.id); err == nil {
			t.Error("what it read is still there")
		}
		return nil
	})
}

func TestI7_the_login_and_the_remark_are_corrected_before_and_after_the_hand_in(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	r := o.papers(p, from)
	o.must(r.do(tasks.VerbRevise, tasks.FieldOldLogin, "wang-2009", tasks.FieldRemark, "about 2009", tasks.FieldReason, "login_lost"))
	handPapersIn(r)
	w := r.bench(reviewer(1))
	if got := verdicts(w)[tasks.FieldOldLogin]; got != "unknown" || w.Remark != "about 2009" || w.Facts.Reason != "login_lost" {
		t.Errorf("%s %q %q", got, w.Remark, w.Facts.Reason)
	}
	for _, c := range w.Compared {
		if c.Field == tasks.FieldOldLogin && c.Claimed != filing.MaskPersonName("wang-2009") {
			t.Errorf("the login is shown as %q", c.Claimed)
		}
	}
	r.decided(reviewer(1), tasks.VerdictNeedMore, tasks.Finding{About: tasks.FieldOldLogin, Reason: "FACT_UNREADABLE"},
		tasks.Finding{About: tasks.FieldRemark, Reason: "FACT_UNREADABLE"}, tasks.Finding{About: tasks.FieldSubjectName, Reason: "FACT_DIFFERS"})
	r.stands(tasks.StateNeedMore)
	o.must(r.do(tasks.VerbSupplement, tasks.FieldOldLogin, "li-2008", tasks.FieldRemark, "2008", tasks.FieldSubjectName, "欧阳新"))
	r.stands(tasks.StateQueued)
	o.must(r.claim(reviewer(2)))
	for field, want := range map[string]string{tasks.FieldOldLogin: "li-2008", tasks.FieldSubjectName: "欧阳新"} {
		got, err := o.desk.Unmask(o.ctx(), r.receipt, field, "compare_document", reviewer(2))
		if err != nil || got != want {
			t.Errorf("%s unmasked is %q, %v", field, got, err)
		}
	}
	if w := r.bench(reviewer(2)); w.Remark != "2008" || w.Facts.Remembered != filing.MaskPersonName("li-2008") {
		t.Errorf("%q %q", w.Remark, w.Facts.Remembered)
	}
}

func TestA8_the_account_hears_of_the_approval_and_the_contact_how_it_goes_on(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	const contact = "13900005555"
	acc, err := o.desk.Submit(o.ctx(), o.papersForm(p, from, tasks.FieldPhone, contact))
	o.must(err)
	r := handPapersIn(&reset{office: o.office, of: p, receipt: acc.Receipt, tracking: acc.Tracking, phone: contact, nature: "individual"})
	r.approve(reviewer(1))
	r.stands(tasks.StateDone)
	for _, to := range []string{p.phone, p.email} {
		if got := o.wire.to(to, tasks.TemplateImportGranted); len(got) != 1 || got[0].Params["veto"] == "" {
			t.Errorf("the account was told %d times", len(got))
		}
		if len(o.wire.to(to, tasks.TemplateImportGoes)) != 0 || len(o.wire.to(to, tasks.TemplateImportReady)) != 1 {
			t.Error("the account was not told that the differences wait, or told what is for others")
		}
	}
	if len(o.wire.to(contact, tasks.TemplateImportGoes)) != 1 || len(o.wire.to(contact, tasks.TemplateImportGranted)) != 0 {
		t.Error("the contact phone was not told how it goes on")
	}
	o.must(o.confirm(p, o.begun(r)))
	held := o.wire.to(p.phone, tasks.TemplateImportHeld)
	v := o.as(p)(r.receipt)
	if len(held) != 1 || v.Case.Import.State != tasks.StateHold || held[0].Params["date"] != v.Case.Import.HoldUntil.In(time.FixedZone("CST", 8*60*60)).Format("2006-01-02 15:04") {
		t.Errorf("told of the hold %d times; %+v", len(held), v.Case.Import)
	}
}
