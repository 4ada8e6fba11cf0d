package api

import (
	"cmp"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// resetData is a login reset as one visitor sees it: its applicant, or somebody
// who was told of it and sees neither documents nor the applicant.
type resetData struct {
	Receipt, State, Head, Say, Tracking string
	Changed, Objection                  bool
	Stream                              string
	Act, ActWords, ActSay               string // where the applicant goes on now
	Follow                              string // where there is more to see, with nothing to do
	Promise                             page.Promise
	Paused                              bool
	Findings                            []findingData
	Blockers                            []page.Blocker
	Events                              []page.Event
	Rows                                []page.Row
	Documents                           []page.Task
	Nudge, NudgeID                      string
	NudgeFrom                           time.Time
	Appeal                              string
	AppealBy                            time.Time
	Again                               bool
	Withdraw, Dispute                   string
	Accept, Decline, Invite             string // of a receiver, and the link for it
	Receiver                            receiverCode
	Root                                string // where one begins anew
	Waiting                             bool
}

// showReset fills and writes the status page of a reset.
func (p *pages) showReset(v *visit, tv tasks.View, view page.View, changed bool) error {
	own, root := tv.Own, caseRoot(tv.Job.Receipt)
	d := resetData{Receipt: tv.Job.Receipt, State: resetState(tv), Tracking: tv.Tracking, Changed: changed,
		Objection: tv.Job.State == tasks.StateDone && !tv.Job.DisputedAt.IsZero(),
		Root:      v.at().papers, Events: p.resetTimeline(v, tv), Rows: p.resetRows(v, tv), Paused: tv.Case.Paused && !tv.Job.State.Ended()}
	d.Head, d.Say = p.resetHeadline(v, tv)
	if own {
		p.resetDuty(v, tv, &d)
	}
	p.receiverDuty(v, tv, &d)
	if slices.Contains(tv.Verbs, tasks.VerbDispute) && tv.Role == tasks.RoleSource {
		d.Dispute = "/jobs/" + tv.Job.Receipt + "/dispute"
	}
	if slices.Contains(tv.Verbs, tasks.VerbCancel) {
		d.Withdraw = root + "/act/cancel"
	}
	if !settled(tv) {
		d.Stream, view.Refresh = "/jobs/"+tv.Job.Receipt+"/stream?mark="+markOf(tv), 30
	}
	if d.Receiver.Take != "" { // a reload would lose what is typed
		view.Refresh = 0
	}
	d.Waiting = d.Act+d.Accept+d.Invite == "" && !tv.Job.State.Ended()
	view.Title, view.Data = d.Head, d
	if v.who.AccountID != "" {
		view.Back = "/account"
	}
	return p.show(v, "jobs/reset", view)
}

// resetState is the state's word: one that a reviewer has open is 审核中.
func resetState(tv tasks.View) string {
	if tv.Job.State == tasks.StateQueued && tv.Case.Held {
		return "claimed"
	}
	return string(tv.Job.State)
}

// resetDuty says what the applicant has to do now, and what is possible.
func (p *pages) resetDuty(v *visit, tv tasks.View, d *resetData) {
	root := caseRoot(tv.Job.Receipt)
	until := text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt), "kept": p.keptFor(v).Refused}
	d.Findings, d.Blockers = p.findings(v, tv), p.resetBlockers(v, tv, tv.Job.Blockers)
	if tv.Job.State != tasks.StateDraft {
		d.Documents = p.filed(v, tv)
	}
	switch tv.Job.State {
	case tasks.StateDraft:
		d.Act, d.ActWords, d.ActSay = root, v.say(p, "reset.act.draft"), v.say(p, "reset.act.draft.say", until)
	case tasks.StateEmailConfirm:
		d.Act, d.ActWords, d.ActSay = root+"/mailbox", v.say(p, "reset.act.mailbox"), v.say(p, "reset.act.mailbox.say", until)
	case tasks.StateNeedMore:
		d.Act, d.ActWords, d.ActSay = root+"/supplement", v.say(p, "reset.act.more"), v.say(p, "reset.act.more.say", until)
		d.Findings = nil // they are on that page
	case tasks.StateQueued, tasks.StateSecondReview:
		d.Promise = p.promise(tv.Case.Facts.SubmittedAt, tv.Case.Promise)
		d.NudgeFrom = tv.Case.NudgeFrom
		if slices.Contains(tv.Verbs, tasks.VerbNudge) && !p.parts.Now().Before(tv.Case.NudgeFrom) {
			d.Nudge, d.NudgeID, d.NudgeFrom = root+"/act/nudge", formID(tv, tasks.VerbNudge), time.Time{}
		}
	case tasks.StateRejected:
		d.Again = true
		if slices.Contains(tv.Verbs, tasks.VerbAppeal) {
			d.Appeal, d.AppealBy = root+"/act/appeal", tv.Job.EndedAt.Add(p.parts.Policy.AppealWindow)
		}
	case tasks.StateWithdrawn, tasks.StateExpired, tasks.StateFailed:
		d.Again = true
	case tasks.StateDone:
		begun := tv.Case.Import
		switch {
		case begun.Receipt == "":
		case begun.State == tasks.StateChecking, begun.State == tasks.StateDiff:
			d.Act, d.ActWords, d.ActSay = "/jobs/"+begun.Receipt, v.words(p, "legacy_papers.import.open"), v.words(p, "legacy_papers.import.say")
		default:
			d.Follow, d.ActWords, d.ActSay = "/jobs/"+begun.Receipt, v.words(p, "legacy_papers.import.open"), v.words(p, "legacy_papers.import.follow")
		}
	}
}

// filed are the documents with their state, without a way to change them.
func (p *pages) filed(v *visit, tv tasks.View) []page.Task {
	var out []page.Task
	for _, slot := range tv.Case.Slots {
		row := page.Task{Title: v.words(p, "field."+string(slot.Slot)), Badge: p.slotBadge(v, slot)}
		if !slot.Document.ShreddedAt.IsZero() {
			row.Badge = p.badge(v, "reset.badge.shredded", page.Neutral)
		}
		out = append(out, row)
	}
	return out
}

// resetHeadline is the state in words and what it means, for this visitor.
func (p *pages) resetHeadline(v *visit, tv tasks.View) (head, say string) {
	f := tv.Case.Facts
	params := text.Params{"phone": f.Phone, "target": tv.Preview.Target, "icp": tv.Preview.ICP, "email": f.NewEmail, "old": f.OldLogin, "n": tv.Case.MoreLeft, "hours": int(p.parts.Policy.TransferHold / (24 * time.Hour)),
		"date": p.s.parts.Catalog.Promise(v.call.lang, cmp.Or(f.HoldUntil, tv.Case.Promise))}
	key := "reset.head." + resetState(tv)
	switch {
	case tv.Contact != nil && !tv.Contact.RestoredAt.IsZero():
		key = "reset.head.restored"
	case tv.Role == tasks.RoleTarget:
		key = "reset.head.target." + otherState(tv.Job.State)
	case !tv.Own:
		key = "reset.head.other." + otherState(tv.Job.State)
	case tv.Case.Import.Receipt != "":
		params["date"] = p.s.parts.Catalog.Promise(v.call.lang, tv.Case.Import.HoldUntil)
		return v.say(p, key, params), v.words(p, begunKey(tv.Case.Import), params)
	case tv.Job.State == tasks.StateRejected && !tv.Job.DisputedAt.IsZero():
		key = "reset.head.refused"
	case tv.Job.State == tasks.StateHold && f.HoldWhy != "usual":
		return v.say(p, key, params), v.say(p, "reset.head.hold.say."+f.HoldWhy, params)
	case tv.Job.State == tasks.StateQueued && tv.Case.Breaches > 0:
		return v.say(p, key, params), v.say(p, "reset.head.late.say", params)
	}
	return v.say(p, key, params), v.say(p, key+".say", params)
}

// begunKey says how the import stands that papers began, and until when it waits.
func begunKey(b tasks.Begun) string {
	const key = "legacy_papers.head.done.say"
	switch b.State {
	case tasks.StateChecking:
		return key
	case tasks.StateDiff, tasks.StateHold, tasks.StateImporting, tasks.StateDone, tasks.StateDisputed:
		return key + "." + string(b.State)
	}
	return key + ".over"
}

// otherState is what somebody else than the applicant needs to tell apart.
func otherState(s tasks.State) string {
	switch {
	case s == tasks.StateHold || s == tasks.StateDone || s == tasks.StateDisputed:
		return string(s)
	case s.Ended():
		return "ended"
	}
	return "open"
}

// resetRows are the facts of the application, masked; others than the applicant
// see what is asked for and not by whom.
func (p *pages) resetRows(v *visit, tv tasks.View) []page.Row {
	f := tv.Case.Facts
	rows := []page.Row{{Key: v.words(p, "field.subject_name"), Value: f.Subject},
		{Key: v.words(p, "field.icp_or_domain"), Value: f.ICP + f.Domain},
	}
	rows = append(rows, p.aimRows(v, tv, "")...)
	if tv.Own {
		if string(f.Nature) == organisation {
			rows = append(rows, page.Row{Key: v.words(p, "field.applicant"), Value: f.Applicant})
		}
		rows = append(rows, page.Row{Key: v.say(p, "reset.phone.label"), Value: f.Phone})
		if f.Reason != "" {
			rows = append(rows, page.Row{Key: v.words(p, "field.reason"), Value: v.words(p, "option.reason."+f.Reason)})
		}
	}
	dated := func(key string, at time.Time) {
		if !at.IsZero() {
			rows = append(rows, page.Row{Key: v.words(p, key), Value: p.s.parts.Catalog.Date(at)})
		}
	}
	dated("status.submitted", f.SubmittedAt)
	if tv.Job.State == tasks.StateHold {
		dated("reset.row.effective", f.HoldUntil)
	}
	dated("status.ended", tv.Job.EndedAt)
	return rows
}

// resetTimeline is the timeline in the words of a reset. What happens inside the
// office stays there; others than the applicant see the milestones only.
func (p *pages) resetTimeline(v *visit, tv tasks.View) []page.Event {
	shown := concealed(tv)
	shown.Timeline = slices.DeleteFunc(slices.Clone(shown.Timeline), func(e tasks.Event) bool { return resetEventKey(e.What) == "" })
	if !tv.Own { // which of them were told is not for one of them
		shown.Notices = nil
	}
	for i, n := range shown.Notices {
		if n.To == "" {
			shown.Notices[i].To = v.say(p, "reset.told.onrecord")
		}
	}
	return p.timelineOf(v, shown, func(e tasks.Event) (string, string) {
		return v.say(p, resetEventKey(e.What)), p.resetNote(v, tv.Own, e)
	})
}

// resetEventKey names an event in words; empty for what is the office's own
// matter.
func resetEventKey(w tasks.What) string {
	return map[tasks.What]string{
		tasks.WhatDrafted: "reset.event.drafted", tasks.WhatRevised: "reset.event.revised", tasks.WhatPhoneProved: "reset.event.phone",
		tasks.WhatMailSent: "reset.event.mail", tasks.WhatMailboxProved: "reset.event.mailbox", tasks.WhatUploaded: "reset.event.uploaded",
		tasks.WhatRemoved: "reset.event.removed", tasks.WhatKept: "reset.event.kept", tasks.WhatSubmitted: "reset.event.submitted",
		tasks.WhatQueued: "reset.event.queued", tasks.WhatClaimed: "reset.event.claimed", tasks.WhatReturned: "reset.event.returned",
		tasks.WhatApprovedOnce: "reset.event.approved_once", tasks.WhatApproved: "reset.event.approved", tasks.WhatAsked: "reset.event.asked",
		tasks.WhatSupplemented: "reset.event.supplemented", tasks.WhatEscalated: "reset.event.escalated", tasks.WhatBreached: "reset.event.breached",
		tasks.WhatDueChanged: "reset.event.due", tasks.WhatNudged: "reset.event.nudged", tasks.WhatHeld: "reset.event.held",
		tasks.WhatAppealed: "reset.event.appealed", tasks.WhatApplied: "reset.event.applied", tasks.WhatRejected: "reset.event.rejected",
		tasks.WhatCodeWrong: "event.code_wrong", tasks.WhatCodeSent: "event.code_sent", tasks.WhatCancelled: "event.cancelled",
		tasks.WhatExpired: "event.expired", tasks.WhatDisputed: "event.disputed", tasks.WhatReleased: "event.released",
		tasks.WhatAccepted: "event.accepted", tasks.WhatDeclined: "event.declined", tasks.WhatReversed: "event.reversed", tasks.WhatRestored: "reset.event.restored",
		tasks.WhatBlocked: "event.blocked", tasks.WhatDeadLetter: "event.delayed", tasks.WhatRedriven: "event.resumed",
	}[w]
}

// resetNote words a row's note: a document, a date, a reason.
func (p *pages) resetNote(v *visit, own bool, e tasks.Event) string {
	switch e.What {
	case tasks.WhatUploaded, tasks.WhatRemoved, tasks.WhatKept:
		return v.words(p, "field."+e.Note)
	case tasks.WhatQueued, tasks.WhatSupplemented, tasks.WhatBreached, tasks.WhatDueChanged, tasks.WhatAppealed:
		return v.say(p, "reset.event.by", text.Params{"date": e.Note})
	case tasks.WhatAccepted, tasks.WhatReversed:
		return p.eventNote(v, e)
	case tasks.WhatHeld:
		return v.say(p, "reset.event.from", text.Params{"date": e.Note})
	case tasks.WhatAsked, tasks.WhatRejected:
		if own && p.s.parts.Catalog.Has(v.call.lang, "reason."+e.Note+".label") {
			return v.words(p, "reason."+e.Note+".label")
		}
	case tasks.WhatBlocked:
		if keys, own := resetBlockerKeys(e.Note); own {
			return v.say(p, keys[0])
		}
		return p.eventNote(v, e)
	}
	return ""
}
