package api

import (
	"strings"

	"beian/api/page"

	"beian/tasks"
)

// resetEvents are the words for the timeline of a login reset.
func resetEvents() map[string]string {
	return map[string]string{
		"drafted": "ops.what.drafted", "revised": "ops.what.revised", "phone_proved": "ops.what.phone_proved", "mail_sent": "ops.what.mail_sent",
		"mailbox_proved": "ops.what.mailbox_proved", "uploaded": "ops.what.uploaded", "removed": "ops.what.removed", "kept": "ops.what.kept",
		"queued": "ops.what.queued", "claimed": "ops.what.claimed", "returned": "ops.what.returned", "approved_once": "ops.what.approved_once",
		"first_look": "ops.what.first_look",
		"approved":   "ops.what.approved", "asked": "ops.what.asked", "supplemented": "ops.what.supplemented", "escalated": "ops.what.escalated",
		"reminded": "ops.what.reminded", "breached": "ops.what.breached", "due_changed": "ops.what.due_changed", "nudged": "ops.what.nudged",
		"held": "ops.what.held", "appealed": "ops.what.appealed",
	}
}

// resetTemplates are the words for its messages.
func resetTemplates() map[string]string {
	return map[string]string{
		"reset_mailbox": "ops.template.mailbox", "reset_submitted": "ops.template.reset_submitted", "reset_queued": "ops.template.reset_queued",
		"reset_need_more": "ops.template.reset_need_more", "reset_delayed": "ops.template.reset_delayed", "reset_approved": "ops.template.reset_approved",
		"reset_held": "ops.template.reset_held", "reset_rejected": "ops.template.reset_rejected", "reset_stopped": "ops.template.stopped",
		"reset_failed": "ops.template.failed", "reset_disputed": "ops.template.disputed", "reset_done": "ops.template.reset_done",
		"reset_moved": "ops.template.reset_moved", "reset_ready": "ops.template.reset_ready",
		"reviewed_submitted": "ops.template.reviewed_submitted", "reviewed_approved": "ops.template.reviewed_approved",
		"reviewed_rejected": "ops.template.reset_rejected", "reviewed_done": "ops.template.done",
		"transfer_reversed": "ops.template.reversed", "reversal_failed": "ops.template.failed",
	}
}

// resetNote words what stands beside an event: a slot, a reason, a percentage.
func (o *Ops) resetNote(v *opsVisit, e tasks.Event) string {
	switch {
	case e.What == tasks.WhatReminded:
		return e.Note + "%"
	case e.What == tasks.WhatReversed:
		return page.Grouped(e.Note)
	case e.Note != "" && o.parts.Catalog.Has(v.call.lang, "option.reversal."+e.Note):
		return o.say(v, "option.reversal."+e.Note)
	case e.Note != "" && o.parts.Catalog.Has(v.call.lang, "reason."+e.Note+".label"):
		return o.reasonLabel(v.call.lang, e.Note)
	case (e.What == tasks.WhatUploaded || e.What == tasks.WhatRemoved || e.What == tasks.WhatKept) && o.parts.Catalog.Has(v.call.lang, "field."+strings.TrimSpace(e.Note)):
		return o.about(v.call.lang, e.Note)
	}
	return ""
}
