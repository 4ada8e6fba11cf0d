package api_test

import (
	"context"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/api"
	"beian/tasks"
)

var updateOps = flag.Bool("update-ops", false, "rewrite the console's golden files")

func TestJobsAreFilteredByTheirAddress(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	b := w.as(tasks.ActorReviewer)
	for query, found := range map[string]bool{"": true, "?disputed=1": true, "?state=disputed": true, "?state=done": false,
		"?state=disputed&disputed=1": true, "?kind=transfer": true,
		"?kind=transfer&state=disputed": true, "?kind=login_reset": false, "?kind=login_reset&disputed=1": false, "?before=00000000-0": false} {
		if got := b.get("/ops/jobs" + query); got.status != 200 || strings.Contains(got.body, "/ops/jobs/"+receipt) != found {
			t.Errorf("%q: %d, found must be %v", query, got.status, found)
		}
	}
	for _, bad := range []string{"state=nonsense", "kind=nonsense", "kind=" + url.QueryEscape("' OR 1=1"), "before=%00", "before=" + url.QueryEscape("' OR 1=1"), "receipt=TR12"} {
		if got := b.get("/ops/jobs?" + bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	if page := b.get("/ops/jobs?kind=transfer").body; strings.Count(page, `<option value="transfer" selected>`) != 1 {
		t.Error("the page forgets which kind was asked for")
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
	w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: hostile}, Action: hostile,
		Object: hostile, Reason: hostile, Outcome: hostile}))
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

func TestTheQueueDashboardStandsBehindTheSameDoor(t *testing.T) {
	t.Parallel()
	var w *opsWorld
	w = newOpsWorld(t, func(p *api.OpsParts) {
		p.Dashboard = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			who, ok := w.console.Staff(r)
			_, _ = rw.Write([]byte(r.Method + " " + r.URL.Path + " " + string(who.Kind) + " " + strconv.FormatBool(ok)))
		})
	})
	b := w.as(tasks.ActorOperator)
	for path, want := range map[string]string{"/ops/queues": "GET /ops/queues operator true", "/ops/queues/api/queues": "GET /ops/queues/api/queues operator true"} {
		if got := b.get(path); got.body != want {
			t.Errorf("%s: %d %q", path, got.status, got.body)
		}
	}
	if got := b.send(http.MethodDelete, "/ops/queues/api/queues/account", nil, nil); !strings.HasPrefix(got.body, "DELETE ") {
		t.Errorf("DELETE: %d", got.status)
	}
	if got := w.anyone().get("/ops/queues"); !strings.HasSuffix(got.body, " false") {
		t.Errorf("a stranger: %q", got.body)
	}
}

func TestTheFirstPageStandsWithoutRedis(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, func(p *api.OpsParts) {
		p.Paused = func(context.Context) (map[tasks.Queue]bool, error) { return nil, tasks.ErrUnavailable }
	})
	if got := w.as(tasks.ActorOperator).get("/ops"); got.status != 200 || !strings.Contains(got.body, "Redis does not answer") || !strings.Contains(got.body, ">unknown<") {
		t.Errorf("%d", got.status)
	}
}
