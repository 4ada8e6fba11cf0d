package api

import (
	"errors"
	"net/url"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/internal/vault"
	"beian/tasks"
)

const (
	phoneCookie   = "track-phone"
	phonePath     = "/jobs/phone"
	phoneSeconds  = 600  // as long as a code lives (C1)
	lookupSeconds = 3600 // a tracking code stays in the browser for an hour
)

// lookup asks for a receipt and a tracking code; the receipt may come with the
// address of a message. A party who is signed in goes straight to the job.
func (p *pages) lookup(v *visit) error {
	receipt, err := parseReceipt(v.QueryParam("receipt"))
	if err == nil && v.who.AccountID != "" {
		_, err = p.s.parts.Desk.Look(v.ctx(), receipt, tasks.Viewer{AccountID: v.who.AccountID})
		if err == nil {
			return v.to("/jobs/" + receipt)
		}
	}
	return p.showLookup(v, "jobs/lookup", "/")
}

// lookupData is where somebody goes who can sign in, or has no code at hand.
type lookupData struct{ SignIn, Receipt string }

func (p *pages) showLookup(v *visit, name, back string, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = back, faults
	if view.Values == nil {
		view.Values = url.Values{"receipt": {shortened(v.QueryParam("receipt"))}}
	}
	data := lookupData{SignIn: "/account"}
	if receipt, err := parseReceipt(view.Values.Get("receipt")); err == nil {
		data = lookupData{SignIn: "/sign-in?next=/jobs/" + receipt, Receipt: receipt}
	}
	view.Data = data
	return p.show(v, name, view)
}

// shortened bounds what an address may put into a field.
func shortened(receipt string) string {
	if len(receipt) > 40 {
		return ""
	}
	return receipt
}

// lookUp opens a job for whoever has its receipt and tracking code. A wrong
// receipt and a wrong code are the same.
func (p *pages) lookUp(v *visit) error {
	receipt, faults := receiptOf(v)
	code := vault.NormalizeWord(v.form.Get("tracking"))
	if code == "" {
		faults = append(faults, page.FieldError{Field: "tracking", Code: "REQUIRED"})
	}
	if len(faults) > 0 {
		return p.showLookup(v, "jobs/lookup", "/", faults...)
	}
	err := p.s.fenced(v.ctx(), func() error {
		_, err := p.s.parts.Desk.Look(v.ctx(), receipt, tasks.Viewer{Tracking: code})
		return err
	})
	if errors.Is(err, tasks.ErrNotFound) {
		return p.showLookup(v, "jobs/lookup", "/", page.FieldError{Field: "tracking", Key: "status.wrong"})
	}
	if err != nil {
		return err
	}
	return p.open(v, receipt, code)
}

// open keeps the tracking code in the browser for the job's page and goes there.
func (p *pages) open(v *visit, receipt, code string) error {
	if hasPapers(receipt) {
		p.admit(v, receipt, code)
		return v.to("/jobs/" + receipt)
	}
	p.keep(v, p.cookie(v, trackingCookie, "/jobs/"+receipt), code, lookupSeconds)
	return v.to("/jobs/" + receipt)
}

// receiptOf reads the field; the fault says which kind of slip it was.
func receiptOf(v *visit) (string, []page.FieldError) {
	receipt, err := filing.ParseReceipt(v.form.Get("receipt"))
	if err == nil {
		return receipt.String(), nil
	}
	return "", []page.FieldError{slip(err, page.FieldError{Field: "receipt", Code: filing.CodeReceipt})}
}

// slip adds to a fault what exactly is wrong with the form of a value.
func slip(err error, fault page.FieldError) page.FieldError {
	var format *filing.FormatError
	if errors.As(err, &format) {
		fault.Reason, fault.Params = format.Reason, text.ParamsOf(format.Params)
	}
	return fault
}

// phone asks for a phone of one of the parties instead.
func (p *pages) phone(v *visit) error {
	return p.showLookup(v, "jobs/phone", "/jobs")
}

// sendTrack sends a code if the phone belongs to the job, and answers the same
// in any case. The phone stays in the browser, never in the address.
func (p *pages) sendTrack(v *visit) error {
	receipt, faults := receiptOf(v)
	phone, err := filing.ParsePhone(v.form.Get("phone"))
	if err != nil {
		faults = append(faults, slip(err, page.FieldError{Field: "phone", Code: filing.CodePhone}))
	}
	if len(faults) > 0 {
		return p.showLookup(v, "jobs/phone", "/jobs", faults...)
	}
	if err := p.s.parts.Desk.SendTrackingCode(v.ctx(), receipt, phone, p.s.asker(v.call)); err != nil {
		return err
	}
	p.keep(v, p.cookie(v, phoneCookie, phonePath), phone.Reveal(), phoneSeconds)
	return v.to(phonePath + "/code?receipt=" + receipt)
}

// phoneData is the page that asks for the code.
type phoneData struct {
	Receipt, Phone string
	Resend         page.Resend
}

func (p *pages) phoneCode(v *visit) error {
	return p.showPhoneCode(v, v.QueryParam("receipt"))
}

func (p *pages) showPhoneCode(v *visit, typed string, faults ...page.FieldError) error {
	receipt, err := filing.ParseReceipt(typed)
	phone, lost := filing.ParsePhone(p.kept(v, phoneCookie))
	if err != nil || lost != nil {
		return v.to(phonePath + "?receipt=" + url.QueryEscape(shortened(typed)))
	}
	view := p.view(v)
	view.Back, view.Errors, view.Path = phonePath+"?receipt="+receipt.String(), faults, phonePath+"/code?receipt="+receipt.String()
	data := phoneData{Receipt: receipt.String(), Phone: phone.Masked(),
		Resend: page.Resend{Action: phonePath + "/resend?receipt=" + receipt.String(), FormID: view.FormID, Wait: 60}}
	if len(faults) > 0 {
		data.Resend.Wait = 0
	}
	view.Data = data
	return p.show(v, "jobs/phone_code", view)
}

// openByCode exchanges the code for the page. Wrong receipt, phone and code are
// the same.
func (p *pages) openByCode(v *visit) error {
	receipt, faults := receiptOf(v)
	phone, err := filing.ParsePhone(p.kept(v, phoneCookie))
	if err != nil || len(faults) > 0 {
		return v.to(phonePath + "?receipt=" + url.QueryEscape(shortened(v.form.Get("receipt"))))
	}
	var invalid *tasks.Invalid
	code := typedCode(v.form.Get(tasks.FieldCode))
	if err := checkDigits(code); errors.As(err, &invalid) {
		return p.showPhoneCode(v, receipt, p.faults(v, invalid)...)
	}
	var tracking string
	err = p.s.fenced(v.ctx(), func() (err error) {
		tracking, err = p.s.parts.Desk.OpenWithCode(v.ctx(), receipt, phone, code)
		return err
	})
	if errors.As(err, &invalid) {
		return p.showPhoneCode(v, receipt, page.FieldError{Field: tasks.FieldCode, Key: "status.phone.code.wrong"})
	}
	if err != nil {
		return err
	}
	v.SetCookie(p.cookie(v, phoneCookie, phonePath))
	return p.open(v, receipt, tracking)
}

// resendTrack sends the code once more; within a minute that sends nothing (C1).
func (p *pages) resendTrack(v *visit) error {
	receipt, err := parseReceipt(v.QueryParam("receipt"))
	phone, lost := filing.ParsePhone(p.kept(v, phoneCookie))
	if err != nil || lost != nil {
		return v.to(phonePath)
	}
	if err := p.s.parts.Desk.SendTrackingCode(v.ctx(), receipt, phone, p.s.asker(v.call)); err != nil {
		return err
	}
	return v.to(phonePath + "/code?receipt=" + receipt)
}
