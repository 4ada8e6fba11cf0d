package api

import (
	"slices"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/tasks"
)

// opsFacts is the pane of the facts: claimed beside on record, masked.
type opsFacts struct {
	Rows      []opsFactRow
	Reasons   []page.Option // why a value may be shown
	Nature    string
	Why       string // the applicant's reason
	Remark    string
	Contacts  int // old channels
	Told      []opsMessage
	Domains   []string
	Legacy    string // whether the legacy filing is compared; of papers for an import only
	Risk      []opsRisk
	Related   []opsRelated
	Events    []page.Event
	Decisions []opsDecided
	First     string // the first reviewer, at the second stage, for whoever may know
	Blind     bool
}

// opsFactRow is one fact. Mark is same, differs, info (they need not agree) or
// nothing when there is no record to compare with.
type opsFactRow struct {
	Field, Label, Claimed, Record, Mark string
	Show                                bool // may be unmasked by this visitor
}

type opsRelated struct {
	Receipt, Href, By string
	State             page.Badge
	At                time.Time
}

// opsDecided is one decision of a job, for staff.
type opsDecided struct {
	At       time.Time
	Who      string
	Verdict  page.Badge
	Findings []string
	Note     string
	Undone   bool
	Settles  bool
}

func (o *Ops) reviewFacts(v *opsVisit, w tasks.Workbench, names map[string]string) opsFacts {
	f := opsFacts{Nature: o.natureOf(v, w), Why: o.whyOf(v, w), Remark: w.Remark, Contacts: w.Contacts,
		Told: o.messages(v, w.Notices), Domains: w.Domains, Risk: o.risks(v, w.Review.Risk), Events: o.events(v, w.Timeline, names)}
	clear := w.Mine || v.member.Role == tasks.ActorSupervisor
	for _, c := range w.Compared {
		f.Rows = append(f.Rows, o.factRow(v, c, clear && !w.Shredded))
	}
	if w.Facts.Principal || w.Shredded {
		clear = false
	}
	if !w.Facts.Principal {
		f.Rows = append(f.Rows, opsFactRow{Field: tasks.FieldApplicantID, Label: o.about(v.call.lang, tasks.FieldApplicantID), Claimed: "****", Show: clear})
	}
	for _, reason := range tasks.UnmaskReasons() {
		f.Reasons = append(f.Reasons, page.Option{Value: reason, Text: o.say(v, "review.unmask."+reason)})
	}
	if w.Job.Kind == tasks.KindLegacyPapers && !w.Shredded {
		f.Legacy = o.say(v, legacyKey(w.Compared))
	}
	for _, r := range w.Related {
		f.Related = append(f.Related, o.relatedOf(v, r))
	}
	for _, d := range w.Decisions {
		f.Decisions = append(f.Decisions, o.decided(v, d, names))
	}
	if w.Review.Stage == 2 {
		f.First, f.Blind = names[w.Review.FirstBy], w.Blind
	}
	return f
}

// legacyKey says whether an import has read the filing that the papers are about (I6).
func legacyKey(rows []tasks.Compared) string {
	for _, c := range rows {
		if c.Field == tasks.FieldSubjectName && c.OnRecord != "" {
			return "review.facts.legacy"
		}
	}
	return "review.facts.legacy.none"
}

func (o *Ops) natureOf(v *opsVisit, w tasks.Workbench) string {
	key := "review.nature." + string(w.Facts.Nature)
	if w.Review.Nature == "organisation" && !w.Facts.Principal {
		key = "review.nature.representative"
	}
	return o.say(v, key)
}

// factRow marks a fact; some need not agree with the record.
func (o *Ops) factRow(v *opsVisit, c tasks.Compared, clear bool) opsFactRow {
	row := opsFactRow{Field: c.Field, Label: o.about(v.call.lang, c.Field), Claimed: c.Claimed, Record: c.OnRecord, Mark: "differs", Show: clear}
	if c.Field == "login" {
		row.Field, row.Label = tasks.FieldNewEmail, o.about(v.call.lang, tasks.FieldNewEmail)
	}
	switch {
	case c.Same:
		row.Mark = "same"
	case c.Info && c.OnRecord == "":
		row.Mark = ""
	case c.Info:
		row.Mark = "info"
	}
	if !slices.Contains(unmaskable(), row.Field) {
		row.Show = false // it is public and not masked, or the record has it
	}
	return row
}

func (o *Ops) relatedOf(v *opsVisit, r tasks.Related) opsRelated {
	out := opsRelated{Receipt: r.Receipt, Href: "/ops/jobs/" + r.Receipt, By: o.say(v, "review.related."+r.By), State: o.stateBadge(v, r.State), At: r.At}
	if hasPapers(r.Receipt) {
		out.Href = reviewPath(r.Receipt)
	}
	return out
}

func (o *Ops) decided(v *opsVisit, d tasks.Decision, names map[string]string) opsDecided {
	tones := map[tasks.Verdict]page.Tone{tasks.VerdictApprove: page.Good, tasks.VerdictReject: page.Bad, tasks.VerdictNeedMore: page.Warn,
		tasks.VerdictEscalate: page.Pause}
	out := opsDecided{At: d.At, Who: names[d.Staff.ID], Note: d.Note, Undone: !d.Undone.IsZero(), Settles: d.Undone.IsZero() && d.Settled.IsZero(),
		Verdict: page.Badge{Text: o.say(v, "review.verdict."+string(d.Verdict)), Tone: tones[d.Verdict]}}
	for _, f := range d.Findings {
		out.Findings = append(out.Findings, o.about(v.call.lang, f.About)+": "+o.reasonLabel(v.call.lang, f.Reason))
	}
	return out
}

func (o *Ops) reasonLabel(lang text.Lang, code string) string {
	return o.parts.Catalog.T(lang, "reason."+code+".label")
}

// whyOf is why somebody asks, where a kind of job asks for it.
func (o *Ops) whyOf(v *opsVisit, w tasks.Workbench) string {
	if w.Facts.Reason == "" {
		return ""
	}
	return o.say(v, "option.reason."+w.Facts.Reason)
}
