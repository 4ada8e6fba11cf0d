package api_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"beian/api"
	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/store"
	"beian/internal/text"
	"beian/internal/vault"
	"beian/internal/workday"
	"beian/tasks"
)

const (
	opsPassword = "a quiet grey heron"
	opsFacts    = `{"type":"account","external_id":"A1","site":"china","status":"active","login_email":"source@example.com","security_phone":"13900139001"}
{"type":"account","external_id":"A2","site":"china","status":"active","login_email":"target@example.com","security_phone":"13900139002"}
{"type":"subject","external_id":"S1","account":"A1","nature":"individual","name":"李晓明","certificate":{"type":"id_card","number":"110101199003077213"},"icp_number":"京ICP备20240011号","principal":{"name":"李晓明","phone":"13700137003"}}
{"type":"website","external_id":"W1","subject":"S1","name":"读书笔记","domain":"notes.example.com","suffix":1,"principal":{"name":"李晓明","phone":"13700137003"},"domain_account":"A1","server_account":"A1"}
`
)

// opsWorld is a server with the console on a real desk and a real record, at a
// time that stands still.
type opsWorld struct {
	t       *testing.T
	store   *store.Store
	desk    *tasks.Desk
	porter  *accounts.Service
	console *api.Ops
	http    *httptest.Server
	now     time.Time
	codes   *opsSender
	journal *opsRecord
	keys    *vault.Vault
	days    *workday.Calendar
	papers  *opsCabinet
}

func newOpsWorld(t *testing.T, change ...func(*api.OpsParts)) *opsWorld {
	t.Helper()
	w := &opsWorld{t: t, now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), codes: &opsSender{}}
	keys, err := vault.New()
	w.must(err)
	w.store, err = store.Open(t.Context(), store.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "record.db"), Vault: keys,
		Clock: func() time.Time { return w.now }})
	w.must(err)
	t.Cleanup(func() { w.must(w.store.Close()) })
	_, err = w.store.Migrate(t.Context())
	w.must(err)
	w.must(w.store.SetSubjectLimit(t.Context(), 1))
	random := &opsRandom{}
	years, err := workday.Shipped()
	w.must(err)
	w.keys, w.days, w.papers = keys, workday.New(years...), &opsCabinet{kept: map[string][]byte{}}
	policy := tasks.Policy{RealName: "off", TargetAcceptance: true, TargetWindow: 72 * time.Hour, VerifyWindow: 24 * time.Hour,
		Calendar: w.days, ReviewDays: 2, FourEyes: true, Rounds: 3, DraftLife: 7 * 24 * time.Hour, MoreLife: 15 * 24 * time.Hour,
		Hold: 24 * time.Hour, LongHold: 72 * time.Hour, TransferHold: 7 * 24 * time.Hour, ContactHold: 72 * time.Hour, AppealWindow: 15 * 24 * time.Hour}
	w.desk = tasks.NewDesk(tasks.DeskParts{Store: w.store, Sender: w.codes, Secrets: keys, Random: random,
		Flows: tasks.Flows(policy, keys, random), Lease: time.Minute, Cabinet: w.papers, Undo: 10 * time.Second})
	w.porter = accounts.New(accounts.Parts{Store: w.store.Accounts(), Random: random, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	w.people()
	w.serve(change)
	return w
}

func (w *opsWorld) people() {
	report, err := intake.Run(w.t.Context(), w.store, strings.NewReader(opsFacts), intake.Options{})
	w.must(err)
	if report.Refused > 0 {
		w.t.Fatalf("facts refused: %+v", report.Faults)
	}
	for _, login := range []string{"source@example.com", "target@example.com"} {
		w.must(w.porter.SetPassword(w.t.Context(), tasks.System(), login, opsPassword))
	}
	for _, role := range accounts.StaffRoles() {
		_, err := w.porter.AddStaff(w.t.Context(), tasks.System(), accounts.NewStaff{Login: string(role), Name: "陈" + string(role), Role: role, Password: opsPassword})
		w.must(err)
	}
}

func (w *opsWorld) serve(change []func(*api.OpsParts)) {
	catalog, err := text.Load()
	w.must(err)
	w.journal = &opsRecord{store: w.store}
	parts := api.OpsParts{Porter: w.porter, Desk: w.desk, Work: w.journal, Dead: w.journal, Journal: w.journal, Catalog: catalog,
		Log: zerolog.Nop(), Now: func() time.Time { return w.now }, NewID: func() string { return "form-1" },
		Paused: func(context.Context) (map[tasks.Queue]bool, error) {
			return map[tasks.Queue]bool{tasks.QueueNotify: true}, nil
		},
		Reviews: api.ReviewParts{Desk: w.desk, Calendar: w.days, Watermark: w.papers.mark, Words: w.words(catalog),
			Ticket: func(text string) string { return w.keys.Token("picture", text) }}}
	for _, fn := range change {
		fn(&parts)
	}
	w.console, err = api.NewOps(parts)
	w.must(err)
	pages, err := page.New(page.Options{Catalog: catalog})
	w.must(err)
	server := api.New(api.Parts{Desk: w.desk, Reviews: w.desk, Journal: opsJournal{w.journal, w.porter}, Watermark: w.papers.mark, Calendar: api.CalendarParts{Now: func() time.Time { return w.now }},
		Digest: func(a string) string { return w.keys.Index("client", a) }, Accounts: w.porter, Catalog: catalog, Renderer: pages, Log: zerolog.Nop(),
		PublicURL: "http://beian.example.cn", Pages: api.PagesOf(w.console.Routes, func(_ *api.Server, e *echo.Echo) {
			e.GET("/assets/*", echo.WrapHandler(pages.AssetHandler()))
		})})
	w.http = httptest.NewServer(server.Handler())
	w.t.Cleanup(w.http.Close)
}

func (w *opsWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// opsBrowser is one person's browser.
type opsBrowser struct {
	*opsWorld
	client *http.Client
	lang   string
}

// anyone opens a browser in which nobody is signed in.
func (w *opsWorld) anyone() *opsBrowser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	client := w.http.Client()
	return &opsBrowser{opsWorld: w, lang: "en", client: &http.Client{Transport: client.Transport, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as opens a browser in which a member of staff is signed in.
func (w *opsWorld) as(role tasks.ActorKind) *opsBrowser {
	w.t.Helper()
	b := w.anyone()
	got := b.post("/ops/sign-in", url.Values{"staff_login": {string(role)}, "password": {opsPassword}})
	if got.status != http.StatusSeeOther || got.to != "/ops" {
		w.t.Fatalf("signing in as %s: %d %s", role, got.status, got.to)
	}
	return b
}

type opsAnswer struct {
	status int
	to     string // Location
	body   string
	head   http.Header
}

func (b *opsBrowser) get(path string) opsAnswer { return b.send(http.MethodGet, path, nil, nil) }

func (b *opsBrowser) post(path string, form url.Values) opsAnswer {
	return b.send(http.MethodPost, path, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
}

func (b *opsBrowser) send(method, path string, form url.Values, head map[string]string) opsAnswer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.http.URL+path, strings.NewReader(form.Encode()))
	b.must(err)
	r.Header.Set("Accept-Language", b.lang)
	r.Header.Set("X-Request-Id", "request-of-a-test")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range head {
		r.Header.Set(name, value)
	}
	res, err := b.client.Do(r)
	b.must(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	b.must(err)
	return opsAnswer{status: res.StatusCode, to: res.Header.Get("Location"), body: string(raw), head: res.Header}
}

// transfer opens a transfer that waits for its target, and returns its receipt.
func (w *opsWorld) transfer() string {
	w.t.Helper()
	session, _, err := w.porter.SignIn(w.t.Context(), accounts.SignIn{Login: "source@example.com", Password: opsPassword})
	w.must(err)
	acc, err := w.desk.Submit(w.t.Context(), tasks.Submission{Kind: tasks.KindTransfer, AccountID: session.AccountID, Lang: "zh-CN",
		Fields: map[string]string{"target": "target@example.com", "target_phone4": "9002", "consent": "yes"},
		Once:   tasks.Once{Scope: "test", Key: "submit"}})
	w.must(err)
	w.deliver()
	_, err = w.desk.Act(w.t.Context(), tasks.Action{Receipt: acc.Receipt, Verb: tasks.VerbVerify, By: tasks.Viewer{AccountID: session.AccountID},
		Fields: map[string]string{"code": w.codes.code()}, Once: tasks.Once{Scope: "test", Key: "verify"}})
	w.must(err)
	w.deliver()
	return acc.Receipt
}

// disputed is a transfer that somebody has frozen.
func (w *opsWorld) disputed() string {
	w.t.Helper()
	receipt := w.transfer()
	w.now = w.now.Add(time.Hour)
	v, err := w.desk.Look(w.t.Context(), receipt, tasks.Viewer{System: true})
	w.must(err)
	_, err = w.desk.Act(w.t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: w.desk.Veto(v.Job.ID)},
		Once: tasks.Once{Scope: "test", Key: "dispute"}})
	w.must(err)
	w.now = w.now.Add(90 * time.Minute)
	return receipt
}

func (w *opsWorld) state(receipt string) tasks.State {
	w.t.Helper()
	v, err := w.desk.Look(w.t.Context(), receipt, tasks.Viewer{System: true})
	w.must(err)
	return v.Job.State
}

// deliver carries out every message that is due.
func (w *opsWorld) deliver() {
	w.t.Helper()
	due, err := w.store.TakeOutgoing(w.t.Context(), tasks.QueueNotify, 100, 0)
	w.must(err)
	for _, one := range due {
		w.must(w.desk.Work(w.t.Context(), one.TaskRef))
	}
}

// rows are the journal's rows of an action, oldest first, as "actor object reason
// outcome".
func (w *opsWorld) rows(action string) []string {
	w.t.Helper()
	all, err := w.store.AuditEntries(w.t.Context(), 0, 1000)
	w.must(err)
	var out []string
	for i := len(all) - 1; i >= 0; i-- {
		if e := all[i]; e.Action == action {
			out = append(out, fmt.Sprintf("%s|%s|%s|%s", e.Actor.Kind, e.Object, e.Reason, e.Outcome))
		}
	}
	return out
}

// opsSender takes every message and remembers the newest code.
type opsSender struct {
	mu     sync.Mutex
	newest string
	refuse tasks.SendClass // what every SMS is answered, when set
}

func (s *opsSender) Send(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != "" && m.Channel == tasks.ChannelSMS {
		return tasks.Sent{}, &tasks.SendError{Class: s.refuse, Code: "isv.TEST"}
	}
	if m.Params["code"] != "" {
		s.newest = m.Params["code"]
	}
	return tasks.Sent{ProviderID: m.OutID, Delivered: m.Channel == tasks.ChannelSMS}, nil
}

func (s *opsSender) Find(context.Context, tasks.Message) (tasks.Sent, error) {
	return tasks.Sent{}, tasks.ErrNotFound
}

func (s *opsSender) code() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newest
}

// opsRandom counts, so that pages look the same in every run.
type opsRandom struct {
	mu sync.Mutex
	n  uint64
}

func (r *opsRandom) next() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
	return binary.BigEndian.AppendUint64(nil, r.n)
}

func (r *opsRandom) ID() string { return "00000000-" + hex.EncodeToString(r.next()) }

func (r *opsRandom) Receipt(letters string) (string, error) {
	made, err := filing.NewReceipt(letters, strings.NewReader(string(r.next()[3:])))
	return made.String(), err
}

var hashInPage = regexp.MustCompile(`[0-9a-f]{64}|\.[0-9a-f]{12}\.(css|js|svg)`)

// steady takes out of a page what differs between runs and builds.
func steady(html string) string { return hashInPage.ReplaceAllString(html, "HASH") }
