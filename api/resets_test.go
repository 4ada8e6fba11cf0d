package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

const resetForm = `{"nature":"individual","subject_name":"李晓明","certificate_type":"id_card","certificate_number":"１１０１０１１９９００３０７７２１３",
 "icp_or_domain":"京ICP备20240011号","phone":"137 1234 5678","new_email":"fresh@example.com","reason":"mailbox_lost","remark":"旧邮箱已停用","consent":true}`

// papersForm asks for the contact phone on papers.
const papersForm = `{"nature":"individual","subject_name":"李晓明","certificate_type":"id_card","certificate_number":"110101199003077213",
 "icp_or_domain":"京ICP备20240011号","phone":"13712345678","reason":"phone_lost","consent":true}`

// loginReset begins one without a sign-in.
func (b *bench) loginReset(t testing.TB) jobBody {
	t.Helper()
	return b.do(t, ask{method: "POST", path: "/v1/login-resets", body: resetForm, key: newKey()}).job(t, 202)
}

// byTracking is a request of the applicant.
func (b *bench) byTracking(t testing.TB, j jobBody, method, path, body string) reply {
	t.Helper()
	return b.do(t, ask{method: method, path: "/v1/login-resets/" + j.Receipt + path, body: body, key: newKey(),
		head: map[string]string{"X-Tracking-Code": j.Tracking}})
}

func (b *bench) put(t testing.TB, j jobBody, slot, media string, data []byte) reply {
	t.Helper()
	return b.do(t, ask{method: "PUT", path: "/v1/login-resets/" + j.Receipt + "/documents/" + slot, body: string(data),
		head: map[string]string{"X-Tracking-Code": j.Tracking, "Content-Type": media}})
}

// linkToken is the token of the newest confirmation mail.
func (b *bench) linkToken(t testing.TB) string {
	t.Helper()
	b.work(t)
	b.sent.mu.Lock()
	defer b.sent.mu.Unlock()
	for i := len(b.sent.sent) - 1; i >= 0; i-- {
		if m := b.sent.sent[i]; m.Params["token"] != "" {
			return m.Params["token"]
		}
	}
	t.Fatal("no confirmation mail was sent")
	return ""
}

func TestL1AProgramBringsAResetFromTheFirstRequestToTheQueue(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.do(t, ask{method: "POST", path: "/v1/login-resets", body: resetForm, key: newKey()})
	j := first.job(t, 202)
	if first.head.Get("Location") != "/v1/login-resets/"+j.Receipt || j.Tracking == "" || j.Kind != "login_reset" || j.State != "draft" || !strings.HasPrefix(j.Receipt, "LR") {
		t.Fatalf("%s %v", first.raw, first.head)
	}
	p := b.byTracking(t, j, "POST", "/submit", "").problem(t, 422, "BLOCKED")
	if len(p.Blockers) != 4 || p.Blockers[0].Code != "DOC_MISSING" || !strings.Contains(p.Blockers[0].Message, "身份证人像面") {
		t.Errorf("%+v", p.Blockers)
	}
	b.byTracking(t, j, "POST", "/verify", fmt.Sprintf(`{"code":%q}`, b.param(t, contactPhone, "code"))).job(t, 200)
	confirm := ask{method: "POST", path: "/v1/login-resets/" + j.Receipt + "/confirm-mailbox", body: fmt.Sprintf(`{"token":%q}`, b.linkToken(t))}
	if got := b.do(t, confirm); got.status != 200 {
		t.Fatal(got.raw)
	}
	b.do(t, confirm).problem(t, 410, "GONE")
	for i, slot := range []string{"id_front", "id_back", "holding_id"} {
		var doc slotBody
		b.put(t, j, slot, "image/png", drawn(800, 700, uint8(90+20*i))).into(t, 200, &doc)
		if !doc.Filled || doc.Width != 800 || doc.Height != 700 || doc.Media != "image/png" {
			t.Errorf("%+v", doc)
		}
	}
	b.byTracking(t, j, "POST", "/submit", "").job(t, 200)
	got := b.byTracking(t, j, "GET", "", "").job(t, 200)
	if got.State != "queued" || got.Reset == nil || got.Reset.Promise == nil || len(got.Reset.Documents) != 3 || got.NextAction.By != "staff" {
		t.Errorf("%+v", got)
	}
	want := &resetBody{Nature: "individual", Principal: true, SubjectName: "李*明", Certificate: "1****************3", ICPNo: "京ICP备20240011号",
		Applicant: "李*明", Phone: "137 **** 5678", NewEmail: "fre***@example.com", Reason: "mailbox_lost"}
	mine := *got.Reset
	mine.PhoneAt, mine.MailboxAt, mine.SubmittedAt, mine.Promise, mine.Documents = nil, nil, nil, nil, nil
	if diff := cmp.Diff(want, &mine); diff != "" {
		t.Error(diff)
	}
	b.figures(t)
	b.byTracking(t, j, "POST", "/nudge", "").job(t, 200)
	b.byTracking(t, j, "POST", "/nudge", "").problem(t, 429, "TOO_MANY_REQUESTS")
	b.byTracking(t, j, "POST", "/appeal", "").problem(t, 409, "WRONG_STATE")
	b.byTracking(t, j, "PATCH", "", `{"reason":"other"}`).problem(t, 409, "WRONG_STATE")
	if end := b.byTracking(t, j, "POST", "/withdraw", "").job(t, 200); end.State != "withdrawn" {
		t.Errorf("%+v", end)
	}
}

// If-Match is optional for applicants; sent, it is kept.
func TestL1AVerbOnAnOlderVersionChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.loginReset(t)
	if got := b.put(t, j, "id_front", "image/png", drawn(800, 700, 90)); got.status != 200 {
		t.Fatal(got.raw)
	}
	read := func() (tag string) {
		got := b.byTracking(t, j, "GET", "", "")
		got.job(t, 200)
		return got.head.Get("ETag")
	}
	old := read()
	b.byTracking(t, j, "PATCH", "", `{"remark":"其他"}`).job(t, 200)
	if read() == old {
		t.Fatal("a change left the version as it was")
	}
	key := newKey()
	for _, c := range []struct{ method, path, body string }{{"PATCH", "", `{"reason":"other"}`}, {"POST", "/verify", `{"code":"000000"}`}, {"POST", "/resend", ""},
		{"POST", "/submit", ""}, {"POST", "/withdraw", ""}, {"POST", "/nudge", ""}, {"POST", "/supplement", "{}"},
		{"DELETE", "/documents/id_front", ""}, {"POST", "/documents/id_front/keep", ""}} {
		head := map[string]string{"X-Tracking-Code": j.Tracking, "If-Match": old}
		b.do(t, ask{method: c.method, path: "/v1/login-resets/" + j.Receipt + c.path, body: c.body, key: newKey(), head: head}).problem(t, 412, "PRECONDITION_FAILED")
	}
	withdraw := ask{method: "POST", path: "/v1/login-resets/" + j.Receipt + "/withdraw", key: key,
		head: map[string]string{"X-Tracking-Code": j.Tracking, "If-Match": read()}}
	for range 2 { // the replay of a key gets its answer however far the job has come
		if end := b.do(t, withdraw).job(t, 200); end.State != "withdrawn" {
			t.Errorf("%+v", end)
		}
	}
}

func TestL1EveryFaultIsNamedAndNoSubmittedValueIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := `{"nature":"organisation","subject_name":"北京晨光云图科技有限公司","certificate_type":"credit_code","certificate_number":"91110108MA01K7T27Y",
	 "icp_or_domain":"-","phone":"13712","new_email":"not-a-mail","reason":"other","consent":false}`
	got := b.do(t, ask{method: "POST", path: "/v1/login-resets", body: body, key: newKey()})
	var pointers []string
	for _, e := range got.problem(t, 422, "INVALID").Errors {
		pointers = append(pointers, e.Pointer)
	}
	want := []string{"/certificate_number", "/icp_or_domain", "/principal", "/applicant", "/applicant_id", "/phone", "/new_email", "/consent"}
	if diff := cmp.Diff(want, pointers); diff != "" {
		t.Error(diff)
	}
	for _, value := range []string{"91110108", "13712", "not-a-mail", "晨光"} {
		if strings.Contains(got.raw, value) {
			t.Errorf("the answer repeats %s: %s", value, got.raw)
		}
	}
	b.do(t, ask{method: "POST", path: "/v1/login-resets", body: resetForm}).problem(t, 400, "KEY_MISSING")
	b.do(t, ask{method: "POST", path: "/v1/login-resets", body: `{"nature":"person"}`, key: newKey()}).problem(t, 422, "INVALID")
}

func TestA6TheSameKeyGivesTheSameReset(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := newKey()
	first := b.do(t, ask{method: "POST", path: "/v1/login-resets", body: resetForm, key: key}).job(t, 202)
	again := b.do(t, ask{method: "POST", path: "/v1/login-resets", body: resetForm, key: key})
	if second := again.job(t, 202); second.Receipt != first.Receipt || second.Tracking != first.Tracking || again.head.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s", again.raw)
	}
	other := strings.Replace(resetForm, "fresh@", "other@", 1)
	b.do(t, ask{method: "POST", path: "/v1/login-resets", body: other, key: key}).problem(t, 422, "KEY_REUSED")
}

func TestL4ADocumentComesBareOrInAFormAndItsDoubtsAreToldNotRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.loginReset(t)
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("file", "dark.png")
	must(t, err)
	_, err = part.Write(drawn(700, 700, 5))
	must(t, err)
	must(t, w.Close())
	var doc slotBody
	b.put(t, j, "id_front", w.FormDataContentType(), form.Bytes()).into(t, 200, &doc)
	if doc.Filled || len(doc.Flags) != 1 || doc.Flags[0].Code != "DOC_DARK" || doc.Flags[0].Message == "" {
		t.Errorf("%+v", doc)
	}
	b.byTracking(t, j, "POST", "/documents/id_front/keep", "").job(t, 200)
	picture := b.byTracking(t, j, "GET", "/documents/id_front", "")
	if picture.status != 200 || picture.head.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(picture.raw, "\xff\xd8") || picture.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", picture.status, picture.head)
	}
	p := b.put(t, j, "id_back", "image/png", []byte("nothing of the kind")).problem(t, 422, "INVALID")
	if p.Errors[0].Pointer != "/id_back" || p.Errors[0].Code != "DOC_FORMAT" {
		t.Errorf("%+v", p)
	}
	b.put(t, j, "letter", "application/pdf", []byte("%PDF-1.7")).problem(t, 404, "NOT_FOUND")
	b.put(t, j, "id_back", "application/json", []byte("{}")).problem(t, 415, "CONTENT_TYPE")
	b.put(t, j, "id_back", "image/png", make([]byte, maxUploadBody+1)).problem(t, 413, "TOO_LARGE")
	b.byTracking(t, j, "DELETE", "/documents/id_front", "").job(t, 200)
	b.byTracking(t, j, "GET", "/documents/id_front", "").problem(t, 404, "NOT_FOUND")
}

func TestL3TheLetterIsForItsApplicantAndTheBlankOneForEverybody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.do(t, ask{method: "POST", path: "/v1/login-resets", key: newKey(), body: `{"nature":"organisation","principal":false,"subject_name":"北京晨光云图科技有限公司",
	 "certificate_type":"credit_code","certificate_number":"91110108MA01K7T27X","icp_or_domain":"chenguang.example.com","applicant":"王芳","applicant_id":"110102198805152643",
	 "phone":"13712345678","new_email":"fresh@example.com","reason":"staff_left","consent":true}`}).job(t, 202)
	got := b.byTracking(t, j, "GET", "/letter", "")
	if got.status != 200 || got.head.Get("Content-Type") != "application/pdf" || !strings.Contains(got.raw, "王芳") || !strings.Contains(got.head.Get("Content-Disposition"), j.Receipt) {
		t.Errorf("%d %v %s", got.status, got.head, got.raw)
	}
	other := b.loginReset(t)
	b.byTracking(t, other, "GET", "/letter", "").problem(t, 404, "NOT_FOUND") // an individual needs none
	for query, kind := range map[string]string{"": "login_reset", "?kind=login_reset": "login_reset", "?kind=transfer_reviewed": "transfer_reviewed",
		"?kind=contact_papers": "contact_papers", "?kind=legacy_papers": "legacy_papers"} {
		if blank := b.do(t, ask{method: "GET", path: "/v1/letters/blank" + query}); blank.status != 200 || blank.raw != "%PDF- blank "+kind {
			t.Errorf("%s: %d %s", query, blank.status, blank.raw)
		}
	}
	if blank := b.do(t, ask{method: "GET", path: "/v1/letters/blank?kind=transfer"}); blank.status != 422 {
		t.Errorf("a kind without a letter: %d %s", blank.status, blank.raw)
	}
}

// Whoever holds another reset's tracking code, a session, or nothing at all, gets
// the same answer for every path: there is no such reset.
func TestNobodyButTheHolderOfTheTrackingCodeReachesAReset(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	mine, theirs := b.loginReset(t), b.loginReset(t)
	b.put(t, mine, "id_front", "image/png", drawn(800, 700, 90)).into(t, 200, &slotBody{})
	stranger := jobBody{Receipt: mine.Receipt, Tracking: theirs.Tracking}
	for path, item := range b.api.OpenAPI().Paths {
		if !strings.HasPrefix(path, "/v1/login-resets/{receipt}") || strings.HasSuffix(path, "/confirm-mailbox") {
			continue
		}
		for _, op := range operationsOf(item) {
			below := strings.NewReplacer("/v1/login-resets/{receipt}", "", "{slot}", "id_front").Replace(path)
			head := map[string]string{"X-Tracking-Code": stranger.Tracking}
			body := ""
			if op.Method == http.MethodPatch {
				body = "{}"
			}
			if op.Method == http.MethodPut {
				head["Content-Type"], body = "image/png", string(drawn(640, 640, 1))
			}
			as := ""
			if below == "/dispute" || below == "/release" || below == "/reject" { // by a session, not by a tracking code
				as, head["If-Match"] = "stranger", b.etag(t, mine.Receipt)
			}
			got := b.do(t, ask{as: as, method: op.Method, path: "/v1/login-resets/" + mine.Receipt + below, body: body, key: newKey(), head: head})
			if got.status != http.StatusNotFound {
				t.Errorf("%s %s: %d %s", op.Method, path, got.status, got.raw)
			}
		}
	}
	b.do(t, ask{as: "source", method: "GET", path: "/v1/login-resets/" + mine.Receipt}).problem(t, 404, "NOT_FOUND")
	b.do(t, ask{method: "POST", path: "/v1/login-resets/" + mine.Receipt + "/confirm-mailbox", body: `{"token":"wrong"}`}).problem(t, 404, "NOT_FOUND")
}

func TestA8AnOldChannelFreezesAResetByAPIAndSeesNoApplicant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submitted(t, "/v1/login-resets", resetForm)
	veto := b.param(t, sourcePhone, "veto")
	got := b.do(t, ask{method: "POST", path: "/v1/disputes", body: fmt.Sprintf(`{"receipt":%q,"code":%q}`, j.Receipt, veto), key: newKey()})
	if frozen := got.job(t, 200); frozen.State != "disputed" || frozen.Kind != "login_reset" || frozen.Links.Self != "/v1/login-resets/"+j.Receipt {
		t.Errorf("%s", got.raw)
	}
	owner := b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + j.Receipt})
	if seen := owner.job(t, 200); seen.Reset == nil || seen.Reset.NewEmail == "" || seen.Reset.Phone != "" || len(seen.Reset.Documents) > 0 || seen.Tracking != "" {
		t.Errorf("%s", owner.raw)
	}
	list := b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs"})
	if regexp.MustCompile(`137|旧邮箱`).MatchString(list.raw) || !strings.Contains(list.raw, j.Receipt) {
		t.Errorf("%s", list.raw)
	}
	var events struct {
		Messages []messageBody `json:"messages"`
	}
	must(t, json.Unmarshal([]byte(b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + j.Receipt + "/events"}).raw), &events))
	for _, m := range events.Messages {
		if m.To != "" {
			t.Errorf("the owner sees %s", m.To)
		}
	}
}

// submitted is a case that its applicant has handed in.
func (b *bench) submitted(t testing.TB, resource, form string) jobBody {
	t.Helper()
	j := b.do(t, ask{as: "source", method: "POST", path: resource, body: form, key: newKey()}).job(t, 202)
	tracked := func(method, path, media, body string) reply {
		return b.do(t, ask{method: method, path: resource + "/" + j.Receipt + path, body: body, key: newKey(),
			head: map[string]string{"X-Tracking-Code": j.Tracking, "Content-Type": media}})
	}
	tracked("POST", "/verify", "application/json", fmt.Sprintf(`{"code":%q}`, b.param(t, contactPhone, "code"))).job(t, 200)
	for i, slot := range tasks.SlotsOf("individual", true) {
		tracked("PUT", "/documents/"+string(slot), "image/png", string(drawn(800, 700, uint8(90+20*i)))).into(t, 200, &slotBody{})
	}
	j.State = tracked("POST", "/submit", "application/json", "").job(t, 200).State
	return j
}

// Whoever holds the account freezes papers about it as any other job, and supervisors decide with If-Match.
func TestA8AnOwnerFreezesPapersByAPIAndASupervisorDecides(t *testing.T) {
	t.Parallel()
	for resource, form := range map[string]string{"/v1/login-resets": resetForm, "/v1/contact-papers": papersForm} {
		t.Run(resource, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			j := b.submitted(t, resource, form)
			on := func(as, verb string) reply {
				return b.do(t, ask{as: as, method: "POST", path: resource + "/" + j.Receipt + "/" + verb, key: newKey(),
					head: map[string]string{"If-Match": b.etag(t, j.Receipt), "X-Tracking-Code": j.Tracking}})
			}
			on("stranger", "dispute").problem(t, 404, "NOT_FOUND")
			on("", "dispute").problem(t, 401, "SIGN_IN_REQUIRED") // who applies does not object to it
			on("reviewer", "dispute").problem(t, 403, "FORBIDDEN")
			on("supervisor", "release").problem(t, 409, "WRONG_STATE")
			if got := on("source", "dispute").job(t, 200); got.State != "disputed" {
				t.Errorf("%+v", got)
			}
			for _, as := range []string{"source", "reviewer", "operator", "auditor"} {
				on(as, "release").problem(t, 403, "FORBIDDEN")
				on(as, "reject").problem(t, 403, "FORBIDDEN")
			}
			b.do(t, ask{as: "supervisor", method: "POST", path: resource + "/" + j.Receipt + "/release", key: newKey()}).problem(t, 428, "PRECONDITION_REQUIRED")
			if got := on("supervisor", "release").job(t, 200); got.State != j.State {
				t.Errorf("%+v", got)
			}
			on("supervisor", "dispute").job(t, 200)
			if got := on("supervisor", "reject").job(t, 200); got.State != "rejected" {
				t.Errorf("%+v", got)
			}
			on("supervisor", "reject").problem(t, 409, "WRONG_STATE")
		})
	}
}

// figures are those of one review that came in just now (V7).
func (b *bench) figures(t *testing.T) {
	t.Helper()
	var board struct {
		Now struct {
			NextDue *time.Time `json:"next_due_at"`
			Left    *int64     `json:"working_seconds_left"`
		}
		Hours []statsHour
	}
	b.do(t, ask{as: "auditor", method: "GET", path: "/v1/stats/sla"}).into(t, 200, &board)
	received := 0
	for hour, h := range board.Hours {
		received += h.Received
		if h.Hour != hour {
			t.Errorf("hour %d stands at %d", h.Hour, hour)
		}
	}
	var list struct {
		Reviews []struct {
			DueAt *time.Time `json:"due_at"`
			Left  *int64     `json:"working_seconds_left"`
		}
	}
	b.do(t, ask{as: "auditor", method: "GET", path: "/v1/reviews"}).into(t, 200, &list)
	if len(board.Hours) != 24 || received != 1 || len(list.Reviews) != 1 || board.Now.NextDue == nil || !board.Now.NextDue.Equal(*list.Reviews[0].DueAt) {
		t.Fatalf("%+v, %+v", board, list)
	}
	if board.Now.Left == nil || list.Reviews[0].Left == nil || *board.Now.Left < *list.Reviews[0].Left || *list.Reviews[0].Left <= 0 {
		t.Errorf("the working time left: %v, %v", board.Now.Left, list.Reviews[0].Left)
	}
}
