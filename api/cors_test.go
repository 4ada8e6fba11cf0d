package api

import (
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestForeignOriginsMayCallOnlyWithABearerTokenOfTheList(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cookie := "__Host-beian=" + b.tokens["source"]
	body := `{"kind":"transfer","target":"A2","target_phone4":"9002"}`
	for _, c := range []struct {
		name, as, origin, site, cookie string
		status                         int
		allowed                        bool
	}{
		{"listed with bearer", "source", testOrigin, "cross-site", "", 200, true},
		{"listed with bearer in other case", "source", "HTTPS://FORMS.example.cn", "cross-site", "", 200, true},
		{"listed with cookie only", "", testOrigin, "cross-site", cookie, 403, true},
		{"listed with a wrong bearer and a cookie", "nobody", testOrigin, "cross-site", cookie, 401, true},
		{"unlisted with bearer", "source", "https://evil.example", "cross-site", "", 403, false},
		{"unlisted with cookie", "", "https://evil.example", "cross-site", cookie, 403, false},
		{"unlisted and nothing", "", "https://evil.example", "", "", 403, false},
		{"null origin", "", "null", "cross-site", cookie, 403, false},
		{"sibling site", "", "https://a.example.cn", "same-site", cookie, 403, false},
		{"our own page", "", "https://beian.example.cn", "same-origin", cookie, 200, false},
		{"no browser", "source", "", "", "", 200, false},
	} {
		head := map[string]string{"Cookie": c.cookie, "Origin": c.origin, "Sec-Fetch-Site": c.site}
		for name, value := range head {
			if value == "" {
				delete(head, name)
			}
		}
		if c.as == "nobody" {
			head["Authorization"] = "Bearer nothing"
		}
		got := b.do(t, ask{as: c.as, method: "POST", path: "/v1/prechecks", body: body, head: head})
		if got.status != c.status || (got.head.Get("Access-Control-Allow-Origin") != "") != c.allowed {
			t.Errorf("%s: got %d %v", c.name, got.status, got.head)
		}
		if got.head.Get("Access-Control-Allow-Credentials") != "" || got.head.Get("Vary") == "" {
			t.Errorf("%s: headers %v", c.name, got.head)
		}
		reading := b.do(t, ask{as: c.as, method: "GET", path: "/v1/jobs", head: head})
		if c.origin == testOrigin && c.as == "" && reading.status != 401 {
			t.Errorf("%s: a foreign origin's cookie counted: %d", c.name, reading.status)
		}
	}
	for origin, allowed := range map[string]bool{testOrigin: true, "https://evil.example": false} {
		got := b.do(t, ask{method: "OPTIONS", path: "/v1/transfers", head: map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site",
			"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}})
		if got.status != 204 || strings.Contains(got.head.Get("Access-Control-Allow-Headers"), "Idempotency-Key") != allowed {
			t.Errorf("preflight from %s: %d %v", origin, got.status, got.head)
		}
	}
	if got := b.do(t, ask{method: "GET", path: "/docs", head: map[string]string{"Origin": testOrigin}}); got.head.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a page is open to a foreign origin")
	}
}

func TestASpoofedForwardedHeaderIsIgnored(t *testing.T) {
	t.Parallel()
	seen := func(proxies []netip.Prefix, peer string, forwarded ...string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		for _, f := range forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		r.Header.Set("X-Real-Ip", "9.9.9.9")
		return ipExtractor(proxies)(r)
	}
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for name, c := range map[string][2]string{
		"nobody is trusted":           {seen(nil, "203.0.113.7:1", "1.2.3.4"), "203.0.113.7"},
		"loopback is not trusted":     {seen(proxies, "127.0.0.1:1", "1.2.3.4"), "127.0.0.1"},
		"a stranger is not trusted":   {seen(proxies, "203.0.113.7:1", "1.2.3.4"), "203.0.113.7"},
		"a proxy is trusted":          {seen(proxies, "10.1.1.1:1", "1.2.3.4"), "1.2.3.4"},
		"what a client put in front":  {seen(proxies, "10.1.1.1:1", "6.6.6.6, 1.2.3.4"), "1.2.3.4"},
		"two proxies and two headers": {seen(proxies, "[2001:db8::1]:1", "6.6.6.6", "1.2.3.4, 10.2.2.2"), "1.2.3.4"},
	} {
		if c[0] != c[1] {
			t.Errorf("%s: got %s, want %s", name, c[0], c[1])
		}
	}
}

func TestASpoofedAddressGivesNoFreshLimit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	var last reply
	for i := range guessLimit().Burst + 1 {
		last = b.do(t, ask{method: "GET", path: "/v1/jobs/" + j.Receipt, head: map[string]string{
			"X-Tracking-Code": "AAAAAAAA", "X-Forwarded-For": fmt.Sprintf("198.51.100.%d", i)}})
	}
	last.problem(t, 429, "TOO_MANY_REQUESTS")
}

// A provider's own form has no token before it signs in (ADR 10).
func TestOnlyAListedOriginMaySignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for origin, status := range map[string]int{testOrigin: 401, "https://evil.example": 403} {
		got := b.do(t, ask{method: "POST", path: "/v1/sessions", body: `{"login":"nobody@example.com","password":"not the password"}`,
			head: map[string]string{"Origin": origin, "Sec-Fetch-Site": "cross-site"}})
		if got.status != status || got.head.Get("Set-Cookie") != "" {
			t.Errorf("%s: got %d %v, want %d", origin, got.status, got.head, status)
		}
	}
}
