package api

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"beian/internal/legacy/legacytest"
)

func importBodyOf(login, password string) string {
	return fmt.Sprintf(`{"legacy_login":%q,"legacy_password":%q,"consent":true}`, login, password)
}

// begin hands a legacy login in.
func (b *bench) begin(t testing.TB, as, login string) jobBody {
	t.Helper()
	return b.do(t, ask{as: as, method: "POST", path: "/v1/legacy-imports", key: newKey(), body: importBodyOf(login, legacytest.Password)}).job(t, 202)
}

// differences brings an import of li-2008 to what is to be chosen.
func (b *bench) differences(t testing.TB) (receipt, tag string, diff importDiff) {
	t.Helper()
	receipt = b.begin(t, "source", "li-2008").Receipt
	b.work(t)
	got := b.do(t, ask{as: "source", method: "GET", path: "/v1/legacy-imports/" + receipt + "/diff"})
	got.into(t, 200, &diff)
	return receipt, got.head.Get("ETag"), diff
}

// choices answers every row in conflict.
func (d importDiff) choices(choice string) string {
	var out []importChoice
	for _, item := range d.Items {
		for _, r := range item.Rows {
			if r.State == "conflict" {
				out = append(out, importChoice{Item: item.No, Field: r.Field, Choice: choice})
			}
		}
	}
	raw, _ := json.Marshal(out)
	return `{"consent":true,"choices":` + string(raw) + `}`
}

func TestI1_the_API_imports_from_credentials_to_the_report(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sent := b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports", key: "import-1", body: importBodyOf("li-2008", legacytest.Password)})
	j := sent.job(t, 202)
	if j.Kind != "legacy_import" || j.State != "checking" || j.NextAction.Type != "check" || sent.head.Get("Location") != "/v1/legacy-imports/"+j.Receipt ||
		j.Links.Self != "/v1/legacy-imports/"+j.Receipt || sent.head.Get("Retry-After") != "2" {
		t.Errorf("%s %v", sent.raw, sent.head)
	}
	again := b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports", key: "import-1", body: importBodyOf("li-2008", legacytest.Password)})
	if again.job(t, 202).Receipt != j.Receipt || again.head.Get("Idempotency-Replayed") != "true" || again.raw != sent.raw {
		t.Errorf("the replay is %s", again.raw)
	}
	b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports", key: "import-1", body: importBodyOf("another", "x")}).problem(t, 422, "KEY_REUSED")
	path := "/v1/legacy-imports/" + j.Receipt
	b.do(t, ask{as: "source", method: "GET", path: path + "/diff"}).problem(t, 409, "WRONG_STATE")
	b.work(t)
	read := b.do(t, ask{as: "source", method: "GET", path: path})
	if got := read.job(t, 200); got.State != "diff" || got.NextAction.Type != "confirm" || got.Import.Conflicts == 0 || !got.Import.Merges || got.Import.Login == "" ||
		strings.Join(got.Actions, " ") != "confirm cancel dispute" {
		t.Errorf("%s", read.raw)
	}
	b.do(t, ask{as: "source", method: "GET", path: path + "/report"}).problem(t, 409, "WRONG_STATE")
	var diff importDiff
	got := b.do(t, ask{as: "source", method: "GET", path: path + "/diff"})
	got.into(t, 200, &diff)
	for _, secret := range []string{"李晓明", "110101199003077213", "13900139101", holderPhone, legacytest.Password} {
		if strings.Contains(got.raw+read.raw+sent.raw, secret) || strings.Contains(b.log.String(), secret) {
			t.Errorf("%q is told", secret)
		}
	}
	done := b.do(t, ask{as: "source", method: "POST", path: path + "/confirm", key: "k-confirm", body: diff.choices("take"), head: map[string]string{"If-Match": got.head.Get("ETag")}})
	if done.job(t, 202).State != "importing" || done.head.Get("Location") != path {
		t.Errorf("%s", done.raw)
	}
	b.work(t)
	var report importReport
	b.do(t, ask{as: "source", method: "GET", path: path + "/report"}).into(t, 200, &report)
	if report.State != "done" || report.Counts.Pending != 0 || len(report.Items) != len(diff.Items) || report.Items[0].State != "imported" {
		t.Errorf("%+v", report)
	}
	sheet := b.do(t, ask{as: "source", method: "GET", path: path + "/report", head: map[string]string{"Accept": "text/csv"}})
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(sheet.raw, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != len(diff.Items)+1 || !strings.HasPrefix(sheet.head.Get("Content-Type"), "text/csv") {
		t.Errorf("%v %v %s", err, sheet.head, sheet.raw)
	}
}

func TestI5_the_API_wants_a_choice_for_every_conflict_of_the_version_that_was_seen(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	receipt, tag, diff := b.differences(t)
	confirm := func(body, match string) reply {
		a := ask{as: "source", method: "POST", path: "/v1/legacy-imports/" + receipt + "/confirm", key: newKey(), body: body, head: map[string]string{}}
		if match != "" {
			a.head["If-Match"] = match
		}
		return b.do(t, a)
	}
	confirm(diff.choices("take"), "").problem(t, 428, "PRECONDITION_REQUIRED")
	confirm(diff.choices("take"), `"99"`).problem(t, 412, "PRECONDITION_FAILED")
	p := confirm(`{"consent":false}`, tag).problem(t, 422, "INVALID")
	if len(p.Errors) != diff.Conflicts+1 || p.Errors[0].Pointer != "/choices" || p.Errors[0].Code != "CHOICE_REQUIRED" || p.Errors[0].Params["item"] == "" ||
		!strings.Contains(p.Errors[0].Message, "需要选择") {
		t.Errorf("%+v", p.Errors)
	}
	confirm(`{"consent":true,"choices":[{"item":1,"field":"name","choice":"burn"}]}`, tag).problem(t, 422, "INVALID")
	confirm(`{"consent":true,"choices":[{"item":1,"field":"name","choice":"keep"},{"item":1,"field":"name","choice":"take"}]}`, tag).problem(t, 422, "INVALID")
	confirm(`{"consent":true,"choices":[{"item":0,"choice":"skip"}]}`, tag).problem(t, 422, "INVALID")
	if got := confirm(diff.choices("keep"), tag); got.job(t, 202).State != "importing" {
		t.Errorf("%s", got.raw)
	}
	confirm(diff.choices("keep"), tag).problem(t, 412, "PRECONDITION_FAILED")
	confirm(diff.choices("keep"), b.etag(t, receipt)).problem(t, 409, "WRONG_STATE")
}

func TestImportsOfTheAPIAreNobodyElses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	receipt, tag, diff := b.differences(t)
	path := "/v1/legacy-imports/" + receipt
	for _, suffix := range []string{"", "/diff", "/report"} {
		b.do(t, ask{as: "stranger", method: "GET", path: path + suffix}).problem(t, 404, "NOT_FOUND")
	}
	for _, verb := range []string{"cancel", "retry", "dispute"} {
		b.do(t, ask{as: "stranger", method: "POST", path: path + "/" + verb, key: newKey()}).problem(t, 404, "NOT_FOUND")
	}
	b.do(t, ask{as: "stranger", method: "POST", path: path + "/confirm", key: newKey(), body: diff.choices("take"), head: map[string]string{"If-Match": tag}}).problem(t, 404, "NOT_FOUND")
	b.do(t, ask{as: "supervisor", method: "POST", path: "/v1/legacy-imports", key: newKey(), body: importBodyOf("li-2008", "x")}).problem(t, 403, "FORBIDDEN")
	b.do(t, ask{method: "POST", path: "/v1/legacy-imports", key: newKey(), body: importBodyOf("li-2008", "x")}).problem(t, 401, "SIGN_IN_REQUIRED")
	b.do(t, ask{as: "source", method: "POST", path: path + "/retry", key: newKey()}).problem(t, 409, "WRONG_STATE")
	frozen := b.do(t, ask{as: "source", method: "POST", path: path + "/dispute", key: newKey()})
	if frozen.job(t, 200).State != "disputed" {
		t.Errorf("%s", frozen.raw)
	}
	b.do(t, ask{as: "supervisor", method: "POST", path: path + "/release", key: newKey()}).problem(t, 428, "PRECONDITION_REQUIRED")
	b.do(t, ask{as: "supervisor", method: "POST", path: path + "/release", key: newKey(), head: map[string]string{"If-Match": b.etag(t, receipt)}}).job(t, 200)
	if got := b.do(t, ask{as: "source", method: "POST", path: path + "/cancel", key: newKey()}).job(t, 200); got.State != "withdrawn" {
		t.Errorf("state %s", got.State)
	}
	transfer := b.submit(t)
	for _, suffix := range []string{"", "/diff", "/report"} {
		b.do(t, ask{as: "source", method: "GET", path: "/v1/legacy-imports/" + transfer.Receipt + suffix}).problem(t, 404, "NOT_FOUND")
	}
	b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports/" + transfer.Receipt + "/cancel", key: newKey()}).problem(t, 404, "NOT_FOUND")
	var list listOutput
	b.do(t, ask{as: "source", method: "GET", path: "/v1/legacy-imports"}).into(t, 200, &list.Body)
	if len(list.Body.Jobs) != 1 || list.Body.Jobs[0].Receipt != receipt || list.Body.Jobs[0].Import == nil {
		t.Errorf("listed %+v", list.Body.Jobs)
	}
	b.do(t, ask{as: "stranger", method: "GET", path: "/v1/legacy-imports"}).into(t, 200, &list.Body)
	if len(list.Body.Jobs) != 0 {
		t.Error("a stranger sees imports")
	}
}

func TestI3_the_API_echoes_no_credentials(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const password = "Quiet-Password-77"
	for body, code := range map[string]string{
		`{"legacy_login":"","legacy_password":"` + password + `","consent":true}`:                      "INVALID",
		`{"legacy_login":"li-2008","legacy_password":"` + password + `","consent":"` + password + `"}`: "INVALID",
		`{"legacy_password":"` + password + `"`:                                                        "MALFORMED",
	} {
		got := b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports", key: newKey(), body: body})
		if strings.Contains(got.raw, password) || !strings.Contains(got.raw, code) {
			t.Errorf("%s", got.raw)
		}
	}
	receipt := ""
	for range 5 {
		receipt = b.do(t, ask{as: "source", method: "POST", path: "/v1/legacy-imports", key: newKey(), body: importBodyOf("wang-2009", password)}).job(t, 202).Receipt
		b.work(t)
	}
	failed := b.do(t, ask{as: "source", method: "GET", path: "/v1/legacy-imports/" + receipt})
	if j := failed.job(t, 200); j.State != "failed" || j.Blockers[0].Code != "LEGACY_CREDENTIALS_WRONG" || j.Blockers[0].Pointer != "/legacy_password" {
		t.Errorf("%s", failed.raw)
	}
	locked := b.do(t, ask{as: "target", method: "POST", path: "/v1/legacy-imports", key: newKey(), body: importBodyOf("WANG-2009 ", legacytest.Password)})
	if p := locked.problem(t, 422, "BLOCKED"); p.Blockers[0].Code != "LEGACY_LOCKED" || p.Blockers[0].Pointer != "/legacy_login" {
		t.Errorf("%s", locked.raw)
	}
	if strings.Contains(b.log.String()+failed.raw+locked.raw, password) {
		t.Error("the password is told")
	}
}

func TestA5_the_API_prechecks_the_account_before_any_password(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ask := ask{as: "source", method: "POST", path: "/v1/prechecks", body: `{"kind":"legacy_import"}`}
	var good precheckOutput
	b.do(t, ask).into(t, 200, &good.Body)
	if good.Body.Target.Login != "sou***@example.com" || good.Body.Subject.ICPNo != "京ICP备20240011号" {
		t.Errorf("%+v", good.Body)
	}
	ask.as = "blocked"
	if p := b.do(t, ask).problem(t, 422, "BLOCKED"); len(p.Blockers) != 3 {
		t.Errorf("%+v", p.Blockers)
	}
	ask.as, ask.body = "source", `{"kind":"transfer"}`
	if p := b.do(t, ask).problem(t, 422, "INVALID"); len(p.Errors) != 2 || p.Errors[0].Code != "REQUIRED" || p.Errors[0].Pointer != "/target" {
		t.Errorf("%+v", p.Errors)
	}
}

func TestAcceptDecidesTheFormOfAReport(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{"": false, "*/*": false, "application/json": false, "text/csv": true, "text/csv, application/json;q=0.5": true,
		"text/csv;q=0.5, application/json": false, "text/html, text/csv;q=0.9, */*;q=0.1": true, "nonsense": false, "text/csv;q=x": true, "text/csv, application/json": false} {
		if got := prefersCSV(accept); got != want {
			t.Errorf("%q: got %v", accept, got)
		}
	}
}
