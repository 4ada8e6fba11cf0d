package tasks_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/tasks"
)

// providers are both providers before their fakes, on the office's clock.
func providers() map[string]func(o *office) *smstest.Server {
	account := func(o *office) (sms.Account, smstest.Approved) {
		keys := sms.Keys{ID: "id", Secret: "secret"}
		templates, approved := smstest.Templates(o.tb, keys)
		approved.Now = o.clock.Now
		return sms.Account{Keys: keys, Templates: templates, Timeout: 200 * time.Millisecond, Now: o.clock.Now, AppID: "1400006666"}, approved
	}
	return map[string]func(o *office) *smstest.Server{
		"aliyun": func(o *office) *smstest.Server {
			a, approved := account(o)
			server := smstest.NewAliyun(o.tb, approved)
			a.Endpoint = server.URL
			o.carry(sms.NewAliyun(a))
			return server
		},
		"tencent": func(o *office) *smstest.Server {
			a, approved := account(o)
			server := smstest.NewTencent(o.tb, approved)
			a.Endpoint = server.URL
			o.carry(sms.NewTencent(a))
			return server
		},
	}
}

// carry gives the SMS to a provider; mail stays with the wire.
func (o *office) carry(provider tasks.Sender) {
	o.parts.Sender = sms.Router{tasks.ChannelSMS: provider, tasks.ChannelMail: o.wire}
	o.desk = tasks.NewDesk(o.parts)
}

// ledger lists a job's SMS as the record has them.
func (o *office) ledger(receipt string) (found []tasks.Notice) {
	o.tb.Helper()
	id := o.look(receipt).Job.ID
	o.view(func(tx tasks.Tx) error {
		all, err := tx.Notices(o.ctx(), id)
		found = nil
		for _, n := range all {
			if n.Channel == tasks.ChannelSMS {
				found = append(found, n)
			}
		}
		return err
	})
	return found
}

// R4: whatever a provider plays, no phone gets a message twice, every notice
// arrives, and a code that was lost is never sent again by machine.
func TestR4_no_fault_of_a_provider_sends_anything_twice(t *testing.T) {
	t.Parallel()
	faults := []smstest.Fault{smstest.HangsTaken, smstest.Hangs, smstest.CutTaken, smstest.Cut, smstest.CutTakenSlow, smstest.BrokenTaken,
		smstest.Broken, smstest.Malformed, smstest.Busy, smstest.Throttled, smstest.Fine, smstest.Late}
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			server, dice := open(o), rand.New(rand.NewPCG(4, 4))
			var receipts []string
			for range 36 {
				source, target := o.holder(), o.someone()
				for _, phone := range []string{source.phone, source.principal} {
					server.Plays(phone, faults[dice.IntN(len(faults))], faults[dice.IntN(len(faults))])
				}
				acc, err := o.trySubmit(source, target)
				if err != nil {
					t.Fatal(err)
				}
				receipts = append(receipts, acc.Receipt)
			}
			o.pass(2 * time.Hour)
			for _, id := range server.Taken() {
				server.Arrives(id)
			}
			o.pass(time.Hour)
			o.soundness(server, receipts)
		})
	}
}

// lastWords is a provider whose caller dies as soon as it has answered.
type lastWords struct{ tasks.Sender }

func (l lastWords) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	_, _ = l.Sender.Send(ctx, m)
	runtime.Goexit()
	return tasks.Sent{}, nil
}

// R4: the provider has taken a message and the worker dies before it is booked: the
// next one asks for it by our id, and sends nothing again.
func TestR4_a_worker_that_dies_after_the_call_asks_for_the_message(t *testing.T) {
	t.Parallel()
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			server, mourning := open(o), o.parts
			mourning.Sender = sms.Router{tasks.ChannelSMS: lastWords{o.parts.Sender.(sms.Router)[tasks.ChannelSMS]}, tasks.ChannelMail: o.wire}
			doomed := tasks.NewDesk(mourning)
			acc, err := o.trySubmit(o.holder(), o.someone())
			if err != nil {
				t.Fatal(err)
			}
			o.relay(0)
			for _, d := range o.parked {
				dead := make(chan struct{})
				go func() {
					defer close(dead)
					_ = doomed.Work(o.ctx(), d.ref)
				}()
				<-dead
			}
			taken, calls := len(server.Taken()), server.Calls("SendSms")
			o.jump(o.parts.Lease + time.Minute)
			freed, _, err := o.store.FreeLost(t.Context(), 12)
			if err != nil || taken == 0 || freed != int64(taken) {
				t.Fatalf("the provider took %d messages, %d tasks were lost, %v", taken, freed, err)
			}
			o.run()
			for _, id := range server.Taken() {
				server.Arrives(id)
			}
			o.pass(time.Hour)
			o.soundness(server, []string{acc.Receipt})
			if again := server.Calls("SendSms"); again != calls {
				t.Errorf("%d calls to send, and %d after the deaths", calls, again)
			}
		})
	}
}

// soundness compares what the record says with what phones got.
func (o *office) soundness(server *smstest.Server, receipts []string) {
	o.tb.Helper()
	told := map[string]int{}
	for _, receipt := range receipts {
		for _, n := range o.ledger(receipt) {
			copies, kind := server.Copies(n.ID), "notice"
			if n.CodeID != "" {
				kind = "code"
			}
			told[fmt.Sprint(kind, " ", n.State, ", ", copies, " copies")]++
			switch {
			case copies > 1:
				o.tb.Errorf("%s of %s arrived %d times", n.Template, receipt, copies)
			case n.State == tasks.NoticeDelivered && copies == 1, kind == "code" && n.State == tasks.NoticeFailed && copies == 0:
			default:
				o.tb.Errorf("%s of %s is %s (%s), and %d copies arrived", n.Template, receipt, n.State, n.Reason, copies)
			}
		}
	}
	o.tb.Logf("%v; %d calls to send", told, server.Calls("SendSms"))
}

func TestC2_what_the_operator_must_mend_keeps_notices_and_ends_codes(t *testing.T) {
	t.Parallel()
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			server := open(o)
			server.Always("", smstest.OutOfBalance)
			source := o.holder()
			receipt := o.submit(source, o.someone())
			o.pass(3 * time.Hour)
			for _, n := range o.look(receipt).Notices {
				switch {
				case n.Channel == tasks.ChannelMail:
				case n.Template == tasks.TemplateCode && (n.State != tasks.NoticeFailed || n.Failure != tasks.FailureProvider):
					t.Errorf("the code is %s, %q", n.State, n.Failure)
				case n.Template != tasks.TemplateCode && (n.State != tasks.NoticeWaiting || !n.Delayed || n.Failure != "" || n.Code == ""):
					t.Errorf("%s is %s: %+v", n.Template, n.State, n)
				}
			}
			server.Always("", smstest.Fine)
			o.pass(20 * time.Minute)
			o.wantFate(receipt, tasks.TemplateWarned, tasks.NoticeDelivered)
			o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeFailed)
		})
	}
}

func TestC2_a_notice_held_for_a_day_fails_as_the_providers_matter(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	providers()["aliyun"](o).Always("", smstest.Strange)
	receipt := o.submit(o.holder(), o.someone())
	o.pass(25 * time.Hour)
	for _, n := range o.look(receipt).Notices {
		if n.Channel == tasks.ChannelSMS && n.Template == tasks.TemplateWarned && (n.State != tasks.NoticeFailed || n.Failure != tasks.FailureProvider) {
			t.Errorf("%s is %s, %q", n.Template, n.State, n.Failure)
		}
	}
}

// outage is a provider that is left alone until a moment.
type outage struct {
	*wire
	clock *clock
	until time.Time
	calls int
}

func (p *outage) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if p.clock.Now().Before(p.until) {
		p.calls++
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendRetry, After: 30 * time.Second, Code: "BREAKER_OPEN"}
	}
	return p.wire.Send(ctx, m)
}

func TestC2_notices_outlast_an_outage_of_most_of_a_day(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	down := &outage{wire: o.wire, clock: o.clock, until: o.clock.Now().Add(23 * time.Hour)}
	o.parts.Sender = down
	o.desk = tasks.NewDesk(o.parts)
	source := o.holder()
	receipt := o.submit(source, o.someone())
	o.pass(10 * time.Minute)
	o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeFailed)
	o.pass(13 * time.Hour)
	o.wantFate(receipt, tasks.TemplateWarned, tasks.NoticeWaiting)
	o.pass(10*time.Hour + 15*time.Minute)
	o.wantFate(receipt, tasks.TemplateWarned, tasks.NoticeDelivered)
	if dead, err := o.store.DeadLetters(o.ctx(), 10); err != nil || len(dead) > 0 {
		t.Errorf("%+v, %v", dead, err)
	}
	if messages := len(o.look(receipt).Notices); down.calls > 200*messages {
		t.Errorf("%d calls for %d messages", down.calls, messages)
	}
}

func TestC3_a_receipt_that_says_no_reaches_the_timeline(t *testing.T) {
	t.Parallel()
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			server, source := open(o), o.holder()
			server.Plays(source.principal, smstest.Undelivered)
			receipt := o.submit(source, o.someone())
			o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeSent)
			o.pass(3 * time.Minute)
			for _, n := range o.look(receipt).Notices {
				if n.Template == tasks.TemplateCode && (n.State != tasks.NoticeFailed || n.Failure != tasks.FailureAddress || n.Code == "") {
					t.Errorf("the code is %s, %q %q", n.State, n.Failure, n.Code)
				}
			}
		})
	}
}

func TestC3_a_push_makes_the_desk_ask_and_is_not_believed(t *testing.T) {
	t.Parallel()
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openOffice(t)
			server, source := open(o), o.holder()
			server.Always("", smstest.Late)
			receipt := o.submit(source, o.someone())
			var code tasks.Notice
			for _, n := range o.ledger(receipt) {
				if n.Template == tasks.TemplateCode {
					code = n
				}
			}
			push := func() {
				t.Helper()
				receipts, body := sms.AliyunReceipts(), server.AliyunPush(code.ID, "nobody's")
				if name == "tencent" {
					receipts, body = sms.TencentReceipts(), server.TencentPush(code.ID, "nobody's")
				}
				hints, err := receipts.Read(body)
				if err != nil {
					t.Fatal(err)
				}
				o.must(o.desk.Hear(o.ctx(), hints))
			}
			push() // says delivered; the provider says otherwise
			o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeSent)
			server.Arrives(code.ID)
			push()
			o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
			push() // once more changes nothing
			o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
			o.wantFate(receipt, tasks.TemplateWarned, tasks.NoticeSent)
			if dead, err := o.store.DeadLetters(o.ctx(), 10); err != nil || len(dead) > 0 {
				t.Errorf("%+v, %v", dead, err)
			}
		})
	}
}

func TestC3_more_hints_than_one_transaction_takes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source := o.holder()
		o.wire.plays(source.principal, answer{})
		receipt := o.submit(source, o.someone())
		hints := make([]tasks.Hint, 1200)
		for i := range hints {
			hints[i] = tasks.Hint{OutID: fmt.Sprint("no-", i), ProviderID: fmt.Sprint("no-", i)}
		}
		code := o.wire.to(source.principal, tasks.TemplateCode)[0]
		hints[1100].ProviderID = "p." + code.OutID
		o.wire.arrives(code.OutID)
		o.must(o.desk.Hear(o.ctx(), hints))
		o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeSent) // the scripted answer named no id of the provider's
		hints[1100] = tasks.Hint{OutID: code.OutID}
		o.must(o.desk.Hear(o.ctx(), hints))
		o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered)
	})
}

func TestTheBudgetOfAPhoneKeepsNoticesForLaterAndEndsCodes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		hour := func(name string, burst int) []tasks.Limit {
			return []tasks.Limit{{Name: name, Burst: burst, Period: time.Hour}}
		}
		o.parts.Budget = tasks.Budget{PhoneCodes: hour("c", 1), PhoneNotices: hour("n", 1), Codes: hour("ac", 100), Notices: hour("an", 100)}
		o.desk = tasks.NewDesk(o.parts)
		source := o.holder()
		first := o.submit(source, o.someone())
		o.must(o.act(source, first, tasks.VerbCancel))
		second := o.submit(source, o.someone())
		o.wantFate(first, tasks.TemplateCode, tasks.NoticeDelivered)
		o.wantFate(first, tasks.TemplateWarned, tasks.NoticeDelivered)
		o.wantFate(second, tasks.TemplateCode, tasks.NoticeFailed)
		o.wantFate(second, tasks.TemplateWarned, tasks.NoticeWaiting)
		if n, m := len(o.wire.to(source.phone)), len(o.wire.to(source.principal)); n != 1 || m != 2 { // a code and a notice
			t.Errorf("%d and %d messages left, want 1 and 2", n, m)
		}
	})
}

func TestAMessageOverBudgetGoesOutWhenItMay(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.parts.Budget = tasks.Budget{Notices: []tasks.Limit{{Name: "an", Burst: 1, Period: time.Hour}}}
	o.desk = tasks.NewDesk(o.parts)
	var people []person
	var receipts []string
	for range 3 { // each is warned on two phones
		people = append(people, o.holder())
		receipts = append(receipts, o.submit(people[len(people)-1], o.someone()))
	}
	sent := func() (n int) {
		for _, p := range people {
			n += len(o.wire.to(p.phone, tasks.TemplateWarned)) + len(o.wire.to(p.principal, tasks.TemplateWarned))
		}
		return n
	}
	if n := sent(); n != 1 {
		t.Errorf("%d warnings left at once, want 1", n)
	}
	o.pass(150 * time.Minute)
	if n := sent(); n != 3 {
		t.Errorf("%d warnings left in two and a half hours, want 3", n)
	}
	o.pass(6 * time.Hour)
	if n := sent(); n != 6 {
		t.Errorf("%d warnings left in the end", n)
	}
	for _, receipt := range receipts {
		o.wantFate(receipt, tasks.TemplateCode, tasks.NoticeDelivered) // codes have a budget of their own
	}
}
