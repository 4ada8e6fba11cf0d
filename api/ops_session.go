package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
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
	Next      string
	Again     bool
	Elsewhere string // address of the provider's sign-in, or empty
	Done      string // what has just been done, in words, or empty
}

func (o *Ops) signInPage(v *opsVisit) error {
	next := safeNext(v.r.URL.Query().Get("next"))
	if _, err := o.session(v.r); err == nil {
		v.redirect(next)
		return nil
	}
	view := o.view(v)
	view.Wide = false
	view.Data = opsDoor{Next: next, Again: v.r.Header.Get("Sec-Fetch-Site") == "cross-site", Elsewhere: o.elsewhere(next),
		Done: o.done(v, map[string]string{"set-up": "staff.setup.done"})}
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
		next := safeNext(form.Get("next"))
		view.Data = opsDoor{Next: next, Elsewhere: o.elsewhere(next)}
		return o.show(v, "sign-in", view)
	}
	if err != nil {
		return err
	}
	next := safeNext(form.Get("next"))
	if session.Pending != "" {
		http.SetCookie(v.w, o.doorCookie(token, session))
		v.redirect(opsSecond + "?next=" + url.QueryEscape(next))
		return nil
	}
	if err := o.letIn(v, session, token); err != nil {
		return err
	}
	v.redirect(next)
	return nil
}

// letIn gives the browser a complete session in the place of an older one.
func (o *Ops) letIn(v *opsVisit, session accounts.Session, token string) error {
	if err := o.endOld(v); err != nil {
		return err
	}
	http.SetCookie(v.w, o.cookie(token, secondsOf(session)))
	return nil
}

func secondsOf(s accounts.Session) int { return max(1, int(s.ExpiresAt.Sub(s.CreatedAt).Seconds())) }

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

// opsTabKey is a tab before it is worded.
type opsTabKey struct{ key, href string }

type opsTab struct {
	Text, Href string
	Current    bool
}

func (o *Ops) frame(v *opsVisit, current string) opsFrame {
	tabs := []opsTabKey{
		{"ops.tab.home", opsHome}, {"ops.tab.reviews", opsReviews}, {"ops.tab.jobs", "/ops/jobs"}, {"ops.tab.dead", "/ops/dead"},
		{"ops.tab.audit", "/ops/audit"}, {"ops.tab.queues", "/ops/queues"},
	}
	var f opsFrame
	for _, t := range append(tabs, o.boardTabs(v)...) {
		if t.href == opsQueues && o.parts.Inspector != nil {
			continue // our own page leads there
		}
		if t.href == opsReviews && (o.parts.Reviews.Desk == nil || !slices.Contains(reviewReaders(), v.member.Role)) {
			continue
		}
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
