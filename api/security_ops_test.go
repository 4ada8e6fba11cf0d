package api_test

import (
	"net/http"
	"strings"
	"testing"

	"beian/api"
	"beian/internal/accounts"
	"beian/tasks"
)

// The console's matrix is made from its routes: one without a row fails, and so does a
// role that gets in where its row does not name it. s is a supervisor, r a reviewer, o
// an operator, a an auditor; open ones need no sign-in.
func TestSecurityEveryRouteOfTheConsoleKnowsItsRoles(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"GET /ops/sign-in": "open", "POST /ops/sign-in": "open", "GET /ops/sign-in/code": "open", "POST /ops/sign-in/code": "open",
		"GET /ops/sign-in/elsewhere": "open", "GET /ops/sign-in/elsewhere/callback": "open", "POST /ops/sign-out": "open",
		"GET /ops/set-up/{token}": "open", "POST /ops/set-up/{token}": "open",
		"GET /ops": "rsoa", "GET /ops/jobs": "rsoa", "GET /ops/jobs/{receipt}": "rsoa", "POST /ops/jobs/{receipt}": "s",
		"GET /ops/jobs/{receipt}/reverse": "s", "POST /ops/jobs/{receipt}/reverse": "s",
		"GET /ops/dead": "rsoa", "POST /ops/dead": "o",
		"GET /ops/audit": "rsoa", "POST /ops/audit": "oa", "GET /ops/audit.csv": "sa", "GET /ops/audit.ndjson": "sa", "GET /ops/audit/stream": "rsoa",
		"GET /ops/reviews": "rsa", "POST /ops/reviews/next": "rs", "POST /ops/reviews/claim": "rs", "GET /ops/reviews/{receipt}": "rsa",
		"POST /ops/reviews/{receipt}/claim": "rs", "POST /ops/reviews/{receipt}/renew": "rs", "POST /ops/reviews/{receipt}/return": "rs",
		"POST /ops/reviews/{receipt}/decide": "rs", "POST /ops/reviews/{receipt}/undo": "rs", "POST /ops/reviews/{receipt}/unmask": "rs",
		"GET /ops/reviews/{receipt}/tickets": "rs", "GET /ops/reviews/{receipt}/documents/{id}/{page}": "rs", "POST /ops/reviews/{receipt}/documents/{id}/{page}": "rs",
		"GET /ops/calendar": "rsoa", "GET /ops/calendar/{file}": "rsoa", "POST /ops/calendar": "so",
		"GET /ops/sla": "rsoa", "GET /ops/sla.csv": "rsoa",
		"GET /ops/queue": "rsoa", "GET /ops/queue/act": "rsoa", "POST /ops/queue/act": "guard", // the dashboard's own table (policy_test.go)
		"GET /ops/staff": "soa", "POST /ops/staff": "o", "GET /ops/staff/{member}": "soa", "POST /ops/staff/{member}": "o",
	}
	w := newOpsWorld(t, withBoards, withStaff, func(p *api.OpsParts) { p.Inspector, p.Dashboard = &queuesOfTests{}, &guardOfTests{} })
	receipt := w.disputed()
	browsers := map[tasks.ActorKind]*opsBrowser{}
	for _, role := range accounts.StaffRoles() {
		browsers[role] = w.as(role)
	}
	for _, name := range w.console.RouteNames() {
		allowed, ok := want[name]
		if !ok {
			t.Errorf("%s is not in the matrix", name)
			continue
		}
		delete(want, name)
		method, path, _ := strings.Cut(name, " ")
		path = strings.NewReplacer("{receipt}", receipt, "{token}", "none", "{id}", "none", "{page}", "1", "{file}", "none", "{member}", "none").Replace(path)
		if allowed == "open" {
			w.sound(t, name, w.anyone().send(http.MethodGet, path, nil, nil))
			continue
		}
		w.closed(t, method, path)
		if allowed == "guard" {
			continue
		}
		for role, b := range browsers {
			if strings.Contains(allowed, string(role)[:1]) {
				b.enters(t, method, path)
			} else if got := b.calls(method, path, "same-origin"); got.status != http.StatusForbidden {
				t.Errorf("%s as %s: %d, want 403", name, role, got.status)
			}
		}
	}
	for name := range want {
		t.Errorf("%s is in the matrix and not in the console", name)
	}
	if w.state(receipt) != tasks.StateDisputed {
		t.Error("something was decided")
	}
}

// calls asks without a body; a stream only for its head, since its body waits.
func (b *opsBrowser) calls(method, path, site string) opsAnswer {
	b.t.Helper()
	if strings.HasSuffix(path, "/stream") {
		method = http.MethodHead
	}
	return b.send(method, path, nil, map[string]string{"Sec-Fetch-Site": site})
}

// enters: the role is let in, and not from another site.
func (b *opsBrowser) enters(t *testing.T, method, path string) {
	t.Helper()
	got := b.calls(method, path, "same-origin")
	ticket := strings.Contains(path, "/documents/") // a picture wants one besides
	if got.status == http.StatusUnauthorized || (got.status == http.StatusForbidden && !ticket) || got.status >= 500 || strings.HasPrefix(got.to, "/ops/sign-in") {
		t.Errorf("%s %s: %d %s", method, path, got.status, got.to)
	}
	b.sound(t, method+" "+path, got)
	if method == http.MethodPost {
		if got := b.calls(method, path, "cross-site"); got.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, got.status)
		}
	}
}

// closed: nobody gets in.
func (w *opsWorld) closed(t *testing.T, method, path string) {
	t.Helper()
	got := w.anyone().calls(method, path, "same-origin")
	if led := got.status == http.StatusSeeOther && strings.HasPrefix(got.to, "/ops/sign-in"); !led && got.status != http.StatusUnauthorized {
		t.Errorf("%s %s without a sign-in: %d %s", method, path, got.status, got.to)
	}
	w.sound(t, method+" "+path, got)
}

// sound checks what every answer of the console carries.
func (w *opsWorld) sound(t *testing.T, what string, got opsAnswer) {
	t.Helper()
	policy := got.head.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: policy %q", what, policy)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
		if got.head.Get(name) != want {
			t.Errorf("%s (%d): %s is %q", what, got.status, name, got.head.Get(name))
		}
	}
}
