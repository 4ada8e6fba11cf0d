package api

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// phonePage is where an account changes its security phone.
const phonePage = "/account/phone"

func (p *pages) contactRoutes() []pageRoute {
	return []pageRoute{
		{method: http.MethodGet, path: phonePage, mine: true, do: p.phoneChange},
		{method: http.MethodPost, path: phonePage, mine: true, do: p.changePhone},
	}
}

// phoneChangeData is the page that asks for the new number.
type phoneChangeData struct {
	Now   string // the present phone, masked; empty when there is none
	Hours int    // of the hold
}

// phoneChange says what a change asks for and what it does, and takes the number.
func (p *pages) phoneChange(v *visit) error { return p.showPhoneChange(v, p.view(v)) }

func (p *pages) showPhoneChange(v *visit, view page.View) error {
	held, err := p.s.parts.Desk.Holder(v.ctx(), v.who.AccountID)
	if err != nil {
		return err
	}
	view.Back, view.Data = "/account", phoneChangeData{Now: held.Phone, Hours: int(p.parts.Policy.ContactHold / time.Hour)}
	return p.show(v, "phone/start", view)
}

// changePhone submits the change; pressing twice gives one job (A6).
func (p *pages) changePhone(v *visit) error {
	fields := map[string]string{tasks.FieldNewPhone: v.form.Get(tasks.FieldNewPhone)}
	acc, err := p.s.parts.Desk.Submit(v.ctx(), tasks.Submission{Kind: tasks.KindContact, AccountID: v.who.AccountID,
		Lang: string(v.call.lang), Fields: fields, Once: p.once(v, "POST "+phonePage, fields)})
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	switch {
	case errors.As(err, &invalid):
		view := p.view(v)
		view.Errors = p.faults(v, invalid)
		return p.showPhoneChange(v, view)
	case errors.As(err, &blocked):
		return p.showPhoneBlocked(v, blocked)
	case err != nil:
		return err
	}
	return v.to("/jobs/" + acc.Receipt)
}

// showPhoneBlocked is the page of everything that stands in the way of a change, by
// codes and on papers.
func (p *pages) showPhoneBlocked(v *visit, blocked *tasks.Blocked) error {
	v.call.code = string(errBlocked)
	view := p.view(v)
	view.Back = phonePage
	view.Data = blockedData{N: len(blocked.Blockers), Blockers: p.phoneBlockers(v, blocked.Blockers), Change: phonePage}
	return p.show(v, "phone/blocked", view)
}

// phoneBlockers say what stands in the way of a change, and where it is cleared.
func (p *pages) phoneBlockers(v *visit, found []tasks.Blocker) []page.Blocker {
	out := p.blockers(v, found, phonePage)
	for i, b := range found {
		switch b.Code {
		case "JOB_ALREADY_OPEN":
			out[i].Link = v.words(p, "phone.blocked.see")
		case "PHONE_NONE":
			out[i].Href, out[i].Link = phonePage+"/papers", v.words(p, "phone.gone.link")
		case "HOLD_ACTIVE":
			out[i].Message, out[i].Remedy = v.words(p, "phone.blocked.hold"), v.words(p, "phone.blocked.hold.remedy")
			out[i].Href, out[i].Link = "", ""
		default:
			out[i].Href, out[i].Link = "", ""
		}
	}
	return out
}

// tellContact tells of a contact change: which phone is on turn, or what became of it.
func tellContact(p *pages, v *visit, tv tasks.View, d *jobData) {
	f := *tv.Contact
	params := text.Params{"old": f.OldPhone, "new": f.NewPhone, "date": p.s.parts.Catalog.Date(f.HoldUntil)}
	head := string(tv.Job.State)
	verb := map[tasks.State]tasks.Verb{tasks.StateOldPhone: tasks.VerbVerifyOld, tasks.StateNewPhone: tasks.VerbVerifyNew}[tv.Job.State]
	switch {
	case verb != "" && !slices.Contains(tv.Verbs, verb):
		head = "other_side"
	case verb != "":
		d.Act, d.Until = "verify", v.words(p, "status.verify.until", text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt)})
		d.Code = codeForm{Verb: verb, Action: d.Verbs[string(verb)], Step: 2, Steps: 3, Button: v.say(p, "status.verify.button.old")}
		if verb == tasks.VerbVerifyNew {
			d.Code.Step, d.Code.Button = 3, v.say(p, "status.verify.button.new")
		}
		d.Resend = page.Resend{Action: d.Verbs[string(tasks.VerbResend)], FormID: formID(tv, tasks.VerbResend), Wait: resendWait(tv, p.parts.Now())}
	case !f.RestoredAt.IsZero():
		head = "restored"
	}
	d.Head, d.Say = v.say(p, "status.head."+head, params), v.say(p, "status.say."+head, params)
	d.Rows = p.contactRows(v, f)
	if tv.Role == tasks.RoleSource && tv.Job.State.Ended() {
		d.Next, d.Blockers = v.say(p, "status.done.next"), p.phoneBlockers(v, tv.Job.Blockers)
		if tv.Job.State != tasks.StateDone {
			d.Next, d.Again = "", phonePage
		}
	}
}

func (p *pages) contactRows(v *visit, f tasks.ContactFacts) []page.Row {
	rows := []page.Row{{Key: v.words(p, "phone.row.old"), Value: f.OldPhone}, {Key: v.words(p, "phone.row.new"), Value: f.NewPhone}}
	if !f.HoldUntil.IsZero() {
		rows = append(rows, page.Row{Key: v.words(p, "phone.row.hold"), Value: p.s.parts.Catalog.Date(f.HoldUntil)})
	}
	if !f.RestoredAt.IsZero() {
		rows = append(rows, page.Row{Key: v.words(p, "phone.row.restored"), Value: p.s.parts.Catalog.Date(f.RestoredAt)})
	}
	return rows
}
