package api

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"beian/api/page"
	"beian/tasks"
)

const (
	findPath    = "/find"
	fieldFindBy = "find_by" // filing or name

	findCookie  = "find"
	findContext = "cookie.find"
	findSeconds = 1200
)

func (p *pages) findRoutes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	return []pageRoute{
		{method: get, path: findPath, do: p.findPage},
		{method: post, path: findPath, do: p.findLogin},
		{method: get, path: findPath + "/sent", do: p.findSent},
		{method: post, path: "/reset/begin", do: p.resetFromFind},
	}
}

// findFields are the facts of either way (F1).
func findFields(by string) []string {
	switch by {
	case "filing":
		return []string{tasks.FieldFiling}
	case "name":
		return []string{tasks.FieldSubjectName, tasks.FieldTail}
	}
	return nil
}

// findPage asks for the facts; what was typed before is there again.
func (p *pages) findPage(v *visit) error { return p.showFind(v, 0) }

func (p *pages) showFind(v *visit, status int, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Status, view.Errors = "/", status, faults
	if view.Values == nil {
		view.Values = valuesOf(p.keptFacts(v))
	}
	return p.show(v, "find/facts", view)
}

// findLogin hands the question to the desk and leads to an answer that is the same
// in every case. The key holds what was typed, too: whoever goes back, mends a
// letter and sends the same form again asks something new.
func (p *pages) findLogin(v *visit) error {
	names := findFields(v.form.Get(fieldFindBy))
	if len(names) == 0 {
		return p.showFind(v, 0, page.FieldError{Field: fieldFindBy, Key: "find.choose"})
	}
	asked := typed(v, names...)
	once := p.s.keyedOnce(p.once(v, "POST "+findPath, asked))
	once.Key += " " + once.Fingerprint
	_, err := p.s.parts.Desk.FindLogin(v.ctx(), tasks.LoginQuestion{Fields: asked, Lang: string(v.call.lang), Asker: p.s.asker(v.call), Once: once})
	var invalid *tasks.Invalid
	var many *tasks.TooMany
	switch {
	case errors.As(err, &invalid):
		return p.showFind(v, 0, p.faults(v, invalid)...)
	case errors.As(err, &many):
		v.Response().Header().Set("Retry-After", wholeSeconds(many.After))
		return p.showFind(v, http.StatusTooManyRequests, p.tooMany(many))
	case err != nil:
		return err
	}
	asked[fieldFindBy] = v.form.Get(fieldFindBy)
	p.keepFacts(v, asked)
	return v.to(findPath + "/sent")
}

// findSentData is what the reset's form takes over from what was typed.
type findSentData struct{ Filing, Name string }

func (p *pages) findSent(v *visit) error {
	view, kept := p.view(v), p.keptFacts(v)
	view.Back = findPath
	view.Data = findSentData{Filing: kept[tasks.FieldFiling], Name: kept[tasks.FieldSubjectName]}
	return p.show(v, "find/sent", view)
}

// resetFromFind begins a login reset with what was typed to find the login. An
// application that this browser has already made is left as it is.
func (p *pages) resetFromFind(v *visit) error {
	d, known := p.draftOf(v), map[string]string{}
	for name, value := range typed(v, tasks.FieldFiling, tasks.FieldSubjectName) {
		if value != "" {
			known[name] = value
		}
	}
	if d.Receipt == "" && len(known) > 0 && p.parts.Sealer != nil {
		if err := p.keepDraft(v, d.with(known)); err != nil {
			return err
		}
	}
	return v.to("/reset")
}

// keepFacts leaves what was typed in the browser, sealed, for the pages of this
// flow. It is a comfort: without it the question has been asked all the same.
func (p *pages) keepFacts(v *visit, fields map[string]string) {
	plain, err := json.Marshal(fields)
	if err != nil || p.parts.Sealer == nil {
		return
	}
	if sealed, err := p.parts.Sealer.Seal(findContext, plain); err == nil && len(sealed) < maxCookie/2 {
		p.keep(v, p.cookie(v, findCookie, findPath), base64.RawURLEncoding.EncodeToString(sealed), findSeconds)
	}
}

func (p *pages) keptFacts(v *visit) map[string]string {
	sealed, err := base64.RawURLEncoding.DecodeString(p.kept(v, findCookie))
	if err != nil || len(sealed) == 0 || p.parts.Sealer == nil {
		return nil
	}
	var fields map[string]string
	if plain, err := p.parts.Sealer.Open(findContext, sealed); err != nil || json.Unmarshal(plain, &fields) != nil {
		return nil
	}
	return fields
}
