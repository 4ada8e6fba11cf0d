package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"beian/tasks"
)

// notFound turns "no row" into tasks.ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return tasks.ErrNotFound
	}
	return err
}

// Take spends one token by the generic cell rate algorithm: free_at is the moment
// at which the bucket is full again. It is a row, so that limits hold over all
// processes and restarts, and fail closed with the database (trust.md).
func (t *tx) Take(ctx context.Context, l tasks.Limit, key string) error {
	now := millis(t.now)
	step := l.Period.Milliseconds() / int64(l.Burst)
	digest := t.s.vault.Index("limit "+l.Name, key)
	n, err := t.q.exec(ctx, `INSERT INTO limits (name, key, free_at) VALUES ($1, $2, $3) ON CONFLICT (name, key) DO UPDATE
	  SET free_at = CASE WHEN limits.free_at > $4 THEN limits.free_at ELSE $4 END + $5
	  WHERE limits.free_at + $5 - $4 <= $6`, l.Name, digest, now+step, now, step, l.Period.Milliseconds())
	if err != nil || n == 1 {
		return err
	}
	var freeAt int64
	err = scanOne(t.q.row(ctx, `SELECT free_at FROM limits WHERE name = $1 AND key = $2`, l.Name, digest), &freeAt)
	if err != nil {
		return err
	}
	wait := time.Duration(freeAt+step-now-l.Period.Milliseconds()) * time.Millisecond
	return &tasks.TooMany{Limit: l.Name, After: max(wait, time.Second)}
}

// Remembered looks an idempotency key up.
func (t *tx) Remembered(ctx context.Context, o tasks.Once) ([]byte, error) {
	var fingerprint, answer string
	err := scanOne(t.q.row(ctx, `SELECT fingerprint, answer FROM idempotency WHERE scope = $1 AND key = $2`, o.Scope, o.Key),
		&fingerprint, &answer)
	if err != nil {
		return nil, err
	}
	if fingerprint != o.Fingerprint {
		return nil, tasks.ErrKeyReused
	}
	return []byte(answer), nil
}

// Remember stores an answer in the transaction that gives it. Two at once: the
// second fails on the primary key, runs again and finds the first one's answer.
func (t *tx) Remember(ctx context.Context, o tasks.Once, answer []byte) error {
	_, err := t.q.exec(ctx, `INSERT INTO idempotency (scope, key, fingerprint, answer, created_at) VALUES ($1,$2,$3,$4,$5)`,
		o.Scope, o.Key, o.Fingerprint, string(answer), millis(t.now))
	return err
}
