package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/store"
	"beian/internal/text"
	"beian/internal/vault"
	"beian/tasks"
)

const (
	testPassword = "a quiet grey heron"
	testKey      = "key-of-the-filing-system-0123456789"
	testOrigin   = "https://forms.example.cn"
	sourceLogin  = "source@example.com"
	targetLogin  = "target@example.com"
	strangerMail = "stranger@example.com"
	sourcePhone  = "13800138001"
	targetPhone  = "13900139002"
	holderPhone  = "13700137003"
)

const testFacts = `{"type":"account","external_id":"A1","site":"china","status":"active","login_email":"source@example.com","security_phone":"13800138001"}
{"type":"account","external_id":"A2","site":"china","status":"active","login_email":"target@example.com","security_phone":"13900139002"}
{"type":"account","external_id":"A3","site":"china","status":"active","login_email":"stranger@example.com","security_phone":"13600136004"}
{"type":"account","external_id":"A4","site":"international","status":"frozen","login_email":"blocked@example.com","security_phone":"13500135005"}
{"type":"subject","external_id":"S1","account":"A1","nature":"individual","name":"李晓明","certificate":{"type":"id_card","number":"110101199003077213"},"icp_number":"京ICP备20240011号","principal":{"name":"李晓明","phone":"13700137003"}}
{"type":"website","external_id":"W1","subject":"S1","name":"读书笔记","domain":"notes.example.com","suffix":1,"principal":{"name":"李晓明","phone":"13700137003"},"domain_account":"A1","server_account":"A1"}
{"type":"order","external_id":"O1","account":"A4","kind":"first","in_progress":true}
`

// bench is a server on a real desk and a real record.
type bench struct {
	*Server
	store    *store.Store
	platform *oldPlatform
	desk     *tasks.Desk
	sent     *outgoing
	log      *lines
	http     *httptest.Server
	tokens   map[string]string
	porter   *accounts.Service
	metrics  *prometheus.Registry
}

// outgoing records messages and confirms each.
type outgoing struct {
	mu   sync.Mutex
	sent []tasks.Message
}

func (o *outgoing) Send(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, m)
	return tasks.Sent{ProviderID: m.OutID, Delivered: true}, nil
}

func (o *outgoing) Find(context.Context, tasks.Message) (tasks.Sent, error) {
	return tasks.Sent{}, tasks.ErrNotFound
}

// lines is a log that tests read while the server writes it.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

type drawing struct{}

func (drawing) ID() string { return uuid.Must(uuid.NewV7()).String() }

func (drawing) Receipt(letters string) (string, error) {
	r, err := filing.NewReceipt(letters, rand.Reader)
	return r.String(), err
}

func newBench(t testing.TB, change ...func(*Parts)) *bench {
	t.Helper()
	keys, err := vault.New()
	must(t, err)
	record, err := store.Open(t.Context(), store.Options{URL: "sqlite://" + filepath.Join(t.TempDir(), "record.db"), Vault: keys})
	must(t, err)
	t.Cleanup(func() { must(t, record.Close()) })
	_, err = record.Migrate(t.Context())
	must(t, err)
	must(t, record.SetSubjectLimit(t.Context(), 1))
	b := &bench{platform: newOldPlatform(t), store: record, sent: &outgoing{}, log: &lines{}, tokens: map[string]string{}, metrics: prometheus.NewRegistry()}
	policy := testPolicy(t)
	b.porter = accounts.New(accounts.Parts{Store: record.Accounts(), Random: drawing{}, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	b.desk = tasks.NewDesk(tasks.DeskParts{Store: record, Sender: b.sent, Secrets: keys, Random: drawing{}, Passwords: b.porter,
		Flows: tasks.Flows(policy, keys, drawing{}), Lease: time.Minute, Cabinet: newDrawer(), Legacy: b.platform})
	parts := b.parts(t, keys)
	for _, fn := range change {
		fn(&parts)
	}
	b.Server = New(parts)
	b.people(t)
	b.http = httptest.NewServer(b.Handler())
	t.Cleanup(func() { b.end(); b.http.Close() })
	return b
}

func (b *bench) parts(t testing.TB, keys *vault.Vault) Parts {
	t.Helper()
	catalog, err := text.Load()
	must(t, err)
	pages, err := page.New(page.Options{Catalog: catalog, Pages: PageFiles()})
	must(t, err)
	take := func(ctx context.Context, r io.Reader) (intake.Report, error) {
		return intake.Run(ctx, b.store, r, intake.Options{})
	}
	return Parts{Desk: b.desk, Reviews: b.desk, Accounts: b.porter, Intake: take, Catalog: catalog, Renderer: pages,
		Log: zerolog.New(b.log), PublicURL: "https://beian.example.cn", CORSOrigins: []string{testOrigin}, APIKey: testKey,
		Digest: func(a string) string { return keys.Index("client", a) }, Metrics: b.metrics, Letters: pressing{},
		pace:      pace{body: 10 * time.Second, poll: 10 * time.Millisecond, wait: 5 * time.Millisecond, ping: 20 * time.Millisecond, stream: time.Minute},
		Watermark: func(picture []byte, _ ...string) ([]byte, error) { return picture, nil }, Inspector: oneQueue{},
		Stats: b.desk, Journal: journalOfTests{b.store, b.porter},
		Calendar: CalendarParts{Desk: CalendarOfTests{b.store}, Days: 2},
		Checks:   []Check{{Name: "database", Run: b.store.Ping}}}
}

func (b *bench) people(t testing.TB) {
	t.Helper()
	report, err := intake.Run(t.Context(), b.store, strings.NewReader(testFacts), intake.Options{})
	must(t, err)
	if report.Refused > 0 {
		t.Fatalf("facts refused: %+v", report.Faults)
	}
	for name, login := range map[string]string{"source": sourceLogin, "target": targetLogin, "stranger": strangerMail, "blocked": "blocked@example.com"} {
		must(t, b.porter.SetPassword(t.Context(), tasks.System(), login, testPassword))
		_, b.tokens[name], err = b.porter.SignIn(t.Context(), accounts.SignIn{Login: login, Password: testPassword})
		must(t, err)
	}
	for _, role := range accounts.StaffRoles() {
		_, err := b.porter.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: string(role), Name: "Staff", Role: role, Password: testPassword})
		must(t, err)
		_, b.tokens[string(role)], err = b.porter.StaffSignIn(t.Context(), accounts.SignIn{Login: string(role), Password: testPassword})
		must(t, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// work carries out everything that is due, until nothing is.
func (b *bench) work(t testing.TB) {
	t.Helper()
	for range 60 { // an import takes a round for each item
		var done int
		for _, q := range tasks.Queues() {
			due, err := b.store.TakeOutgoing(t.Context(), q, 100, 0)
			must(t, err)
			for _, one := range due {
				must(t, b.desk.Work(t.Context(), one.TaskRef))
			}
			done += len(due)
		}
		if done == 0 {
			return
		}
	}
	t.Fatal("the work never ends")
}

// param is a parameter of the newest message of a template to a phone.
func (b *bench) param(t testing.TB, to, name string) string {
	t.Helper()
	b.work(t)
	b.sent.mu.Lock()
	defer b.sent.mu.Unlock()
	for i := len(b.sent.sent) - 1; i >= 0; i-- {
		m := b.sent.sent[i]
		if m.Phone.Reveal() == to && m.Params[name] != "" {
			return m.Params[name]
		}
	}
	t.Fatalf("no message with %s was sent", name)
	return ""
}

// ask is one request; as names whose session it carries.
type ask struct {
	as, method, path, body, key string
	head                        map[string]string
}

type reply struct {
	status int
	head   http.Header
	raw    string
}

func (b *bench) do(t testing.TB, a ask) reply {
	t.Helper()
	out, err := b.try(t.Context(), a)
	must(t, err)
	return out
}

func (b *bench) try(ctx context.Context, a ask) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, a.method, b.http.URL+a.path, strings.NewReader(a.body))
	if err != nil {
		return reply{}, err
	}
	if a.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if b.tokens[a.as] != "" {
		req.Header.Set("Authorization", "Bearer "+b.tokens[a.as])
	}
	if a.key != "" {
		req.Header.Set("Idempotency-Key", a.key)
	}
	for name, value := range a.head {
		req.Header.Set(name, value)
	}
	res, err := b.http.Client().Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return reply{status: res.StatusCode, head: res.Header, raw: string(raw)}, err
}

func (a reply) job(t testing.TB, status int) jobBody {
	t.Helper()
	var j jobBody
	a.into(t, status, &j)
	return j
}

func (a reply) problem(t testing.TB, status int, code string) Problem {
	t.Helper()
	var p Problem
	a.into(t, status, &p)
	if p.Code != code || p.Status != status || a.head.Get("Content-Type") != problemType {
		t.Fatalf("got %s %s, want %s", p.Code, a.raw, code)
	}
	if p.RequestID == "" || p.Title == "" || p.Detail == "" || strings.Contains(a.raw, "!{") {
		t.Errorf("incomplete problem %s", a.raw)
	}
	return p
}

func (a reply) into(t testing.TB, status int, v any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d, want %d: %s", a.status, status, a.raw)
	}
	if err := json.Unmarshal([]byte(a.raw), v); err != nil {
		t.Fatalf("%v in %s", err, a.raw)
	}
}

const submission = `{"target":"target@example.com","target_phone4":"9002","consent":true}`

// submit begins the transfer of the source's subject.
func (b *bench) submit(t testing.TB) jobBody {
	t.Helper()
	return b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: newKey()}).job(t, 202)
}

// verified brings it to the target.
func (b *bench) verified(t testing.TB) jobBody {
	t.Helper()
	j := b.submit(t)
	return b.act(t, "source", j.Receipt, "verify", fmt.Sprintf(`{"code":%q}`, b.param(t, holderPhone, "code"))).job(t, 200)
}

func (b *bench) act(t testing.TB, as, receipt, verb, body string) reply {
	t.Helper()
	a := ask{as: as, method: "POST", path: "/v1/transfers/" + receipt + "/" + verb, body: body, key: newKey()}
	if verb == "release" || verb == "reject" {
		a.head = map[string]string{"If-Match": b.etag(t, receipt)}
	}
	return b.do(t, a)
}

// etag is that of a job's present version.
func (b *bench) etag(t testing.TB, receipt string) string {
	t.Helper()
	v, err := b.desk.Glance(t.Context(), receipt, tasks.Viewer{System: true})
	must(t, err)
	return etag(v.Job.Version)
}

func newKey() string { return strconv.Quote(rand.Text()) }
