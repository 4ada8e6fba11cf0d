package api

import (
	"fmt"
	"strings"
	"testing"

	"beian/tasks"
)

func (b *bench) lookup(t testing.TB, body string) reply {
	t.Helper()
	return b.do(t, ask{method: "POST", path: "/v1/login-lookups", key: newKey(), body: body})
}

// found counts the messages that tell a login.
func (b *bench) found(t testing.TB) (n int) {
	t.Helper()
	b.work(t)
	b.sent.mu.Lock()
	defer b.sent.mu.Unlock()
	for _, m := range b.sent.sent {
		if m.Template == tasks.TemplateLogin {
			n++
		}
	}
	return n
}

func TestF1_the_API_answers_hit_and_miss_alike(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hit := b.lookup(t, `{"icp_or_domain":"京ICP备20240011号"}`)
	miss := b.lookup(t, `{"icp_or_domain":"京ICP备99999999号"}`)
	if hit.status != 202 || miss.status != 202 || hit.raw != miss.raw {
		t.Errorf("%d %s, %d %s", hit.status, hit.raw, miss.status, miss.raw)
	}
	for name := range hit.head {
		if name != "X-Request-Id" && name != "Date" && hit.head.Get(name) != miss.head.Get(name) {
			t.Errorf("%s differs: %q, %q", name, hit.head.Get(name), miss.head.Get(name))
		}
	}
	var out lookupOutput
	hit.into(t, 202, &out.Body)
	if out.Body.Sent != "if_known" || strings.Contains(hit.raw, "@") {
		t.Errorf("the answer says %s", hit.raw)
	}
	if got := b.param(t, sourcePhone, "own_login"); got != sourceLogin {
		t.Errorf("the phone on record was told %q", got)
	}
	if n := b.found(t); n != 1 {
		t.Errorf("%d messages", n)
	}
	if strings.Contains(b.log.String(), sourceLogin) || strings.Contains(b.log.String(), "20240011") {
		t.Error("the log holds a login or what was typed")
	}
}

func TestF1_the_API_refuses_malformed_facts_without_repeating_them(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for body, pointer := range map[string]string{
		`{}`:                                     "/icp_or_domain",
		`{"icp_or_domain":"http://x.example"}`:   "/icp_or_domain",
		`{"icp_or_domain":"京ICP证060307号"}`:       "/icp_or_domain",
		`{"subject_name":"王小秘"}`:                 "/certificate_last6",
		`{"certificate_last6":"123456"}`:         "/subject_name",
		`{"subject_name":"王小秘","domain":"a.cn"}`: "/domain",
	} {
		got := b.lookup(t, body)
		p := got.problem(t, 422, "INVALID")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", body, p.Errors)
		}
		if strings.Contains(got.raw, "x.example") || strings.Contains(got.raw, "060307") || strings.Contains(got.raw, "王小秘") {
			t.Errorf("%s is repeated: %s", body, got.raw)
		}
	}
	b.do(t, ask{method: "POST", path: "/v1/login-lookups", body: `{"icp_or_domain":"example.com"}`}).problem(t, 400, "KEY_MISSING")
}

func TestF1_a_key_asks_once_and_is_bound_to_what_was_asked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	question := ask{method: "POST", path: "/v1/login-lookups", key: newKey(), body: `{"icp_or_domain":"京ICP备20240011号"}`}
	first, again := b.do(t, question), b.do(t, question)
	if first.raw != again.raw || again.status != 202 || first.head.Get("Idempotency-Replayed") != "" || again.head.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s %v, %s %v", first.raw, first.head, again.raw, again.head)
	}
	question.body = `{"icp_or_domain":"example.com"}`
	b.do(t, question).problem(t, 422, "KEY_REUSED")
	if n := b.found(t); n != 1 {
		t.Errorf("%d messages", n)
	}
}

func TestF1_the_API_says_when_to_ask_again(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range 5 {
		if got := b.lookup(t, fmt.Sprintf(`{"icp_or_domain":"d%d.example.com"}`, i)); got.status != 202 {
			t.Fatalf("%d %s", got.status, got.raw)
		}
	}
	got := b.lookup(t, `{"icp_or_domain":"京ICP备20240011号"}`)
	got.problem(t, 429, "TOO_MANY_REQUESTS")
	if got.head.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
}
