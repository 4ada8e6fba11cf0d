package api

import (
	"beian/api/page"
)

// needs are the six choices of the first page, and where each begins (F3).
func needs() []page.Link {
	return []page.Link{{Text: "transfer", Href: "/transfer"}, {Text: "import", Href: "/import"}, {Text: "find", Href: findPath},
		{Text: "reset", Href: "/reset"}, {Text: "password", Href: "/password"}, {Text: "status", Href: "/jobs"}}
}

// router asks what somebody wants to do.
func (p *pages) router(v *visit) error {
	return p.show(v, "router", p.view(v))
}

func (p *pages) route(v *visit) error {
	for _, need := range needs() {
		if v.form.Get("need") == need.Text {
			return v.to(need.Href)
		}
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
	view.Data = answers()
	return p.show(v, "help", view)
}

// answers are the eight questions of H1, then what else people ask.
func answers() []answer {
	return []answer{
		{"subjects", "help.subjects.q", "help.subjects.a", "/account", "help.subjects.link"},
		{"purchasing", "help.purchasing.q", "help.purchasing.a", "/transfer", "help.purchasing.link"},
		{"transfer", "help.transfer.q", "help.transfer.a", "/transfer/target", "help.transfer.link"},
		{"import", "help.import.q", "help.import.a", "/import", "help.import.link"},
		{"find", "help.find.q", "help.find.a", findPath, "help.find.link"},
		{"reset", "help.reset.q", "help.reset.a", "/reset", "help.reset.link"},
		{"password", "help.password.q", "help.password.a", "/password", "help.password.link"},
		{"legacy", "help.legacy.q", "help.legacy.a", "/import", "help.legacy.link"},
		{"conditions", "help.conditions.q", "help.conditions.a", "/transfer/target", "help.conditions.link"},
		{"website", "help.website.q", "help.website.a", "/transfer", "help.website.link"},
		{"progress", "help.progress.q", "help.progress.a", "/jobs", "help.progress.link"},
		{"not-me", "help.not_me.q", "help.not_me.a", "/not-me", "help.not_me.link"},
	}
}

// helpOn is the answer that explains a blocker of a transfer or an import (H1).
func helpOn(code string) string {
	id := "conditions"
	switch code {
	case "SOURCE_HAS_NO_SUBJECT", "TARGET_HAS_SUBJECT", "SUBJECT_HELD_ELSEWHERE", "DOMAIN_HELD_ELSEWHERE":
		id = "subjects"
	case "TARGET_NOT_FOUND", "TARGET_IS_SOURCE":
		id = "transfer"
	case "LEGACY_CREDENTIALS_WRONG", "LEGACY_LOCKED", "LEGACY_ALREADY_IMPORTED", "LEGACY_UNAVAILABLE":
		id = "import"
	case "LEGACY_TOO_NEW":
		id = "legacy"
	case "JOB_ALREADY_OPEN":
		id = "progress"
	}
	return "/help#" + id
}
