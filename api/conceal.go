package api

import (
	"slices"

	"beian/tasks"
)

// concealed is the view of a job with papers without what its viewer must not learn: the
// applicant may be a stranger to the contacts on record, and they see neither the
// applicant nor what was uploaded (A8, trust.md). Other views stay as they are.
func concealed(v tasks.View) tasks.View {
	if v.Case != nil && v.Role != tasks.RoleStaff {
		v.Timeline = slices.Clone(v.Timeline)
		for i, e := range v.Timeline {
			if e.Note == suspicion {
				v.Timeline[i].Note = ""
			}
		}
	}
	switch {
	case v.Case == nil || v.Role == tasks.RoleStaff:
	case v.Own:
		v.Notices = slices.Clone(v.Notices)
		for i, n := range v.Notices {
			if !toApplicant(n, v.Case.Facts) {
				v.Notices[i].To = ""
			}
		}
		v.Notices = together(v.Notices)
	case v.Role == tasks.RoleTarget: // a party: it sees what the applicant sees, from when it was asked (T11)
		from := slices.IndexFunc(v.Timeline, func(e tasks.Event) bool { return e.What == tasks.WhatSubmitted })
		v.Timeline, v.Notices = v.Timeline[max(from, 0):], nil
	default:
		v.Timeline = slices.DeleteFunc(slices.Clone(v.Timeline), func(e tasks.Event) bool { return !milestone(e.What) })
		v.Notices = slices.DeleteFunc(slices.Clone(v.Notices), func(n tasks.NoticeView) bool { return !slices.Contains(onRecord(), n.Template) })
		for i := range v.Notices {
			v.Notices[i].To = ""
		}
		v.Notices = together(v.Notices)
	}
	return v
}

// together makes one line of what went to several contacts at a time: how many there
// are is not for the applicant, who may be a stranger. It says the best that became
// of them.
func together(all []tasks.NoticeView) []tasks.NoticeView {
	best := []tasks.NoticeState{tasks.NoticeDelivered, tasks.NoticeSent, tasks.NoticeSending, tasks.NoticeWaiting, tasks.NoticeUnknown, tasks.NoticeFailed}
	var out []tasks.NoticeView
	for _, n := range all {
		at := slices.IndexFunc(out, func(o tasks.NoticeView) bool {
			return n.To == "" && o.To == "" && o.Template == n.Template && o.CreatedAt.Equal(n.CreatedAt)
		})
		switch {
		case at < 0:
			out = append(out, n)
		case slices.Index(best, n.State) < slices.Index(best, out[at].State):
			out[at] = n
		}
	}
	for i, n := range out {
		if n.To == "" { // nor what is wrong with one of them
			out[i].Failure, out[i].Code = "", ""
		}
	}
	return out
}

// suspicion is a reason that only the office sees by its name.
const suspicion = "SUSPECTED_FRAUD"

// toApplicant: links and codes go to the applicant only, but for the code by which a
// receiver accepts (T8); everything else went where the applicant said, or to a
// contact on record.
func toApplicant(n tasks.NoticeView, f tasks.CaseFacts) bool {
	code := n.Template == tasks.TemplateCode && n.Purpose != tasks.PurposeTake
	return n.To == f.Phone || n.To == f.NewEmail || code || n.Template == tasks.TemplateMailbox
}

// onRecord are the messages that only contacts on record get.
func onRecord() []tasks.Template {
	return []tasks.Template{tasks.TemplateResetWarned, tasks.TemplateResetApproved, tasks.TemplateResetDone,
		tasks.TemplatePapersWarned, tasks.TemplatePapersApproved, tasks.TemplateContactWarned, tasks.TemplateContactApproved, tasks.TemplateContactDone, tasks.TemplateDone}
}

// milestone tells what concerns everybody from an applicant's own steps and the
// office's inside.
func milestone(w tasks.What) bool {
	return slices.Contains([]tasks.What{tasks.WhatSubmitted, tasks.WhatCancelled, tasks.WhatExpired, tasks.WhatDisputed, tasks.WhatReleased,
		tasks.WhatRejected, tasks.WhatApproved, tasks.WhatHeld, tasks.WhatApplied, tasks.WhatRestored, tasks.WhatBlocked}, w)
}
