package api

import (
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// timeline puts a transfer's events and messages into words.
func (p *pages) timeline(v *visit, tv tasks.View) []page.Event {
	return p.timelineOf(v, tv, func(e tasks.Event) (string, string) {
		if own := text.Own(string(tv.Job.Kind), "status.event."+string(e.What)); p.s.parts.Catalog.Has(v.call.lang, own) {
			return v.words(p, own), p.eventNote(v, e)
		}
		return v.words(p, eventKey(e)), p.eventNote(v, e)
	})
}

// timelineOf lists events and messages, newest first; words gives an event's
// title and note. A message stands with the event that caused it: both carry the
// time of their transaction.
func (p *pages) timelineOf(v *visit, tv tasks.View, words func(tasks.Event) (title, note string)) []page.Event {
	placed := map[int]bool{}
	var out []page.Event
	for i := len(tv.Timeline) - 1; i >= 0; i-- {
		e := tv.Timeline[i]
		shown := page.Event{At: e.At, Actor: string(e.Actor.Kind)}
		shown.Title, shown.Note = words(e)
		for j, n := range tv.Notices {
			if !placed[j] && n.CreatedAt.Equal(e.At) {
				placed[j] = true
				shown.Deliveries = append(shown.Deliveries, p.delivery(v, n))
			}
		}
		out = append(out, shown)
	}
	for j, n := range tv.Notices {
		if placed[j] {
			continue
		}
		key := "event.notice"
		if n.Template == tasks.TemplateCode {
			key = "event.track_code"
		}
		out = insertEvent(out, page.Event{At: n.CreatedAt, Actor: string(tasks.ActorSystem), Title: v.words(p, key),
			Deliveries: []page.Delivery{p.delivery(v, n)}})
	}
	return out
}

// insertEvent keeps the newest first.
func insertEvent(all []page.Event, e page.Event) []page.Event {
	for i := range all {
		if all[i].At.Before(e.At) {
			return append(all[:i:i], append([]page.Event{e}, all[i:]...)...)
		}
	}
	return append(all, e)
}

func eventKey(e tasks.Event) string {
	if e.What == tasks.WhatCodeSent && e.From == tasks.StateTargetConfirm {
		return "event.code_invited"
	}
	keys := map[tasks.What]string{
		tasks.WhatSubmitted: "event.submitted", tasks.WhatVerified: "event.verified", tasks.WhatCodeWrong: "event.code_wrong",
		tasks.WhatCodeSent: "event.code_sent", tasks.WhatAccepted: "event.accepted", tasks.WhatDeclined: "event.declined",
		tasks.WhatCancelled: "event.cancelled", tasks.WhatExpired: "event.expired", tasks.WhatDisputed: "event.disputed",
		tasks.WhatReleased: "event.released", tasks.WhatRejected: "event.rejected", tasks.WhatApplied: "event.applied",
		tasks.WhatBlocked: "event.blocked", tasks.WhatDeadLetter: "event.delayed", tasks.WhatRedriven: "event.resumed",
		tasks.WhatReversed: "event.reversed", tasks.WhatApproved: "reset.event.approved",
	}
	if key, known := keys[e.What]; known {
		return key
	}
	return "event.notice"
}

func (p *pages) eventNote(v *visit, e tasks.Event) string {
	switch {
	case e.What == tasks.WhatAccepted:
		how := map[string]string{"code": "event.accepted.code", "sign_in": "event.accepted.sign_in", "policy": "event.accepted.policy"}
		if key, known := how[e.Note]; known {
			return v.words(p, key)
		}
	case e.What == tasks.WhatReversed:
		return v.words(p, "event.reversed.note", text.Params{"receipt": page.Grouped(e.Note)})
	case e.What == tasks.WhatBlocked && p.s.parts.Catalog.Has(v.call.lang, "blocker."+e.Note+".message"):
		return v.words(p, "blocker."+e.Note+".message")
	}
	return ""
}

// delivery says which message went where and what became of it (C3).
func (p *pages) delivery(v *visit, n tasks.NoticeView) page.Delivery {
	names := map[tasks.Template]string{
		tasks.TemplateCode: "event.message.code", tasks.TemplateWarned: "event.message.warning", tasks.TemplateInvited: "event.message.invitation",
		tasks.TemplateDone: "event.message.result", tasks.TemplateReceived: "event.message.result", tasks.TemplateStopped: "event.message.result",
		tasks.TemplateFailed: "event.message.result", tasks.TemplateDisputed: "event.message.dispute",
		tasks.TemplateMailbox: "reset.message.mailbox", tasks.TemplateResetWarned: "event.message.warning", tasks.TemplateResetQueued: "reset.message.promise",
		tasks.TemplateResetAsked: "reset.message.asked", tasks.TemplateResetDelayed: "reset.message.promise", tasks.TemplateResetApproved: "event.message.warning",
		tasks.TemplateResetHeld: "event.message.result", tasks.TemplateResetRejected: "event.message.result", tasks.TemplateResetStopped: "event.message.result",
		tasks.TemplateResetFailed: "event.message.result", tasks.TemplateResetFrozen: "event.message.dispute", tasks.TemplateResetDone: "event.message.warning",
		tasks.TemplatePapersWarned: "event.message.warning", tasks.TemplatePapersApproved: "event.message.warning",
		tasks.TemplatePapersRejected: "event.message.result", tasks.TemplatePapersDone: "event.message.result",
		tasks.TemplateReversed: "event.message.result", tasks.TemplateNotReversed: "event.message.result",
		tasks.TemplateImportReady: "event.message.result", tasks.TemplateImportStarted: "event.message.warning", tasks.TemplateImportTaken: "event.message.warning",
		tasks.TemplateImportDone: "event.message.result", tasks.TemplateImportFailed: "event.message.result", tasks.TemplateImportStopped: "event.message.result",
		tasks.TemplateImportFrozen: "event.message.dispute", tasks.TemplateImportAsked: "event.message.warning", tasks.TemplateImportRefused: "event.message.result",
		tasks.TemplateImportGranted: "event.message.warning", tasks.TemplateImportGoes: "event.message.result", tasks.TemplateImportHeld: "event.message.result",
		tasks.TemplateResetReady: "event.message.result", tasks.TemplateRecovery: "reset.message.password",
	}
	d := page.Delivery{Channel: "sms", To: n.To, State: "queued"}
	if n.SentAt.Sub(n.CreatedAt) >= time.Minute { // else the event's own time says it
		d.At = n.SentAt
	}
	key, known := names[n.Template]
	if own := "event.message." + string(n.Template); !known && p.s.parts.Catalog.Has(v.call.lang, own) {
		key, known = own, true
	}
	if known {
		d.To = v.words(p, "event.message", text.Params{"to": n.To, "what": v.words(p, key)})
	}
	if n.Channel == tasks.ChannelMail {
		d.Channel = "email"
	}
	switch n.State {
	case tasks.NoticeSent, tasks.NoticeDelivered, tasks.NoticeFailed, tasks.NoticeUnknown:
		d.State = string(n.State)
	}
	d.Why = failureWords(n, func(key string) string { return v.words(p, key) })
	return d
}

// failureWords tell the applicant whose matter it is that a message did not arrive,
// or not yet (C2).
func failureWords(n tasks.NoticeView, say func(string) string) string {
	if n.Delayed {
		return say("delivery.why.delayed")
	}
	switch n.Failure {
	case tasks.FailureAddress:
		return say("delivery.why.bad_address." + string(n.Channel))
	case tasks.FailureProvider:
		return say("delivery.why.provider")
	case tasks.FailureTime:
		return say("delivery.why.too_late")
	}
	return ""
}

// codeSent is when the desk last sent a code for the present state, zero if not.
func codeSent(tv tasks.View) time.Time {
	for i := len(tv.Timeline) - 1; i >= 0; i-- {
		e := tv.Timeline[i]
		if e.To != tv.Job.State {
			continue
		}
		if e.What == tasks.WhatCodeSent || e.What == tasks.WhatSubmitted || e.What == tasks.WhatOldProved {
			return e.At
		}
	}
	return time.Time{}
}

// resendWait is for how many seconds the code can't be sent again (C1).
func resendWait(tv tasks.View, now time.Time) int {
	left := pageCodeResend - now.Sub(codeSent(tv))
	return max(0, int((left+time.Second-1)/time.Second))
}

// codePhone is where the newest code went, masked.
func codePhone(tv tasks.View) string {
	phone, at := "", time.Time{}
	for _, n := range tv.Notices {
		if n.Template == tasks.TemplateCode && !n.CreatedAt.Before(at) {
			phone, at = n.To, n.CreatedAt
		}
	}
	return phone
}
