package tasks

import (
	"context"
	"time"
)

// effect replaces the login (L8): sessions end, the password is unusable until it is
// set through the link in the new mailbox, transfers wait. Everybody is told: the
// old channels with a way to object, the applicant's phone, and the new mailbox with
// the link.
func (l *LoginReset) effect(ctx context.Context, tx Tx, job *Job, d Dossier) (Change, error) {
	f, err := caseFacts(job)
	if err != nil {
		return Change{}, err
	}
	params := map[string]string{"receipt": job.Receipt, "new_email": f.NewEmail}
	old, err := l.toOldChannels(ctx, tx, job, TemplateResetDone, params)
	if err != nil {
		return Change{}, err
	}
	if err := tx.ReplaceLogin(ctx, job.SourceAccountID, d.NewEmail, tx.Now().Add(l.policy.TransferHold)); err != nil {
		return Change{}, err
	}
	link, err := l.passwordLink(ctx, tx, job)
	if err != nil {
		return Change{}, err
	}
	f.AppliedAt, job.ExpiresAt = tx.Now(), time.Time{}
	if err := keepCase(job, f); err != nil {
		return Change{}, err
	}
	ready := Notice{Channel: ChannelSMS, Template: TemplateResetReady, Phone: d.Phone, Params: params}
	return Change{To: StateDone, Events: []Event{{Actor: System(), What: WhatApplied}}, Notices: append(old, ready, link)}, nil
}

// passwordLink opens a password recovery whose link goes to the new mailbox (L8).
func (l *LoginReset) passwordLink(ctx context.Context, tx Tx, job *Job) (Notice, error) {
	holder, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return Notice{}, err
	}
	_, link, err := l.openRecovery(ctx, tx, recoveryAsk{account: holder.Account, channel: ChannelMail})
	return link, err
}
