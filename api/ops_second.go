package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"beian/api/page"
	"beian/internal/accounts"
)

// opsSecond is the page behind the password, where staff need a second factor.
const opsSecond = "/ops/sign-in/code"

// doorCookie keeps a session that is not complete; it opens this page only.
func (o *Ops) doorCookie(token string, s accounts.Session) *http.Cookie {
	c := o.cookie(token, -1)
	c.Name += "-door"
	if token != "" {
		c.MaxAge = secondsOf(s)
	}
	return c
}

func (o *Ops) doorToken(r *http.Request) string {
	cookie, err := r.Cookie(o.cookieName() + "-door")
	if err != nil {
		return ""
	}
	return cookie.Value
}

// opsCode asks for a code; with URI the authenticator is to be set up first.
type opsCode struct {
	Next, URI string
	Secret    []string // in groups of four, to type by hand
}

// opsCodes shows the recovery codes, once.
type opsCodes struct {
	Next  string
	Codes []string
}

// secondPage asks whoever passed the password for a code, or to set up an
// authenticator first. Without the password it leads back to the door.
func (o *Ops) secondPage(v *opsVisit) error {
	return o.showSecond(v, safeNext(v.r.URL.Query().Get("next")))
}

func (o *Ops) showSecond(v *opsVisit, next string, faults ...page.FieldError) error {
	half, err := o.parts.Porter.PendingStaff(v.r.Context(), o.doorToken(v.r))
	if err != nil {
		return o.backToTheDoor(v, next, err)
	}
	data := opsCode{Next: next}
	if half.Pending == accounts.PendingEnrol {
		e, err := o.parts.Porter.StaffEnrolment(v.r.Context(), o.doorToken(v.r))
		if err != nil {
			return o.backToTheDoor(v, next, err)
		}
		data.URI = e.URI
		for rest := e.Secret; rest != ""; rest = rest[min(4, len(rest)):] {
			data.Secret = append(data.Secret, rest[:min(4, len(rest))])
		}
	}
	view := o.view(v)
	view.Wide, view.Errors, view.Data = false, faults, data
	view.Back, view.Path = opsSignIn, opsSecond+"?next="+url.QueryEscape(next)
	return o.show(v, "second", view)
}

// backToTheDoor begins anew when the password was given too long ago.
func (o *Ops) backToTheDoor(v *opsVisit, next string, err error) error {
	if !errors.Is(err, accounts.ErrNoSession) {
		return err
	}
	http.SetCookie(v.w, o.doorCookie("", accounts.Session{}))
	v.redirect(opsSignIn + "?next=" + url.QueryEscape(next))
	return nil
}

// secondFactor completes the sign-in.
func (o *Ops) secondFactor(v *opsVisit) error {
	next := safeNext(v.r.PostForm.Get("next"))
	in := accounts.Second{Token: o.doorToken(v.r), Code: v.r.PostForm.Get("staff_code"),
		Client: accounts.Client{Address: prefixOf(v.call.client), Label: v.r.UserAgent()}}
	if strings.TrimSpace(in.Code) == "" {
		return o.showSecond(v, next, page.FieldError{Field: "staff_code", Code: "REQUIRED"})
	}
	half, err := o.parts.Porter.PendingStaff(v.r.Context(), in.Token)
	if err != nil {
		return o.backToTheDoor(v, next, err)
	}
	var codes []string
	var session accounts.Session
	var token string
	if half.Pending == accounts.PendingEnrol {
		session, token, codes, err = o.parts.Porter.StaffEnrol(v.r.Context(), in)
	} else {
		session, token, err = o.parts.Porter.StaffCode(v.r.Context(), in)
	}
	if errors.Is(err, accounts.ErrRefused) {
		return o.showSecond(v, next, page.FieldError{Field: "staff_code", Key: "ops.second.wrong"})
	}
	if err != nil {
		return o.backToTheDoor(v, next, err)
	}
	if err := o.letIn(v, session, token); err != nil {
		return err
	}
	http.SetCookie(v.w, o.doorCookie("", accounts.Session{}))
	if codes == nil {
		v.redirect(next)
		return nil
	}
	view := o.view(v)
	view.Wide, view.Data, view.Path = false, opsCodes{Next: next, Codes: codes}, next
	return o.show(v, "codes", view)
}
