package tasks_test

import (
	"fmt"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// twin makes a legacy account about the subject that p holds: same certificate and
// number, its first website there too, everything else different.
func (o *legacyOffice) twin(p person) old {
	o.tb.Helper()
	from := o.old(2)
	party := o.party(p)
	held := &from.account.held
	held.Subject.Certificate, held.Subject.ICPNumber = party.Subject.Certificate, party.Subject.ICPNumber
	held.Websites[0].Website.Domain = o.holdings(party.Subject.ID).Websites[0].Domain
	held.Websites[0].Website.Suffix = 1
	return from
}

func rowOf(v tasks.View, no int, field string) tasks.LegacyRow {
	for _, r := range v.Legacy.Items[no-1].Rows {
		if r.Field == field {
			return r
		}
	}
	return tasks.LegacyRow{}
}

func TestI5_nothing_is_written_before_the_yes_and_the_differences_say_what_would_be(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p := o.holder()
		from := o.twin(p)
		before := o.party(p)
		receipt := o.ask(p, from)
		v := o.stands(p, receipt, tasks.StateDiff)
		if now := o.party(p); now.Subject != before.Subject || len(o.holdings(now.Subject.ID).Websites) != 2 {
			t.Fatal("something was written")
		}
		for _, want := range []struct {
			no    int
			field string
			state tasks.LegacyRowState
		}{
			{1, "name", tasks.LegacyConflict}, {1, "certificate", tasks.LegacyEqual}, {1, "icp_number", tasks.LegacyEqual},
			{1, "principal_phone", tasks.LegacyConflict}, {3, "domain", tasks.LegacyEqual}, {3, "suffix", tasks.LegacyEqual},
			{3, "name", tasks.LegacyConflict}, {5, "domain", tasks.LegacyNew},
		} {
			if got := rowOf(v, want.no, want.field); got.State != want.state {
				t.Errorf("item %d, %s is %+v, want %s", want.no, want.field, got, want.state)
			}
		}
		if row := rowOf(v, 1, "name"); row.Legacy == "" || row.Here == "" || row.Legacy == from.account.held.Subject.Name {
			t.Errorf("the row is %+v", row)
		}
		if f := v.Legacy.Facts; !f.Merges || f.Conflicts != 6 || f.Equal == 0 {
			t.Errorf("%+v", f)
		}
	})
}

func TestI5_every_conflict_must_be_chosen_and_the_choices_are_kept(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p := o.holder()
		from := o.twin(p)
		before := o.party(p).Subject
		receipt := o.ask(p, from)
		err := o.confirm(p, receipt, "choice.1.name", "burn", "choice.5", "perhaps")
		wantCodes(t, err, "CHOICE_UNKNOWN", "CHOICE_UNKNOWN", "CHOICE_REQUIRED", "CHOICE_REQUIRED", "CHOICE_REQUIRED", "CHOICE_REQUIRED", "CHOICE_REQUIRED")
		o.must(o.confirm(p, receipt, "choice.1.name", "keep", "choice.1.principal_name", "take", "choice.1.principal_phone", "take",
			"choice.3.name", "take", "choice.3.principal_name", "keep", "choice.3.principal_phone", "keep", "choice.5", "skip"))
		v := o.stands(p, receipt, tasks.StateDone)
		wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 4, tasks.LegacySkipped: 2})
		legacy := from.account.held
		after := o.party(p).Subject
		if after.ID != before.ID || after.Name != before.Name || after.Principal != legacy.Subject.Principal {
			t.Errorf("the subject is %+v", after)
		}
		held := o.holdings(after.ID)
		if len(held.Websites) != 2 || held.Websites[0].Name != legacy.Websites[0].Website.Name {
			t.Errorf("the websites are %+v", held.Websites)
		}
	})
}

func TestI5_keeping_everything_changes_nothing(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p := o.holder()
	from := o.twin(p)
	from.account.held.Websites = from.account.held.Websites[:1]
	before, sites := o.party(p).Subject, o.holdings(o.party(p).Subject.ID).Websites
	receipt := o.ask(p, from)
	var keep []string
	for _, i := range o.as(p)(receipt).Legacy.Items {
		for _, r := range i.Rows {
			if r.State == tasks.LegacyConflict {
				keep = append(keep, i.ChoiceField(r.Field), tasks.ChoiceKeep)
			}
		}
	}
	o.must(o.confirm(p, receipt, keep...))
	wantStates(t, o.stands(p, receipt, tasks.StateDone), map[tasks.LegacyItemState]int{tasks.LegacyKept: 2, tasks.LegacyImported: 2})
	if o.party(p).Subject != before || o.holdings(before.ID).Websites[0] != sites[0] {
		t.Error("something changed")
	}
}

func TestA1_A2_a_subject_of_another_account_does_not_come(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		holder, p := o.holder(), o.someone()
		from := o.twin(holder)
		o.stands(p, o.ask(p, from), tasks.StateFailed, "SUBJECT_HELD_ELSEWHERE", "SUBJECT_HELD_ELSEWHERE")
		from = o.old(1)
		from.account.held.Subject.ICPNumber = o.party(holder).Subject.ICPNumber
		o.stands(p, o.ask(p, from), tasks.StateFailed, "SUBJECT_HELD_ELSEWHERE")
	})
}

func TestA5_what_changed_between_the_yes_and_the_effect_stops_it(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(o *legacyOffice, p person, from old)
		want   []string
	}{
		"the account was frozen": {func(o *legacyOffice, p person, _ old) { o.take(p.account.with(line{"status": "frozen"})) }, []string{"TARGET_FROZEN"}},
		"an order began":         {func(o *legacyOffice, p person, _ old) { o.order(p, true) }, []string{"TARGET_ORDER_IN_PROGRESS"}},
		"the number was taken": {func(o *legacyOffice, _ person, from old) {
			q := o.someone()
			o.take(subjectLine(77, q).with(line{"icp_number": from.account.held.Subject.ICPNumber.String()}))
		}, []string{"SUBJECT_HELD_ELSEWHERE"}},
		"another subject came": {func(o *legacyOffice, p person, _ old) { o.take(subjectLine(78, p)) }, []string{"FACTS_DO_NOT_MATCH"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachLegacy(t, func(t *testing.T, o *legacyOffice) {
				p, from := o.someone(), o.old(2)
				receipt := o.ask(p, from)
				if err := o.confirm(p, receipt); err != nil {
					t.Fatal(err)
				}
				test.change(o, p, from)
				o.run()
				v := o.stands(p, receipt, tasks.StateFailed, test.want...)
				if len(o.wire.to(p.phone, tasks.TemplateImportFailed)) != 1 || v.Legacy.Facts.Counts.Imported > 0 {
					t.Error("nobody was told, or something came")
				}
				if got := o.secrets(p, receipt); len(got) > 0 {
					t.Errorf("sealed: %v", got)
				}
			})
		})
	}
}

func TestI5_a_subject_that_appeared_meanwhile_is_never_merged_unseen(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		receipt := o.ask(p, from)
		if err := o.confirm(p, receipt); err != nil {
			t.Fatal(err)
		}
		c := from.account.held.Subject.Certificate
		o.take(subjectLine(79, p).with(line{"certificate": line{"type": string(c.Type), "number": c.Reveal()},
			"icp_number": from.account.held.Subject.ICPNumber.String()}))
		o.run()
		v := o.stands(p, receipt, tasks.StateDiff)
		if !v.Legacy.Facts.Merges || v.Legacy.Facts.Conflicts == 0 {
			t.Errorf("%+v", v.Legacy.Facts)
		}
	})
}

func TestI5_a_domain_that_somebody_holds_stays_there_and_the_rest_comes(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		holder, p, from := o.holder(), o.someone(), o.old(3)
		from.account.held.Websites[1].Website.Domain = o.holdings(o.party(holder).Subject.ID).Websites[0].Domain
		receipt := o.ask(p, from)
		item := o.stands(p, receipt, tasks.StateDiff).Legacy.Items[4]
		if item.Action != tasks.LegacySkip || item.Code != "DOMAIN_HELD_ELSEWHERE" || item.Choosable() {
			t.Errorf("%+v", item)
		}
		if err := o.confirm(p, receipt); err != nil {
			t.Fatal(err)
		}
		q := o.holder() // takes the third website's domain before it comes
		o.take(websiteLine(90, 3, q).with(line{"domain": from.account.held.Websites[2].Website.Domain.String()}))
		o.run()
		v := o.stands(p, receipt, tasks.StateDone)
		wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 4, tasks.LegacySkipped: 3, tasks.LegacyFailed: 1})
		if last := v.Legacy.Items[6]; last.State != tasks.LegacyFailed || last.Code != "DOMAIN_HELD_ELSEWHERE" {
			t.Errorf("%+v", last)
		}
	})
}

func TestI6_a_certificate_that_is_not_the_accounts_never_comes_by_itself(t *testing.T) {
	t.Parallel()
	verified := line{"real_name": "张小明", "real_certificate": line{"type": "passport", "number": "E99999999"}, "real_verified": true}
	for name, test := range map[string]struct {
		who  func(o *legacyOffice) person
		want string
	}{
		"another subject":   {func(o *legacyOffice) person { return o.holder() }, "FACTS_DO_NOT_MATCH"},
		"another real name": {func(o *legacyOffice) person { return o.someone(verified) }, "REALNAME_MISMATCH"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachLegacy(t, func(t *testing.T, o *legacyOffice) {
				p := test.who(o)
				o.stands(p, o.ask(p, o.old(1)), tasks.StateFailed, test.want)
			})
		})
	}
}

func TestI5_a_record_that_is_broken_there_is_named_and_harms_no_other(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(2)
	held := &from.account.held
	held.Websites[0].Website.Principal = filing.Principal{}
	held.Faults = []tasks.LegacyFault{{ID: held.Websites[0].ID, Field: "principal.phone", Code: "PHONE_INVALID"},
		{ID: "LW-broken", Field: "domain", Code: "REQUIRED"}, {ID: "LW-broken", Field: "name", Code: "REQUIRED"}}
	receipt := o.ask(p, from)
	v := o.stands(p, receipt, tasks.StateDiff)
	if r := rowOf(v, 3, "principal_phone"); r.State != tasks.LegacyUnread {
		t.Errorf("%+v", v.Legacy.Items[2])
	}
	o.must(o.confirm(p, receipt))
	v = o.stands(p, receipt, tasks.StateDone)
	wantStates(t, v, map[tasks.LegacyItemState]int{tasks.LegacyImported: 6, tasks.LegacyFailed: 1})
	if last := v.Legacy.Items[6]; last.Kind != tasks.LegacyUnusable || last.ID != "LW-broken" || last.Field != "domain" {
		t.Errorf("%+v", last)
	}
}

func TestI1_an_empty_or_unreadable_account_says_so(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(h *tasks.LegacyHoldings){
		"LEGACY_NOTHING_FOUND": func(h *tasks.LegacyHoldings) { h.Subject, h.Websites = filing.Subject{}, nil },
		"LEGACY_RECORD_BROKEN": func(h *tasks.LegacyHoldings) { h.Subject.Certificate = filing.Certificate{} },
	} {
		o := openLegacy(t)
		p, from := o.someone(), o.old(1)
		change(&from.account.held)
		o.stands(p, o.ask(p, from), tasks.StateFailed, want)
	}
}

func TestI4_one_legacy_account_goes_into_one_account(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		p, from := o.someone(), o.old(1)
		receipt := o.ask(p, from)
		late := o.someone()
		second := o.ask(late, from) // both look at the differences
		o.must(o.confirm(p, receipt))
		o.stands(p, receipt, tasks.StateDone)
		if err := o.confirm(late, second); err != nil {
			t.Fatal(err)
		}
		o.run()
		v := o.as(late)(second)
		if v.Job.State != tasks.StateFailed || v.Job.Blockers[0].Code != "LEGACY_ALREADY_IMPORTED" || len(v.Job.Blockers[0].Params) > 0 {
			t.Errorf("%s with %+v", v.Job.State, v.Job.Blockers)
		}
		stranger := o.someone()
		v = o.as(stranger)(o.ask(stranger, from))
		if v.Job.Blockers[0].Code != "LEGACY_ALREADY_IMPORTED" || len(v.Job.Blockers[0].Params) > 0 {
			t.Errorf("a stranger learns %+v", v.Job.Blockers)
		}
		for _, other := range []old{from, o.old(1)} { // several legacy accounts go to several accounts
			_, err := o.desk.Submit(t.Context(), o.form(p, other))
			wantCodes(t, err, "target LEGACY_ALREADY_IMPORTED")
		}
	})
}

func TestI4_two_imports_of_one_legacy_account_at_once_are_one(t *testing.T) {
	t.Parallel()
	eachLegacy(t, func(t *testing.T, o *legacyOffice) {
		from := o.old(2)
		people := []person{o.someone(), o.someone(), o.someone()}
		var receipts []string
		for _, p := range people {
			receipts = append(receipts, o.ask(p, from))
		}
		for i, p := range people {
			if err := o.confirm(p, receipts[i]); err != nil {
				t.Fatal(err)
			}
		}
		o.relay(0)
		todo := o.parked
		o.parked = nil
		done := make(chan error, len(todo))
		for _, d := range todo {
			go func() { done <- o.desk.Work(o.ctx(), d.ref) }()
		}
		for range todo {
			if err := <-done; err != nil {
				t.Log(err)
			}
		}
		o.parked = todo
		o.run()
		came := 0
		for i, p := range people {
			if o.as(p)(receipts[i]).Job.State == tasks.StateDone {
				came++
			}
			if n := o.party(p).Held; n > 1 {
				t.Errorf("%d subjects", n)
			}
		}
		if came != 1 {
			t.Errorf("%d imports of one account came to an end", came)
		}
	})
}

func TestI5_the_differences_expire(t *testing.T) {
	t.Parallel()
	o := openLegacy(t)
	p, from := o.someone(), o.old(1)
	receipt := o.ask(p, from)
	o.pass(7*24*time.Hour + time.Second)
	o.stands(p, receipt, tasks.StateExpired)
	wantWrongState(t, o.confirm(p, receipt))
	if got := fmt.Sprint(len(o.wire.to(p.phone, tasks.TemplateImportStopped))); got != "1" {
		t.Errorf("told %s times", got)
	}
}
