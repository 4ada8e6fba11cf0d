package tasks

import (
	"cmp"
	"context"
	"errors"
	"time"

	"beian/internal/filing"
)

// Limits for people who are not signed in (trust reference 4.8).
var limitTrack = Limit{Name: "track", Burst: 10, Period: time.Hour}

// SendTrackingCode sends a code that opens a job's status page, if the phone
// belongs to one of its parties. The answer is the same in every other case, so
// that it tells nobody which receipts or phones exist; errors are limits and
// outages only. asker is a keyed digest of the caller's address.
func (d *Desk) SendTrackingCode(ctx context.Context, receipt string, phone filing.Phone, asker string) error {
	err := d.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitTrack, asker) })
	if err != nil {
		return err
	}
	err = d.store.Update(ctx, func(tx Tx) error {
		job, err := d.jobOfPhone(ctx, tx, receipt, phone)
		if err != nil {
			return err
		}
		code, err := d.codes().sendCode(ctx, tx, &job, codeAsk{purpose: PurposeTrack, phone: phone,
			params: map[string]string{"receipt": job.Receipt}})
		if err != nil {
			return err
		}
		return d.record(ctx, tx, &job, Change{Notices: []Notice{code}}, nil)
	})
	var often *TooMany
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || errors.As(err, &often) {
		return nil
	}
	return err
}

// OpenWithCode exchanges such a code for the job's tracking code. A wrong
// receipt, phone or code is the same *Invalid.
func (d *Desk) OpenWithCode(ctx context.Context, receipt string, phone filing.Phone, typed string) (string, error) {
	if digits(typed) == "" {
		return "", &Invalid{Faults: []Fault{{Field: FieldCode, Code: "REQUIRED"}}}
	}
	var tracking string
	var refuse error
	err := d.store.Update(ctx, func(tx Tx) error {
		job, err := d.jobOfPhone(ctx, tx, receipt, phone)
		if err != nil {
			return err
		}
		code, err := tx.Code(ctx, job.ID, PurposeTrack)
		if err != nil || code.Phone != phone {
			return cmp.Or(err, ErrNotFound)
		}
		tracking = d.Tracking(job)
		if refuse, err = d.codes().checkCode(ctx, tx, &job, PurposeTrack, typed); err != nil {
			return err
		}
		// The job's version makes guesses at the same time count one by one.
		return d.record(ctx, tx, &job, Change{}, nil)
	})
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrConflict) || (err == nil && refuse != nil) {
		return "", &Invalid{Faults: []Fault{{Field: FieldCode, Code: CodeExpired}}}
	}
	if err != nil {
		return "", err
	}
	return tracking, nil
}

func (d *Desk) codes() codeDesk { return codeDesk{secrets: d.secrets, random: d.random} }

// jobOfPhone finds a job that a phone may open.
func (d *Desk) jobOfPhone(ctx context.Context, tx Tx, receipt string, phone filing.Phone) (Job, error) {
	job, err := tx.Job(ctx, receipt, Viewer{System: true})
	if err != nil || phone.IsZero() {
		return Job{}, cmp.Or(err, ErrNotFound)
	}
	holds, err := d.flows[job.Kind].HoldsPhone(ctx, tx, job, phone)
	if err == nil && !holds {
		err = ErrNotFound
	}
	return job, err
}

// HoldsPhone: the phones of the parties, the accounts' own and the principal's of
// the job's subject. The target counts once it was asked.
func (t *Transfer) HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	return holdsPhone(ctx, tx, job, phone)
}

func holdsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error) {
	for _, id := range []string{job.SourceAccountID, job.TargetAccountID} {
		p, err := partyOf(ctx, tx, job, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if p.Account.SecurityPhone == phone || (p.Subject.ID == job.SubjectID && p.Subject.Principal.Phone == phone) {
			return true, nil
		}
	}
	return false, nil
}

// partyOf reads an account that may see the job, with the job's subject if it
// holds that, else ErrNotFound.
func partyOf(ctx context.Context, tx Tx, job Job, accountID string) (Party, error) {
	if _, err := tx.Job(ctx, job.Receipt, Viewer{AccountID: accountID}); err != nil {
		return Party{}, err
	}
	return tx.Party(ctx, AccountRef{ID: accountID, Subject: job.SubjectID})
}
