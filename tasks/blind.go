package tasks

import (
	"context"
	"errors"
	"slices"
)

// Two pairs of eyes are two only while neither follows the other (L9, trust.md): until
// the second look has its verdict, whoever may take it learns neither who was first
// nor what that one decided, found or noted. Everybody else of the staff may.

// First is who looked first while a second look is to come: after the first
// approval, and already while that can still be taken back. It is empty when there
// is nothing to keep from anybody.
func (r Review) First() string {
	switch {
	case r.State.Ended():
		return ""
	case r.Stage == 2:
		return r.FirstBy
	case r.NeedsTwo && r.State == ReviewDeciding:
		return r.Holder
	}
	return ""
}

// blind reports whether a member of staff is kept from the first look.
func blind(ctx context.Context, tx Tx, r Review, staff Actor) bool {
	first := r.First()
	return first != "" && first != staff.ID && may(ctx, tx, r, staff) == nil
}

// blindEvents takes a first look's verdict out of a timeline: that it is over is
// what remains.
func blindEvents(timeline []Event, first string) []Event {
	out := slices.Clone(timeline)
	for i, e := range out {
		if e.Actor.ID != first {
			continue
		}
		out[i].Actor.ID = ""
		if e.What == WhatApprovedOnce || e.What == WhatApproved {
			out[i].What = WhatLooked
		}
	}
	return out
}

// blindDecisions keeps of a first look what the applicant was told, without its maker
// and notes.
func blindDecisions(all []Decision, first string) []Decision {
	var out []Decision
	for _, d := range all {
		if d.Staff.ID != first {
			out = append(out, d)
			continue
		}
		if d.Verdict == VerdictNeedMore && !d.Settled.IsZero() {
			d.Staff.ID, d.Note, d.Checks = "", "", nil
			out = append(out, d)
		}
	}
	return out
}

// blindFor takes out of a job's view what a member of staff who may look second must
// not learn; a nameless one is taken for such a one.
func (d *Desk) blindFor(ctx context.Context, tx Tx, v *View, by Viewer) error {
	if by.Staff == "" || v.Case == nil {
		return nil
	}
	r, err := tx.Review(ctx, v.Job.Receipt)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil && blind(ctx, tx, r, Actor{Kind: by.Staff, ID: by.StaffID}) {
		v.Timeline = blindEvents(v.Timeline, r.First())
	}
	return err
}
