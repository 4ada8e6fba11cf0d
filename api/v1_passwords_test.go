package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/tasks"
)

func (b *bench) askPassword(t testing.TB, account, channel string) reply {
	t.Helper()
	return b.do(t, ask{method: "POST", path: "/v1/password-resets", key: newKey(), body: fmt.Sprintf(`{"account":%q,"channel":%q}`, account, channel)})
}

// key is the newest key that was mailed to a login.
func (b *bench) key(t testing.TB, login string) string {
	t.Helper()
	b.work(t)
	b.sent.mu.Lock()
	defer b.sent.mu.Unlock()
	for i := len(b.sent.sent) - 1; i >= 0; i-- {
		if m := b.sent.sent[i]; m.Email.Reveal() == login && m.Template == tasks.TemplateRecovery {
			return m.Params["key"]
		}
	}
	t.Fatal("no link was mailed")
	return ""
}

func (b *bench) complete(t testing.TB, key, password string) reply {
	t.Helper()
	return b.do(t, ask{method: "POST", path: "/v1/password-resets/complete", body: fmt.Sprintf(`{"key":%q,"password":%q}`, key, password)})
}

func TestF2_a_password_is_reset_by_the_API(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var out passwordResetOutput
	b.askPassword(t, sourceLogin, "mail").into(t, 202, &out.Body)
	if out.Body.Sent != "if_known" {
		t.Errorf("sent %q", out.Body.Sent)
	}
	key := b.key(t, sourceLogin)
	p := b.complete(t, key, "short").problem(t, 422, "INVALID")
	if len(p.Errors) != 1 || p.Errors[0].Code != accounts.CodePasswordShort || !strings.Contains(p.Errors[0].Message, "12") {
		t.Errorf("%+v", p.Errors)
	}
	if got := b.complete(t, key, "a loud white goose"); got.status != 204 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	b.complete(t, key, "a loud white goose").problem(t, 410, "GONE")
	b.do(t, ask{as: "source", method: "GET", path: "/v1/sessions"}).problem(t, 401, "SIGN_IN_REQUIRED")
	if _, _, err := b.porter.SignIn(t.Context(), accounts.SignIn{Login: sourceLogin, Password: testPassword}); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("the old password: %v", err)
	}
	if strings.Contains(b.log.String(), key) || strings.Contains(b.log.String(), "source@") {
		t.Error("the log holds a key or a login")
	}
}

func TestF2_a_code_is_exchanged_by_the_API(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.askPassword(t, targetLogin, "sms")
	verify := func(account, code string) reply {
		return b.do(t, ask{method: "POST", path: "/v1/password-resets/verify", body: fmt.Sprintf(`{"account":%q,"code":%q}`, account, code)})
	}
	code := b.param(t, targetPhone, "code")
	one, two := verify("nobody@example.com", code).problem(t, 422, "INVALID"), verify(targetLogin, "x"+code).problem(t, 422, "INVALID")
	if one.Errors[0].Code != two.Errors[0].Code {
		t.Errorf("hit and miss differ: %s, %s", one.Errors[0].Code, two.Errors[0].Code)
	}
	var out passwordCodeOutput
	verify(targetLogin, code).into(t, 200, &out.Body)
	if got := b.complete(t, out.Body.Key, "a loud white goose"); got.status != 204 {
		t.Errorf("%d %s", got.status, got.raw)
	}
}

func TestF2_the_API_answers_hit_and_miss_alike(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, channel := range []string{"mail", "sms"} {
		hit := b.askPassword(t, sourceLogin, channel)
		miss := b.askPassword(t, "nobody@example.com", channel)
		if hit.status != 202 || miss.status != 202 || hit.raw != miss.raw {
			t.Errorf("%s: %d %s, %d %s", channel, hit.status, hit.raw, miss.status, miss.raw)
		}
	}
	b.askPassword(t, "source@", "mail").problem(t, 422, "INVALID")
	b.askPassword(t, "12345", "sms").problem(t, 422, "INVALID")
}
