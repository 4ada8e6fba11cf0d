package api_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/tasks"
)

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

func TestTooManySignInsAreToldToWait(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	var got opsAnswer
	for range 40 {
		got = w.anyone().post("/ops/sign-in", url.Values{"staff_login": {"reviewer"}, "password": {"a wrong password"}})
	}
	if got.status != http.StatusTooManyRequests || got.head.Get("Retry-After") == "" {
		t.Errorf("%d", got.status)
	}
}
