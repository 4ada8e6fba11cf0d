package api

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// opsConfirmPage is the stop before a decision: what it causes, and what the
// applicant will read.
type opsConfirmPage struct {
	opsFrame
	Receipt, Path, Title, Verb string
	Kind                       string // of the confirm button
	Consequences               []string
	Findings                   []opsPreviewed
	SMS                        []opsSMS
	Note                       string
	Carried                    []keptPair
	Lang                       text.Lang // of the applicant
	LangName                   string
}

// opsPreviewed is one finding as the applicant reads it, in both languages, its
// own first.
type opsPreviewed struct {
	About  string
	Says   []opsSaid
	Marked bool
}

type opsSaid struct {
	Lang         text.Lang
	Text, Remedy string
}

// opsSMS is a message as it will be sent, with its length and parts.
type opsSMS struct {
	Text         string
	Chars, Parts int
}

// reviewDecide takes a decision in two steps: the first shows what it causes, the
// second makes it. The desk judges both times.
func (o *Ops) reviewDecide(v *opsVisit) error {
	form := v.r.PostForm
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return errNotFound
	}
	if form.Get("step") == "edit" {
		return o.showReview(v, reviewAgain{entered: form, status: http.StatusOK})
	}
	in := decisionOf(form, tasks.Decide{Receipt: receipt.String(), Staff: v.actor()})
	r, err := o.parts.Reviews.Desk.ReviewOf(v.r.Context(), in.Receipt)
	if err != nil {
		return err
	}
	if seen := form.Get("seen"); seen != "" && seen != seenOf(r) {
		return o.undecided(v, tasks.ErrStale)
	}
	if form.Get("step") != "confirm" {
		if err := o.parts.Reviews.Desk.Rehearse(v.r.Context(), in); err != nil {
			return o.undecided(v, err)
		}
		return o.confirm(v, in)
	}
	in.Once = tasks.Once{Scope: "staff:" + v.member.StaffID + " /ops/reviews", Key: form.Get("form_id"), Fingerprint: tasks.Fingerprint(flat(form))}
	if _, err := o.parts.Reviews.Desk.Decide(v.r.Context(), in); err != nil {
		return o.undecided(v, err)
	}
	v.redirect(reviewPath(in.Receipt))
	return nil
}

// flat is a form as one value a name, for a fingerprint.
func flat(form url.Values) map[string]string {
	out := map[string]string{}
	for name, values := range form {
		out[name] = strings.Join(values, "\n")
	}
	return out
}

// undecided shows the workbench again with everything that was entered: what is
// wrong, or what happened meanwhile.
func (o *Ops) undecided(v *opsVisit, err error) error {
	var invalid *tasks.Invalid
	var state *tasks.WrongState
	again := reviewAgain{entered: v.r.PostForm, status: http.StatusConflict}
	switch {
	case errors.As(err, &invalid):
		again.status, again.errors = http.StatusUnprocessableEntity, o.decisionErrors(v, invalid)
	case errors.Is(err, tasks.ErrStale):
		again.conflict = o.say(v, "review.conflict.stale")
	case errors.As(err, &state):
		again.conflict = o.say(v, "review.conflict.state", text.Params{"state": o.say(v, "state."+string(state.State))})
	case errors.Is(err, tasks.ErrConflict):
		again.conflict = o.say(v, "review.conflict.lost")
	default:
		return err
	}
	return o.showReview(v, again)
}

// decisionErrors words the desk's faults for this page.
func (o *Ops) decisionErrors(v *opsVisit, invalid *tasks.Invalid) []page.FieldError {
	var out []page.FieldError
	for _, f := range invalid.Faults {
		shown := page.FieldError{Field: f.Field, Code: f.Code, Params: text.ParamsOf(f.Params)}
		field, typed := strings.CutPrefix(f.Field, "typed.")
		switch {
		case typed && f.Code == "REQUIRED":
			shown.Key, shown.Params = "review.fault.typed", text.Params{"field": o.about(v.call.lang, field)}
		case typed:
			shown.Params = text.Params{"field": o.about(v.call.lang, field)}
		case f.Field == "findings":
			shown.Key = "review.fault.reason"
		case strings.HasPrefix(f.Field, "findings."):
			shown.Field, shown.Key = "findings", "review.fault.verdict"
		case f.Field == "verdict" && f.Code == "CHOICE_REQUIRED":
			shown.Key = "ops.decide.choose"
		case f.Field == "note":
			shown.Key = "review.fault.note"
		}
		out = append(out, shown)
	}
	return out
}

// confirm shows what a decision causes before it is made.
func (o *Ops) confirm(v *opsVisit, in tasks.Decide) error {
	w, err := o.parts.Reviews.Desk.Workbench(v.r.Context(), in.Receipt, v.actor())
	if err != nil {
		return err
	}
	lang, ok := text.Parse(w.Job.Lang)
	if !ok {
		lang = text.Chinese
	}
	data := opsConfirmPage{opsFrame: o.frame(v, opsReviews), Receipt: in.Receipt, Path: reviewPath(in.Receipt), Note: in.Note, Lang: lang,
		LangName: lang.OwnName(), Verb: o.say(v, "review.verdict."+string(in.Verdict)), Consequences: o.consequences(v, w, in.Verdict)}
	data.Title = o.say(v, "review.confirm.title", text.Params{"verdict": data.Verb})
	if in.Verdict == tasks.VerdictReject {
		data.Kind = "warning"
	}
	for _, f := range in.Findings {
		data.Findings = append(data.Findings, o.previewed(v, f, lang))
	}
	data.SMS = o.messagesAbout(w, in.Verdict, lang)
	for _, name := range sortedKeys(v.r.PostForm) {
		if name == "step" || name == "form_id" {
			continue
		}
		for _, value := range v.r.PostForm[name] {
			data.Carried = append(data.Carried, keptPair{name, value})
		}
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "review-confirm", view)
}

// consequences says what will happen, in the order in which it does.
func (o *Ops) consequences(v *opsVisit, w tasks.Workbench, verdict tasks.Verdict) []string {
	key := "review.then." + string(verdict)
	if verdict == tasks.VerdictApprove && w.Review.NeedsTwo && w.Review.Stage < 2 {
		key = "review.then.approve_first"
	}
	if own := text.Own(string(w.Job.Kind), key); o.parts.Catalog.Has(v.call.lang, own) {
		key = own
	}
	out := strings.Split(o.say(v, key, text.Params{"mailbox": w.Facts.NewEmail, "contacts": w.Contacts, "target": w.Receiver}), "\n")
	return append(out, o.say(v, "review.then.undo"))
}

// previewed puts a finding into the words that its applicant reads.
func (o *Ops) previewed(v *opsVisit, f tasks.Finding, applicant text.Lang) opsPreviewed {
	out := opsPreviewed{About: o.about(v.call.lang, f.About), Marked: len(f.Box) > 0}
	for _, lang := range []text.Lang{applicant, applicant.Other()} {
		name := o.about(lang, f.About)
		if f.About != string(tasks.AboutRequest) {
			name = o.parts.Catalog.Field(lang, f.About)
		}
		words := text.Params{"document": name, "field": name}
		out.Says = append(out.Says, opsSaid{Lang: lang, Text: o.parts.Catalog.T(lang, "reason."+f.Reason+".text", words),
			Remedy: o.parts.Catalog.T(lang, "reason."+f.Reason+".remedy", words)})
	}
	return out
}

// messagesAbout are the messages to the applicant's phone that a decision causes.
func (o *Ops) messagesAbout(w tasks.Workbench, verdict tasks.Verdict, lang text.Lang) []opsSMS {
	template := tasks.ToldOf(w.Job.Kind, verdict)
	if verdict == tasks.VerdictApprove && w.Review.NeedsTwo && w.Review.Stage < 2 {
		template = ""
	}
	if template == "" || o.parts.Reviews.Words == nil {
		return nil
	}
	// The moment is known once the decision takes effect; today stands in for it.
	date := o.parts.Catalog.Date(o.parts.Now().Add(24 * time.Hour))
	said, err := o.parts.Reviews.Words(tasks.Message{Channel: tasks.ChannelSMS, Template: template, Lang: string(lang), At: o.parts.Now(),
		Params: map[string]string{"receipt": w.Review.Receipt, "date": date, "until": date, "state": string(tasks.StateRejected)}})
	if err != nil {
		o.parts.Log.Warn().Err(err).Str("template", string(template)).Msg("a message can't be previewed")
		return nil
	}
	n := utf8.RuneCountInString(said)
	return []opsSMS{{Text: said, Chars: n, Parts: smsParts(n)}}
}

// smsParts is how many messages a Chinese text of n characters is billed as: one
// up to 70, else 67 each.
func smsParts(n int) int {
	if n <= 70 {
		return 1
	}
	return (n + 66) / 67
}
