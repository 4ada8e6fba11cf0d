package api

import (
	"errors"
	"net/url"

	"beian/api/page"
	"beian/internal/vault"
	"beian/tasks"
)

const (
	vetoCookie  = "veto"
	vetoSeconds = 600
)

// notMe is where a message leads whoever did not ask for it (A8). Looking
// changes nothing; the receipt may come with the address, the code may not.
func (p *pages) notMe(v *visit) error {
	return p.showLookup(v, "notme", "")
}

// freeze freezes a job for whoever has its receipt and the code of a message. A
// wrong receipt and a wrong code are the same.
func (p *pages) freeze(v *visit) error {
	receipt, faults := receiptOf(v)
	code := vault.NormalizeWord(v.form.Get("veto"))
	if code == "" {
		faults = append(faults, page.FieldError{Field: "veto", Code: "REQUIRED"})
	}
	if len(faults) > 0 {
		return p.showLookup(v, "notme", "", faults...)
	}
	asked := map[string]string{"receipt": receipt, "code": code}
	err := p.s.fenced(v.ctx(), func() error {
		_, err := p.s.parts.Desk.Act(v.ctx(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: code},
			Fields: map[string]string{}, Once: p.once(v, "POST /not-me", asked)})
		return err
	})
	var state *tasks.WrongState
	switch {
	case errors.Is(err, tasks.ErrNotFound):
		return p.showLookup(v, "notme", "", page.FieldError{Field: "veto", Key: "veto.wrong"})
	case err != nil && !errors.As(err, &state): // the next page says why it is too late
		return err
	}
	p.keep(v, p.cookie(v, vetoCookie, "/not-me/"+receipt), code, vetoSeconds)
	return v.to("/not-me/" + receipt)
}

// frozenData is what became of an objection.
type frozenData struct {
	Title, Text string
	Receipt     string
	Frozen      bool
	Rows        []page.Row // what a login reset asks for
}

// frozen says what the objection did, for the browser that made it.
func (p *pages) frozen(v *visit) error {
	code, typed := p.kept(v, vetoCookie), v.Param("receipt")
	receipt, err := parseReceipt(typed)
	if err != nil || code == "" {
		return v.to("/not-me?receipt=" + url.QueryEscape(shortened(typed)))
	}
	var tv tasks.View
	err = p.s.fenced(v.ctx(), func() (err error) {
		tv, err = p.s.parts.Desk.Look(v.ctx(), receipt, tasks.Viewer{Veto: code})
		return err
	})
	if err != nil {
		return err
	}
	disputed, done := !tv.Job.DisputedAt.IsZero(), tv.Job.State == tasks.StateDone
	data := frozenData{Receipt: receipt, Frozen: disputed && (done || !tv.Job.State.Ended())}
	if !disputed && !tv.Job.State.Ended() { // a supervisor has lifted the freeze
		return v.to("/not-me?receipt=" + receipt)
	}
	keys := frozenKeys(tv, disputed)
	data.Title, data.Text = v.words(p, keys[0]), v.say(p, keys[1])
	if tv.Case != nil {
		data.Rows = p.resetRows(v, tv)
	}
	view := p.view(v)
	view.Title, view.Data = data.Title, data
	return p.show(v, "notme_done", view)
}

// frozenKeys are title and text: what an objection did to a job that is open, done
// or over.
func frozenKeys(tv tasks.View, disputed bool) [2]string {
	done, reset := tv.Job.State == tasks.StateDone, tv.Job.Kind == tasks.KindReset
	if tv.Legacy != nil && tv.Job.State.Ended() {
		return importFrozenKeys(done, disputed)
	}
	switch {
	case done && disputed && reset:
		return [2]string{"veto.done.title", "veto.reset.done"}
	case done && disputed:
		return [2]string{"veto.done.title", "veto.done.body"}
	case done && reset:
		return [2]string{"veto.late.title", "veto.reset.late"}
	case done:
		return [2]string{"veto.late.title", "veto.late.body"}
	case tv.Job.State.Ended() && reset:
		return [2]string{"veto.over.title", "veto.reset.over"}
	case tv.Job.State.Ended():
		return [2]string{"veto.over.title", "veto.over.body"}
	}
	return [2]string{"veto.frozen.title", "veto.frozen.body"}
}
