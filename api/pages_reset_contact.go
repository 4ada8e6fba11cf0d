package api

import (
	"errors"
	"net/http"
	"time"

	"beian/api/page"
	"beian/tasks"
)

// proofData is a page that proves the contact phone or the new mailbox (L6).
type proofData struct {
	Receipt, To        string // masked
	Done               bool
	Back, Change       string
	Resend             page.Resend
	ResendID, Button   string
	Until              time.Time
	Draft, Correctable bool
}

// resetPhone asks for the code that went to the contact phone.
func (p *pages) resetPhone(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error { return p.showPhone(v, tv, p.view(v)) }, tasks.StateDraft)
}

func (p *pages) showPhone(v *visit, tv tasks.View, view page.View) error {
	root := caseRoot(tv.Job.Receipt)
	view.Back, view.FormID = root, formID(tv, tasks.VerbVerify)
	view.Data = proofData{Receipt: tv.Job.Receipt, To: tv.Case.Facts.Phone, Done: !tv.Case.Facts.PhoneAt.IsZero(), Back: root,
		Change: root + "/change/phone",
		Resend: page.Resend{Action: root + "/resend", FormID: formID(tv, tasks.VerbResend), Wait: p.resendIn(tv)}}
	return p.show(v, "reset/phone", view)
}

// resendIn is for how many seconds no code can be sent again (C1).
func (p *pages) resendIn(tv tasks.View) int {
	var last time.Time
	for _, n := range tv.Notices {
		if n.Template == tasks.TemplateCode && n.CreatedAt.After(last) {
			last = n.CreatedAt
		}
	}
	wait := pageCodeResend - p.parts.Now().Sub(last)
	return max(0, int((wait+time.Second-1)/time.Second))
}

func (p *pages) verifyPhone(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		fields := map[string]string{tasks.FieldCode: typedCode(v.form.Get(tasks.FieldCode))}
		err := checkDigits(fields[tasks.FieldCode])
		if err == nil {
			_, err = p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbVerify, fields))
		}
		if err != nil {
			return p.resetRefused(v, err, func(view page.View) error { return p.showPhone(v, tv, view) })
		}
		return v.to(caseRoot(tv.Job.Receipt))
	})
}

func (p *pages) resendPhone(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbResend, map[string]string{}))
		if err != nil {
			return p.resetRefused(v, err, func(view page.View) error {
				view.Path = caseRoot(tv.Job.Receipt) + "/phone"
				return p.showPhone(v, tv, view)
			})
		}
		return v.to(caseRoot(tv.Job.Receipt) + "/phone")
	})
}

// resetMailbox tells where the confirmation mail went; it can be sent again, and
// as long as nothing is handed in the address can be corrected.
func (p *pages) resetMailbox(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		if !changes(tv, "mailbox") {
			return errNotFound
		}
		return p.showMailbox(v, tv, p.view(v))
	}, tasks.StateDraft, tasks.StateEmailConfirm)
}

func (p *pages) showMailbox(v *visit, tv tasks.View, view page.View) error {
	root := caseRoot(tv.Job.Receipt)
	back := root
	if tv.Job.State != tasks.StateDraft {
		back = "/jobs/" + tv.Job.Receipt
	}
	view.Back, view.FormID = back, formID(tv, tasks.VerbMailbox)
	f := tv.Case.Facts
	view.Data = proofData{Receipt: tv.Job.Receipt, To: f.NewEmail, Done: !f.MailboxAt.IsZero(), Back: back, Change: root + "/change/mailbox",
		Until: f.MailboxSentAt.Add(24 * time.Hour), Correctable: tv.Job.State == tasks.StateDraft}
	return p.show(v, "reset/mailbox", view)
}

func (p *pages) resendMailbox(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbMailbox, map[string]string{}))
		if err != nil {
			return p.resetRefused(v, err, func(view page.View) error { return p.showMailbox(v, tv, view) })
		}
		return v.to(caseRoot(tv.Job.Receipt) + "/mailbox")
	})
}

// linkData is the page behind the link in the confirmation mail. It tells little:
// who reads the mail need not be the applicant.
type linkData struct {
	Receipt, To, Action string
	Gone, Done, Taken   bool
	Again               string
}

// mailboxLink asks the reader of the mail to confirm. Looking changes nothing,
// since mail scanners follow links; wrong links are not found, used and old ones
// are gone.
func (p *pages) mailboxLink(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	return p.showLink(v, receipt, p.view(v))
}

func (p *pages) showLink(v *visit, receipt string, view page.View) error {
	var f tasks.CaseFacts
	err := p.s.fenced(v.ctx(), func() (err error) {
		f, err = p.s.parts.Desk.MailboxOf(v.ctx(), receipt, v.Param("token"))
		return err
	})
	data := linkData{Receipt: receipt, To: f.NewEmail, Action: caseRoot(receipt) + "/mailbox/" + v.Param("token"),
		Again: caseRoot(receipt) + "/mailbox"}
	switch {
	case errors.Is(err, tasks.ErrGone):
		data.Gone, data.Done = true, !f.MailboxAt.IsZero()
		if !data.Done || v.QueryParam("confirmed") == "" { // else it is the answer to one's own press
			view.Status = http.StatusGone
		}
	case err != nil:
		return err
	}
	view.Data = data
	return p.show(v, "reset/mailbox_link", view)
}

// confirmMailbox consumes the link. That an address is taken is told to its owner
// only, who has just proved to be it.
func (p *pages) confirmMailbox(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	err = p.s.fenced(v.ctx(), func() error { return p.s.parts.Desk.ConfirmMailbox(v.ctx(), receipt, v.Param("token")) })
	var blocked *tasks.Blocked
	view := p.view(v)
	switch {
	case errors.As(err, &blocked):
		view.Status = http.StatusUnprocessableEntity
		view.Data = linkData{Receipt: receipt, Taken: true, Again: caseRoot(receipt) + "/change/mailbox"}
		v.call.code = string(errBlocked)
		return p.show(v, "reset/mailbox_link", view)
	case errors.Is(err, tasks.ErrGone): // also the second of two presses
		return p.showLink(v, receipt, view)
	case err != nil:
		return err
	}
	return v.to(caseRoot(receipt) + "/mailbox/" + v.Param("token") + "?confirmed=yes")
}

func isNotFound(err error) bool { return errors.Is(err, tasks.ErrNotFound) }

// changeData is a page that changes some facts of a draft; an empty field leaves
// what is known of it, masked, as it is.
type changeData struct {
	Part, Action string
	Known        map[string]string
	Aim          string
	Reasons      []page.Option
}

// resetChange corrects one part of a draft.
func (p *pages) resetChange(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, by tasks.Viewer) error {
		view := p.view(v)
		if v.Param("part") == "reason" {
			d, err := p.s.parts.Desk.OwnDossier(v.ctx(), tv.Job.Receipt, by)
			if err != nil {
				return err
			}
			view.Values = valuesOf(map[string]string{tasks.FieldReason: d.Reason, tasks.FieldRemark: d.Remark, tasks.FieldOldLogin: d.OldLogin})
		}
		return p.showChange(v, tv, view)
	}, tasks.StateDraft)
}

// natureOf is what the form says, or what the job knows.
func natureOf(v *visit, f tasks.CaseFacts) (nature, principal string) {
	nature, principal = string(f.Nature), "no"
	if f.Principal {
		principal = "yes"
	}
	for _, from := range []map[string][]string{v.Request().URL.Query(), v.form} {
		if given := from[tasks.FieldNature]; len(given) == 1 && (given[0] == individual || given[0] == organisation) {
			nature = given[0]
			principal = ""
			if chosen := from[tasks.FieldPrincipal]; len(chosen) == 1 {
				principal = chosen[0]
			}
		}
	}
	return nature, principal
}

func (p *pages) showChange(v *visit, tv tasks.View, view page.View) error {
	part, f := v.Param("part"), tv.Case.Facts
	if !changes(tv, part) {
		return errNotFound
	}
	action := caseRoot(tv.Job.Receipt) + "/change/" + part
	view.Back, view.Path, view.FormID = caseRoot(tv.Job.Receipt)+"/check", action, formID(tv, tasks.VerbRevise)
	nature, principal := natureOf(v, f)
	known := map[string]string{tasks.FieldSubjectName: f.Subject, tasks.FieldCertNumber: f.Certificate, tasks.FieldApplicant: f.Applicant,
		tasks.FieldPhone: f.Phone, tasks.FieldNewEmail: f.NewEmail}
	switch part {
	case "who":
		if view.Values == nil {
			view.Values = valuesOf(map[string]string{tasks.FieldNature: nature, tasks.FieldPrincipal: principal})
		}
		view.Data = whoData{Action: action}
		return p.show(v, "reset/who", view)
	case "facts":
		data := factsData{Action: action, Organisation: nature == organisation, Nature: nature, Principal: principal,
			Types: certificateTypes(nature), Known: known}
		if nature != string(f.Nature) {
			data.Known = nil
		} else if view.Values == nil {
			view.Values = valuesOf(map[string]string{tasks.FieldFiling: f.ICP + f.Domain})
		}
		view.Data = data
		return p.show(v, "reset/facts", view)
	case "phone", "mailbox", "receiver", "reason":
		known[tasks.FieldTarget] = tv.Preview.Target
		view.Data = changeData{Part: part, Action: action, Known: known, Aim: string(v.at().aim), Reasons: p.reasons(v)}
		return p.show(v, "reset/change", view)
	}
	return errNotFound
}

// changeable are the fields of a part. A change of nature asks for all facts anew.
func changeable(part, nature string) []string {
	switch part {
	case "who":
		return []string{tasks.FieldNature, tasks.FieldPrincipal}
	case "facts":
		return append(factFields(nature), tasks.FieldNature, tasks.FieldPrincipal)
	case "phone":
		return []string{tasks.FieldPhone}
	case "mailbox":
		return []string{tasks.FieldNewEmail}
	case "receiver":
		return []string{tasks.FieldTarget, tasks.FieldPhone4}
	case "reason":
		return []string{tasks.FieldReason, tasks.FieldRemark, tasks.FieldOldLogin}
	}
	return nil
}

// changes reports whether a kind of job has such a part.
func changes(tv tasks.View, part string) bool {
	at := placeOf(tv.Job.Receipt)
	if part == string(aimMailbox) || part == string(aimReceiver) {
		return part == string(at.aim)
	}
	return true
}

// saveChange carries out a correction. What is left empty stays as it is; only
// the applicant's free words can be emptied.
func (p *pages) saveChange(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		part, root := v.Param("part"), caseRoot(tv.Job.Receipt)
		nature, principal := natureOf(v, tv.Case.Facts)
		names := changeable(part, nature)
		if names == nil || !changes(tv, part) {
			return errNotFound
		}
		fields := typed(v, names...)
		anew := nature != string(tv.Case.Facts.Nature)
		if part == "who" && anew && (nature == individual || principal != "") {
			return v.to(root + "/change/facts?nature=" + nature + "&principal=" + principal)
		}
		if part == "who" && nature == individual {
			delete(fields, tasks.FieldPrincipal)
		}
		for name, value := range fields {
			if value == "" && !anew && part != "reason" && part != "who" {
				delete(fields, name)
			}
		}
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbRevise, fields))
		if err != nil {
			return p.resetRefused(v, err, func(view page.View) error { return p.showChange(v, tv, view) })
		}
		return v.to(root + map[string]string{"phone": "/phone", "mailbox": "/mailbox"}[part])
	})
}
