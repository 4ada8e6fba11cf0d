package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oauth2-proxy/mockoidc"

	"beian/internal/accounts"
	"beian/internal/oidc"
	"beian/tasks"
)

const redirect = "http://desk.example.cn/sign-in/elsewhere/callback"

// provider is a real one, on a port of this machine.
func provider(t *testing.T) *mockoidc.MockOIDC {
	t.Helper()
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Shutdown(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return m
}

func client(m *mockoidc.MockOIDC, change ...func(*oidc.Options)) *oidc.Provider {
	o := oidc.Options{Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, RedirectURL: redirect, Claim: "preferred_username"}
	for _, c := range change {
		c(&o)
	}
	return oidc.New(o)
}

// browse goes to the provider as a browser does and comes back with its answer.
func browse(t *testing.T, to string) url.Values {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := plain.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := res.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect+"?") {
		t.Fatalf("%d: %v, %v", res.StatusCode, back, err)
	}
	return back.Query()
}

func begin(t *testing.T, p *oidc.Provider) (accounts.Question, url.Values) {
	t.Helper()
	q, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return q, browse(t, q.URL)
}

func TestAPersonIsWhoTheProviderSaysTheyAre(t *testing.T) {
	t.Parallel()
	m := provider(t)
	m.UserQueue.Push(&mockoidc.MockUser{Subject: "s-1", PreferredUsername: "wei", Email: "wei@example.com", EmailVerified: true})
	p := client(m)
	q, answer := begin(t, p)
	asked, err := url.Parse(q.URL)
	if err != nil {
		t.Fatal(err)
	}
	ask := asked.Query()
	for name, want := range map[string]string{"response_type": "code", "code_challenge_method": "S256", "scope": "openid profile email", "redirect_uri": redirect} {
		if ask.Get(name) != want {
			t.Errorf("%s is %q", name, ask.Get(name))
		}
	}
	if len(ask.Get("state")) < 20 || len(ask.Get("nonce")) < 20 || len(ask.Get("code_challenge")) != 43 || strings.Contains(q.Ticket, ask.Get("code_challenge")) {
		t.Errorf("state, nonce or challenge are weak: %v", ask)
	}
	got, err := p.Finish(t.Context(), q.Ticket, answer)
	want := accounts.Identity{Issuer: m.Issuer(), Subject: "s-1", Name: "wei", Email: "wei@example.com"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := p.Finish(t.Context(), q.Ticket, answer); !errors.Is(err, accounts.ErrForged) {
		t.Errorf("a code used twice: %v", err)
	}
}

func TestAMailboxCountsWhenItIsVerified(t *testing.T) {
	t.Parallel()
	m := provider(t)
	for _, verified := range []bool{true, false} {
		for _, claim := range []string{"", "email", "preferred_username"} {
			m.UserQueue.Push(&mockoidc.MockUser{Subject: "s-1", PreferredUsername: "A1", Email: "wei@example.com", EmailVerified: verified})
			p := client(m, func(o *oidc.Options) { o.Claim = claim })
			q, answer := begin(t, p)
			got, err := p.Finish(t.Context(), q.Ticket, answer)
			if err != nil {
				t.Fatal(err)
			}
			mail := map[bool]string{true: "wei@example.com"}[verified]
			name := map[string]string{"email": mail, "preferred_username": "A1"}[claim]
			if got.Email != mail || got.Name != name {
				t.Errorf("claim %q, verified %t: %q, %q", claim, verified, got.Name, got.Email)
			}
		}
	}
}

func TestAnAnswerThatWasNotAskedForIsRefused(t *testing.T) {
	t.Parallel()
	m := provider(t)
	p := client(m)
	for name, change := range map[string]func(parts []string, answer url.Values) []string{
		"no ticket":       func([]string, url.Values) []string { return nil },
		"an empty ticket": func([]string, url.Values) []string { return []string{"", "", ""} },
		"another state":   func(parts []string, answer url.Values) []string { answer.Set("state", "x"); return parts },
		"no state":        func(parts []string, answer url.Values) []string { answer.Del("state"); return parts },
		"another nonce":   func(parts []string, _ url.Values) []string { return []string{parts[0], "x", parts[2]} },
		"another verifier": func(parts []string, _ url.Values) []string {
			return []string{parts[0], parts[1], strings.Repeat("x", 43)}
		},
		"another code": func(parts []string, answer url.Values) []string { answer.Set("code", "x"); return parts },
		"from another issuer": func(parts []string, answer url.Values) []string {
			answer.Set("iss", "https://evil.example")
			return parts
		},
	} {
		t.Run(name, func(t *testing.T) {
			q, answer := begin(t, p)
			parts := change(strings.Split(q.Ticket, "."), answer)
			if got, err := p.Finish(t.Context(), strings.Join(parts, "."), answer); !errors.Is(err, accounts.ErrForged) || got != (accounts.Identity{}) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestATokenForSomebodyElseOrOfYesterdayIsRefused(t *testing.T) {
	t.Parallel()
	m := provider(t)
	q, answer := begin(t, client(m))
	m.FastForward(-2 * time.Hour) // the token that it gives now is over for us
	if _, err := client(m).Finish(t.Context(), q.Ticket, answer); !errors.Is(err, accounts.ErrForged) {
		t.Errorf("an old token: %v", err)
	}
}

func TestADenialIsNoFaultAndAFaultIsNoDenial(t *testing.T) {
	t.Parallel()
	m := provider(t)
	p := client(m)
	for code, want := range map[string]error{"access_denied": accounts.ErrDenied, "login_required": accounts.ErrDenied, "": accounts.ErrDenied,
		"temporarily_unavailable": tasks.ErrUnavailable, "server_error": tasks.ErrUnavailable} {
		q, _ := begin(t, p)
		state, _, _ := strings.Cut(q.Ticket, ".")
		if _, err := p.Finish(t.Context(), q.Ticket, url.Values{"state": {state}, "error": {code}}); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	q, answer := begin(t, p)
	for range 2 { // the first is taken for the wrong way to present the secret
		m.QueueError(&mockoidc.ServerError{Code: http.StatusInternalServerError, Error: mockoidc.InternalServerError})
	}
	if _, err := p.Finish(t.Context(), q.Ticket, answer); !errors.Is(err, tasks.ErrUnavailable) {
		t.Errorf("a fault of the provider: %v", err)
	}
}

func TestAProviderThatIsDownStopsNobodyAndIsAskedAgain(t *testing.T) {
	t.Parallel()
	m := provider(t)
	down := true
	p := client(m, func(o *oidc.Options) {
		o.HTTP = &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if down {
				return nil, errors.New("no route to wei@example.com")
			}
			return http.DefaultTransport.RoundTrip(r)
		})}
	})
	if _, err := p.Begin(t.Context()); !errors.Is(err, tasks.ErrUnavailable) || strings.Contains(fmt.Sprint(err), "wei@") {
		t.Errorf("down: %v", err)
	}
	down = false
	ctx, cancel := context.WithCancel(t.Context())
	q, err := p.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer := browse(t, q.URL)
	cancel() // the request that read the document is over; its keys must still be found
	if _, err := p.Finish(t.Context(), q.Ticket, answer); err != nil {
		t.Errorf("up again: %v", err)
	}
	q, answer = begin(t, p)
	down = true
	if _, err := p.Finish(t.Context(), q.Ticket, answer); !errors.Is(err, tasks.ErrUnavailable) {
		t.Errorf("down between: %v", err)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
