package api

import (
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// timeline puts events and messages into words, newest first. A message stands
// with the event that caused it: both carry the time of their transaction.
func (p *pages) timeline(v *visit, tv tasks.View) []page.Event {
	placed := map[int]bool{}
	var out []page.Event
	for i := len(tv.Timeline) - 1; i >= 0; i-- {
		e := tv.Timeline[i]
		shown := page.Event{At: e.At, Actor: string(e.Actor.Kind), Title: v.words(p, eventKey(e)), Note: p.eventNote(v, e)}
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
	}
	d := page.Delivery{Channel: "sms", To: n.To, State: "queued"}
	if n.SentAt.Sub(n.CreatedAt) >= time.Minute { // else the event's own time says it
		d.At = n.SentAt
	}
	if key, known := names[n.Template]; known {
		d.To = v.words(p, "event.message", text.Params{"to": n.To, "what": v.words(p, key)})
	}
	if n.Channel == tasks.ChannelMail {
		d.Channel = "email"
	}
	switch n.State {
	case tasks.NoticeSent, tasks.NoticeDelivered, tasks.NoticeFailed, tasks.NoticeUnknown:
		d.State = string(n.State)
	}
	return d
}

// codeSent is when the desk last sent a code for the present state, zero if not.
func codeSent(tv tasks.View) time.Time {
	for i := len(tv.Timeline) - 1; i >= 0; i-- {
		e := tv.Timeline[i]
		if e.To != tv.Job.State {
			continue
		}
		if e.What == tasks.WhatCodeSent || e.What == tasks.WhatSubmitted {
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
