package store

import (
	"context"
	"errors"
	"time"

	"beian/internal/failpoint"
	"beian/internal/traces"
	"beian/tasks"
)

// Post puts tasks into the outbox. One that is there already starts over with a
// new generation: an older delivery finds itself superseded. A living review card
// keeps its generation, so that the dashboard shows one card and not its forebears:
// the fence rises, and the relay has the card run that Redis holds (ADR 0011).
func (t *tx) Post(ctx context.Context, todo ...tasks.Task) error {
	if len(todo) == 0 {
		return nil
	}
	var args []any
	for _, task := range todo {
		notBefore := task.NotBefore
		if notBefore.IsZero() {
			notBefore = t.Now()
		}
		args = append(args, task.ID, string(task.Queue), task.Type, task.Ref, "waiting", millis(notBefore), millis(t.Now()), traces.Carried(ctx))
	}
	err := t.q.later(ctx, `INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at, trace) VALUES `+
		values(len(todo), 8)+` ON CONFLICT (id) DO UPDATE SET state = 'waiting', trace = excluded.trace, fence = outbox.fence + 1,
		generation = outbox.generation + CASE WHEN outbox.queue = 'review' AND outbox.state IN ('waiting', 'sent', 'running')
		  THEN 0 ELSE 1 END, not_before = excluded.not_before, attempts = 0, lease_until = 0, reason = '', sent_at = 0, ended_at = 0`, args...)
	t.wake(todo)
	return err
}

// wakeAhead is the horizon of the relay: what falls due later it would leave where
// it is, and need not be woken for.
const wakeAhead = time.Minute

func (t *tx) wake(todo []tasks.Task) {
	for _, task := range todo {
		if task.NotBefore.Sub(t.Now()) <= wakeAhead {
			t.posted = append(t.posted, task.Queue)
		}
	}
}

// Claim takes a task for a lease, counted on database time (R12). See
// tasks.ClaimResult for the answers.
func (t *tx) Claim(ctx context.Context, ref tasks.TaskRef, lease time.Duration) (tasks.Claim, error) {
	c := tasks.Claim{TaskRef: ref, Result: tasks.Claimed}
	now := millis(t.Now())
	err := scanOne(t.q.row(ctx, `UPDATE outbox SET state = 'running', fence = fence + 1, attempts = attempts + 1, lease_until = $1
	  WHERE id = $2 AND generation = $3 AND state IN ('waiting', 'sent') AND not_before <= $4
	  RETURNING type, ref, fence, attempts`, now+lease.Milliseconds(), ref.ID, ref.Generation, now),
		&c.Type, &c.Ref, &c.Fence, &c.Attempts)
	if errors.Is(err, tasks.ErrNotFound) {
		return t.unclaimed(ctx, c)
	}
	failpoint.Hit(failpoint.ClaimWritten)
	return c, err
}

// unclaimed says why a task could not be claimed.
func (t *tx) unclaimed(ctx context.Context, c tasks.Claim) (tasks.Claim, error) {
	var state, reason string
	var generation int
	var notBefore, lease int64
	err := scanOne(t.q.row(ctx, `SELECT state, generation, not_before, lease_until, reason FROM outbox WHERE id = $1`, c.ID),
		&state, &generation, &notBefore, &lease, &reason)
	c.Result = tasks.ClaimNothing
	switch {
	case errors.Is(err, tasks.ErrNotFound):
		c.Result = tasks.ClaimUnknown
		return c, nil
	case err == nil && generation != c.Generation:
		return c, nil
	}
	switch {
	case err != nil:
		return c, err
	case state == "running":
		c.Result, c.Wait = tasks.ClaimBusy, moment(lease).Sub(t.Now())
	case state == "waiting" || state == "sent":
		c.Result, c.Wait, c.Reason = tasks.ClaimEarly, moment(notBefore).Sub(t.Now()), reason
	}
	return c, nil
}

const owned = ` WHERE id = $1 AND generation = $2 AND fence = $3 AND state = 'running'`

// Renew prolongs a lease.
func (t *tx) Renew(ctx context.Context, c tasks.Claim, lease time.Duration) error {
	return t.exactlyOne(ctx, tasks.ErrFenced, `UPDATE outbox SET lease_until = $4`+owned,
		c.ID, c.Generation, c.Fence, millis(t.Now().Add(lease)))
}

// Ack ends a task.
func (t *tx) Ack(ctx context.Context, c tasks.Claim) error {
	failpoint.Hit(failpoint.BeforeAck)
	defer failpoint.Hit(failpoint.AckWritten)
	return t.exactlyOne(ctx, tasks.ErrFenced, `UPDATE outbox SET state = 'done', ended_at = $4, reason = '', lease_until = 0`+owned,
		c.ID, c.Generation, c.Fence, millis(t.Now()))
}

// Postpone keeps a task for later, or for people when it is dead. A postponed
// one stays "sent": Asynq holds its message and delivers it again.
func (t *tx) Postpone(ctx context.Context, c tasks.Claim, p tasks.Postponed) error {
	state, ended := "sent", int64(0)
	if p.Dead {
		state, ended = "dead", millis(t.Now())
	}
	return t.exactlyOne(ctx, tasks.ErrFenced, `UPDATE outbox SET state = $4, not_before = $5, reason = $6, ended_at = $7,
	  lease_until = 0, sent_at = $8, attempts = CASE WHEN $9 = 1 THEN 0 ELSE attempts END`+owned,
		c.ID, c.Generation, c.Fence, state, millis(t.Now().Add(p.In)), p.Reason, ended, millis(t.Now()), flag(p.Parked))
}
