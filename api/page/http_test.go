package page_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"beian/api/page"
	"beian/internal/text"
)

func TestLanguageIsChosenByQueryThenCookieThenHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query, cookie, header string
		want                        text.Lang
		sets                        bool
	}{
		{"nothing said", "", "", "", text.Chinese, false},
		{"a browser in English", "", "", "en-GB,en;q=0.9", text.English, false},
		{"a browser in Chinese", "", "", "zh-CN,zh;q=0.9,en;q=0.8", text.Chinese, false},
		{"a browser in Taiwan", "", "", "zh-TW", text.Chinese, false},
		{"a language we do not speak", "", "", "fr-FR", text.Chinese, false},
		{"French, then English", "", "", "fr-FR,en;q=0.5", text.English, false},
		{"a malformed header", "", "", ";;;===", text.Chinese, false},
		{"an endless header", "", "", strings.Repeat("en,", 5000), text.Chinese, false},
		{"cookie over header", "", "en", "zh-CN", text.English, false},
		{"a forged cookie", "", "<script>", "en", text.English, false},
		{"query over cookie", "?lang=zh-CN", "en", "en", text.Chinese, true},
		{"short query", "?lang=zh", "", "en", text.Chinese, true},
		{"unknown query", "?lang=xx", "en", "", text.English, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodGet, "/"+c.query, nil)
			r.Header.Set("Accept-Language", c.header)
			if c.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "lang", Value: c.cookie})
			}
			w := httptest.NewRecorder()
			if got := page.ChooseLang(w, r, true); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			cookie := w.Header().Get("Set-Cookie")
			if c.sets != (cookie != "") {
				t.Errorf("cookie %q", cookie)
			}
			if c.sets && !strings.Contains(cookie, "HttpOnly; Secure; SameSite=Lax") {
				t.Errorf("cookie %q lacks protection", cookie)
			}
		})
	}
}

func TestLanguageLinkKeepsPathAndQuery(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/jobs/TR8F4KQX7M?tab=docs&lang=en": "/jobs/TR8F4KQX7M?lang=zh-CN&tab=docs",
		"/a%2Fb":                            "/a%2Fb?lang=zh-CN",
		"":                                  "/?lang=zh-CN",
		"https://evil.example/x":            "/?lang=zh-CN",
		"/%zz":                              "/?lang=zh-CN",
	} {
		if got := (page.View{Lang: text.English, Path: path}).OtherURL(); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
}

func TestAssetsAreImmutableCompressedAndRevalidated(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, media := range map[string]string{"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8", "favicon.svg": "image/svg+xml"} {
		url, err := r.Assets().URL(name)
		if err != nil {
			t.Fatal(err)
		}
		packed := get(r.AssetHandler(), url, "br, gzip;q=0.8", "")
		plain := get(r.AssetHandler(), url, "gzip;q=0", "")
		unpacked, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(unpacked)
		if err != nil || !bytes.Equal(raw, plain.Body.Bytes()) {
			t.Errorf("%s: compressed and plain differ: %v", name, err)
		}
		if packed.Header().Get("Content-Type") != media || !strings.Contains(packed.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: headers %v", name, packed.Header())
		}
		if packed.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Errorf("%s: two codings share one ETag", name)
		}
		if again := get(r.AssetHandler(), url, "gzip", packed.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: revalidation answered %d", name, again.Code)
		}
	}
}

func get(h http.Handler, url, coding, tag string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Accept-Encoding", coding)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestUnknownAssetsAndMethodsAreRefused(t *testing.T) {
	t.Parallel()
	h := renderer(t).AssetHandler()
	for _, url := range []string{"/assets/app.css", "/assets/", "/assets/../renderer.go", "/assets/app.000000000000.css"} {
		if w := get(h, url, "", ""); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s answered %d", url, w.Code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/assets/app.css", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST answered %d", w.Code)
	}
}

func TestFaviconIsAnswered(t *testing.T) {
	t.Parallel()
	w := get(renderer(t).Assets().Favicon(), "/favicon.ico", "", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" {
		t.Errorf("answered %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

func TestSecurityHeadersAreSetBeforeTheHandlerRuns(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	plain := get(page.Security{}.Middleware(handler), "/", "", "").Header()
	for name, want := range map[string]string{
		"Content-Security-Policy": "require-trusted-types-for 'script'; trusted-types 'none'",
		"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Permissions-Policy": "camera=()",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if !strings.Contains(plain.Get(name), want) {
			t.Errorf("%s is %q", name, plain.Get(name))
		}
	}
	if strings.Contains(page.ApplicantPolicy+page.ConsolePolicy, "unsafe") || plain.Get("Strict-Transport-Security") != "" {
		t.Error("unsafe policy, or HSTS over plain HTTP")
	}
	secure := get(page.Security{Policy: page.ConsolePolicy, HTTPS: true}.Middleware(handler), "/", "", "").Header()
	if secure.Get("Strict-Transport-Security") == "" || secure.Get("Content-Security-Policy") != page.ConsolePolicy {
		t.Errorf("over HTTPS: %v", secure)
	}
}

func TestPagesFitTheBudget(t *testing.T) {
	t.Parallel()
	const kB = 1000
	for name, limit := range map[string]int{"assets/app.css": 10 * kB, "assets/app.js": 6 * kB, "assets/favicon.svg": kB,
		"testdata/golden/kitchen_sink.zh-CN.html": 12 * kB} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(raw)
		_ = w.Close()
		if out.Len() > limit {
			t.Errorf("%s is %d bytes compressed, more than %d", name, out.Len(), limit)
		}
	}
}
