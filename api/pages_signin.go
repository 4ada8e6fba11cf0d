package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/text"
	"beian/tasks"
)

// signInData is what the sign-in page needs besides its fields.
type signInData struct {
	Next      string
	Receiving bool   // a receiver came by the link of an invitation
	Elsewhere string // address of the provider's sign-in, or empty
}

func (p *pages) signInPage(v *visit) error {
	next := localPath(v.QueryParam("next"))
	if v.who.AccountID != "" {
		return v.to(orElse(next, "/account"))
	}
	return p.showSignIn(v, next, 0)
}

func (p *pages) showSignIn(v *visit, next string, status int, faults ...page.FieldError) error {
	view := p.view(v)
	view.Status, view.Errors = status, faults
	if next != "" {
		view.Path = "/sign-in?next=" + url.QueryEscape(next)
	}
	data := signInData{Next: next, Receiving: strings.HasPrefix(next, "/receive/")}
	if p.parts.Elsewhere != nil {
		data.Elsewhere = elsewherePath + "?next=" + url.QueryEscape(next)
	}
	view.Data = data
	return p.show(v, "signin", view)
}

// signIn begins a session. Unknown login and wrong password get the same words.
func (p *pages) signIn(v *visit) error {
	next := localPath(v.form.Get("next"))
	var missing []page.FieldError
	for _, name := range []string{"login", "password"} {
		if strings.TrimSpace(v.form.Get(name)) == "" {
			missing = append(missing, page.FieldError{Field: name, Code: "REQUIRED"})
		}
	}
	if len(missing) > 0 {
		return p.showSignIn(v, next, 0, missing...)
	}
	session, token, err := p.s.parts.Accounts.SignIn(v.ctx(), accounts.SignIn{Login: v.form.Get("login"),
		Password: v.form.Get("password"), Client: clientOf(v.call, v.Request().UserAgent())})
	var many *tasks.TooMany
	switch {
	case errors.Is(err, accounts.ErrRefused):
		return p.showSignIn(v, next, 0, page.FieldError{Field: "login", Key: "msg.signin.failed"})
	case errors.As(err, &many):
		v.Response().Header().Set("Retry-After", wholeSeconds(many.After))
		when := p.s.parts.Catalog.Date(p.parts.Now().Add(many.After + time.Minute))
		return p.showSignIn(v, next, http.StatusTooManyRequests,
			page.FieldError{Field: "login", Key: "signin.too_many", Params: text.Params{"date": when}})
	case err != nil:
		return err
	}
	v.call.session = session
	p.s.setCookie(v.Response(), token, session.ExpiresAt)
	return v.to(orElse(next, "/account"))
}

// signOut ends the session; it may be ended already.
func (p *pages) signOut(v *visit) error {
	if err := p.s.parts.Accounts.SignOut(v.ctx(), p.s.token(v.call)); err != nil {
		return err
	}
	p.s.clearCookie(v.Response())
	if next := localPath(v.form.Get("next")); next != "" {
		return v.to("/sign-in?next=" + url.QueryEscape(next))
	}
	return v.to("/")
}

const maxNext = 300

// localPath is the given path when it is one of this host's pages, else nothing:
// a sign-in must never lead elsewhere.
func localPath(given string) string {
	u, err := url.Parse(given)
	odd := strings.ContainsFunc(given, func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) })
	if err != nil || odd || len(given) > maxNext || u.Scheme != "" || u.Host != "" ||
		!strings.HasPrefix(given, "/") || strings.HasPrefix(given, "//") || strings.HasPrefix(u.Path, "//") {
		return ""
	}
	if strings.HasPrefix(u.Path, "/sign-") {
		return ""
	}
	return given
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
