package tasks_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/store"
	"beian/tasks"
)

// stuck is a transfer whose effect fails until it is mended.
type stuck struct {
	tasks.Flow
	mended bool
}

func (s *stuck) Steps() map[string]tasks.StepFunc {
	steps := s.Flow.Steps()
	apply := steps["apply"]
	steps["apply"] = func(ctx context.Context, tx tasks.Tx, job *tasks.Job) (tasks.Change, error) {
		if !s.mended {
			return tasks.Change{}, errors.New("the effect fails")
		}
		return apply(ctx, tx, job)
	}
	return steps
}

func TestA4_a_step_that_was_given_up_shows_on_the_timeline_and_ends_the_job_when_redriven(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	flow := &stuck{Flow: o.parts.Flows[0]}
	o.parts.Flows = []tasks.Flow{flow}
	o.desk = tasks.NewDesk(o.parts)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.must(o.act(target, receipt, tasks.VerbAccept))
	for range 12 {
		o.jump(20 * time.Minute)
		o.run()
	}
	o.is(receipt, tasks.StateApplying)
	id := tasks.TaskID(tasks.KindTransfer, receipt, "apply")
	dead, err := o.store.DeadLetters(t.Context(), 10)
	o.must(err)
	if len(dead) != 1 || dead[0].ID != id || dead[0].Reason != "internal error" || dead[0].Attempts != 12 {
		t.Fatalf("dead letters: %+v", dead)
	}
	flow.mended = true
	o.must(o.store.Redrive(t.Context(), id, store.AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "op"}, Reason: "mended"}))
	o.run()
	o.is(receipt, tasks.StateDone)
	want := []tasks.What{tasks.WhatSubmitted, tasks.WhatVerified, tasks.WhatAccepted, tasks.WhatDeadLetter, tasks.WhatRedriven, tasks.WhatApplied}
	if diff := cmp.Diff(want, whats(o.look(receipt).Timeline)); diff != "" {
		t.Error(diff)
	}
	v, err := o.store.Verify(t.Context(), nil)
	o.must(err)
	if len(v.Broken) > 0 {
		t.Errorf("broken: %+v", v.Broken)
	}
}
