package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

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

func TestADecisionIsMadeOnTheVersionThatWasSeen(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	b := w.as(tasks.ActorSupervisor)
	form := url.Values{"decision": {"release"}, "ops_reason": {"called both"}, "form_id": {"f1"}}
	for _, old := range []string{"2", "x", "-1"} {
		form.Set("version", old)
		got := b.post("/ops/jobs/"+receipt, form)
		if got.status != http.StatusConflict || !strings.Contains(got.body, "called both") || !strings.Contains(got.body, `name="version" value="3"`) {
			t.Errorf("version %s: %d", old, got.status)
		}
	}
	if w.state(receipt) != tasks.StateDisputed {
		t.Fatal("it was decided on a version that was not there")
	}
	form.Set("version", "3")
	if got := b.post("/ops/jobs/"+receipt, form); got.status != http.StatusSeeOther {
		t.Errorf("the present version: %d", got.status)
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
