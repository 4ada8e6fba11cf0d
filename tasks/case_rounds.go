package tasks

import (
	"context"
	"errors"
	"slices"
	"time"
)

// supplement hands in what was asked for: every returned document must be there
// anew, returned facts are taken from the fields. After the last round only a
// supervisor decides (L7).
func (pc *paperCase) supplement(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateNeedMore); err != nil {
		return Change{}, err
	}
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return Change{}, err
	}
	wanted, err := wantedNow(ctx, tx, job, r)
	if err != nil {
		return Change{}, err
	}
	found, err := pc.supplementBlockers(ctx, tx, job, r, wanted)
	if err != nil {
		return Change{}, err
	}
	if len(found) > 0 {
		return Change{Refuse: &Blocked{Blockers: found}}, nil
	}
	if err := pc.reviseReturned(ctx, tx, job, wanted, a.Fields); err != nil {
		return Change{}, err
	}
	old := cardTask(r, tx.Now()) // finds that its round is over
	r.Round++
	if r.Round > pc.policy.Rounds {
		r.Tier = max(r.Tier, 1)
	}
	card := pc.resume(tx, &r)
	to := StateQueued
	if r.Stage == 2 {
		to = StateSecondReview
	}
	job.ExpiresAt = time.Time{}
	return Change{To: to, Events: []Event{{Actor: applicant(), What: WhatSupplemented, Note: stamp(r.DueAt)}}, Tasks: []Task{old, card}},
		tx.SaveReview(ctx, &r)
}

// nudge asks for attention, once per half of the promise (pages.md).
func (pc *paperCase) nudge(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateQueued, StateSecondReview); err != nil {
		return Change{}, err
	}
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return Change{}, err
	}
	half := pc.policy.Calendar.Share(r.StartedAt, r.DueAt, 50)
	if !r.NudgedAt.IsZero() && (tx.Now().Before(half) || !r.NudgedAt.Before(half)) {
		after := r.DueAt.Sub(tx.Now())
		if tx.Now().Before(half) {
			after = half.Sub(tx.Now())
		}
		return Change{}, &TooMany{Limit: "nudge", After: max(after, time.Minute)}
	}
	r.NudgedAt = tx.Now()
	return Change{Events: []Event{{Actor: applicant(), What: WhatNudged}}}, tx.SaveReview(ctx, &r)
}

// appeal asks a supervisor to look at a refused reset once more; once, within the
// window, while its documents are still there (L10).
func (pc *paperCase) appeal(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := pc.mine(job, a, StateRejected); err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	if !pc.appealable(*job, f, tx.Now()) {
		return Change{}, &WrongState{Verb: a.Verb, State: job.State}
	}
	if _, err := tx.OpenJob(ctx, job.SubjectID, job.Kind); !errors.Is(err, ErrNotFound) {
		if err != nil {
			return Change{}, err
		}
		return Change{}, &Blocked{Blockers: []Blocker{{Code: "JOB_ALREADY_OPEN", Owner: OwnerPlatform}}}
	}
	r, err := tx.Review(ctx, job.Receipt)
	if err != nil {
		return Change{}, err
	}
	f.AppealedAt = tx.Now()
	old := cardTask(r, tx.Now())
	r.Round, r.Stage, r.FirstBy, r.Tier, r.NeedsTwo = r.Round+1, 1, "", max(r.Tier, 1), true
	r.StartedAt, r.Reminded, r.DecidedAt, r.DecidedBy = tx.Now(), 0, time.Time{}, ""
	r.Days = pc.policy.ReviewDays
	r.DueAt, r.PausedAt = pc.policy.Calendar.Due(tx.Now(), r.Days), time.Time{}
	card := pc.resume(tx, &r)
	if err := tx.SaveReview(ctx, &r); err != nil {
		return Change{}, err
	}
	job.EndedAt, job.ExpiresAt = time.Time{}, time.Time{}
	return Change{To: StateQueued, Events: []Event{{Actor: applicant(), What: WhatAppealed, Note: stamp(r.DueAt)}}, Tasks: []Task{old, card}},
		keepCase(job, f)
}

// appealable: refused by a reviewer, not by a supervisor after a dispute, nor for want
// of somebody's yes.
func (pc *paperCase) appealable(job Job, f CaseFacts, now time.Time) bool {
	return job.State == StateRejected && pc.own.waits(f).state == "" && job.DisputedAt.IsZero() && f.AppealedAt.IsZero() && now.Sub(job.EndedAt) <= pc.policy.AppealWindow
}

// wantedNow lists what the last decision asked for: slots and fields, each once.
func wantedNow(ctx context.Context, tx Tx, job *Job, r Review) ([]string, error) {
	decisions, err := tx.Decisions(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	return wantedIn(decisions, r.Round), nil
}

func wantedIn(decisions []Decision, round int) []string {
	var out []string
	for _, d := range decisions {
		if d.Verdict != VerdictNeedMore || d.Round != round || d.Settled.IsZero() {
			continue
		}
		for _, f := range d.Findings {
			if !slices.Contains(out, f.About) {
				out = append(out, f.About)
			}
		}
	}
	return out
}

// supplementBlockers: every returned slot needs a document of the next round.
func (pc *paperCase) supplementBlockers(ctx context.Context, tx Tx, job *Job, r Review, wanted []string) ([]Blocker, error) {
	documents, err := tx.Documents(ctx, job.ID)
	if err != nil {
		return nil, err
	}
	f, err := caseFacts(job)
	if err != nil {
		return nil, err
	}
	found, err := pc.documentBlockers(ctx, tx, job, pc.own.Slots(f))
	if err != nil {
		return nil, err
	}
	current := currentDocuments(documents)
	for _, about := range wanted {
		doc, isSlot := current[Slot(about)]
		if isSlot && doc.Round <= r.Round {
			found = append(found, Blocker{Code: "DOC_MISSING", Owner: OwnerSource, Field: about, Params: map[string]string{"slot": about}})
		}
	}
	return found, nil
}

// reviseReturned takes the returned facts from the form; they must still agree
// with the same filing.
func (pc *paperCase) reviseReturned(ctx context.Context, tx Tx, job *Job, wanted []string, given map[string]string) error {
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return err
	}
	fields, changed := pc.own.Fields(d), false
	for _, field := range pc.own.Returnable() {
		if v, ok := given[field]; ok && slices.Contains(wanted, field) {
			changed = changed || v != fields[field]
			fields[field] = v
		}
	}
	if !changed {
		return nil
	}
	d, faults := pc.own.read(fields)
	if len(faults) > 0 {
		return &Invalid{Faults: faults}
	}
	found, err := pc.own.agrees(ctx, tx, job, d)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return &Blocked{Blockers: found}
	}
	f, err := caseFacts(job)
	if err != nil {
		return err
	}
	fresh := pc.own.masked(d)
	f.Subject, f.Certificate, f.ICP, f.Domain, f.Applicant = fresh.Subject, fresh.Certificate, fresh.ICP, fresh.Domain, fresh.Applicant
	f.Remembered = fresh.Remembered
	if err := keepCase(job, f); err != nil {
		return err
	}
	return tx.SaveDossier(ctx, job.ID, d)
}

// agrees: the corrected facts still name the same filing.
func (pc *paperCase) agrees(ctx context.Context, tx Tx, job *Job, d Dossier) ([]Blocker, error) {
	holder, err := tx.SubjectBy(ctx, d.filingFacts())
	if errors.Is(err, ErrNotFound) || (err == nil && holder.Subject.ID != job.SubjectID) {
		return []Blocker{{Code: "FACTS_DO_NOT_MATCH", Owner: OwnerSource, Field: FieldSubjectName}}, nil
	}
	return nil, err
}
