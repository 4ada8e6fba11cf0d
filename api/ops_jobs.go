package api

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/tasks"
)

// opsPage is how many rows a list of the console shows at once.
const opsPage = 50

// opsJobsPage lists jobs; every filter is a part of the address.
type opsJobsPage struct {
	opsFrame
	Kinds    []page.Option
	States   []page.Option
	Disputed bool
	Rows     []opsJobRow
	Older    string // address of the next page, or empty
	Newest   string // address of the first page, when this is another
}

type opsJobRow struct {
	Receipt, Href, Kind string
	State               page.Badge
	Disputed            bool
	DisputedAt          time.Time
	Waited              string // since the dispute
	Created, Updated    time.Time
}

// jobs lists, or leads to the one job whose receipt was typed.
func (o *Ops) jobs(v *opsVisit) error {
	query := v.r.URL.Query()
	data := opsJobsPage{opsFrame: o.frame(v, "/ops/jobs"), Disputed: query.Get("disputed") != ""}
	view := o.view(v)
	view.Values = query
	if typed := query.Get("receipt"); typed != "" {
		receipt, err := filing.ParseReceipt(typed)
		if err == nil {
			v.redirect("/ops/jobs/" + receipt.String())
			return nil
		}
		view.Errors = append(view.Errors, page.FieldError{Field: "receipt", Code: "RECEIPT_INVALID"})
	}
	filter, fault := jobFilter(query)
	if fault != "" {
		view.Errors = append(view.Errors, page.FieldError{Field: fault, Key: "ops.jobs.bad_filter"})
	}
	for _, kind := range tasks.Kinds() {
		data.Kinds = append(data.Kinds, page.Option{Value: string(kind), Text: o.say(v, "kind."+string(kind)), Checked: kind == filter.Kind})
	}
	for _, state := range tasks.States() {
		data.States = append(data.States, page.Option{Value: string(state), Text: o.say(v, "state."+string(state)), Checked: state == filter.State})
	}
	if len(view.Errors) == 0 {
		if err := o.listJobs(v, filter, &data); err != nil {
			return err
		}
	}
	view.Data = data
	return o.show(v, "jobs", view)
}

// jobFilter reads the filter off the address and names the part it can't use.
func jobFilter(query url.Values) (f tasks.JobFilter, fault string) {
	f = tasks.JobFilter{Kind: tasks.Kind(query.Get("kind")), State: tasks.State(query.Get("state")), Disputed: query.Get("disputed") != "",
		Before: query.Get("before"), Limit: opsPage + 1}
	switch {
	case f.Kind != "" && !slices.Contains(tasks.Kinds(), f.Kind):
		return tasks.JobFilter{}, "kind"
	case f.State != "" && !slices.Contains(tasks.States(), f.State):
		return tasks.JobFilter{}, "state"
	case f.Before != "" && !regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`).MatchString(f.Before):
		return tasks.JobFilter{}, "before"
	}
	return f, ""
}

func (o *Ops) listJobs(v *opsVisit, f tasks.JobFilter, data *opsJobsPage) error {
	jobs, err := o.parts.Desk.Jobs(v.r.Context(), f)
	if err != nil {
		return err
	}
	if len(jobs) > opsPage {
		jobs = jobs[:opsPage]
		data.Older = withQuery(v.r, "before", jobs[opsPage-1].ID)
	}
	if f.Before != "" {
		data.Newest = withQuery(v.r, "before", "")
	}
	data.Rows = o.jobRows(v, jobs)
	return nil
}

func (o *Ops) jobRows(v *opsVisit, jobs []tasks.Job) []opsJobRow {
	rows := make([]opsJobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = opsJobRow{Receipt: j.Receipt, Href: "/ops/jobs/" + j.Receipt, Kind: o.say(v, "kind."+string(j.Kind)),
			State: o.stateBadge(v, j.State), DisputedAt: j.DisputedAt, Created: j.CreatedAt, Updated: j.UpdatedAt}
		if !j.DisputedAt.IsZero() && j.State != tasks.StateRejected {
			rows[i].Disputed, rows[i].Waited = true, o.span(v, o.parts.Now().Sub(j.DisputedAt))
		}
	}
	return rows
}

func (o *Ops) stateBadge(v *opsVisit, s tasks.State) page.Badge {
	return page.Badge{Text: o.say(v, "state."+string(s)), Tone: page.StateTone(string(s))}
}

// withQuery is the present address with one part replaced, or removed when the
// value is empty.
func withQuery(r *http.Request, name, value string) string {
	query := r.URL.Query()
	query.Del("lang")
	query.Del("done")
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	return (&url.URL{Path: r.URL.Path, RawQuery: query.Encode()}).RequestURI()
}
