package api

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

const (
	individual   = string(filing.NatureIndividual)
	organisation = string(filing.NatureOrganisation)
)

// whoFields, factFields and contactFields are what the three pages ask.
func whoFields(nature string) []string {
	if nature == organisation {
		return []string{tasks.FieldNature, tasks.FieldPrincipal}
	}
	return []string{tasks.FieldNature}
}

func factFields(nature string) []string {
	names := []string{tasks.FieldSubjectName, tasks.FieldCertType, tasks.FieldCertNumber, tasks.FieldFiling}
	if nature == organisation {
		return append(names, tasks.FieldApplicant, tasks.FieldApplicantID)
	}
	return names
}

func contactFields(a aim) []string {
	own := map[aim][]string{aimMailbox: {tasks.FieldNewEmail, tasks.FieldOldLogin}, aimReceiver: {tasks.FieldTarget, tasks.FieldPhone4}, aimImport: {tasks.FieldOldLogin}}[a]
	return slices.Concat([]string{tasks.FieldPhone}, own, []string{tasks.FieldReason, tasks.FieldRemark, tasks.FieldConsent})
}

// reasons are those that a kind of job can be asked for.
func (p *pages) reasons(v *visit) []page.Option {
	names := tasks.ResetReasons()
	switch v.at().aim {
	case aimPhone:
		names = tasks.ContactReasons()
	case aimImport:
		names = tasks.LegacyReasons()
	}
	out := make([]page.Option, len(names))
	for i, name := range names {
		out[i] = page.Option{Value: name, Text: v.words(p, "option.reason."+name)}
	}
	return out
}

// invalidOf takes the faults out of an error; any other error stays one.
func invalidOf(err error) (*tasks.Invalid, error) {
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		return invalid, nil
	}
	return nil, err
}

// resetWho asks whose filing it is; for an organisation, as whom one applies.
func (p *pages) resetWho(v *visit) error {
	return p.showWho(v, p.draftOf(v))
}

func (p *pages) showWho(v *visit, d resetDraft, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = v.at().papers, faults
	if view.Values == nil && d.Receipt == "" {
		view.Values = valuesOf(d.Fields)
	}
	view.Data = whoData{Action: v.at().papers + "/who", First: true, Why: given(v, "why"), Draft: given(v, "draft")}
	return p.show(v, "reset/who", view)
}

// whoData serves the page before there is a job and afterwards.
type whoData struct {
	Action     string
	First      bool
	Why, Draft string // what led to papers for an import (adopt)
}

func valuesOf(fields map[string]string) url.Values {
	out := url.Values{}
	for name, value := range fields {
		out.Set(name, value)
	}
	return out
}

func (p *pages) saveWho(v *visit) error {
	d := p.draftOf(v)
	fields := typed(v, tasks.FieldNature, tasks.FieldPrincipal)
	faults, err := p.formFaults(v, fields, whoFields(fields[tasks.FieldNature]))
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return p.showWho(v, d, faults...)
	}
	if fields[tasks.FieldNature] == individual {
		fields[tasks.FieldPrincipal] = ""
	}
	if d, err = p.adopt(v, d.with(fields)); err != nil {
		return err
	}
	if err := p.keepDraft(v, d); err != nil {
		return err
	}
	return v.to(v.at().papers + "/facts")
}

// typedBefore carries on what led to papers for an import (adopt).
func typedBefore(v *visit) string {
	if v.at().aim != aimImport {
		return ""
	}
	return papersQuery(given(v, "why"), given(v, "draft"))
}

// given is a value of the form, else of the address.
func given(v *visit, name string) string { return cmp.Or(v.form.Get(name), v.QueryParam(name)) }

// drafting leads whoever lost the draft back to its beginning, and whoever
// submitted it to the job.
func (p *pages) drafting(v *visit, do func(resetDraft) error) error {
	d := p.draftOf(v)
	switch {
	case d.Receipt != "":
		return v.to(caseRoot(d.Receipt))
	case d.Fields[tasks.FieldNature] == "":
		return v.to(v.at().papers + "/who")
	}
	return do(d)
}

// factsData is the page of the facts; Known are the masked values that an empty
// field leaves as they are.
type factsData struct {
	Action       string
	Organisation bool
	First        bool
	Nature       string // hidden fields, when they change with the facts
	Principal    string
	Types        []string
	Known        map[string]string
}

// certificateTypes are those that the flow takes for a nature.
func certificateTypes(nature string) []string {
	if nature == organisation {
		return []string{string(filing.CertificateCreditCode), string(filing.CertificateOther)}
	}
	return []string{string(filing.CertificateIDCard), string(filing.CertificatePassport), string(filing.CertificateOther)}
}

func (p *pages) resetFacts(v *visit) error {
	return p.drafting(v, func(d resetDraft) error { return p.showFacts(v, d) })
}

func (p *pages) showFacts(v *visit, d resetDraft, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors = v.at().papers+"/who", faults
	if view.Values == nil {
		view.Values = valuesOf(d.Fields)
	}
	nature := d.Fields[tasks.FieldNature]
	view.Data = factsData{Action: v.at().papers + "/facts", Organisation: nature == organisation, First: true, Types: certificateTypes(nature)}
	return p.show(v, "reset/facts", view)
}

func (p *pages) saveFacts(v *visit) error {
	return p.drafting(v, func(d resetDraft) error {
		names := factFields(d.Fields[tasks.FieldNature])
		next := d.with(typed(v, names...))
		faults, err := p.formFaults(v, next.Fields, names)
		if err != nil {
			return err
		}
		if len(faults) > 0 {
			return p.showFacts(v, d, faults...)
		}
		if err := p.keepDraft(v, next); err != nil {
			return err
		}
		return v.to(v.at().papers + "/contact")
	})
}

// contactData is the page of the contact, and of what the job is for.
type contactData struct {
	Action  string
	Aim     string
	Reasons []page.Option
	Kept    keptFor
}

// keptFor is how long documents are kept (L10), in words.
type keptFor struct{ Done, Refused string }

func (p *pages) keptFor(v *visit) keptFor {
	days := func(set, otherwise time.Duration) string {
		const day = 24 * time.Hour
		return v.words(p, "reset.days", text.Params{"n": int((cmp.Or(set, otherwise) + day - 1) / day)})
	}
	return keptFor{Done: days(p.parts.Policy.KeepDone, 180*24*time.Hour), Refused: days(p.parts.Policy.KeepRefused, 30*24*time.Hour)}
}

func (p *pages) resetContact(v *visit) error {
	return p.drafting(v, func(d resetDraft) error {
		if d.Fields[tasks.FieldSubjectName] == "" {
			return v.to(v.at().papers + "/facts")
		}
		return p.showContact(v, d, 0)
	})
}

func (p *pages) showContact(v *visit, d resetDraft, status int, faults ...page.FieldError) error {
	view := p.view(v)
	view.Back, view.Errors, view.FormID, view.Status = v.at().papers+"/facts", faults, d.ID, status
	if view.Values == nil && v.at().aim == aimImport { // typed on the way here, see adopt
		view.Values = valuesOf(map[string]string{tasks.FieldOldLogin: d.Fields[tasks.FieldOldLogin], tasks.FieldReason: d.Fields[tasks.FieldReason]})
	}
	view.Data = contactData{Action: v.at().papers + "/contact", Aim: string(v.at().aim), Reasons: p.reasons(v), Kept: p.keptFor(v)}
	return p.show(v, "reset/contact", view)
}

// openReset makes the job. The draft's id is the key: a second press gives the
// same job, and going back afterwards leads to it (A6).
func (p *pages) openReset(v *visit) error {
	return p.drafting(v, func(d resetDraft) error {
		fields := maps.Clone(d.Fields)
		maps.Copy(fields, typed(v, contactFields(v.at().aim)...))
		v.form.Set("form_id", d.ID)
		s := p.papersOf(v, fields)
		s.Once = p.once(v, "POST "+v.at().papers, fields)
		acc, err := p.s.parts.Desk.Submit(v.ctx(), s)
		if err != nil {
			return p.notOpened(v, d, err)
		}
		d.Receipt, d.Fields = acc.Receipt, nil
		if err := p.keepDraft(v, d); err != nil { // comfort: the job is committed
			p.s.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("a submitted draft could not be marked")
		}
		p.admit(v, acc.Receipt, acc.Tracking)
		return v.to(caseRoot(acc.Receipt))
	})
}

// notOpened shows faults on the page to which they belong. What is wrong with the
// facts, which passed before, can only mean that the rules changed meanwhile.
func (p *pages) notOpened(v *visit, d resetDraft, err error) error {
	var many *tasks.TooMany
	var blocked *tasks.Blocked
	if errors.As(err, &blocked) {
		return p.showPhoneBlocked(v, blocked)
	}
	if errors.As(err, &many) {
		v.Response().Header().Set("Retry-After", wholeSeconds(many.After))
		return p.showContact(v, d, http.StatusTooManyRequests, p.tooMany(many))
	}
	names := contactFields(v.at().aim)
	faults, err := p.faultsAt(v, err, names)
	if err != nil {
		return err
	}
	if len(faults) == 0 {
		return v.to(v.at().papers + "/facts")
	}
	slices.SortStableFunc(faults, func(a, b page.FieldError) int {
		return slices.Index(names, a.Field) - slices.Index(names, b.Field)
	})
	return p.showContact(v, d, 0, faults...)
}

// admit keeps a job's tracking code in the browser, for the two paths of the job.
func (p *pages) admit(v *visit, receipt, tracking string) {
	p.keep(v, p.cookie(v, trackingCookie, caseRoot(receipt)), tracking, resetSeconds)
	p.keep(v, p.cookie(v, trackingCookie, "/jobs/"+receipt), tracking, resetSeconds)
}
