package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"beian/tasks"
)

// relayLease keeps a row from other relays while one publishes it.
const relayLease = 5 * time.Second

// TakeOutgoing claims up to n waiting rows of a queue that fall due within the
// horizon. Later ones wait in SQL (queue.md, window).
func (s *Store) TakeOutgoing(ctx context.Context, q tasks.Queue, n int, horizon time.Duration) ([]tasks.Outgoing, error) {
	var out []tasks.Outgoing
	err := s.update(ctx, func(t *tx) error {
		out = nil
		now := millis(t.Now())
		return t.each(ctx, func(scan func(...any) error) error {
			o := tasks.Outgoing{Queue: q}
			var notBefore int64
			if err := scan(&o.ID, &o.Generation, &o.Type, &o.Ref, &notBefore, &o.Trace); err != nil {
				return err
			}
			o.In = moment(notBefore).Sub(t.Now())
			out = append(out, o)
			return nil
		}, `UPDATE outbox SET lease_until = $1 WHERE id IN (SELECT id FROM outbox WHERE state = 'waiting' AND queue = $2
		  AND not_before <= $3 AND lease_until <= $4 ORDER BY not_before LIMIT $5`+s.db.skipLocked()+`)
		  RETURNING id, generation, type, ref, not_before, trace`,
			now+relayLease.Milliseconds(), string(q), now+horizon.Milliseconds(), now, n)
	})
	inOrder(out)
	return out, err
}

// inOrder sorts by the moment at which rows fall due, since RETURNING promises no
// order, and makes what is overdue due now.
func inOrder(out []tasks.Outgoing) {
	slices.SortFunc(out, func(a, b tasks.Outgoing) int {
		return cmp.Or(cmp.Compare(a.In, b.In), strings.Compare(a.ID, b.ID))
	})
	for i := range out {
		out[i].In = max(0, out[i].In)
	}
}

// MarkSent books rows that Asynq has, with how far Redis had come. Rows that a
// fast worker claimed or ended in between are left alone, and so are those that
// began a new generation, which Asynq does not have, or were posted again, which it
// must be told of: nobody holds a lease on them.
func (s *Store) MarkSent(ctx context.Context, q tasks.Queue, mark int64, refs []tasks.TaskRef) error {
	return s.update(ctx, func(t *tx) error {
		if len(refs) > 0 {
			refs := padded(refs)
			args := []any{millis(t.Now()), mark}
			for _, r := range refs {
				args = append(args, r.ID)
			}
			for _, r := range refs {
				args = append(args, r.ID+"."+strconv.Itoa(r.Generation))
			}
			err := t.q.later(ctx, `UPDATE outbox SET state = 'sent', sent_at = $1, mark = $2, lease_until = 0
			  WHERE state = 'waiting' AND lease_until > 0 AND id IN (`+list(2, len(refs))+`)
			  AND id || '.' || generation IN (`+list(2+len(refs), len(refs))+`)`, args...)
			if err != nil {
				return err
			}
		}
		return t.q.later(ctx, `INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE
		  SET value = CASE WHEN excluded.value > marks.value THEN excluded.value ELSE marks.value END`, string(q), mark)
	})
}

// padded repeats the last one until there are 1, 2, 4, 8 …: a statement of each
// length would be prepared, and planned, for itself.
func padded(refs []tasks.TaskRef) []tasks.TaskRef {
	out := slices.Clone(refs)
	for len(out)&(len(out)-1) != 0 {
		out = append(out, out[len(out)-1])
	}
	return out
}

// ReturnOutgoing gives rows back that could not be published, for the next pass.
func (s *Store) ReturnOutgoing(ctx context.Context, refs []tasks.TaskRef) error {
	return s.update(ctx, func(t *tx) error {
		for _, r := range refs {
			err := t.q.later(ctx, `UPDATE outbox SET lease_until = 0 WHERE id = $1 AND generation = $2 AND state = 'waiting'`,
				r.ID, r.Generation)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Unclaimed tells which of these tasks nobody has claimed, although Asynq says
// that a worker has them.
func (s *Store) Unclaimed(ctx context.Context, refs []tasks.TaskRef) ([]tasks.TaskRef, error) {
	var out []tasks.TaskRef
	err := s.view(ctx, func(t *tx) error {
		out = nil
		for _, r := range refs {
			var n int
			err := t.q.row(ctx, `SELECT count(*) FROM outbox WHERE id = $1 AND generation = $2 AND state IN ('waiting', 'sent')
			  AND not_before <= $3`, r.ID, r.Generation, millis(t.Now())).Scan(&n)
			if err != nil {
				return err
			}
			if n == 1 {
				out = append(out, r)
			}
		}
		return nil
	})
	return out, err
}

// Mark is how far Redis had come when this queue was last published to.
func (s *Store) Mark(ctx context.Context, q tasks.Queue) (mark int64, err error) {
	err = s.view(ctx, func(t *tx) error {
		return t.q.row(ctx, `SELECT coalesce(max(value), 0) FROM marks WHERE name = $1`, string(q)).Scan(&mark)
	})
	return mark, err
}

// InRedis counts a queue's rows that Asynq holds and that fall due within the
// horizon, up to a bound. Those put off for longer don't count: messages without a
// receipt would fill the window for a day and keep every new one out.
func (s *Store) InRedis(ctx context.Context, q tasks.Queue, horizon time.Duration, bound int) (n int, err error) {
	err = s.view(ctx, func(t *tx) error {
		return t.q.row(ctx, `SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'sent' AND queue = $1 AND not_before <= $2
		  LIMIT $3) x`, string(q), millis(t.Now().Add(horizon)), bound).Scan(&n)
	})
	return n, err
}

// ReofferAll sends every row that Asynq should hold once more; what Redis still
// knows answers with a conflict on its TaskID (queue.md, reconcile).
func (s *Store) ReofferAll(ctx context.Context, q tasks.Queue) (n int64, err error) {
	err = s.update(ctx, func(t *tx) error {
		n, err = t.q.exec(ctx, `UPDATE outbox SET state = 'waiting', lease_until = 0 WHERE state = 'sent' AND queue = $1`, string(q))
		t.posted = []tasks.Queue{q}
		return err
	})
	return n, err
}

// FreeLost gives tasks back whose worker let the lease run out; after too many
// lost workers the task is a dead letter. It reports both counts.
func (s *Store) FreeLost(ctx context.Context, attempts int) (freed, dead int64, err error) {
	err = s.update(ctx, func(t *tx) error {
		now := millis(t.Now())
		dead, err = t.q.exec(ctx, `UPDATE outbox SET state = 'dead', reason = 'worker lost', ended_at = $1, fence = fence + 1
		  WHERE state = 'running' AND lease_until < $1 AND attempts >= $2`, now, attempts)
		if err != nil {
			return err
		}
		freed, err = t.q.exec(ctx, `UPDATE outbox SET state = 'waiting', generation = generation + 1, fence = fence + 1,
		  lease_until = 0, reason = 'worker lost' WHERE state = 'running' AND lease_until < $1`, now)
		if freed > 0 {
			t.posted = tasks.Queues()
		}
		return err
	})
	return freed, dead, err
}

// Silent lists rows that Asynq holds but has not started although they were due
// some time ago; what became of them is asked of Redis.
func (s *Store) Silent(ctx context.Context, q tasks.Queue, overdue time.Duration, n int) ([]tasks.Outgoing, error) {
	var out []tasks.Outgoing
	err := s.view(ctx, func(t *tx) error {
		out = nil
		before := millis(t.Now().Add(-overdue))
		return t.each(ctx, func(scan func(...any) error) error {
			o := tasks.Outgoing{Queue: q}
			err := scan(&o.ID, &o.Generation, &o.Type, &o.Ref)
			out = append(out, o)
			return err
		}, `SELECT id, generation, type, ref FROM outbox WHERE state = 'sent' AND queue = $1 AND not_before < $2 AND sent_at < $2
		  ORDER BY not_before LIMIT $3`, string(q), before, n)
	})
	return out, err
}

// Reoffer sends one row again under the same TaskID, for a task that Redis lost;
// Supersede does so under a new one, for a task that sticks there.
func (s *Store) Reoffer(ctx context.Context, ref tasks.TaskRef) error {
	return s.again(ctx, ref, "generation")
}

// Supersede sends one row again with the next generation.
func (s *Store) Supersede(ctx context.Context, ref tasks.TaskRef) error {
	return s.again(ctx, ref, "generation + 1")
}

func (s *Store) again(ctx context.Context, ref tasks.TaskRef, generation string) error {
	return s.update(ctx, func(t *tx) error {
		_, err := t.q.exec(ctx, `UPDATE outbox SET state = 'waiting', lease_until = 0, generation = `+generation+`
		  WHERE id = $1 AND generation = $2 AND state IN ('waiting', 'sent')`, ref.ID, ref.Generation)
		t.posted = tasks.Queues()
		return err
	})
}

func (s *Store) view(ctx context.Context, fn func(*tx) error) error {
	return s.translate(s.db.view(ctx, fn))
}
