package page_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/api/page"
	"beian/api/page/pagetest"
	"beian/internal/text"
)

func TestKitchenSinkLooksAsAgreed(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, lang := range text.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			golden(t, "kitchen_sink."+string(lang)+".html", body(t, r, "kitchen_sink", sinkView(lang)))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("page differs from %s (run with -update to accept):\n%s", name, diff)
	}
}

func TestTemplatesUseOnlyWhatExists(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	pagetest.Check[sink](t, r, "kitchen_sink")
	pagetest.Check[page.Problem](t, r, "error")
}

func TestRenderAnswersWithLanguageAndCachingHeaders(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Add("Vary", "Origin")
	if err := renderer(t).Render(w, "kitchen_sink", sinkView(text.English)); err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Content-Type": {"text/html; charset=utf-8"}, "Content-Language": {"en"},
		"Vary": {"Origin", "Accept-Language, Cookie"}, "Cache-Control": {"no-store"},
	}
	got := w.Header().Clone()
	got.Del("Content-Length")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a page with errors answered %d", w.Code)
	}
}

func TestRenderWritesNothingWhenThePageFails(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, v := range map[string]page.View{
		"no_such_page": {},
		"kitchen_sink": {Data: struct{ Wrong string }{}},
	} {
		w := httptest.NewRecorder()
		err := r.Render(w, name, v)
		if err == nil {
			t.Fatalf("%s rendered", name)
		}
		if w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s wrote before failing", name)
		}
		if name == "no_such_page" && !errors.Is(err, page.ErrNoPage) {
			t.Errorf("unknown page: %v", err)
		}
	}
}

func TestPageWithErrorsSaysSoInTitleSummaryAndField(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for lang, want := range map[text.Lang][]string{
		text.Chinese: {"<title>错误：转移备案信息 - 备案账号服务台</title>", "验证码不正确，还可以再试 3 次"},
		text.English: {"<title>Error: Transfer a filing - Filing account desk</title>", "You can try 3 more times"},
	} {
		html := body(t, r, "kitchen_sink", sinkView(lang))
		for _, part := range append(want, `<html lang="`+string(lang)+`">`, `role="alert" tabindex="-1"`, `<a href="#code">`,
			`id="code-error"`, `aria-describedby="code-hint code-error" aria-invalid="true"`, `value="wang@example.com"`) {
			if !strings.Contains(html, part) {
				t.Errorf("%s: page lacks %s", lang, part)
			}
		}
		if strings.Contains(html, "!") && strings.Contains(strings.ReplaceAll(html, "<!doctype", ""), "!") {
			t.Errorf("%s: a message key or parameter is missing", lang)
		}
	}
}

func TestPasswordsAreNeverWrittenBack(t *testing.T) {
	t.Parallel()
	v := sinkView(text.English)
	v.Values.Set("legacy_password", "correct horse battery")
	if strings.Contains(body(t, renderer(t), "kitchen_sink", v), "correct horse") {
		t.Error("the password came back")
	}
}

func TestHostileWordsStayWordsInEveryComponent(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, attack := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus=alert(1) autofocus x='`,
		`javascript:alert(1)`, `</title><svg onload=alert(1)>`, `{{.}}`, "\x00<b>", `&lt;script&gt;`, `</textarea><script>1</script>`,
	} {
		v := sinkView(text.English)
		calm := skeleton(body(t, r, "kitchen_sink", v))
		d := sinkOf(attack, attack)
		d.Href, d.Tone = "/next", page.Neutral
		v.Data, v.RequestID, v.User = d, attack, attack
		v.Values.Set("target_login", attack)
		v.Values.Set("reason_note", attack)
		v.Errors = []page.FieldError{{Field: "target_login", Message: attack}, {Field: "can_sign_in", Message: attack}, {Field: "code", Message: attack}}
		if diff := cmp.Diff(calm, skeleton(body(t, r, "kitchen_sink", v))); diff != "" {
			t.Errorf("%q changed the structure of the page:\n%s", attack, diff)
		}
	}
}

func TestHostileAddressesAreNotFollowed(t *testing.T) {
	t.Parallel()
	v := sinkView(text.English)
	d := sinkOf("x", "y")
	d.Href = "javascript:alert(1)"
	v.Data, v.Back, v.Path = d, "javascript:alert(1)", "//evil.example/x"
	html := body(t, renderer(t), "kitchen_sink", v)
	for _, bad := range []string{`href="javascript:`, `href="//evil`} {
		if strings.Contains(html, bad) {
			t.Errorf("page carries %s", bad)
		}
	}
}

func TestErrorPagesExistInBothLanguages(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, status := range []int{400, 401, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 500, 502, 503} {
		for _, lang := range text.Langs() {
			w := httptest.NewRecorder()
			p := page.Problem{Status: status, At: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), Href: "/jobs/TR8F4KQX7M", Receipt: "TR8F4KQX7M"}
			if err := r.Problem(w, p, page.View{Lang: lang, RequestID: "0198c2f0", Path: "/x"}); err != nil {
				t.Fatal(err)
			}
			html := strings.ReplaceAll(w.Body.String(), "<!doctype", "")
			if w.Code != status || strings.Contains(html, "!") || !strings.Contains(html, "0198c2f0") {
				t.Errorf("%d in %s: status %d\n%s", status, lang, w.Code, html)
			}
			timed := status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
			if strings.Contains(html, "2026-11-25 18:00") != timed {
				t.Errorf("%d in %s: wrong about the time", status, lang)
			}
		}
	}
}

func TestAnErrorPageIsNeverASuccess(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := renderer(t).Problem(w, page.Problem{}, page.View{}); err != nil {
		t.Fatal(err)
	}
	if w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d", w.Code)
	}
}
