package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const reviewedForm = `{"nature":"individual","subject_name":"李晓明","certificate_type":"id_card","certificate_number":"110101199003077213",
 "icp_or_domain":"京ICP备20240011号","phone":"137 1234 5678","reason":"mailbox_lost","consent":true,"target":"target@example.com","target_phone4":%q}`

// papers is a request of the applicant of a reviewed transfer.
func (b *bench) papers(t testing.TB, j jobBody, method, path, body string) reply {
	t.Helper()
	return b.do(t, ask{method: method, path: "/v1/reviewed-transfers/" + j.Receipt + path, body: body, key: newKey(),
		head: map[string]string{"X-Tracking-Code": j.Tracking}})
}

func TestT13AProgramBringsAReviewedTransferToTheQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.do(t, ask{method: "POST", path: "/v1/reviewed-transfers", body: fmt.Sprintf(reviewedForm, "0000"), key: newKey()}).job(t, 202)
	if j.Kind != "transfer_reviewed" || !strings.HasPrefix(j.Receipt, "TP") || j.Links.Self != "/v1/reviewed-transfers/"+j.Receipt {
		t.Fatalf("%+v", j)
	}
	b.papers(t, j, "POST", "/verify", fmt.Sprintf(`{"code":%q}`, b.param(t, contactPhone, "code"))).job(t, 200)
	for i, slot := range []string{"id_front", "id_back", "holding_id"} {
		got := b.do(t, ask{method: "PUT", path: "/v1/reviewed-transfers/" + j.Receipt + "/documents/" + slot, body: string(drawn(800, 700, uint8(90+20*i))),
			head: map[string]string{"X-Tracking-Code": j.Tracking, "Content-Type": "image/png"}})
		if got.status != 200 {
			t.Fatalf("%s: %d %s", slot, got.status, got.raw)
		}
	}
	if p := b.papers(t, j, "POST", "/submit", "").problem(t, 422, "BLOCKED"); len(p.Blockers) != 1 || p.Blockers[0].Code != "TARGET_NOT_FOUND" {
		t.Errorf("a wrong end of the phone: %+v", p.Blockers)
	}
	b.papers(t, j, "PATCH", "", `{"target_phone4":"9002"}`).job(t, 200)
	b.papers(t, j, "POST", "/submit", "").job(t, 200)
	for _, role := range []string{"", "stranger"} {
		if got := b.do(t, ask{as: role, method: "GET", path: "/v1/reviewed-transfers/" + j.Receipt}); got.status != 401 && got.status != 404 {
			t.Errorf("%q sees it: %d", role, got.status)
		}
	}
	seen := b.do(t, ask{as: "target", method: "GET", path: "/v1/reviewed-transfers/" + j.Receipt}).job(t, 200)
	if seen.Reviewed == nil || seen.Reviewed.Phone != "" || len(seen.Reviewed.Documents) > 0 || seen.Target == nil || seen.Target.Login != "tar***@example.com" || seen.Tracking != "" {
		t.Errorf("the receiver sees %+v", seen)
	}
	b.do(t, ask{as: "stranger", method: "POST", path: "/v1/reviewed-transfers/" + j.Receipt + "/accept", key: newKey()}).problem(t, 404, "NOT_FOUND")
	b.do(t, ask{as: "target", method: "POST", path: "/v1/login-resets/" + j.Receipt + "/verify", key: newKey()}).problem(t, 401, "TRACKING_CODE_REQUIRED")
	got := b.do(t, ask{as: "target", method: "POST", path: "/v1/reviewed-transfers/" + j.Receipt + "/accept", key: newKey()}).job(t, 200)
	if got.State != "queued" {
		t.Errorf("%+v", got)
	}
	if mine := b.papers(t, j, "GET", "", "").job(t, 200); mine.Reviewed == nil || mine.Reviewed.Promise == nil || len(mine.Reviewed.Documents) != 3 {
		t.Errorf("the applicant sees %+v", mine)
	}
	events := b.do(t, ask{as: "target", method: "GET", path: "/v1/jobs/" + j.Receipt + "/events"})
	if events.status != 200 || !strings.Contains(events.raw, "accepted") || strings.Contains(events.raw, "uploaded") || strings.Contains(events.raw, "137") {
		t.Errorf("T11: the receiver's timeline is %s", events.raw)
	}
}

func TestT13AProgramTakesTheReceiversYesByACode(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.handedIn(t)
	at := "/v1/reviewed-transfers/" + j.Receipt
	for _, path := range []string{"/invite", "/accept-by-code"} {
		for _, role := range []string{"", "source", "target", "stranger"} { // the tracking code asks, and nobody without it
			b.do(t, ask{as: role, method: "POST", path: at + path, body: `{"code":"123456"}`, key: newKey()}).problem(t, 401, "TRACKING_CODE_REQUIRED")
		}
	}
	b.papers(t, j, "POST", "/accept-by-code", `{"code":"123456"}`).problem(t, 422, "INVALID")
	b.papers(t, j, "POST", "/invite", "").job(t, 200)
	b.papers(t, j, "POST", "/invite", "").problem(t, 429, "TOO_MANY_REQUESTS")
	b.papers(t, j, "POST", "/accept-by-code", `{"code":"12x456"}`).problem(t, 422, "INVALID")
	code := b.param(t, "13900139002", "code")
	if got := b.papers(t, j, "POST", "/accept-by-code", fmt.Sprintf(`{"code":%q}`, code)).job(t, 200); got.State != "queued" {
		t.Errorf("%+v", got)
	}
	b.papers(t, j, "POST", "/accept-by-code", fmt.Sprintf(`{"code":%q}`, code)).problem(t, 409, "WRONG_STATE")
}

// handedIn is a transfer on papers that waits for its receiver.
func (b *bench) handedIn(t testing.TB) jobBody {
	t.Helper()
	j := b.do(t, ask{method: "POST", path: "/v1/reviewed-transfers", body: fmt.Sprintf(reviewedForm, "9002"), key: newKey()}).job(t, 202)
	b.papers(t, j, "POST", "/verify", fmt.Sprintf(`{"code":%q}`, b.param(t, contactPhone, "code"))).job(t, 200)
	for i, slot := range []string{"id_front", "id_back", "holding_id"} {
		b.do(t, ask{method: "PUT", path: "/v1/reviewed-transfers/" + j.Receipt + "/documents/" + slot, body: string(drawn(800, 700, uint8(90+20*i))),
			head: map[string]string{"X-Tracking-Code": j.Tracking, "Content-Type": "image/png"}})
	}
	b.papers(t, j, "POST", "/submit", "").job(t, 200)
	return j
}

func TestT13TheLetterNamesTheReceiverAndOthersGetNone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.do(t, ask{method: "POST", path: "/v1/reviewed-transfers", body: fmt.Sprintf(reviewedForm, "9002"), key: newKey()}).job(t, 202)
	if got := b.papers(t, j, "GET", "/letter", ""); got.status != http.StatusNotFound {
		t.Errorf("an individual needs no letter: %d", got.status)
	}
}

func TestT14AProgramReversesATransferWithTwoSupervisors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	moved := b.moved(t)
	ask1 := ask{as: "supervisor", method: "POST", path: "/v1/reversals", body: fmt.Sprintf(`{"transfer":%q,"reason":"forged_papers"}`, moved), key: newKey()}
	first := b.do(t, ask1)
	j := first.job(t, 202)
	if again := b.do(t, ask1); again.job(t, 202).Receipt != j.Receipt || again.head.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same key: %s", again.raw)
	}
	if j.Kind != "reversal" || j.State != "approved_1" || !strings.HasPrefix(j.Receipt, "RV") || first.head.Get("Location") != "/v1/reversals/"+j.Receipt {
		t.Fatalf("%s", first.raw)
	}
	for _, role := range []string{"source", "target"} {
		seen := b.do(t, ask{as: role, method: "GET", path: "/v1/reversals/" + j.Receipt}).job(t, 200)
		if seen.Reverses != moved || len(seen.Actions) > 0 {
			t.Errorf("%s sees %+v", role, seen)
		}
	}
	b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/reversals/" + j.Receipt + "/approve", key: newKey(),
		head: map[string]string{"If-Match": b.etag(t, j.Receipt)}}).problem(t, 403, "FORBIDDEN")
	b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/reversals", body: fmt.Sprintf(`{"transfer":%q,"reason":"authority"}`, moved), key: newKey()}).problem(t, 422, "BLOCKED")
	b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/reversals", body: `{"transfer":"nonsense","reason":"authority"}`, key: newKey()}).problem(t, 404, "NOT_FOUND")
}

// moved is the receipt of a transfer that was carried out.
func (b *bench) moved(t testing.TB) string {
	t.Helper()
	j := b.verified(t)
	b.act(t, "target", j.Receipt, "accept", "")
	b.work(t)
	if got := b.do(t, ask{as: "target", method: "GET", path: "/v1/jobs/" + j.Receipt}).job(t, 200); got.State != "done" {
		t.Fatalf("the transfer is %s", got.State)
	}
	return j.Receipt
}
