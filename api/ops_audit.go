package api

import (
	"strconv"
	"strings"
	"time"

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
}

type opsAuditRow struct {
	OpsEntry
	Who, Role, Label, Href string
}

func (o *Ops) audit(v *opsVisit) error {
	typed := v.r.URL.Query().Get("below")
	below, err := strconv.ParseInt(typed, 10, 64)
	if typed != "" && (err != nil || below < 1) {
		return errMalformed
	}
	entries, err := o.parts.Journal.AuditEntries(v.r.Context(), below, opsPage+1)
	if err != nil {
		return err
	}
	data := opsAuditPage{opsFrame: o.frame(v, "/ops/audit"), Check: o.verifier.look(v.call.lang, o.parts.Catalog),
		Act: v.member.Role == tasks.ActorAuditor || v.member.Role == tasks.ActorOperator}
	if len(entries) > opsPage {
		entries = entries[:opsPage]
		data.Older = withQuery(v.r, "below", strconv.FormatInt(entries[opsPage-1].Seq, 10))
	}
	if below > 0 {
		data.Newest = withQuery(v.r, "below", "")
	}
	names, err := o.staffNames(v)
	if err != nil {
		return err
	}
	for _, e := range entries {
		data.Rows = append(data.Rows, o.auditRow(v, e, names))
	}
	view := o.view(v)
	if data.Check.Running {
		view.Refresh = 2
	}
	view.Data = data
	return o.show(v, "audit", view)
}

func (o *Ops) auditRow(v *opsVisit, e OpsEntry, names map[string]string) opsAuditRow {
	row := opsAuditRow{OpsEntry: e, Who: e.Actor.ID, Label: e.Object, Href: jobHref(e.Object)}
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
