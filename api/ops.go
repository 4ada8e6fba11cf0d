package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

const (
	opsHome   = "/ops"
	opsSignIn = "/ops/sign-in"
	opsQueues = "/ops/queues"
	// opsBody bounds a form of the console: a reason and a page of ids.
	opsBody = 64 << 10
)

// OpsParts is what the console is made of. Paused may be nil: then it does not say
// which queues are paused. NewID and Now have defaults.
type OpsParts struct {
	Porter  OpsPorter
	Desk    OpsDesk
	Work    OpsWork
	Dead    OpsDead
	Journal OpsJournal
	// Reviews is the reviewers' console; without a desk there is none.
	Reviews ReviewParts
	// Calendar is the calendar of working days; without a desk it has no page.
	Calendar CalendarParts
	// FourEyes tells supervisors that a reversal waits for a second one (T14).
	FourEyes bool
	// Stats measures the reviews; nil leaves the board of service levels out.
	Stats StatsDesk
	// Staff keeps who works at the desk; without a desk it has no page.
	Staff StaffParts
	// Inspector reads Asynq's queues for the console's own page; nil leaves it out.
	Inspector OpsInspector
	// Dashboard is the guarded queue dashboard, mounted at /ops/queues; its guard
	// should ask Staff who is there. It may be nil.
	Dashboard http.Handler
	// Elsewhere signs staff in, too; it may be nil.
	Elsewhere Elsewhere
	// Paused asks Redis which queues are paused.
	Paused  func(context.Context) (map[tasks.Queue]bool, error)
	Catalog *text.Catalog
	Site    page.Site // the paths of sign-in and sign-out are replaced
	Log     zerolog.Logger
	Secure  bool // pages are reached by https
	Now     func() time.Time
	NewID   func() string
}

// Ops is the console of the staff below /ops: disputes, jobs, dead letters,
// queues and the journal (V4, A8). Every change is a row of the journal before it
// happens. It is safe for concurrent use.
type Ops struct {
	parts    OpsParts
	pages    *page.Renderer
	guard    *http.CrossOriginProtection
	mux      *http.ServeMux
	verifier *verifier
	ending   <-chan struct{}
}

// NewOps parses the console's pages; a broken one stops the start.
func NewOps(p OpsParts) (*Ops, error) {
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.NewID == nil {
		p.NewID = rand.Text
	}
	p.Site.Staff, p.Site.SignInPath, p.Site.SignOutPath, p.Site.AccountPath = true, opsSignIn, "/ops/sign-out", ""
	pages, err := page.New(page.Options{Catalog: p.Catalog, Site: p.Site})
	if err != nil {
		return nil, fmt.Errorf("parsing the console's pages: %w", err)
	}
	o := &Ops{parts: p, pages: pages, guard: http.NewCrossOriginProtection(), mux: http.NewServeMux(), verifier: &verifier{}}
	for _, route := range o.routes() {
		o.mux.HandleFunc(route.method+" "+route.path, func(w http.ResponseWriter, r *http.Request) { o.enter(w, r, route) })
	}
	if p.Dashboard != nil {
		o.mux.Handle(opsQueues, p.Dashboard)
		o.mux.Handle(opsQueues+"/", p.Dashboard)
	}
	return o, nil
}

// opsRoute is one page or act of the console. Without roles every member of staff
// may; an open one needs no sign-in.
type opsRoute struct {
	method, path string
	open         bool
	roles        []tasks.ActorKind
	do           func(*opsVisit) error
}

func (o *Ops) routes() []opsRoute {
	supervisor := []tasks.ActorKind{tasks.ActorSupervisor}
	operator := []tasks.ActorKind{tasks.ActorOperator}
	verifiers := []tasks.ActorKind{tasks.ActorAuditor, tasks.ActorOperator}
	return append([]opsRoute{
		{http.MethodGet, opsSignIn, true, nil, o.signInPage},
		{http.MethodPost, opsSignIn, true, nil, o.signIn},
		{http.MethodGet, opsSecond, true, nil, o.secondPage},
		{http.MethodPost, opsSecond, true, nil, o.secondFactor},
		{http.MethodGet, opsElsewhere, true, nil, o.goElsewhere},
		{http.MethodGet, opsElsewhere + "/callback", true, nil, o.backFromElsewhere},
		{http.MethodPost, "/ops/sign-out", true, nil, o.signOut},
		{http.MethodGet, opsHome, false, nil, o.home},
		{http.MethodGet, "/ops/jobs", false, nil, o.jobs},
		{http.MethodGet, "/ops/jobs/{receipt}", false, nil, o.job},
		{http.MethodPost, "/ops/jobs/{receipt}", false, supervisor, o.decide},
		{http.MethodGet, "/ops/dead", false, nil, o.dead},
		{http.MethodPost, "/ops/dead", false, operator, o.redrive},
		{http.MethodGet, "/ops/audit", false, nil, o.audit},
		{http.MethodPost, "/ops/audit", false, verifiers, o.verify},
		{http.MethodGet, "/ops/audit.csv", false, journalExporters(), o.auditCSV},
		{http.MethodGet, "/ops/audit.ndjson", false, journalExporters(), o.auditLines},
		{http.MethodGet, "/ops/audit/stream", false, nil, o.verifyStream},
	}, slices.Concat(o.reviewRoutes(), o.boardRoutes(), o.reversalRoutes())...)
}

// Routes hangs the console into a server, for Parts.Pages.
func (o *Ops) Routes(s *Server, e *echo.Echo) {
	o.ending = s.ending
	for _, route := range o.routes() {
		path := strings.NewReplacer("{", ":", "}", "").Replace(route.path)
		e.Add(route.method, path, echo.WrapHandler(o))
		if route.method == http.MethodGet {
			e.Add(http.MethodHead, path, echo.WrapHandler(o))
		}
	}
	if o.parts.Dashboard != nil {
		e.Any(opsQueues, echo.WrapHandler(o))
		e.Any(opsQueues+"/*", echo.WrapHandler(o))
	}
}

// PageGroup is a group of pages that hangs itself into a server.
type PageGroup = func(*Server, *echo.Echo)

// PagesOf joins several groups of pages into one value for Parts.Pages.
func PagesOf(groups ...PageGroup) PageGroup {
	return func(s *Server, e *echo.Echo) {
		for _, group := range groups {
			group(s, e)
		}
	}
}

// ServeHTTP answers everything below /ops.
func (o *Ops) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.mux.ServeHTTP(w, r) }

// opsVisit is one request to the console.
type opsVisit struct {
	w      http.ResponseWriter
	r      *http.Request
	call   *call
	member accounts.Session // zero on open routes
}

// enter admits: origin, form, session, role; then it runs the route. The journal
// hears of acts that a role does not allow.
func (o *Ops) enter(w http.ResponseWriter, r *http.Request, route opsRoute) {
	v := &opsVisit{w: w, r: r, call: callOf(r.Context())}
	err := o.admit(v, route)
	if err == nil {
		err = route.do(v)
	}
	if err != nil {
		o.fail(v, err)
	}
}

func (o *Ops) admit(v *opsVisit, route opsRoute) error {
	if err := o.guard.Check(v.r); err != nil {
		return errCrossOrigin
	}
	if route.method == http.MethodPost {
		v.r.Body = http.MaxBytesReader(v.w, v.r.Body, opsBody)
		if err := v.r.ParseForm(); err != nil {
			return fmt.Errorf("reading a form: %w", errors.Join(err, errMalformed))
		}
	}
	if route.open {
		return nil
	}
	member, err := o.session(v.r)
	if err != nil {
		return err
	}
	v.member = member
	v.call.session, v.call.resumed = member, true
	if len(route.roles) > 0 && !slices.Contains(route.roles, member.Role) {
		object := route.path
		if receipt, err := filing.ParseReceipt(v.r.PathValue("receipt")); err == nil {
			object = receipt.String()
		}
		// It is refused in any case.
		_ = o.note(v, OpsEntry{Action: "ops.denied", Object: object, Outcome: "denied: ROLE_NOT_ALLOWED"})
		return errForbidden
	}
	return nil
}

// fail answers an error with a page in the console's frame; whoever is not signed
// in is led to the door.
func (o *Ops) fail(v *opsVisit, err error) {
	code := classify(err)
	v.call.code = string(code)
	if code == errSignIn && v.r.Method != http.MethodPost {
		v.redirect(opsSignIn + "?next=" + url.QueryEscape(v.r.URL.RequestURI()))
		return
	}
	problem := page.Problem{Status: code.status()}
	var many *tasks.TooMany
	switch {
	case errors.As(err, &many):
		problem.At = o.parts.Now().Add(many.After)
		v.w.Header().Set("Retry-After", wholeSeconds(many.After))
	case code == errSignIn:
		problem.Href = opsSignIn + "?next=" + url.QueryEscape(v.r.URL.Path)
	case code == errUnavailable || code == errInFlight:
		problem.Status = http.StatusServiceUnavailable
		v.w.Header().Set("Retry-After", "2")
	case code == errInternal:
		o.parts.Log.Error().Err(err).Str("request_id", v.call.id).Msg("a console page failed")
	}
	if err := o.pages.Problem(v.w, problem, o.view(v)); err != nil {
		o.parts.Log.Error().Err(err).Str("request_id", v.call.id).Msg("rendering a problem page")
	}
}

func (v *opsVisit) redirect(to string) { http.Redirect(v.w, v.r, to, http.StatusSeeOther) }

// view starts a page in the visitor's language, with who is signed in.
func (o *Ops) view(v *opsVisit) page.View {
	view := page.FromRequest(v.r, v.call.lang)
	view.RequestID, view.Wide, view.FormID = v.call.id, true, o.parts.NewID()
	if v.member.StaffID != "" {
		view.User = v.member.Name + " · " + o.say(v, "actor."+string(v.member.Role))
	}
	return view
}

func (o *Ops) show(v *opsVisit, name string, view page.View) error {
	return o.pages.Render(v.w, "ops/"+name, view)
}

func (o *Ops) say(v *opsVisit, key string, params ...text.Params) string {
	return o.parts.Catalog.T(v.call.lang, key, params...)
}

// note writes a row of the journal about the visitor; when it can't be written,
// the act must not happen.
func (o *Ops) note(v *opsVisit, e OpsEntry) error {
	e.Actor, e.RequestID = v.actor(), v.call.id
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.r.Context()), 5*time.Second)
	defer cancel()
	err := o.parts.Journal.Audit(ctx, e)
	if err != nil {
		o.parts.Log.Error().Err(err).Str("action", e.Action).Str("outcome", e.Outcome).Msg("a row of the journal could not be written")
		return fmt.Errorf("writing the journal: %w", errors.Join(errUnavailable, err))
	}
	return nil
}

func (v *opsVisit) actor() tasks.Actor { return tasks.Actor{Kind: v.member.Role, ID: v.member.StaffID} }
