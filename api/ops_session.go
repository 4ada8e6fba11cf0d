package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/text"
	"beian/tasks"
)

// cookieName differs from that of applicants, so that neither session opens the
// other side's pages.
func (o *Ops) cookieName() string {
	if o.parts.Secure {
		return "__Host-beian-staff"
	}
	return "beian-staff"
}

func (o *Ops) cookie(token string, age int) *http.Cookie {
	return &http.Cookie{Name: o.cookieName(), Value: token, Path: "/", MaxAge: age, Secure: o.parts.Secure,
		HttpOnly: true, SameSite: http.SameSiteStrictMode}
}

func (o *Ops) token(r *http.Request) string {
	if cookie, err := r.Cookie(o.cookieName()); err == nil {
		return cookie.Value
	}
	return ""
}

// session is that of a member of staff; an applicant's token opens nothing here.
func (o *Ops) session(r *http.Request) (accounts.Session, error) {
	token := o.token(r)
	if token == "" {
		return accounts.Session{}, accounts.ErrNoSession
	}
	session, err := o.parts.Porter.Session(r.Context(), token)
	if err == nil && session.StaffID == "" {
		return accounts.Session{}, accounts.ErrNoSession
	}
	return session, err
}

// Staff says which member of staff asks, for the guard of the queue dashboard;
// false when nobody is signed in.
func (o *Ops) Staff(r *http.Request) (tasks.Actor, bool) {
	session, err := o.session(r)
	if err != nil && !errors.Is(err, accounts.ErrNoSession) {
		o.parts.Log.Warn().Err(err).Msg("a staff session could not be read")
	}
	return tasks.Actor{Kind: session.Role, ID: session.StaffID}, err == nil
}

// opsDoor is the sign-in page. Again offers the way on without a sign-in: a strict
// cookie stays away when a link on another site was followed.
type opsDoor struct {
	Next  string
	Again bool
}

func (o *Ops) signInPage(v *opsVisit) error {
	next := safeNext(v.r.URL.Query().Get("next"))
	if _, err := o.session(v.r); err == nil {
		v.redirect(next)
		return nil
	}
	view := o.view(v)
	view.Wide = false
	view.Data = opsDoor{Next: next, Again: v.r.Header.Get("Sec-Fetch-Site") == "cross-site"}
	return o.show(v, "sign-in", view)
}

func (o *Ops) signIn(v *opsVisit) error {
	form := v.r.PostForm
	client := accounts.Client{Address: prefixOf(v.call.client), Label: v.r.UserAgent()}
	session, token, err := o.parts.Porter.StaffSignIn(v.r.Context(), accounts.SignIn{
		Login: form.Get("staff_login"), Password: form.Get("password"), Client: client})
	if errors.Is(err, accounts.ErrRefused) {
		view := o.view(v)
		view.Wide = false
		view.Values = url.Values{"staff_login": form["staff_login"]}
		view.Errors = []page.FieldError{{Field: "staff_login", Key: "msg.signin.failed"}}
		view.Data = opsDoor{Next: safeNext(form.Get("next"))}
		return o.show(v, "sign-in", view)
	}
	if err != nil {
		return err
	}
	if err := o.endOld(v); err != nil {
		return err
	}
	age := int(session.ExpiresAt.Sub(session.CreatedAt).Seconds())
	http.SetCookie(v.w, o.cookie(token, max(1, age)))
	v.redirect(safeNext(form.Get("next")))
	return nil
}

// endOld ends the session that a new one replaces in this browser.
func (o *Ops) endOld(v *opsVisit) error {
	if token := o.token(v.r); token != "" {
		return o.parts.Porter.SignOut(v.r.Context(), token)
	}
	return nil
}

func (o *Ops) signOut(v *opsVisit) error {
	if err := o.endOld(v); err != nil {
		return err
	}
	http.SetCookie(v.w, o.cookie("", -1))
	v.redirect(opsSignIn)
	return nil
}

// safeNext is where to go after the sign-in: a page of the console, whatever was
// asked for.
func safeNext(asked string) string {
	u, err := url.Parse(asked)
	inside := err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && !strings.ContainsAny(asked, "\\\r\n\t") &&
		(u.Path == opsHome || strings.HasPrefix(u.Path, opsHome+"/")) && !strings.Contains(u.Path, "/../") && u.Path != opsSignIn
	if !inside {
		return opsHome
	}
	query := u.Query()
	query.Del("lang")
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).RequestURI()
}

// opsFrame is what every signed-in page shows around its own figures.
type opsFrame struct {
	Tabs []opsTab
	Done string // what has just been done, in words, or empty
}

type opsTab struct {
	Text, Href string
	Current    bool
}

func (o *Ops) frame(v *opsVisit, current string) opsFrame {
	tabs := []struct{ key, href string }{
		{"ops.tab.home", opsHome}, {"ops.tab.jobs", "/ops/jobs"}, {"ops.tab.dead", "/ops/dead"},
		{"ops.tab.audit", "/ops/audit"}, {"ops.tab.queues", "/ops/queues"},
	}
	var f opsFrame
	for _, t := range tabs {
		f.Tabs = append(f.Tabs, opsTab{Text: o.say(v, t.key), Href: t.href, Current: t.href == current})
	}
	return f
}

// done tells what the act before the redirect came to, by the words of the
// address; unknown words say nothing.
func (o *Ops) done(v *opsVisit, keys map[string]string) string {
	query := v.r.URL.Query()
	key, known := keys[query.Get("done")]
	if !known {
		return ""
	}
	return o.say(v, key, text.Params{"n": wholeNumber(query.Get("n")), "all": wholeNumber(query.Get("all"))})
}
