package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// diffData is the page of differences (I5). What must be chosen stands open, what
// is equal or comes as it is stands folded.
type diffData struct {
	Action, Job string
	Changed     bool
	Until, Lead string
	Rows        []page.Row
	Subject     diffItem
	Choose      []diffItem // websites with something to choose
	Come        []diffItem // websites that come as they are
	Stay        []diffItem // what can't come, with the reason
	Pictures    int
}

// diffItem is the subject or a website on both sides.
type diffItem struct {
	No           int
	Title, Say   string
	Skip         string // name of the box that leaves it out; empty where that can't be chosen
	Skipped      bool
	Choices      []page.Choices
	Differ, Same []page.Row
}

// ownImport is the import that the address names, for the account that imports;
// to everybody else there is none.
func (p *pages) ownImport(v *visit) (tasks.View, error) {
	receipt, err := parseReceipt(v.Param("receipt"))
	if err != nil {
		return tasks.View{}, err
	}
	tv, err := p.s.parts.Desk.Look(v.ctx(), receipt, tasks.Viewer{AccountID: v.who.AccountID})
	if err == nil && tv.Legacy == nil {
		err = tasks.ErrNotFound
	}
	return tv, err
}

func (p *pages) importDiff(v *visit) error {
	tv, err := p.ownImport(v)
	switch {
	case err != nil:
		return err
	case tv.Job.State != tasks.StateDiff:
		return v.to("/jobs/" + tv.Job.Receipt)
	}
	return p.showDiff(v, tv, p.view(v), false)
}

// showDiff keeps what was chosen; changed tells that the differences are newer than
// what was confirmed.
func (p *pages) showDiff(v *visit, tv tasks.View, view page.View, changed bool) error {
	f, job := tv.Legacy.Facts, tv.Job
	d := diffData{Action: diffPath(job.Receipt), Job: "/jobs/" + job.Receipt, Changed: changed,
		Until: v.words(p, "import.diff.until", text.Params{"date": p.s.parts.Catalog.Promise(v.call.lang, job.ExpiresAt)}),
		Rows:  []page.Row{{Key: v.words(p, "import.row.target"), Value: f.Target}}}
	lead := "import.diff.new"
	switch {
	case f.Conflicts > 0:
		lead = "import.diff.conflicts"
	case f.Merges:
		lead = "import.diff.merges"
	}
	d.Lead = v.words(p, lead, text.Params{"n": f.Conflicts})
	for _, item := range tv.Legacy.Items {
		shown := p.diffItem(v, view, item)
		switch {
		case item.Kind == tasks.LegacyPicture && item.Action != tasks.LegacySkip:
			d.Pictures++
		case item.Kind == tasks.LegacyPicture: // goes with its website
		case item.Kind == tasks.LegacySubject:
			d.Subject = shown
		case item.Action == tasks.LegacySkip:
			d.Stay = append(d.Stay, shown)
		case len(shown.Choices) > 0 || len(shown.Differ) > 0:
			d.Choose = append(d.Choose, shown)
		default:
			d.Come = append(d.Come, shown)
		}
	}
	view.Back, view.FormID, view.Data = d.Job, formID(tv, tasks.VerbConfirm), d
	return p.show(v, "import/diff", view)
}

// diffItem sorts the rows of an item: to be chosen, different, the same or simply
// coming.
func (p *pages) diffItem(v *visit, view page.View, item tasks.LegacyItem) diffItem {
	out := diffItem{No: item.No, Title: p.itemTitle(v, item)}
	if item.Code != "" {
		out.Say = p.itemWhy(v, item)
	}
	if item.Choosable() {
		out.Skip = item.ChoiceField("")
		out.Skipped = view.Value(out.Skip) == tasks.ChoiceSkip
	}
	for _, r := range item.Rows {
		label := p.fieldLabel(v, r.Field)
		legacy, here := p.rowValue(v, r.Field, r.Legacy), p.rowValue(v, r.Field, r.Here)
		sides := text.Params{"legacy": legacy, "here": here}
		switch {
		case r.State == tasks.LegacyConflict:
			c := choiceOf(view, item.ChoiceField(r.Field), []page.Option{
				{Value: tasks.ChoiceKeep, Text: v.words(p, "import.choose.keep"), Hint: here},
				{Value: tasks.ChoiceTake, Text: v.words(p, "import.choose.take"), Hint: legacy}})
			c.Label = v.words(p, "import.choose.label", text.Params{"title": out.Title, "field": label})
			if legacy == here {
				c.Hint = v.words(p, "import.choose.masked")
			}
			out.Choices = append(out.Choices, c)
		case r.State == tasks.LegacyEqual:
			out.Same = append(out.Same, page.Row{Key: label, Value: here})
		case r.State == tasks.LegacyNew && item.Action == tasks.LegacyCreate:
			out.Same = append(out.Same, page.Row{Key: label, Value: legacy})
		case r.State == tasks.LegacyUnread && here == "":
			out.Differ = append(out.Differ, page.Row{Key: label, Value: v.words(p, "import.row.unreadable_empty")})
		default:
			out.Differ = append(out.Differ, page.Row{Key: label, Value: v.words(p, "import.row."+string(r.State), sides)})
		}
	}
	return out
}

// fieldLabel names a field; the legacy platform may know some that we don't.
func (p *pages) fieldLabel(v *visit, field string) string {
	if key := "import.field." + field; p.s.parts.Catalog.Has(v.call.lang, key) {
		return v.words(p, key)
	}
	return v.words(p, "import.field.unknown")
}

// choiceOf is a group of radios with what was chosen and what is wrong with it.
func choiceOf(view page.View, name string, options []page.Option) page.Choices {
	for i := range options {
		options[i].Checked = view.Value(name) == options[i].Value
	}
	c := page.Choices{Name: name, Options: options}
	for _, e := range view.Errors {
		if e.Field == name {
			c.Error = e.Message
		}
	}
	return c
}

// rowValue shows a field's masked value the way people know it.
func (p *pages) rowValue(v *visit, field, value string) string {
	switch {
	case value == "":
		return ""
	case field == "nature":
		return v.words(p, "option.nature."+value)
	case field == "suffix":
		return "-" + value
	case field == "domain":
		return shownDomain(value)
	}
	return value
}

// shownDomain is a domain in its own letters.
func shownDomain(domain string) string {
	d, err := filing.ParseDomain(domain)
	if err != nil {
		return domain
	}
	return d.Unicode()
}

// confirmImport is the applicant's yes (I5), to the very differences that were
// shown: when they are others meanwhile, they are shown again.
func (p *pages) confirmImport(v *visit) error {
	tv, err := p.ownImport(v)
	if err != nil {
		return err
	}
	fields := chosenIn(v.form)
	fields[tasks.FieldConsent] = v.form.Get(tasks.FieldConsent)
	asked := map[string]string{"receipt": tv.Job.Receipt}
	for name, value := range fields {
		asked[name] = value
	}
	a := tasks.Action{Receipt: tv.Job.Receipt, Verb: tasks.VerbConfirm, By: tasks.Viewer{AccountID: v.who.AccountID}, Version: tv.Job.Version,
		Fields: fields, Once: p.once(v, "POST /import/confirm", asked)}
	if v.form.Get("form_id") != formID(tv, tasks.VerbConfirm) {
		a.Version = noVersion // a replay of its key still gets its answer
	}
	_, err = p.s.parts.Desk.Act(v.ctx(), a)
	var invalid *tasks.Invalid
	var state *tasks.WrongState
	view := p.view(v)
	switch {
	case err == nil:
		return v.to("/jobs/" + tv.Job.Receipt)
	case errors.As(err, &invalid):
		view.Errors = p.choiceFaults(v, tv, invalid)
		return p.showDiff(v, tv, view, false)
	case errors.As(err, &state), errors.Is(err, tasks.ErrStale), errors.Is(err, tasks.ErrConflict), errors.Is(err, tasks.ErrKeyReused):
		return p.overtaken(v, view)
	}
	return err
}

// overtaken shows how things stand when the yes came too late.
func (p *pages) overtaken(v *visit, view page.View) error {
	tv, err := p.ownImport(v)
	if err != nil {
		return err
	}
	view.Status = http.StatusConflict
	if tv.Job.State == tasks.StateDiff {
		return p.showDiff(v, tv, view, true)
	}
	view.Path = "/jobs/" + tv.Job.Receipt
	return p.showJob(v, tv, view, true)
}

// chosenIn takes the choices out of a form.
func chosenIn(form url.Values) map[string]string {
	out := map[string]string{}
	for name := range form {
		if strings.HasPrefix(name, "choice.") {
			out[name] = form.Get(name)
		}
	}
	return out
}

// choiceFaults name what is to be chosen, by the item and the field.
func (p *pages) choiceFaults(v *visit, tv tasks.View, invalid *tasks.Invalid) []page.FieldError {
	out := p.faults(v, invalid)
	for _, item := range tv.Legacy.Items {
		for _, r := range item.Rows {
			for i := range out {
				if out[i].Field == item.ChoiceField(r.Field) {
					out[i].Message = v.words(p, "import.choose.missing", text.Params{"title": p.itemTitle(v, item), "field": p.fieldLabel(v, r.Field)})
				}
			}
		}
	}
	return out
}
