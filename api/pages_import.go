package api

import (
	"net/http"
	"net/url"
	"time"

	"beian/api/page"
	"beian/tasks"
)

const importPath = "/import"

// importRoutes are the pages of the legacy import, in the order somebody walks
// them. Where no legacy platform is configured, those before a job say so (I2).
func (p *pages) importRoutes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	return []pageRoute{
		{method: get, path: importPath, do: p.imports(p.importStart)},
		{method: get, path: importPath + "/which", do: p.imports(p.importWhich)},
		{method: post, path: importPath + "/which", do: p.imports(p.chooseImport)},
		{method: get, path: importPath + "/lost/:what", do: p.imports(p.importLost)},
		{method: get, path: importPath + "/account", mine: true, do: p.imports(p.importAccount)},
		{method: post, path: importPath + "/account", mine: true, do: p.imports(p.submitImport)},
		{method: get, path: importPath + "/:receipt/diff", mine: true, do: p.importDiff},
		{method: post, path: importPath + "/:receipt/diff", mine: true, do: p.confirmImport},
		{method: get, path: importPath + "/:receipt/report", mine: true, do: p.importReport},
		{method: get, path: importPath + "/:receipt/report.csv", mine: true, do: p.importCSV},
	}
}

// imports says honestly that nothing can be imported where no legacy platform is
// configured.
func (p *pages) imports(do func(*visit) error) func(*visit) error {
	return func(v *visit) error {
		if p.s.parts.Desk.Accepts(tasks.KindLegacy) {
			return do(v)
		}
		view := p.view(v)
		view.Back = "/"
		return p.show(v, "import/absent", view)
	}
}

// importStartData is how long a job begun now waits at most for the legacy
// platform, and how many days for its applicant.
type importStartData struct {
	Days, Hours int
	Until       time.Time
}

// importStart is the start page: who may, what is needed, how long, what stays.
func (p *pages) importStart(v *visit) error {
	view := p.view(v)
	platform, applicant := p.parts.Policy.LegacyWaits()
	view.Back, view.Data = "/", importStartData{Days: int(applicant / (24 * time.Hour)), Hours: int(platform / time.Hour), Until: p.parts.Now().Add(platform)}
	return p.show(v, "import/start", view)
}

// The situations that somebody can be in, and what is lost (I7).
const (
	fieldSituation  = "situation"
	situationKnown  = "known"
	situationLogin  = "login"
	situationSecret = "password"
	situationOld    = "before_2010"
	situationPapers = "papers"
)

// importWhich asks for the situation, which decides the way (I7).
func (p *pages) importWhich(v *visit) error { return p.showWhich(v, p.view(v)) }

func (p *pages) showWhich(v *visit, view page.View) error {
	view.Back = importPath
	return p.show(v, "import/which", view)
}

func (p *pages) chooseImport(v *visit) error {
	switch chosen := v.form.Get(fieldSituation); chosen {
	case situationKnown:
		return v.to(importPath + "/account")
	case situationLogin, situationSecret, situationOld, situationPapers:
		return v.to(lostPath(chosen, ""))
	}
	view := p.view(v)
	view.Errors = []page.FieldError{{Field: fieldSituation, Key: "import.which.choose"}}
	return p.showWhich(v, view)
}

// lostPath is the page that helps with what is lost; draft is what was typed.
func lostPath(what, draft string) string {
	path := importPath + "/lost/" + what
	if draft != "" {
		path += "?draft=" + url.QueryEscape(draft)
	}
	return path
}

// lostData is what is lost and where the way back leads.
type lostData struct{ What, Form string }

// importLost leads on who lacks the login, the password or both (I7).
func (p *pages) importLost(v *visit) error {
	data := lostData{What: v.Param("what"), Form: importPath + "/account"}
	switch data.What {
	case situationLogin, situationSecret, situationOld, situationPapers:
	default:
		return errNotFound
	}
	view := p.view(v)
	view.Back = importPath + "/which"
	if id := draftID(v.QueryParam("draft")); id != "" {
		data.Form += "?draft=" + id
		view.Back = data.Form
	}
	view.Data = data
	return p.show(v, "import/lost", view)
}
