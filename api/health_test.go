package api

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestReadinessTellsEachCheckAndReasonsOnlyToThisMachine(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Checks = append(p.Checks, Check{Name: "calendar", Soft: true, Run: func(context.Context) error { return errors.New("no data") }})
	})
	if got := b.do(t, ask{method: "GET", path: "/readyz?verbose"}); got.status != 200 || got.raw != "[+] database\n[~] calendar: no data\nok\n" {
		t.Errorf("got %d %s", got.status, got.raw)
	}
	sick := newBench(t, func(p *Parts) {
		p.Checks = []Check{{Name: "redis", Run: func(context.Context) error { return errors.New("refused") }}}
	})
	got := sick.do(t, ask{method: "GET", path: "/healthz?verbose", head: map[string]string{"X-Forwarded-For": "1.2.3.4"}})
	if got.status != 503 || got.raw != "[-] redis\nnot ready\n" || got.head.Get("Retry-After") == "" {
		t.Errorf("got %d %q", got.status, got.raw)
	}
	if got := sick.do(t, ask{method: "GET", path: "/livez"}); got.status != 200 {
		t.Errorf("alive: %d", got.status)
	}
}

func TestMetricsAreForThisMachineOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.do(t, ask{method: "GET", path: "/v1/jobs/TR8F4KQX7M"})
	got := b.do(t, ask{method: "GET", path: "/metrics"})
	if !strings.Contains(got.raw, `beian_http_request_duration_seconds_count{code="401",method="GET",route="/v1/jobs/:receipt"} 1`) {
		t.Errorf("got %s", got.raw)
	}
	b.do(t, ask{method: "GET", path: "/metrics", head: map[string]string{"X-Forwarded-For": "127.0.0.1"}}).problem(t, 404, "NOT_FOUND")
	elsewhere := newBench(t, func(p *Parts) { p.MetricsElsewhere = true })
	if got := elsewhere.do(t, ask{method: "GET", path: "/metrics"}); got.status != 404 {
		t.Errorf("got %d", got.status)
	}
}

func TestRequestIDsComeBackWhenTheyAreWellFormed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for given, kept := range map[string]bool{"request-id-0001": true, "": false, "x": false, "with blank here": false, strings.Repeat("a", 65): false, "<script>alert(1)": false} {
		got := b.do(t, ask{method: "GET", path: "/livez", head: map[string]string{"X-Request-Id": given}}).head.Get("X-Request-Id")
		if (got == given && given != "") != kept || len(got) < 8 {
			t.Errorf("%q: got %q", given, got)
		}
	}
}

func TestTheLogNamesRoutesAndActorsAndNothingElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + j.Receipt})
	b.do(t, ask{method: "GET", path: "/v1/jobs?cursor=13800138001", head: map[string]string{"X-Request-Id": "request-id-0001"}})
	b.do(t, ask{method: "GET", path: "/livez"})
	log := b.log.String()
	for _, want := range []string{`"route":"/v1/jobs/:receipt"`, `"actor_kind":"account"`, `"request_id":"request-id-0001"`, `"code":"SIGN_IN_REQUIRED"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	for _, secret := range []string{j.Receipt, "13800138001", targetLogin, b.tokens["source"], "livez", "9002", "/v1/jobs?"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
