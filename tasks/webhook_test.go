package tasks_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/internal/store"
	"beian/tasks"
)

// integrator plays the integrator's side of the wire.
type integrator struct {
	mu     sync.Mutex
	answer tasks.CallAnswer
	calls  []tasks.Call
	at     []time.Time
	now    func() time.Time
}

func (r *integrator) Call(_ context.Context, c tasks.Call) tasks.CallAnswer {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls, r.at = append(r.calls, c), append(r.at, r.now())
	return r.answer
}

func (r *integrator) says(a tasks.CallAnswer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = a
}

// heard is what came since the last time, "<webhook> <type>".
func (r *integrator) heard() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.calls {
		out = append(out, c.Webhook.Name+" "+c.Type)
	}
	r.calls, r.at = nil, nil
	slices.Sort(out)
	return out
}

// listens furnishes the office with a caller.
func (o *office) listens() *integrator {
	r := &integrator{answer: tasks.CallAnswer{Status: 204}, now: o.clock.Now}
	o.parts.Caller = r
	o.desk = tasks.NewDesk(o.parts)
	return r
}

func (o *office) webhook(name string, kinds ...tasks.Kind) tasks.Webhook {
	o.tb.Helper()
	w, secret, err := o.desk.AddWebhook(o.ctx(), operator(), tasks.NewWebhook{Name: name, URL: "https://hooks.example.com/" + name, Kinds: kinds})
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		o.tb.Fatalf("%q, %v", secret, err)
	}
	return w
}

func operator() tasks.Actor { return tasks.Actor{Kind: tasks.ActorOperator, ID: "op"} }

func (o *office) transferred() (receipt string) {
	o.tb.Helper()
	source, target := o.holder(), o.someone()
	receipt = o.accepted(source, target)
	o.finish(receipt, source, target)
	return receipt
}

func wantHeard(t testing.TB, r *integrator, want ...string) {
	t.Helper()
	if got := r.heard(); !slices.Equal(got, want) {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestWebhook_every_new_state_is_told_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		r := o.listens()
		o.transferred()
		wantHeard(t, r) // nobody is there yet
		o.webhook("all")
		o.webhook("resets", tasks.KindReset)
		o.webhook("transfers", tasks.KindTransfer)
		receipt := o.transferred()
		calls := slices.Clone(r.calls)
		var want []string
		for _, name := range []string{"all", "transfers"} {
			for _, state := range []tasks.State{tasks.StateApplying, tasks.StateDone, tasks.StateSourceVerify, tasks.StateTargetConfirm} {
				want = append(want, name+" transfer."+string(state))
			}
		}
		wantHeard(t, r, want...)
		events := o.look(receipt).Timeline
		for _, c := range calls {
			e := events[c.Seq-1]
			if c.Receipt != receipt || c.ID == "" || e.To != c.State || !c.At.Equal(e.At) || c.Kind != tasks.KindTransfer {
				t.Errorf("%+v is not %+v", c, e)
			}
		}
		o.run()
		wantHeard(t, r)
	})
}

func TestWebhook_a_draft_is_nobodys_business(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.listens()
	o.webhook("all")
	draft := o.draft(o.holder())
	o.run()
	wantHeard(t, r)
	draft.handIn()
	o.run()
	wantHeard(t, r, "all login_reset.queued")
	gone := o.draft(o.holder())
	o.pass(8 * 24 * time.Hour)
	gone.stands(tasks.StateExpired)
	for _, heard := range r.heard() {
		if strings.Contains(heard, "expired") {
			t.Errorf("heard %s of a draft", heard)
		}
	}
	o.must2(o.desk.RecallWebhook(t.Context(), operator(), "all", o.clock.Now().Add(-30*24*time.Hour)))
	o.run()
	if heard := r.heard(); slices.Contains(heard, "all login_reset.expired") || !slices.Contains(heard, "all login_reset.queued") {
		t.Errorf("a replay tells %q", heard)
	}
}

func TestWebhook_tries_follow_the_specification(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	r := o.listens()
	source, target := o.holder(), o.someone()
	receipt := o.accepted(source, target)
	o.webhook("down")
	r.says(tasks.CallAnswer{Reason: "timed out"})
	o.run()
	o.is(receipt, tasks.StateDone)
	o.pass(4 * 24 * time.Hour)
	wants := []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
	if len(r.calls) != len(wants) {
		t.Fatalf("%d tries", len(r.calls))
	}
	for i := 1; i < len(r.at); i++ {
		if wait := r.at[i].Sub(r.at[i-1]); wait < wants[i] || wait > wants[i]*11/10+time.Second {
			t.Errorf("try %d came after %s, want %s", i+1, wait, wants[i])
		}
		if r.calls[i].ID != r.calls[0].ID {
			t.Errorf("try %d has an id of its own", i+1)
		}
	}
	r.heard()
	dead, err := o.store.DeadLetters(t.Context(), 10)
	if err != nil || len(dead) != 1 || dead[0].Queue != tasks.QueueWebhook || dead[0].Reason != "timed out" {
		t.Fatalf("%+v, %v", dead, err)
	}
	all, err := o.desk.Deliveries(t.Context(), "down", 10)
	if err != nil || len(all) != 1 || all[0].State != "dead" || all[0].Attempts != 10 || all[0].Receipt != receipt || all[0].TaskID != dead[0].ID {
		t.Errorf("%+v, %v", all, err)
	}
	r.says(tasks.CallAnswer{Status: 200})
	o.must(o.store.Redrive(t.Context(), dead[0].ID, store.AuditEntry{Actor: operator(), Reason: "it is up"}))
	o.run()
	wantHeard(t, r, "down transfer.done")
	if w := o.webhooks()[0]; !w.AnsweredAt.Equal(o.clock.Now()) {
		t.Errorf("answered at %s", w.AnsweredAt)
	}
}

func (o *office) webhooks() []tasks.Webhook {
	o.tb.Helper()
	all, err := o.desk.Webhooks(o.ctx())
	if err != nil {
		o.tb.Fatal(err)
	}
	return all
}

// must2 is must for what also counts.
func (o *office) must2(_ int64, err error) {
	o.tb.Helper()
	o.must(err)
}

func TestWebhook_a_receiver_that_asks_for_time_gets_it(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	r := o.listens()
	source, target := o.holder(), o.someone()
	o.accepted(source, target)
	o.webhook("busy")
	r.says(tasks.CallAnswer{Status: 429, After: time.Hour})
	o.run()
	if o.pass(time.Hour - time.Second); len(r.calls) != 1 {
		t.Errorf("%d calls within the hour", len(r.calls))
	}
	if o.pass(2 * time.Second); len(r.calls) != 2 {
		t.Errorf("%d calls after it", len(r.calls))
	}
}

func TestWebhook_an_address_that_is_gone_hears_nothing_more(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		r := o.listens()
		source, target := o.holder(), o.someone()
		receipt := o.accepted(source, target)
		o.webhook("gone")
		r.says(tasks.CallAnswer{Status: 410})
		o.finish(receipt, source, target)
		wantHeard(t, r, "gone transfer.done")
		if w := o.webhooks()[0]; w.DisabledAt.IsZero() || w.Reason != tasks.WebhookGone {
			t.Errorf("%+v", w)
		}
		o.must(o.desk.DisableWebhook(t.Context(), operator(), "gone"))
		if w := o.webhooks()[0]; w.Reason != tasks.WebhookOff {
			t.Errorf("switched off, it is still %s", w.Reason)
		}
		_, err := o.desk.RecallWebhook(t.Context(), operator(), "gone", o.now().Add(-time.Hour))
		wantIs(t, err, tasks.ErrConflict)
		o.jump(time.Second)
		missed := o.transferred()
		wantHeard(t, r)
		o.must(o.desk.EnableWebhook(t.Context(), operator(), "gone"))
		r.says(tasks.CallAnswer{Status: 200})
		o.run()
		wantHeard(t, r)
		since := o.look(missed).Job.CreatedAt
		n, err := o.desk.RecallWebhook(t.Context(), operator(), "gone", since)
		if err != nil || n != 4 {
			t.Errorf("%d messages, %v", n, err)
		}
		if n, err = o.desk.RecallWebhook(t.Context(), operator(), "gone", since); err != nil || n != 0 {
			t.Errorf("%d messages that wait already, %v", n, err)
		}
		o.run()
		if heard := r.heard(); len(heard) != 4 || heard[1] != "gone transfer.done" {
			t.Errorf("heard %q", heard)
		}
		rows, err := o.store.FindAudit(t.Context(), tasks.EntryFilter{Action: "webhook.", Limit: 10})
		if err != nil || len(rows) != 6 || rows[4].Action != "webhook.disable" || rows[4].Reason != tasks.WebhookGone || rows[4].Actor.Kind != tasks.ActorSystem {
			t.Errorf("journal: %+v, %v", rows, err)
		}
	})
}

func TestWebhook_what_waits_for_a_disabled_one_is_dropped(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	r := o.listens()
	source, target := o.holder(), o.someone()
	o.accepted(source, target)
	o.webhook("off")
	r.says(tasks.CallAnswer{Status: 503})
	o.run()
	wantHeard(t, r, "off transfer.done")
	o.must(o.desk.DisableWebhook(t.Context(), operator(), "off"))
	o.pass(time.Hour)
	wantHeard(t, r)
	if all, err := o.desk.Deliveries(t.Context(), "off", 10); err != nil || len(all) != 1 || all[0].State != "done" {
		t.Errorf("%+v, %v", all, err)
	}
	wantIs(t, o.desk.DisableWebhook(t.Context(), operator(), "none"), tasks.ErrNotFound)
}

func TestWebhook_a_rotated_secret_signs_beside_the_new_one_for_a_day(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	r := o.listens()
	before := o.webhook("one")
	secret, err := o.desk.RotateWebhook(t.Context(), operator(), "one")
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("%q, %v", secret, err)
	}
	if answer, err := o.desk.TestWebhook(t.Context(), "one"); err != nil || !answer.Took() {
		t.Errorf("%s, %v", answer, err)
	}
	w := r.calls[0].Webhook
	if string(w.Former) != string(before.Secret) || string(w.Secret) == string(before.Secret) || !w.FormerUntil.Equal(o.clock.Now().Add(24*time.Hour)) {
		t.Errorf("%+v", w)
	}
	wantHeard(t, r, "one webhook.test")
}

func TestWebhook_every_fault_of_a_new_one_comes_at_once(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	o.webhook("taken")
	codes := func(n tasks.NewWebhook) (out []string) {
		_, _, err := o.desk.AddWebhook(t.Context(), operator(), n)
		var invalid *tasks.Invalid
		if !errors.As(err, &invalid) {
			t.Fatalf("%+v: %v", n, err)
		}
		for _, f := range invalid.Faults {
			out = append(out, f.Code)
		}
		return out
	}
	got := codes(tasks.NewWebhook{Name: "x", URL: "http://a.example.com", Kinds: []tasks.Kind{"filing"}})
	if !slices.Equal(got, []string{tasks.CodeWebhookName, tasks.CodeWebhookURL, tasks.CodeWebhookKind}) {
		t.Errorf("%q", got)
	}
	if got := codes(tasks.NewWebhook{Name: "Taken ", URL: "https://a.example.com"}); !slices.Equal(got, []string{tasks.CodeWebhookTaken}) {
		t.Errorf("%q", got)
	}
	for _, url := range []string{"", "a.example.com", "ftp://a.example.com", "https://", "https://me:pw@a.example.com", "https://a.example.com/#x",
		"https://a.example.com/" + strings.Repeat("x", 2000), "https://a example.com", "https://:443/"} {
		if got := codes(tasks.NewWebhook{Name: "good", URL: url, Plain: true}); !slices.Equal(got, []string{tasks.CodeWebhookURL}) {
			t.Errorf("%q: %q", url, got)
		}
	}
}
