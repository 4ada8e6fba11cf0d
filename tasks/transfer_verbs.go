package tasks

import (
	"context"
	"time"
)

// verify takes the code from the subject principal's phone; only the source may
// (T8). Then the target is asked, or the effect begins when policy says so.
func (t *Transfer) verify(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID == job.SourceAccountID, StateSourceVerify); err != nil {
		return Change{}, err
	}
	refuse, err := t.checkCode(ctx, tx, job, PurposeGive, a.Fields[FieldCode])
	if err != nil || refuse != nil {
		return Change{Refuse: refuse, Events: wrongCode(sourceActor(job), refuse)}, err
	}
	event := []Event{{Actor: sourceActor(job), What: WhatVerified}}
	if !t.policy.TargetAcceptance {
		return t.begin(tx, job, event, "policy")
	}
	job.ExpiresAt = tx.Now().Add(t.policy.TargetWindow)
	facts, err := factsOf(job)
	if err != nil {
		return Change{}, err
	}
	target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	if err != nil {
		return Change{}, err
	}
	params := map[string]string{"receipt": job.Receipt, "source": facts.Source, "icp": facts.ICP, "until": stamp(job.ExpiresAt)}
	return Change{
		To: StateTargetConfirm, Events: event,
		Notices: channels(target.Account, TemplateInvited, params),
		Tasks:   []Task{t.task(job, stepExpireConfirm, job.ExpiresAt)},
	}, nil
}

func wrongCode(by Actor, refuse error) []Event {
	if refuse == nil {
		return nil
	}
	return []Event{{Actor: by, What: WhatCodeWrong}}
}

// begin hands the job to the workers: the effect is a task of its own.
func (t *Transfer) begin(tx Tx, job *Job, events []Event, how string) (Change, error) {
	facts, err := factsOf(job)
	if err != nil {
		return Change{}, err
	}
	facts.AcceptedBy = how
	job.ExpiresAt = time.Time{}
	if err := keepFacts(job, facts); err != nil {
		return Change{}, err
	}
	return Change{To: StateApplying, Events: events, Tasks: []Task{t.task(job, stepApply, tx.Now())}}, nil
}

// resend sends the source's code again: the same one within its life (C1).
func (t *Transfer) resend(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID == job.SourceAccountID, StateSourceVerify); err != nil {
		return Change{}, err
	}
	facts, err := factsOf(job)
	if err != nil {
		return Change{}, err
	}
	source, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID})
	if err != nil {
		return Change{}, err
	}
	if source.Subject.ID != job.SubjectID { // another subject's principal has no say in this job
		return Change{}, &Blocked{Blockers: []Blocker{{Code: "SOURCE_HAS_NO_SUBJECT", Owner: OwnerSource}}}
	}
	code, err := t.sendCode(ctx, tx, job, t.give(job, facts.Preview, source.Subject.Principal.Phone))
	if err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: sourceActor(job), What: WhatCodeSent}}, Notices: []Notice{code}}, nil
}

// invite sends a code to the target's security phone, for an acceptance in the
// same sitting (T8). Either party may ask.
func (t *Transfer) invite(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID != "", StateTargetConfirm); err != nil {
		return Change{}, err
	}
	facts, err := factsOf(job)
	if err != nil {
		return Change{}, err
	}
	target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
	if err != nil {
		return Change{}, err
	}
	code, err := t.sendCode(ctx, tx, job, codeAsk{purpose: PurposeTake, phone: target.Account.SecurityPhone, owner: OwnerTarget,
		params: map[string]string{"receipt": job.Receipt, "target": facts.Target, "icp": facts.ICP}})
	if err != nil {
		return Change{}, err
	}
	return Change{Events: []Event{{Actor: partyActor(job, a), What: WhatCodeSent}}, Notices: []Notice{code}}, nil
}

// accept is the target's yes: signed in as the target, or, from either party's
// screen, with the code that went to the target's security phone (T8).
func (t *Transfer) accept(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID != "", StateTargetConfirm); err != nil {
		return Change{}, err
	}
	how := "sign_in"
	if a.By.AccountID != job.TargetAccountID {
		how = "code"
		refuse, err := t.checkCode(ctx, tx, job, PurposeTake, a.Fields[FieldCode])
		if err != nil || refuse != nil {
			return Change{Refuse: refuse, Events: wrongCode(targetActor(job), refuse)}, err
		}
	}
	return t.begin(tx, job, []Event{{Actor: targetActor(job), What: WhatAccepted, Note: how}}, how)
}

// decline is the target's no.
func (t *Transfer) decline(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID == job.TargetAccountID, StateTargetConfirm); err != nil {
		return Change{}, err
	}
	return stop(ctx, tx, job, StateRejected, Event{Actor: targetActor(job), What: WhatDeclined})
}

// cancel is the source's change of mind, possible until the effect begins (T8).
func (t *Transfer) cancel(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := t.allow(job, a, a.By.AccountID == job.SourceAccountID, StateSourceVerify, StateTargetConfirm); err != nil {
		return Change{}, err
	}
	return stop(ctx, tx, job, StateWithdrawn, Event{Actor: sourceActor(job), What: WhatCancelled})
}

// release lets a disputed transfer go on where it stood; supervisors only (A8).
func (t *Transfer) release(_ context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := supervise(job, a); err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: staffActor(a), What: WhatReleased}}}
	if job.State != StateDisputed { // a dispute after the end: only the mark goes
		job.DisputedAt = time.Time{}
		return c, nil
	}
	c.To, job.Before, job.DisputedAt = job.Before, "", time.Time{}
	switch c.To {
	case StateApplying:
		c.Tasks = []Task{t.task(job, stepApply, tx.Now())}
	case StateSourceVerify:
		job.ExpiresAt = tx.Now().Add(t.policy.VerifyWindow)
		c.Tasks = []Task{t.task(job, stepExpireVerify, job.ExpiresAt)}
	case StateTargetConfirm:
		job.ExpiresAt = tx.Now().Add(t.policy.TargetWindow)
		c.Tasks = []Task{t.task(job, stepExpireConfirm, job.ExpiresAt)}
	}
	return c, nil
}

// allow checks who and in which state. A party who lacks the right learns that;
// strangers never get this far, the query did not find the job.
func (t *Transfer) allow(job *Job, a Action, may bool, states ...State) error {
	if !may {
		return ErrForbidden
	}
	for _, s := range states {
		if job.State == s {
			return nil
		}
	}
	return &WrongState{Verb: a.Verb, State: job.State}
}

func partyActor(job *Job, a Action) Actor {
	if a.By.AccountID == job.TargetAccountID {
		return targetActor(job)
	}
	return sourceActor(job)
}

// stamp writes a moment for people, in China's time.
func stamp(at time.Time) string {
	return at.In(time.FixedZone("CST", 8*3600)).Format("2006-01-02 15:04")
}

// Offers lists what a viewer can do to a transfer now.
func (t *Transfer) Offers(job Job, by Viewer, now time.Time) []Verb {
	var out []Verb
	source := by.AccountID != "" && by.AccountID == job.SourceAccountID
	target := by.AccountID != "" && by.AccountID == job.TargetAccountID
	switch job.State {
	case StateSourceVerify:
		if source {
			out = append(out, VerbVerify, VerbResend, VerbCancel)
		}
	case StateTargetConfirm:
		if source {
			out = append(out, VerbInvite, VerbAccept, VerbCancel)
		}
		if target {
			out = append(out, VerbAccept, VerbDecline)
		}
	}
	if by.Staff == ActorSupervisor && !job.DisputedAt.IsZero() {
		out = append(out, VerbRelease)
		if !job.State.Ended() {
			out = append(out, VerbReject)
		}
	}
	if disputable(job, now) && job.DisputedAt.IsZero() && (source || target || by.Veto != "" || by.Staff == ActorSupervisor) {
		out = append(out, VerbDispute)
	}
	return out
}

// Show fills in the masked preview that the job remembers.
func (t *Transfer) Show(_ context.Context, _ Tx, v *View) error {
	f, err := factsOf(&v.Job)
	v.Preview = f.Preview
	return err
}

// Tracks: the source submitted it.
func (t *Transfer) Tracks(r Role) bool { return r == RoleSource || r == RoleStaff }
