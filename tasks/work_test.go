package tasks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/tasks"
)

// due gives the waiting task whose id ends in step.
func (o *office) due(step string) tasks.TaskRef {
	o.tb.Helper()
	o.relay(100 * 24 * time.Hour)
	for _, d := range slices.Backward(o.parked) {
		if strings.HasSuffix(d.ref.ID, step) {
			return d.ref
		}
	}
	o.tb.Fatalf("no task %s", step)
	return tasks.TaskRef{}
}

func wantAgain(t testing.TB, err error) *tasks.Again {
	t.Helper()
	var again *tasks.Again
	if !errors.As(err, &again) {
		t.Fatalf("got %v, want to be delivered again", err)
	}
	return again
}

func TestWork_an_old_generation_does_nothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.accepted(source, target)
		old := o.due("apply")
		o.must(o.act(source, receipt, tasks.VerbDispute))
		if err := o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease); err != nil {
			t.Fatal(err)
		}
		fresh := o.due("apply")
		if fresh.Generation <= old.Generation {
			t.Fatalf("generation %d after %d", fresh.Generation, old.Generation)
		}
		if err := o.desk.Work(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		o.is(receipt, tasks.StateApplying)
		if err := o.desk.Work(t.Context(), fresh); err != nil {
			t.Fatal(err)
		}
		o.is(receipt, tasks.StateDone)
		if err := o.desk.Work(t.Context(), fresh); err != nil {
			t.Errorf("a delivery too many: %v", err)
		}
		wantIs(t, o.desk.Work(t.Context(), tasks.TaskRef{ID: "none", Generation: 1}), tasks.ErrNotFound)
	})
}

func TestWork_many_at_once_have_one_effect(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.accepted(source, target)
		ref := o.due("apply")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var again *tasks.Again
				if err := o.desk.Work(t.Context(), ref); err != nil && !errors.As(err, &again) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		o.run()
		o.is(receipt, tasks.StateDone)
		if n := count(o.look(receipt).Timeline, tasks.WhatApplied); n != 1 {
			t.Errorf("applied %d times", n)
		}
		if n := len(o.wire.to(target.phone, tasks.TemplateReceived)); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

func TestWork_an_early_delivery_comes_again_at_its_time(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	receipt := o.submit(o.holder(), o.someone())
	ref := o.due("expire_verify")
	o.jump(24*time.Hour - time.Second)
	again := wantAgain(t, o.desk.Work(t.Context(), ref))
	if again.In != time.Second || again.Failure {
		t.Errorf("%+v", again)
	}
	o.is(receipt, tasks.StateSourceVerify)
}

// sleepy is a record whose user falls asleep after its first transaction.
type sleepy struct {
	tasks.Store
	sleep func()
}

func (s *sleepy) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	err := s.Store.Update(ctx, fn)
	if sleep := s.sleep; sleep != nil {
		s.sleep = nil
		sleep()
	}
	return err
}

// overtaken lets the lease run out and another worker do everything.
func (o *office) overtaken() {
	o.tb.Helper()
	o.jump(5 * time.Minute)
	if _, _, err := o.store.FreeLost(o.ctx(), 12); err != nil {
		o.tb.Fatal(err)
	}
	o.run()
}

func TestWork_a_worker_that_slept_past_its_lease_is_fenced_off(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"apply", "send"} {
		o := openOffice(t)
		source, target := o.holder(), o.someone()
		receipt := o.accepted(source, target)
		ref := o.due("apply")
		if step == "send" {
			o.must(o.desk.Work(t.Context(), ref))
			o.is(receipt, tasks.StateDone)
			second := o.holder()
			acc, err := o.trySubmit(second, o.someone())
			if err != nil {
				t.Fatal(err)
			}
			receipt, ref = acc.Receipt, o.due("send")
		}
		parts := o.parts
		parts.Store = &sleepy{Store: o.store, sleep: o.overtaken}
		if err := tasks.NewDesk(parts).Work(t.Context(), ref); err != nil {
			t.Errorf("%s: %v", step, err)
		}
		seen := map[string]int{}
		for _, m := range o.wire.handed {
			if seen[m.OutID]++; seen[m.OutID] > 1 {
				t.Errorf("%s: a message went out twice", step)
			}
		}
		if n := count(o.look(receipt).Timeline, tasks.WhatApplied); step == "apply" && n != 1 {
			t.Errorf("applied %d times", n)
		}
	}
}

func TestWork_a_fenced_sender_does_not_overwrite_what_its_successor_booked(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		t.Fatal(err)
	}
	// The provider accepts, answers late that it did not, and meanwhile the
	// successor has asked and booked.
	late := refusal(tasks.SendRetry)
	late.loses, late.sent.Delivered, late.hook = true, true, o.overtaken
	o.wire.plays(source.email, late)
	o.run()
	o.pass(time.Hour)
	if got := o.fate(acc.Receipt, tasks.ChannelMail, tasks.TemplateWarned); got != tasks.NoticeDelivered {
		t.Errorf("the mail is %s", got)
	}
	if n := len(o.wire.to(source.email)); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestWork_chores_run_and_a_broken_one_becomes_a_dead_letter(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	ran, broken := 0, 0
	parts := o.parts
	parts.Chores = map[string]func(context.Context) error{
		"chore:good":  func(context.Context) error { ran++; return nil },
		"chore:bad":   func(context.Context) error { broken++; return errors.New("secret detail") },
		"chore:panic": func(context.Context) error { panic("secret detail") },
	}
	o.desk = tasks.NewDesk(parts)
	for _, name := range []string{"good", "good", "bad", "panic"} { // the same hour posts once
		if err := o.store.PostChore(t.Context(), name, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	o.pass(24 * time.Hour)
	dead, err := o.store.DeadLetters(t.Context(), 10)
	if err != nil || ran != 1 || broken != 12 || len(dead) != 2 {
		t.Fatalf("ran %d, broken %d, dead %+v, %v", ran, broken, dead, err)
	}
	for _, d := range dead {
		if strings.Contains(d.Reason, "secret") || d.Reason == "" {
			t.Errorf("reason %q", d.Reason)
		}
	}
	parts.Chores["chore:bad"] = parts.Chores["chore:good"]
	o.desk = tasks.NewDesk(parts)
	for _, d := range dead {
		if strings.Contains(d.ID, "bad") {
			if err := o.desk.Work(t.Context(), d.TaskRef); err != nil || ran != 1 {
				t.Errorf("a dead task ran: %v", err)
			}
		}
	}
}

func TestWork_an_unknown_type_waits_for_a_newer_program(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	if err := o.store.PostChore(t.Context(), "future", time.Hour); err != nil {
		t.Fatal(err)
	}
	o.pass(2 * time.Hour)
	ran := false
	parts := o.parts
	parts.Chores = map[string]func(context.Context) error{"chore:future": func(context.Context) error { ran = true; return nil }}
	o.desk = tasks.NewDesk(parts)
	o.pass(time.Minute)
	if !ran {
		t.Error("it did not run")
	}
}

func TestWork_a_closed_record_is_an_error_not_an_answer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.accepted(o.holder(), o.someone())
	ref := o.due("apply")
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	o.closed = true
	wantIs(t, o.desk.Work(t.Context(), ref), tasks.ErrUnavailable)
}

func TestVerbs_of_one_account_are_limited(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	var err error
	for range 60 {
		err = o.act(source, receipt, tasks.VerbVerify, wrong(code))
		wantCodes(t, err, codes(err)...)
	}
	tooMany(t, o.act(source, receipt, tasks.VerbVerify, wrong(code)))
	if n := len(o.look(receipt).Timeline); n > 61 {
		t.Errorf("%d rows", n)
	}
	o.pass(time.Minute)
	o.must(o.act(source, receipt, tasks.VerbCancel))
}
