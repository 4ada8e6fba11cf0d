package api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// guardedWorld asks staff for a second factor.
func guardedWorld(t *testing.T, policy string) *opsWorld {
	t.Helper()
	w := newOpsWorld(t)
	w.porter = accounts.New(accounts.Parts{Store: w.store.Accounts(), Random: &opsRandom{}, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}, StaffFactor: policy})
	w.serve(nil)
	return w
}

// authenticator computes what an app shows, by the RFC and not by our code.
func authenticator(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha1.New, key)
	if err := binary.Write(h, binary.BigEndian, at.Unix()/30); err != nil {
		t.Fatal(err)
	}
	sum := h.Sum(nil)
	var n uint32
	if err := binary.Read(bytes.NewReader(sum[sum[19]&15:][:4]), binary.BigEndian, &n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%06d", n&0x7fffffff%1000000)
}

func (b *opsBrowser) passes(t *testing.T, role tasks.ActorKind) opsAnswer {
	t.Helper()
	got := b.post("/ops/sign-in", url.Values{"staff_login": {string(role)}, "password": {opsPassword}, "next": {"/ops/audit"}})
	if got.status != http.StatusSeeOther || got.to != "/ops/sign-in/code?next=%2Fops%2Faudit" {
		t.Fatalf("the password leads to %d %s", got.status, got.to)
	}
	if home := b.get("/ops"); home.status != http.StatusSeeOther {
		t.Errorf("the password alone opens the console: %d", home.status)
	}
	return b.get(got.to)
}

func TestStaffSetUpAnAuthenticatorAndSignInWithIt(t *testing.T) {
	t.Parallel()
	for lang, title := range map[string]string{"en": "Set up an authenticator", "zh-CN": "绑定验证器"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := guardedWorld(t, accounts.FactorRequired)
			b := w.anyone()
			b.lang = lang
			page := b.passes(t, tasks.ActorAuditor)
			found := regexp.MustCompile(`<code>([A-Z2-7 ]{30,})</code>`).FindStringSubmatch(page.body)
			if page.status != 200 || found == nil || !strings.Contains(page.body, title) || !strings.Contains(page.body, `<svg class="qr"`) {
				t.Fatalf("%d %s", page.status, page.body)
			}
			secret := strings.ReplaceAll(found[1], " ", "")
			for _, wrong := range []string{"", "000000"} {
				if got := b.post("/ops/sign-in/code", url.Values{"staff_code": {wrong}}); got.status != 422 || !strings.Contains(got.body, found[1]) {
					t.Errorf("code %q: %d", wrong, got.status)
				}
			}
			done := b.post("/ops/sign-in/code", url.Values{"staff_code": {authenticator(t, secret, w.now)}, "next": {"/ops/audit"}})
			codes := regexp.MustCompile(`<code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})</code>`).FindAllStringSubmatch(done.body, -1)
			if done.status != 200 || len(codes) != 10 || !strings.Contains(done.body, `href="/ops/audit"`) || !strings.Contains(done.head.Get("Cache-Control"), "no-store") {
				t.Fatalf("%d, %d codes, %s", done.status, len(codes), done.head.Get("Cache-Control"))
			}
			if got := b.get("/ops/audit"); got.status != 200 {
				t.Errorf("the console: %d", got.status)
			}

			other := w.anyone()
			other.passes(t, tasks.ActorAuditor)
			used := other.post("/ops/sign-in/code", url.Values{"staff_code": {authenticator(t, secret, w.now)}})
			if used.status != 422 {
				t.Errorf("a used code: %d", used.status)
			}
			if got := other.post("/ops/sign-in/code", url.Values{"staff_code": {codes[0][1]}, "next": {"https://evil.example"}}); got.status != 303 || got.to != "/ops" {
				t.Errorf("a recovery code: %d %s", got.status, got.to)
			}
		})
	}
}

func TestTheCodePageOpensBehindThePasswordOnly(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t, accounts.FactorRequired)
	b := w.anyone()
	for _, got := range []opsAnswer{b.get("/ops/sign-in/code?next=/ops/jobs"), b.post("/ops/sign-in/code", url.Values{"staff_code": {"123456"}, "next": {"/ops/jobs"}})} {
		if got.status != http.StatusSeeOther || got.to != "/ops/sign-in?next=%2Fops%2Fjobs" {
			t.Errorf("%d %s", got.status, got.to)
		}
	}
	b.passes(t, tasks.ActorReviewer)
	w.now = w.now.Add(11 * time.Minute)
	if got := b.get("/ops/sign-in/code"); got.status != http.StatusSeeOther {
		t.Errorf("after eleven minutes: %d", got.status)
	}
}

func TestTheAPITakesTheCodeWithThePassword(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t, accounts.FactorOptional)
	e, err := w.porter.EnrolStaff(t.Context(), tasks.System(), "operator")
	w.must(err)
	sign := func(login, code string) opsAnswer {
		t.Helper()
		body, err := json.Marshal(map[string]any{"login": login, "password": opsPassword, "staff": true, "code": code})
		w.must(err)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+"/v1/sessions", bytes.NewReader(body))
		w.must(err)
		r.Header.Set("Content-Type", "application/json")
		res, err := w.http.Client().Do(r)
		w.must(err)
		defer res.Body.Close()
		var read bytes.Buffer
		_, err = read.ReadFrom(res.Body)
		w.must(err)
		return opsAnswer{status: res.StatusCode, body: read.String()}
	}
	if got := sign("reviewer", ""); got.status != 201 {
		t.Errorf("without an authenticator: %d %s", got.status, got.body)
	}
	if got := sign("operator", ""); got.status != 401 || !strings.Contains(got.body, "SECOND_FACTOR_REQUIRED") {
		t.Errorf("without a code: %d %s", got.status, got.body)
	}
	if got := sign("operator", "000000"); got.status != 401 || !strings.Contains(got.body, "SIGN_IN_FAILED") {
		t.Errorf("with a wrong code: %d %s", got.status, got.body)
	}
	if got := sign("operator", authenticator(t, e.Secret, w.now)); got.status != 201 || !strings.Contains(got.body, `"role":"operator"`) {
		t.Errorf("with the code: %d %s", got.status, got.body)
	}
}
