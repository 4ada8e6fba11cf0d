package api

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/internal/text"
	"beian/tasks"
)

// opsJobPage is one job: masked facts, history, messages and work.
type opsJobPage struct {
	opsFrame
	Receipt    string
	Version    int64 // what a decision is made on
	Kind       string
	State      page.Badge
	Meaning    string
	Disputed   bool
	DisputedAt time.Time
	Facts      []page.Row
	Blockers   []page.Blocker
	Decisions  []page.Option // what this supervisor may decide now
	Events     []page.Event
	Messages   []opsMessage
	Tasks      []opsTaskRow
	Reverse    string // address of the reversal's page
	Of         string // the transfer that this job reverses
	DecideHead string // above Decisions
}

type opsMessage struct {
	Channel, Template, To string
	State                 page.Badge
	Why, Code             string // it failed: in words, and the provider's code
	Created, Sent         time.Time
}

type opsTaskRow struct {
	OpsTask
	Label, Words string // what it does; what its last failure means
	State        page.Badge
	Href         string // in the queue dashboard
}

func (o *Ops) job(v *opsVisit) error {
	data, err := o.lookJob(v)
	if err != nil {
		return err
	}
	data.Done = o.done(v, map[string]string{"release": "ops.job.done.release", "reject": "ops.job.done.reject",
		"reverse": "ops.job.done.reverse", "approve": "ops.job.done.approve"})
	view := o.view(v)
	view.Back, view.Data = "/ops/jobs", data
	return o.show(v, "job", view)
}

// lookJob reads a job for staff. Its tracking code stays out: staff need none, and
// it would open the applicant's page.
func (o *Ops) lookJob(v *opsVisit) (opsJobPage, error) {
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return opsJobPage{}, errNotFound
	}
	seen, err := o.parts.Desk.Look(v.r.Context(), receipt.String(), tasks.Viewer{Staff: v.member.Role, StaffID: v.member.StaffID})
	if err != nil {
		return opsJobPage{}, err
	}
	work, err := o.parts.Work.TasksOf(v.r.Context(), receipt.String())
	if err != nil {
		return opsJobPage{}, err
	}
	names, err := o.staffNames(v)
	if err != nil {
		return opsJobPage{}, err
	}
	j := seen.Job
	data := opsJobPage{
		opsFrame: o.frame(v, "/ops/jobs"), Receipt: j.Receipt, Version: j.Version, Kind: o.say(v, "kind."+string(j.Kind)), State: o.stateBadge(v, j.State),
		Meaning: o.told(v, j.Kind, "state."+string(j.State)+".meaning"), Disputed: !j.DisputedAt.IsZero() && j.State != tasks.StateRejected,
		DisputedAt: j.DisputedAt, Facts: o.facts(v, seen), Blockers: blockersOf(j),
		Decisions: o.decisions(v, seen), Events: o.events(v, seen.Timeline, names), Messages: o.messages(v, seen.Notices),
		Tasks: o.taskRows(v, work), DecideHead: o.say(v, "ops.decide.title"),
	}
	if o.reversible(v, j) {
		data.Reverse = "/ops/jobs/" + j.Receipt + "/reverse"
	}
	if seen.Reversal != nil {
		data.Of, data.DecideHead = seen.Reversal.Of, o.say(v, "ops.reverse.title")
	}
	return data, nil
}

func (o *Ops) facts(v *opsVisit, seen tasks.View) []page.Row {
	j, p := seen.Job, seen.Preview
	var rows []page.Row
	add := func(key, value string) {
		if value != "" {
			rows = append(rows, page.Row{Key: o.say(v, key), Value: value})
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return o.parts.Catalog.Date(t)
	}
	add("ops.fact.source", p.Source)
	add("ops.fact.target", p.Target)
	add("ops.fact.subject", p.Subject)
	add("ops.fact.icp", p.ICP)
	if f := seen.Contact; f != nil {
		add("phone.row.old", f.OldPhone)
		add("phone.row.new", f.NewPhone)
		add("phone.row.hold", at(f.HoldUntil))
		add("phone.row.restored", at(f.RestoredAt))
	} else {
		add("ops.fact.holdings", o.say(v, "ops.fact.holdings.value", text.Params{"websites": p.Websites, "records": p.Records}))
	}
	add("ops.job.domains", strings.Join(p.Domains, "\n"))
	if p.Foreign > 0 {
		add("ops.fact.foreign", o.say(v, "ops.fact.foreign.value", text.Params{"n": p.Foreign}))
	}
	if seen.Reversal != nil {
		add("ops.fact.reason", o.say(v, "option.reversal."+seen.Reversal.Reason))
	}
	add("ops.fact.code_to", p.CodeTo)
	add("ops.fact.created", at(j.CreatedAt))
	if !j.State.Ended() {
		add("ops.fact.expires", at(j.ExpiresAt))
	}
	add("ops.fact.ended", at(j.EndedAt))
	if j.Before != "" {
		add("ops.fact.before", o.say(v, "state."+string(j.Before)))
	}
	return rows
}

func blockersOf(j tasks.Job) []page.Blocker {
	out := make([]page.Blocker, len(j.Blockers))
	for i, b := range j.Blockers {
		out[i] = page.Blocker{Code: b.Code, Owner: string(b.Owner), Params: text.ParamsOf(b.Params)}
	}
	return out
}

// decisions are the supervisor's two answers to a dispute, if it is open.
func (o *Ops) decisions(v *opsVisit, seen tasks.View) []page.Option {
	var out []page.Option
	if v.member.Role != tasks.ActorSupervisor || seen.Job.State == tasks.StateRejected {
		return nil
	}
	if seen.Reversal != nil {
		return o.secondEyes(v, seen)
	}
	if slices.Contains(seen.Verbs, tasks.VerbRelease) {
		hint := o.told(v, seen.Job.Kind, "ops.decide.release.hint.ended")
		if seen.Job.State == tasks.StateDisputed {
			hint = o.say(v, "ops.decide.release.hint", text.Params{"state": o.say(v, "state."+string(seen.Job.Before))})
		}
		out = append(out, page.Option{Value: string(tasks.VerbRelease), Text: o.say(v, "ops.decide.release"), Hint: hint})
	}
	if slices.Contains(seen.Verbs, tasks.VerbReject) {
		what, hint := "ops.decide.reject", "ops.decide.reject.hint"
		if seen.Job.State.Ended() { // its effect is undone
			what, hint = "ops.decide.undo", "ops.decide.undo.hint"
		}
		out = append(out, page.Option{Value: string(tasks.VerbReject), Text: o.told(v, seen.Job.Kind, what), Hint: o.told(v, seen.Job.Kind, hint)})
	}
	return out
}

// decide carries out a supervisor's decision: the journal first, then the desk,
// then the journal again with what came of it.
func (o *Ops) decide(v *opsVisit) error {
	data, err := o.lookJob(v)
	if err != nil {
		return err
	}
	form := v.r.PostForm
	verb, reason := tasks.Verb(form.Get("decision")), cleanReason(form.Get("ops_reason"))
	offered := slices.ContainsFunc(data.Decisions, func(c page.Option) bool { return c.Value == string(verb) })
	var faults []page.FieldError
	if !offered {
		faults = append(faults, page.FieldError{Field: "decision", Key: "ops.decide.choose"})
	}
	faults = append(faults, reasonFault(reason)...)
	if len(faults) > 0 {
		return o.decideAgain(v, data, page.View{Errors: faults})
	}
	entry := OpsEntry{Action: "job." + string(verb), Object: data.Receipt, Reason: reason, Outcome: "asked"}
	if err := o.note(v, entry); err != nil {
		return err
	}
	acc, err := o.parts.Desk.Act(v.r.Context(), tasks.Action{Receipt: data.Receipt, Verb: verb, By: tasks.Viewer{Staff: v.member.Role},
		StaffID: v.member.StaffID, Version: seenVersion(form.Get("version")), Once: tasks.Once{Scope: "staff:" + v.member.StaffID + " /ops/jobs", Key: form.Get("form_id"),
			Fingerprint: tasks.Fingerprint(map[string]string{"receipt": data.Receipt, "verb": string(verb), "reason": reason})}})
	entry.Outcome = string(acc.State)
	if err != nil {
		entry.Outcome = "failed: " + string(classify(err))
	}
	// The decision stands even when this row can't be written; the log has it.
	_ = o.note(v, entry)
	var moved *tasks.WrongState
	if errors.As(err, &moved) || errors.Is(err, tasks.ErrConflict) || errors.Is(err, tasks.ErrStale) {
		return o.decideAgain(v, data, page.View{Status: http.StatusConflict, Errors: []page.FieldError{{Key: "msg.state.changed"}}})
	}
	if err != nil {
		return err
	}
	v.redirect("/ops/jobs/" + data.Receipt + "?done=" + string(verb))
	return nil
}

// seenVersion is the job's version on the page that was filled in, 0 when the form
// names none.
func seenVersion(given string) int64 {
	version, err := strconv.ParseInt(given, 10, 64)
	if err != nil && given != "" {
		return noVersion
	}
	return version
}

// decideAgain shows the job with what is wrong; what was typed stays.
func (o *Ops) decideAgain(v *opsVisit, data opsJobPage, wrong page.View) error {
	view := o.view(v)
	view.Back, view.Status, view.Errors, view.Values, view.Data = "/ops/jobs", wrong.Status, wrong.Errors, v.r.PostForm, data
	if len(data.Decisions) == 0 { // decided meanwhile: there is no field to point at
		view.Status, view.Errors = http.StatusConflict, []page.FieldError{{Key: "msg.state.changed"}}
	}
	return o.show(v, "job", view)
}
