package api

import (
	"maps"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// Bounds of a reason that goes into the journal, in characters.
const (
	reasonMin = 4
	reasonMax = 200
)

// cleanReason is what staff typed on one line, with phone numbers, ID numbers and
// addresses blotted out: the journal is kept for years and read by many.
func cleanReason(typed string) string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(typed, "")), " ")
	return regexp.MustCompile(`1[0-9]{2}[ -]?[0-9]{4}[ -]?[0-9]{4}|[0-9]{7,}[Xx]?|\S+@\S+`).ReplaceAllString(line, "***")
}

func reasonFault(reason string) []page.FieldError {
	switch n := utf8.RuneCountInString(reason); {
	case n < reasonMin:
		return []page.FieldError{{Field: "ops_reason", Key: "ops.reason.short"}}
	case n > reasonMax:
		return []page.FieldError{{Field: "ops_reason", Key: "ops.reason.long", Params: text.Params{"max": reasonMax, "n": n}}}
	}
	return nil
}

func wholeNumber(typed string) int {
	n, err := strconv.Atoi(typed)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// word looks a permanent string up in a table of catalog keys; an unknown one is
// shown as it is.
func (o *Ops) word(v *opsVisit, keys map[string]string, id string) string {
	if key, known := keys[id]; known {
		return o.say(v, key)
	}
	return id
}

// named is word for the strings of a family; one that the table lacks is looked up as
// <family>.<id>.
func (o *Ops) named(v *opsVisit, family string, keys map[string]string, id string) string {
	if key := family + "." + id; keys[id] == "" && o.parts.Catalog.Has(v.call.lang, key) {
		return o.say(v, key)
	}
	return o.word(v, keys, id)
}

// told says something of a job in the words of its kind, <kind>.<key>, or in those
// that all kinds share.
func (o *Ops) told(v *opsVisit, kind tasks.Kind, key string) string {
	if own := text.Own(string(kind), key); o.parts.Catalog.Has(v.call.lang, own) {
		key = own
	}
	return o.say(v, key)
}

func (o *Ops) queueName(v *opsVisit, q tasks.Queue) string {
	return o.word(v, map[string]string{
		"account": "ops.queue.account", "notify": "ops.queue.notify", "review": "ops.queue.review", "ops": "ops.queue.ops", "webhook": "ops.queue.webhook",
	}, string(q))
}

func (o *Ops) taskName(v *opsVisit, taskType string) string {
	names := map[string]string{
		"transfer:apply": "ops.task.apply", "transfer:expire_verify": "ops.task.expire_verify",
		"transfer:expire_confirm": "ops.task.expire_confirm", "notice:send": "ops.task.send", "notice:check": "ops.task.check",
		"lookup:find": "ops.task.lookup", "chore:seal": "ops.task.seal", "chore:purge": "ops.task.purge",
	}
	maps.Copy(names, importTasks())
	return o.named(v, "ops.task", names, taskType)
}

// reasonWords explains why a task failed, or says nothing.
func (o *Ops) reasonWords(v *opsVisit, reason string) string {
	keys := map[string]string{
		"worker lost": "ops.reason.worker_lost", "panic": "ops.reason.panic", "internal error": "ops.reason.internal",
		"timed out": "ops.reason.timed_out", "record not found": "ops.reason.not_found",
		"database unavailable": "ops.reason.database", "unknown task type": "ops.reason.unknown_type",
		"no receipt yet": "ops.reason.no_receipt", "changed in between": "ops.reason.changed",
	}
	if key, known := keys[reason]; known {
		return o.say(v, key)
	}
	switch {
	case strings.HasPrefix(reason, "provider: "):
		return o.say(v, "ops.reason.provider")
	case strings.HasPrefix(reason, "legacy platform: "):
		return o.say(v, "ops.reason.legacy")
	}
	return ""
}

func (o *Ops) taskRows(v *opsVisit, work []OpsTask) []opsTaskRow {
	badges := map[string]page.Badge{
		"waiting": {Text: "ops.taskstate.waiting", Tone: page.Pause}, "sent": {Text: "ops.taskstate.sent", Tone: page.Info},
		"running": {Text: "ops.taskstate.running", Tone: page.Info}, "done": {Text: "ops.taskstate.done", Tone: page.Good},
		"dead": {Text: "ops.taskstate.dead", Tone: page.Bad},
	}
	rows := make([]opsTaskRow, len(work))
	for i, t := range work {
		badge := badges[t.State]
		badge.Text = o.say(v, badge.Text)
		rows[i] = opsTaskRow{OpsTask: t, Label: o.taskName(v, t.Type), Words: o.reasonWords(v, t.Reason), State: badge,
			Href: "/ops/queues/queues/" + string(t.Queue) + "/tasks/" + t.ID + "." + strconv.Itoa(t.Generation)}
	}
	return rows
}

func (o *Ops) messages(v *opsVisit, notices []tasks.NoticeView) []opsMessage {
	templates := map[string]string{
		"code": "ops.template.code", "transfer_submitted": "ops.template.submitted", "transfer_invited": "ops.template.invited",
		"transfer_done": "ops.template.done", "transfer_received": "ops.template.received", "transfer_stopped": "ops.template.stopped",
		"transfer_failed": "ops.template.failed", "transfer_disputed": "ops.template.disputed",
	}
	maps.Copy(templates, resetTemplates())
	maps.Copy(templates, importTemplates())
	channels := map[string]string{"sms": "channel.sms", "mail": "channel.email"}
	rows := make([]opsMessage, len(notices))
	for i, n := range notices {
		rows[i] = opsMessage{Channel: o.word(v, channels, string(n.Channel)), Template: o.named(v, "ops.template", templates, string(n.Template)),
			To: n.To, State: o.deliveryBadge(v, n.State), Why: o.failureWords(v, n), Code: n.Code, Created: n.CreatedAt, Sent: n.SentAt}
	}
	return rows
}

// failureWords say whose matter a failed or late message is (C2).
func (o *Ops) failureWords(v *opsVisit, n tasks.NoticeView) string {
	switch {
	case n.Delayed:
		return o.say(v, "ops.failure.delayed")
	case n.Failure == "":
		return ""
	}
	return o.word(v, map[string]string{
		string(tasks.FailureAddress): "ops.failure.bad_address", string(tasks.FailureProvider): "ops.failure.provider",
		string(tasks.FailureTime): "ops.failure.too_late",
	}, string(n.Failure))
}

func (o *Ops) deliveryBadge(v *opsVisit, s tasks.NoticeState) page.Badge {
	switch s {
	case tasks.NoticeDelivered:
		return page.Badge{Text: o.say(v, "delivery.delivered"), Tone: page.Good}
	case tasks.NoticeSent:
		return page.Badge{Text: o.say(v, "delivery.sent"), Tone: page.Info}
	case tasks.NoticeFailed:
		return page.Badge{Text: o.say(v, "delivery.failed"), Tone: page.Bad}
	case tasks.NoticeUnknown:
		return page.Badge{Text: o.say(v, "delivery.unknown"), Tone: page.Warn}
	}
	return page.Badge{Text: o.say(v, "delivery.queued"), Tone: page.Pause}
}

// events puts a timeline into words, newest first. Staff see which colleague
// acted.
func (o *Ops) events(v *opsVisit, timeline []tasks.Event, names map[string]string) []page.Event {
	what := map[string]string{
		"submitted": "ops.what.submitted", "verified": "ops.what.verified", "code_wrong": "ops.what.code_wrong",
		"code_sent": "ops.what.code_sent", "accepted": "ops.what.accepted", "declined": "ops.what.declined",
		"cancelled": "ops.what.cancelled", "expired": "ops.what.expired", "disputed": "ops.what.disputed",
		"released": "ops.what.released", "rejected": "ops.what.rejected", "applied": "ops.what.applied",
		"blocked": "ops.what.blocked", "dead_letter": "ops.what.dead_letter", "redriven": "ops.what.redriven",
		"reversed": "ops.what.reversed",
	}
	maps.Copy(what, resetEvents())
	maps.Copy(what, importEvents())
	out := make([]page.Event, 0, len(timeline))
	for i := len(timeline) - 1; i >= 0; i-- {
		e := timeline[i]
		shown := page.Event{At: e.At, Actor: string(e.Actor.Kind), Title: o.named(v, "ops.what", what, string(e.What)), Note: o.eventNote(v, e)}
		if name := names[e.Actor.ID]; name != "" {
			shown.Note = strings.TrimSpace(name + " " + shown.Note)
		}
		if e.From != e.To && e.To != "" {
			shown.Title += " → " + o.say(v, "state."+string(e.To))
		}
		out = append(out, shown)
	}
	return out
}

func (o *Ops) eventNote(v *opsVisit, e tasks.Event) string {
	how := map[string]string{"code": "ops.how.code", "sign_in": "ops.how.sign_in", "policy": "ops.how.policy"}
	if note := o.resetNote(v, e); note != "" {
		return note
	}
	if key := "blocker." + e.Note + ".message"; e.What == tasks.WhatBlocked && o.parts.Catalog.Has(v.call.lang, key) {
		return o.say(v, key)
	}
	return o.word(v, how, e.Note)
}

// staffNames maps the ids of staff to what colleagues call them.
func (o *Ops) staffNames(v *opsVisit) (map[string]string, error) {
	staff, err := o.parts.Porter.Staff(v.r.Context())
	names := make(map[string]string, len(staff))
	for _, m := range staff {
		names[m.ID] = m.Login
	}
	return names, err
}

// jobHref leads to a job when the text is its receipt.
func jobHref(object string) string {
	if receipt, err := filing.ParseReceipt(object); err == nil && receipt.String() == object {
		return "/ops/jobs/" + object
	}
	return ""
}
