package store

import (
	"context"
	"time"

	"beian/tasks"
)

// cardOf joins a review with the task of its present round.
const cardOf = `FROM reviews r LEFT JOIN outbox o ON o.id = 'rv.' || r.receipt || '.' || r.round `

// OverdueCards lists the reviews whose card did not run in time, the earliest due
// first. A card is lost when no task of it lives, or when it would run after a
// promise that is over.
func (t *tx) OverdueCards(ctx context.Context, late time.Duration, limit int) ([]tasks.OverdueCard, error) {
	var out []tasks.OverdueCard
	err := t.each(ctx, func(scan func(...any) error) error {
		var c tasks.OverdueCard
		var lost int64
		err := scanReview(scan, &c.Review, &c.ID, &c.Generation, &lost)
		c.Lost = lost == 1
		out = append(out, c)
		return err
	}, `SELECT `+reviewColumns+`, coalesce(o.id, ''), coalesce(o.generation, 0),
	    CASE WHEN o.id IS NULL OR o.state IN ('dead', 'done') OR o.not_before >= $1 THEN 1 ELSE 0 END `+cardOf+`
	  WHERE r.ended = 0 AND (o.id IS NULL OR o.state IN ('dead', 'done')
	    OR (o.state IN ('waiting', 'sent') AND (o.not_before < $1 OR (r.due_at < $1 AND r.state <> 'paused'))))
	  ORDER BY r.due_at, r.job_id LIMIT $2`, millis(t.Now().Add(-late)), limit)
	return out, err
}

// HeldCards lists review cards that Asynq should hold, in the order of ids, behind
// an id.
func (s *Store) HeldCards(ctx context.Context, after string, limit int) ([]tasks.TaskRef, error) {
	var out []tasks.TaskRef
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var ref tasks.TaskRef
			err := scan(&ref.ID, &ref.Generation)
			out = append(out, ref)
			return err
		}, `SELECT id, generation FROM outbox WHERE state = 'sent' AND queue = 'review' AND id > $1 ORDER BY id LIMIT $2`, after, limit)
	})
	return out, err
}

// CountHeldCards counts them.
func (s *Store) CountHeldCards(ctx context.Context) (n int, err error) {
	err = s.view(ctx, func(t *tx) error {
		return t.q.row(ctx, `SELECT count(*) FROM outbox WHERE state = 'sent' AND queue = 'review'`).Scan(&n)
	})
	return n, err
}

// LiveCards reads the reviews behind cards by receipt, for the dashboard, with the
// role of whoever holds one. Unknown ones are left out.
func (s *Store) LiveCards(ctx context.Context, receipts []string) (map[string]LiveCard, error) {
	if len(receipts) == 0 {
		return nil, nil
	}
	args := make([]any, len(receipts))
	for i, r := range receipts {
		args[i] = r
	}
	out := map[string]LiveCard{}
	err := s.view(ctx, func(t *tx) error {
		clear(out)
		return t.each(ctx, func(scan func(...any) error) error {
			var c LiveCard
			err := scanReview(scan, &c.Review, &c.JobState, &c.HolderRole)
			c.Held = c.Review.State == tasks.ReviewClaimed && t.Now().Before(c.Review.LeaseUntil) || c.Review.State == tasks.ReviewDeciding
			out[c.Review.Receipt] = c
			return err
		}, `SELECT `+reviewColumns+`, j.state, coalesce(s.role, '') FROM reviews r JOIN jobs j ON j.id = r.job_id
		  LEFT JOIN staff s ON s.id = r.holder WHERE r.receipt IN (`+list(0, len(receipts))+`)`, args...)
	})
	return out, err
}

// LiveCard is a review as a card shows it: nobody's name.
type LiveCard struct {
	Review     tasks.Review
	JobState   tasks.State
	Held       bool
	HolderRole string
}
