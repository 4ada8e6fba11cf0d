package tasks_test

import (
	"testing"
	"time"

	"beian/tasks"
)

func TestL6_the_link_to_the_new_mailbox_works_once_and_for_24_hours(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	used, late, other := o.draft(p), o.draft(p), o.draft(p)
	o.jump(24 * time.Hour)
	for range 3 { // mail scanners follow links
		f, err := o.desk.MailboxOf(t.Context(), used.receipt, used.token())
		if err != nil || f.NewEmail != o.mailbox(used.address).Masked() {
			t.Fatalf("%q, %v", f.NewEmail, err)
		}
	}
	for _, bad := range []string{"", used.token() + "A", other.token(), used.tracking} {
		wantIs(t, used.confirm(bad), tasks.ErrNotFound)
	}
	o.must(used.confirm(used.token()))
	wantGone(t, used.confirm(used.token()))
	_, err := o.desk.MailboxOf(t.Context(), used.receipt, used.token())
	wantGone(t, err)
	o.jump(time.Second)
	wantGone(t, late.confirm(late.token()))
	o.must(late.do(tasks.VerbMailbox)) // and is as good as new
	o.must(late.confirm(late.token()))
	o.must(used.do(tasks.VerbMailbox)) // confirmed: nothing to send
	if n := len(used.tokens()); n != 1 {
		t.Errorf("%d links to a confirmed mailbox", n)
	}
	transfer := o.submit(o.holder(), o.someone())
	wantIs(t, o.desk.ConfirmMailbox(t.Context(), transfer, used.token()), tasks.ErrNotFound)
}

func TestL6_a_changed_address_voids_the_link_and_a_changed_phone_its_code(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).complete()
	before := r.token()
	o.must(r.do(tasks.VerbRevise, tasks.FieldRemark, "as before"))
	if f := r.state(); f.PhoneAt.IsZero() || f.MailboxAt.IsZero() {
		t.Fatal("another remark undid a confirmation")
	}
	r.address = "another@example.com"
	o.must(r.do(tasks.VerbRevise, tasks.FieldNewEmail, r.address))
	if f := r.state(); f.PhoneAt.IsZero() || !f.MailboxAt.IsZero() {
		t.Error("the new address counts as confirmed, or the phone no more")
	}
	wantIs(t, r.confirm(before), tasks.ErrNotFound)
	if r.token() == before {
		t.Error("the same link for another address")
	}
	o.must(r.confirm(r.token()))
	r.phone = "13899990000"
	o.must(r.do(tasks.VerbRevise, tasks.FieldPhone, r.phone))
	wantPlaces(t, r.do(tasks.VerbSubmit), "phone PHONE_UNCONFIRMED")
	r.provePhone()
	o.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
}

func TestL6_a_job_mails_its_link_four_times_a_day(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder())
	for range 3 {
		o.must(r.do(tasks.VerbMailbox))
	}
	if got := tooMany(t, r.do(tasks.VerbMailbox)); got.Limit != "mailbox" {
		t.Errorf("stopped by %s", got.Limit)
	}
	if got := tooMany(t, r.do(tasks.VerbRevise, tasks.FieldNewEmail, "another@example.com")); got.Limit != "mailbox" {
		t.Errorf("stopped by %s", got.Limit)
	}
	wantPlaces(t, r.do(tasks.VerbRevise, tasks.FieldNewEmail, "nonsense"), "new_email "+codeAt(t, r.do(tasks.VerbRevise, tasks.FieldNewEmail, "nonsense"), "new_email"))
	if n := len(r.tokens()); n != 4 {
		t.Errorf("%d links", n)
	}
}

func TestL6_that_a_mailbox_is_taken_is_told_to_its_owner_only(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p, owner := o.holder(), o.someone()
	r := o.draft(p, tasks.FieldNewEmail, owner.email)
	r.clear(r.slots()...)
	r.provePhone()
	o.must(r.do(tasks.VerbSubmit)) // whoever can't read the mailbox learns nothing
	r.stands(tasks.StateEmailConfirm)
	wantCodes(t, r.confirm(r.token()), "source EMAIL_TAKEN")
	r.stands(tasks.StateEmailConfirm)

	late := o.draft(o.holder(), tasks.FieldNewEmail, "soon@example.com").complete()
	o.someone(line{"login_email": "soon@example.com"}) // taken after it was confirmed
	wantPlaces(t, late.do(tasks.VerbSubmit), "new_email EMAIL_TAKEN")
}

func TestL6_the_clock_starts_when_phone_mailbox_and_documents_are_there(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.draft(p)
	r.clear(r.slots()...)
	r.provePhone()
	o.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateEmailConfirm)
	if _, err := o.desk.ReviewOf(t.Context(), r.receipt); err == nil {
		t.Error("a review before the mailbox was confirmed")
	}
	for _, to := range []string{p.phone, p.email, p.principal} {
		if len(o.wire.to(to, tasks.TemplateResetWarned)) != 1 {
			t.Error("an old channel was not told at submission")
		}
	}
	o.pass(20 * time.Hour) // to Tuesday, 05:00
	o.must(r.confirm(r.token()))
	r.stands(tasks.StateQueued)
	want := shanghai(t, "2026-03-05 18:00")
	if got := r.review(); !got.StartedAt.Equal(o.now()) || !got.DueAt.Equal(want) || !got.Promised.Equal(want) {
		t.Errorf("started %v, due %v", got.StartedAt, got.DueAt)
	}
	for _, to := range []string{r.phone, r.address} {
		if got := o.wire.to(to, tasks.TemplateResetQueued); len(got) != 1 || got[0].Params["date"] != "2026-03-05 18:00" {
			t.Errorf("the applicant was told %d times", len(got))
		}
	}
}

func TestL6_a_mailbox_that_nobody_confirms_ends_the_request_after_24_hours(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.draft(p)
	r.clear(r.slots()...)
	r.provePhone()
	o.must(r.do(tasks.VerbSubmit))
	o.pass(23 * time.Hour)
	o.must(r.do(tasks.VerbMailbox)) // 24 hours from now
	o.pass(23 * time.Hour)
	r.stands(tasks.StateEmailConfirm)
	o.pass(time.Hour)
	r.stands(tasks.StateExpired)
	wantGone(t, r.confirm(r.token()))
	for _, to := range []string{p.phone, p.email, p.principal, r.phone} {
		if len(o.wire.to(to, tasks.TemplateResetStopped)) != 1 {
			t.Error("somebody was not told of the end")
		}
	}
	if len(o.wire.to(r.address, tasks.TemplateResetStopped)) != 0 {
		t.Error("a mailbox that nobody confirmed was told")
	}
}

func TestL6_a_draft_expires_after_seven_days_and_only_its_applicant_hears(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r, silent := o.draft(p).complete(), o.draft(p)
	o.pass(7*24*time.Hour - time.Second)
	r.stands(tasks.StateDraft)
	o.pass(time.Second)
	r.stands(tasks.StateExpired)
	silent.stands(tasks.StateExpired)
	wantWrongState(t, r.do(tasks.VerbSubmit))
	if len(o.wire.to(r.phone, tasks.TemplateResetStopped)) != 1 || len(o.wire.to(silent.phone, tasks.TemplateResetStopped)) != 0 {
		t.Error("told: a phone that was never confirmed, or not the one that was")
	}
	for _, to := range []string{p.phone, p.email, p.principal} {
		if n := len(o.wire.to(to)); n != 0 {
			t.Errorf("an old channel heard of a draft %d times", n)
		}
	}
}
