package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/oauth2-proxy/mockoidc"

	"beian/api/page/pagetest"
	"beian/internal/accounts"
	"beian/internal/oidc"
	"beian/internal/text"
	"beian/tasks"
)

// platform is a provider that runs, and what the server asks it by; the server's
// own address is known only once it listens.
type platform struct {
	*mockoidc.MockOIDC
	*oidc.Provider
}

func (p *platform) Begin(ctx context.Context) (accounts.Question, error) {
	return p.Provider.Begin(ctx)
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	m := hallMust(mockoidc.Run())(t)
	t.Cleanup(func() { _ = m.Shutdown() })
	return &platform{MockOIDC: m}
}

func (p *platform) serves(base string) {
	p.Provider = oidc.New(oidc.Options{Issuer: p.Issuer(), ClientID: p.ClientID, ClientSecret: p.ClientSecret,
		RedirectURL: base + "/sign-in/elsewhere/callback"})
}

func openWithPlatform(t *testing.T) (*hall, *platform) {
	t.Helper()
	p := newPlatform(t)
	h := openHall(t, func(parts *PageParts) { parts.Elsewhere = p })
	p.serves(h.url)
	return h, p
}

// HallWithPlatform is where applicants find the door to a provider, for a real browser.
func HallWithPlatform(t *testing.T) (base string) {
	t.Helper()
	h, _ := openWithPlatform(t)
	return h.url
}

func TestElsewherePagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	pagetest.Check[elsewherePage](t, hallRenderer(t, hallMust(text.Load())(t)), "elsewhere")
}

func TestS1_applicants_sign_in_with_the_account_of_the_platform(t *testing.T) {
	t.Parallel()
	h, p := openWithPlatform(t)
	g := h.guest(t, text.Chinese)
	g.get(t, "/sign-in?next=/transfer/target").is(t, 200, `href="/sign-in/elsewhere?next=%2Ftransfer%2Ftarget"`, "用平台账号登录")
	p.UserQueue.Push(&mockoidc.MockUser{Subject: "s-1", Email: "li@example.com", EmailVerified: true})
	g.get(t, "/sign-in/elsewhere?next=/transfer/target").at(t, "/transfer/target")
	g.get(t, "/account").at(t, "/account")
	other := h.guest(t, text.Chinese)
	p.UserQueue.Push(&mockoidc.MockUser{Subject: "s-2", Email: "wang@example.com", EmailVerified: true})
	other.get(t, "/sign-in/elsewhere?next=https://evil.example/").at(t, "/account")
	if got := openHall(t).guest(t, text.Chinese).get(t, "/sign-in"); strings.Contains(got.body, "elsewhere") {
		t.Error("the door of a provider that is not there is offered")
	}
}

func TestASignInElsewhereThatLedToNothingSaysWhy(t *testing.T) {
	t.Parallel()
	h, p := openWithPlatform(t)
	for _, lang := range text.Langs() {
		says := func(zh, en string) string { return map[text.Lang]string{text.Chinese: zh, text.English: en}[lang] }
		for _, user := range []*mockoidc.MockUser{{Subject: "x-1", Email: "nobody@example.com", EmailVerified: true}, {Subject: "x-2", Email: "li@example.com"}} {
			p.UserQueue.Push(user)
			got := h.guest(t, lang).get(t, "/sign-in/elsewhere").is(t, http.StatusForbidden, says("没有对应的账号", "There is no account for you here"))
			if strings.Contains(got.body, "code=") || strings.Contains(got.body, "@example.com") {
				t.Error("the page shows the provider's answer")
			}
		}
		g := h.guest(t, lang)
		g.get(t, "/sign-in/elsewhere/callback?state=x&code=y").is(t, http.StatusBadRequest, says("这次登录已失效", "This sign-in is over"))
		g.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		away := g.get(t, "/sign-in/elsewhere")
		asked := hallMust(url.Parse(away.head.Get("Location")))(t)
		denied := "/sign-in/elsewhere/callback?error=access_denied&state=" + asked.Query().Get("state")
		if cookie := away.head.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Path=/sign-in/elsewhere") {
			t.Errorf("the ticket's cookie is %s", cookie)
		}
		h.guest(t, lang).get(t, denied).is(t, http.StatusBadRequest) // another browser
		g.get(t, denied).is(t, http.StatusForbidden, says("登录没有完成", "The sign-in was not completed"))
		g.get(t, denied).is(t, http.StatusBadRequest) // the ticket is used up
	}
}

// closed is a provider that can't be reached, or fails in another way.
type closed struct{ err error }

func (c closed) Begin(context.Context) (accounts.Question, error) { return accounts.Question{}, c.err }

func (c closed) Finish(context.Context, string, url.Values) (accounts.Identity, error) {
	return accounts.Identity{}, c.err
}

func TestAProviderThatIsDownIsSaidToBe(t *testing.T) {
	t.Parallel()
	h := openHall(t, func(p *PageParts) { p.Elsewhere = closed{tasks.ErrUnavailable} })
	h.guest(t, text.Chinese).get(t, "/sign-in/elsewhere").is(t, http.StatusServiceUnavailable, "暂时不能这样登录")
	h.guest(t, text.English).get(t, "/sign-in/elsewhere").is(t, http.StatusServiceUnavailable, "This way is closed at the moment")
	h = openHall(t, func(p *PageParts) { p.Elsewhere = closed{errors.New("a fault of ours")} })
	h.guest(t, text.English).get(t, "/sign-in/elsewhere/callback").is(t, http.StatusInternalServerError)
}
