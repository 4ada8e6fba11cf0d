package tasks

import (
	"context"
	"crypto/subtle"
	"strconv"
	"time"
)

// OwnDossier opens what the applicant told, in clear, for nobody but the
// applicant: to fill in the letter (L3) and to keep what was typed when it is
// changed. ErrNotFound for everybody else, and when it was shredded (L10).
func (d *Desk) OwnDossier(ctx context.Context, receipt string, by Viewer) (Dossier, error) {
	var dossier Dossier
	err := d.store.View(ctx, func(tx Tx) error {
		job, err := d.applied(ctx, tx, receipt, by)
		if err == nil {
			dossier, err = tx.Dossier(ctx, job.ID)
		}
		return err
	})
	return dossier, err
}

// applied reads a job for its applicant; it is not found for everybody else.
func (d *Desk) applied(ctx context.Context, tx Tx, receipt string, by Viewer) (Job, error) {
	job, err := tx.Job(ctx, receipt, by)
	if err != nil {
		return Job{}, err
	}
	flow, ok := d.flows[job.Kind].(Reviewed)
	if !ok || !flow.applies(job, by) {
		return Job{}, ErrNotFound
	}
	return job, nil
}

// handoffLife is how long a link to go on at another device works at least; at
// most it works twice as long.
const handoffLife = 30 * time.Minute

// Handoff gives the token of a link by which the applicant goes on at another
// device, a phone with a camera for example. It is derived from the present half
// hour, so nothing of it is stored, and it opens this one job only. ErrNotFound
// for everybody but the applicant.
func (d *Desk) Handoff(ctx context.Context, receipt string, by Viewer) (string, error) {
	var token string
	err := d.store.View(ctx, func(tx Tx) error {
		job, err := d.applied(ctx, tx, receipt, by)
		token = d.handoff(job, tx.Now())
		return err
	})
	return token, err
}

// OpenHandoff exchanges such a token for the job's tracking code. A wrong token,
// one that is too old and an unknown receipt are the same ErrNotFound.
func (d *Desk) OpenHandoff(ctx context.Context, receipt, token string) (string, error) {
	var tracking string
	err := d.store.View(ctx, func(tx Tx) error {
		job, err := tx.Job(ctx, receipt, Viewer{System: true})
		if err != nil {
			return err
		}
		fits := 0
		for _, at := range []time.Time{tx.Now(), tx.Now().Add(-handoffLife)} {
			fits |= subtle.ConstantTimeCompare([]byte(token), []byte(d.handoff(job, at)))
		}
		if _, papers := d.flows[job.Kind].(Reviewed); !papers || fits != 1 {
			return ErrNotFound
		}
		tracking = d.Tracking(job)
		return nil
	})
	return tracking, err
}

func (d *Desk) handoff(job Job, at time.Time) string {
	return d.secrets.Token("handoff", job.ID+"."+strconv.FormatInt(at.UnixMilli()/handoffLife.Milliseconds(), 10))
}
