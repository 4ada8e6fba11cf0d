package tasks

import (
	"context"
	"time"
)

// View is a job as somebody who may see it sees it (T11): both parties get the
// same receipt and timeline. Everything in it is masked.
type View struct {
	Job      Job
	Preview  Preview       // of a transfer
	Case     *CaseView     // of a job with papers
	Reversal *ReversalView // of a reversal
	Contact  *ContactFacts
	Legacy   *LegacyView // of a legacy import
	Role     Role
	Own      bool // the viewer is the applicant of a job with papers
	Timeline []Event
	Notices  []NoticeView
	Verbs    []Verb // what this viewer may do now
	Tracking string // for the source and staff only
}

// Role says as whom somebody looks at a job.
type Role string

// Source, target, somebody with the tracking code, a notified contact, staff.
const (
	RoleSource  Role = "source"
	RoleTarget  Role = "target"
	RoleTracker Role = "tracker"
	RoleContact Role = "contact"
	RoleStaff   Role = "staff"
	RoleProgram Role = "program" // sees what happened, and nothing that opens or decides
)

// NoticeView is a message's fate as shown on the timeline (C3): delivery truth
// with a masked receiver.
type NoticeView struct {
	Channel   Channel
	Template  Template
	Purpose   Purpose // of a code
	To        string
	State     NoticeState
	Failure   Failure // why it failed, when it did
	Delayed   bool    // a try did not get through; more follow
	Code      string  // the provider's, for staff; nothing personal
	CreatedAt time.Time
	SentAt    time.Time
}

// Look reads a job for somebody, with its timeline and messages; ErrNotFound when
// they may not see it.
func (d *Desk) Look(ctx context.Context, receipt string, by Viewer) (View, error) {
	var v View
	err := d.store.View(ctx, func(tx Tx) (err error) {
		if v, err = d.glance(ctx, tx, receipt, by); err != nil {
			return err
		}
		if v.Timeline, err = tx.Timeline(ctx, v.Job.ID); err != nil {
			return err
		}
		notices, err := tx.Notices(ctx, v.Job.ID)
		v.Notices = shown(notices)
		if err != nil {
			return err
		}
		return d.blindFor(ctx, tx, &v, by)
	})
	return v, err
}

// Glance is Look without timeline and messages: one query, for answers and for
// whoever waits for a change of state.
func (d *Desk) Glance(ctx context.Context, receipt string, by Viewer) (View, error) {
	var v View
	err := d.store.View(ctx, func(tx Tx) (err error) {
		v, err = d.glance(ctx, tx, receipt, by)
		return err
	})
	return v, err
}

func (d *Desk) glance(ctx context.Context, tx Tx, receipt string, by Viewer) (View, error) {
	job, err := tx.Job(ctx, receipt, by)
	if err != nil {
		return View{}, err
	}
	v := View{Job: job, Role: roleOf(job, by), Verbs: d.flows[job.Kind].Offers(job, by, tx.Now())}
	if flow, ok := d.flows[job.Kind].(Reviewed); ok {
		v.Own = flow.applies(job, by)
	}
	if err := d.flows[job.Kind].Show(ctx, tx, &v); err != nil {
		return View{}, err
	}
	if d.flows[job.Kind].Tracks(v.Role) {
		v.Tracking = d.Tracking(job)
	}
	return v, nil
}

// Jobs lists jobs, newest first.
func (d *Desk) Jobs(ctx context.Context, f JobFilter) (jobs []Job, err error) {
	err = d.store.View(ctx, func(tx Tx) error {
		jobs, err = tx.JobsOf(ctx, f)
		return err
	})
	return jobs, err
}

func roleOf(j Job, by Viewer) Role {
	switch {
	case by.Staff != "" || by.System:
		return RoleStaff
	case by.Program:
		return RoleProgram
	case by.AccountID != "" && by.AccountID == j.SourceAccountID:
		return RoleSource
	case by.AccountID != "":
		return RoleTarget
	case by.Veto != "":
		return RoleContact
	}
	return RoleTracker
}

func shown(notices []Notice) []NoticeView {
	out := make([]NoticeView, len(notices))
	for i, n := range notices {
		out[i] = NoticeView{Channel: n.Channel, Template: n.Template, Purpose: n.Purpose, To: n.Masked(), State: n.State,
			CreatedAt: n.CreatedAt, SentAt: n.SentAt}
		out[i].Failure, out[i].Code = n.failure()
		out[i].Delayed = n.State == NoticeWaiting && n.Reason != ""
	}
	return out
}
