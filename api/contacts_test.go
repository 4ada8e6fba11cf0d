package api

import (
	"fmt"
	"strings"
	"testing"
)

const freshNumber = "13612345678"

// rephone begins the change of the source's security phone.
func (b *bench) rephone(t testing.TB) jobBody {
	t.Helper()
	return b.do(t, ask{as: "source", method: "POST", path: "/v1/contact-changes", body: `{"new_phone":"136 1234 5678"}`, key: newKey()}).job(t, 202)
}

func (b *bench) onContact(t testing.TB, as, receipt, verb, body string) reply {
	t.Helper()
	a := ask{as: as, method: "POST", path: "/v1/contact-changes/" + receipt + "/" + verb, body: body, key: newKey()}
	if verb == "release" || verb == "reject" {
		a.head = map[string]string{"If-Match": b.etag(t, receipt)}
	}
	return b.do(t, a)
}

func (b *bench) codeFor(t testing.TB, phone string) string {
	t.Helper()
	return fmt.Sprintf(`{"code":%q}`, b.param(t, phone, "code"))
}

func TestContactAProgramChangesThePhoneAndASupervisorBringsItBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	begun := b.do(t, ask{as: "source", method: "POST", path: "/v1/contact-changes", body: `{"new_phone":"＋86 136-1234-5678"}`, key: "k-1"})
	j := begun.job(t, 202)
	if !strings.HasPrefix(j.Receipt, "CC") || j.Kind != "contact_change" || begun.head.Get("Location") != "/v1/contact-changes/"+j.Receipt || j.Tracking == "" ||
		j.Links.Self != "/v1/contact-changes/"+j.Receipt || j.NextAction.Type != "verify_old_phone" || j.Subject != nil || j.Target != nil {
		t.Errorf("got %s", begun.raw)
	}
	if strings.Contains(begun.raw, freshNumber) || strings.Contains(begun.raw, sourcePhone) || j.Contact.NewPhone != "136 **** 5678" || j.Contact.OldPhone != "138 **** 8001" {
		t.Errorf("not masked: %s", begun.raw)
	}
	if j = b.onContact(t, "source", j.Receipt, "verify-old", b.codeFor(t, sourcePhone)).job(t, 200); j.State != "new_phone" || j.NextAction.Type != "verify_new_phone" {
		t.Fatalf("state %s", j.State)
	}
	if j = b.onContact(t, "source", j.Receipt, "verify-new", b.codeFor(t, freshNumber)).job(t, 202); j.State != "applying" {
		t.Fatalf("state %s", j.State)
	}
	b.work(t)
	done := b.do(t, ask{as: "source", method: "GET", path: "/v1/contact-changes/" + j.Receipt}).job(t, 200)
	if done.State != "done" || done.Contact.HoldUntil == nil || done.Contact.RestoredAt != nil {
		t.Errorf("%+v", done)
	}
	p := b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: newKey()}).problem(t, 422, "BLOCKED")
	if p.Blockers[0].Code != "HOLD_ACTIVE" {
		t.Errorf("%+v", p.Blockers)
	}
	b.do(t, ask{method: "POST", path: "/v1/disputes", body: fmt.Sprintf(`{"receipt":%q,"code":%q}`, j.Receipt, b.param(t, sourcePhone, "veto")), key: newKey()}).into(t, 200, new(any))
	if actions := b.do(t, ask{as: "supervisor", method: "GET", path: "/v1/jobs/" + j.Receipt}).job(t, 200).Actions; strings.Join(actions, " ") != "release reject" {
		t.Errorf("a supervisor may %v", actions)
	}
	if restored := b.onContact(t, "supervisor", j.Receipt, "reject", "").job(t, 200); restored.State != "rejected" || restored.Contact.RestoredAt == nil {
		t.Errorf("%+v", restored)
	}
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + j.Receipt}).problem(t, 401, "SIGN_IN_REQUIRED")
}

func TestContactAReplayGivesTheFirstAnswerAndNoSecondJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := ask{as: "source", method: "POST", path: "/v1/contact-changes", body: `{"new_phone":"13612345678"}`, key: "k-1"}
	first, again := b.do(t, a), b.do(t, a)
	if again.head.Get("Idempotency-Replayed") != "true" || again.raw != first.raw {
		t.Errorf("got %s after %s", again.raw, first.raw)
	}
	a.body = `{"new_phone":"13612345679"}`
	b.do(t, a).problem(t, 422, "KEY_REUSED")
	a.key = "k-2"
	p := b.do(t, a).problem(t, 422, "BLOCKED")
	if len(p.Blockers) != 1 || p.Blockers[0].Code != "JOB_ALREADY_OPEN" {
		t.Errorf("%+v", p.Blockers)
	}
}

func TestContactNonsenseIsToldAndNeverRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, code := range map[string]string{`{"new_phone":""}`: "REQUIRED", `{"new_phone":"1381234"}`: "PHONE_INVALID", `{"new_phone":"13800138001"}`: "PHONE_SAME",
		`{"new_phone":"<script>alert(1)</script>"}`: "PHONE_INVALID", `{"new_phone":"1361234567\u0000"}`: "PHONE_INVALID"} {
		got := b.do(t, ask{as: "source", method: "POST", path: "/v1/contact-changes", body: body, key: newKey()})
		p := got.problem(t, 422, "INVALID")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "/new_phone" || (p.Errors[0].Code != code && code != "REQUIRED") || strings.Contains(got.raw, "1381234") || strings.Contains(got.raw, "script") {
			t.Errorf("%s: %s", body, got.raw)
		}
	}
	for _, body := range []string{`{}`, `{"new_phone":1}`, `{"new_phone":"13612345678","consent":true}`} {
		b.do(t, ask{as: "source", method: "POST", path: "/v1/contact-changes", body: body, key: newKey()}).problem(t, 422, "INVALID")
	}
	b.do(t, ask{as: "source", method: "POST", path: "/v1/contact-changes", body: `{"new_phone":"13612345678"}`}).problem(t, 400, "KEY_MISSING")
	b.do(t, ask{as: "blocked", method: "POST", path: "/v1/contact-changes", body: `{"new_phone":"13612345678"}`, key: newKey()}).problem(t, 422, "BLOCKED")
}

func TestContactEveryVerbIsRefusedOutOfPlaceAndToEverybodyElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.rephone(t)
	code := b.codeFor(t, sourcePhone)
	for _, verb := range []string{"verify-old", "verify-new", "resend", "cancel", "dispute", "release", "reject"} {
		b.onContact(t, "stranger", j.Receipt, verb, code).problem(t, 404, "NOT_FOUND")
		b.onContact(t, "target", j.Receipt, verb, code).problem(t, 404, "NOT_FOUND")
		b.onContact(t, "reviewer", j.Receipt, verb, code).problem(t, 403, "FORBIDDEN")
	}
	b.onContact(t, "source", j.Receipt, "verify-new", code).problem(t, 409, "WRONG_STATE")
	b.onContact(t, "source", j.Receipt, "release", "").problem(t, 403, "FORBIDDEN")
	b.onContact(t, "source", j.Receipt, "verify-old", `{"code":"000000x"}`).problem(t, 422, "INVALID")
	b.onContact(t, "source", j.Receipt, "resend", "").problem(t, 429, "TOO_MANY_REQUESTS")
	b.do(t, ask{as: "stranger", method: "GET", path: "/v1/contact-changes/" + j.Receipt}).problem(t, 404, "NOT_FOUND")
	// A job of one kind is not found among those of another.
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers/" + j.Receipt + "/cancel", key: newKey()}).problem(t, 404, "NOT_FOUND")
	transfer := b.submit(t)
	b.onContact(t, "source", transfer.Receipt, "cancel", "").problem(t, 404, "NOT_FOUND")
	b.do(t, ask{as: "source", method: "GET", path: "/v1/contact-changes/" + transfer.Receipt}).problem(t, 404, "NOT_FOUND")
	if got := b.onContact(t, "source", j.Receipt, "cancel", "").job(t, 200); got.State != "withdrawn" {
		t.Errorf("%+v", got)
	}
	b.onContact(t, "source", j.Receipt, "verify-old", code).problem(t, 409, "WRONG_STATE")
	var list struct{ Jobs []jobBody }
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs"}).into(t, 200, &list)
	if len(list.Jobs) != 2 || list.Jobs[1].Contact == nil || list.Jobs[1].Subject != nil || list.Jobs[0].Contact != nil {
		t.Errorf("%+v", list.Jobs)
	}
}
