package api

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/internal/text"
	"beian/tasks"
)

// pageAddresses are all routes of the hall's server with made-up names in their
// places, streams left out: they wait.
func (h *hall) pageAddresses(receipt string) map[string][]string {
	out := map[string][]string{}
	for _, r := range h.web.echo.Routes() {
		if r.Method == http.MethodHead || strings.HasPrefix(r.Path, "/v1/") || strings.HasSuffix(r.Path, "/stream") {
			continue
		}
		out[r.Method] = append(out[r.Method], filledIn(r.Path, receipt))
	}
	return out
}

// filledIn puts names into a route of Echo; every :receipt is the same job's.
func filledIn(path, receipt string) string {
	path = strings.NewReplacer(":receipt", receipt, ":verb", "cancel", ":slot", "id_front", ":slug", "blocked").Replace(path)
	return strings.TrimSuffix(regexp.MustCompile(`:[a-z]+`).ReplaceAllString(path, "none"), "*")
}

func TestSecurityEveryPageCarriesItsHeaders(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	owner := h.signedIn(t, "li")
	_, receipt := owner.submitted(t)
	gets := h.pageAddresses(receipt)[http.MethodGet]
	if len(gets) < 60 {
		t.Fatalf("only %d addresses", len(gets))
	}
	for _, g := range []*guest{owner, h.guest(t, text.English)} {
		g.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, path := range gets {
			s := g.get(t, path)
			policy := s.head.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s (%d): policy %q", path, s.status, policy)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
				if got := s.head.Get(name); got != want {
					t.Errorf("%s (%d): %s is %q", path, s.status, name, got)
				}
			}
			if kept := s.head.Get("Cache-Control"); kept != "no-store" && path != "/favicon.ico" {
				t.Errorf("%s (%d) may be kept: %q", path, s.status, kept)
			}
			if s.status >= 500 {
				t.Errorf("%s: %d", path, s.status)
			}
		}
	}
}

// A form of another site carries the visitor's cookies; what tells it apart is the
// browser's own word (Sec-Fetch-Site, or Origin from older ones), so no form needs a
// token.
func TestSecurityNoFormIsTakenFromAnotherOrigin(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	_, receipt := g.submitted(t)
	version := h.version(t, receipt)
	posts := h.pageAddresses(receipt)[http.MethodPost]
	for _, r := range h.web.echo.Routes() {
		if strings.HasPrefix(r.Path, "/v1/") && r.Method == http.MethodPost {
			posts = append(posts, filledIn(r.Path, receipt))
		}
	}
	if len(posts) < 100 {
		t.Fatalf("only %d addresses", len(posts))
	}
	for _, head := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
		g.head = maps.Clone(head)
		for _, path := range posts {
			if s := g.post(t, path, url.Values{"verb": {"cancel"}}); s.status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", path, head, s.status)
			}
		}
	}
	if h.version(t, receipt) != version {
		t.Error("the job changed")
	}
}

func (h *hall) version(t testing.TB, receipt string) int64 {
	t.Helper()
	return hallMust(h.desk.Glance(t.Context(), receipt, tasks.Viewer{System: true}))(t).Job.Version
}

// Whoever has nothing to do with a job is answered as if there were none, by every
// page and every form that names one.
func TestSecurityPagesTellNobodyOfAForeignJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, transfer := h.signedIn(t, "li").verified(t)
	_, reset := h.guest(t, text.Chinese).begunOrganisation(t)
	none := map[string]string{transfer: madeUp(t, "TR"), reset: madeUp(t, "LR")}
	h.web.echo.IPExtractor = ipExtractor([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")})
	before := map[string]int64{transfer: h.version(t, transfer), reset: h.version(t, reset)}
	asked := 0
	for name, g := range map[string]*guest{"another account": h.signedIn(t, "busy"), "nobody": h.guest(t, text.Chinese)} {
		g.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for real, made := range none {
			addresses := h.pageAddresses(real)
			for method, paths := range addresses {
				for _, path := range paths {
					if !strings.Contains(path, real) {
						continue
					}
					asked++
					g.head["X-Forwarded-For"] = fmt.Sprintf("2001:db8:%x::1", asked) // wrong codes are counted by address
					got, want := g.asks(t, method, path), g.asks(t, method, strings.ReplaceAll(path, real, made))
					if got.status != want.status || alike(got, real) != alike(want, made) || got.status == http.StatusOK && strings.Contains(got.body, "读书") {
						t.Errorf("%s %s by %s: %d, a made-up receipt gets %d", method, path, name, got.status, want.status)
					}
				}
			}
		}
	}
	for receipt, version := range before {
		if h.version(t, receipt) != version {
			t.Errorf("%s changed", receipt)
		}
	}
}

func (g *guest) asks(t testing.TB, method, path string) sheet {
	t.Helper()
	if method == http.MethodPost {
		return g.post(t, path, url.Values{"form_id": {"0123456789"}, "code": {"123456"}})
	}
	return g.get(t, path)
}

// madeUp is a receipt that nobody was given.
func madeUp(t testing.TB, letters string) string {
	t.Helper()
	return hallMust(hallRandom{}.Receipt(letters))(t)
}

// alike is an answer without what differs between any two.
func alike(s sheet, receipt string) string {
	body := strings.ReplaceAll(s.body+s.head.Get("Location"), receipt, "RECEIPT")
	return regexp.MustCompile(`[0-9A-Z]{26}|[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(body, "ID")
}

// Every operation that names a job answers a stranger, by sign-in and by the tracking
// code of a job of its own, as it answers for a receipt that was never given.
func TestSecurityTheAPITellsNobodyOfAForeignJob(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} })
	b.pace.stream = 1
	own := b.loginReset(t)
	receipts := map[string]string{b.verified(t).Receipt: madeUp(t, "TR"), b.loginReset(t).Receipt: madeUp(t, "LR"), b.begin(t, "target", "li-2008").Receipt: madeUp(t, "LI")}
	asked := 0
	for path, item := range b.api.OpenAPI().Paths {
		if !strings.Contains(path, "{receipt}") {
			continue
		}
		for _, op := range operationsOf(item) {
			for real, made := range receipts {
				for _, head := range []map[string]string{{"Authorization": "Bearer " + b.tokens["stranger"]}, {"X-Tracking-Code": own.Tracking}} {
					asked++
					head["If-Match"], head["X-Forwarded-For"] = "*", fmt.Sprintf("2001:db8:%x::1", asked)
					got, want := b.foreign(t, op.Method, placed(path, real), head), b.foreign(t, op.Method, placed(path, made), head)
					if got.status != want.status || code(got) != code(want) || got.status < 400 {
						t.Errorf("%s %s for %s: %d %s, a made-up receipt gets %d %s", op.Method, path, real[:2], got.status, code(got), want.status, code(want))
					}
				}
			}
		}
	}
	if asked < 300 {
		t.Errorf("only %d requests", asked)
	}
}

func (b *bench) foreign(t testing.TB, method, path string, head map[string]string) reply {
	t.Helper()
	body := ""
	if method == http.MethodPatch || method == http.MethodPut {
		body = "{}"
	}
	if strings.HasSuffix(path, "/confirm-mailbox") {
		body = `{"token":"none"}`
	}
	return b.do(t, ask{method: method, path: path, body: body, key: newKey(), head: head})
}

func code(r reply) string {
	found := regexp.MustCompile(`"code":"([A-Z_]+)"`).FindStringSubmatch(r.raw)
	return strings.Join(found, "")
}

// A hit and a miss are told apart by nothing: status, headers and body are equal. That
// they also take equally long is measured (docs/benchmarks.md).
func TestSecurityAHitAndAMissAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	receipt, none := b.verified(t).Receipt, madeUp(t, "TR")
	for what, c := range map[string]struct{ path, hit, miss string }{
		"sign-in":        {"/v1/sessions", `{"login":"source@example.com","password":"wrong"}`, `{"login":"nobody@example.com","password":"wrong"}`},
		"staff sign-in":  {"/v1/sessions", `{"login":"auditor","password":"wrong","staff":true}`, `{"login":"nobody","password":"wrong","staff":true}`},
		"find a login":   {"/v1/login-lookups", `{"icp_or_domain":"notes.example.com"}`, `{"icp_or_domain":"nobody.example.com"}`},
		"password":       {"/v1/password-resets", `{"account":"source@example.com","channel":"mail"}`, `{"account":"nobody@example.com","channel":"mail"}`},
		"track, phone":   {"/v1/codes", `{"purpose":"track","receipt":"` + receipt + `","phone":"13700137003"}`, `{"purpose":"track","receipt":"` + receipt + `","phone":"13700137999"}`},
		"track, receipt": {"/v1/codes", `{"purpose":"track","receipt":"` + receipt + `","phone":"13800138001"}`, `{"purpose":"track","receipt":"` + none + `","phone":"13800138001"}`},
		"track, code":    {"/v1/codes/verify", `{"receipt":"` + receipt + `","phone":"13700137003","code":"000000"}`, `{"receipt":"` + none + `","phone":"13700137003","code":"000000"}`},
		"not me":         {"/v1/disputes", `{"receipt":"` + receipt + `","code":"WRONGWRONG"}`, `{"receipt":"` + none + `","code":"WRONGWRONG"}`},
	} {
		hit, miss := b.do(t, ask{method: "POST", path: c.path, body: c.hit, key: newKey()}), b.do(t, ask{method: "POST", path: c.path, body: c.miss, key: newKey()})
		if hit.status != miss.status || told(hit) != told(miss) || strings.Contains(hit.raw, "REQUIRED") || strings.Contains(hit.raw, "UNKNOWN_FIELD") {
			t.Errorf("%s: %d %s, %d %s", what, hit.status, hit.raw, miss.status, miss.raw)
		}
		if diff := headsApart(hit.head, miss.head); len(diff) > 0 {
			t.Errorf("%s: the headers differ in %v", what, diff)
		}
	}
}

func told(r reply) string {
	return regexp.MustCompile(`[0-9A-Z]{26}`).ReplaceAllString(r.raw, "ID")
}

func headsApart(a, b http.Header) []string {
	var apart []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if name != "Date" && name != "X-Request-Id" && !slices.Equal(a[name], b[name]) {
			apart = append(apart, name)
		}
	}
	if len(a) != len(b) {
		apart = append(apart, "their number")
	}
	return apart
}

// What a key may is fixed the same way (scopes_test.go); that a program can't hold a
// person's right is fixed here: no scope opens an operation that changes a job.
func TestSecurityNoScopeChangesAJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, item := range b.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			if scope := scopes()[op.OperationID]; scope != "" && op.Method != http.MethodGet && scope != accounts.ScopeFactsWrite {
				t.Errorf("%s %s is open to keys", op.Method, path)
			}
		}
	}
}
