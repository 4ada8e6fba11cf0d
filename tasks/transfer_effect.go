package tasks

import (
	"context"
	"errors"

	"beian/internal/filing"
)

// apply is the effect (T9): subject, websites, documents and review records move
// in one transaction, together with the timeline, both messages (T10) and the
// acknowledgement of the task. The rules run again first; what stopped holding
// ends the job as failed, nothing moved, both told (T12). A job that is not in
// applying any more, because it was applied or frozen, is left alone.
func (t *Transfer) apply(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateApplying {
		return Change{}, nil
	}
	if err := tx.LockAccounts(ctx, job.SourceAccountID, job.TargetAccountID); err != nil {
		return Change{}, err
	}
	source, target, blockers, err := t.checkAgain(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	facts, err := factsOf(job)
	if err != nil {
		return Change{}, err
	}
	if len(blockers) > 0 {
		job.Blockers = blockers
		params := map[string]string{"receipt": job.Receipt, "icp": facts.ICP}
		return Change{To: StateFailed, Events: []Event{{Actor: System(), What: WhatBlocked, Note: blockers[0].Code}},
			Notices: append(channels(source.Account, TemplateFailed, params), channels(target.Account, TemplateFailed, params)...)}, nil
	}
	if facts.Snapshot, err = move(ctx, tx, job); err != nil {
		return Change{}, err
	}
	if err := keepFacts(job, facts); err != nil {
		return Change{}, err
	}
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}},
		Notices: resultNotices(job, facts, source, target)}, nil
}

// checkAgain runs the same rules as the precheck on the locked accounts (A5).
func (t *Transfer) checkAgain(ctx context.Context, tx Tx, job *Job) (source, target Party, blockers []Blocker, err error) {
	if source, err = tx.Party(ctx, AccountRef{ID: job.SourceAccountID, Subject: job.SubjectID}); err != nil {
		return source, target, nil, err
	}
	if target, err = tx.Party(ctx, AccountRef{ID: job.TargetAccountID}); err != nil {
		return source, target, nil, err
	}
	if source.Open == job.Receipt {
		source.Open = "" // this very job
	}
	if source.Subject.ID != job.SubjectID { // it left by another way, and another came
		source.Subject, source.Open = filing.Subject{}, ""
	}
	blockers = append(t.sourceBlockers(tx.Now(), source), codeBlockers(source)...)
	blockers = append(blockers, t.targetBlockers(tx.Now(), source, target)...)
	return source, target, blockers, nil
}

// move is the effect itself (T9): everything goes from the job's source to its
// target. The snapshot says what it was (T14).
func move(ctx context.Context, tx Tx, job *Job) (*snapshot, error) {
	held, err := tx.Holdings(ctx, job.SubjectID)
	if err != nil {
		return nil, err
	}
	if err := tx.MoveSubject(ctx, job.SubjectID, job.SourceAccountID, job.TargetAccountID); err != nil {
		return nil, err
	}
	s := &snapshot{From: job.SourceAccountID, To: job.TargetAccountID, KeepUntil: tx.Now().Add(SnapshotLife)}
	for _, w := range held.Websites {
		s.Websites = append(s.Websites, w.ID)
	}
	for _, r := range held.Records {
		s.Records = append(s.Records, r.ID)
	}
	return s, nil
}

// resultNotices tells both sides (T10) and the subject's principal; the giving
// side's message carries the way to object (A8).
func resultNotices(job *Job, f transferFacts, source, target Party) []Notice {
	params := map[string]string{"receipt": job.Receipt, "icp": f.ICP, "source": f.Source, "target": f.Target}
	return append(givers(source, TemplateDone, params), channels(target.Account, TemplateReceived, params)...)
}

// expireIn ends a job that stayed silent in a state past its ExpiresAt (T8).
// Asynq may start a second early, and a later window may have replaced this one.
func expireIn(state State) StepFunc {
	return func(ctx context.Context, tx Tx, job *Job) (Change, error) {
		if job.State != state || job.ExpiresAt.IsZero() || tx.Now().Before(job.ExpiresAt) {
			return Change{}, nil
		}
		return stop(ctx, tx, job, StateExpired, Event{Actor: System(), What: WhatExpired})
	}
}

// stop ends a job without its effect and tells every party that knew of it.
func stop(ctx context.Context, tx Tx, job *Job, to State, e Event) (Change, error) {
	targetKnew := job.State == StateTargetConfirm || job.Before == StateTargetConfirm || job.Before == StateApplying
	params := map[string]string{"receipt": job.Receipt, "state": string(to)}
	source, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Change{}, err
	}
	notices := channels(source.Account, TemplateStopped, params)
	if targetKnew {
		target, err := tx.Party(ctx, AccountRef{ID: job.TargetAccountID})
		if err != nil && !errors.Is(err, ErrNotFound) {
			return Change{}, err
		}
		notices = append(notices, channels(target.Account, TemplateStopped, params)...)
	}
	job.ExpiresAt = tx.Now()
	return Change{To: to, Events: []Event{e}, Notices: notices}, nil
}
