package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/text"
	"beian/tasks"
)

// opsAuditPage is the journal with what the last verification of this process
// found.
type opsAuditPage struct {
	opsFrame
	Rows   []opsAuditRow
	Older  string
	Newest string
	Check  opsCheck
	Act    bool // this member may verify
	Export bool // and take rows out of the house
	Blind  bool // rows of first looks are kept from this member (L9)
	CSV    string
	Lines  string
	People []page.Option
	Groups []page.Option
}

type opsAuditRow struct {
	OpsEntry
	Who, Role, Label, Href string
	Result                 string // the outcome in words
	Did                    string // the action in words
}

func (o *Ops) audit(v *opsVisit) error {
	typed := v.r.URL.Query().Get("below")
	below, err := strconv.ParseInt(typed, 10, 64)
	if typed != "" && (err != nil || below < 1) {
		return errMalformed
	}
	data := opsAuditPage{opsFrame: o.frame(v, "/ops/audit"), Check: o.verifier.look(v.call.lang, o.parts.Catalog),
		Act: v.member.Role == tasks.ActorAuditor || v.member.Role == tasks.ActorOperator}
	view := o.view(v)
	view.Values = v.r.URL.Query()
	staff, err := o.parts.Porter.Staff(v.r.Context())
	if err != nil {
		return err
	}
	filter, fault := journalQuery(view.Values, staff)
	o.auditForm(v, &data, staff)
	if fault != "" {
		view.Errors = append(view.Errors, page.FieldError{Field: fault, Key: "ops.jobs.bad_filter"})
	} else {
		filter.Below = below
		err = o.auditRows(v, filter, &data, staff)
	}
	if err != nil {
		return err
	}
	if data.Check.Running {
		view.Refresh = 2
	}
	view.Data = data
	return o.show(v, "audit", view)
}

// auditForm fills in what the search offers.
func (o *Ops) auditForm(v *opsVisit, data *opsAuditPage, staff []accounts.Member) {
	query := v.r.URL.Query()
	data.Blind = blindTo(v.actor()) != ""
	data.Export = slices.Contains(journalExporters(), v.member.Role)
	for _, name := range []string{"below", "lang", "done"} {
		query.Del(name)
	}
	data.CSV, data.Lines = "/ops/audit.csv?"+query.Encode(), "/ops/audit.ndjson?"+query.Encode()
	who, action := query.Get("who"), query.Get("action")
	for _, m := range staff {
		data.People = append(data.People, page.Option{Value: m.Login, Text: m.Login, Checked: who == m.Login || who == m.ID})
	}
	for _, kind := range []string{systemWho, programWho} {
		data.People = append(data.People, page.Option{Value: kind, Text: o.say(v, "actor."+kind), Checked: who == kind})
	}
	for _, a := range journalActions() {
		data.Groups = append(data.Groups, page.Option{Value: a, Text: o.actionWords(v, a), Checked: a == action})
	}
}

func (o *Ops) auditRows(v *opsVisit, filter tasks.EntryFilter, data *opsAuditPage, staff []accounts.Member) error {
	filter.Limit, filter.BlindTo = opsPage+1, blindTo(v.actor())
	entries, err := o.parts.Journal.FindAudit(v.r.Context(), filter)
	if err != nil {
		return err
	}
	if len(entries) > opsPage {
		entries = entries[:opsPage]
		data.Older = withQuery(v.r, "below", strconv.FormatInt(entries[opsPage-1].Seq, 10))
	}
	if filter.Below > 0 {
		data.Newest = withQuery(v.r, "below", "")
	}
	names := make(map[string]string, len(staff))
	for _, m := range staff {
		names[m.ID] = m.Login
	}
	for _, e := range entries {
		data.Rows = append(data.Rows, o.auditRow(v, e, names))
	}
	return nil
}

// actionWords says what was done; an action without words is shown as it is.
func (o *Ops) actionWords(v *opsVisit, action string) string {
	return o.known(v, "ops.action."+strings.TrimSuffix(action, "."), action)
}

func (o *Ops) auditRow(v *opsVisit, e OpsEntry, names map[string]string) opsAuditRow {
	row := opsAuditRow{OpsEntry: e, Who: e.Actor.ID, Label: e.Object, Href: jobHref(e.Object), Result: o.outcomeWords(v, e.Outcome), Did: o.actionWords(v, e.Action)}
	if e.Actor.Kind != "" {
		row.Role = o.say(v, "actor."+string(e.Actor.Kind))
	}
	if name := names[e.Actor.ID]; name != "" {
		row.Who = name
	}
	if name := names[e.Object]; name != "" {
		row.Label = name
	}
	if e.Action == "timeline.seal" {
		row.Label = o.say(v, "ops.audit.sealed", text.Params{"n": 1 + strings.Count(e.Object, "\n")})
	}
	return row
}

// verifyTime bounds a verification; a record that takes longer is verified from
// the command line.
const verifyTime = 10 * time.Minute

// verify starts a verification of every chain, unless one is running, and leads
// back to the page that shows how far it is.
func (o *Ops) verify(v *opsVisit) error {
	if o.verifier.busy() {
		v.redirect("/ops/audit#verify")
		return nil
	}
	entry := OpsEntry{Action: "audit.verify", Object: "journal", Outcome: "asked"}
	if err := o.note(v, entry); err != nil {
		return err
	}
	o.verifier.start(v.r.Context(), o.parts, func(found opsCheck) {
		entry.Outcome = found.outcome()
		_ = o.note(v, entry) // the page and the log have it otherwise
	})
	v.redirect("/ops/audit#verify")
	return nil
}

// verifyStream tells a page with a running verification when to look again.
func (o *Ops) verifyStream(v *opsVisit) error {
	watch(v, o.ending, func() (string, bool) {
		c := o.verifier.look(v.call.lang, o.parts.Catalog)
		return c.Started.String() + strconv.FormatInt(c.Read, 10) + strconv.FormatBool(c.Running), c.Running
	})
	return nil
}
