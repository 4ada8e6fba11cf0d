package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"beian/internal/accounts"
	"beian/tasks"
)

// Sign-ins that a provider keeps (S1). A link leads there, not a form: the pages'
// policy lets forms lead to this host only.
const (
	elsewherePath    = "/sign-in/elsewhere"
	opsElsewhere     = "/ops/sign-in/elsewhere"
	elsewhereSeconds = 600
)

// elsewherePage says why a sign-in elsewhere led to nothing, and how to go on.
type elsewherePage struct {
	Title, Text string // catalog keys
	Href        string
}

// refusedElsewhere words a failure; the other result is its status, 0 for an error
// that has nothing to do with the provider.
func refusedElsewhere(err error, href string) (elsewherePage, int) {
	switch {
	case errors.Is(err, accounts.ErrDenied):
		return elsewherePage{"elsewhere.denied.title", "elsewhere.denied.text", href}, http.StatusForbidden
	case errors.Is(err, accounts.ErrStranger):
		return elsewherePage{"elsewhere.stranger.title", "elsewhere.stranger.text", href}, http.StatusForbidden
	case errors.Is(err, accounts.ErrForged):
		return elsewherePage{"elsewhere.over.title", "elsewhere.over.text", href}, http.StatusBadRequest
	case errors.Is(err, tasks.ErrUnavailable):
		return elsewherePage{"elsewhere.down.title", "elsewhere.down.text", href}, http.StatusServiceUnavailable
	}
	return elsewherePage{}, 0
}

// packTicket keeps a ticket and where to go afterwards in one cookie.
func packTicket(ticket, next string) string {
	return ticket + "~" + base64.RawURLEncoding.EncodeToString([]byte(next))
}

func unpackTicket(packed string) (ticket, next string) {
	ticket, rest, _ := strings.Cut(packed, "~")
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return "", ""
	}
	return ticket, string(raw)
}

func (p *pages) elsewhereRoutes() []pageRoute {
	if p.parts.Elsewhere == nil {
		return nil
	}
	return []pageRoute{
		{method: http.MethodGet, path: elsewherePath, do: p.goElsewhere},
		{method: http.MethodGet, path: elsewherePath + "/callback", do: p.backFromElsewhere},
	}
}

// goElsewhere leads to the provider; the ticket of the way back is bound to this
// browser by a cookie.
func (p *pages) goElsewhere(v *visit) error {
	q, err := p.parts.Elsewhere.Begin(v.ctx())
	if err != nil {
		return p.failElsewhere(v, err)
	}
	p.keep(v, p.cookie(v, "elsewhere", elsewherePath), packTicket(q.Ticket, localPath(v.QueryParam("next"))), elsewhereSeconds)
	return v.to(q.URL)
}

// backFromElsewhere signs in whoever the provider vouches for.
func (p *pages) backFromElsewhere(v *visit) error {
	ticket, next := unpackTicket(p.kept(v, "elsewhere"))
	v.SetCookie(p.cookie(v, "elsewhere", elsewherePath)) // once
	who, err := p.parts.Elsewhere.Finish(v.ctx(), ticket, v.QueryParams())
	if err != nil {
		return p.failElsewhere(v, err)
	}
	session, token, err := p.s.parts.Accounts.IdentitySignIn(v.ctx(), who, clientOf(v.call, v.Request().UserAgent()))
	if err != nil {
		return p.failElsewhere(v, err)
	}
	v.call.session = session
	p.s.setCookie(v.Response(), token, session.ExpiresAt)
	return v.to(orElse(localPath(next), "/account"))
}

func (p *pages) failElsewhere(v *visit, err error) error {
	data, status := refusedElsewhere(err, "/sign-in")
	if status == 0 {
		return err
	}
	p.s.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("a sign-in elsewhere led to nothing")
	view := p.view(v)
	view.Status, view.Data, view.Path = status, data, "/sign-in" // the address holds the provider's answer
	return p.show(v, "elsewhere", view)
}

// elsewhere is the address of the staff's provider, or nothing.
func (o *Ops) elsewhere(next string) string {
	if o.parts.Elsewhere == nil {
		return ""
	}
	return opsElsewhere + "?next=" + url.QueryEscape(next)
}

// elsewhereCookie is lax: a strict one would not come back from the provider.
func (o *Ops) elsewhereCookie(value string) *http.Cookie {
	c := o.cookie(value, -1)
	c.Name, c.SameSite = c.Name+"-elsewhere", http.SameSiteLaxMode
	if value != "" {
		c.MaxAge = elsewhereSeconds
	}
	return c
}

func (o *Ops) goElsewhere(v *opsVisit) error {
	if o.parts.Elsewhere == nil {
		return errNotFound
	}
	q, err := o.parts.Elsewhere.Begin(v.r.Context())
	if err != nil {
		return o.failElsewhere(v, err)
	}
	http.SetCookie(v.w, o.elsewhereCookie(packTicket(q.Ticket, safeNext(v.r.URL.Query().Get("next")))))
	v.redirect(q.URL)
	return nil
}

// backFromElsewhere shows a page with the way on and does not redirect: the strict
// cookie of the session stays away while the provider's navigation lasts.
func (o *Ops) backFromElsewhere(v *opsVisit) error {
	if o.parts.Elsewhere == nil {
		return errNotFound
	}
	ticket, next := "", ""
	if cookie, err := v.r.Cookie(o.elsewhereCookie("").Name); err == nil {
		ticket, next = unpackTicket(cookie.Value)
	}
	http.SetCookie(v.w, o.elsewhereCookie(""))
	who, err := o.parts.Elsewhere.Finish(v.r.Context(), ticket, v.r.URL.Query())
	if err != nil {
		return o.failElsewhere(v, err)
	}
	session, token, err := o.parts.Porter.StaffIdentitySignIn(v.r.Context(), who,
		accounts.Client{Address: prefixOf(v.call.client), Label: v.r.UserAgent()})
	if err != nil {
		return o.failElsewhere(v, err)
	}
	if err := o.letIn(v, session, token); err != nil {
		return err
	}
	view := o.view(v)
	view.Wide, view.Path = false, opsHome
	view.Data = elsewherePage{"elsewhere.in.title", "elsewhere.in.text", safeNext(next)}
	return o.pages.Render(v.w, "elsewhere", view)
}

func (o *Ops) failElsewhere(v *opsVisit, err error) error {
	data, status := refusedElsewhere(err, opsSignIn)
	if status == 0 {
		return err
	}
	o.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("a sign-in elsewhere led to nothing")
	view := o.view(v)
	view.Wide, view.Status, view.Data, view.Path = false, status, data, opsSignIn
	return o.pages.Render(v.w, "elsewhere", view)
}
