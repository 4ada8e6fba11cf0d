package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// Action is a verb on a job, by somebody.
type Action struct {
	Receipt string
	Verb    Verb
	By      Viewer
	StaffID string // with By.Staff
	// Version is that of the job on which somebody decided: when it has another
	// one meanwhile, nothing happens. 0 does not care.
	Version int64
	Fields  map[string]string
	Once    Once
}

// Act carries out a verb on a job. A replay of its key gets the first answer,
// whatever version it names. Errors: those of Submit, ErrNotFound for a stranger,
// ErrStale, *WrongState, ErrForbidden.
func (d *Desk) Act(ctx context.Context, a Action) (Accepted, error) {
	return d.once(ctx, a.Once, func(tx Tx) (Accepted, error) {
		job, err := tx.Job(ctx, a.Receipt, a.By)
		if err != nil {
			return Accepted{}, err
		}
		fn, ok := d.flows[job.Kind].Verbs()[a.Verb]
		if !ok {
			return Accepted{}, fmt.Errorf("verb %q on a %s: %w", a.Verb, job.Kind, ErrNotFound)
		}
		if who := cmp.Or(a.By.AccountID, a.trackedAs(job)); who != "" {
			if err := tx.Take(ctx, limitVerb, who); err != nil {
				return Accepted{}, err
			}
		}
		if a.Version != 0 && a.Version != job.Version {
			return Accepted{}, ErrStale
		}
		change, err := fn(ctx, tx, &job, a)
		if err != nil {
			return Accepted{}, err
		}
		if err := d.record(ctx, tx, &job, change, nil); err != nil {
			return Accepted{}, a.overtaken(err)
		}
		if change.Refuse != nil {
			return Accepted{}, committed{change.Refuse}
		}
		return acceptedAs(&job), nil
	})
}

// trackedAs is whom the limits of an applicant without a sign-in count: its job.
func (a Action) trackedAs(job Job) string {
	if a.By.Tracking == "" {
		return ""
	}
	return job.ID
}

// overtaken names a race that was lost between reading the job and writing it by
// what the asker wanted to be sure of.
func (a Action) overtaken(err error) error {
	if a.Version != 0 && errors.Is(err, ErrConflict) {
		return ErrStale
	}
	return err
}

func acceptedAs(job *Job) Accepted {
	return Accepted{Receipt: job.Receipt, State: job.State, Version: job.Version, ExpiresAt: job.ExpiresAt, Job: job}
}
