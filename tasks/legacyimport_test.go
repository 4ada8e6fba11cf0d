package tasks_test

import (
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

func TestI1_a_legacy_account_comes_into_the_account_that_asks(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(3)
		receipt := o.ask(p, from)
		v := o.stands(p, receipt, tasks.StateDiff)
		wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyPending: 8})
		o.must(o.confirm(p, receipt))
		v = o.stands(p, receipt, tasks.StateDone)
		wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 8})

		party := o.party(p)
		want := from.account.held.Subject
		if got := party.Subject; got.Name != want.Name || got.Certificate != want.Certificate || got.ICPNumber != want.ICPNumber || got.Principal != want.Principal {
			t.Errorf("the subject is %+v", got)
		}
		held := o.holdings(party.Subject.ID)
		if len(held.Websites) != 3 || len(held.Records) != 4 {
			t.Fatalf("%d websites and %d records came", len(held.Websites), len(held.Records))
		}
		for i, w := range held.Websites {
			if legacy := from.account.held.Websites[i].Website; w.Domain != legacy.Domain || w.Name != legacy.Name || w.Suffix != legacy.Suffix {
				t.Errorf("website %d is %+v", i, w)
			}
		}
		if len(o.cabinet.pictures) != 8 { // a page and a thumbnail each
			t.Errorf("%d pictures are filed", len(o.cabinet.pictures))
		}
		if v.Job.SubjectID != party.Subject.ID {
			t.Error("the job does not name its subject")
		}
	})
}

func TestI1_what_was_filed_since_2017_does_not_come(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]tasks.State{"2016-12-31 23:59": tasks.StateDiff, "2017-01-01 00:00": tasks.StateFailed} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			o := openLegacy(t)
			p, from := o.someone(), o.old(1)
			from.account.held.FiledAt = shanghai(t, at)
			receipt := o.ask(p, from)
			var blockers []string
			if want == tasks.StateFailed {
				blockers = []string{"LEGACY_TOO_NEW"}
			}
			o.stands(p, receipt, want, blockers...)
		})
	}
}

func TestI1_the_precheck_names_every_blocker_of_the_account_at_once(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p := o.holder(line{"site": "international", "status": "frozen"})
		o.order(p, true)
		s := o.form(p, o.old(1))
		_, err := o.desk.Submit(t.Context(), s)
		wantCodes(t, err, "target SITE_UNSUPPORTED", "target TARGET_FROZEN", "target TARGET_ORDER_IN_PROGRESS")
		s.Once, s.Fields[tasks.FieldLegacyPassword] = tasks.Once{}, ""
		preview, err := o.desk.Precheck(t.Context(), s)
		wantCodes(t, err, "target SITE_UNSUPPORTED", "target TARGET_FROZEN", "target TARGET_ORDER_IN_PROGRESS")
		if preview.Target == "" || preview.Target == p.email {
			t.Errorf("the account is shown as %q", preview.Target)
		}
		if o.platform.calls() > 0 {
			t.Error("the legacy platform was asked")
		}
	})
}

func TestI1_a_form_with_gaps_names_them_all(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p := o.someone()
	s := o.form(p, o.old(1))
	s.Fields = map[string]string{tasks.FieldLegacyLogin: "a\x00b"}
	_, err := o.desk.Submit(t.Context(), s)
	wantCodes(t, err, "CONSENT_REQUIRED", "LEGACY_FORMAT", "REQUIRED")
}

func TestA6_one_open_import_per_account(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		s := o.form(p, from)
		first, err := o.desk.Submit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := o.desk.Submit(t.Context(), s)
		if err != nil || !again.Replayed || again.Receipt != first.Receipt {
			t.Errorf("the replay is %+v, %v", again, err)
		}
		_, err = o.desk.Submit(t.Context(), o.form(p, o.old(1)))
		wantCodes(t, err, "target JOB_ALREADY_OPEN")
		results := make(chan error, 6)
		q := o.someone()
		for range cap(results) {
			s := o.form(q, from)
			go func() {
				_, err := o.desk.Submit(o.ctx(), s)
				results <- err
			}()
		}
		won := 0
		for range cap(results) {
			if <-results == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d imports of one account were opened at once", won)
		}
	})
}

func TestI2_a_platform_that_is_down_is_asked_again_and_the_page_can_say_when(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	o.platform.answers(errDown, errDown, nil, &tasks.LegacyError{Class: tasks.LegacyDown, Code: "BUSY", After: 5 * time.Minute})
	receipt := o.ask(p, from)
	v := o.stands(p, receipt, tasks.StateChecking)
	if !v.Legacy.Waiting() || !v.Legacy.Facts.NextTry.After(o.now()) || !slices.Contains(v.Verbs, tasks.VerbRetry) {
		t.Errorf("the view says %+v and offers %v", v.Legacy.Facts, v.Verbs)
	}
	o.pass(time.Minute)
	v = o.stands(p, receipt, tasks.StateChecking)
	if v.Legacy.Facts.CheckedAt.IsZero() || v.Legacy.Facts.NextTry.Sub(v.Legacy.Facts.DownSince) < 5*time.Minute {
		t.Errorf("the platform's own wait was not kept: %+v", v.Legacy.Facts)
	}
	o.pass(6 * time.Minute)
	v = o.stands(p, receipt, tasks.StateDiff)
	waits := 0
	for _, e := range v.Timeline {
		if e.What == tasks.WhatUnanswered {
			waits++
		}
	}
	if waits != 2 || v.Legacy.Waiting() {
		t.Errorf("the timeline names %d outages, waiting %v", waits, v.Legacy.Waiting())
	}
}

func TestI2_after_a_day_without_an_answer_the_job_fails_and_people_are_told(t *testing.T) {
	t.Parallel()
	for name, class := range map[string]tasks.LegacyClass{"down": tasks.LegacyDown, "refused": tasks.LegacyRefused, "broken": tasks.LegacyBroken} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openLegacy(t)
			p, from := o.someone(), o.old(1)
			o.platform.answers(slices.Repeat([]error{&tasks.LegacyError{Class: class, Code: "X"}}, 1000)...)
			receipt := o.ask(p, from)
			o.pass(24*time.Hour - time.Second)
			o.stands(p, receipt, tasks.StateChecking)
			o.pass(2 * time.Second)
			o.stands(p, receipt, tasks.StateFailed, "LEGACY_UNAVAILABLE")
			if got := o.secrets(p, receipt); len(got) > 0 {
				t.Errorf("still sealed: %v", got)
			}
			if len(o.wire.to(p.phone, tasks.TemplateImportFailed)) != 1 {
				t.Error("nobody was told")
			}
			if n := o.platform.calls(); n > 200 {
				t.Errorf("the platform was asked %d times in a day", n)
			}
		})
	}
}

func TestI2_a_retry_asks_before_its_time(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		o.platform.answers(&tasks.LegacyError{Class: tasks.LegacyDown, Code: "X", After: time.Hour})
		receipt := o.ask(p, from)
		wantIs(t, o.act(o.someone(), receipt, tasks.VerbRetry), tasks.ErrNotFound)
		o.must(o.act(p, receipt, tasks.VerbRetry))
		o.stands(p, receipt, tasks.StateDiff)
		wantWrongState(t, o.act(p, receipt, tasks.VerbRetry))
	})
}

func TestI2_without_a_platform_nothing_is_offered_and_what_was_begun_waits(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	if !o.desk.Accepts(tasks.KindLegacy) || !o.desk.Accepts(tasks.KindTransfer) || o.desk.Accepts("burn") {
		t.Error("the desk does not know what it accepts")
	}
	acc, err := o.desk.Submit(t.Context(), o.form(p, from))
	if err != nil {
		t.Fatal(err)
	}
	o.parts.Legacy = nil
	o.desk = tasks.NewDesk(o.parts)
	if o.desk.Accepts(tasks.KindLegacy) || o.desk.Accepts(tasks.KindLegacyPapers) || !o.desk.Accepts(tasks.KindTransfer) {
		t.Error("imports are accepted, or nothing is")
	}
	o.run()
	if v := o.stands(p, acc.Receipt, tasks.StateChecking); !v.Legacy.Waiting() {
		t.Error("the job does not wait")
	}
	_, err = o.desk.Submit(t.Context(), o.form(o.someone(), from))
	wantCodes(t, err, "platform LEGACY_UNAVAILABLE")
	_, err = o.desk.Precheck(t.Context(), o.form(o.someone(), from))
	wantCodes(t, err, "platform LEGACY_UNAVAILABLE")
}
