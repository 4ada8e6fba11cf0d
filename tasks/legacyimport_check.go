package tasks

import (
	"context"
	"errors"
	"time"
)

// check proves login and password at the legacy platform (I1). The try is booked
// before the question, so that no number of simultaneous ones passes the limit
// (I3).
func (l *LegacyImport) check(ctx context.Context, tx Tx, job *Job) (AskFunc, error) {
	f, err := legacyFacts(job)
	if err != nil || job.State != StateChecking || !f.CheckedAt.IsZero() {
		return nothing, err
	}
	if !tx.Now().Before(job.ExpiresAt) {
		return settled(wiping(l.giveUp)), nil
	}
	var c LegacyCredentials
	err = unseal(ctx, tx, job.ID, secretCredentials, &c)
	if errors.Is(err, ErrNotFound) {
		return l.find(ctx, tx, job)
	}
	if err != nil {
		return nil, err
	}
	tried, err := tx.BeginTry(ctx, job.ID, loginKey(c.Login), tx.Now().Add(-legacyWindow))
	switch {
	case err != nil:
		return nil, err
	case tried.Wrong >= legacyTries:
		return settled(wiping(func(ctx context.Context, tx Tx, job *Job) (Change, error) {
			return l.refused(ctx, tx, job, lockedUntil(tried.Oldest.Add(legacyWindow)))
		})), tx.EndTry(ctx, job.ID, loginKey(c.Login), false)
	case tried.Wrong+tried.Running >= legacyTries:
		return settled(func(context.Context, Tx, *Job) (Change, error) {
			return Change{Park: &Again{In: 2 * time.Second, Why: "other tries at this login are under way"}}, nil
		}), tx.EndTry(ctx, job.ID, loginKey(c.Login), false)
	}
	return func(ctx context.Context, out Outside) (StepFunc, error) {
		ticket, err := out.Legacy.Open(ctx, c)
		return l.answered(err, func(ctx context.Context, tx Tx, job *Job, no *LegacyError) (Change, error) {
			if err := tx.EndTry(ctx, job.ID, loginKey(c.Login), no.isWrong()); err != nil {
				return Change{}, err
			}
			return l.proved(ctx, tx, job, ticket, no)
		})
	}, nil
}

// find asks for the account of a certificate, where papers were approved in place of
// credentials (I7).
func (l *LegacyImport) find(ctx context.Context, tx Tx, job *Job) (AskFunc, error) {
	certificate, err := approvedCertificate(ctx, tx, job)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, out Outside) (StepFunc, error) {
		ticket, err := out.Legacy.Find(ctx, certificate)
		return l.answered(err, func(ctx context.Context, tx Tx, job *Job, no *LegacyError) (Change, error) {
			if job.State == StateChecking && no.isWrong() {
				return l.refused(ctx, tx, job, Blocker{Code: "LEGACY_NOTHING_FOUND", Owner: OwnerSource})
			}
			return l.proved(ctx, tx, job, ticket, no)
		})
	}, nil
}

// isWrong: the password does not fit, or there is no such login, which is the same
// to whoever asks (I3).
func (e *LegacyError) isWrong() bool {
	return e != nil && (e.Class == LegacyWrong || e.Class == LegacyUnknown)
}

// answered makes the step that books an answer of the legacy platform, a refusal
// included. Any other error is our own trouble.
func (l *LegacyImport) answered(err error, book func(context.Context, Tx, *Job, *LegacyError) (Change, error)) (StepFunc, error) {
	var no *LegacyError
	if err != nil && !errors.As(err, &no) {
		return nil, err
	}
	return wiping(func(ctx context.Context, tx Tx, job *Job) (Change, error) { return book(ctx, tx, job, no) }), nil
}

// proved books the answer to login and password. In the commit that keeps the
// ticket the password is wiped (I3). A job that was frozen or withdrawn meanwhile
// is left alone.
func (l *LegacyImport) proved(ctx context.Context, tx Tx, job *Job, ticket LegacyTicket, no *LegacyError) (Change, error) {
	switch {
	case job.State != StateChecking:
		return Change{}, nil
	case no.isWrong():
		return l.refused(ctx, tx, job, Blocker{Code: "LEGACY_CREDENTIALS_WRONG", Owner: OwnerSource, Field: FieldLegacyPassword})
	case no != nil && no.Class == LegacyLocked:
		return l.refused(ctx, tx, job, Blocker{Code: "LEGACY_LOCKED", Owner: OwnerPlatform, Field: FieldLegacyLogin})
	case no != nil:
		return l.wait(tx, job, no)
	}
	if err := errors.Join(seal(ctx, tx, job.ID, secretTicket, ticket), tx.Wipe(ctx, job.ID, secretCredentials)); err != nil {
		return Change{}, err
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.reached()
	f.CheckedAt, f.TicketUntil = tx.Now(), ticket.ExpiresAt
	return Change{Events: []Event{{Actor: System(), What: WhatProved}}, Tasks: []Task{l.task(job, stepRead, tx.Now())}}, keepLegacy(job, f)
}

// reached: the legacy platform answers.
func (f *LegacyFacts) reached() { f.DownSince, f.NextTry, f.Tries = time.Time{}, time.Time{}, 0 }

// legacyMend is how long a refusal of ours or an answer that can't be read is left
// to people before the next try.
const legacyMend = 15 * time.Minute

// wait puts the question off, longer each time (I2). The timeline says it once.
func (l *LegacyImport) wait(tx Tx, job *Job, no *LegacyError) (Change, error) {
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	c := Change{Touched: true}
	if f.DownSince.IsZero() {
		f.DownSince = tx.Now()
		c.Events = []Event{{Actor: System(), What: WhatUnanswered, Note: string(no.Class)}}
	}
	f.Tries++
	in := max(backoff(f.Tries), no.After)
	if no.Class != LegacyDown {
		in = max(in, legacyMend)
	}
	if left := job.ExpiresAt.Sub(tx.Now()); left > 0 { // the last try is at the end, not after it
		in = min(in, left)
	}
	f.NextTry = tx.Now().Add(in)
	c.Park = &Again{In: in, Why: no.Error(), Failure: true}
	return c, keepLegacy(job, f)
}

// read asks what the account holds.
func (l *LegacyImport) read(ctx context.Context, tx Tx, job *Job) (AskFunc, error) {
	if job.State != StateChecking {
		return nothing, nil
	}
	if !tx.Now().Before(job.ExpiresAt) {
		return settled(wiping(l.giveUp)), nil
	}
	var ticket LegacyTicket
	if err := unseal(ctx, tx, job.ID, secretTicket, &ticket); err != nil {
		return nothing, ignore(err, ErrNotFound)
	}
	return func(ctx context.Context, out Outside) (StepFunc, error) {
		held, err := out.Legacy.Holdings(ctx, ticket)
		return l.answered(err, func(ctx context.Context, tx Tx, job *Job, no *LegacyError) (Change, error) {
			return l.known(ctx, tx, job, held, no)
		})
	}, nil
}

// known books what the account holds: blockers end the job, everything at once
// (A5), otherwise the differences are shown (I5).
func (l *LegacyImport) known(ctx context.Context, tx Tx, job *Job, held LegacyHoldings, no *LegacyError) (Change, error) {
	switch {
	case job.State != StateChecking:
		return Change{}, nil
	case no != nil && no.Class == LegacyUnknown: // the ticket is over
		return l.refused(ctx, tx, job, unavailable())
	case no != nil:
		return l.wait(tx, job, no)
	}
	found, err := l.compare(ctx, tx, job, held)
	if err != nil {
		return Change{}, err
	}
	if len(found.blockers) > 0 {
		if err := l.rememberMisfit(ctx, tx, job, found); err != nil {
			return Change{}, err
		}
		return l.refused(ctx, tx, job, found.blockers...)
	}
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.reached()
	found.note(&f, tx.Now())
	if err := errors.Join(seal(ctx, tx, job.ID, secretHoldings, holdingsRowOf(held)), tx.AddLegacyItems(ctx, job.ID, found.items)); err != nil {
		return Change{}, err
	}
	return l.showDiff(ctx, tx, job, f)
}

// showDiff hands the job to the applicant, until the ticket ends or patience does.
func (l *LegacyImport) showDiff(ctx context.Context, tx Tx, job *Job, f LegacyFacts) (Change, error) {
	job.ExpiresAt = tx.Now().Add(l.policy.LegacyDiffLife)
	if !f.TicketUntil.IsZero() && f.TicketUntil.Before(job.ExpiresAt) {
		job.ExpiresAt = f.TicketUntil
	}
	told, err := l.ifAway(ctx, tx, job, TemplateImportReady, map[string]string{"receipt": job.Receipt, "date": stamp(job.ExpiresAt)})
	if err != nil {
		return Change{}, err
	}
	return Change{To: StateDiff, Events: []Event{{Actor: System(), What: WhatRead}}, Notices: told,
		Tasks: []Task{l.task(job, stepExpireDiff, job.ExpiresAt)}}, keepLegacy(job, f)
}

// refused ends the job with its blockers; nothing was written.
func (l *LegacyImport) refused(ctx context.Context, tx Tx, job *Job, why ...Blocker) (Change, error) {
	job.Blockers, job.ExpiresAt = why, tx.Now()
	f, err := legacyFacts(job)
	if err != nil {
		return Change{}, err
	}
	f.reached()
	c := Change{To: StateFailed, Events: []Event{{Actor: System(), What: WhatBlocked, Note: why[0].Code}}}
	if c.Notices, err = l.ifAway(ctx, tx, job, TemplateImportFailed, map[string]string{"receipt": job.Receipt}); err != nil {
		return Change{}, err
	}
	return c, keepLegacy(job, f)
}

// giveUp ends a job for which the legacy platform did not answer in time (I2).
func (l *LegacyImport) giveUp(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateChecking || tx.Now().Before(job.ExpiresAt) {
		return Change{}, nil
	}
	return l.refused(ctx, tx, job, unavailable())
}

func unavailable() Blocker { return Blocker{Code: "LEGACY_UNAVAILABLE", Owner: OwnerPlatform} }

// expire ends a job whose differences nobody confirmed.
func (l *LegacyImport) expire(ctx context.Context, tx Tx, job *Job) (Change, error) {
	if job.State != StateDiff || tx.Now().Before(job.ExpiresAt) {
		return Change{}, nil
	}
	return l.stopped(ctx, tx, job, StateExpired, Event{Actor: System(), What: WhatExpired})
}

// legacyPatience is how long somebody is taken to wait at the page: what comes
// later is told by message too.
const legacyPatience = 10 * time.Minute

// ifAway tells the account's channels, unless the applicant can't have left yet. Who
// handed in papers has left: the import began with a reviewer's decision.
func (l *LegacyImport) ifAway(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	f, err := legacyFacts(job)
	if err != nil || (f.Papers == "" && tx.Now().Sub(job.CreatedAt) < legacyPatience) {
		return nil, err
	}
	return l.toAccount(ctx, tx, job, tpl, params)
}

func (l *LegacyImport) toAccount(ctx context.Context, tx Tx, job *Job, tpl Template, params map[string]string) ([]Notice, error) {
	p, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return nil, err
	}
	return channels(p.Account, tpl, params), nil
}
