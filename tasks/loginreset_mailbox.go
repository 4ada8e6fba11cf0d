package tasks

import (
	"context"
	"crypto/subtle"
	"time"
)

const mailboxLife = 24 * time.Hour // L6

// limitMailbox bounds the confirmation mails of one job.
var limitMailbox = Limit{Name: "mailbox", Burst: 3, Period: 24 * time.Hour}

// mailbox sends the confirmation mail again; its link is good for 24 hours from
// now (L6).
func (l *LoginReset) mailbox(ctx context.Context, tx Tx, job *Job, a Action) (Change, error) {
	if err := l.mine(job, a, StateDraft, StateEmailConfirm); err != nil {
		return Change{}, err
	}
	f, err := caseFacts(job)
	if err != nil || !f.MailboxAt.IsZero() {
		return Change{}, err
	}
	if err := tx.Take(ctx, limitMailbox, job.ID); err != nil {
		return Change{}, err
	}
	return l.mailAgain(ctx, tx, job, f)
}

func (l *LoginReset) mailAgain(ctx context.Context, tx Tx, job *Job, f CaseFacts) (Change, error) {
	d, err := tx.Dossier(ctx, job.ID)
	if err != nil {
		return Change{}, err
	}
	f.MailboxSentAt = tx.Now()
	c := Change{Notices: []Notice{l.mailboxLink(job, f, d)}, Events: []Event{{Actor: applicant(), What: WhatMailSent}}}
	if job.State == StateEmailConfirm {
		job.ExpiresAt = tx.Now().Add(mailboxLife)
		c.Tasks = []Task{l.task(job, stepExpireMailbox, job.ExpiresAt)}
	}
	return c, keepCase(job, f)
}

// MailboxOf reads what the confirmation link of a mailbox is about, masked, and
// changes nothing: mail scanners follow links. ErrNotFound for a wrong link,
// ErrGone for one that was used or is too old.
func (d *Desk) MailboxOf(ctx context.Context, receipt, token string) (CaseFacts, error) {
	var f CaseFacts
	err := d.store.View(ctx, func(tx Tx) (err error) {
		_, f, err = d.byMailbox(ctx, tx, receipt, token)
		return err
	})
	return f, err
}

// ConfirmMailbox consumes the link: the new mailbox is its reader's (L6). The
// errors are those of MailboxOf, and *Blocked with EMAIL_TAKEN, which only the
// owner of the mailbox can learn this way.
func (d *Desk) ConfirmMailbox(ctx context.Context, receipt, token string) error {
	return d.store.Update(ctx, func(tx Tx) error {
		job, f, err := d.byMailbox(ctx, tx, receipt, token)
		if err != nil {
			return err
		}
		dossier, err := tx.Dossier(ctx, job.ID)
		if err != nil {
			return err
		}
		free, err := tx.LoginFree(ctx, dossier.NewEmail)
		if err != nil {
			return err
		}
		if !free {
			return &Blocked{Blockers: []Blocker{{Code: "EMAIL_TAKEN", Owner: OwnerSource, Field: FieldNewEmail}}}
		}
		flow, ok := d.flows[KindReset].(*LoginReset)
		if !ok {
			return ErrNotFound
		}
		change, err := flow.mailboxProved(ctx, tx, &job, f)
		if err != nil {
			return err
		}
		return d.record(ctx, tx, &job, change, nil)
	})
}

// byMailbox finds the job of a link by a comparison that takes equally long.
func (d *Desk) byMailbox(ctx context.Context, tx Tx, receipt, token string) (Job, CaseFacts, error) {
	job, err := tx.Job(ctx, receipt, Viewer{System: true})
	if err != nil {
		return Job{}, CaseFacts{}, err
	}
	if job.Kind != KindReset {
		return Job{}, CaseFacts{}, ErrNotFound
	}
	f, err := caseFacts(&job)
	if err != nil {
		return Job{}, CaseFacts{}, err
	}
	want := d.secrets.Token("mailbox", MailboxID(job.ID, f.MailboxNo))
	if subtle.ConstantTimeCompare([]byte(token), []byte(want)) != 1 {
		return Job{}, CaseFacts{}, ErrNotFound
	}
	late := tx.Now().Sub(f.MailboxSentAt) > mailboxLife
	if !f.MailboxAt.IsZero() || late || (job.State != StateDraft && job.State != StateEmailConfirm) {
		return Job{}, f, ErrGone
	}
	return job, f, nil
}

func (l *LoginReset) mailboxProved(ctx context.Context, tx Tx, job *Job, f CaseFacts) (Change, error) {
	f.MailboxAt = tx.Now()
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	c := Change{Events: []Event{{Actor: applicant(), What: WhatMailboxProved}}}
	if job.State == StateDraft {
		return c, nil
	}
	return l.startReview(ctx, tx, job, c)
}
