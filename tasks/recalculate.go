package tasks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// When the calendar changes, the dates of open reviews follow (V2). A date is
// counted anew from the start of its clock, with the pauses that are on the
// timeline applied again: what Replay of the calendar gives. Keeping the working
// time that is left instead would let a date depend on when somebody pressed the
// button, and a second run would move it once more.

// Dated is a reviewed flow whose promises follow the calendar.
type Dated interface {
	Reviewed
	// DueNow is the date of a review by the calendar in force; the review's own
	// where it must stay.
	DueNow(ctx context.Context, tx Tx, r Review) (time.Time, error)
	// Redated gives a review another date and says what that causes.
	Redated(ctx context.Context, tx Tx, job *Job, r *Review, due time.Time) (Change, error)
}

// Recalculated counts what a run over the open reviews came to.
type Recalculated struct {
	Looked int // open reviews
	Moved  int // that have another date now
}

const (
	recalculateBatch = 200
	recalculateTries = 5 // of one review that reviewers change meanwhile
)

// Recalculate brings the dates of all open reviews up to the calendar in force:
// one timeline row each, the card posted again, the applicant told only when the
// date moves later. A second run finds nothing to do; one that was stopped goes on
// where it is needed.
func (d *Desk) Recalculate(ctx context.Context) (Recalculated, error) {
	var sum Recalculated
	after := ""
	for {
		rows, moved, err := d.misdated(ctx, after)
		if err != nil {
			return sum, fmt.Errorf("looking for dates that moved: %w", err)
		}
		sum.Looked += len(rows)
		for _, receipt := range moved {
			changed, err := d.redateOne(ctx, receipt)
			if err != nil {
				return sum, fmt.Errorf("moving the date of %s: %w", receipt, err)
			}
			if changed {
				sum.Moved++
			}
		}
		if len(rows) < recalculateBatch {
			return sum, nil
		}
		after = rows[len(rows)-1].Cursor
	}
}

// misdated reads one batch and picks the receipts whose date is another now.
func (d *Desk) misdated(ctx context.Context, after string) (rows []ReviewRow, moved []string, err error) {
	err = d.store.View(ctx, func(tx Tx) error {
		moved = nil
		var err error
		if rows, err = tx.ReviewsOf(ctx, ReviewFilter{After: after, Limit: recalculateBatch}); err != nil {
			return err
		}
		for _, row := range rows {
			flow, ok := d.flows[row.Kind].(Dated)
			if !ok {
				continue
			}
			due, err := flow.DueNow(ctx, tx, row.Review)
			if err != nil {
				return err
			}
			if !due.Equal(row.DueAt) {
				moved = append(moved, row.Receipt)
			}
		}
		return nil
	})
	return rows, moved, err
}

// redateOne moves one date; what changed since it was looked at counts.
func (d *Desk) redateOne(ctx context.Context, receipt string) (moved bool, err error) {
	for range recalculateTries {
		err = d.store.Update(ctx, func(tx Tx) (err error) {
			moved, err = d.redate(ctx, tx, receipt)
			return err
		})
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	return moved, err
}

func (d *Desk) redate(ctx context.Context, tx Tx, receipt string) (moved bool, err error) {
	job, r, flow, err := d.reviewed(ctx, tx, receipt, Viewer{System: true})
	if err != nil {
		return false, err
	}
	dated, ok := flow.(Dated)
	if !ok {
		return false, nil
	}
	due, err := dated.DueNow(ctx, tx, r)
	if err != nil || due.Equal(r.DueAt) {
		return false, err
	}
	change, err := dated.Redated(ctx, tx, &job, &r, due)
	if err != nil {
		return false, err
	}
	if err := tx.SaveReview(ctx, &r); err != nil {
		return false, err
	}
	return true, d.record(ctx, tx, &job, change, nil)
}
