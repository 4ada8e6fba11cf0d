// Package dashboard serves asynqmon, the dashboard of Asynq, behind a guard:
// only signed-in staff see it, every action is judged by an allow-list, written
// down before it happens and again afterwards, and nothing personal is shown
// (V6, docs/adr/0006-dashboard-behind-a-guard.md).
package dashboard

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hibiken/asynq"
	"github.com/hibiken/asynqmon"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/tasks"
)

const (
	defaultRoot     = "/ops/queues"
	defaultHome     = "/ops"
	defaultSignIn   = "/ops/sign-in"
	defaultPauseFor = 30 * time.Minute
)

// Parts is what the dashboard is made of. Root, Home, SignIn and PauseFor have
// defaults; State and Lang may be nil.
type Parts struct {
	// Redis is the shared client of the queues; it is never closed here.
	Redis redis.UniversalClient
	// Root is the path it is mounted at, by default /ops/queues. The router must
	// not strip it, and must not compress what comes out.
	Root string
	// Home is where "back to the console" leads, SignIn where strangers go.
	Home, SignIn string
	// Staff says who asks; false when nobody is signed in.
	Staff func(*http.Request) (Staff, bool)
	// Audit writes one row of the journal, durably.
	Audit func(context.Context, Entry) error
	// State reads the live, masked state of tasks by their ids in the outbox; ids
	// it does not know are left out.
	State func(ctx context.Context, ids []string) (map[string]Live, error)
	// Decode reads the reference in a task's payload.
	Decode func(payload []byte) (tasks.TaskRef, error)
	// Lang is the language of a request, "zh-CN" or "en".
	Lang func(*http.Request) string
	Log  zerolog.Logger
	Now  func() time.Time
	// PauseFor is how long a paused queue stays so, by default 30 minutes.
	PauseFor time.Duration
}

// Staff is who asks, in which role (V4).
type Staff struct {
	ID   string
	Role tasks.ActorKind
}

// Entry is one row of the journal. Outcome is "asked" before an action, then
// "done" or "failed"; "denied: CODE" when it never happened.
type Entry struct {
	Actor     tasks.Actor
	Action    string // dashboard.<verb>
	Object    string // <queue> or <queue>/<task id>
	Reason    string // what staff typed; long numbers and addresses are blotted out
	Outcome   string
	RequestID string
}

// Dashboard is the guarded dashboard, an http.Handler for Root and all below.
type Dashboard struct {
	parts     Parts
	readOnly  http.Handler
	writing   http.Handler
	inspector *asynq.Inspector
	pauses    *Pauses
	board     *board
	pages     map[variant]page
	files     *files
	front     http.Handler
}

// New builds the dashboard. It fails when asynqmon's page is not the one the
// guard knows how to make safe, and when a part is missing.
func New(p Parts) (*Dashboard, error) {
	p = p.withDefaults()
	if p.Redis == nil || p.Staff == nil || p.Audit == nil || p.Decode == nil || p.Now == nil {
		return nil, errors.New("the dashboard needs Redis, Staff, Audit, Decode and Now")
	}
	if !strings.HasPrefix(p.Root, "/") || path.Clean(p.Root) != p.Root || p.Root == "/" {
		return nil, errors.New("the dashboard's root must be a path such as /ops/queues")
	}
	d := &Dashboard{parts: p, pauses: NewPauses(p), board: newBoard(p),
		inspector: asynq.NewInspectorFromRedisClient(p.Redis)}
	d.readOnly, d.writing = d.monitor(true), d.monitor(false)
	d.files = newFiles(p.Root, d.readOnly)
	var err error
	if d.pages, err = renderPages(p, d.readOnly, d.writing); err != nil {
		return nil, err
	}
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.harden(w)
		d.refuse(w, r, refusalCrossOrigin)
	}))
	d.front = guard.Handler(http.HandlerFunc(d.serve))
	return d, nil
}

func (p Parts) withDefaults() Parts {
	if p.Root == "" {
		p.Root = defaultRoot
	}
	if p.Home == "" {
		p.Home = defaultHome
	}
	if p.SignIn == "" {
		p.SignIn = defaultSignIn
	}
	if p.PauseFor <= 0 {
		p.PauseFor = defaultPauseFor
	}
	return p
}

// sharedClient hands asynqmon the client we have; it would open two otherwise.
type sharedClient struct{ client redis.UniversalClient }

func (s sharedClient) MakeRedisClient() any { return s.client }

// monitor is one asynqmon. Its Close is never called: it would close our client.
func (d *Dashboard) monitor(readOnly bool) http.Handler {
	return asynqmon.New(asynqmon.Options{
		RootPath:         d.parts.Root,
		RedisConnOpt:     sharedClient{d.parts.Redis},
		ReadOnly:         readOnly,
		PayloadFormatter: asynqmon.PayloadFormatterFunc(d.board.payload),
		ResultFormatter:  asynqmon.ResultFormatterFunc(d.board.result),
	})
}

// ServeHTTP refuses unsafe requests from other origins before anything else.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.front.ServeHTTP(w, r) }

// ResumeOverdue is that of Pauses.
func (d *Dashboard) ResumeOverdue(ctx context.Context) error { return d.pauses.ResumeOverdue(ctx) }

func (d *Dashboard) serve(w http.ResponseWriter, r *http.Request) {
	d.harden(w)
	rest, inside := strings.CutPrefix(r.URL.Path, d.parts.Root)
	if !inside || rest != "" && (rest[0] != '/' || path.Clean(rest) != rest) {
		d.refuse(w, r, refusalUnknownPage)
		return
	}
	staff, ok := d.parts.Staff(r)
	api, isAPI := strings.CutPrefix(rest, "/api/")
	switch {
	case !ok:
		d.askToSignIn(w, r, rest)
	case !slices.Contains(staffRoles(), staff.Role):
		d.refuse(w, r, refusalRole)
	case isAPI && !isRead(r):
		d.act(w, r, visit{staff: staff, path: api})
	case isAPI:
		d.read(w, r, api)
	case !isRead(r):
		d.refuse(w, r, refusalUnknownAction)
	default:
		d.show(w, r, visit{staff: staff, path: rest})
	}
}

// visit is who asks for what.
type visit struct {
	staff Staff
	path  string // below the root or below the API's root
}

// harden sets what every answer carries; pages and files replace the last two.
func (d *Dashboard) harden(w http.ResponseWriter) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

func (d *Dashboard) askToSignIn(w http.ResponseWriter, r *http.Request, rest string) {
	if isRead(r) && isPage(rest) {
		http.Redirect(w, r, d.parts.SignIn+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
		return
	}
	d.refuse(w, r, refusalSignIn)
}

// show serves a page of the single-page application, or a file.
func (d *Dashboard) show(w http.ResponseWriter, r *http.Request, v visit) {
	if isPage(v.path) {
		d.pages[variant{role: v.staff.Role, lang: d.lang(r)}].serve(w)
		return
	}
	if !d.files.serve(w, r, v.path) {
		d.refuse(w, r, refusalUnknownPage)
	}
}

func (d *Dashboard) lang(r *http.Request) string {
	if d.parts.Lang != nil && d.parts.Lang(r) == english {
		return english
	}
	return chinese
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func staffRoles() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorOperator, tasks.ActorAuditor}
}
