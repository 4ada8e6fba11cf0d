package api

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// resetCheckData is the page to check before handing in.
type resetCheckData struct {
	Rows      []page.Row
	Documents []page.Task
	Left      int
	Promise   page.Promise
	Action    string
}

// resetCheck shows all answers, masked, with a link to change each.
func (p *pages) resetCheck(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error { return p.showResetCheck(v, tv, p.view(v)) }, tasks.StateDraft)
}

func (p *pages) showResetCheck(v *visit, tv tasks.View, view page.View) error {
	root := caseRoot(tv.Job.Receipt)
	view.Back, view.FormID = root, formID(tv, tasks.VerbSubmit)
	rows, err := p.freeRows(v, tv, p.answerRows(v, tv))
	if err != nil {
		return err
	}
	view.Data = resetCheckData{Rows: rows, Documents: p.slotTasks(v, tv), Left: left(p.todo(v, tv)),
		Promise: p.promise(p.parts.Now(), p.dueNow()), Action: root + "/submit"}
	return p.show(v, "reset/check", view)
}

// answerRows are what was typed, masked, with links to change it.
func (p *pages) answerRows(v *visit, tv tasks.View) []page.Row {
	f, change := tv.Case.Facts, caseRoot(tv.Job.Receipt)+"/change/"
	who := v.words(p, "option.nature."+string(f.Nature))
	if string(f.Nature) == organisation {
		who += " · " + v.words(p, map[bool]string{true: "option.principal.yes", false: "option.principal.no"}[f.Principal])
	}
	rows := []page.Row{
		{Key: v.words(p, "field.nature"), Value: who, Href: change + "who"},
		{Key: v.words(p, "field.subject_name"), Value: f.Subject, Href: change + "facts"},
		{Key: v.words(p, "field.certificate_number"), Value: f.Certificate, Href: change + "facts"},
		{Key: v.words(p, "field.icp_or_domain"), Value: f.ICP + f.Domain, Href: change + "facts"},
	}
	if string(f.Nature) == organisation {
		rows = append(rows, page.Row{Key: v.words(p, "field.applicant"), Value: f.Applicant, Href: change + "facts"})
	}
	rows = append(rows,
		page.Row{Key: v.say(p, "reset.phone.label"), Value: f.Phone, Href: change + "phone"},
	)
	rows = append(rows, p.aimRows(v, tv, change)...)
	if f.Reason == "" {
		return rows
	}
	return append(rows,
		page.Row{Key: v.words(p, "field.reason"), Value: v.words(p, "option.reason."+f.Reason), Href: change + "reason"})
}

// freeRows adds what helps to find the legacy account, in the applicant's own words,
// each with its way to another answer.
func (p *pages) freeRows(v *visit, tv tasks.View, rows []page.Row) ([]page.Row, error) {
	if v.at().aim != aimImport {
		return rows, nil
	}
	d, err := p.s.parts.Desk.OwnDossier(v.ctx(), tv.Job.Receipt, tasks.Viewer{Tracking: p.kept(v, trackingCookie)})
	if err != nil {
		return nil, err
	}
	none, change := v.words(p, "legacy_papers.none"), caseRoot(tv.Job.Receipt)+"/change/reason"
	return append(rows, page.Row{Key: v.words(p, "legacy_papers.row.login"), Value: cmp.Or(tv.Case.Facts.Remembered, none), Href: change},
		page.Row{Key: v.words(p, "field.remark"), Value: cmp.Or(d.Remark, none), Href: change}), nil
}

// aimRows are what the job is for: the new mailbox, or the receiver. A phone stands
// among them already, what an import is for is its certificate.
func (p *pages) aimRows(v *visit, tv tasks.View, change string) []page.Row {
	row := page.Row{Key: v.words(p, "field.new_email"), Value: tv.Case.Facts.NewEmail, Href: change + "mailbox"}
	switch placeOf(tv.Job.Receipt).aim {
	case aimReceiver:
		row = page.Row{Key: v.words(p, "field.target"), Value: tv.Preview.Target, Href: change + "receiver"}
	case aimPhone, aimImport:
		return nil
	}
	if change == "" {
		row.Href = ""
	}
	return []page.Row{row}
}

// submitReset hands the draft in. Everything that is missing comes at once (A5).
func (p *pages) submitReset(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		_, err := p.s.parts.Desk.Act(v.ctx(), p.action(v, tv.Job.Receipt, tasks.VerbSubmit, map[string]string{}))
		var blocked *tasks.Blocked
		switch {
		case errors.As(err, &blocked):
			return p.showResetBlockers(v, tv, blocked, caseRoot(tv.Job.Receipt)+"/check")
		case err != nil:
			return p.resetRefused(v, err, func(view page.View) error { return p.showResetCheck(v, tv, view) })
		}
		return v.to(caseRoot(tv.Job.Receipt) + "/done")
	})
}

// resetBlockedData is the page of everything that stands in the way.
type resetBlockedData struct {
	N        int
	Blockers []page.Blocker
	Again    string
	Home     string
}

func (p *pages) showResetBlockers(v *visit, tv tasks.View, blocked *tasks.Blocked, again string) error {
	v.call.code = string(errBlocked)
	view := p.view(v)
	view.Status, view.Back, view.Path = http.StatusUnprocessableEntity, resetHome(tv), again
	view.Data = resetBlockedData{N: len(blocked.Blockers), Blockers: p.resetBlockers(v, tv, blocked.Blockers), Again: again, Home: resetHome(tv)}
	return p.show(v, "reset/blocked", view)
}

// resetBlockers lead each to the page on which it can be cleared. Some codes read
// otherwise here than in a transfer; whose other request there is stays untold (A6).
func (p *pages) resetBlockers(v *visit, tv tasks.View, found []tasks.Blocker) []page.Blocker {
	root := caseRoot(tv.Job.Receipt)
	out := make([]page.Blocker, len(found))
	for i, b := range found {
		shown := page.Blocker{Code: b.Code, Owner: "applicant", Params: p.s.blockerParams(v.call.lang, b)}
		if b.Owner == tasks.OwnerPlatform {
			shown.Owner = "platform"
		}
		open := tv.Job.State == tasks.StateDraft
		switch {
		case b.Params["slot"] != "":
			shown.Href, shown.Link = root+"/documents/"+b.Params["slot"], v.say(p, "reset.blocked.upload")
		case b.Code == "PHONE_UNCONFIRMED":
			shown.Href, shown.Link = root+"/phone", v.say(p, "reset.blocked.phone")
		case b.Code == "FACTS_DO_NOT_MATCH" && open:
			shown.Href, shown.Link = root+"/change/facts", v.say(p, "reset.blocked.facts")
		case strings.HasPrefix(b.Code, "TARGET_") && open:
			shown.Href, shown.Link = root+"/change/receiver", v.say(p, "reset.blocked.receiver")
		case b.Code == "EMAIL_TAKEN" && open:
			shown.Href, shown.Link = root+"/change/mailbox", v.say(p, "reset.blocked.mailbox")
		default:
			shown.Href, shown.Link = "/help#reset", v.say(p, "transfer.blocked.why")
		}
		if keys, own := resetBlockerKeys(b.Code); own && (tv.Job.Kind == tasks.KindReset || b.Code != "SOURCE_FROZEN") {
			shown.Message, shown.Remedy = v.say(p, keys[0]), v.say(p, keys[1])
		}
		out[i] = shown
	}
	return out
}

// resetBlockerKeys are message and remedy of the codes whose general words speak
// of a transfer.
func resetBlockerKeys(code string) (keys [2]string, own bool) {
	keys, own = map[string][2]string{
		"SOURCE_FROZEN":          {"reset.blocked.closed", "reset.blocked.closed.remedy"},
		"JOB_ALREADY_OPEN":       {"reset.blocked.open", "reset.blocked.open.remedy"},
		"SUBJECT_HELD_ELSEWHERE": {"reset.blocked.elsewhere", "reset.blocked.elsewhere.remedy"},
	}[code]
	return keys, own
}

// blockerParams are a blocker's parameters with the document's name in words.
func (s *Server) blockerParams(lang text.Lang, b tasks.Blocker) text.Params {
	params := text.ParamsOf(b.Params)
	if slot := b.Params["slot"]; slot != "" {
		params["document"] = s.parts.Catalog.Field(lang, slot)
	}
	return params
}

// doneData confirms the submission.
type doneData struct {
	Receipt, Tracking, NewEmail, OldLogin string
	Target, Invite                        string // the receiver, masked, and the link for it
	Waiting                               bool   // for somebody's yes: the clock has not started (L6)
	Until                                 time.Time
	Mailbox                               string
	Promise                               page.Promise
	Hold                                  int
	Told                                  []page.Row
	Status                                string
}

// resetDone is the confirmation: receipt, dated promise, what becomes of the old
// mailbox, and who was told.
func (p *pages) resetDone(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		view := p.view(v)
		d := doneData{Receipt: tv.Job.Receipt, Tracking: tv.Tracking, NewEmail: tv.Case.Facts.NewEmail, OldLogin: tv.Case.Facts.OldLogin,
			Waiting: tv.Job.State != tasks.StateQueued, Mailbox: caseRoot(tv.Job.Receipt) + "/mailbox", Target: tv.Preview.Target, Until: tv.Job.ExpiresAt,
			Hold: int(p.parts.Policy.Hold / time.Hour), Told: p.told(v, tv), Status: "/jobs/" + tv.Job.Receipt}
		if !tv.Case.Promise.IsZero() {
			d.Promise = p.promise(tv.Case.Facts.SubmittedAt, tv.Case.Promise)
		}
		if tv.Job.State == tasks.StateTargetConfirm {
			d.Mailbox, d.Invite = "", p.s.parts.PublicURL+"/receive/"+tv.Job.Receipt
		}
		view.Data = d
		return p.show(v, "reset/done", view)
	}, tasks.StateEmailConfirm, tasks.StateTargetConfirm, tasks.StateQueued)
}

// warning tells the messages to contacts on record at the hand-in (A8).
func warning(t tasks.Template) bool {
	return slices.Contains([]tasks.Template{tasks.TemplateResetWarned, tasks.TemplatePapersWarned, tasks.TemplateContactWarned}, t)
}

// told says where notices went: one's own channels masked, those on record without
// their number, as they may be a stranger's to the applicant.
func (p *pages) told(v *visit, tv tasks.View) []page.Row {
	old, own := v.say(p, "reset.told.none"), ""
	for _, n := range tv.Notices {
		switch {
		case warning(n.Template):
			old = v.say(p, "reset.told.some")
		case n.Template == tasks.TemplateResetQueued:
			if own != "" {
				own += "\n"
			}
			own += n.To
		}
	}
	rows := []page.Row{{Key: v.say(p, "reset.told.old"), Value: old}}
	if own != "" {
		rows = append(rows, page.Row{Key: v.say(p, "reset.told.you"), Value: own})
	}
	return rows
}
