package api

import (
	"context"
	"crypto/rand"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/sms"
	"beian/internal/store"
	"beian/internal/text"
	"beian/internal/vault"
	"beian/tasks"
)

const hallPassword = "a calm brown otter"

// hall is the applicants' side of a real desk on a real record with the demo's
// facts; its clock only moves when a test moves it.
type hall struct {
	store *store.Store
	desk  *tasks.Desk
	now   atomic.Int64
	url   string
	web   *Server
}

type hallRandom struct{}

func (hallRandom) ID() string { return uuid.Must(uuid.NewV7()).String() }

func (hallRandom) Receipt(letters string) (string, error) {
	r, err := filing.NewReceipt(letters, rand.Reader)
	return r.String(), err
}

// hallDrafts is what main does: the record's drafts as the pages know them.
type hallDrafts struct{ *store.Store }

func (d hallDrafts) SaveDraft(ctx context.Context, draft Draft) error {
	return d.Store.SaveDraft(ctx, store.Draft(draft))
}

func (d hallDrafts) Draft(ctx context.Context, id, accountID string) (Draft, error) {
	draft, err := d.Store.Draft(ctx, id, accountID)
	return Draft(draft), err
}

func openHall(t testing.TB, change ...func(*PageParts)) *hall {
	t.Helper()
	return openHallBeside(t, newOldPlatform(t), change...)
}

// openHallBeside opens a hall beside a legacy platform; nil is none.
func openHallBeside(t testing.TB, platform tasks.Legacy, change ...func(*PageParts)) *hall {
	t.Helper()
	h := &hall{}
	h.now.Store(time.Now().UnixMilli())
	keys := hallMust(vault.New())(t)
	h.store = hallMust(store.Open(t.Context(), store.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "record.db"), Vault: keys, Clock: h.clock}))(t)
	t.Cleanup(func() { _ = h.store.Close() })
	hallMust(h.store.Migrate(t.Context()))(t)
	h.check(t, h.store.SetSubjectLimit(t.Context(), 1))
	catalog := hallMust(text.Load())(t)
	sender := hallMust(sms.NewInbox(h.store, catalog, sms.Options{Site: sms.Site{PublicURL: "http://desk.example.cn"}, Now: h.clock}))(t)
	policy := testPolicy(t)
	porter := accounts.New(accounts.Parts{Store: h.store.Accounts(), Random: hallRandom{}, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	h.desk = tasks.NewDesk(tasks.DeskParts{Store: h.store, Sender: sender, Secrets: keys, Random: hallRandom{}, Passwords: porter,
		Flows: tasks.Flows(policy, keys, hallRandom{}), Lease: time.Minute, Cabinet: newDrawer(), Legacy: platform})
	h.people(t, porter)
	parts := Parts{Desk: h.desk, Accounts: porter, Catalog: catalog, Renderer: hallRenderer(t, catalog), Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
		PublicURL: "http://desk.example.cn", Digest: func(a string) string { return keys.Index("client", a) },
		Letters: pressing{},
		Pages:   Pages(applied(PageParts{Drafts: hallDrafts{h.store}, Policy: policy, Sealer: keys, Strip: StripOf(testCalendar(t)), Now: h.clock}, change))}
	s := New(parts)
	s.pace = pace{poll: 10 * time.Millisecond, wait: 5 * time.Millisecond, ping: 20 * time.Millisecond, stream: time.Minute}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() { s.end(); server.Close() })
	h.url, h.web = server.URL, s
	return h
}

func applied(parts PageParts, changes []func(*PageParts)) PageParts {
	for _, change := range changes {
		change(&parts)
	}
	return parts
}

func hallRenderer(t testing.TB, catalog *text.Catalog) *page.Renderer {
	t.Helper()
	return hallMust(page.New(page.Options{Catalog: catalog, Pages: PageFiles(), Site: page.Site{SignInPath: "/sign-in", SignOutPath: "/sign-out",
		Contact: map[text.Lang]string{text.Chinese: "致电 400-000-0000", text.English: "call 400-000-0000"}}}))(t)
}

func hallMust[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (h *hall) check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (h *hall) clock() time.Time { return time.UnixMilli(h.now.Load()) }

func (h *hall) pass(d time.Duration) { h.now.Add(d.Milliseconds()) }

func (h *hall) people(t testing.TB, porter *accounts.Service) {
	t.Helper()
	facts := hallMust(os.Open("../demo.ndjson"))(t)
	defer facts.Close()
	if report := hallMust(intake.Run(t.Context(), h.store, facts, intake.Options{}))(t); report.Refused > 0 {
		t.Fatalf("facts refused: %+v", report.Faults)
	}
	for _, login := range []string{"li", "wang", "full", "everything", "busy", "shop"} {
		h.check(t, porter.SetPassword(t.Context(), tasks.System(), login+"@example.com", hallPassword))
	}
}

// work carries out everything that is due.
func (h *hall) work(t testing.TB) {
	t.Helper()
	for range 20 {
		done := 0
		for _, q := range tasks.Queues() {
			due := hallMust(h.store.TakeOutgoing(t.Context(), q, 100, 0))(t)
			for _, one := range due {
				var parked *tasks.Again // a review's card waits for its next moment
				if err := h.desk.Work(t.Context(), one.TaskRef); !errors.As(err, &parked) {
					h.check(t, err)
				}
			}
			done += len(due)
		}
		if done == 0 {
			return
		}
	}
	t.Fatal("the work never ends")
}

// letter is what the newest message to an address says at a pattern's group.
func (h *hall) letter(t testing.TB, to, pattern string) string {
	t.Helper()
	h.work(t)
	for _, l := range hallMust(h.store.Letters(t.Context(), 100))(t) {
		if l.To != to {
			continue
		}
		if found := regexp.MustCompile(pattern).FindStringSubmatch(l.Text); found != nil {
			return found[1]
		}
	}
	t.Fatalf("no message with %s", pattern)
	return ""
}

// guest is a browser without scripts.
type guest struct {
	hall   *hall
	client *http.Client
	head   map[string]string
}

func (h *hall) guest(t testing.TB, lang text.Lang) *guest {
	t.Helper()
	jar := hallMust(cookiejar.New(nil))(t)
	return &guest{hall: h, client: &http.Client{Jar: jar}, head: map[string]string{"Accept-Language": string(lang)}}
}

// signedIn is a guest who signed in by the form.
func (h *hall) signedIn(t testing.TB, login string) *guest {
	t.Helper()
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/sign-in")
	g.send(t, s, "/sign-in", url.Values{"login": {login + "@example.com"}, "password": {hallPassword}}).at(t, "/account")
	return g
}

// sheet is a page as the guest got it, redirects followed.
type sheet struct {
	status int
	path   string // with query, where the guest ended up
	head   http.Header
	body   string
}

func (g *guest) get(t testing.TB, path string) sheet {
	t.Helper()
	return g.do(t, hallMust(http.NewRequestWithContext(t.Context(), http.MethodGet, g.hall.url+path, nil))(t))
}

func (g *guest) post(t testing.TB, path string, form url.Values) sheet {
	t.Helper()
	r := hallMust(http.NewRequestWithContext(t.Context(), http.MethodPost, g.hall.url+path, strings.NewReader(form.Encode())))(t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return g.do(t, r)
}

func (g *guest) do(t testing.TB, r *http.Request) sheet {
	t.Helper()
	for name, value := range g.head {
		r.Header.Set(name, value)
	}
	res := hallMust(g.client.Do(r))(t)
	defer res.Body.Close()
	raw := hallMust(io.ReadAll(res.Body))(t)
	return sheet{status: res.StatusCode, path: res.Request.URL.RequestURI(), head: res.Header, body: string(raw)}
}

// send fills the form with that action on the page: what is hidden or filled in
// already goes along.
func (g *guest) send(t testing.TB, s sheet, action string, typed url.Values) sheet {
	t.Helper()
	form, ok := s.form(t, action)
	if !ok {
		t.Fatalf("no form %s on %s (%d): %s", action, s.path, s.status, s.main())
	}
	for name, values := range typed {
		form[name] = values
	}
	return g.post(t, action, form)
}

// form reads the fields of the form with that action.
func (s sheet) form(t testing.TB, action string) (url.Values, bool) {
	t.Helper()
	for _, found := range regexp.MustCompile(`(?s)<form ([^>]*)>(.*?)</form>`).FindAllStringSubmatch(s.body, -1) {
		if attr(found[1], "action") != action {
			continue
		}
		fields := url.Values{}
		for _, input := range regexp.MustCompile(`<input [^>]*>`).FindAllString(found[2], -1) {
			if kind := attr(input, "type"); kind != "checkbox" && kind != "radio" {
				fields.Set(attr(input, "name"), attr(input, "value"))
			}
		}
		return fields, true
	}
	return nil, false
}

func attr(tag, name string) string {
	found := regexp.MustCompile(`\b` + name + `="([^"]*)"`).FindStringSubmatch(tag)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

// main is the page's main part, for messages of failed tests.
func (s sheet) main() string {
	_, after, _ := strings.Cut(s.body, "<main")
	before, _, _ := strings.Cut(after, "</main>")
	return before
}

func (s sheet) is(t testing.TB, status int, says ...string) sheet {
	t.Helper()
	if s.status != status {
		t.Fatalf("%s: got %d, want %d: %s", s.path, s.status, status, s.main())
	}
	for _, words := range says {
		if !strings.Contains(s.body, words) {
			t.Errorf("%s does not say %q: %s", s.path, words, s.main())
		}
	}
	if missing := regexp.MustCompile(`![a-z{][a-zA-Z_.{}]*!`).FindString(s.body); missing != "" {
		t.Errorf("%s shows %s", s.path, missing)
	}
	return s
}

func (s sheet) at(t testing.TB, prefix string) sheet {
	t.Helper()
	if s.status != http.StatusOK || !strings.HasPrefix(s.path, prefix) {
		t.Fatalf("is at %s (%d), want %s: %s", s.path, s.status, prefix, s.main())
	}
	return s
}

// to wang@example.com, who may receive.
func toWang() url.Values {
	return url.Values{"target": {"wang@example.com"}, "target_phone4": {"9002"}}
}

// checked brings a transfer to the page of check answers.
func (g *guest) checked(t testing.TB) sheet {
	t.Helper()
	return g.send(t, g.get(t, "/transfer/target"), "/transfer/target", toWang()).at(t, "/transfer/")
}

// submitted brings it to its status page and names its receipt.
func (g *guest) submitted(t testing.TB) (sheet, string) {
	t.Helper()
	s := g.checked(t)
	action := strings.Replace(s.path, "/check", "/submit", 1)
	s = g.send(t, s, action, url.Values{"consent": {"yes"}}).at(t, "/jobs/TR")
	return s, strings.TrimPrefix(s.path, "/jobs/")
}

// verified brings it to the receiver.
func (g *guest) verified(t testing.TB) (sheet, string) {
	t.Helper()
	s, receipt := g.submitted(t)
	code := g.hall.letter(t, "13900139101", `验证码 (\d{6})`)
	return g.send(t, s, "/jobs/"+receipt+"/verify", url.Values{"code": {code}}).at(t, "/jobs/"+receipt), receipt
}

// take takes in lines of facts, as the filing system would.
func (h *hall) take(t testing.TB, lines string) {
	t.Helper()
	if report := hallMust(intake.Run(t.Context(), h.store, strings.NewReader(lines), intake.Options{}))(t); report.Refused > 0 {
		t.Fatalf("facts refused: %+v", report.Faults)
	}
}
