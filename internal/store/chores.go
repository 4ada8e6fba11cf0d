package store

import (
	"context"
	"time"

	"beian/tasks"
)

// Lead makes holder the leader of name for a while, or says that another is.
func (s *Store) Lead(ctx context.Context, name, holder string, term time.Duration) (leads bool, err error) {
	err = s.update(ctx, func(t *tx) error {
		now := millis(t.Now())
		n, err := t.q.exec(ctx, `INSERT INTO leaders (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE
		  SET holder = excluded.holder, until = excluded.until WHERE leaders.holder = $2 OR leaders.until < $4`,
			name, holder, now+term.Milliseconds(), now)
		leads = n == 1
		return err
	})
	return leads, err
}

// PostChore posts a chore of the present time bucket unless it is there already,
// so that several leaders in a row post it once. The database's clock names the
// bucket.
func (s *Store) PostChore(ctx context.Context, name string, every time.Duration) error {
	return s.update(ctx, func(t *tx) error {
		bucket := t.Now().Truncate(every).Format("20060102T150405")
		n, err := t.q.exec(ctx, `INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at)
		  VALUES ($1, 'ops', $2, $3, 'waiting', $4, $4) ON CONFLICT (id) DO NOTHING`,
			"chore."+name+"."+bucket, "chore:"+name, bucket, millis(t.Now()))
		if n == 1 {
			t.posted = []tasks.Queue{tasks.QueueOps}
		}
		return err
	})
}

// The retention of trust.md for what only machines need.
const (
	keepKeys    = 7 * 24 * time.Hour // idempotency keys
	keepDone    = 7 * 24 * time.Hour // delivered tasks
	keepInbox   = 7 * 24 * time.Hour // the embedded provider's messages
	keepDrafts  = 30 * 24 * time.Hour
	keepCodes   = 24 * time.Hour
	purgeAtOnce = 5000 // rows a statement; keeps the write lock short
)

// Purge deletes what has outlived its retention and reports how many rows.
func (s *Store) Purge(ctx context.Context) (int64, error) {
	var total int64
	for _, p := range []struct {
		text string
		keep time.Duration
	}{
		{`DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency WHERE created_at < $1 LIMIT $2)`, keepKeys},
		{`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state = 'done' AND ended_at < $1 LIMIT $2)`, keepDone},
		{`DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE at < $1 LIMIT $2)`, keepInbox},
		{`DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE updated_at < $1 LIMIT $2)`, keepDrafts},
		{`DELETE FROM codes WHERE id IN (SELECT id FROM codes WHERE created_at < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM recoveries WHERE id IN (SELECT id FROM recoveries WHERE created_at < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM lookups WHERE id IN (SELECT id FROM lookups WHERE created_at < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM limits WHERE (name, key) IN (SELECT name, key FROM limits WHERE free_at < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM staff_setups WHERE staff_id IN (SELECT staff_id FROM staff_setups WHERE until < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM legacy_tries WHERE (login_index, job_id) IN (SELECT login_index, job_id FROM legacy_tries WHERE at < $1 LIMIT $2)`, keepCodes},
		{`DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < $1 LIMIT $2)`, keepCodes},
	} {
		n, err := s.purge(ctx, p.text, p.keep)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (s *Store) purge(ctx context.Context, text string, keep time.Duration) (total int64, err error) {
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	for {
		var n int64
		err = s.update(ctx, func(t *tx) error {
			n, err = t.q.exec(ctx, text, millis(t.Now().Add(-keep)), purgeAtOnce)
			return err
		})
		total += n
		if err != nil || n < purgeAtOnce {
			return total, err
		}
	}
}

// Bury records a delivery that names no task of ours as a dead letter, so that
// people see it with its reason (R15).
func (s *Store) Bury(ctx context.Context, id string, q tasks.Queue, kind, reason string) error {
	return s.update(ctx, func(t *tx) error {
		now := millis(t.Now())
		_, err := t.q.exec(ctx, `INSERT INTO outbox (id, queue, type, ref, state, not_before, reason, created_at, ended_at)
		  VALUES ($1, $2, $3, '', 'dead', $4, $5, $4, $4) ON CONFLICT (id) DO NOTHING`, id, string(q), kind, now, reason)
		return err
	})
}
