package tasks_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/testenv"
	"beian/tasks"
)

func oneSupervisor(p *tasks.Policy) { p.FourEyes = false }

// tryReversal asks for a reversal as a member of staff.
func (o *office) tryReversal(receipt string, staff tasks.Actor, key ...string) (tasks.Accepted, error) {
	if len(key) == 0 {
		key = []string{o.key()}
	}
	return o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindReversal, Staff: staff, Asker: "staff " + staff.ID, Lang: "zh-CN",
		Fields: map[string]string{tasks.FieldReceipt: receipt, tasks.FieldReason: "not_authorised"},
		Once:   tasks.Once{Scope: "staff " + staff.ID, Key: key[0], Fingerprint: receipt}})
}

func (o *office) reverse(receipt string) (reversal string) {
	o.tb.Helper()
	acc, err := o.tryReversal(receipt, supervisor(1))
	o.must(err)
	return acc.Receipt
}

// second is the verb of another supervisor.
func (o *office) second(receipt string, verb tasks.Verb, staff tasks.Actor) error {
	_, err := o.desk.Act(o.ctx(), tasks.Action{Receipt: receipt, Verb: verb, By: tasks.Viewer{Staff: staff.Kind}, StaffID: staff.ID,
		Once: tasks.Once{Scope: "staff " + staff.ID, Key: o.key(), Fingerprint: "f"}})
	return err
}

func TestT14_a_supervisor_gives_back_everything_that_moved(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) *office{
		"sqlite":   func(t *testing.T) *office { return openOffice(t, oneSupervisor) },
		"postgres": func(t *testing.T) *office { return openOn(t, testenv.Postgres(t), oneSupervisor) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			source, target := o.holder(), o.someone()
			before, subject := o.party(source).Subject, ""
			was := o.holdings(before.ID)
			moved := o.moved(source, target)
			o.must(o.act(source, moved, tasks.VerbDispute))
			reversal := o.reverse(moved)
			o.is(reversal, tasks.StateDone)
			if subject = o.party(source).Subject.ID; subject != before.ID || o.party(target).HasSubject() {
				t.Fatalf("the subject is not back: %q", subject)
			}
			if diff := cmp.Diff(was.Records, o.holdings(before.ID).Records); diff != "" || len(o.holdings(before.ID).Websites) != len(was.Websites) {
				t.Errorf("what hung on it (-before +after):\n%s", diff)
			}
			for _, to := range []string{source.phone, source.email, target.phone, target.email, source.principal} {
				if len(o.wire.to(to, tasks.TemplateReversed)) != 1 {
					t.Errorf("a party was not told once")
				}
			}
			v := o.look(moved)
			last := v.Timeline[len(v.Timeline)-1]
			if last.What != tasks.WhatReversed || last.Note != reversal || !v.Job.DisputedAt.IsZero() || v.Job.State != tasks.StateDone {
				t.Errorf("the transfer says %+v, disputed at %v", last, v.Job.DisputedAt)
			}
		})
	}
}

func TestT14_both_parties_see_the_reversal_and_neither_stops_it(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target, stranger := o.holder(), o.someone(), o.someone()
	reversal := o.reverse(o.moved(source, target))
	o.is(reversal, tasks.StateSecondReview)
	for _, p := range []person{source, target} {
		v, err := o.desk.Look(o.ctx(), reversal, p.viewer())
		if err != nil || len(v.Timeline) == 0 || len(v.Verbs) != 0 || v.Reversal.Reason != "" || v.Reversal.By != "" || v.Tracking != "" {
			t.Errorf("a party sees %+v, %v", v, err)
		}
		wantIs(t, o.act(p, reversal, tasks.VerbDispute), tasks.ErrNotFound)
		wantIs(t, o.act(p, reversal, tasks.VerbApprove), tasks.ErrForbidden)
		wantIs(t, o.act(p, reversal, tasks.VerbReject), tasks.ErrForbidden)
	}
	_, err := o.desk.Look(o.ctx(), reversal, stranger.viewer())
	wantIs(t, err, tasks.ErrNotFound)
}

func TestT14_only_supervisors_reverse_and_for_a_reason(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	moved := o.moved(o.holder(), o.someone())
	for _, kind := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator, tasks.ActorAuditor, ""} {
		_, err := o.tryReversal(moved, tasks.Actor{Kind: kind, ID: "x"})
		wantIs(t, err, tasks.ErrForbidden)
	}
	_, err := o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindReversal, Staff: supervisor(1), Asker: "s", Fields: map[string]string{
		tasks.FieldReceipt: moved, tasks.FieldReason: "because"}, Once: tasks.Once{Scope: "s", Key: "k", Fingerprint: "f"}})
	wantPlaces(t, err, "reason CHOICE_REQUIRED")
	_, err = o.tryReversal("TR00000000", supervisor(1))
	wantIs(t, err, tasks.ErrNotFound)
	open := o.submit(o.holder(), o.someone())
	_, err = o.tryReversal(open, supervisor(1))
	wantWrongState(t, err)
}

func TestT14_with_four_eyes_another_supervisor_must_agree(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	moved := o.moved(source, target)
	reversal := o.reverse(moved)
	wantIs(t, o.second(reversal, tasks.VerbApprove, supervisor(1)), tasks.ErrForbidden)
	wantIs(t, o.second(reversal, tasks.VerbApprove, reviewer(1)), tasks.ErrForbidden)
	o.must(o.second(reversal, tasks.VerbReject, supervisor(2)))
	o.is(reversal, tasks.StateRejected)
	again := o.reverse(moved)
	o.must(o.second(again, tasks.VerbApprove, supervisor(2)))
	o.is(again, tasks.StateDone)
	wantWrongState(t, o.second(again, tasks.VerbReject, supervisor(2)))
	if !o.party(source).HasSubject() {
		t.Error("it did not go back")
	}
}

func TestT14_a_reversal_to_which_nobody_agrees_expires(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	moved := o.moved(source, target)
	reversal := o.reverse(moved)
	o.pass(72*time.Hour + time.Minute)
	o.is(reversal, tasks.StateExpired)
	wantWrongState(t, o.second(reversal, tasks.VerbApprove, supervisor(2)))
	if o.party(source).HasSubject() {
		t.Error("it moved")
	}
}

func TestT14_after_seven_days_it_is_too_late(t *testing.T) {
	t.Parallel()
	o := openOffice(t, oneSupervisor)
	moved := o.moved(o.holder(), o.someone())
	o.pass(7*24*time.Hour - time.Minute)
	o.jump(2 * time.Minute)
	_, err := o.tryReversal(moved, supervisor(1))
	wantPlaces(t, err, " SNAPSHOT_EXPIRED")
}

func TestT14_what_changed_since_stands_in_the_way_and_nothing_moves(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct {
		by   func(o *office, source, target person)
		want string
	}{
		"another website": {func(o *office, source, _ person) { o.take(websiteLine(900, 3, source)) }, " HOLDINGS_CHANGED"},
		"the former account holds another subject": {func(o *office, source, _ person) {
			o.take(subjectLine(901, source).with(line{"external_id": "S901"}))
		}, " TARGET_HAS_SUBJECT"},
		"an order of the present holder": {func(o *office, _, target person) { o.order(target, true) }, " SOURCE_ORDER_IN_PROGRESS"},
		"the former account is frozen": {func(o *office, source, _ person) { o.take(source.account.with(line{"status": "frozen"})) },
			" TARGET_FROZEN"},
		"a transfer that goes on":       {func(o *office, _, target person) { o.submit(target, o.someone()) }, " JOB_ALREADY_OPEN"},
		"it went on to a third account": {func(o *office, _, target person) { o.moved(target, o.someone()) }, " SUBJECT_HELD_ELSEWHERE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			source, target := o.holder(), o.someone()
			moved := o.moved(source, target)
			before := o.reverse(moved) // was possible, and waits for a second supervisor
			if name == "a transfer that goes on" || name == "it went on to a third account" {
				o.must(o.second(before, tasks.VerbReject, supervisor(2))) // it would keep the holder from transferring
				change.by(o, source, target)
				_, err := o.tryReversal(moved, supervisor(1))
				wantPlaces(t, err, change.want)
				return
			}
			holder := o.party(target).Subject.ID
			change.by(o, source, target)
			o.must(o.second(before, tasks.VerbApprove, supervisor(2)))
			o.is(before, tasks.StateFailed)
			if got := places(&tasks.Blocked{Blockers: o.look(before).Job.Blockers}); !cmp.Equal(got, []string{change.want}) {
				t.Errorf("failed for %v, want %s", got, change.want)
			}
			if o.party(target).Subject.ID != holder || len(o.wire.to(target.phone, tasks.TemplateNotReversed)) != 1 {
				t.Error("something moved, or the holder was not told")
			}
			v := o.look(moved)
			if v.Timeline[len(v.Timeline)-1].What == tasks.WhatReversed {
				t.Error("the transfer says that it was reversed")
			}
		})
	}
}

func TestT14_while_it_waits_the_holder_can_not_transfer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.reverse(o.moved(source, target))
	_, err := o.trySubmit(target, o.someone())
	wantPlaces(t, err, " JOB_ALREADY_OPEN")
}

func TestT14_pressed_twice_it_is_one_reversal(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		moved := o.moved(source, target)
		got := make([]tasks.Accepted, 8)
		errs := make([]error, len(got))
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() {
				key := "one key"
				if i%2 == 1 {
					key = "key " + string(rune('a'+i))
				}
				got[i], errs[i] = o.tryReversal(moved, supervisor(1), key)
			})
		}
		wait.Wait()
		receipts := map[string]bool{}
		for i, err := range errs {
			var blocked *tasks.Blocked
			switch {
			case err == nil:
				receipts[got[i].Receipt] = true
			case errors.As(err, &blocked), errors.Is(err, tasks.ErrInFlight), errors.Is(err, tasks.ErrConflict):
			default:
				t.Errorf("press %d: %v", i, err)
			}
		}
		if len(receipts) != 1 {
			t.Fatalf("%d reversals", len(receipts))
		}
		for receipt := range receipts {
			o.must(o.second(receipt, tasks.VerbApprove, supervisor(2)))
			o.is(receipt, tasks.StateDone)
			o.rerun(receipt)
		}
		if _, err := o.tryReversal(moved, supervisor(1), "later"); !cmp.Equal(places(err), []string{" SUBJECT_HELD_ELSEWHERE", " TARGET_HAS_SUBJECT"}) {
			t.Errorf("again: %v", err)
		}
		if !o.party(source).HasSubject() || len(o.wire.to(source.phone, tasks.TemplateReversed)) != 1 {
			t.Error("it moved again, or was told twice")
		}
	})
}

// rerun posts the effect of a job once more, as an operator's click does.
func (o *office) rerun(receipt string) {
	o.tb.Helper()
	err := o.store.Update(context.WithoutCancel(o.ctx()), func(tx tasks.Tx) error {
		return tx.Post(o.ctx(), tasks.Task{ID: tasks.TaskID(tasks.KindReversal, receipt, "apply"), Queue: tasks.QueueAccount,
			Type: "reversal:apply", Ref: receipt, NotBefore: tx.Now()})
	})
	o.must(err)
}
