package tasks_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/intake"
	"beian/tasks"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

func TestA1_an_account_holds_one_subject(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, full := o.holder(), o.holder()
		_, err := o.precheck(source, full)
		wantCodes(t, err, "target TARGET_HAS_SUBJECT")
		// The database alone keeps it too.
		err = o.store.Update(t.Context(), func(tx tasks.Tx) error {
			return tx.MoveSubject(t.Context(), o.party(source).Subject.ID, source.id, full.id)
		})
		wantIs(t, err, tasks.ErrConflict)
	})
}

func TestA1_two_subjects_for_one_target_at_once_give_one_transfer(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		one, two, target := o.holder(), o.holder(), o.someone()
		first, second := o.verified(one, target), o.verified(two, target)
		if err := errors.Join(o.act(target, first, tasks.VerbAccept), o.act(target, second, tasks.VerbAccept)); err != nil {
			t.Fatal(err)
		}
		o.together()
		o.run()
		states := map[tasks.State]int{o.look(first).Job.State: 1}
		states[o.look(second).Job.State]++
		if diff := cmp.Diff(map[tasks.State]int{tasks.StateDone: 1, tasks.StateFailed: 1}, states); diff != "" {
			t.Error(diff)
		}
	})
}

// together works on everything that is due at once.
func (o *office) together() {
	o.tb.Helper()
	o.relay(0)
	due := o.parked
	o.parked = nil
	var wg sync.WaitGroup
	errs := make([]error, len(due))
	for i, d := range due {
		wg.Go(func() { errs[i] = o.desk.Work(o.ctx(), d.ref) })
	}
	wg.Wait()
	for i, err := range errs {
		var again *tasks.Again
		switch {
		case errors.As(err, &again):
			o.parked = append(o.parked, delivery{due[i].ref, o.now().Add(again.In)})
		case err != nil:
			o.tb.Fatal(err)
		}
	}
}

func TestA1_policy_two_lets_an_account_hold_two(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if err := o.store.SetSubjectLimit(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	one, two, three, target := o.holder(), o.holder(), o.holder(), o.someone()
	o.moved(one, target)
	o.moved(two, target)
	_, err := o.precheck(three, target)
	wantCodes(t, err, "target TARGET_HAS_SUBJECT")
	_, err = o.precheck(target, one) // it must say which of its two it gives
	wantCodes(t, err, "CHOICE_REQUIRED")
	o.give(target, one, one.subject["icp_number"].(string))
	o.moved(three, target)
	if err := o.store.SetSubjectLimit(t.Context(), 1); err == nil {
		t.Error("the limit was lowered below what accounts hold")
	}
}

func TestA2_a_subject_lives_in_one_account(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.moved(source, target)
	again := source.subject.with(line{"external_id": "S-again", "icp_number": "京ICP备99999999号"})
	if report := o.offer(again); report.Refused != 1 {
		t.Errorf("the same certificate came in twice: %+v", report)
	}
}

func TestA3_foreign_domains_and_servers_are_accepted_and_counted(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.take(source.websites[0].with(line{"domain_account": "A-unknown", "server_account": "A-unknown"}),
		source.websites[1].with(line{"server_account": target.ext}))
	p, err := o.precheck(source, target)
	if err != nil || p.Foreign != 2 || p.Websites != 2 || len(p.Domains) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	o.moved(source, target)
}

func TestA4_a_receipt_is_given_for_what_is_committed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.desk.Look(t.Context(), acc.Receipt, source.viewer())
	if err != nil || v.Job.State != acc.State || v.Job.Version != acc.Version || len(v.Timeline) != 1 || len(v.Notices) != 4 {
		t.Errorf("%+v, %v", v, err)
	}
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	o.closed = true
	_, err = o.trySubmit(source, target)
	wantIs(t, err, tasks.ErrUnavailable)
}

func TestA5_all_blockers_are_reported_at_once_and_cleared_one_by_one(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source := o.holder(line{"hold_until": o.clock.Now().Add(time.Hour).Format(time.RFC3339)})
	target := o.holder(line{"site": "international", "status": "frozen"})
	o.order(source, true)
	o.order(target, true)
	blockers := []struct {
		code  string
		clear func()
	}{
		{"source HOLD_ACTIVE", func() { o.jump(time.Hour) }},
		{"source SOURCE_ORDER_IN_PROGRESS", func() { o.order(source, false) }},
		{"target SITE_UNSUPPORTED", func() { o.take(target.account.with(line{"site": "china"})) }},
		{"target TARGET_FROZEN", func() { o.take(target.account.with(line{"site": "china", "status": "active"})) }},
		{"target TARGET_ORDER_IN_PROGRESS", func() { o.order(target, false) }},
		{"target TARGET_HAS_SUBJECT", func() { o.moved(target, o.someone()) }},
	}
	for i, b := range blockers {
		var want []string
		for _, left := range blockers[i:] {
			want = append(want, left.code)
		}
		_, err := o.precheck(source, target)
		wantCodes(t, err, want...)
		_, err = o.trySubmit(source, target)
		wantCodes(t, err, want...)
		b.clear()
	}
	o.moved(source, target)
}

func TestA5_the_same_rules_run_inside_the_effect_and_report_all_at_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.verified(source, target)
		hold := o.now().Add(time.Hour).Format(time.RFC3339)
		o.order(source, true)
		o.order(target, true)
		o.take(source.account.with(line{"hold_until": hold}))
		o.take(target.account.with(line{"site": "international", "status": "frozen"}))
		o.must(o.act(target, receipt, tasks.VerbAccept))
		o.is(receipt, tasks.StateFailed)
		wantCodes(t, &tasks.Blocked{Blockers: o.look(receipt).Job.Blockers}, "source HOLD_ACTIVE", "source SOURCE_ORDER_IN_PROGRESS",
			"target SITE_UNSUPPORTED", "target TARGET_FROZEN", "target TARGET_ORDER_IN_PROGRESS")
		if !o.party(source).HasSubject() || o.party(target).HasSubject() {
			t.Error("something moved")
		}
	})
}

func TestA5_the_effect_waits_for_facts_that_are_coming_in(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.accepted(source, target)
		ref := o.due("apply")
		order, faults := intake.Decode([]byte(`{"type":"order","external_id":"O1","account":"` + target.ext + `","kind":"first","in_progress":true}`))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		worked := make(chan error, 1)
		err := o.store.TakeIn(t.Context(), func(tx intake.Tx) error {
			if err := tx.Lock(t.Context(), []intake.Item{order}); err != nil {
				return err
			}
			go func() { worked <- o.desk.Work(context.WithoutCancel(t.Context()), ref) }()
			select {
			case err := <-worked:
				t.Errorf("the effect did not wait: %v", err)
				worked <- err
			case <-time.After(200 * time.Millisecond): // it is waiting by now, or else finds the order at once
			}
			_, err := tx.Put(t.Context(), order)
			return err
		})
		if err := errors.Join(err, <-worked); err != nil {
			t.Fatal(err)
		}
		o.is(receipt, tasks.StateFailed)
		wantCodes(t, &tasks.Blocked{Blockers: o.look(receipt).Job.Blockers}, "target TARGET_ORDER_IN_PROGRESS")
	})
}

func TestA7_every_change_of_state_is_one_row_with_who_when_and_what(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.verified(source, target)
		o.must(o.act(target, receipt, tasks.VerbDispute))
		o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
		o.must(o.act(target, receipt, tasks.VerbAccept))
		type row struct {
			Who      tasks.Actor
			What     tasks.What
			From, To tasks.State
		}
		var got []row
		var before time.Time
		for i, e := range o.look(receipt).Timeline {
			got = append(got, row{e.Actor, e.What, e.From, e.To})
			if e.Seq != i+1 || e.At.IsZero() || e.At.Before(before) || len(e.Hash) == 0 {
				t.Errorf("row %d: %+v", i, e)
			}
			before = e.At
		}
		s, tg := tasks.Actor{Kind: tasks.ActorSource, ID: source.id}, tasks.Actor{Kind: tasks.ActorTarget, ID: target.id}
		want := []row{
			{s, tasks.WhatSubmitted, "", tasks.StateSourceVerify},
			{s, tasks.WhatVerified, tasks.StateSourceVerify, tasks.StateTargetConfirm},
			{tg, tasks.WhatDisputed, tasks.StateTargetConfirm, tasks.StateDisputed},
			{tasks.Actor{Kind: tasks.ActorSupervisor, ID: "st-1"}, tasks.WhatReleased, tasks.StateDisputed, tasks.StateTargetConfirm},
			{tg, tasks.WhatAccepted, tasks.StateTargetConfirm, tasks.StateApplying},
			{tasks.System(), tasks.WhatApplied, tasks.StateApplying, tasks.StateDone},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		v, err := o.store.Verify(t.Context(), nil)
		if err != nil || len(v.Broken) > 0 || v.Events != int64(len(want)) {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestA7_nothing_personal_enters_timelines_and_jobs(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.moved(source, target)
	v := o.look(receipt)
	text := string(v.Job.Facts)
	for _, e := range v.Timeline {
		text += e.Note
	}
	for _, value := range []string{source.email, source.phone, source.principal, target.email, target.phone, "张小明", "E00000001"} {
		if contains(text, value) {
			t.Errorf("the job holds %q in clear", value)
		}
	}
}
