package api_test

import (
	"flag"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/api"
	"beian/internal/accounts"
	"beian/tasks"
)

var updateOps = flag.Bool("update-ops", false, "rewrite the console's golden files")

// opsCall is one route of the console with a request that fits it.
type opsCall struct {
	method, path string
	form         url.Values
	may          []tasks.ActorKind
	want         int
}

func opsCalls(receipt string) []opsCall {
	all := accounts.StaffRoles()
	decision := url.Values{"decision": {"release"}, "ops_reason": {"called both parties"}, "form_id": {"f1"}}
	return []opsCall{
		{http.MethodGet, "/ops", nil, all, 200},
		{http.MethodGet, "/ops/jobs", nil, all, 200},
		{http.MethodGet, "/ops/jobs/" + receipt, nil, all, 200},
		{http.MethodGet, "/ops/dead", nil, all, 200},
		{http.MethodGet, "/ops/audit", nil, all, 200},
		{http.MethodHead, "/ops/audit/stream", nil, all, 200},
		{http.MethodPost, "/ops/jobs/" + receipt, decision, []tasks.ActorKind{tasks.ActorSupervisor}, 303},
		{http.MethodPost, "/ops/dead", url.Values{}, []tasks.ActorKind{tasks.ActorOperator}, 303},
		{http.MethodPost, "/ops/audit", url.Values{}, []tasks.ActorKind{tasks.ActorOperator, tasks.ActorAuditor}, 303},
	}
}

func TestEveryRoleMayDoWhatItsRoleSaysAndNoMore(t *testing.T) {
	t.Parallel()
	for _, role := range accounts.StaffRoles() {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			w := newOpsWorld(t)
			receipt := w.disputed()
			b := w.as(role)
			for _, c := range opsCalls(receipt) {
				want := http.StatusForbidden
				for _, allowed := range c.may {
					if allowed == role {
						want = c.want
					}
				}
				denied := len(w.rows("ops.denied"))
				got := b.send(c.method, c.path, c.form, map[string]string{"Sec-Fetch-Site": "same-origin"})
				if got.status != want {
					t.Errorf("%s %s: %d, want %d", c.method, c.path, got.status, want)
				}
				if noted := len(w.rows("ops.denied")) > denied; noted != (want == http.StatusForbidden) {
					t.Errorf("%s %s: a refusal is in the journal: %v", c.method, c.path, noted)
				}
			}
		})
	}
}

func TestStrangersAreLedToTheDoor(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	for _, c := range opsCalls(receipt) {
		got := w.anyone().send(c.method, c.path, c.form, nil)
		if c.method == http.MethodPost {
			if got.status != http.StatusUnauthorized || !strings.Contains(got.body, "/ops/sign-in?next=") {
				t.Errorf("POST %s: %d", c.path, got.status)
			}
			continue
		}
		if got.status != http.StatusSeeOther || got.to != "/ops/sign-in?next="+url.QueryEscape(c.path) {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.status, got.to)
		}
	}
	if w.state(receipt) != tasks.StateDisputed {
		t.Error("a stranger decided")
	}
}

func TestSessionsOfStaffAndApplicantsAreNotInterchangeable(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	_, applicant, err := w.porter.SignIn(t.Context(), accounts.SignIn{Login: "source@example.com", Password: opsPassword})
	w.must(err)
	_, staff, err := w.porter.StaffSignIn(t.Context(), accounts.SignIn{Login: "supervisor", Password: opsPassword})
	w.must(err)
	for _, c := range []struct {
		name, value string
		want        int
	}{{"beian-staff", applicant, 303}, {"beian", staff, 303}, {"beian-staff", "nonsense", 303}, {"beian-staff", staff, 200}} {
		b := w.anyone()
		jar, err := cookiejar.New(nil)
		w.must(err)
		home, err := url.Parse(w.http.URL)
		w.must(err)
		jar.SetCookies(home, []*http.Cookie{{Name: c.name, Value: c.value, Path: "/"}})
		b.client.Jar = jar
		if got := b.get("/ops"); got.status != c.want {
			t.Errorf("cookie %s: %d, want %d", c.name, got.status, c.want)
		}
	}
}

func TestRequestsFromOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	b := w.as(tasks.ActorSupervisor)
	for _, c := range opsCalls(receipt) {
		if c.method != http.MethodPost {
			continue
		}
		for _, head := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}} {
			if got := b.send(c.method, c.path, c.form, head); got.status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", c.path, head, got.status)
			}
		}
	}
	if w.state(receipt) != tasks.StateDisputed || len(w.rows("job.release")) > 0 {
		t.Error("another site decided")
	}
}

func TestSignInSetsAStrictCookieAndLeadsBack(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	form := url.Values{"staff_login": {"Reviewer"}, "password": {opsPassword}}
	for next, want := range map[string]string{
		"/ops/jobs?disputed=1": "/ops/jobs?disputed=1", "/ops/queues/queues/account": "/ops/queues/queues/account", "": "/ops",
		"//evil.example/ops": "/ops", "https://evil.example/ops": "/ops", "/ops/../sign-in": "/ops", "/sign-in": "/ops",
		`/ops\evil`: "/ops", "/ops/sign-in?next=/ops": "/ops", "/opsx": "/ops", "javascript:alert(1)": "/ops",
	} {
		form.Set("next", next)
		got := w.anyone().post("/ops/sign-in", form)
		if got.status != http.StatusSeeOther || got.to != want {
			t.Errorf("next %q: %d %s", next, got.status, got.to)
		}
		cookie := got.head.Get("Set-Cookie")
		for _, part := range []string{"beian-staff=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=86400"} {
			if !strings.Contains(cookie, part) {
				t.Errorf("cookie %q lacks %s", cookie, part)
			}
		}
	}
}

func TestAWrongPasswordIsRefusedWithoutATrace(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	for _, login := range []string{"reviewer", "nobody", "source@example.com", `"><script>`} {
		got := w.anyone().post("/ops/sign-in", url.Values{"staff_login": {login}, "password": {"a wrong password"}})
		if got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "a wrong password") || strings.Contains(got.body, `"><script>`) {
			t.Errorf("%s: %d", login, got.status)
		}
		if !strings.Contains(got.body, "The sign-in name or password is not correct") || got.head.Get("Set-Cookie") != "" {
			t.Errorf("%s: no refusal, or a cookie", login)
		}
	}
}

func TestSigningOutEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	b := w.as(tasks.ActorAuditor)
	home, err := url.Parse(w.http.URL)
	w.must(err)
	kept := b.client.Jar.Cookies(home)
	if got := b.post("/ops/sign-out", nil); got.status != http.StatusSeeOther || got.to != "/ops/sign-in" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	b.client.Jar.SetCookies(home, kept) // a copy of the cookie opens nothing any more
	if got := b.get("/ops"); got.status != http.StatusSeeOther {
		t.Errorf("the session is still alive: %d", got.status)
	}
}

func TestALinkFromAnotherSiteOffersTheWayOn(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	got := w.anyone().send(http.MethodGet, "/ops/sign-in?next=/ops/dead", nil, map[string]string{"Sec-Fetch-Site": "cross-site"})
	if got.status != 200 || !strings.Contains(got.body, `<a href="/ops/dead">`) {
		t.Errorf("%d: no way on", got.status)
	}
}

func TestASupervisorDecidesADisputeAndTheJournalKnowsWhy(t *testing.T) {
	t.Parallel()
	for decision, want := range map[string]tasks.State{"release": tasks.StateTargetConfirm, "reject": tasks.StateRejected} {
		t.Run(decision, func(t *testing.T) {
			t.Parallel()
			w := newOpsWorld(t)
			receipt := w.disputed()
			b := w.as(tasks.ActorSupervisor)
			form := url.Values{"decision": {decision}, "ops_reason": {"  Called 13900139001,\n both agree  "}, "form_id": {"f1"}}
			got := b.post("/ops/jobs/"+receipt, form)
			if got.status != http.StatusSeeOther || got.to != "/ops/jobs/"+receipt+"?done="+decision {
				t.Fatalf("%d %s %s", got.status, got.to, got.body)
			}
			if w.state(receipt) != want {
				t.Errorf("state %s, want %s", w.state(receipt), want)
			}
			reason := "Called ***, both agree"
			rows := []string{"supervisor|" + receipt + "|" + reason + "|asked", "supervisor|" + receipt + "|" + reason + "|" + string(want)}
			if diff := cmp.Diff(rows, w.rows("job."+decision)); diff != "" {
				t.Error(diff)
			}
			if page := b.get(got.to); !strings.Contains(page.body, "The decision is in the journal") || strings.Contains(page.body, `name="decision"`) {
				t.Error("the page does not say so, or still asks")
			}
			// A double click or the back button: the same answer, or the news.
			if again := b.post("/ops/jobs/"+receipt, form); again.status != http.StatusConflict {
				t.Errorf("again: %d", again.status)
			}
		})
	}
}

func TestADecisionWithoutItsPartsChangesNothing(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	b := w.as(tasks.ActorSupervisor)
	for name, form := range map[string]url.Values{
		"nothing":            {},
		"no reason":          {"decision": {"release"}},
		"blank reason":       {"decision": {"release"}, "ops_reason": {" \n "}},
		"short reason":       {"decision": {"reject"}, "ops_reason": {"ok"}},
		"endless reason":     {"decision": {"reject"}, "ops_reason": {strings.Repeat("字", 201)}},
		"an unknown verb":    {"decision": {"accept"}, "ops_reason": {"called both"}},
		"another role's":     {"decision": {"dispute"}, "ops_reason": {"called both"}},
		"a markup decision":  {"decision": {"<script>alert(1)</script>"}, "ops_reason": {"<script>alert(1)</script>"}},
		"bytes of no script": {"decision": {"release"}, "ops_reason": {"\xff\xfe"}},
	} {
		got := b.post("/ops/jobs/"+receipt, form)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "There is a problem") {
			t.Errorf("%s: %d", name, got.status)
		}
		if strings.Contains(got.body, "<script>alert") {
			t.Errorf("%s: markup came through", name)
		}
	}
	if w.state(receipt) != tasks.StateDisputed || len(w.rows("job.release"))+len(w.rows("job.reject")) > 0 {
		t.Error("something was decided")
	}
}

func TestWithoutItsJournalNothingIsDone(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	w.dies(3)
	supervisor, operator := w.as(tasks.ActorSupervisor), w.as(tasks.ActorOperator)
	w.journal.broken = true
	decision := supervisor.post("/ops/jobs/"+receipt, url.Values{"decision": {"release"}, "ops_reason": {"called both"}, "form_id": {"f"}})
	group := strayGroup()
	group.Set("scope", "all")
	group.Set("ops_reason", "the cause is gone")
	redrive := operator.post("/ops/dead", group)
	verify := operator.post("/ops/audit", url.Values{})
	for name, got := range map[string]opsAnswer{"decision": decision, "re-drive": redrive, "verify": verify} {
		if got.status != http.StatusServiceUnavailable || got.head.Get("Retry-After") == "" {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	dead, err := w.store.DeadLetters(t.Context(), 10)
	w.must(err)
	if w.state(receipt) != tasks.StateDisputed || len(dead) != 3 {
		t.Errorf("it was done all the same: %s, %d dead", w.state(receipt), len(dead))
	}
}

// dies buries n deliveries that name no task.
func (w *opsWorld) dies(n int) {
	w.t.Helper()
	for i := range n {
		w.must(w.store.Bury(w.t.Context(), "stray."+strconv.Itoa(1000+i), tasks.QueueOps, "odd:type", "unknown task type"))
	}
}

func strayGroup() url.Values {
	return url.Values{"queue": {"ops"}, "type": {"odd:type"}, "reason": {"unknown task type"}}
}

func TestAnOperatorReDrivesOneOrAGroup(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(5)
	b := w.as(tasks.ActorOperator)
	form := strayGroup()
	form["id"] = []string{"stray.1001", "stray.1003", "stray.9999"}
	form.Set("scope", "some")
	form.Set("ops_reason", "deployed the fix")
	if got := b.post("/ops/dead", form); got.status != http.StatusSeeOther || !strings.Contains(got.to, "done=some&n=2&") && !strings.Contains(got.to, "n=2") {
		t.Fatalf("%d %s %s", got.status, got.to, got.body)
	}
	w.deadIDs("stray.1000", "stray.1002", "stray.1004")
	form.Del("id")
	form.Set("scope", "all")
	got := b.post("/ops/dead", form)
	w.deadIDs()
	if page := b.get(got.to); !strings.Contains(page.body, "In this group: 3. Re-driven: 3.") || !strings.Contains(page.body, "There are no dead letters") {
		t.Error("the page does not tell what was done")
	}
	want := []string{"operator|odd:type ×3|deployed the fix|asked", "operator|odd:type ×3|deployed the fix|asked"}
	if diff := cmp.Diff(want, w.rows("dead.redrive")); diff != "" {
		t.Error(diff)
	}
	if rows := w.rows("task.redrive"); len(rows) != 5 || rows[0] != "operator|stray.1001|deployed the fix|done" {
		t.Errorf("rows of letters: %v", rows)
	}
	if again := b.post("/ops/dead", form); again.status != http.StatusSeeOther {
		t.Errorf("again: %d", again.status)
	}
}

func (w *opsWorld) deadIDs(want ...string) {
	w.t.Helper()
	dead, err := w.journal.DeadIn(w.t.Context(), api.OpsDeadGroup{Queue: tasks.QueueOps, Type: "odd:type", Reason: "unknown task type"}, "", 100)
	w.must(err)
	var got []string
	for _, d := range dead {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Error(diff)
	}
}

func TestReDrivingNeedsAChoiceAndAReason(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(2)
	b := w.as(tasks.ActorOperator)
	form := strayGroup()
	form.Set("scope", "some")
	got := b.post("/ops/dead", form)
	if got.status != 422 || !strings.Contains(got.body, "Select at least one dead letter") || !strings.Contains(got.body, "at least 4 characters") {
		t.Errorf("%d", got.status)
	}
	form.Set("id", "stray.1000")
	if got = b.post("/ops/dead", form); !strings.Contains(got.body, `value="stray.1000" checked`) {
		t.Error("the tick was lost")
	}
	w.deadIDs("stray.1000", "stray.1001")
}

func TestDeadLettersArePaged(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(120)
	b := w.as(tasks.ActorReviewer)
	seen := 0
	path := "/ops/dead?" + strayGroup().Encode()
	for path != "" {
		got := b.get(path)
		seen += strings.Count(got.body, "<code>stray.")
		if strings.Contains(got.body, `type="checkbox"`) {
			t.Fatal("a reviewer may choose")
		}
		path = linkAfter(got.body, `class="pager"`)
	}
	if seen != 120 {
		t.Errorf("saw %d of 120", seen)
	}
}

// linkAfter is the last link of the element that begins with mark.
func linkAfter(page, mark string) string {
	_, rest, found := strings.Cut(page, mark)
	if !found {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "</p>")
	rest, _, _ = strings.Cut(rest, "</nav>")
	link := ""
	for {
		_, after, more := strings.Cut(rest, `href="`)
		if !more {
			return html.UnescapeString(link)
		}
		link, rest, _ = strings.Cut(after, `"`)
	}
}

func TestTheJournalIsPaged(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	for i := range 130 {
		w.must(w.store.Audit(t.Context(), entryOf(api.OpsEntry{Actor: tasks.System(), Action: "test.row", Object: strconv.Itoa(i)})))
	}
	b := w.as(tasks.ActorAuditor)
	seen, pages := 0, 0
	path := "/ops/audit"
	for path != "" && pages < 9 {
		got := b.get(path)
		seen += strings.Count(got.body, "<code>test.row</code>")
		pages++
		if next := linkAfter(got.body, `class="pager"`); next != "/ops/audit" {
			path = next
		} else {
			path = ""
		}
	}
	if seen != 130 || pages != 3 {
		t.Errorf("saw %d rows on %d pages", seen, pages)
	}
	for _, bad := range []string{"x", "-1", "0", "1.5", "99999999999999999999"} {
		if got := b.get("/ops/audit?below=" + bad); got.status != http.StatusBadRequest {
			t.Errorf("below=%s: %d", bad, got.status)
		}
	}
}

func TestJobsAreFilteredByTheirAddress(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	b := w.as(tasks.ActorReviewer)
	for query, found := range map[string]bool{"": true, "?disputed=1": true, "?state=disputed": true, "?state=done": false,
		"?state=disputed&disputed=1": true, "?before=00000000-0": false} {
		if got := b.get("/ops/jobs" + query); got.status != 200 || strings.Contains(got.body, "/ops/jobs/"+receipt) != found {
			t.Errorf("%q: %d, found must be %v", query, got.status, found)
		}
	}
	for _, bad := range []string{"state=nonsense", "before=%00", "before=" + url.QueryEscape("' OR 1=1"), "receipt=TR12"} {
		if got := b.get("/ops/jobs?" + bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	typed := strings.ToLower(receipt[:2] + " " + receipt[2:6] + "-" + receipt[6:])
	if got := b.get("/ops/jobs?receipt=" + url.QueryEscape(typed)); got.status != 303 || got.to != "/ops/jobs/"+receipt {
		t.Errorf("typed receipt: %d %s", got.status, got.to)
	}
}

func TestAnUnknownJobIsNotFound(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	b := w.as(tasks.ActorSupervisor)
	for _, receipt := range []string{"TR00000000", "nonsense", "%3Cscript%3E"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := b.send(method, "/ops/jobs/"+receipt, url.Values{}, nil); got.status != http.StatusNotFound {
				t.Errorf("%s %s: %d", method, receipt, got.status)
			}
		}
	}
}

func TestTheJobPageShowsNothingPersonalAndNoCode(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	v, err := w.desk.Look(t.Context(), receipt, tasks.Viewer{System: true})
	w.must(err)
	got := w.as(tasks.ActorSupervisor).get("/ops/jobs/" + receipt).body
	for _, secret := range []string{"source@example.com", "target@example.com", "13900139001", "13700137003", "李晓明", "110101199003077213",
		w.codes.code(), w.desk.Tracking(v.Job), w.desk.Veto(v.Job.ID)} {
		if strings.Contains(got, secret) {
			t.Errorf("the page shows %q", secret)
		}
	}
	for _, part := range []string{"notes.example.com", "137 **** 7003", "Objection", "Confirmation code", "delivered", "Deadline for the receiver"} {
		if !strings.Contains(got, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

func TestHostileWordsInTheRecordStayWords(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	hostile := `<script>alert(1)</script>"'`
	w.must(w.store.Bury(t.Context(), "a"+hostile, tasks.QueueOps, hostile, hostile))
	w.must(w.store.Audit(t.Context(), entryOf(api.OpsEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: hostile}, Action: hostile,
		Object: hostile, Reason: hostile, Outcome: hostile})))
	b := w.as(tasks.ActorOperator)
	group := url.Values{"queue": {"ops"}, "type": {hostile}, "reason": {hostile}}
	for _, path := range []string{"/ops", "/ops/dead", "/ops/dead?" + group.Encode(), "/ops/audit",
		"/ops/jobs?" + url.Values{"receipt": {hostile}}.Encode(), "/ops/dead?done=all&n=" + url.QueryEscape(hostile)} {
		if got := b.get(path); strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, `"'`) {
			t.Errorf("%s: markup came through", path)
		}
	}
	if got := b.get("/ops/dead?" + group.Encode()); !strings.Contains(got.body, "&lt;script&gt;") {
		t.Error("the group was not found")
	}
}

func TestVerificationReportsAndIsInTheJournal(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.disputed()
	b := w.as(tasks.ActorAuditor)
	if got := b.get("/ops/audit"); !strings.Contains(got.body, "Not verified since") {
		t.Error("it claims a verification")
	}
	if got := b.post("/ops/audit", nil); got.status != 303 || got.to != "/ops/audit#verify" {
		t.Fatalf("%d %s", got.status, got.to)
	}
	w.console.Wait()
	got := b.get("/ops/audit")
	if !strings.Contains(got.body, "Whole, nothing was changed") || strings.Contains(got.body, "data-stream-url") {
		t.Error("no result, or a page that goes on watching")
	}
	rows := w.rows("audit.verify")
	if len(rows) != 2 || !strings.HasSuffix(rows[0], "|asked") || !strings.Contains(rows[1], "|whole: ") {
		t.Errorf("rows %v", rows)
	}
}

func TestTheFirstPageTellsWhatWaitsForPeople(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	w.dies(2)
	got := w.as(tasks.ActorOperator).get("/ops").body
	for _, part := range []string{"/ops/jobs/" + receipt, "1 h 30 min", "unknown task type", ">paused<", "/ops/queues/queues/notify"} {
		if !strings.Contains(got, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

func TestPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	w.dies(2)
	b := w.as(tasks.ActorSupervisor)
	for name, path := range map[string]string{"home": "/ops", "job": "/ops/jobs/" + receipt, "dead": "/ops/dead"} {
		for _, lang := range []string{"zh-CN", "en"} {
			b.lang = lang
			opsGolden(t, "ops-"+name+"."+lang+".html", b.get(path).body)
		}
	}
}

func opsGolden(t *testing.T, name, page string) {
	t.Helper()
	file, got := filepath.Join("testdata", "ops", name), steady(page)
	if strings.Contains(got, "!ops.") || strings.Contains(got, "!{") {
		t.Errorf("%s: a message or a parameter is missing", name)
	}
	if *updateOps {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("page differs from %s (run with -update-ops to accept):\n%s", name, diff)
	}
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	got := w.as(tasks.ActorReviewer).get("/ops")
	if p := got.head.Get("Content-Security-Policy"); !strings.Contains(p, "script-src 'self'") || strings.Contains(p, "unsafe") {
		t.Errorf("policy %q", p)
	}
	if got.head.Get("Cache-Control") != "no-store" {
		t.Error("a page of the console may be kept")
	}
}
