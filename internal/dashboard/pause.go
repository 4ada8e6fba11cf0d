package dashboard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"beian/tasks"
)

// Pauses ends the pauses of queues. When one ends is kept in Redis, beside the
// pause itself: a restart forgets neither, a flushed Redis forgets both.
type Pauses struct {
	parts     Parts
	inspector *asynq.Inspector
}

// NewPauses needs Redis, Audit, Log, Now and PauseFor of the parts; it is for
// processes without the dashboard.
func NewPauses(p Parts) *Pauses {
	p = p.withDefaults()
	return &Pauses{parts: p, inspector: asynq.NewInspectorFromRedisClient(p.Redis)}
}

func pauseKey(q tasks.Queue) string { return "beian:pause:" + string(q) }

// remember keeps when a pause that begins now must end.
func (p *Pauses) remember(ctx context.Context, q tasks.Queue) (time.Time, error) {
	until := p.parts.Now().Add(p.parts.PauseFor)
	if err := p.parts.Redis.Set(ctx, pauseKey(q), until.UnixMilli(), 0).Err(); err != nil {
		return until, fmt.Errorf("keeping the end of a pause: %w", err)
	}
	return until, nil
}

// forget drops what remember kept. Left behind it is harmless: the next pause
// overwrites it, and ResumeOverdue finds nothing paused.
func (p *Pauses) forget(ctx context.Context, q tasks.Queue) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditLimit)
	defer cancel()
	if err := p.parts.Redis.Del(ctx, pauseKey(q)).Err(); err != nil {
		p.parts.Log.Warn().Err(err).Str("queue", string(q)).Msg("the end of a pause was not cleared")
	}
}

// ResumeOverdue resumes every queue whose pause is over. A queue that somebody
// paused past the guard gets an end from now on. Call it about once a minute;
// it may run in several processes at once.
func (p *Pauses) ResumeOverdue(ctx context.Context) error {
	var failures []error
	for _, q := range tasks.Queues() {
		if err := p.look(ctx, q); err != nil {
			failures = append(failures, fmt.Errorf("looking after the pause of queue %s: %w", q, err))
		}
	}
	return errors.Join(failures...)
}

func (p *Pauses) look(ctx context.Context, q tasks.Queue) error {
	paused, err := isPaused(p.inspector, q)
	if err != nil || !paused {
		return ignoreMissing(err)
	}
	text, err := p.parts.Redis.Get(ctx, pauseKey(q)).Result()
	kept := err == nil
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	until, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !kept || err != nil:
		p.parts.Log.Warn().Str("queue", string(q)).Msg("a queue is paused without an end; it gets one")
		_, err = p.remember(ctx, q)
		return err
	case p.parts.Now().UnixMilli() < until:
		return nil
	}
	return p.resume(ctx, q)
}

// resume goes on when the journal cannot be written: a queue that stays paused
// does more harm than a missing row.
func (p *Pauses) resume(ctx context.Context, q tasks.Queue) error {
	e := Entry{Actor: tasks.System(), Action: "dashboard." + string(verbResume), Object: string(q),
		Reason: "the pause was over", Outcome: outcomeAsked}
	written := p.write(ctx, e)
	e.Outcome = outcomeDone
	err := p.inspector.UnpauseQueue(string(q))
	if err != nil && p.stillPaused(q) {
		e.Outcome = outcomeFailed
		return errors.Join(err, written, p.write(ctx, e))
	}
	p.forget(ctx, q)
	return errors.Join(written, p.write(ctx, e))
}

// stillPaused tells a failure from another process having been faster.
func (p *Pauses) stillPaused(q tasks.Queue) bool {
	paused, err := isPaused(p.inspector, q)
	return err != nil || paused
}

// isPaused returns ErrQueueNotFound for a queue that nothing was ever put into;
// the inspector's own error for that cannot be told from others.
func isPaused(inspector *asynq.Inspector, q tasks.Queue) (bool, error) {
	names, err := inspector.Queues()
	if err != nil {
		return false, fmt.Errorf("listing the queues: %w", err)
	}
	if !slices.Contains(names, string(q)) {
		return false, asynq.ErrQueueNotFound
	}
	info, err := inspector.GetQueueInfo(string(q))
	if err != nil {
		return false, fmt.Errorf("reading a queue: %w", err)
	}
	return info.Paused, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, asynq.ErrQueueNotFound) {
		return nil
	}
	return err
}

func (p *Pauses) write(ctx context.Context, e Entry) error {
	logEntry(p.parts, e)
	if err := p.parts.Audit(ctx, e); err != nil {
		return fmt.Errorf("writing the audit row of a resumed queue: %w", err)
	}
	return nil
}
