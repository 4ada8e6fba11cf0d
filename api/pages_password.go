package api

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"beian/api/page"
	"beian/internal/filing"
	"beian/tasks"
)

const (
	claimantCookie  = "recover"
	claimantPath    = "/password/code"
	claimantSeconds = 1200 // as long as a recovery lives (F2)
	requestPath     = "/password/request"
)

// Fields of a request for a new password.
const (
	fieldAccount = "account"
	fieldWay     = "way" // mail or sms
)

func (p *pages) passwordRoutes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	return []pageRoute{
		{method: get, path: "/password", do: p.whichPassword},
		{method: post, path: "/password", do: p.choosePassword},
		{method: get, path: "/password/ministry", do: p.ministryPassword},
		{method: get, path: requestPath, do: p.passwordRequest},
		{method: post, path: requestPath, do: p.requestPassword},
		{method: get, path: "/password/sent", do: p.passwordSent},
		{method: get, path: claimantPath, do: p.passwordCode},
		{method: post, path: claimantPath, do: p.exchangeCode},
		{method: post, path: claimantPath + "/resend", do: p.resendPassword},
		{method: get, path: "/password/link/:key", do: p.newPassword},
		{method: post, path: "/password/link/:key", do: p.setPassword},
		{method: get, path: "/password/done", do: p.passwordDone},
	}
}

// whichPassword keeps ours apart from the ministry's, which people mix up.
func (p *pages) whichPassword(v *visit) error { return p.showPassword(v, "which", "/") }

func (p *pages) choosePassword(v *visit) error {
	switch v.form.Get("which_password") {
	case "ours":
		return v.to(requestPath)
	case "ministry":
		return v.to("/password/ministry")
	}
	return p.showPassword(v, "which", "/", page.FieldError{Field: "which_password", Key: "password.choose"})
}

func (p *pages) ministryPassword(v *visit) error { return p.showPassword(v, "ministry", "/password") }

func (p *pages) passwordRequest(v *visit) error { return p.showPassword(v, "request", "/password") }

func (p *pages) passwordSent(v *visit) error { return p.showPassword(v, "sent", requestPath) }

func (p *pages) passwordDone(v *visit) error { return p.showPassword(v, "done", "") }

func (p *pages) showPassword(v *visit, name, back string, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = back, faults
	return p.show(v, "password/"+name, view)
}

// requestPassword sends a link or a code if there is such an account, and answers
// the same in any case. Who was typed stays in the browser, never in the address.
func (p *pages) requestPassword(v *visit) error {
	who, err := parseClaimant(v.form.Get(fieldAccount))
	var faults []page.FieldError
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		faults = p.faults(v, invalid)
	}
	channel := tasks.Channel(v.form.Get(fieldWay))
	if channel != tasks.ChannelMail && channel != tasks.ChannelSMS {
		faults = append(faults, page.FieldError{Field: fieldWay, Key: "password.request.choose"})
	}
	if len(faults) > 0 {
		return p.showPassword(v, "request", "/password", faults...)
	}
	if err := p.askPassword(v, who, channel); err != nil {
		return err
	}
	if channel == tasks.ChannelMail {
		return v.to("/password/sent")
	}
	typed := base64.RawURLEncoding.EncodeToString([]byte(who.Email.Reveal() + who.Phone.Reveal()))
	p.keep(v, p.cookie(v, claimantCookie, claimantPath), typed, claimantSeconds)
	return v.to(claimantPath)
}

func (p *pages) askPassword(v *visit, who tasks.Claimant, by tasks.Channel) error {
	return p.s.parts.Desk.RequestPassword(v.ctx(), tasks.PasswordRequest{Claimant: who, Channel: by, Lang: string(v.call.lang), Asker: p.s.asker(v.call)})
}

// parseClaimant reads a login email or a phone; which of them it is meant to be
// shows by the @.
func parseClaimant(typed string) (tasks.Claimant, error) {
	var who tasks.Claimant
	var err error
	fault := tasks.Fault{Field: fieldAccount, Code: filing.CodePhone}
	switch {
	case strings.TrimSpace(typed) == "":
		fault.Code, err = "REQUIRED", errMalformed
	case strings.ContainsAny(typed, "@＠"):
		fault.Code = filing.CodeEmail
		who.Email, err = filing.ParseEmail(typed)
	default:
		who.Phone, err = filing.ParsePhone(typed)
	}
	if err != nil {
		return tasks.Claimant{}, &tasks.Invalid{Faults: []tasks.Fault{fault}}
	}
	return who, nil
}

// claimant is who asked for the code in this browser.
func (p *pages) claimant(v *visit) (tasks.Claimant, error) {
	typed, err := base64.RawURLEncoding.DecodeString(p.kept(v, claimantCookie))
	if err != nil {
		return tasks.Claimant{}, err
	}
	return parseClaimant(string(typed))
}

func (p *pages) passwordCode(v *visit) error {
	if _, err := p.claimant(v); err != nil {
		return v.to(requestPath)
	}
	return p.showPasswordCode(v)
}

func (p *pages) showPasswordCode(v *visit, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = requestPath, faults
	resend := page.Resend{Action: claimantPath + "/resend", FormID: view.FormID, Wait: 60}
	if len(faults) > 0 {
		resend.Wait = 0
	}
	view.Data = resend
	return p.show(v, "password/code", view)
}

// exchangeCode leads on to the new password. A wrong code and a wrong account are
// the same.
func (p *pages) exchangeCode(v *visit) error {
	who, err := p.claimant(v)
	if err != nil {
		return v.to(requestPath)
	}
	var invalid *tasks.Invalid
	code := typedCode(v.form.Get(tasks.FieldCode))
	if err := checkDigits(code); errors.As(err, &invalid) {
		return p.showPasswordCode(v, p.faults(v, invalid)...)
	}
	var key string
	err = p.s.fenced(v.ctx(), func() (err error) {
		key, err = p.s.parts.Desk.RecoverByCode(v.ctx(), who, code)
		return err
	})
	if errors.As(err, &invalid) {
		return p.showPasswordCode(v, page.FieldError{Field: tasks.FieldCode, Key: "password.code.wrong"})
	}
	if err != nil {
		return err
	}
	v.SetCookie(p.cookie(v, claimantCookie, claimantPath))
	return v.to("/password/link/" + key)
}

func (p *pages) resendPassword(v *visit) error {
	who, err := p.claimant(v)
	if err != nil {
		return v.to(requestPath)
	}
	if err := p.askPassword(v, who, tasks.ChannelSMS); err != nil {
		return err
	}
	return v.to(claimantPath)
}

// newPasswordData is the last form: whose password, masked, and where it goes.
type newPasswordData struct{ Login, Action string }

// newPassword shows the form and uses nothing up: mail programs follow links, too.
func (p *pages) newPassword(v *visit) error {
	login, err := p.s.parts.Desk.LookRecovery(v.ctx(), v.Param("key"))
	if err != nil {
		return p.passwordGone(v, err)
	}
	return p.showNewPassword(v, login)
}

func (p *pages) showNewPassword(v *visit, login string, faults ...page.FieldError) error {
	view := p.view(v)
	view.Errors, view.Values = faults, nil
	view.Data = newPasswordData{Login: login, Action: "/password/link/" + v.Param("key")}
	return p.show(v, "password/new", view)
}

// setPassword uses the key up. Nobody is signed in by it: who can read the mailbox
// need not know the password.
func (p *pages) setPassword(v *visit) error {
	login, err := p.s.parts.Desk.LookRecovery(v.ctx(), v.Param("key"))
	if err != nil {
		return p.passwordGone(v, err)
	}
	err = p.s.parts.Desk.RecoverByLink(v.ctx(), tasks.NewPassword{Key: v.Param("key"), Password: v.form.Get("new_password"), Lang: string(v.call.lang)})
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		faults := p.faults(v, invalid)
		for i := range faults {
			faults[i].Field = "new_password"
		}
		if v.form.Get("new_password") == "" {
			faults = []page.FieldError{{Field: "new_password", Code: "REQUIRED"}}
		}
		return p.showNewPassword(v, login, faults...)
	}
	if err != nil {
		return p.passwordGone(v, err)
	}
	p.s.clearCookie(v.Response())
	return v.to("/password/done")
}

// passwordGone offers a new link in the place of one that is used or over.
func (p *pages) passwordGone(v *visit, err error) error {
	if !errors.Is(err, tasks.ErrGone) {
		return err
	}
	v.call.code = string(errGone)
	return p.s.parts.Renderer.Problem(v.Response(), page.Problem{Status: http.StatusGone, Href: requestPath}, p.view(v))
}
