package api

import (
	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// blockedData is the page of everything that stands in the way (A5).
type blockedData struct {
	N        int
	Blockers []page.Blocker
	Recheck  string
	Change   string
}

func (p *pages) showBlockers(v *visit, d Draft, blocked *tasks.Blocked) error {
	v.call.code = string(errBlocked)
	view := p.view(v)
	view.Back = changeDraft(d)
	view.Data = blockedData{N: len(blocked.Blockers), Blockers: p.blockers(v, blocked.Blockers, changeDraft(d)),
		Recheck: "/transfer/" + d.ID + "/check", Change: changeDraft(d)}
	return p.show(v, "transfer/blocked", view)
}

// blockers say what stands in the way, whose matter it is and how to clear it,
// with a link to where that is explained or done. change leads to the form.
func (p *pages) blockers(v *visit, found []tasks.Blocker, change string) []page.Blocker {
	out := make([]page.Blocker, len(found))
	for i, b := range found {
		shown := page.Blocker{Code: b.Code, Owner: string(b.Owner), Params: text.ParamsOf(b.Params)}
		switch b.Code {
		case "JOB_ALREADY_OPEN":
			shown.Href, shown.Link = "/jobs/"+b.Params["receipt"], v.words(p, "transfer.blocked.see")
		case "TARGET_NOT_FOUND", "TARGET_IS_SOURCE":
			shown.Href, shown.Link = change, v.words(p, "transfer.blocked.change")
		case "SOURCE_HAS_NO_SUBJECT":
			shown.Remedy = v.words(p, "transfer.blocked.subject")
			shown.Href, shown.Link = "/account", v.words(p, "help.subjects.link")
		case "PHONE_INVALID": // the subject's principal has none
			shown.Message, shown.Remedy = v.words(p, "transfer.blocked.phone"), v.words(p, "transfer.blocked.phone.remedy")
		default:
			shown.Href, shown.Link = helpOn(b.Code), v.words(p, "transfer.blocked.why")
		}
		out[i] = shown
	}
	return out
}
