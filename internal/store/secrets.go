package store

import (
	"context"
	"fmt"

	"beian/tasks"
)

// MakeKey gives a job the key that its pictures are sealed with.
func (t *tx) MakeKey(ctx context.Context, jobID string) error {
	_, err := t.makeJobKey(ctx, jobID)
	return err
}

// secretContext binds a secret and its key to their job and name.
func secretContext(jobID, name string) string { return "job_secrets|" + jobID + "|" + name }

// Seal keeps a value under a key of its own (I3).
func (t *tx) Seal(ctx context.Context, jobID, name string, value []byte) error {
	wrapped, key, err := t.s.vault.NewKey(secretContext(jobID, name))
	if err != nil {
		return fmt.Errorf("making the key of a secret: %w", err)
	}
	sealed, err := key.Seal(secretContext(jobID, name), value)
	if err != nil {
		return fmt.Errorf("sealing a secret: %w", err)
	}
	if err := t.Wipe(ctx, jobID, name); err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `INSERT INTO job_secrets (job_id, name, wrapped, value_sealed, created_at) VALUES ($1,$2,$3,$4,$5)`,
		jobID, name, wrapped, sealed, millis(t.Now()))
	return err
}

// Unseal opens one; tasks.ErrNotFound once it was wiped.
func (t *tx) Unseal(ctx context.Context, jobID, name string) ([]byte, error) {
	var wrapped, sealed []byte
	err := scanOne(t.q.row(ctx, `SELECT wrapped, value_sealed FROM job_secrets WHERE job_id = $1 AND name = $2`, jobID, name), &wrapped, &sealed)
	if err != nil {
		return nil, err
	}
	key, err := t.s.vault.OpenKey(secretContext(jobID, name), wrapped)
	if err != nil {
		return nil, fmt.Errorf("opening the key of a secret: %w", err)
	}
	return key.Open(secretContext(jobID, name), sealed)
}

// Wipe overwrites first: SQLite may leave a deleted row's bytes in a free page.
func (t *tx) Wipe(ctx context.Context, jobID string, names ...string) error {
	where, args := ` WHERE job_id = $1`, []any{jobID}
	if len(names) > 0 {
		where += ` AND name IN (` + list(1, len(names)) + `)`
		for _, name := range names {
			args = append(args, name)
		}
	}
	blank := fmt.Sprintf("$%d", len(args)+1)
	_, err := t.q.exec(ctx, `UPDATE job_secrets SET wrapped = `+blank+`, value_sealed = `+blank+where, append(args, make([]byte, wrappedSize))...)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `DELETE FROM job_secrets`+where, args...)
	return err
}

var _ tasks.Sealed = (*tx)(nil)
