package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/text"
	"beian/tasks"
)

// PageParts is what the applicants' pages need besides a Server's own parts.
type PageParts struct {
	Drafts Drafts
	// Policy gives the pages their words about acceptance and its window (T8).
	Policy tasks.Policy
	// Elsewhere signs applicants in, too; it may be nil.
	Elsewhere Elsewhere
	// Sealer seals what somebody types before there is a job (L1).
	Sealer Sealer
	// Strip lists the days from a start to a promise, both included; nil shows the
	// date alone.
	Strip func(from, due time.Time) []page.Day
	// Now is the clock of dates on pages; time.Now when absent.
	Now func() time.Time
}

// Draft is what an account has typed into a form; its id becomes the key of the
// submission, so that going back and pressing twice gives one job (A6).
type Draft struct {
	ID        string
	AccountID string
	Kind      tasks.Kind
	Fields    map[string]string
}

// Drafts keeps drafts for their owners. Both answer tasks.ErrNotFound for the id
// of another account's draft.
type Drafts interface {
	SaveDraft(ctx context.Context, d Draft) error
	Draft(ctx context.Context, id, accountID string) (Draft, error)
}

// Pages are the applicants' pages, for Parts.Pages. They call the same desk as
// the JSON API and can do nothing that it cannot.
func Pages(parts PageParts) func(*Server, *echo.Echo) {
	if parts.Now == nil {
		parts.Now = time.Now
	}
	return func(s *Server, e *echo.Echo) {
		p := &pages{s: s, parts: parts}
		for _, r := range slices.Concat(p.routes(), p.guideRoutes(), p.findRoutes(), p.passwordRoutes(), p.elsewhereRoutes(), p.resetRoutes(), p.contactRoutes(), p.importRoutes()) {
			do := p.guarded(r)
			e.Add(r.method, r.path, do)
			if r.method == http.MethodGet && !r.stream {
				e.HEAD(r.path, do)
			}
		}
		assets := echo.WrapHandler(s.parts.Renderer.AssetHandler())
		e.GET("/assets/*", assets)
		e.HEAD("/assets/*", assets)
		e.GET("/favicon.ico", echo.WrapHandler(s.parts.Renderer.Assets().Favicon()))
	}
}

type pages struct {
	s     *Server
	parts PageParts
}

// pageRoute is one page or form. A mine one needs an applicant's sign-in.
type pageRoute struct {
	method, path string
	mine         bool
	stream       bool
	upload       bool // the handler reads the body, once it knows who may
	do           func(*visit) error
}

func (p *pages) routes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	return []pageRoute{
		{method: get, path: "/", do: p.router},
		{method: post, path: "/", do: p.route},
		{method: get, path: "/help", do: p.help},
		{method: get, path: "/sign-in", do: p.signInPage},
		{method: post, path: "/sign-in", do: p.signIn},
		{method: post, path: "/sign-out", do: p.signOut},
		{method: get, path: "/account", mine: true, do: p.account},
		{method: post, path: "/account/sessions/end", mine: true, do: p.endSession},
		{method: post, path: "/account/sessions/end-all", mine: true, do: p.endSessions},
		{method: get, path: "/transfer", do: p.transfer},
		{method: get, path: "/transfer/target", mine: true, do: p.target},
		{method: post, path: "/transfer/target", mine: true, do: p.saveTarget},
		{method: get, path: "/transfer/:draft/check", mine: true, do: p.check},
		{method: get, path: "/transfer/:draft/submit", mine: true, do: p.check}, // the address of a refused form
		{method: post, path: "/transfer/:draft/submit", mine: true, do: p.submit},
		{method: get, path: "/jobs", do: p.lookup},
		{method: post, path: "/jobs", do: p.lookUp},
		{method: get, path: "/jobs/phone", do: p.phone},
		{method: post, path: "/jobs/phone", do: p.sendTrack},
		{method: get, path: "/jobs/phone/code", do: p.phoneCode},
		{method: post, path: "/jobs/phone/code", do: p.openByCode},
		{method: post, path: "/jobs/phone/resend", do: p.resendTrack},
		{method: get, path: "/jobs/:receipt", do: p.job},
		{method: get, path: "/jobs/:receipt/stream", stream: true, do: p.stream},
		{method: get, path: "/jobs/:receipt/:verb", mine: true, do: p.confirm},
		{method: post, path: "/jobs/:receipt/:verb", mine: true, do: p.act},
		{method: get, path: "/receive/:receipt", mine: true, do: p.receive},
		{method: get, path: "/not-me", do: p.notMe},
		{method: post, path: "/not-me", do: p.freeze},
		{method: get, path: "/not-me/:receipt", do: p.frozen},
	}
}

// visit is one request to a page.
type visit struct {
	echo.Context
	call *call
	who  accounts.Session // zero when nobody, or staff, is signed in
	form url.Values       // what was posted
}

// guarded reads the session and the form, and leads to the sign-in where one is
// needed.
func (p *pages) guarded(r pageRoute) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := &visit{Context: c, call: callOf(c.Request().Context())}
		who, err := p.s.session(v.ctx())
		if err != nil && !signedOut(err) {
			return err
		}
		if who.AccountID != "" {
			v.who = who
		}
		if r.method == http.MethodPost && !r.upload {
			if err := readForm(c.Request()); err != nil {
				return err
			}
			v.form = c.Request().PostForm
		}
		if r.mine && v.who.AccountID == "" {
			return v.to("/sign-in?next=" + url.QueryEscape(v.comeBack()))
		}
		return r.do(v)
	}
}

func (v *visit) ctx() context.Context { return v.Request().Context() }

// readForm reads what was posted. A body over the limit keeps its own error.
func readForm(r *http.Request) error {
	err := r.ParseForm()
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return fmt.Errorf("reading a form: %w", errors.Join(errMalformed, err))
}

// to leads on with a GET, after a form and elsewhere.
func (v *visit) to(path string) error { return v.Redirect(http.StatusSeeOther, path) }

// comeBack is the page to show after a sign-in: this one, or the one whose form
// was sent.
func (v *visit) comeBack() string {
	u := v.Request().URL
	if v.Request().Method != http.MethodPost || u.Path == "/transfer/target" || u.Path == phonePage || strings.HasPrefix(u.Path, importPath+"/") {
		return u.RequestURI()
	}
	switch {
	case strings.HasPrefix(u.Path, "/jobs/"):
		return "/jobs/" + v.Param("receipt")
	case strings.HasPrefix(u.Path, "/transfer/"):
		return "/transfer/" + v.Param("draft") + "/check"
	}
	return "/account"
}

func (v *visit) words(p *pages, key string, params ...text.Params) string {
	return p.s.parts.Catalog.T(v.call.lang, key, params...)
}

// view starts a page in the visitor's language, with who is signed in.
func (p *pages) view(v *visit) page.View {
	view := page.FromRequest(v.Request(), v.call.lang)
	view.Kind = string(v.at().kind)
	view.RequestID, view.User, view.FormID, view.Values = v.call.id, v.call.session.Name, uuid.NewString(), v.form
	return view
}

func (p *pages) show(v *visit, name string, view page.View) error {
	return p.s.parts.Renderer.Render(v.Response(), name, view)
}

// once is the key of what a form asks for: its own id (R19). A form without a
// usable one was not ours and gets a key that is new.
func (p *pages) once(v *visit, route string, fields map[string]string) tasks.Once {
	v.call.key = v.form.Get("form_id")
	if len(v.call.key) < 8 || len(v.call.key) > 80 {
		v.call.key = uuid.NewString()
	}
	return p.s.once(v.ctx(), route, fields)
}

// faults shows what a rule refused at the fields. The status is 422.
func (p *pages) faults(v *visit, err *tasks.Invalid) []page.FieldError {
	out := make([]page.FieldError, len(err.Faults))
	for i, f := range err.Faults {
		out[i] = page.FieldError{Field: f.Field, Code: f.Code, Reason: f.Reason, Params: text.ParamsOf(f.Params)}
	}
	v.call.code = string(errInvalid)
	return out
}

// cookie keeps a code that opens one page in the browser, for that page only.
func (p *pages) cookie(v *visit, name, path string) *http.Cookie {
	if p.s.https {
		name = "__Secure-" + name
	}
	return &http.Cookie{Name: name, Path: path, HttpOnly: true, Secure: p.s.https, SameSite: http.SameSiteLaxMode, MaxAge: -1}
}

func (p *pages) keep(v *visit, c *http.Cookie, value string, seconds int) {
	c.Value, c.MaxAge = value, seconds
	v.SetCookie(c)
}

// kept reads such a code, or nothing.
func (p *pages) kept(v *visit, name string) string {
	c, err := v.Request().Cookie(p.cookie(v, name, "").Name)
	if err != nil {
		return ""
	}
	return c.Value
}
