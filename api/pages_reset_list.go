package api

import (
	"time"

	"beian/api/page"
	"beian/tasks"
)

// listData is what is still to do before a reset can be handed in.
type listData struct {
	Receipt, Tracking string
	Stream            string
	Tasks             []page.Task
	Left              int
	Until             time.Time
	Check             string
	Handoff, Withdraw string
}

// resetList is the list of tasks of a draft, in any order. In every other state
// the job's own page says what is to be done.
func (p *pages) resetList(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, _ tasks.Viewer) error {
		if v.Param("receipt") != tv.Job.Receipt {
			return v.to(caseRoot(tv.Job.Receipt))
		}
		root := caseRoot(tv.Job.Receipt)
		view := p.view(v)
		view.Back, view.Refresh = v.at().papers, 30
		rows := p.todo(v, tv)
		view.Data = listData{Receipt: tv.Job.Receipt, Tracking: tv.Tracking, Stream: root + "/stream?mark=" + markOf(tv), Tasks: rows,
			Left: left(rows), Until: tv.Job.ExpiresAt, Check: root + "/check", Handoff: root + "/handoff", Withdraw: root + "/act/cancel"}
		return p.show(v, "reset/list", view)
	}, tasks.StateDraft)
}

// left counts what is not done.
func left(rows []page.Task) int {
	n := 0
	for _, row := range rows {
		if row.Badge.Tone != page.Good {
			n++
		}
	}
	return n
}

// todo are the phone, the mailbox, and a row for each document (L2, L6).
func (p *pages) todo(v *visit, tv tasks.View) []page.Task {
	root, f := caseRoot(tv.Job.Receipt), tv.Case.Facts
	phone := page.Task{Title: v.say(p, "reset.task.phone"), Hint: f.Phone, Href: root + "/phone",
		Badge: p.badge(v, "reset.badge.code", page.Warn)}
	if !f.PhoneAt.IsZero() {
		phone.Badge = p.badge(v, "reset.badge.confirmed", page.Good)
	}
	if placeOf(tv.Job.Receipt).aim != aimMailbox {
		return append([]page.Task{phone}, p.slotTasks(v, tv)...)
	}
	mailbox := page.Task{Title: v.say(p, "reset.task.mailbox"), Hint: f.NewEmail, Href: root + "/mailbox",
		Badge: p.badge(v, "reset.badge.mail", page.Pause)}
	if !f.MailboxAt.IsZero() {
		mailbox.Badge = p.badge(v, "reset.badge.confirmed", page.Good)
	}
	return append([]page.Task{phone, mailbox}, p.slotTasks(v, tv)...)
}

// slotTasks are the documents, each with its state.
func (p *pages) slotTasks(v *visit, tv tasks.View) []page.Task {
	var rows []page.Task
	for _, slot := range tv.Case.Slots {
		row := page.Task{Title: v.words(p, "field."+string(slot.Slot)), Href: documentPath(tv.Job.Receipt, slot.Slot)}
		if slot.Slot == tasks.SlotLetter && slot.Document.ID == "" && p.s.parts.Letters != nil {
			row.Hint = v.say(p, "reset.task.letter.hint")
		}
		row.Badge = p.slotBadge(v, slot)
		rows = append(rows, row)
	}
	return rows
}

func documentPath(receipt string, slot tasks.Slot) string {
	return caseRoot(receipt) + "/documents/" + string(slot)
}

func (p *pages) slotBadge(v *visit, slot tasks.SlotView) page.Badge {
	switch {
	case slot.Filled() && len(slot.Document.Flags) > 0:
		return p.badge(v, "reset.badge.kept", page.Good)
	case slot.Filled():
		return p.badge(v, "reset.badge.uploaded", page.Good)
	case slot.Wanted:
		return p.badge(v, "reset.badge.wanted", page.Warn)
	case slot.Document.ID != "":
		return p.badge(v, "reset.badge.doubt", page.Warn)
	}
	return p.badge(v, "reset.badge.missing", page.Neutral)
}

func (p *pages) badge(v *visit, key string, tone page.Tone) page.Badge {
	return page.Badge{Text: v.words(p, key), Tone: tone}
}

// handoffData is the page that leads to another device.
type handoffData struct {
	Address string
	Back    string
}

// handoff shows the link, and a code to scan, by which a phone goes on. The link
// is good for half an hour and opens this one job.
func (p *pages) handoff(v *visit) error {
	return p.forApplicant(v, func(tv tasks.View, by tasks.Viewer) error {
		token, err := p.s.parts.Desk.Handoff(v.ctx(), tv.Job.Receipt, by)
		if err != nil {
			return err
		}
		view := p.view(v)
		view.Back = resetHome(tv)
		view.Data = handoffData{Address: p.s.parts.PublicURL + caseRoot(tv.Job.Receipt) + "/handoff/" + token, Back: view.Back}
		return p.show(v, "reset/handoff", view)
	}, tasks.StateDraft, tasks.StateNeedMore)
}

// resetHome is the page from which an applicant uploads.
func resetHome(tv tasks.View) string {
	if tv.Job.State == tasks.StateNeedMore {
		return caseRoot(tv.Job.Receipt) + "/supplement"
	}
	return caseRoot(tv.Job.Receipt)
}

// openHandoff admits the device that opened the link. A wrong token and an old one
// are the same; both lead to where a new one can be had.
func (p *pages) openHandoff(v *visit) error {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return err
	}
	var tracking string
	err = p.s.fenced(v.ctx(), func() (err error) {
		tracking, err = p.s.parts.Desk.OpenHandoff(v.ctx(), receipt, v.Param("token"))
		return err
	})
	if isNotFound(err) {
		return errGone
	}
	if err != nil {
		return err
	}
	p.admit(v, receipt, tracking)
	return v.to("/jobs/" + receipt)
}
