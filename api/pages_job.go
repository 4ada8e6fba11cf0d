package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// errLookFirst: nobody is signed in and no code for this job is at hand.
var errLookFirst = errors.New("a sign-in or a tracking code is needed")

const trackingCookie = "tracking"

// look reads the job that the address names, by the right of the visitor's
// account or of a tracking code that the browser keeps for this very job. A
// signed-in stranger learns no more than that there is no such page.
func (p *pages) look(v *visit) (tv tasks.View, by tasks.Viewer, err error) {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return tv, by, err
	}
	for _, by = range p.rights(v, receipt) {
		read := func() (err error) {
			tv, err = p.s.parts.Desk.Look(v.ctx(), receipt, by)
			return err
		}
		if by.Tracking == "" {
			err = read()
		} else {
			err = p.s.fenced(v.ctx(), read)
		}
		if !errors.Is(err, tasks.ErrNotFound) {
			return tv, by, err
		}
	}
	if v.who.AccountID == "" {
		return tv, by, errLookFirst
	}
	return tv, by, tasks.ErrNotFound
}

// rights are those by which a visitor may see a job, the best first: an account,
// and a tracking code, which for a login reset makes the applicant.
func (p *pages) rights(v *visit, receipt string) []tasks.Viewer {
	var out []tasks.Viewer
	if v.who.AccountID != "" {
		out = append(out, tasks.Viewer{AccountID: v.who.AccountID})
	}
	if code := p.kept(v, trackingCookie); code != "" {
		out = append(out, tasks.Viewer{Tracking: code})
	}
	if hasPapers(receipt) {
		slices.Reverse(out)
	}
	return out
}

// job is the status page.
func (p *pages) job(v *visit) error {
	tv, _, err := p.look(v)
	switch {
	case errors.Is(err, errLookFirst):
		return v.to("/jobs?receipt=" + url.QueryEscape(v.Param("receipt")))
	case err != nil:
		return err
	case v.Param("receipt") != tv.Job.Receipt:
		return v.to("/jobs/" + tv.Job.Receipt)
	}
	return p.showJob(v, tv, p.view(v), false)
}

// receive leads an invited receiver to the job, and tells everybody else what
// the link is for.
func (p *pages) receive(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	_, err = p.s.parts.Desk.Look(v.ctx(), receipt, tasks.Viewer{AccountID: v.who.AccountID})
	if err == nil {
		return v.to("/jobs/" + receipt)
	}
	if !errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	view := p.view(v)
	view.Status, view.Data = http.StatusNotFound, "/receive/"+receipt
	return p.show(v, "jobs/receive", view)
}

// confirmData is the second look before an act.
type confirmData struct {
	Title, Text, Button, Back, Kind string
	Items                           []string
	After                           string
	Action, Href                    string
}

// confirm asks once more before a job is stopped, frozen or taken.
func (p *pages) confirm(v *visit) error {
	verb := tasks.Verb(v.Param("verb"))
	if !slices.Contains(pageVerbs(), verb) {
		return errNotFound
	}
	tv, _, err := p.look(v)
	if err != nil {
		return err
	}
	if tv.Own && v.who.AccountID == tv.Job.TargetAccountID { // the applicant is signed in to the account that receives
		if tv, err = p.s.parts.Desk.Look(v.ctx(), tv.Job.Receipt, tasks.Viewer{AccountID: v.who.AccountID}); err != nil {
			return err
		}
	}
	asks := slices.Contains([]tasks.Verb{tasks.VerbCancel, tasks.VerbAccept, tasks.VerbDecline, tasks.VerbDispute}, verb)
	if !asks || !slices.Contains(tv.Verbs, verb) || (verb == tasks.VerbAccept && tv.Role != tasks.RoleTarget) {
		return v.to("/jobs/" + tv.Job.Receipt) // also after a refused form, whose address this is
	}
	view := p.view(v)
	data := p.question(v, verb, tv)
	if tv.Legacy != nil {
		data = p.importQuestion(v, verb)
	}
	data.Action, data.Href = "/jobs/"+tv.Job.Receipt+"/"+string(verb), "/jobs/"+tv.Job.Receipt
	view.Back, view.FormID, view.Data, view.Title = data.Href, formID(tv, verb), data, data.Title
	return p.show(v, "jobs/confirm", view)
}

func (p *pages) question(v *visit, verb tasks.Verb, tv tasks.View) confirmData {
	say := func(key string) string { return v.say(p, key) }
	preview := tv.Preview
	switch verb {
	case tasks.VerbAccept:
		return confirmData{Title: say("status.accept.title"), Text: say("status.accept.body"), Items: p.yours(v, preview),
			After:  v.words(p, "status.accept.duty", text.Params{"source": preview.Source}),
			Button: say("status.accept.button"), Back: say("status.accept.back")}
	case tasks.VerbDecline:
		return confirmData{Title: say("status.decline.title"), Text: say("status.decline.body"), Kind: "warning",
			Button: say("status.decline.button"), Back: say("status.decline.back")}
	case tasks.VerbDispute:
		return confirmData{Title: say("status.dispute.title"), Text: say("status.dispute.body"), Kind: "warning",
			Button: say("status.dispute.button"), Back: say("status.dispute.back")}
	}
	return confirmData{Title: say("status.cancel.title"), Text: say("status.cancel.body"), Kind: "warning",
		Button: say("status.cancel"), Back: say("status.cancel.back")}
}

// pageVerbs are what parties may do on pages; the others belong to staff.
func pageVerbs() []tasks.Verb {
	return []tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbInvite, tasks.VerbAccept, tasks.VerbDecline,
		tasks.VerbCancel, tasks.VerbDispute, tasks.VerbRetry, tasks.VerbVerifyOld, tasks.VerbVerifyNew}
}

// takesCode tells verbs that are nothing without a code.
func takesCode(verb tasks.Verb) bool {
	return verb == tasks.VerbVerify || verb == tasks.VerbVerifyOld || verb == tasks.VerbVerifyNew
}

// act carries out a verb. A refusal is shown on the job's page, with what was
// typed.
func (p *pages) act(v *visit) error {
	verb := tasks.Verb(v.Param("verb"))
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil || !slices.Contains(pageVerbs(), verb) {
		return errNotFound
	}
	fields := map[string]string{}
	if takesCode(verb) || v.form.Has(tasks.FieldCode) {
		fields[tasks.FieldCode] = typedCode(v.form.Get(tasks.FieldCode))
		if err := checkDigits(fields[tasks.FieldCode]); err != nil {
			return p.refused(v, err)
		}
	}
	asked := map[string]string{"receipt": receipt, tasks.FieldCode: fields[tasks.FieldCode]}
	_, err = p.s.parts.Desk.Act(v.ctx(), tasks.Action{Receipt: receipt, Verb: verb, By: tasks.Viewer{AccountID: v.who.AccountID},
		Fields: fields, Once: p.once(v, "POST /jobs/"+string(verb), asked)})
	if err != nil {
		return p.refused(v, err)
	}
	return v.to("/jobs/" + receipt)
}

// checkDigits spares a try when a code can't be right (C1).
func checkDigits(code string) error {
	fault := tasks.Fault{Field: tasks.FieldCode, Code: "CODE_FORMAT"}
	if code == "" {
		fault.Code = "REQUIRED"
	}
	digits := len(code) == 6
	for _, r := range code {
		digits = digits && '0' <= r && r <= '9'
	}
	if digits {
		return nil
	}
	return &tasks.Invalid{Faults: []tasks.Fault{fault}}
}

// refused shows the job's page with the reason why an act had no effect.
func (p *pages) refused(v *visit, cause error) error {
	view := p.view(v)
	changed := false
	var invalid *tasks.Invalid
	var many *tasks.TooMany
	var state *tasks.WrongState
	switch {
	case errors.As(cause, &invalid):
		view.Errors = p.faults(v, invalid)
	case errors.As(cause, &many) && many.Limit == tasks.CodeTooFrequent:
		v.Response().Header().Set("Retry-After", wholeSeconds(many.After))
		view.Status, view.Errors = http.StatusTooManyRequests, []page.FieldError{tooOften(many.After)}
	case errors.As(cause, &state), errors.Is(cause, tasks.ErrConflict), errors.Is(cause, tasks.ErrKeyReused):
		view.Status, changed = http.StatusConflict, true
	default:
		return cause
	}
	tv, _, err := p.look(v)
	if err != nil {
		return err
	}
	view.Path = "/jobs/" + tv.Job.Receipt
	return p.showJob(v, tv, view, changed)
}

// tooOften says when a code can be sent again (C1).
func tooOften(after time.Duration) page.FieldError {
	if after > time.Minute {
		return page.FieldError{Key: "msg.code.daily"}
	}
	return page.FieldError{Key: "msg.code.too_soon", Params: text.Params{"n": wholeSeconds(after)}}
}
