package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"beian/internal/text"
	"beian/tasks"
)

func TestEveryKindOfFailureHasItsAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range []struct {
		err    error
		status int
		code   string
		retry  string
	}{
		{&tasks.Invalid{Faults: []tasks.Fault{{Field: "target", Code: "REQUIRED"}}}, 422, "INVALID", ""},
		{&tasks.Blocked{Blockers: []tasks.Blocker{{Code: "TARGET_FROZEN", Owner: tasks.OwnerTarget}}}, 422, "BLOCKED", ""},
		{fmt.Errorf("reading: %w", tasks.ErrNotFound), 404, "NOT_FOUND", ""},
		{tasks.ErrForbidden, 403, "FORBIDDEN", ""},
		{tasks.ErrConflict, 409, "STATE_CHANGED", ""},
		{&tasks.WrongState{Verb: tasks.VerbAccept, State: tasks.StateDone}, 409, "WRONG_STATE", ""},
		{tasks.ErrKeyReused, 422, "KEY_REUSED", ""},
		{tasks.ErrInFlight, 409, "IN_FLIGHT", "2"},
		{&tasks.TooMany{Limit: "submit", After: 1500 * time.Millisecond}, 429, "TOO_MANY_REQUESTS", "2"},
		{tasks.ErrUnavailable, 503, "UNAVAILABLE", "2"},
		{fmt.Errorf("waiting: %w", context.DeadlineExceeded), 503, "UNAVAILABLE", "2"},
		{&http.MaxBytesError{}, 413, "TOO_LARGE", ""},
		{errPanic, 500, "INTERNAL", ""},
		{errors.New("SELECT secret"), 500, "INTERNAL", ""},
	} {
		for _, lang := range text.Langs() {
			p := b.problem(&call{id: "request-1", lang: lang}, c.err)
			if p.Status != c.status || p.Code != c.code || p.head.Get("Retry-After") != c.retry {
				t.Errorf("%v: got %d %s, retry %q", c.err, p.Status, p.Code, p.head.Get("Retry-After"))
			}
			if strings.Contains(p.Title+p.Detail, "!") || strings.Contains(p.Detail, "secret") || p.head.Get("Content-Language") != string(lang) {
				t.Errorf("%s %s: %q %q", c.code, lang, p.Title, p.Detail)
			}
		}
	}
}

func TestEveryKindOfProblemHasItsWordsAndItsPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, kind := range problemKinds() {
		for _, lang := range []string{"zh-CN", "en"} {
			got := b.do(t, ask{method: "GET", path: "/problems/" + slug(kind.code) + "?lang=" + lang})
			if got.status != 200 || !strings.Contains(got.raw, string(kind.code)) || strings.Contains(got.raw, "!error.") || strings.Contains(got.raw, "!{") {
				t.Errorf("%s %s: %d", kind.code, lang, got.status)
			}
		}
	}
	if got := b.do(t, ask{method: "GET", path: "/problems/none"}); got.status != 404 || !strings.Contains(got.head.Get("Content-Type"), "html") {
		t.Errorf("got %d", got.status)
	}
}

func TestWhatHTTPItselfRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	big := `{"kind":"transfer","target":"` + strings.Repeat("x", maxJSON) + `","target_phone4":"1"}`
	for _, c := range []struct {
		ask    ask
		status int
		code   string
	}{
		{ask{as: "source", method: "POST", path: "/v1/transfers", body: submission}, 400, "KEY_MISSING"},
		{ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: strings.Repeat("k", 129)}, 400, "KEY_FORMAT"},
		{ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: "a b"}, 400, "KEY_FORMAT"},
		{ask{method: "POST", path: "/v1/codes", body: `{}`}, 400, "KEY_MISSING"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks", body: `{"kind":`}, 400, "MALFORMED"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks"}, 400, "MALFORMED"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks", body: "kind=x", head: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "CONTENT_TYPE"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks", body: "{}", head: map[string]string{"Content-Type": "text/plain"}}, 415, "CONTENT_TYPE"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks", body: big}, 413, "TOO_LARGE"},
		{ask{as: "source", method: "POST", path: "/v1/prechecks", body: strings.Repeat("x", maxBody+1)}, 413, "TOO_LARGE"},
		{ask{as: "source", method: "PUT", path: "/v1/prechecks", body: "{}"}, 405, "METHOD_NOT_ALLOWED"},
		{ask{method: "GET", path: "/v1/nothing"}, 404, "NOT_FOUND"},
		{ask{method: "GET", path: "/v1/jobs"}, 401, "SIGN_IN_REQUIRED"},
		{ask{as: "source", method: "GET", path: "/v1/jobs/TR00000000"}, 404, "NOT_FOUND"},
		{ask{as: "source", method: "GET", path: "/v1/jobs?limit=0"}, 422, "INVALID"},
		{ask{method: "POST", path: "/v1/sessions", body: `{"login":"source@example.com","password":"wrong"}`}, 401, "SIGN_IN_FAILED"},
	} {
		got := b.do(t, c.ask)
		got.problem(t, c.status, c.code)
		if got.head.Get("Cache-Control") != "no-store" || got.head.Get("X-Content-Type-Options") != "nosniff" ||
			got.head.Get("Content-Security-Policy") != apiPolicy || got.head.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s %s: headers %v", c.ask.method, c.ask.path, got.head)
		}
	}
}

func TestAPanicIsA500AndItsTextStaysInside(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Pages = func(_ *Server, e *echo.Echo) {
			e.GET("/boom", func(echo.Context) error { panic("phone 13800138001") })
		}
	})
	got := b.do(t, ask{method: "GET", path: "/boom"})
	if got.status != 500 || !strings.Contains(got.raw, got.head.Get("X-Request-Id")) || strings.Contains(got.raw+b.log.String(), "13800138001") {
		t.Errorf("got %d", got.status)
	}
}

func TestSessionsBeginAreListedAndEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	entered := b.do(t, ask{method: "POST", path: "/v1/sessions", body: `{"login":"Source@Example.com","password":"` + testPassword + `"}`})
	var in signInOutput
	entered.into(t, 201, &in.Body)
	cookie := entered.head.Get("Set-Cookie")
	for _, part := range []string{"__Host-beian=" + in.Body.Token, "Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie lacks %s", part)
		}
	}
	if in.Body.Session.Name != "sou***@example.com" || in.Body.Session.Role != "account" || in.Body.Session.Client != "127.0.0.0/24" {
		t.Errorf("%+v", in.Body.Session)
	}
	withCookie := map[string]string{"Cookie": "__Host-beian=" + in.Body.Token}
	var list sessionsOutput
	b.do(t, ask{method: "GET", path: "/v1/sessions", head: withCookie}).into(t, 200, &list.Body)
	if len(list.Body.Sessions) != 2 {
		t.Fatalf("%+v", list.Body.Sessions)
	}
	for _, one := range list.Body.Sessions {
		if !one.Current {
			if got := b.do(t, ask{method: "DELETE", path: "/v1/sessions/" + one.ID, head: withCookie}); got.status != 204 {
				t.Errorf("ending it: %s", got.raw)
			}
		}
	}
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs"}).problem(t, 401, "SIGN_IN_REQUIRED")
	if got := b.do(t, ask{method: "DELETE", path: "/v1/sessions/current", head: withCookie}); got.status != 204 || !strings.Contains(got.head.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("signing out: %d %v", got.status, got.head)
	}
	b.do(t, ask{method: "GET", path: "/v1/jobs", head: withCookie}).problem(t, 401, "SIGN_IN_REQUIRED")
	var staff signInOutput
	colleague := b.do(t, ask{method: "POST", path: "/v1/sessions", body: `{"login":"supervisor","password":"` + testPassword + `","staff":true}`})
	colleague.into(t, 201, &staff.Body)
	if staff.Body.Session.Role != "supervisor" || colleague.head.Get("Set-Cookie") != "" {
		t.Errorf("%+v", staff.Body.Session)
	}
	if got := b.do(t, ask{as: "target", method: "DELETE", path: "/v1/sessions"}); got.status != 204 {
		t.Errorf("everywhere: %s", got.raw)
	}
	b.do(t, ask{as: "target", method: "GET", path: "/v1/jobs"}).problem(t, 401, "SIGN_IN_REQUIRED")
}

func TestTheFilingSystemSendsFactsWithItsKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	key := map[string]string{"Authorization": "Bearer " + testKey}
	item := "{\n \"type\":\"account\",\"external_id\":\"A9\",\"site\":\"china\",\"status\":\"active\"}"
	var one factsOutput
	b.do(t, ask{method: "POST", path: "/v1/accounts", body: item, head: key}).into(t, 200, &one.Body)
	if one.Body.Created != 1 {
		t.Errorf("%+v", one.Body)
	}
	p := b.do(t, ask{method: "POST", path: "/v1/accounts", body: strings.Replace(item, `"china"`, `"moon"`, 1), head: key}).problem(t, 422, "INVALID")
	if p.Errors[0].Pointer != "/site" {
		t.Errorf("%+v", p.Errors)
	}
	bulk := testFacts + "{}\n" + strings.Replace(item, "\n", "", 1) + "\n"
	var report factsOutput
	b.do(t, ask{method: "POST", path: "/v1/filings", body: bulk, head: map[string]string{"Authorization": "Bearer " + testKey, "Content-Type": ndjson}}).into(t, 200, &report.Body)
	if report.Body.Lines != 9 || report.Body.Unchanged != 8 || report.Body.Refused != 1 || report.Body.Faults[0].Line != 8 {
		t.Errorf("%+v", report.Body)
	}
	for name, head := range map[string]map[string]string{"none": {}, "wrong": {"Authorization": "Bearer x"}, "basic": {"Authorization": "Basic " + testKey}} {
		got := b.do(t, ask{method: "POST", path: "/v1/accounts", body: item, head: head})
		if got.status != 401 || got.head.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	b.do(t, ask{method: "POST", path: "/v1/accounts", body: `[1]`, head: key}).problem(t, 400, "MALFORMED")
	b.do(t, ask{method: "POST", path: "/v1/accounts", body: strings.Repeat(" ", maxJSON+1), head: key}).problem(t, 413, "TOO_LARGE")
	off := newBench(t, func(p *Parts) { p.APIKey = "" })
	off.do(t, ask{method: "POST", path: "/v1/accounts", body: item, head: map[string]string{"Authorization": "Bearer "}}).problem(t, 401, "API_KEY_REQUIRED")
}
