package api

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// The numbers of C1 that the page counts with; the desk decides.
const (
	pageCodeLife   = 10 * time.Minute
	pageCodeResend = time.Minute
)

// jobData is a job as one visitor sees it. Act names what the visitor has to do
// now: verify, take, invite, accept or nothing.
type jobData struct {
	Receipt, State, Head, Say, Until, Next string
	Act, Phone                             string
	Code                                   codeForm // with verify
	Objection                              string   // somebody objects to what took effect
	Changed                                bool
	Stream                                 string
	Rows                                   []page.Row
	Blockers                               []page.Blocker
	Events                                 []page.Event
	Tracking, Invite                       string
	SignIn, SignInHref                     string
	Resend                                 page.Resend
	InviteID                               string
	Again, AgainHint                       string // where to start again, and what is kept
	Waiting                                bool
	Verbs                                  map[string]string // offered ones with their address
	NotMe                                  string
}

// codeForm asks for a code in one of several steps.
type codeForm struct {
	Verb        tasks.Verb
	Action      string
	Step, Steps int
	Button      string
}

// telling fills in what the status page says of the jobs of one kind.
type telling func(p *pages, v *visit, tv tasks.View, d *jobData)

// tellingOf is that of a kind without papers; a new kind adds its own, a kind without
// one is told as a transfer. What all have in common the page says itself, in the
// kind's words where it has some.
func tellingOf(k tasks.Kind) telling {
	if tell, own := map[tasks.Kind]telling{tasks.KindContact: tellContact}[k]; own {
		return tell
	}
	return tellTransfer
}

// formID keys an act on a job at its present version: pressing twice, or in two
// windows, is one act, and a copy of the page made while it is open is equal.
func formID(tv tasks.View, verb tasks.Verb) string {
	return fmt.Sprintf("%s-%d-%s", tv.Job.Receipt, tv.Job.Version, verb)
}

// showJob fills and writes the status page; changed tells that an act came too
// late.
func (p *pages) showJob(v *visit, tv tasks.View, view page.View, changed bool) error {
	if tv.Case != nil {
		return p.showReset(v, tv, view, changed)
	}
	if tv.Legacy != nil {
		return p.showImport(v, tv, view, changed)
	}
	d := jobData{Receipt: tv.Job.Receipt, State: string(tv.Job.State), Changed: changed,
		Tracking: tv.Tracking, Events: p.timeline(v, tv), Verbs: map[string]string{}}
	if tv.Job.State == tasks.StateDone && !tv.Job.DisputedAt.IsZero() {
		d.Objection = v.say(p, "status.done.objection")
	}
	for _, verb := range tv.Verbs {
		d.Verbs[string(verb)] = "/jobs/" + tv.Job.Receipt + "/" + string(verb)
	}
	tellingOf(tv.Job.Kind)(p, v, tv, &d)
	d.Rows = append(d.Rows, p.whenRows(v, tv)...)
	p.tracker(v, tv, &d)
	d.Waiting = !tv.Job.State.Ended() && d.Act == ""
	if !settled(tv) {
		d.Stream = "/jobs/" + tv.Job.Receipt + "/stream?mark=" + markOf(tv)
		if d.Act == "" { // a reload would lose what is typed
			view.Refresh = 30
		}
	}
	view.Title, view.Data = d.Head, d
	if v.who.AccountID != "" {
		view.Back = "/account"
	}
	switch d.Act {
	case "verify":
		view.FormID = formID(tv, d.Code.Verb)
	case "take":
		view.FormID = formID(tv, tasks.VerbAccept)
	}
	return p.show(v, "jobs/job", view)
}

// tellTransfer tells of a transfer.
func tellTransfer(p *pages, v *visit, tv tasks.View, d *jobData) {
	d.Head, d.Say = p.headline(v, tv)
	d.Rows = p.transferRows(v, tv)
	p.duty(v, tv, d)
	p.ending(v, tv, d)
}

// duty says what the visitor has to do now and until when.
func (p *pages) duty(v *visit, tv tasks.View, d *jobData) {
	until := text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, tv.Job.ExpiresAt)}
	may := func(verb tasks.Verb) bool { return slices.Contains(tv.Verbs, verb) }
	switch tv.Job.State {
	case tasks.StateSourceVerify:
		d.Until = v.words(p, "status.verify.until", until)
		if may(tasks.VerbVerify) {
			d.Act, d.Code = "verify", codeForm{Verb: tasks.VerbVerify, Action: d.Verbs[string(tasks.VerbVerify)], Step: 3, Steps: 3,
				Button: v.words(p, "status.verify.button")}
			d.Resend = page.Resend{Action: d.Verbs[string(tasks.VerbResend)], FormID: formID(tv, tasks.VerbResend), Wait: resendWait(tv, p.parts.Now())}
		}
	case tasks.StateTargetConfirm:
		d.Until = v.words(p, "status.accept.until", until)
		d.InviteID = formID(tv, tasks.VerbInvite)
		switch {
		case tv.Role == tasks.RoleTarget && may(tasks.VerbAccept):
			d.Act, d.Until = "accept", v.words(p, "status.accept.until.you", until)
		case may(tasks.VerbInvite):
			d.Invite = p.s.parts.PublicURL + "/receive/" + tv.Job.Receipt
			d.Act = "invite"
			if sent := codeSent(tv); !sent.IsZero() && p.parts.Now().Sub(sent) < pageCodeLife {
				d.Act, d.Phone = "take", codePhone(tv)
				d.Resend = page.Resend{Action: d.Verbs[string(tasks.VerbInvite)], FormID: d.InviteID, Wait: resendWait(tv, p.parts.Now())}
			}
		}
	}
}

// tracker tells somebody with a tracking code what more there is to do.
func (p *pages) tracker(v *visit, tv tasks.View, d *jobData) {
	if tv.Role != tasks.RoleTracker {
		return
	}
	d.NotMe = "/not-me?receipt=" + tv.Job.Receipt
	if v.who.AccountID == "" && !tv.Job.State.Ended() {
		d.SignInHref, d.SignIn = "/sign-in?next=/jobs/"+tv.Job.Receipt, v.words(p, "status.signin.more")
	}
}

// ending says why a job ended and what is possible next.
func (p *pages) ending(v *visit, tv tasks.View, d *jobData) {
	again := "/transfer/target?again=" + tv.Job.Receipt
	source := tv.Role == tasks.RoleSource
	d.Blockers = p.blockers(v, tv.Job.Blockers, again)
	switch {
	case tv.Reversal != nil:
		d.Waiting = !tv.Job.State.Ended()
	case tv.Job.State == tasks.StateDone && source:
		d.Next = v.words(p, "status.done.source.next")
	case tv.Job.State == tasks.StateDone && tv.Role == tasks.RoleTarget:
		d.Next = v.words(p, "status.done.target.next")
	case tv.Job.State.Ended() && source:
		d.Again, d.AgainHint = "/transfer/target", v.words(p, "status.again.hint")
	}
}

// headline is the state in words and what it means, for this visitor.
func (p *pages) headline(v *visit, tv tasks.View) (head, say string) {
	params := text.Params{"phone": tv.Preview.CodeTo, "target": tv.Preview.Target, "source": tv.Preview.Source, "icp": tv.Preview.ICP}
	keys := headlineKeys(tv)
	if tv.Reversal != nil {
		keys = reversalKeys(tv)
	}
	return v.words(p, keys[0], params), v.words(p, keys[1], params)
}

// reversalKeys tell both parties what becomes of a transfer that is reversed (T14).
func reversalKeys(tv tasks.View) [2]string {
	key := "open"
	switch {
	case tv.Job.State == tasks.StateDone && tv.Role == tasks.RoleTarget:
		key = "back"
	case tv.Job.State == tasks.StateDone || tv.Job.State == tasks.StateFailed:
		key = string(tv.Job.State)
	case tv.Job.State.Ended():
		key = "ended"
	}
	return [2]string{"reversal.head." + key, "reversal.say." + key}
}

func headlineKeys(tv tasks.View) [2]string {
	source, target := tv.Role == tasks.RoleSource, tv.Role == tasks.RoleTarget
	switch tv.Job.State {
	case tasks.StateSourceVerify:
		if source {
			return [2]string{"status.head.source_verify", "status.say.source_verify"}
		}
		return [2]string{"status.head.source_verify.other_side", "status.say.source_verify.other_side"}
	case tasks.StateTargetConfirm:
		if target {
			return [2]string{"status.head.target_confirm.receiver", "status.say.target_confirm.receiver"}
		}
		return [2]string{"status.head.target_confirm", "status.say.target_confirm"}
	case tasks.StateApplying:
		return [2]string{"status.head.applying", "status.say.applying"}
	case tasks.StateDisputed:
		return [2]string{"status.head.disputed", "status.say.disputed"}
	case tasks.StateDone:
		switch {
		case source:
			return [2]string{"status.head.done.source", "status.say.done.source"}
		case target:
			return [2]string{"status.head.done.target", "status.say.done.target"}
		}
		return [2]string{"status.head.done", "status.say.done"}
	case tasks.StateRejected:
		return rejectedKeys(tv, target)
	case tasks.StateWithdrawn:
		return [2]string{"status.head.withdrawn", "status.say.withdrawn"}
	case tasks.StateExpired:
		return [2]string{"status.head.expired", "status.say.expired"}
	}
	return [2]string{"status.head.failed", "status.say.failed"}
}

// rejectedKeys tell a receiver's no from a supervisor's.
func rejectedKeys(tv tasks.View, target bool) [2]string {
	declined := slices.ContainsFunc(tv.Timeline, func(e tasks.Event) bool { return e.What == tasks.WhatDeclined })
	switch {
	case declined && target:
		return [2]string{"status.head.declined.target", "status.say.declined.target"}
	case declined:
		return [2]string{"status.head.declined", "status.say.declined"}
	}
	return [2]string{"status.head.rejected", "status.say.rejected"}
}

// transferRows are the facts of a transfer, masked.
func (p *pages) transferRows(v *visit, tv tasks.View) []page.Row {
	return append([]page.Row{
		{Key: v.words(p, "transfer.row.source"), Value: tv.Preview.Source},
		{Key: v.words(p, "transfer.row.target"), Value: tv.Preview.Target},
	}, p.movesRows(v, tv.Preview)...)
}

// whenRows say when a job was submitted and when it ended, or will.
func (p *pages) whenRows(v *visit, tv tasks.View) []page.Row {
	rows := []page.Row{{Key: v.words(p, "status.submitted"), Value: p.s.parts.Catalog.Date(tv.Job.CreatedAt)}}
	switch {
	case !tv.Job.EndedAt.IsZero():
		rows = append(rows, page.Row{Key: v.words(p, "status.ended"), Value: p.s.parts.Catalog.Date(tv.Job.EndedAt)})
	case !tv.Job.ExpiresAt.IsZero() && tv.Job.State != tasks.StateDisputed:
		rows = append(rows, page.Row{Key: v.words(p, "status.expires"), Value: p.s.parts.Catalog.Date(tv.Job.ExpiresAt)})
	}
	return rows
}

// yours lists what a receiver will manage.
func (p *pages) yours(v *visit, preview tasks.Preview) []string {
	items := []string{v.words(p, "status.accept.subject", text.Params{"subject": preview.Subject, "icp": preview.ICP})}
	if preview.Websites > 0 {
		separator := map[text.Lang]string{text.Chinese: "、", text.English: ", "}[v.call.lang]
		items = append(items, v.words(p, "status.accept.websites",
			text.Params{"n": preview.Websites, "domains": strings.Join(preview.Domains, separator)}))
	}
	return append(items, v.words(p, "status.accept.records"))
}
