package api

import (
	"beian/api/page"
)

// router asks what somebody wants to do; only what works is offered.
func (p *pages) router(v *visit) error {
	return p.show(v, "router", p.view(v))
}

func (p *pages) route(v *visit) error {
	switch v.form.Get("need") {
	case "transfer":
		return v.to("/transfer")
	case "status":
		return v.to("/jobs")
	}
	view := p.view(v)
	view.Errors = []page.FieldError{{Field: "need", Key: "router.choose"}}
	return p.show(v, "router", view)
}

// answer is one question of the help page (H1). Its id is an anchor that
// blockers lead to and therefore permanent.
type answer struct {
	ID, Question, Answer string
	Href, Link           string
}

func (p *pages) help(v *visit) error {
	view := p.view(v)
	view.Back = "/"
	view.Data = []answer{
		{"subjects", "help.subjects.q", "help.subjects.a", "/account", "help.subjects.link"},
		{"purchasing", "help.purchasing.q", "help.purchasing.a", "/transfer", "help.purchasing.link"},
		{"transfer", "help.transfer.q", "help.transfer.a", "/transfer/target", "help.transfer.link"},
		{"conditions", "help.conditions.q", "help.conditions.a", "/transfer/target", "help.conditions.link"},
		{"website", "help.website.q", "help.website.a", "/transfer", "help.website.link"},
		{"progress", "help.progress.q", "help.progress.a", "/jobs", "help.progress.link"},
		{"not-me", "help.not_me.q", "help.not_me.a", "/not-me", "help.not_me.link"},
	}
	return p.show(v, "help", view)
}
