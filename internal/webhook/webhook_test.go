package webhook

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"beian/tasks"
)

// heard is a request as a receiver gets it.
type heard struct {
	header http.Header
	body   []byte
}

// receives is a receiver that answers by fn, and what it heard.
func receives(t *testing.T, fn http.HandlerFunc) (url string, got chan heard) {
	t.Helper()
	got = make(chan heard, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- heard{r.Header, body}
		fn(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, got
}

func says(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func local() *Caller {
	return New(Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Jobs: "https://beian.example.com/v1/jobs/", Version: "test"})
}

func call(url string) tasks.Call {
	return tasks.Call{ID: "TR1.7", Type: "transfer.done", At: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC), Receipt: "TR1", Kind: tasks.KindTransfer,
		State: tasks.StateDone, Seq: 7, Webhook: tasks.Webhook{URL: url, Secret: []byte("a secret of thirty-two characters")}}
}

func verifies(t *testing.T, secret []byte, h heard) bool {
	t.Helper()
	checker, err := standardwebhooks.NewWebhookRaw(secret)
	if err != nil {
		t.Fatal(err)
	}
	return checker.Verify(h.body, h.header) == nil
}

func TestAMessageIsSignedAsTheSpecificationHasIt(t *testing.T) {
	t.Parallel()
	url, got := receives(t, says(204))
	c := call(url + "/hook?x=1")
	if a := local().Call(t.Context(), c); !a.Took() || a.Status != 204 {
		t.Fatalf("%+v", a)
	}
	h := <-got
	if !verifies(t, c.Webhook.Secret, h) || verifies(t, []byte("another"), h) {
		t.Error("the signature does not stand for the secret")
	}
	if h.header.Get("webhook-id") != c.ID || h.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", h.header)
	}
	if n, err := strconv.ParseInt(h.header.Get("webhook-timestamp"), 10, 64); err != nil || time.Since(time.Unix(n, 0)).Abs() > time.Minute {
		t.Errorf("sent at %d, %v", n, err)
	}
	want := `{"type":"transfer.done","timestamp":"2026-03-02T01:00:00Z","data":{"receipt":"TR1","kind":"transfer","state":"done","sequence":7,` +
		`"url":"https://beian.example.com/v1/jobs/TR1"}}`
	if string(h.body) != want {
		t.Errorf("body %s", h.body)
	}
	test := tasks.Call{ID: "test.1", Type: "webhook.test", At: c.At, Webhook: c.Webhook}
	local().Call(t.Context(), test)
	var m message
	if h = <-got; json.Unmarshal(h.body, &m) != nil || m.Type != "webhook.test" || m.Data != (data{}) || !verifies(t, c.Webhook.Secret, h) {
		t.Errorf("a test says %s", h.body)
	}
}

func TestTheFormerSecretSignsTooWhileItLives(t *testing.T) {
	t.Parallel()
	url, got := receives(t, says(200))
	c := call(url)
	c.Webhook.Former, c.Webhook.FormerUntil = []byte("the secret before"), time.Now().Add(time.Hour)
	local().Call(t.Context(), c)
	if h := <-got; !verifies(t, c.Webhook.Former, h) || !verifies(t, c.Webhook.Secret, h) {
		t.Error("one of two secrets does not verify")
	}
	c.Webhook.FormerUntil = time.Now().Add(-time.Second)
	local().Call(t.Context(), c)
	if h := <-got; verifies(t, c.Webhook.Former, h) || !verifies(t, c.Webhook.Secret, h) {
		t.Error("the former secret outlives its day")
	}
}

func TestARedirectIsNoAnswerAndIsNotFollowed(t *testing.T) {
	t.Parallel()
	other, got := receives(t, says(200))
	url, _ := receives(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusTemporaryRedirect) })
	if a := local().Call(t.Context(), call(url)); a.Took() || a.Status != 307 {
		t.Errorf("%+v", a)
	}
	if len(got) > 0 {
		t.Error("the redirect was followed")
	}
}

// Threat: an operator's webhook reads what only this machine can reach.
func TestSecurityWhatIsNotPublicIsNotCalled(t *testing.T) {
	t.Parallel()
	url, got := receives(t, says(200))
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	public := New(Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.1.2.3", "192.168.0.1", "169.254.169.254",
		"100.100.100.200", "[fe80::1]", "[fd00::1]", "224.0.0.1", "2130706433"} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if a := public.Call(ctx, call("http://"+host+":"+port+"/")); a.Reason != "address not allowed" && a.Reason != "name not found" && a.Reason != "no answer" {
			t.Errorf("%s: %+v", host, a)
		}
		cancel()
	}
	if len(got) > 0 {
		t.Error("this machine was called")
	}
	if a := public.Call(t.Context(), call(url)); a.Reason != "address not allowed" {
		t.Errorf("%+v", a)
	}
}

func TestReceiversOfEveryTemper(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	for name, c := range map[string]struct {
		fn   http.HandlerFunc
		want tasks.CallAnswer
	}{
		"refuses": {says(500), tasks.CallAnswer{Status: 500}},
		"is gone": {says(410), tasks.CallAnswer{Status: 410}},
		"asks":    {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "90"); w.WriteHeader(429) }, tasks.CallAnswer{Status: 429, After: 90 * time.Second}},
		"asks much": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999")
			w.WriteHeader(503)
		}, tasks.CallAnswer{Status: 503, After: 24 * time.Hour}},
		"asks wrong": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "-5"); w.WriteHeader(503) }, tasks.CallAnswer{Status: 503}},
		"talks on": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1000 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
					return
				}
			}
		}, tasks.CallAnswer{Status: 200}},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, tasks.CallAnswer{Reason: "no answer"}},
		"hangs":    {func(http.ResponseWriter, *http.Request) { <-hang }, tasks.CallAnswer{Reason: "timed out"}},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := receives(t, c.fn)
			caller := local()
			if name == "hangs" {
				caller.client.Timeout = 100 * time.Millisecond
				defer close(hang)
			}
			if got := caller.Call(t.Context(), call(url)); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
	secure := httptest.NewTLSServer(says(200))
	t.Cleanup(secure.Close)
	if a := local().Call(t.Context(), call(secure.URL)); a.Reason != "certificate not accepted" {
		t.Errorf("%+v", a)
	}
	if a := local().Call(t.Context(), call("http://127.0.0.1:1/")); a.Reason != "no answer" {
		t.Errorf("%+v", a)
	}
	if a := local().Call(t.Context(), call("://")); a.Took() || a.Reason == "" {
		t.Errorf("%+v", a)
	}
}
