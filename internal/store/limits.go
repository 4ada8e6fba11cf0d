package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
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
	return t.TakeEach(ctx, key, l)
}

// TakeEach spends a token of every limit in one statement. When one has none left,
// the others' tokens come back with the transaction, which the error must end.
func (t *tx) TakeEach(ctx context.Context, key string, limits ...tasks.Limit) error {
	taken := map[string]bool{}
	text, args := t.taking(key, limits)
	err := t.each(ctx, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		taken[name] = true
		return err
	}, text, args...)
	if err != nil {
		return err
	}
	for _, l := range limits {
		if !taken[l.Name] {
			return t.spent(ctx, l, key)
		}
	}
	return nil
}

// taking is the statement that returns the names of the limits which had a token.
func (t *tx) taking(key string, limits []tasks.Limit) (text string, args []any) {
	now := millis(t.Now())
	args = []any{now}
	var rows, most strings.Builder
	for i, l := range limits {
		if i > 0 {
			rows.WriteByte(',')
		}
		n := len(args)
		fmt.Fprintf(&rows, "($%d,$%d,$%d)", n+1, n+2, n+3)
		fmt.Fprintf(&most, " WHEN $%d THEN CAST($%d AS BIGINT)", n+1, n+4)
		args = append(args, l.Name, t.s.vault.Index("limit "+l.Name, key), now+stepOf(l), l.Period.Milliseconds())
	}
	return `INSERT INTO limits (name, key, free_at) VALUES ` + rows.String() + ` ON CONFLICT (name, key) DO UPDATE
	  SET free_at = CASE WHEN limits.free_at > $1 THEN limits.free_at ELSE $1 END + excluded.free_at - $1
	  WHERE limits.free_at + excluded.free_at - $1 - $1 <= CASE limits.name` + most.String() + ` END RETURNING name`, args
}

// stepOf is the time in milliseconds in which one token comes back.
func stepOf(l tasks.Limit) int64 { return l.Period.Milliseconds() / int64(l.Burst) }

// Left looks whether a limit has a token.
func (t *tx) Left(ctx context.Context, l tasks.Limit, key string) error {
	wait, err := t.untilToken(ctx, l, key)
	if err != nil || wait <= 0 {
		return err
	}
	return &tasks.TooMany{Limit: l.Name, After: max(wait, time.Second)}
}

// spent says when a limit that has no token left has one again.
func (t *tx) spent(ctx context.Context, l tasks.Limit, key string) error {
	wait, err := t.untilToken(ctx, l, key)
	if err != nil {
		return err
	}
	return &tasks.TooMany{Limit: l.Name, After: max(wait, time.Second)}
}

// untilToken is how long until a limit has a token; not positive when it has one.
func (t *tx) untilToken(ctx context.Context, l tasks.Limit, key string) (time.Duration, error) {
	var freeAt int64
	err := scanOne(t.q.row(ctx, `SELECT free_at FROM limits WHERE name = $1 AND key = $2`,
		l.Name, t.s.vault.Index("limit "+l.Name, key)), &freeAt)
	if errors.Is(err, tasks.ErrNotFound) {
		return 0, nil
	}
	return time.Duration(freeAt+stepOf(l)-millis(t.Now())-l.Period.Milliseconds()) * time.Millisecond, err
}

// Remembered looks an idempotency key up.
func (t *tx) Remembered(ctx context.Context, o tasks.Once) ([]byte, error) {
	var fingerprint, answer string
	err := scanOne(t.q.row(ctx, `SELECT fingerprint, answer FROM idempotency WHERE scope = $1 AND key = $2`, o.Scope, o.Key),
		&fingerprint, &answer)
	if err != nil {
		return nil, err
	}
	if fingerprint != t.fingerprint(o) {
		return nil, tasks.ErrKeyReused
	}
	return []byte(answer), nil
}

// Remember stores an answer in the transaction that gives it. Two at once: the
// second fails on the primary key, runs again and finds the first one's answer.
func (t *tx) Remember(ctx context.Context, o tasks.Once, answer []byte) error {
	return t.q.later(ctx, `INSERT INTO idempotency (scope, key, fingerprint, answer, created_at) VALUES ($1,$2,$3,$4,$5)`,
		o.Scope, o.Key, t.fingerprint(o), string(answer), millis(t.Now()))
}

// fingerprint is keyed before it rests: what was asked may hold a password (I3),
// which a bare digest would let somebody guess.
func (t *tx) fingerprint(o tasks.Once) string { return t.s.vault.Index("fingerprint", o.Fingerprint) }
