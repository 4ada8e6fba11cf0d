package api

import (
	"errors"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// findingData is one thing that a reviewer sent back or refused: reason, remedy,
// and the place on the picture.
type findingData struct {
	About, Label, Text, Remedy string
	Picture                    string
	Box                        []int // left, top, width, height in thousandths
	Done                       bool
	Href                       string
}

// supplementData is the page of what was asked for (L7).
type supplementData struct {
	Receipt  string
	Items    []findingData
	Fields   []string
	Known    map[string]string
	Ready    bool
	Left     int
	Until    time.Time
	Action   string
	Handoff  string
	Withdraw string
}

// resetSupplement lists only what was returned.
func (p *pages) resetSupplement(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error { return p.showSupplement(v, tv, p.view(v)) }, tasks.StateNeedMore)
}

func (p *pages) showSupplement(v *visit, tv tasks.View, view page.View) error {
	root, f := caseRoot(tv.Job.Receipt), tv.Case.Facts
	view.Back, view.Path, view.FormID = "/jobs/"+tv.Job.Receipt, root+"/supplement", formID(tv, tasks.VerbSupplement)
	d := supplementData{Receipt: tv.Job.Receipt, Items: p.findings(v, tv), Fields: tv.Case.Fields, Left: tv.Case.MoreLeft,
		Until: tv.Job.ExpiresAt, Action: root + "/supplement", Handoff: root + "/handoff", Withdraw: root + "/act/cancel", Ready: true,
		Known: map[string]string{tasks.FieldSubjectName: f.Subject, tasks.FieldCertNumber: f.Certificate, tasks.FieldFiling: f.ICP + f.Domain,
			tasks.FieldApplicant: f.Applicant, tasks.FieldApplicantID: "", tasks.FieldOldLogin: f.Remembered}}
	for _, item := range d.Items {
		d.Ready = d.Ready && (item.Done || item.Href == "")
	}
	view.Data = d
	return p.show(v, "reset/supplement", view)
}

// findings puts a decision's reasons into words (L7).
func (p *pages) findings(v *visit, tv tasks.View) []findingData {
	var out []findingData
	for _, f := range tv.Case.Findings {
		shown := findingData{About: f.About, Label: v.words(p, "field."+f.About)}
		if slot, err := tv.Case.Slot(f.About); err == nil {
			p.placeFinding(&shown, tv, slot, f)
		}
		shown.Text, shown.Remedy = p.s.findingWords(v.call.lang, f)
		out = append(out, shown)
	}
	return out
}

// placeFinding shows the picture that the reviewer saw, until there is a new one.
func (p *pages) placeFinding(shown *findingData, tv tasks.View, slot tasks.SlotView, f tasks.Finding) {
	if tv.Job.State == tasks.StateNeedMore {
		shown.Href = documentPath(tv.Job.Receipt, slot.Slot)
		shown.Done = slot.Filled()
	}
	current := slot.Wanted || tv.Job.State != tasks.StateNeedMore
	if !current || len(slot.Document.Pages) == 0 || !slot.Document.ShreddedAt.IsZero() {
		return
	}
	n := min(max(f.Page, 1), len(slot.Document.Pages))
	shown.Picture = picturePath(tv.Job.Receipt, slot.Document.ID, n)
	if len(f.Box) == 4 {
		shown.Box = []int{f.Box[0], f.Box[1], f.Box[2] - f.Box[0], f.Box[3] - f.Box[1]}
	}
}

// supplement hands in what was asked for.
func (p *pages) supplement(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		fields := map[string]string{}
		for _, name := range tv.Case.Fields {
			if value := v.form.Get(name); value != "" {
				fields[name] = value
			}
		}
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbSupplement, fields))
		var blocked *tasks.Blocked
		switch {
		case errors.As(err, &blocked):
			return p.showResetBlockers(v, tv, blocked, caseRoot(tv.Job.Receipt)+"/supplement")
		case err != nil:
			return p.resetRefused(v, err, func(view page.View) error { return p.showSupplement(v, tv, view) })
		}
		return v.to("/jobs/" + tv.Job.Receipt)
	})
}

// resetVerbs are the acts that have a page of their own or a button on the status
// page; askedVerbs are those that are asked for once more.
func resetVerbs() []tasks.Verb {
	return append(askedVerbs(), tasks.VerbNudge, tasks.VerbInvite, tasks.VerbAccept)
}

func askedVerbs() []tasks.Verb { return []tasks.Verb{tasks.VerbCancel, tasks.VerbAppeal} }

// resetConfirm asks once more before a reset is withdrawn or appealed.
func (p *pages) resetConfirm(v *visit) error {
	verb := tasks.Verb(v.Param("verb"))
	if !slices.Contains(resetVerbs(), verb) {
		return errNotFound
	}
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		home := "/jobs/" + tv.Job.Receipt
		if !slices.Contains(tv.Verbs, verb) || !slices.Contains(askedVerbs(), verb) {
			return v.to(home)
		}
		data := confirmData{Title: v.say(p, "reset.withdraw.title"), Text: v.say(p, "reset.withdraw.body", text.Params{"kept": p.keptFor(v).Refused}), Kind: "warning",
			Button: v.words(p, "status.cancel"), Back: v.words(p, "status.cancel.back")}
		if verb == tasks.VerbAppeal {
			data = confirmData{Title: v.say(p, "reset.appeal.title"), Text: v.say(p, "reset.appeal.body"),
				Button: v.say(p, "reset.appeal.button"), Back: v.say(p, "reset.appeal.back")}
		}
		data.Action, data.Href = caseRoot(tv.Job.Receipt)+"/act/"+string(verb), home
		view := p.view(v)
		view.Back, view.FormID, view.Data, view.Title = home, formID(tv, verb), data, data.Title
		return p.show(v, "jobs/confirm", view)
	})
}

// resetAct withdraws, nudges, appeals, or has the receiver accept by a code.
func (p *pages) resetAct(v *visit) error {
	verb := tasks.Verb(v.Param("verb"))
	if !slices.Contains(resetVerbs(), verb) {
		return errNotFound
	}
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		fields, err := map[string]string{}, error(nil)
		if verb == tasks.VerbAccept {
			fields[tasks.FieldCode] = typedCode(v.form.Get(tasks.FieldCode))
			err = checkDigits(fields[tasks.FieldCode])
		}
		if err == nil {
			_, err = p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, verb, fields))
		}
		var blocked *tasks.Blocked
		switch {
		case errors.As(err, &blocked):
			return p.showResetBlockers(v, tv, blocked, "/jobs/"+tv.Job.Receipt)
		case err != nil:
			return p.resetRefused(v, err, func(view page.View) error {
				view.Path = "/jobs/" + tv.Job.Receipt
				return p.showReset(v, tv, view, false)
			})
		}
		return v.to("/jobs/" + tv.Job.Receipt)
	})
}
