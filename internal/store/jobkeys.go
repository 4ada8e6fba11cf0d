package store

import (
	"context"
	"fmt"

	"beian/internal/vault"
	"beian/tasks"
)

// keyContext binds a wrapped key to its job.
func keyContext(jobID string) string { return "job_keys|" + jobID }

// SealFor seals a value with the key of a job, bound to a context such as
// "blobs|<name>". ErrNotFound when the job has no key: none was made yet, or it
// was shredded (L10).
func (s *Store) SealFor(ctx context.Context, jobID, context string, plain []byte) ([]byte, error) {
	key, err := s.keyOf(ctx, jobID)
	if err != nil {
		return nil, err
	}
	return key.Seal(context, plain)
}

// OpenFor opens what SealFor gave for the same job and context. ErrNotFound when
// the job's key is gone (L10); another error when the value was changed or moved.
func (s *Store) OpenFor(ctx context.Context, jobID, context string, sealed []byte) ([]byte, error) {
	key, err := s.keyOf(ctx, jobID)
	if err != nil {
		return nil, err
	}
	return key.Open(context, sealed)
}

func (s *Store) keyOf(ctx context.Context, jobID string) (key vault.Key, err error) {
	err = s.view(ctx, func(t *tx) (err error) {
		key, err = t.jobKey(ctx, jobID)
		return err
	})
	return key, err
}

// jobKey opens the key of a job; tasks.ErrNotFound when there is none.
func (t *tx) jobKey(ctx context.Context, jobID string) (vault.Key, error) {
	var wrapped []byte
	if err := scanOne(t.q.row(ctx, `SELECT wrapped FROM job_keys WHERE job_id = $1`, jobID), &wrapped); err != nil {
		return vault.Key{}, err
	}
	key, err := t.s.vault.OpenKey(keyContext(jobID), wrapped)
	if err != nil {
		return vault.Key{}, fmt.Errorf("opening a job's key: %w", err)
	}
	return key, nil
}

// makeJobKey gives a job its key, or the one it has. A job whose key was shredded
// gets no other: what it sealed is gone for good (L10).
func (t *tx) makeJobKey(ctx context.Context, jobID string) (vault.Key, error) {
	key, err := t.jobKey(ctx, jobID)
	missing, err := absent(err)
	if err != nil || !missing {
		return key, err
	}
	var shredded int
	err = t.q.row(ctx, `SELECT count(*) FROM jobs WHERE id = $1 AND shredded_at > 0`, jobID).Scan(&shredded)
	if err != nil {
		return vault.Key{}, err
	}
	if shredded > 0 {
		return vault.Key{}, tasks.ErrNotFound
	}
	wrapped, key, err := t.s.vault.NewKey(keyContext(jobID))
	if err != nil {
		return vault.Key{}, fmt.Errorf("making a job's key: %w", err)
	}
	_, err = t.q.exec(ctx, `INSERT INTO job_keys (job_id, wrapped, created_at) VALUES ($1,$2,$3)`, jobID, wrapped, millis(t.Now()))
	return key, err
}
