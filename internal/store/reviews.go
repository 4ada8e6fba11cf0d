package store

import (
	"context"
	"fmt"
	"strings"

	"beian/tasks"
)

const reviewColumns = `r.job_id, r.receipt, r.kind, r.nature, r.state, r.version, r.round, r.stage, r.tier, r.needs_two, r.first_by,
  r.holder, r.lease_until, r.risk, r.started_at, r.due_at, r.promised, r.paused_at, r.reminded, r.breached_at, r.breaches,
  r.nudged_at, r.worked_from, r.decided_at, r.decided_by, r.undo_until, r.days`

// Review reads the manual step of a job.
func (t *tx) Review(ctx context.Context, receipt string) (tasks.Review, error) {
	var r tasks.Review
	err := scanReview(t.q.row(ctx, `SELECT `+reviewColumns+` FROM reviews r WHERE r.receipt = $1`, receipt).Scan, &r)
	return r, notFound(err)
}

// scanReview reads reviewColumns and what a query selects behind them.
func scanReview(scan func(...any) error, r *tasks.Review, more ...any) error {
	var risk string
	var two, lease, started, due, promised, paused, breached, nudged, worked, decided, undo int64
	err := scan(append([]any{&r.JobID, &r.Receipt, &r.Kind, &r.Nature, &r.State, &r.Version, &r.Round, &r.Stage, &r.Tier, &two,
		&r.FirstBy, &r.Holder, &lease, &risk, &started, &due, &promised, &paused, &r.Reminded, &breached, &r.Breaches, &nudged,
		&worked, &decided, &r.DecidedBy, &undo, &r.Days}, more...)...)
	if err != nil {
		return err
	}
	r.NeedsTwo, r.Risk = two == 1, strings.Fields(risk)
	if risk == "" {
		r.Risk = nil
	}
	r.LeaseUntil, r.StartedAt, r.DueAt, r.Promised = moment(lease), moment(started), moment(due), moment(promised)
	r.PausedAt, r.BreachedAt, r.NudgedAt, r.WorkedFrom = moment(paused), moment(breached), moment(nudged), moment(worked)
	r.DecidedAt, r.UndoUntil = moment(decided), moment(undo)
	return nil
}

// SaveReview writes a review that nobody changed since it was read; the version
// decides between two reviewers (V1).
func (t *tx) SaveReview(ctx context.Context, r *tasks.Review) error {
	// In the order of both statements: what changes, then what never does.
	var ended int64
	if r.State.Ended() {
		ended = millis(t.Now())
	}
	changing := []any{string(r.State), r.Version + 1, r.Round, r.Stage, r.Tier, flag(r.NeedsTwo), r.FirstBy, r.Holder,
		millis(r.LeaseUntil), strings.Join(r.Risk, " "), flag(len(r.Risk) > 0), millis(r.StartedAt), millis(r.DueAt),
		millis(r.PausedAt), r.Reminded, millis(r.BreachedAt), r.Breaches, millis(r.NudgedAt), millis(r.WorkedFrom),
		millis(r.DecidedAt), r.DecidedBy, millis(r.UndoUntil), flag(r.State.Ended()), ended, r.JobID, r.Days}
	text := `INSERT INTO reviews (state, version, round, stage, tier, needs_two, first_by, holder, lease_until, risk, risky,
	  started_at, due_at, paused_at, reminded, breached_at, breaches, nudged_at, worked_from, decided_at, decided_by, undo_until,
	  ended, ended_at, job_id, days, receipt, kind, nature, promised)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28,$29,$30)`
	args := append(changing, r.Receipt, string(r.Kind), string(r.Nature), millis(r.Promised))
	if r.Version > 0 {
		text = `UPDATE reviews SET state = $1, version = $2, round = $3, stage = $4, tier = $5, needs_two = $6, first_by = $7,
		  holder = $8, lease_until = $9, risk = $10, risky = $11, started_at = $12, due_at = $13, paused_at = $14, reminded = $15,
		  breached_at = $16, breaches = $17, nudged_at = $18, worked_from = $19, decided_at = $20, decided_by = $21,
		  undo_until = $22, ended_at = CASE WHEN ended = 1 AND $23 = 1 THEN ended_at ELSE $24 END, ended = $23, days = $26
		  WHERE job_id = $25 AND version = $2 - 1`
		args = changing
	}
	if err := t.exactlyOne(ctx, tasks.ErrConflict, text, args...); err != nil {
		return fmt.Errorf("writing a review: %w", err)
	}
	r.Version++
	return nil
}
