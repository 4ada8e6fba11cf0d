package tasks

import (
	"context"
	"fmt"
	"time"

	"beian/internal/filing"
)

// Errands are the steps of a flow that ask somebody outside. Each is three beats:
// a transaction reads what to ask, the outside is asked with none open, and the
// transaction that acknowledges the task books what was learnt.
type Errands interface {
	Errands() map[string]ErrandFunc
}

// ErrandFunc reads the record, inside a transaction, and returns what is to be
// asked. It may run again after an answer that was lost.
type ErrandFunc func(ctx context.Context, tx Tx, job *Job) (AskFunc, error)

// AskFunc asks the outside and returns the step that books the answer, refusals
// included. An error is our own trouble: the step is tried again.
type AskFunc func(ctx context.Context, out Outside) (StepFunc, error)

// Outside is whom an errand can ask. File examines a picture and puts it sealed
// into the cabinet (L4); what is not allowed is an *Invalid.
type Outside struct {
	Legacy Legacy
	File   func(ctx context.Context, jobID string, u Upload) (Document, error)
}

// nothing is an errand without anything to ask.
func nothing(context.Context, Outside) (StepFunc, error) {
	return func(context.Context, Tx, *Job) (Change, error) { return Change{}, nil }, nil
}

// settled is an errand that needs no answer from outside to take its step.
func settled(fn StepFunc) AskFunc {
	return func(context.Context, Outside) (StepFunc, error) { return fn, nil }
}

// errand wraps a flow's errand as a step of the desk.
func (d *Desk) errand(f Flow, prepare ErrandFunc) step {
	return func(ctx context.Context, c Claim) error {
		var ask AskFunc
		err := d.store.Update(ctx, func(tx Tx) error {
			if err := tx.Renew(ctx, c, d.lease); err != nil { // who slept since the claim must not ask (R13)
				return err
			}
			job, err := tx.Job(ctx, c.Ref, Viewer{System: true})
			if err != nil {
				return err
			}
			ask, err = prepare(ctx, tx, &job)
			return err
		})
		if err != nil {
			return err
		}
		book, err := ask(ctx, Outside{Legacy: d.legacy, File: d.fileAway})
		if err != nil {
			return err
		}
		return d.flowStep(f, book)(ctx, c)
	}
}

// Accepts reports whether the desk takes submissions of a kind: those that need
// the legacy platform only where one is configured (I2).
func (d *Desk) Accepts(k Kind) bool {
	_, known := d.flows[k]
	_, absent := d.legacy.(noLegacy)
	return known && !(absent && (k == KindLegacy || k == KindLegacyPapers))
}

// accepting is the flow of a kind that can be submitted.
func (d *Desk) accepting(k Kind) (Flow, error) {
	flow, ok := d.flows[k]
	switch {
	case !ok:
		return nil, fmt.Errorf("a submission of kind %q: %w", k, ErrNotFound)
	case !d.Accepts(k):
		return nil, &Blocked{Blockers: []Blocker{unavailable()}}
	}
	return flow, nil
}

// noLegacy stands where no legacy platform is configured. Imports that were begun
// before wait for it as for one that is down.
type noLegacy struct{}

func (noLegacy) down() error {
	return &LegacyError{Class: LegacyDown, Code: "NOT_CONFIGURED", After: time.Minute}
}

func (n noLegacy) Open(context.Context, LegacyCredentials) (LegacyTicket, error) {
	return LegacyTicket{}, n.down()
}

func (n noLegacy) Find(context.Context, filing.Certificate) (LegacyTicket, error) {
	return LegacyTicket{}, n.down()
}

func (n noLegacy) Holdings(context.Context, LegacyTicket) (LegacyHoldings, error) {
	return LegacyHoldings{}, n.down()
}

func (n noLegacy) Material(context.Context, LegacyTicket, LegacyMaterial) ([]byte, error) {
	return nil, n.down()
}
