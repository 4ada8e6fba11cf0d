package tasks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The review card: one parked task per review round, so that Asynq's dashboard
// shows every pending review with its deadline (V3, ADR 0011). The flow says what
// it does (Reviewed.Card); here is what every card has in common.

const cardPrefix = "rv"

// CardID is the task of a review round, as the dashboard shows it (queue.md).
func CardID(receipt string, round int) string {
	return cardPrefix + "." + receipt + "." + strconv.Itoa(round)
}

// ParseCardID is the way back; ok is false for the id of any other task.
func ParseCardID(id string) (receipt string, round int, ok bool) {
	parts := strings.Split(id, ".")
	if len(parts) != 3 || parts[0] != cardPrefix || parts[1] == "" {
		return "", 0, false
	}
	round, err := strconv.Atoi(parts[2])
	return parts[1], round, err == nil && round > 0
}

func cardType(k Kind) string { return string(k) + ":card" }

func cardTask(r Review, at time.Time) Task {
	return Task{ID: CardID(r.Receipt, r.Round), Queue: QueueReview, Type: cardType(r.Kind), Ref: r.Receipt, NotBefore: at}
}

// cardStep runs a card. One whose review ended, or whose round is over, has
// nothing left to do: the next round has a card of its own.
func (d *Desk) cardStep(f Reviewed) step {
	return func(ctx context.Context, c Claim) error {
		return d.flowStep(f, func(ctx context.Context, tx Tx, job *Job) (Change, error) {
			r, err := tx.Review(ctx, job.Receipt)
			if err != nil || r.State.Ended() || c.ID != CardID(r.Receipt, r.Round) {
				return Change{}, ignore(err, ErrNotFound)
			}
			return f.Card(ctx, tx, job, r)
		})(ctx, c)
	}
}

// CardResult is what a finished card leaves in the dashboard: the receipt and how
// its round ended. No names, nothing else.
type CardResult struct {
	Receipt string `json:"receipt"`
	Outcome string `json:"outcome"` // approved | rejected | need_more | closed
}

// CardOutcomes are the values of CardResult.Outcome; permanent strings.
func CardOutcomes() []string {
	return []string{string(ReviewApproved), string(ReviewRejected), string(VerdictNeedMore), string(ReviewClosed)}
}

// CardResult tells how the round of a card ended; ErrNotFound while it goes on, and
// for tasks that are no cards.
func (d *Desk) CardResult(ctx context.Context, ref TaskRef) (CardResult, error) {
	receipt, round, ok := ParseCardID(ref.ID)
	if !ok {
		return CardResult{}, ErrNotFound
	}
	out := CardResult{Receipt: receipt}
	err := d.store.View(ctx, func(tx Tx) error {
		r, err := tx.Review(ctx, receipt)
		switch {
		case err != nil:
			return err
		case round >= r.Round && !r.State.Ended():
			return ErrNotFound
		case round >= r.Round:
			out.Outcome = string(r.State)
			return nil
		}
		out.Outcome, err = endOfRound(ctx, tx, r.JobID, round)
		return err
	})
	return out, err
}

// endOfRound is what was decided at the end of an earlier round: a refusal that was
// appealed against, else that more was needed.
func endOfRound(ctx context.Context, tx Tx, jobID string, round int) (string, error) {
	decisions, err := tx.Decisions(ctx, jobID)
	if err != nil {
		return "", err
	}
	for _, d := range decisions {
		if d.Round == round && d.Verdict == VerdictReject && !d.Settled.IsZero() {
			return string(ReviewRejected), nil
		}
	}
	return string(VerdictNeedMore), nil
}

// OverdueCard is a card that did not run in time. Lost ones have no living task,
// or one that would run too late.
type OverdueCard struct {
	TaskRef
	Review Review
	Lost   bool
}

const (
	cardLate  = time.Minute
	cardBatch = 200
)

// SweepCards is the second path of every threshold (V3): it carries out cards that
// are overdue by a minute, whatever became of their tasks in Redis, and posts lost
// ones again. It needs SQL only; call it about once a minute. It reports how many
// cards it moved.
func (d *Desk) SweepCards(ctx context.Context) (moved int, err error) {
	var cards []OverdueCard
	err = d.store.View(ctx, func(tx Tx) (err error) {
		cards, err = tx.OverdueCards(ctx, cardLate, cardBatch)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("looking for overdue reviews: %w", err)
	}
	for _, card := range cards {
		if err := d.sweepCard(ctx, card); err != nil {
			return moved, fmt.Errorf("moving an overdue review: %w", err)
		}
		moved++
	}
	return moved, nil
}

func (d *Desk) sweepCard(ctx context.Context, card OverdueCard) error {
	if card.Lost {
		return d.store.Update(ctx, func(tx Tx) error { return tx.Post(ctx, cardTask(card.Review, tx.Now())) })
	}
	err := d.Work(ctx, card.TaskRef)
	var again *Again
	if errors.As(err, &again) {
		return d.reword(ctx, card, again)
	}
	return err
}

// reword has Asynq deliver a card once more: what a breach booked here changed would
// otherwise show in the dashboard only when the old words' moment comes, and words
// are all that a card is for there.
func (d *Desk) reword(ctx context.Context, card OverdueCard, parked *Again) error {
	if !parked.Failure || !parked.booked {
		return nil
	}
	return d.store.Update(ctx, func(tx Tx) error { return tx.Post(ctx, cardTask(card.Review, tx.Now())) })
}
