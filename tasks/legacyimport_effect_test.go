package tasks_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/internal/store"
	"beian/tasks"
)

// TestI5_stopping_at_any_step delivers one task at a time, each twice, the second
// time as a zombie: nothing is missing and nothing is double.
func TestI5_every_step_may_be_delivered_twice(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(4)
		receipt := o.ask(p, from)
		if err := o.confirm(p, receipt); err != nil {
			t.Fatal(err)
		}
		for o.as(p)(receipt).Job.State != tasks.StateDone {
			o.relay(0)
			todo := o.parked
			o.parked = nil
			for _, d := range todo {
				for range 2 {
					err := o.desk.Work(t.Context(), d.ref)
					var again *tasks.Again
					if err != nil && !errors.As(err, &again) {
						t.Fatal(err)
					}
				}
			}
		}
		held := o.holdings(o.party(p).Subject.ID)
		if len(held.Websites) != 4 || len(held.Records) != 5 {
			t.Errorf("%d websites, %d records", len(held.Websites), len(held.Records))
		}
		wantStates(t, o.as(p)(receipt), map[tasks.LegacyItemState]int{tasks.LegacyImported: 10})
	})
}

func TestI5_each_website_has_a_transaction_of_its_own_and_progress_shows(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(3)
	receipt := o.ask(p, from)
	if err := o.confirm(p, receipt); err != nil {
		t.Fatal(err)
	}
	var seen []int
	for o.as(p)(receipt).Job.State == tasks.StateImporting {
		seen = append(seen, o.as(p)(receipt).Legacy.Facts.Counts.Settled())
		o.relay(0)
		todo := o.parked
		o.parked = nil
		for _, d := range todo {
			if err := o.desk.Work(t.Context(), d.ref); err != nil {
				t.Log(err)
			}
		}
	}
	if want := []int{0, 1, 2, 3, 4, 4, 5, 6, 7, 8}; !slices.Equal(slices.Compact(seen), slices.Compact(want)) {
		t.Errorf("settled %v", seen)
	}
}

func TestI5_pictures_that_are_spoilt_fail_alone(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(3)
		sites := from.account.held.Websites
		from.account.pictures[sites[0].Materials[0].ID] = "forbidden thing"
		delete(from.account.pictures, sites[1].Materials[0].ID)
		receipt := o.ask(p, from)
		o.must(o.confirm(p, receipt))
		v := o.stands(p, receipt, tasks.StateDone)
		wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 6, tasks.LegacyFailed: 2})
		if a, b := v.Legacy.Items[3], v.Legacy.Items[5]; a.Code != "DOC_FORMAT" || b.Code != "LEGACY_RECORD_BROKEN" {
			t.Errorf("%+v, %+v", a, b)
		}
	})
}

func TestI2_an_outage_during_the_pictures_is_waited_for_and_then_reported(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(2)
	receipt := o.ask(p, from)
	o.platform.answers(append([]error{nil}, slices.Repeat([]error{errDown}, 1000)...)...)
	o.must(o.confirm(p, receipt))
	v := o.stands(p, receipt, tasks.StateImporting)
	if !v.Legacy.Waiting() || len(o.holdings(o.party(p).Subject.ID).Websites) != 2 {
		t.Error("the websites did not come first, or nobody says that the rest waits")
	}
	o.pass(24*time.Hour + time.Second)
	v = o.stands(p, receipt, tasks.StateDone)
	wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 4, tasks.LegacyFailed: 2})
	if last := v.Legacy.Items[5]; last.Code != "LEGACY_UNAVAILABLE" {
		t.Errorf("%+v", last)
	}
}

func TestI8_the_result_is_told_with_its_counts(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(2)
		receipt := o.ask(p, from)
		o.must(o.confirm(p, receipt, "choice.5", "skip"))
		v := o.stands(p, receipt, tasks.StateDone)
		for _, to := range []string{p.phone, p.email} {
			got := o.wire.to(to, tasks.TemplateImportDone)
			if len(got) != 1 || got[0].Params["imported"] != "4" || got[0].Params["left"] != "2" || got[0].Params["veto"] != "" {
				t.Errorf("told %+v", got)
			}
		}
		if v.Legacy.Facts.Counts.Total() != 6 {
			t.Errorf("%+v", v.Legacy.Facts.Counts)
		}
	})
}

func TestA8_the_phones_of_the_legacy_filing_are_told_and_can_freeze_it(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(2)
	held := from.account.held
	receipt := o.ask(p, from)
	if err := o.confirm(p, receipt); err != nil {
		t.Fatal(err)
	}
	o.relay(0)
	job := o.as(p)(receipt).Job
	veto := tasks.Viewer{Veto: o.desk.Veto(job.ID)}
	if _, err := o.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: veto, Once: tasks.Once{Scope: "veto", Key: "1", Fingerprint: "f"}}); err != nil {
		t.Fatal(err)
	}
	o.run()
	o.stands(p, receipt, tasks.StateDisputed)
	for _, to := range []string{p.phone, p.email, held.Subject.Principal.Phone.Reveal(), held.Websites[0].Website.Principal.Phone.Reveal()} {
		got := o.wire.to(to, tasks.TemplateImportStarted)
		if len(got) != 1 || got[0].Params["veto"] == "" || strings.Contains(got[0].Params["account"], p.email) {
			t.Errorf("told %d times", len(got))
		}
	}
	seen, err := o.desk.Look(t.Context(), receipt, veto)
	if err != nil || len(seen.Legacy.Items) > 0 || slices.Contains(seen.Verbs, tasks.VerbConfirm) {
		t.Errorf("who was warned sees %+v, %v", seen.Legacy, err)
	}
	if o.party(p).Held != 0 {
		t.Error("a frozen import wrote something")
	}
	wantIs(t, o.staff(tasks.ActorReviewer, receipt, tasks.VerbRelease), tasks.ErrForbidden)
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	o.stands(p, receipt, tasks.StateDone)
	if n := len(o.wire.to(held.Subject.Principal.Phone.Reveal(), tasks.TemplateImportTaken)); n != 1 {
		t.Errorf("told %d times that it came", n)
	}
}

func TestA8_a_release_goes_on_where_it_stood(t *testing.T) {
	t.Parallel()
	for _, state := range []tasks.State{tasks.StateChecking, tasks.StateDiff, tasks.StateImporting} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openLegacy(t)
			p, from := o.someone(), o.old(1)
			acc, err := o.desk.Submit(t.Context(), o.form(p, from))
			if err != nil {
				t.Fatal(err)
			}
			if state != tasks.StateChecking {
				o.run()
			}
			if state == tasks.StateImporting {
				if err := o.confirm(p, acc.Receipt); err != nil {
					t.Fatal(err)
				}
			}
			o.must(o.act(p, acc.Receipt, tasks.VerbDispute))
			o.pass(9 * 24 * time.Hour)
			o.stands(p, acc.Receipt, tasks.StateDisputed)
			o.must(o.staff(tasks.ActorSupervisor, acc.Receipt, tasks.VerbRelease))
			if state != tasks.StateImporting {
				o.must(o.confirm(p, acc.Receipt))
			}
			o.stands(p, acc.Receipt, tasks.StateDone)
		})
	}
}

func TestI1_only_the_owner_acts_and_strangers_see_nothing(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from, stranger := o.someone(), o.old(1), o.someone()
	receipt := o.ask(p, from)
	for _, verb := range []tasks.Verb{tasks.VerbConfirm, tasks.VerbCancel, tasks.VerbRetry, tasks.VerbDispute} {
		wantIs(t, o.act(stranger, receipt, verb), tasks.ErrNotFound)
	}
	_, err := o.desk.Look(t.Context(), receipt, stranger.viewer())
	wantIs(t, err, tasks.ErrNotFound)
	wantIs(t, o.staff(tasks.ActorSupervisor, receipt, tasks.VerbConfirm), tasks.ErrForbidden)
	v := o.as(p)(receipt)
	if want := []tasks.Verb{tasks.VerbConfirm, tasks.VerbCancel, tasks.VerbDispute}; !slices.Equal(v.Verbs, want) {
		t.Errorf("offered %v", v.Verbs)
	}
}

func TestL10_the_pictures_of_an_import_stay_with_the_filing(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		receipt := o.ask(p, from)
		o.must(o.confirm(p, receipt))
		kept := o.stands(p, receipt, tasks.StateDone).Job.ID
		q := o.someone()
		gone := o.ask(q, o.old(1))
		o.must(o.act(q, gone, tasks.VerbCancel))
		report, err := o.store.Shred(t.Context(), store.ShredPolicy{Refused: -time.Hour, Done: -time.Hour})
		if err != nil || report.Jobs != 1 {
			t.Errorf("%+v, %v", report, err)
		}
		if _, err := o.store.SealFor(t.Context(), kept, "documents", []byte("x")); err != nil {
			t.Errorf("the key of what came: %v", err)
		}
		_, err = o.store.SealFor(t.Context(), o.as(q)(gone).Job.ID, "documents", []byte("x"))
		wantIs(t, err, tasks.ErrNotFound)
	})
}
