package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"beian/internal/accounts"
	"beian/tasks"
)

// program makes a key with scopes and lets ask.as name it.
func (b *bench) program(t testing.TB, name string, scopes ...accounts.Scope) string {
	t.Helper()
	_, token, err := b.porter.AddAPIKey(t.Context(), tasks.System(), accounts.NewAPIKey{Name: name, Scopes: scopes})
	must(t, err)
	b.tokens[name] = token
	return token
}

// The matrix is generated from the specification: what is not in it opens for no key.
func TestEveryRouteWantsItsScope(t *testing.T) {
	t.Parallel()
	want := map[string]accounts.Scope{
		"POST /v1/accounts": "facts:write", "POST /v1/filings": "facts:write",
		"GET /v1/jobs": "jobs:read", "GET /v1/jobs/{receipt}": "jobs:read", "GET /v1/jobs/{receipt}/events": "jobs:read", "GET /v1/jobs/{receipt}/stream": "jobs:read",
		"GET /v1/transfers/{receipt}": "jobs:read", "GET /v1/reviewed-transfers/{receipt}": "jobs:read", "GET /v1/reversals/{receipt}": "jobs:read",
		"GET /v1/login-resets/{receipt}": "jobs:read", "GET /v1/contact-changes/{receipt}": "jobs:read", "GET /v1/contact-papers/{receipt}": "jobs:read",
		"GET /v1/legacy-papers/{receipt}": "jobs:read", "GET /v1/legacy-imports": "jobs:read", "GET /v1/legacy-imports/{receipt}": "jobs:read",
		"GET /v1/audit-events": "audit:read", "GET /v1/stats/sla": "stats:read", "GET /v1/queues": "queues:read", "GET /v1/queues/{queue}/tasks": "queues:read",
	}
	b := newBench(t)
	b.pace.stream = 1
	receipt := b.verified(t).Receipt
	b.program(t, "everything", accounts.Scopes()...)
	b.tokens["configured"] = testKey
	for _, scope := range accounts.Scopes() {
		b.program(t, strings.ReplaceAll(string(scope), ":", "."), scope)
	}
	seen := 0
	for path, item := range b.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			scope := want[op.Method+" "+path]
			if documented(op) != string(scope) {
				t.Errorf("%s %s: the specification says %q, want %q", op.Method, path, documented(op), scope)
			}
			a := ask{method: op.Method, path: placed(path, receipt), key: newKey(), head: map[string]string{"If-Match": b.etag(t, receipt)}}
			if op.Method == http.MethodPost && !strings.Contains(path, "{receipt}") || op.Method == http.MethodPut || op.Method == http.MethodPatch {
				a.body = "{}"
			}
			if scope == "" {
				b.opensNothing(t, a)
				continue
			}
			seen++
			b.wantsScope(t, a, scope)
		}
	}
	if seen != len(want) || len(scopes()) != len(want) {
		t.Errorf("%d routes are in the specification, %d in our table, %d rows", seen, len(scopes()), len(want))
	}
}

func placed(path, receipt string) string {
	return strings.NewReplacer("{receipt}", receipt, "{id}", "none", "{slot}", "id_front", "{year}", "2026", "{queue}", "review").Replace(path)
}

// documented is the scope that the specification names beside the scheme of keys.
func documented(op *huma.Operation) string {
	for _, scheme := range op.Security {
		if named, ok := scheme["api_key"]; ok {
			return strings.Join(named, " ")
		}
	}
	return ""
}

// opensNothing: a key with every scope is answered as nobody is.
func (b *bench) opensNothing(t *testing.T, a ask) {
	t.Helper()
	nobody := b.do(t, a)
	for _, as := range []string{"everything", "configured"} {
		a.as = as
		if got := b.do(t, a); got.status != nobody.status {
			t.Errorf("%s %s: %s got %d, nobody %d", a.method, a.path, as, got.status, nobody.status)
		}
	}
}

// wantsScope: the scope opens it, every other one alone does not.
func (b *bench) wantsScope(t *testing.T, a ask, scope accounts.Scope) {
	t.Helper()
	for _, other := range accounts.Scopes() {
		a.as = strings.ReplaceAll(string(other), ":", ".")
		got := b.do(t, a)
		if other == scope {
			if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden || got.status >= 500 {
				t.Errorf("%s %s with %s: %d %s", a.method, a.path, other, got.status, got.raw)
			}
			continue
		}
		p := got.problem(t, http.StatusForbidden, "SCOPE_MISSING")
		if p.Scope != string(scope) || !strings.Contains(p.Detail, string(scope)) || !strings.Contains(got.head.Get("WWW-Authenticate"), `scope="`+string(scope)+`"`) {
			t.Errorf("%s %s with %s: %s, %v", a.method, a.path, other, got.raw, got.head)
		}
	}
	for as, token := range map[string]string{"an unknown key": "beian_00000000_none", "a session": b.tokens["stranger"]} {
		a.as, a.head = "", map[string]string{"Authorization": "Bearer " + token}
		got := b.do(t, a)
		if as == "an unknown key" && got.status != http.StatusUnauthorized {
			t.Errorf("%s %s with %s: %d", a.method, a.path, as, got.status)
		}
		if got.status == http.StatusForbidden && strings.Contains(got.raw, "SCOPE_MISSING") {
			t.Errorf("%s %s with %s speaks of scopes", a.method, a.path, as)
		}
	}
}

func TestADisabledKeyIsAnsweredAsAnUnknownOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.program(t, "billing", accounts.ScopeJobsRead)
	if got := b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs"}); got.status != 200 {
		t.Fatal(got.raw)
	}
	must(t, b.porter.DisableAPIKey(t.Context(), tasks.System(), "billing"))
	b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs"}).problem(t, 401, "API_KEY_REQUIRED")
}

// A program sees what happened, and neither the code that opens a job nor what it
// could do; drafts are nobody's business but their applicants'.
func TestAProgramReadsJobsAndHoldsNoKeyToThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := b.program(t, "billing", accounts.ScopeJobsRead)
	transfer := b.verified(t)
	j := b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs/" + transfer.Receipt}).job(t, 200)
	if j.Role != "program" || j.Tracking != "" || len(j.Actions) > 0 || j.State != "target_confirm" {
		t.Errorf("%+v", j)
	}
	if own := b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + transfer.Receipt}).job(t, 200); own.Tracking == "" || len(own.Actions) == 0 {
		t.Errorf("there is nothing to hide: %+v", own)
	}
	events := b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs/" + transfer.Receipt + "/events"})
	if events.status != 200 || !strings.Contains(events.raw, `"verified"`) {
		t.Errorf("%s", events.raw)
	}
	draft := b.loginReset(t)
	b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs/" + draft.Receipt}).problem(t, 404, "NOT_FOUND")
	b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs/" + draft.Receipt + "/stream"}).problem(t, 404, "NOT_FOUND")
	var list listOutput
	b.do(t, ask{as: "billing", method: "GET", path: "/v1/jobs"}).into(t, 200, &list.Body)
	if len(list.Body.Jobs) != 1 || list.Body.Jobs[0].Receipt != transfer.Receipt {
		t.Errorf("%+v", list.Body.Jobs)
	}
	if text := b.log.String(); !strings.Contains(text, `"actor_kind":"program","actor_id":"billing"`) || strings.Contains(text, token) {
		t.Error("the log does not name the key, or has its token")
	}
}

func TestAProgramsExportIsARowOfTheJournal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.program(t, "siem", accounts.ScopeAuditRead)
	for _, as := range []string{"siem", "configured"} {
		b.tokens["configured"] = testKey
		if got := b.do(t, ask{as: as, method: "GET", path: "/v1/audit-events?action=apikey."}); got.status != 200 || !strings.Contains(got.raw, `"object":"siem"`) {
			t.Errorf("%s: %s", as, got.raw)
		}
	}
	var out auditOutput
	b.do(t, ask{as: "auditor", method: "GET", path: "/v1/audit-events?who=program"}).into(t, 200, &out.Body)
	var who []string
	for _, e := range out.Body.Events {
		who = append(who, e.ActorKind+" "+e.ActorID+" "+e.Action)
	}
	if want := []string{"program configured audit.export", "program siem audit.export"}; !slices.Equal(who, want) {
		t.Errorf("got %q", who)
	}
}
