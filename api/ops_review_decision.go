package api

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// opsDecisionPane is the pane in which a reviewer decides.
type opsDecisionPane struct {
	Checks  []opsTick
	Typed   []opsTyped
	Abouts  []opsAbout
	Missing []string // what an approval lacks, as far as the page knows
	Open    bool     // the reasons are unfolded
	Texts   []opsReasonText
	Rounds  bool // asking for more is still possible
}

type opsTick struct {
	Name, Label, Key, ID string
	Checked              bool
}

type opsTyped struct{ Field, Label, Value string }

// opsAbout is one thing that can be sent back or refused, with the reasons that
// fit it and, for a document, the place on it.
type opsAbout struct {
	Name, Label string
	Groups      []opsReasonGroup
	Document    bool
	Box         [4]string
	Page        string
	Marked      bool
	Chosen      bool
}

type opsReasonGroup struct {
	Label   string
	Options []page.Option
}

// opsReasonText is a reason as its applicant reads it, in both languages.
type opsReasonText struct {
	Code           string
	Chinese, Fixed string // text and remedy
	English, Mend  string
}

func (o *Ops) decisionPane(v *opsVisit, w tasks.Workbench, entered url.Values) opsDecisionPane {
	p := opsDecisionPane{Rounds: w.Review.Round <= maxAsks}
	for i, name := range w.Checklist {
		check := opsTick{Name: name, ID: "check-" + strings.ReplaceAll(name, ".", "-"), Label: o.checkLabel(v, name),
			Checked: slices.Contains(entered["check"], name)}
		if i < 9 {
			check.Key = itoa(i + 1)
		}
		p.Checks = append(p.Checks, check)
	}
	for _, field := range w.Typed {
		p.Typed = append(p.Typed, opsTyped{Field: field, Label: o.about(v.call.lang, field), Value: entered.Get("typed." + field)})
	}
	for _, name := range aboutsOf(w) {
		about := o.aboutOf(v, w, name, entered)
		p.Open = p.Open || about.Chosen
		p.Abouts = append(p.Abouts, about)
	}
	p.Texts = o.reasonTexts()
	p.Missing = o.lacking(v, w, p)
	return p
}

// maxAsks is how often more can be asked for; the desk knows best.
const maxAsks = 6

// aboutsOf lists what a finding can be about: slots, facts, the request.
func aboutsOf(w tasks.Workbench) []string {
	var out []string
	for _, slot := range w.Slots {
		out = append(out, string(slot))
	}
	for _, field := range w.Returnable {
		if field != tasks.FieldApplicantID && field != tasks.FieldApplicant || !w.Facts.Principal {
			out = append(out, field)
		}
	}
	return append(out, string(tasks.AboutRequest))
}

func (o *Ops) checkLabel(v *opsVisit, name string) string {
	if slot, ok := strings.CutPrefix(name, "document."); ok {
		return o.say(v, "review.check.document", text.Params{"document": o.about(v.call.lang, slot)})
	}
	return o.say(v, "review.check."+name)
}

func (o *Ops) aboutOf(v *opsVisit, w tasks.Workbench, name string, entered url.Values) opsAbout {
	chosen := entered.Get("finding." + name)
	a := opsAbout{Name: name, Label: o.about(v.call.lang, name), Document: slices.Contains(w.Slots, tasks.Slot(name)),
		Chosen: chosen != "", Page: entered.Get("page." + name)}
	for i, side := range boxSides() {
		a.Box[i] = entered.Get(side + "." + name)
		a.Marked = a.Marked || a.Box[i] != ""
	}
	for _, kind := range []struct {
		key      string
		verdicts []tasks.Verdict
	}{
		{"review.reasons.both", []tasks.Verdict{tasks.VerdictNeedMore, tasks.VerdictReject}},
		{"review.reasons.more", []tasks.Verdict{tasks.VerdictNeedMore}},
		{"review.reasons.reject", []tasks.Verdict{tasks.VerdictReject}},
	} {
		group := opsReasonGroup{Label: o.say(v, kind.key)}
		for _, r := range tasks.Reasons() {
			if fitsAbout(r, name, a.Document) && slices.Equal(r.Verdicts, kind.verdicts) {
				group.Options = append(group.Options, page.Option{Value: r.Code, Text: o.reasonLabel(v.call.lang, r.Code), Checked: r.Code == chosen})
			}
		}
		if len(group.Options) > 0 {
			a.Groups = append(a.Groups, group)
		}
	}
	return a
}

func boxSides() [4]string { return [4]string{"left", "top", "right", "bottom"} }

func fitsAbout(r tasks.Reason, name string, document bool) bool {
	switch r.About {
	case tasks.AboutDocument:
		return document
	case tasks.AboutLetter:
		return name == string(tasks.SlotLetter)
	case tasks.AboutRequest:
		return name == string(tasks.AboutRequest)
	}
	return !document && name != string(tasks.AboutRequest)
}

// reasonTexts are the catalogue's words in both languages, without naming a
// document: the preview names it.
func (o *Ops) reasonTexts() []opsReasonText {
	var out []opsReasonText
	say := o.parts.Catalog.T
	for _, r := range tasks.Reasons() {
		key := "reason." + r.Code
		out = append(out, opsReasonText{Code: r.Code, Chinese: say(text.Chinese, key+".text"), Fixed: say(text.Chinese, key+".remedy"),
			English: say(text.English, key+".text"), Mend: say(text.English, key+".remedy")})
	}
	return out
}

// lacking lists what an approval still needs. The desk decides; this saves a way.
func (o *Ops) lacking(v *opsVisit, w tasks.Workbench, p opsDecisionPane) []string {
	var out []string
	ticks := 0
	for _, c := range p.Checks {
		if !c.Checked {
			ticks++
		}
	}
	unseen := 0
	for _, doc := range w.Documents {
		if !doc.Replaced && !slices.Contains(w.Viewed, doc.ID) {
			unseen++
		}
	}
	add := func(key string, n int) {
		if n > 0 {
			out = append(out, o.say(v, key, text.Params{"n": n}))
		}
	}
	add("review.lacks.pictures", unseen)
	add("review.lacks.checks", ticks)
	for _, t := range p.Typed {
		if t.Value == "" {
			out = append(out, o.say(v, "review.lacks.typed", text.Params{"field": t.Label}))
		}
	}
	return out
}

// decisionOf reads a decision off the form.
func decisionOf(form url.Values, in tasks.Decide) tasks.Decide {
	in.Verdict, in.Checks, in.Note = tasks.Verdict(form.Get("verdict")), form["check"], strings.TrimSpace(form.Get("note"))
	in.Typed = map[string]string{}
	for _, name := range sortedKeys(form) {
		if field, ok := strings.CutPrefix(name, "typed."); ok {
			in.Typed[field] = strings.TrimSpace(form.Get(name))
		}
		about, ok := strings.CutPrefix(name, "finding.")
		if !ok || in.Verdict == tasks.VerdictApprove || in.Verdict == tasks.VerdictEscalate {
			continue
		}
		for _, reason := range form[name] {
			if reason != "" {
				in.Findings = append(in.Findings, findingOf(form, about, reason))
			}
		}
	}
	return in
}

func findingOf(form url.Values, about, reason string) tasks.Finding {
	f := tasks.Finding{About: about, Reason: reason}
	for _, side := range boxSides() {
		typed := strings.TrimSpace(form.Get(side + "." + about))
		if typed == "" {
			continue
		}
		n, err := strconv.Atoi(typed)
		if err != nil {
			n = -1 // outside of the picture: the desk says so
		}
		f.Box = append(f.Box, n)
	}
	if len(f.Box) > 0 {
		f.Page = max(1, wholeNumber(form.Get("page."+about)))
	}
	return f
}

// formOf is the form that a decision came from, but for what was typed.
func formOf(d tasks.Decision) url.Values {
	form := url.Values{"check": d.Checks, "note": {d.Note}}
	for _, f := range d.Findings {
		form.Set("finding."+f.About, f.Reason)
		for i, side := range boxSides() {
			if len(f.Box) == len(boxSides()) {
				form.Set(side+"."+f.About, itoa(f.Box[i]))
				form.Set("page."+f.About, itoa(f.Page))
			}
		}
	}
	return form
}

func itoa(n int) string { return strconv.Itoa(n) }
