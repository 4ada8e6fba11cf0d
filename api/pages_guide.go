package api

import (
	"net/http"
	"strings"

	"beian/api/page"
	"beian/tasks"
)

const guidePath = "/guide"

// guideRoutes are the question tree of F3. The address holds the answers so far as
// short keys, so that going back and passing a link on need no memory of ours.
func (p *pages) guideRoutes() []pageRoute {
	get, post := http.MethodGet, http.MethodPost
	return []pageRoute{
		{method: get, path: guidePath, do: p.guide},
		{method: post, path: guidePath, do: p.answerGuide},
		{method: get, path: guidePath + "/:answers", do: p.guide},
		{method: post, path: guidePath + "/:answers", do: p.answerGuide},
	}
}

// walk is how far somebody has come: the answers given, and the question they led
// to or the end.
type walk struct {
	given []step
	ask   *fork
	ends  string
}

// step is an answered question.
type step struct {
	question *fork
	key      string
}

// follow goes down the tree; an answer that no question has is ErrNotFound.
func follow(answers string) (walk, error) {
	w := walk{ask: guide()}
	if answers == "" {
		return w, nil
	}
	for key := range strings.SplitSeq(answers, "-") {
		t, ok := w.ask.turn(key)
		if !ok {
			return walk{}, tasks.ErrNotFound
		}
		w.given = append(w.given, step{w.ask, key})
		w.ask, w.ends = t.ask, t.ends
	}
	return w, nil
}

func (f *fork) turn(key string) (turn, bool) {
	if f == nil {
		return turn{}, false
	}
	for _, t := range f.turns {
		if t.key == key {
			return t, true
		}
	}
	return turn{}, false
}

// field is the question as a field of a form, and where its words are.
func (f *fork) field() string { return "guide_" + f.name }

// words is the catalog key of an answer.
func (f *fork) words(key string) string { return "option." + f.field() + "." + key }

// address is the page at which the n-th question is asked.
func (w walk) address(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = w.given[i].key
	}
	if n == 0 {
		return guidePath
	}
	return guidePath + "/" + strings.Join(keys, "-")
}

func (w walk) here() string { return w.address(len(w.given)) }

func (w walk) back() string {
	if len(w.given) == 0 {
		return "/"
	}
	return w.address(len(w.given) - 1)
}

func (p *pages) guide(v *visit) error {
	w, err := follow(v.Param("answers"))
	if err != nil {
		return err
	}
	if w.ask == nil {
		return p.showEnd(v, w)
	}
	return p.showQuestion(v, w)
}

// answerGuide adds an answer to the address.
func (p *pages) answerGuide(v *visit) error {
	w, err := follow(v.Param("answers"))
	if err != nil {
		return err
	}
	if w.ask == nil {
		return v.to(w.here())
	}
	key := v.form.Get(w.ask.field())
	if _, ok := w.ask.turn(key); !ok {
		return p.showQuestion(v, w, page.FieldError{Field: w.ask.field(), Key: "guide.choose"})
	}
	w.given = append(w.given, step{w.ask, key})
	return v.to(w.here())
}

// questionData is one question on a page of its own.
type questionData struct {
	Title, Action, Field string
	Options              []page.Option
}

func (p *pages) showQuestion(v *visit, w walk, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = w.back(), faults
	d := questionData{Title: v.words(p, "field."+w.ask.field()), Action: w.here(), Field: w.ask.field()}
	for _, t := range w.ask.turns {
		o := page.Option{Value: t.key, Text: v.words(p, w.ask.words(t.key))}
		if hint := w.ask.words(t.key) + ".hint"; p.s.parts.Catalog.Has(v.call.lang, hint) {
			o.Hint = v.words(p, hint)
		}
		d.Options = append(d.Options, o)
	}
	view.Data = d
	return p.show(v, "guide/question", view)
}

// endData is where the answers lead, and the answers, each with a way to change
// it.
type endData struct {
	Title, Say, Go, Href string
	Elsewhere            bool
	Links                []page.Link
	Given                []page.Row
}

func (p *pages) showEnd(v *visit, w walk) error {
	e, words := ends()[w.ends], "guide.end."+w.ends
	d := endData{Title: v.words(p, words), Say: v.words(p, words+".say"), Go: v.words(p, words+".go"), Href: p.outward(v, e.href), Elsewhere: e.elsewhere}
	for _, l := range e.links {
		d.Links = append(d.Links, page.Link{Href: p.outward(v, l.Href), Text: v.words(p, l.Text)})
	}
	for i, s := range w.given {
		d.Given = append(d.Given, page.Row{Key: v.words(p, "field."+s.question.field()),
			Value: v.words(p, s.question.words(s.key)), Href: w.address(i)})
	}
	view := p.view(v)
	view.Back, view.Data = w.back(), d
	return p.show(v, "guide/end", view)
}

// outward is an address: a page of ours, or one that the catalog names.
func (p *pages) outward(v *visit, href string) string {
	if strings.HasPrefix(href, "/") {
		return href
	}
	return v.words(p, href)
}
