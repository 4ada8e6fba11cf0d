package legacy_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"beian/internal/legacy"
)

func testKey() legacy.Key {
	return legacy.Key{ID: "beian-test", Secret: func() string { return "0123456789abcdef0123456789abcdef" }}
}

func signedAt() time.Time { return time.Unix(1764140400, 0) }

const testBody = `{"login":"example","password":"example"}`

func signedRequest(ticket string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "https://legacy.example.com/v1/sessions", strings.NewReader(testBody))
	if ticket != "" {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	testKey().Sign(r, []byte(testBody), signedAt())
	return r
}

// The vector of docs/legacy-protocol.md, which was computed with openssl.
func TestTheSignatureIsThatOfTheDocument(t *testing.T) {
	t.Parallel()
	h := signedRequest("").Header
	for name, want := range map[string]string{
		"Content-Digest":  "sha-256=:Yvf+XoAVFBPMr+e/EYb4ccXlXDYMPAuwGPCAYCy98dU=:",
		"Signature-Input": `beian=("@method" "@authority" "@path" "content-digest");created=1764140400;keyid="beian-test";alg="hmac-sha256"`,
		"Signature":       "beian=:ioeEeMFYJERVXrqrFGf9C1h19TfN5V4WD7qZoyHlzJQ=:",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestWhateverIsChangedAfterSigningIsRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*http.Request)
		body   string
		later  time.Duration
		want   string
	}{
		"nothing":             {},
		"four minutes late":   {later: 4 * time.Minute},
		"six minutes late":    {later: 6 * time.Minute, want: "SIGNATURE_STALE"},
		"six minutes early":   {later: -6 * time.Minute, want: "SIGNATURE_STALE"},
		"body":                {body: testBody + " ", want: "DIGEST_WRONG"},
		"method":              {change: func(r *http.Request) { r.Method = http.MethodPut }, want: "SIGNATURE_WRONG"},
		"host":                {change: func(r *http.Request) { r.Host = "other.example.com" }, want: "SIGNATURE_WRONG"},
		"path":                {change: func(r *http.Request) { r.URL.Path = "/v1/grants" }, want: "SIGNATURE_WRONG"},
		"ticket":              {change: func(r *http.Request) { r.Header.Set("Authorization", "Bearer other") }, want: "SIGNATURE_WRONG"},
		"ticket away":         {change: func(r *http.Request) { r.Header.Del("Authorization") }, want: "SIGNATURE_WRONG"},
		"digest":              {change: func(r *http.Request) { r.Header.Set("Content-Digest", "sha-256=:AA==:") }, want: "SIGNATURE_WRONG"},
		"no signature":        {change: func(r *http.Request) { r.Header.Del("Signature") }, want: "SIGNATURE_WRONG"},
		"no signature input":  {change: func(r *http.Request) { r.Header.Del("Signature-Input") }, want: "SIGNATURE_WRONG"},
		"fewer components":    {change: replaceInput(` "content-digest"`, ""), want: "SIGNATURE_WRONG"},
		"another key":         {change: replaceInput("beian-test", "beian-tesT"), want: "KEY_UNKNOWN"},
		"another moment":      {change: replaceInput("1764140400", "1764140401"), want: "SIGNATURE_WRONG"},
		"another kind of MAC": {change: replaceInput("hmac-sha256", "none"), want: "SIGNATURE_WRONG"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := signedRequest("a-ticket")
			if test.change != nil {
				test.change(r)
			}
			body := testBody
			if test.body != "" {
				body = test.body
			}
			if got := testKey().Verify(r, []byte(body), signedAt().Add(test.later)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func replaceInput(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), old, new, 1))
	}
}
