package tasks_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"beian/tasks"
)

// fate is what the job's page shows of the newest message of a template to a
// channel.
func (o *office) fate(receipt string, ch tasks.Channel, tpl tasks.Template) tasks.NoticeState {
	o.tb.Helper()
	var state tasks.NoticeState
	for _, n := range o.look(receipt).Notices {
		if n.Channel == ch && n.Template == tpl {
			state = n.State
		}
	}
	return state
}

func (o *office) wantFate(receipt string, tpl tasks.Template, want tasks.NoticeState) {
	o.tb.Helper()
	if got := o.fate(receipt, tasks.ChannelSMS, tpl); got != want {
		o.tb.Errorf("the message is %s, want %s", got, want)
	}
}

func TestC2_a_retry_backs_off_and_arrives(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.phone, refusal(tasks.SendRetry), refusal(tasks.SendRetry), refusal(tasks.SendRetry))
	receipt := o.submit(source, target)
	for second, want := range []int{1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4} { // 2, 4 and 8 s between tries
		if got := len(o.wire.to(source.phone)); got != want {
			t.Errorf("after %d s there were %d tries, want %d", second, got, want)
		}
		o.pass(time.Second)
	}
	o.pass(time.Minute)
	if n := len(o.wire.to(source.phone)); n != 4 {
		t.Errorf("%d tries", n)
	}
	for _, n := range o.look(receipt).Notices {
		if n.State != tasks.NoticeDelivered {
			t.Errorf("%s is %s", n.Template, n.State)
		}
	}
}

func TestC2_a_throttled_message_waits_as_long_as_the_provider_says(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.phone, answer{err: &tasks.SendError{Class: tasks.SendThrottled, After: time.Hour, Code: "LIMIT"}})
	o.submit(source, target)
	o.pass(time.Hour - time.Second)
	if n := len(o.wire.to(source.phone)); n != 1 {
		t.Fatalf("%d tries within the limit", n)
	}
	o.pass(time.Second)
	if n := len(o.wire.to(source.phone)); n != 2 {
		t.Errorf("%d tries", n)
	}
}

func TestC2_a_throttle_beyond_a_codes_life_fails_the_code(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.principal, answer{err: &tasks.SendError{Class: tasks.SendThrottled, After: time.Hour, Code: "LIMIT"}})
	receipt := o.submit(source, target)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeFailed)
	o.pass(2 * time.Hour)
	if n := len(o.wire.to(source.principal, tasks.TemplateCode)); n != 1 {
		t.Errorf("a code that is void was sent %d times", n)
	}
}

func TestC2_a_code_that_waited_too_long_is_not_sent_any_more(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		t.Fatal(err)
	}
	o.jump(11 * time.Minute) // Redis was away
	o.run()
	o.wantFate(acc.Receipt, tasks.TemplateCode, tasks.NoticeFailed)
	if got := o.look(acc.Receipt).Notices[0]; got.Failure != tasks.FailureTime { // our own word is no provider's
		t.Errorf("shown as %+v", got)
	}
	if len(o.wire.to(source.principal, tasks.TemplateCode)) != 0 || len(o.wire.to(source.phone, tasks.TemplateWarned)) != 1 {
		t.Error("the void code was sent, or the warning was not")
	}
}

func TestC2_permanent_refusals_and_bad_numbers_fail_at_once_and_are_shown(t *testing.T) {
	t.Parallel()
	for class, whose := range map[tasks.SendClass]tasks.Failure{tasks.SendPermanent: tasks.FailureProvider, tasks.SendBadNumber: tasks.FailureAddress} {
		o := openOffice(t)
		source, target := o.holder(), o.someone()
		o.wire.plays(source.principal, refusal(class))
		receipt := o.submit(source, target)
		o.pass(48 * time.Hour)
		o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeFailed)
		if n := len(o.wire.to(source.principal, tasks.TemplateCode)); n != 1 {
			t.Errorf("%s: %d tries", class, n)
		}
		if got := o.look(receipt).Notices[0]; got.To == source.principal || got.To == "" || got.Failure != whose || got.Code != "TEST" {
			t.Errorf("shown as %+v", got)
		}
		for _, other := range o.look(receipt).Notices[1:] {
			if other.Failure != "" || other.Code != "" {
				t.Errorf("a message that arrived failed: %+v", other)
			}
		}
	}
}

func TestC2_a_message_nobody_can_deliver_is_given_up_and_waits_for_people(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	for range 40 {
		o.wire.plays(source.email, refusal(tasks.SendRetry))
	}
	receipt := o.submit(source, target)
	o.pass(12 * time.Hour)
	if got := o.fate(receipt, tasks.ChannelMail, tasks.TemplateWarned); got != tasks.NoticeFailed {
		t.Errorf("shown as %s", got)
	}
	for _, n := range o.look(receipt).Notices {
		if n.State == tasks.NoticeFailed && n.Failure != tasks.FailureTime {
			t.Errorf("nobody refused it for good: %+v", n)
		}
	}
	dead, err := o.store.DeadLetters(t.Context(), 10)
	if err != nil || len(dead) != 1 || dead[0].Reason != "provider: retry TEST" {
		t.Errorf("%+v, %v", dead, err)
	}
}

func TestC3_the_row_is_there_before_the_call(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		t.Fatal(err)
	}
	var during tasks.NoticeState
	o.wire.plays(source.principal, answer{sent: tasks.Sent{Delivered: true}, hook: func() {
		during = o.fate(acc.Receipt, tasks.ChannelSMS, tasks.TemplateCode)
	}})
	o.run()
	if during != tasks.NoticeSending {
		t.Errorf("during the call the row says %q", during)
	}
	o.wantFate(acc.Receipt, tasks.TemplateCode, tasks.NoticeDelivered)
}

func TestC3_a_receipt_that_comes_later_is_asked_for(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.principal, answer{})
	receipt := o.submit(source, target)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeSent)
	o.pass(5 * time.Minute)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeSent)
	for range 20 { // a provider that can't be asked for three hours loses nothing
		o.wire.tells(source.principal, refusal(tasks.SendRetry))
	}
	o.pass(3 * time.Hour)
	o.wire.arrives(o.wire.to(source.principal, tasks.TemplateCode)[0].OutID)
	o.pass(time.Hour)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
	if dead, err := o.store.DeadLetters(t.Context(), 10); err != nil || len(dead) > 0 {
		t.Errorf("%+v, %v", dead, err)
	}
}

func TestC3_a_receipt_that_never_comes_is_not_asked_for_for_ever(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.principal, answer{})
	o.submit(source, target)
	o.pass(48 * time.Hour)
	asked := o.wire.asked
	o.pass(48 * time.Hour)
	if asked == 0 || o.wire.asked != asked {
		t.Errorf("asked %d, later %d times", asked, o.wire.asked)
	}
}

// lost says that the provider may have it: the answer did not come back.
func lost(accepted bool) answer {
	return answer{err: context.DeadlineExceeded, loses: accepted, sent: tasks.Sent{Delivered: accepted}}
}

func TestC3_after_a_lost_answer_the_provider_is_asked_before_anything_is_sent_again(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		accepted             bool
		sends, codeSends     int
		noticeFate, codeFate tasks.NoticeState
	}{
		"it has it":     {true, 1, 1, tasks.NoticeDelivered, tasks.NoticeDelivered},
		"it has it not": {false, 2, 1, tasks.NoticeDelivered, tasks.NoticeFailed},
	} {
		o := openOffice(t)
		source, target := o.holder(), o.someone()
		o.wire.plays(source.email, lost(c.accepted))
		o.wire.plays(source.principal, lost(c.accepted))
		receipt := o.submit(source, target)
		o.pass(time.Hour)
		if n := len(o.wire.to(source.email)); n != c.sends {
			t.Errorf("%s: the notice was sent %d times", name, n)
		}
		if n := len(o.wire.to(source.principal, tasks.TemplateCode)); n != c.codeSends {
			t.Errorf("%s: the code was sent %d times", name, n)
		}
		if got := o.fate(receipt, tasks.ChannelMail, tasks.TemplateWarned); got != c.noticeFate {
			t.Errorf("%s: the notice is %s", name, got)
		}
		o.wantFate(receipt, tasks.TemplateCode, c.codeFate)
	}
}

func TestC3_a_provider_that_can_not_be_asked_leaves_the_outcome_unknown(t *testing.T) {
	t.Parallel()
	for _, class := range []tasks.SendClass{tasks.SendRetry, tasks.SendThrottled, tasks.SendPermanent, tasks.SendBadNumber, tasks.SendUnknown} {
		o := openOffice(t)
		source, target := o.holder(), o.someone()
		o.wire.plays(source.email, lost(true))
		o.wire.plays(source.principal, lost(true))
		for _, to := range []string{source.email, source.principal} {
			o.wire.tells(to, refusal(class), answer{err: errors.New("connection reset")})
		}
		receipt := o.submit(source, target)
		o.pass(3 * time.Second)
		if got := o.fate(receipt, tasks.ChannelMail, tasks.TemplateWarned); got != tasks.NoticeUnknown {
			t.Errorf("%s: the notice is %s", class, got)
		}
		o.pass(time.Hour)
		if n, m := len(o.wire.to(source.email)), len(o.wire.to(source.principal, tasks.TemplateCode)); n != 1 || m != 1 {
			t.Errorf("%s: the notice was sent %d times, the code %d times", class, n, m)
		}
		o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
	}
}

func TestC3_a_worker_that_dies_between_sending_and_booking_sends_nothing_twice(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	acc, err := o.trySubmit(source, target)
	if err != nil {
		t.Fatal(err)
	}
	o.relay(0)
	doomed := o.parked
	for _, d := range doomed { // the call is made, then the process is gone
		o.dies(d.ref)
	}
	o.jump(2 * time.Minute)
	freed, _, err := o.store.FreeLost(t.Context(), 12)
	if err != nil || freed != int64(len(doomed)) {
		t.Fatalf("%d freed, %v", freed, err)
	}
	o.run()
	for _, n := range o.look(acc.Receipt).Notices {
		if n.State != tasks.NoticeDelivered {
			t.Errorf("%s is %s", n.Template, n.State)
		}
	}
	for _, to := range []string{source.phone, source.email} {
		if n := len(o.wire.to(to)); n != 1 {
			t.Errorf("sent %d times", n)
		}
	}
	if n := len(o.wire.to(source.principal, tasks.TemplateCode)); n != 1 {
		t.Errorf("the code was sent %d times", n)
	}
}

// dies claims a task and does what an attempt does up to the provider's answer,
// as a process that is killed there.
func (o *office) dies(ref tasks.TaskRef) {
	o.tb.Helper()
	err := o.store.Update(o.ctx(), func(tx tasks.Tx) error {
		c, err := tx.Claim(o.ctx(), ref, time.Minute)
		if err != nil || c.Result != tasks.Claimed {
			return errors.Join(err, errors.New("not claimed"))
		}
		n, err := tx.Notice(o.ctx(), c.Ref)
		if err != nil {
			return err
		}
		n.State = tasks.NoticeSending
		if err := tx.SaveNotice(o.ctx(), n); err != nil {
			return err
		}
		_, err = o.wire.Send(o.ctx(), tasks.Message{OutID: n.ID, Channel: n.Channel, Template: n.Template, Phone: n.Phone, Email: n.Email})
		return err
	})
	if err != nil {
		o.tb.Fatal(err)
	}
}

func TestC3_task_ids_have_no_hyphen(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.submit(o.holder(), o.someone())
	o.relay(100 * 24 * time.Hour)
	for _, d := range o.parked {
		if contains(d.ref.ID, "-") {
			t.Errorf("asynqmon would cut %q", d.ref.ID)
		}
	}
}

func TestC4_a_provider_that_is_down_delays_no_effect(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	for range 100 {
		for _, to := range []string{source.phone, source.email, source.principal, target.phone, target.email} {
			o.wire.plays(to, lost(false))
		}
	}
	o.must(o.act(target, receipt, tasks.VerbAccept))
	o.is(receipt, tasks.StateDone)
	if !o.party(target).HasSubject() {
		t.Error("nothing moved")
	}
}

func TestC4_a_provider_that_panics_stops_nobody_else(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	o.wire.plays(source.email, answer{hook: func() { panic("provider") }})
	receipt := o.submit(source, target)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
	o.pass(time.Hour)
	if got := o.fate(receipt, tasks.ChannelMail, tasks.TemplateWarned); got != tasks.NoticeSent && got != tasks.NoticeDelivered {
		t.Errorf("the mail is %s", got)
	}
}
