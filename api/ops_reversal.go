package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/filing"
	"beian/tasks"
)

// opsReversalPage asks a supervisor once more before a transfer is reversed (T14):
// what goes back to whom, and what stands in the way.
type opsReversalPage struct {
	opsFrame
	Receipt  string
	Facts    []page.Row
	Until    time.Time
	FourEyes bool
	Reasons  []page.Option
	Blockers []page.Blocker
}

func (o *Ops) reversalRoutes() []opsRoute {
	supervisor := []tasks.ActorKind{tasks.ActorSupervisor}
	return []opsRoute{
		{http.MethodGet, "/ops/jobs/{receipt}/reverse", false, supervisor, o.reversal},
		{http.MethodPost, "/ops/jobs/{receipt}/reverse", false, supervisor, o.reverse},
	}
}

// reversible tells whether a supervisor may reverse a job, as far as its page knows;
// the desk decides.
func (o *Ops) reversible(v *opsVisit, j tasks.Job) bool {
	moves := j.Kind == tasks.KindTransfer || j.Kind == tasks.KindReviewed
	return v.member.Role == tasks.ActorSupervisor && moves && j.State == tasks.StateDone &&
		o.parts.Now().Before(j.EndedAt.Add(tasks.SnapshotLife))
}

func (o *Ops) reversal(v *opsVisit) error {
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return errNotFound
	}
	return o.showReversal(v, receipt.String(), o.view(v))
}

// submission asks for a reversal; it is a precheck without a form's id.
func (o *Ops) submission(v *opsVisit, receipt, reason string) tasks.Submission {
	return tasks.Submission{Kind: tasks.KindReversal, Staff: v.actor(), Asker: "staff:" + v.member.StaffID, Lang: string(v.call.lang),
		Fields: map[string]string{tasks.FieldReceipt: receipt, tasks.FieldReason: reason}}
}

func (o *Ops) showReversal(v *opsVisit, receipt string, view page.View) error {
	p, err := o.parts.Desk.Precheck(v.r.Context(), o.submission(v, receipt, tasks.ReversalReasons()[0]))
	var blocked *tasks.Blocked
	if err != nil && !errors.As(err, &blocked) {
		return err
	}
	seen, err := o.parts.Desk.Glance(v.r.Context(), receipt, tasks.Viewer{Staff: v.member.Role})
	if err != nil {
		return err
	}
	data := opsReversalPage{opsFrame: o.frame(v, "/ops/jobs"), Receipt: receipt, Until: seen.Job.EndedAt.Add(tasks.SnapshotLife),
		FourEyes: o.parts.FourEyes}
	if p.Subject == "" { // it is not with the receiver any more
		p = seen.Preview
		p.Source, p.Target = p.Target, p.Source
	}
	data.Facts = o.facts(v, tasks.View{Job: tasks.Job{State: tasks.StateApplying}, Preview: p})
	for _, reason := range tasks.ReversalReasons() {
		data.Reasons = append(data.Reasons, page.Option{Value: reason, Text: o.say(v, "option.reversal."+reason)})
	}
	if blocked != nil {
		data.Blockers = blockersOf(tasks.Job{Blockers: blocked.Blockers})
		view.Status = http.StatusConflict
	}
	view.Back, view.Data = "/ops/jobs/"+receipt, data
	return o.show(v, "reversal", view)
}

// reverse begins a reversal: the desk journals who wants it and why, with the job.
func (o *Ops) reverse(v *opsVisit) error {
	receipt, err := filing.ParseReceipt(v.r.PathValue("receipt"))
	if err != nil {
		return errNotFound
	}
	form := v.r.PostForm
	in := o.submission(v, receipt.String(), strings.TrimSpace(form.Get("reversal")))
	in.Once = tasks.Once{Scope: "staff:" + v.member.StaffID + " /ops/reversals", Key: form.Get("form_id"), Fingerprint: tasks.Fingerprint(in.Fields)}
	acc, err := o.parts.Desk.Submit(v.r.Context(), in)
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	view := o.view(v)
	view.Values = form
	switch {
	case errors.As(err, &invalid):
		view.Errors = []page.FieldError{{Field: "reversal", Key: "ops.reverse.choose"}}
		return o.showReversal(v, receipt.String(), view)
	case errors.As(err, &blocked):
		return o.showReversal(v, receipt.String(), view)
	case err != nil:
		return err
	}
	v.redirect("/ops/jobs/" + acc.Receipt + "?done=reverse")
	return nil
}

// secondEyes are the second supervisor's two answers to a reversal; the first one
// has none (L9).
func (o *Ops) secondEyes(v *opsVisit, seen tasks.View) []page.Option {
	if seen.Reversal == nil || seen.Reversal.By == v.member.StaffID || !slices.Contains(seen.Verbs, tasks.VerbApprove) {
		return nil
	}
	return []page.Option{
		{Value: string(tasks.VerbApprove), Text: o.say(v, "ops.decide.reverse"), Hint: o.say(v, "ops.decide.reverse.hint")},
		{Value: string(tasks.VerbReject), Text: o.say(v, "ops.decide.keep"), Hint: o.say(v, "ops.decide.keep.hint")},
	}
}
