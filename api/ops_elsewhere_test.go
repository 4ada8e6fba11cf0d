package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"

	"beian/api"
	"beian/internal/oidc"
	"beian/tasks"
)

// employer is a provider that runs; the console is told of it before it knows its
// own address, as people's browsers are not asked to follow it here.
func employer(t *testing.T) (*opsWorld, *mockoidc.MockOIDC) {
	t.Helper()
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Shutdown() })
	w := newOpsWorld(t, func(p *api.OpsParts) {
		p.Elsewhere = oidc.New(oidc.Options{Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Claim: "preferred_username",
			RedirectURL: "http://beian.example.cn/ops/sign-in/elsewhere/callback"})
	})
	return w, m
}

// vouched goes to the provider and brings its answer back to the console.
func (b *opsBrowser) vouched(t *testing.T, m *mockoidc.MockOIDC, login string) opsAnswer {
	t.Helper()
	m.UserQueue.Push(&mockoidc.MockUser{Subject: "s-" + login, PreferredUsername: login})
	away := b.get("/ops/sign-in/elsewhere?next=/ops/jobs")
	if away.status != http.StatusSeeOther || !strings.HasPrefix(away.to, m.Issuer()) {
		t.Fatalf("%d %s", away.status, away.to)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, away.to, nil)
	b.must(err)
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	back, err := res.Location()
	b.must(err)
	return b.send(http.MethodGet, back.RequestURI(), nil, map[string]string{"Sec-Fetch-Site": "cross-site"})
}

func TestStaffSignInWithTheirWorkAccountAndKeepTheirRole(t *testing.T) {
	t.Parallel()
	w, m := employer(t)
	b := w.anyone()
	if door := b.get("/ops/sign-in?next=/ops/jobs"); !strings.Contains(door.body, `href="/ops/sign-in/elsewhere?next=%2Fops%2Fjobs"`) {
		t.Errorf("the door does not offer it: %s", door.body)
	}
	got := b.vouched(t, m, "Auditor")
	if got.status != 200 || !strings.Contains(got.body, `href="/ops/jobs"`) || !strings.Contains(got.body, "You are signed in") {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, cookie := range got.head.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, "beian-staff=") && !strings.Contains(cookie, "SameSite=Strict") {
			t.Errorf("the session's cookie is %s", cookie)
		}
	}
	if got := b.get("/ops/audit"); got.status != 200 || !strings.Contains(got.body, "陈auditor") {
		t.Errorf("the console: %d", got.status)
	}
	if rows := w.rows("staff.sign_in"); len(rows) != 1 {
		t.Errorf("journal %+v", rows)
	}
}

func TestStrangersOfTheWorkAccountStayOutside(t *testing.T) {
	t.Parallel()
	w, m := employer(t)
	for lang, says := range map[string]string{"en": "There is no account for you here", "zh-CN": "没有对应的账号"} {
		b := w.anyone()
		b.lang = lang
		if got := b.vouched(t, m, "stranger"); got.status != http.StatusForbidden || !strings.Contains(got.body, says) || strings.Contains(strings.Join(got.head.Values("Set-Cookie"), ""), "beian-staff=") {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := b.get("/ops/sign-in/elsewhere/callback?code=x&state=y"); got.status != http.StatusBadRequest {
			t.Errorf("an answer nobody asked for: %d", got.status)
		}
	}
	if err := w.porter.DisableStaff(t.Context(), tasks.System(), "reviewer"); err != nil {
		t.Fatal(err)
	}
	if got := w.anyone().vouched(t, m, "reviewer"); got.status != http.StatusForbidden {
		t.Errorf("a disabled member: %d", got.status)
	}
	if got := newOpsWorld(t).anyone().get("/ops/sign-in/elsewhere"); got.status != http.StatusNotFound {
		t.Errorf("without a provider: %d", got.status)
	}
}
