package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// step carries out a claimed task, outside world included, and commits its end.
type step func(ctx context.Context, c Claim) error

// Work carries out one delivered task. nil: nothing is left to do. *Again: it
// must be delivered again, not before the time it names. ErrNotFound: the record
// has no such task. The database decides
// in both cases; a delivery too many is harmless (queue.md, principle 1).
func (d *Desk) Work(ctx context.Context, ref TaskRef) error {
	var c Claim
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		c, err = tx.Claim(ctx, ref, d.lease)
		return err
	})
	if err != nil {
		return fmt.Errorf("claiming a task: %w", err)
	}
	switch c.Result {
	case ClaimNothing:
		return nil
	case ClaimUnknown:
		return fmt.Errorf("claiming a task: %w", ErrNotFound)
	case ClaimEarly:
		return &Again{In: c.Wait, Why: cmp.Or(c.Reason, "not before its time")}
	case ClaimBusy:
		return &Again{In: c.Wait, Why: "another worker has it"}
	}
	return d.carryOut(ctx, c)
}

// carryOut runs a claimed step while its lease is kept alive, and books a
// failure in SQL: when it comes back, or that it is dead, is decided there.
func (d *Desk) carryOut(ctx context.Context, c Claim) error {
	run, ok := d.steps[c.Type]
	if !ok {
		// A newer version may know it (R16), so it is given up only after hours.
		return d.postpone(ctx, c, Postponed{In: time.Minute, Reason: "unknown task type", Dead: c.Attempts >= maxDeliveries})
	}
	err := d.leased(ctx, c, run)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrFenced):
		// Nothing of ours was committed. Either a new owner carries on, or the task
		// was posted again meanwhile and waits for this very delivery.
		return d.Work(ctx, c.TaskRef)
	case errors.Is(err, ErrConflict):
		return d.postpone(ctx, c, Postponed{In: 50 * time.Millisecond, Reason: "changed in between", Dead: c.Attempts >= maxDeliveries})
	}
	var again *Again
	if errors.As(err, &again) && again.booked {
		return again
	}
	if errors.As(err, &again) {
		return d.postpone(ctx, c, Postponed{In: again.In, Reason: again.Why, Dead: c.last(err)})
	}
	return d.postpone(ctx, c, Postponed{In: backoff(c.Attempts), Reason: reason(err), Dead: c.last(err)})
}

// last reports whether a step is given up after this try.
func (c Claim) last(err error) bool {
	var again *Again
	if errors.As(err, &again) {
		return c.Attempts >= maxDeliveries
	}
	return c.Attempts >= maxAttempts
}

// leased runs a step and renews its lease until it returns. A lost lease
// cancels the step's context: the commit would be refused anyway (R13).
func (d *Desk) leased(ctx context.Context, c Claim, run step) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer func() {
		if p := recover(); p != nil {
			err = errPanic
		}
	}()
	go d.renew(ctx, cancel, c)
	return run(ctx, c)
}

// maxDeliveries bounds steps that wait for somebody else, such as a receipt.
const maxDeliveries = 200

var errPanic = errors.New("the step panicked")

func (d *Desk) renew(ctx context.Context, cancel context.CancelCauseFunc, c Claim) {
	tick := time.NewTicker(max(stretch(d.lease, 1/d.speed)/3, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err := d.store.Update(ctx, func(tx Tx) error { return tx.Renew(ctx, c, d.lease) })
			if errors.Is(err, ErrFenced) {
				cancel(ErrFenced)
				return
			}
		}
	}
}

// postpone books the failure and tells Asynq when to deliver again. A dead step
// is a row with a reason; Asynq is done with it (queue.md, principle 3).
func (d *Desk) postpone(ctx context.Context, c Claim, p Postponed) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := d.store.Update(ctx, func(tx Tx) error {
		if err := tx.Postpone(ctx, c, p); err != nil || !p.Dead {
			return err
		}
		return d.givenUp(ctx, tx, c)
	})
	if errors.Is(err, ErrFenced) || (err == nil && p.Dead) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("booking a failed step: %w", err)
	}
	return &Again{In: p.In, Why: p.Reason, Failure: true}
}

// givenUp tells the timeline that a step waits for people now: the applicant can
// see why nothing moves (A4).
func (d *Desk) givenUp(ctx context.Context, tx Tx, c Claim) error {
	kind, _, _ := strings.Cut(c.Type, ":")
	if _, ok := d.flows[Kind(kind)]; !ok {
		return nil
	}
	job, err := tx.Job(ctx, c.Ref, Viewer{System: true})
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	return d.record(ctx, tx, &job, Change{Events: []Event{{Actor: System(), What: WhatDeadLetter}}}, nil)
}

func ignore(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}

// reasonProvider begins a reason that is a provider's answer; class and code follow.
const reasonProvider = "provider: "

// reason names the class of a failure for people; it never carries the text of
// an error, which could carry a value.
func reason(err error) string {
	var send *SendError
	switch {
	case errors.As(err, &send):
		return reasonProvider + string(send.Class) + " " + send.Code
	case errors.Is(err, errPanic):
		return "panic"
	case errors.Is(err, ErrUnavailable):
		return "database unavailable"
	case errors.Is(err, ErrNotFound):
		return "record not found"
	case errors.Is(err, context.DeadlineExceeded):
		return "timed out"
	}
	return "internal error"
}

// flowStep wraps a flow's step: read the job, carry it out, write effect,
// timeline, next tasks and acknowledgement in one transaction.
func (d *Desk) flowStep(_ Flow, fn StepFunc) step {
	return func(ctx context.Context, c Claim) error {
		var parked *Again
		err := d.store.Update(ctx, func(tx Tx) error {
			job, err := tx.Job(ctx, c.Ref, Viewer{System: true})
			if err != nil {
				return err
			}
			change, err := fn(ctx, tx, &job)
			if err != nil {
				return err
			}
			if parked = change.Park; parked != nil {
				return d.park(ctx, tx, &job, change, c)
			}
			if change.empty() {
				return tx.Ack(ctx, c)
			}
			return d.record(ctx, tx, &job, change, &c)
		})
		if err != nil || parked == nil {
			return err
		}
		return &Again{In: parked.In, Why: parked.Why, Failure: parked.Failure, booked: true}
	}
}

// park writes a change and keeps its task for later, in one transaction.
func (d *Desk) park(ctx context.Context, tx Tx, job *Job, change Change, c Claim) error {
	if err := tx.Postpone(ctx, c, Postponed{In: change.Park.In, Reason: change.Park.Why, Parked: true}); err != nil {
		return err
	}
	if change.empty() {
		return nil
	}
	return d.record(ctx, tx, job, change, nil)
}

// chore wraps a duty of the house: do it, then acknowledge.
func (d *Desk) chore(do func(context.Context) error) step {
	return func(ctx context.Context, c Claim) error {
		if err := do(ctx); err != nil {
			return err
		}
		return d.store.Update(ctx, func(tx Tx) error { return tx.Ack(ctx, c) })
	}
}

// stretch is a span of the wall on a clock that runs faster.
func stretch(d time.Duration, speed float64) time.Duration {
	if speed <= 0 || speed == 1 {
		return d
	}
	return time.Duration(float64(d) * speed)
}

func (c Change) empty() bool {
	return c.To == "" && !c.Touched && len(c.Events)+len(c.Tasks)+len(c.Notices) == 0
}
