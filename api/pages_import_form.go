package api

import (
	"errors"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"beian/api/page"
	"beian/tasks"
)

// credentialsData is the form of credentials: into which account, and what that
// holds already.
type credentialsData struct{ Rows []page.Row }

// importAccount asks for the credentials of the legacy platform, once everything
// about the account here is in order. A draft, or what was typed for an earlier
// job, fills in the login; never the password (I3).
func (p *pages) importAccount(v *visit) error {
	view := p.view(v)
	view.Values = url.Values{}
	for _, from := range []string{"again", "draft"} {
		id := keptID(v.QueryParam(from))
		if id == "" {
			continue
		}
		d, err := p.parts.Drafts.Draft(v.ctx(), id, v.who.AccountID)
		switch {
		case errors.Is(err, tasks.ErrNotFound):
		case err != nil:
			return err
		case d.Kind == tasks.KindLegacy:
			view.Values.Set(tasks.FieldLegacyLogin, d.Fields[tasks.FieldLegacyLogin])
		}
	}
	return p.showCredentials(v, view)
}

func (p *pages) showCredentials(v *visit, view page.View) error {
	preview, err := p.s.parts.Desk.Precheck(v.ctx(), p.importing(v, map[string]string{}))
	var blocked *tasks.Blocked
	switch {
	case errors.As(err, &blocked):
		return p.showImportBlockers(v, blocked)
	case err != nil:
		return err
	}
	rows := []page.Row{{Key: v.words(p, "import.row.target"), Value: preview.Target}}
	if preview.Subject != "" {
		rows = append(rows, page.Row{Key: v.words(p, "import.row.holds"), Value: strings.TrimSpace(preview.Subject + "\n" + preview.ICP)})
	} else {
		rows = append(rows, page.Row{Key: v.words(p, "import.row.holds"), Value: v.words(p, "import.holds.none")})
	}
	view.Back, view.Data = importPath+"/which", credentialsData{Rows: rows}
	return p.show(v, "import/account", view)
}

func (p *pages) importing(v *visit, fields map[string]string) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindLegacy, AccountID: v.who.AccountID, Lang: string(v.call.lang), Fields: fields}
}

// legacyFields are the credentials as they were typed: only the login is
// normalised.
func legacyFields(login, password string, consent bool) map[string]string {
	fields := map[string]string{tasks.FieldLegacyLogin: strings.TrimSpace(norm.NFKC.String(login)), tasks.FieldLegacyPassword: password}
	if consent {
		fields[tasks.FieldConsent] = "yes"
	}
	return fields
}

// unsecret is what an idempotency key may remember of the credentials: a digest
// of a password could be guessed at (I3).
func unsecret(fields map[string]string) map[string]string {
	return map[string]string{tasks.FieldLegacyLogin: fields[tasks.FieldLegacyLogin], tasks.FieldConsent: fields[tasks.FieldConsent]}
}

// submitImport hands the credentials to the desk. Who forgot one of them is led on,
// and the login stays typed (I7).
func (p *pages) submitImport(v *visit) error {
	fields := legacyFields(v.form.Get(tasks.FieldLegacyLogin), v.form.Get(tasks.FieldLegacyPassword), v.form.Get(tasks.FieldConsent) == "yes")
	if what := v.form.Get("lost"); what == situationLogin || what == situationSecret || what == situationPapers {
		id := uuid.NewString()
		if err := p.keepLogin(v, id, fields); err != nil {
			return err
		}
		return v.to(lostPath(what, id))
	}
	s := p.importing(v, fields)
	s.Once = p.once(v, "POST /import/account", unsecret(fields))
	acc, err := p.s.parts.Desk.Submit(v.ctx(), s)
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	switch {
	case errors.As(err, &invalid):
		view := p.view(v)
		view.Errors = p.faults(v, invalid)
		return p.showCredentials(v, view)
	case errors.As(err, &blocked):
		return p.showImportBlockers(v, blocked)
	case err != nil:
		return err
	}
	if err := p.keepLogin(v, acc.Receipt, fields); err != nil { // comfort only: the job is committed
		p.s.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("the login of an import could not be kept for another try")
	}
	return v.to("/jobs/" + acc.Receipt)
}

// keepLogin saves what was typed, the password excepted.
func (p *pages) keepLogin(v *visit, id string, fields map[string]string) error {
	return p.parts.Drafts.SaveDraft(v.ctx(), Draft{ID: id, AccountID: v.who.AccountID, Kind: tasks.KindLegacy,
		Fields: map[string]string{tasks.FieldLegacyLogin: fields[tasks.FieldLegacyLogin]}})
}

// importBlockedData is everything that stands in the way of an import (A5).
type importBlockedData struct {
	N        int
	Blockers []page.Blocker
}

func (p *pages) showImportBlockers(v *visit, blocked *tasks.Blocked) error {
	v.call.code = string(errBlocked)
	view := p.view(v)
	view.Back, view.Path = importPath+"/which", importPath+"/account"
	view.Data = importBlockedData{N: len(blocked.Blockers), Blockers: p.importBlockers(v, blocked.Blockers, "")}
	return p.show(v, "import/blocked", view)
}

// importBlockers say what stands in the way in the words of an import, with the
// way out; receipt is the job that they ended, if one.
func (p *pages) importBlockers(v *visit, found []tasks.Blocker, receipt string) []page.Blocker {
	form := importPath + "/account"
	if receipt != "" {
		form += "?again=" + receipt
	}
	out := p.blockers(v, found, form)
	for i, b := range found {
		for suffix, into := range map[string]*string{".message": &out[i].Message, ".remedy": &out[i].Remedy} {
			if key := "import.blocker." + b.Code + suffix; p.s.parts.Catalog.Has(v.call.lang, key) {
				*into = v.words(p, key, out[i].Params)
			}
		}
		if b.Owner == tasks.OwnerTarget || b.Owner == tasks.OwnerSource {
			out[i].Owner = "applicant" // there is no other side
		}
		switch b.Code {
		case "LEGACY_CREDENTIALS_WRONG":
			out[i].Href, out[i].Link = form, v.words(p, "import.blocked.again")
		case "LEGACY_LOCKED":
			out[i].Href, out[i].Link = importPath+"/lost/"+situationPapers+papersQuery("password_lost", receipt), v.words(p, "import.blocked.papers")
		case "FACTS_DO_NOT_MATCH", "REALNAME_MISMATCH":
			out[i].Href, out[i].Link = importPath+"/lost/"+situationPapers+papersQuery("certificate_differs", receipt), v.words(p, "import.blocked.papers")
		case "LEGACY_TOO_NEW", "LEGACY_NOTHING_FOUND", "LEGACY_ALREADY_IMPORTED":
			out[i].Href, out[i].Link = findPath, v.words(p, "import.blocked.find")
		}
	}
	return out
}
