package dashboard

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"beian/tasks"
)

// shut is a dashboard whose Redis never answers: pages and files need none.
func shut(t *testing.T) *Dashboard {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	d, err := New(closedParts(client))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestThePolicyAllowsExactlyTheInlineScriptsOfThePage(t *testing.T) {
	t.Parallel()
	d := shut(t)
	for _, role := range staffRoles() {
		response := send(t, d, request(role, http.MethodGet, defaultRoot))
		body, policy := read(t, response), response.Header.Get("Content-Security-Policy")
		scripts := regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`).FindAllStringSubmatch(body, -1)
		inline := 0
		for _, s := range scripts {
			if strings.Contains(s[1], "src=") {
				continue
			}
			inline++
			sum := sha256.Sum256([]byte(s[2]))
			if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s for %.40s", role, want, s[2])
			}
		}
		if inline != 2 || strings.Count(policy, "sha256-") != inline {
			t.Errorf("%s: %d inline scripts, policy %s", role, inline, policy)
		}
		for _, want := range []string{"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "connect-src 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s", role, want)
			}
		}
		script := strings.SplitN(strings.SplitN(policy, "script-src", 2)[1], ";", 2)[0]
		if strings.Contains(script, "unsafe") {
			t.Errorf("%s: scripts are unsafe: %s", role, script)
		}
	}
}

func TestThePageAsksNoForeignHost(t *testing.T) {
	t.Parallel()
	body := read(t, send(t, shut(t), request(tasks.ActorOperator, http.MethodGet, defaultRoot+"/")))
	for _, bad := range []string{"fonts.", "googleapis", "https:", "http:", `rel="manifest"`} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if guard, first := strings.Index(body, defaultRoot+"/guard.js"), strings.Index(body, "<script>"); guard < 0 || guard > first {
		t.Error("the guard's script does not come before the others")
	}
}

func TestOnlyOperatorsGetThePageWithButtons(t *testing.T) {
	t.Parallel()
	d := shut(t)
	for _, role := range staffRoles() {
		body := read(t, send(t, d, request(role, http.MethodGet, defaultRoot+"/queues/account")))
		want := `FLAG_READ_ONLY="true"`
		if role == tasks.ActorOperator {
			want = `FLAG_READ_ONLY="false"`
		}
		if !strings.Contains(body, want) || !strings.Contains(body, `data-role="`+string(role)+`"`) {
			t.Errorf("%s: the page lacks %s", role, want)
		}
	}
}

func TestStrangersAreSentToTheSignIn(t *testing.T) {
	t.Parallel()
	d := shut(t)
	page := send(t, d, request("", http.MethodGet, defaultRoot+"/queues/review?status=retry"))
	if page.StatusCode != http.StatusFound || page.Header.Get("Location") != "/ops/sign-in?next=%2Fops%2Fqueues%2Fqueues%2Freview%3Fstatus%3Dretry" {
		t.Errorf("a page: %d to %s", page.StatusCode, page.Header.Get("Location"))
	}
	for _, target := range []string{"GET /api/queues", "POST /api/queues/account:pause", "GET /static/js/main.5adda2da.chunk.js", "GET /guard.js"} {
		method, path, _ := strings.Cut(target, " ")
		response := send(t, d, request("", method, defaultRoot+path))
		if response.StatusCode != http.StatusUnauthorized || response.Header.Get("X-Beian-Refusal") != "SIGN_IN_REQUIRED" {
			t.Errorf("%s: %d", target, response.StatusCode)
		}
	}
	applicant := send(t, d, request(tasks.ActorSource, http.MethodGet, defaultRoot))
	if applicant.StatusCode != http.StatusForbidden {
		t.Errorf("somebody who is no staff: %d", applicant.StatusCode)
	}
}

func TestFilesAreCompressedAndKept(t *testing.T) {
	t.Parallel()
	d := shut(t)
	body := read(t, send(t, d, request(tasks.ActorReviewer, http.MethodGet, defaultRoot)))
	sources := regexp.MustCompile(`src="([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(sources) != 3 {
		t.Fatalf("the page loads %v", sources)
	}
	for _, s := range sources {
		plain := send(t, d, request(tasks.ActorReviewer, http.MethodGet, s[1]))
		small := send(t, d, request(tasks.ActorReviewer, http.MethodGet, s[1], "Accept-Encoding", "br, gzip"))
		if got := small.Header.Get("Content-Encoding"); got != "gzip" {
			t.Fatalf("%s: content encoding %q", s[1], got)
		}
		z, err := gzip.NewReader(small.Body)
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(z)
		if err != nil || string(unpacked) != read(t, plain) {
			t.Errorf("%s: the compressed file is another one, %v", s[1], err)
		}
		for _, r := range []*http.Response{plain, small} {
			if !strings.Contains(r.Header.Get("Cache-Control"), "immutable") || r.Header.Get("X-Content-Type-Options") != "nosniff" ||
				r.Header.Get("Content-Type") != "text/javascript; charset=utf-8" {
				t.Errorf("%s: headers %v", s[1], r.Header)
			}
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	d := shut(t)
	for _, path := range []string{"/static/js/none.js", "/static/js/main.5adda2da.chunk.js.map", "/robots.txt", "/index.html", "/queues", "/x/../queues/a",
		"/queues/a/tasks/b/c", "/api", "/api/", "/api/metrics", "/api/queues/", "/api//queues", "/api/queues/account/tasks", "x"} {
		r := request(tasks.ActorOperator, http.MethodGet, defaultRoot)
		r.URL.Path = defaultRoot + path
		if response := send(t, d, r); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	if response := send(t, d, request(tasks.ActorOperator, http.MethodPost, defaultRoot+"/")); response.StatusCode != http.StatusForbidden {
		t.Errorf("a POST to the page: %d", response.StatusCode)
	}
}

func TestADashboardWithoutItsPartsIsNotBuilt(t *testing.T) {
	t.Parallel()
	if _, err := New(Parts{}); err == nil {
		t.Error("built without parts")
	}
	for _, root := range []string{"queues", "/", "/queues/"} {
		p := closedParts(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}))
		p.Root = root
		if _, err := New(p); err == nil {
			t.Errorf("built at %q", root)
		}
	}
}

func TestAnIndexThatChangedIsNotServed(t *testing.T) {
	t.Parallel()
	for _, index := range []string{"", "<html></html>", headBegin + `<script src="https://cdn.example/x.js"></script>`} {
		if _, err := makeSafe(index, Parts{}, variant{}); err == nil {
			t.Errorf("%q was accepted", index)
		}
	}
}
