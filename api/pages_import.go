package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
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
	return importPath + "/lost/" + what + papersQuery("", draft)
}

// papersQuery carries on the way to papers what was typed, by the name that it is kept
// under, and why they are asked for.
func papersQuery(why, draft string) string {
	q := url.Values{}
	if slices.Contains(tasks.LegacyReasons(), why) {
		q.Set("why", why)
	}
	if id := keptID(draft); id != "" {
		q.Set("draft", id)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// keptID is the name of what somebody typed: of a draft, or of the import that it
// became; empty for anything else.
func keptID(given string) string {
	if receipt, err := parseReceipt(given); err == nil && placeOf(receipt).kind == tasks.KindLegacy {
		return receipt
	}
	return draftID(given)
}

// lostData is what is lost and where the ways lead: back, to papers, and to the page
// about them.
type lostData struct{ What, Form, Papers, Both string }

// importLost leads on who lacks the login, the password or both (I7). What was typed
// goes along, whichever way is taken.
func (p *pages) importLost(v *visit) error {
	draft, why := keptID(v.QueryParam("draft")), v.QueryParam("why")
	data := lostData{What: v.Param("what"), Form: importPath + "/account" + papersQuery("", draft), Both: lostPath(situationPapers, draft)}
	reason, ok := map[string]string{situationLogin: "login_lost", situationSecret: "password_lost", situationOld: "before_2010", situationPapers: "both_lost"}[data.What]
	if !ok {
		return errNotFound
	}
	if !slices.Contains(tasks.LegacyReasons(), why) {
		why = reason
	}
	data.Papers = placeOf("LP").papers + papersQuery(why, draft)
	view := p.view(v)
	view.Back = importPath + "/which"
	if draft != "" {
		view.Back = data.Form
	}
	view.Data = data
	return p.show(v, "import/lost", view)
}

// adopt takes what was typed on the pages of an import into a draft for papers, so
// that nothing is typed twice (I7). What the draft has already stays.
func (p *pages) adopt(v *visit, d resetDraft) (resetDraft, error) {
	if v.at().aim != aimImport {
		return d, nil
	}
	found := map[string]string{}
	if why := given(v, "why"); slices.Contains(tasks.LegacyReasons(), why) {
		found[tasks.FieldReason] = why
	}
	if id := keptID(given(v, "draft")); id != "" {
		kept, err := p.parts.Drafts.Draft(v.ctx(), id, v.who.AccountID)
		switch {
		case errors.Is(err, tasks.ErrNotFound):
		case err != nil:
			return d, err
		case kept.Kind == tasks.KindLegacy:
			found[tasks.FieldOldLogin] = kept.Fields[tasks.FieldLegacyLogin]
		}
	}
	return d.with(found), nil
}
