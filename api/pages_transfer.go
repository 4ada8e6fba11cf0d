package api

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// fieldReceipt marks a draft that was submitted.
const fieldReceipt = "receipt"

// startData is what the start page promises about time (T8).
type startData struct {
	Hours int
	Until time.Time
}

// transfer is the start page: who may, what is needed, what stays as it is.
func (p *pages) transfer(v *visit) error {
	view := p.view(v)
	view.Back = "/"
	if window := p.parts.Policy.TargetWindow; p.parts.Policy.TargetAcceptance {
		view.Data = startData{Hours: int(window / time.Hour), Until: p.parts.Now().Add(window)}
	} else {
		view.Data = startData{}
	}
	return p.show(v, "transfer/start", view)
}

// target asks who receives. A draft, or what was typed for an earlier job, fills
// the form.
func (p *pages) target(v *visit) error {
	view := p.view(v)
	id := v.QueryParam("draft")
	if id == "" {
		id = v.QueryParam("again")
	}
	if id != "" {
		d, err := p.parts.Drafts.Draft(v.ctx(), id, v.who.AccountID)
		if err != nil && !errors.Is(err, tasks.ErrNotFound) {
			return err
		}
		view.Values = url.Values{}
		for name, value := range d.Fields {
			view.Values.Set(name, value)
		}
		if d.ID == v.QueryParam("draft") && d.Fields[fieldReceipt] == "" && err == nil {
			view.FormID = d.ID
		}
	}
	return p.showTarget(v, view)
}

// targetData is the subjects to choose from; empty when there is no choice (A1).
type targetData struct{ Subjects []page.Option }

func (p *pages) showTarget(v *visit, view page.View) error {
	held, err := p.s.parts.Desk.Holder(v.ctx(), v.who.AccountID)
	if err != nil {
		return err
	}
	var data targetData
	if len(held.Subjects) > 1 {
		for _, s := range held.Subjects {
			data.Subjects = append(data.Subjects, page.Option{Value: s.ID, Text: s.Name, Hint: s.ICP.String()})
		}
	}
	view.Back, view.Data = "/transfer", data
	return p.show(v, "transfer/target", view)
}

// saveTarget keeps what was typed as a draft and goes on to the checks. What the
// rules say of the fields' form is shown here, everything else there (A5).
func (p *pages) saveTarget(v *visit) error {
	fields := transferFields(v.form.Get(tasks.FieldTarget), v.form.Get(tasks.FieldPhone4), v.form.Get(tasks.FieldSubject))
	_, err := p.s.parts.Desk.Precheck(v.ctx(), p.submission(v, fields))
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	switch {
	case errors.As(err, &invalid):
		view := p.view(v)
		view.Errors = p.faults(v, invalid)
		if draftID(v.form.Get("form_id")) != "" {
			view.FormID = v.form.Get("form_id")
		}
		return p.showTarget(v, view)
	case err != nil && !errors.As(err, &blocked):
		return err
	}
	d, err := p.newDraft(v, fields)
	if err != nil {
		return err
	}
	return v.to("/transfer/" + d.ID + "/check")
}

// newDraft saves fields under the form's id. One that was submitted stays as it
// was: its key belongs to that job.
func (p *pages) newDraft(v *visit, fields map[string]string) (Draft, error) {
	d := Draft{ID: draftID(v.form.Get("form_id")), AccountID: v.who.AccountID, Kind: tasks.KindTransfer, Fields: fields}
	if d.ID != "" {
		old, err := p.parts.Drafts.Draft(v.ctx(), d.ID, v.who.AccountID)
		if err != nil && !errors.Is(err, tasks.ErrNotFound) {
			return Draft{}, err
		}
		if old.Fields[fieldReceipt] != "" {
			d.ID = ""
		}
	}
	if d.ID == "" {
		d.ID = uuid.NewString()
	}
	return d, p.parts.Drafts.SaveDraft(v.ctx(), d)
}

// draftID is the id when it is one that we could have given.
func draftID(given string) string {
	id, err := uuid.Parse(given)
	if err != nil || id.String() != given {
		return ""
	}
	return given
}

func (p *pages) submission(v *visit, fields map[string]string) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindTransfer, AccountID: v.who.AccountID, Lang: string(v.call.lang), Fields: fields}
}

// draft is the one that the address names; somebody else's is not found.
func (p *pages) draft(v *visit) (Draft, error) {
	return p.parts.Drafts.Draft(v.ctx(), v.Param("draft"), v.who.AccountID)
}

// fieldsOf are a draft's fields as they are submitted.
func fieldsOf(d Draft) map[string]string {
	return transferFields(d.Fields[tasks.FieldTarget], d.Fields[tasks.FieldPhone4], d.Fields[tasks.FieldSubject])
}

// check runs the rules and shows all blockers, or what would happen.
func (p *pages) check(v *visit) error {
	d, err := p.draft(v)
	if err != nil {
		return err
	}
	if receipt := d.Fields[fieldReceipt]; receipt != "" {
		return v.to("/jobs/" + receipt)
	}
	return p.showCheck(v, d, nil)
}

// checkData is the page to check before the submission.
type checkData struct {
	Draft   string
	Preview tasks.Preview
	Rows    []page.Row
	Stop    page.Interruption
}

func (p *pages) showCheck(v *visit, d Draft, invalid *tasks.Invalid) error {
	preview, err := p.s.parts.Desk.Precheck(v.ctx(), p.submission(v, d.Fields))
	var blocked *tasks.Blocked
	var unfit *tasks.Invalid
	switch {
	case errors.As(err, &blocked):
		return p.showBlockers(v, d, blocked)
	case errors.As(err, &unfit):
		return v.to(changeDraft(d))
	case err != nil:
		return err
	}
	view := p.view(v)
	view.Back = changeDraft(d)
	if invalid != nil {
		view.Errors = p.faults(v, invalid)
	}
	view.Data = checkData{Draft: d.ID, Preview: preview, Rows: p.checkRows(v, d, preview), Stop: p.stop(v, preview)}
	return p.show(v, "transfer/check", view)
}

func changeDraft(d Draft) string { return "/transfer/target?draft=" + url.QueryEscape(d.ID) }

func (p *pages) checkRows(v *visit, d Draft, preview tasks.Preview) []page.Row {
	rows := []page.Row{
		{Key: v.words(p, "transfer.row.source"), Value: preview.Source},
		{Key: v.words(p, "transfer.row.target"), Value: preview.Target, Href: changeDraft(d)},
		{Key: v.words(p, "transfer.row.phone4"), Value: d.Fields[tasks.FieldPhone4], Href: changeDraft(d)},
	}
	return append(append(rows, p.movesRows(v, preview)...), page.Row{Key: v.words(p, "transfer.row.code_to"), Value: preview.CodeTo})
}

// movesRows say what moves (T9), masked.
func (p *pages) movesRows(v *visit, preview tasks.Preview) []page.Row {
	websites := v.words(p, "transfer.websites.none")
	if preview.Websites > 0 {
		websites = v.words(p, "transfer.websites", text.Params{"n": preview.Websites, "domains": strings.Join(preview.Domains, "\n")})
	}
	if preview.Foreign > 0 {
		websites += "\n" + v.words(p, "transfer.foreign", text.Params{"n": preview.Foreign})
	}
	return []page.Row{
		{Key: v.words(p, "transfer.row.subject"), Value: preview.Subject},
		{Key: v.words(p, "transfer.row.icp"), Value: preview.ICP},
		{Key: v.words(p, "transfer.row.websites"), Value: websites},
		{Key: v.words(p, "transfer.row.records"), Value: v.words(p, "transfer.records", text.Params{"n": preview.Records})},
	}
}

// stop is the pause before what cannot be undone by the one who does it.
func (p *pages) stop(v *visit, preview tasks.Preview) page.Interruption {
	params := text.Params{"target": preview.Target, "source": preview.Source, "subject": preview.Subject,
		"icp": preview.ICP, "n": preview.Websites}
	items := []string{v.words(p, "transfer.stop.subject", params)}
	if preview.Websites > 0 {
		items = append(items, v.words(p, "transfer.stop.websites", params))
	}
	return page.Interruption{Title: v.words(p, "transfer.stop.title"), Text: v.words(p, "transfer.stop.body", params),
		Items: append(items, v.words(p, "transfer.stop.lost", params), v.words(p, "transfer.stop.back"))}
}

// submit hands the draft to the desk; its id is the key, so that a second press
// gives the same job (A6).
func (p *pages) submit(v *visit) error {
	d, err := p.draft(v)
	if err != nil {
		return err
	}
	if receipt := d.Fields[fieldReceipt]; receipt != "" {
		return v.to("/jobs/" + receipt)
	}
	fields := fieldsOf(d)
	fields[tasks.FieldConsent] = v.form.Get(tasks.FieldConsent)
	v.form.Set("form_id", d.ID)
	s := p.submission(v, fields)
	s.Once = p.once(v, "POST /transfer", fields)
	acc, err := p.s.parts.Desk.Submit(v.ctx(), s)
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	switch {
	case errors.As(err, &invalid):
		return p.showCheck(v, d, invalid)
	case errors.As(err, &blocked):
		return p.showBlockers(v, d, blocked)
	case err != nil:
		return err
	}
	p.submitted(v, d, acc.Receipt)
	return v.to("/jobs/" + acc.Receipt)
}

// submitted marks the draft, so that going back leads to the job, and keeps what
// was typed for starting again. Both are comfort: the job is committed already.
func (p *pages) submitted(v *visit, d Draft, receipt string) {
	again := Draft{ID: receipt, AccountID: d.AccountID, Kind: d.Kind, Fields: d.Fields}
	err := p.parts.Drafts.SaveDraft(v.ctx(), again)
	d.Fields = fieldsOf(d)
	d.Fields[fieldReceipt] = receipt
	if err = errors.Join(err, p.parts.Drafts.SaveDraft(v.ctx(), d)); err != nil {
		p.s.parts.Log.Warn().Err(err).Str("request_id", v.call.id).Msg("a submitted draft could not be marked")
	}
}
