package api

import (
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// receiverCode is the code to the receiver's phone, with which the receiver accepts on
// the applicant's screen (T8, T13). Its number stays untold: whoever applies on papers
// need not know more of it than was typed.
type receiverCode struct {
	Ask, AskID   string // where it is asked for
	Take, TakeID string // where it is typed in, once it was sent
	Resend       page.Resend
}

// receiverDuty is what the account that would receive the filing can do, also when
// the applicant is the one who is signed in to it.
func (p *pages) receiverDuty(v *visit, tv tasks.View, d *resetData) {
	receives := v.who.AccountID != "" && v.who.AccountID == tv.Job.TargetAccountID
	until := text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt), "target": tv.Preview.Target}
	root := "/jobs/" + tv.Job.Receipt
	switch {
	case tv.Job.State == tasks.StateTargetConfirm && receives:
		d.Accept, d.Decline, d.ActSay = root+"/accept", root+"/decline", v.words(p, "status.accept.until.you", until)
	case tv.Job.State == tasks.StateTargetConfirm && tv.Own:
		d.Invite, d.ActSay = p.s.parts.PublicURL+"/receive/"+tv.Job.Receipt, v.say(p, "reset.act.receiver.say", until)
		d.Receiver = p.receiverCode(tv)
	case receives && slices.Contains(tv.Verbs, tasks.VerbDecline):
		d.Decline = root + "/decline"
	}
}

// receiverCode offers to send the code, and asks for it while one lives.
func (p *pages) receiverCode(tv tasks.View) (c receiverCode) {
	if !slices.Contains(tv.Verbs, tasks.VerbInvite) {
		return c
	}
	root := caseRoot(tv.Job.Receipt) + "/act/"
	c.Ask, c.AskID = root+string(tasks.VerbInvite), formID(tv, tasks.VerbInvite)
	since := p.parts.Now().Sub(receiverAsked(tv))
	if since < pageCodeLife {
		c.Take, c.TakeID = root+string(tasks.VerbAccept), formID(tv, tasks.VerbAccept)
		left := max(0, pageCodeResend-since)
		c.Resend = page.Resend{Action: c.Ask, FormID: c.AskID, Wait: int((left + time.Second - 1) / time.Second)}
	}
	return c
}

// receiverAsked is when the newest code went to the receiver; zero before.
func receiverAsked(tv tasks.View) time.Time {
	for _, e := range slices.Backward(tv.Timeline) {
		if e.What == tasks.WhatCodeSent && e.To == tasks.StateTargetConfirm {
			return e.At
		}
	}
	return time.Time{}
}
