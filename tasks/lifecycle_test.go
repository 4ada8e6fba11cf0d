package tasks_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"beian/tasks"
)

// allowed is the state machine as the rules give it; an ended state has no way
// out.
func allowed() map[tasks.State][]tasks.State {
	return map[tasks.State][]tasks.State{
		"":                       {tasks.StateSourceVerify},
		tasks.StateSourceVerify:  {tasks.StateTargetConfirm, tasks.StateWithdrawn, tasks.StateExpired, tasks.StateDisputed},
		tasks.StateTargetConfirm: {tasks.StateApplying, tasks.StateRejected, tasks.StateWithdrawn, tasks.StateExpired, tasks.StateDisputed},
		tasks.StateApplying:      {tasks.StateDone, tasks.StateFailed, tasks.StateDisputed},
		tasks.StateDisputed:      {tasks.StateSourceVerify, tasks.StateTargetConfirm, tasks.StateApplying, tasks.StateRejected},
	}
}

// drama is one source, one target and whatever they do.
type drama struct {
	*office
	rt             *rapid.T
	source, target person
	receipts       []string
}

// TestA4_every_job_ends_and_only_by_allowed_steps plays random verbs, in any
// order and by anybody, with jumps of time and changes of the facts.
func TestA4_every_job_ends_and_only_by_allowed_steps(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := &drama{office: o, rt: rt, source: o.holder(), target: o.someone()}
		for range rapid.IntRange(5, 30).Draw(rt, "steps") {
			d.step()
			d.holds()
		}
		d.end()
	})
	v, err := o.store.Verify(t.Context(), nil)
	if err != nil || len(v.Broken) > 0 {
		t.Errorf("%+v, %v", v.Broken, err)
	}
	if dead, err := o.store.DeadLetters(t.Context(), 10); err != nil || len(dead) > 0 {
		t.Errorf("dead letters: %+v, %v", dead, err)
	}
}

func (d *drama) step() {
	move := rapid.SampledFrom([]string{"submit", "verb", "verb", "verb", "verb", "right code", "accept", "run", "run", "staff", "veto", "time",
		"jump", "order", "double"}).Draw(d.rt, "move")
	switch move {
	case "submit":
		acc, err := d.trySubmit(d.source, d.target)
		if d.expected(err); err == nil {
			d.receipts = append(d.receipts, acc.Receipt)
		}
	case "run":
		d.run()
	case "double": // a delivery that Redis repeats
		d.relay(0)
		d.parked = append(d.parked, d.parked...)
		d.run()
	case "time":
		d.pass(rapid.SampledFrom([]time.Duration{time.Minute, 11 * time.Minute, 25 * time.Hour, 73 * time.Hour}).Draw(d.rt, "for"))
	case "jump":
		d.jump(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 30 * time.Hour}).Draw(d.rt, "by"))
	case "order":
		d.order(rapid.SampledFrom([]person{d.source, d.target}).Draw(d.rt, "of"), rapid.Bool().Draw(d.rt, "open"))
	default:
		if len(d.receipts) > 0 {
			d.verb(move, rapid.SampledFrom(d.receipts).Draw(d.rt, "job"))
		}
	}
}

func (d *drama) verb(move, receipt string) {
	switch move {
	case "right code":
		if got := d.wire.to(d.source.principal, tasks.TemplateCode); len(got) > 0 {
			d.expected(d.act(d.source, receipt, tasks.VerbVerify, got[len(got)-1].Params["code"]))
		}
	case "accept":
		d.expected(d.act(d.target, receipt, tasks.VerbAccept))
	case "veto":
		d.expected(d.veto(receipt, d.vault.Word("veto", d.look(receipt).Job.ID)))
	case "staff":
		role := rapid.SampledFrom([]tasks.ActorKind{tasks.ActorSupervisor, tasks.ActorSupervisor, tasks.ActorOperator}).Draw(d.rt, "role")
		d.expected(d.staff(role, receipt, rapid.SampledFrom([]tasks.Verb{tasks.VerbRelease, tasks.VerbReject, tasks.VerbDispute}).Draw(d.rt, "verb")))
	case "verb":
		who := rapid.SampledFrom([]person{d.source, d.target}).Draw(d.rt, "who")
		verb := rapid.SampledFrom([]tasks.Verb{tasks.VerbVerify, tasks.VerbResend, tasks.VerbInvite, tasks.VerbAccept, tasks.VerbDecline,
			tasks.VerbCancel, tasks.VerbDispute, tasks.VerbRelease}).Draw(d.rt, "verb")
		d.expected(d.act(who, receipt, verb, "000000"))
	}
}

// expected: a refusal has a reason that people understand.
func (d *drama) expected(err error) {
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	var often *tasks.TooMany
	var state *tasks.WrongState
	if err != nil && !errors.As(err, &invalid) && !errors.As(err, &blocked) && !errors.As(err, &often) && !errors.As(err, &state) &&
		!errors.Is(err, tasks.ErrForbidden) && !errors.Is(err, tasks.ErrNotFound) {
		d.rt.Fatalf("an unexpected error: %v", err)
	}
}

// holds checks what must be true at every moment.
func (d *drama) holds() {
	open := 0
	for _, receipt := range d.receipts {
		v := d.look(receipt)
		state := tasks.State("")
		for _, e := range v.Timeline {
			if e.From != state {
				d.rt.Fatalf("event %d comes from %s, the job stood in %s", e.Seq, e.From, state)
			}
			if e.To != e.From && !slices.Contains(allowed()[e.From], e.To) {
				d.rt.Fatalf("%s went from %s to %s", e.What, e.From, e.To)
			}
			state = e.To
		}
		if v.Job.State != state || v.Job.State.Ended() != !v.Job.EndedAt.IsZero() {
			d.rt.Fatalf("the job is in %s, its timeline in %s", v.Job.State, state)
		}
		if !state.Ended() {
			open++
		}
		if state == tasks.StateFailed && len(v.Job.Blockers) == 0 {
			d.rt.Fatal("it failed and nobody can see why")
		}
	}
	if open > 1 {
		d.rt.Fatalf("%d open jobs on one subject", open)
	}
	if d.party(d.source).HasSubject() == d.party(d.target).HasSubject() {
		d.rt.Fatal("the subject is nowhere or twice")
	}
}

// end lets supervisors decide and time pass: then every job has ended.
func (d *drama) end() {
	for _, receipt := range d.receipts {
		if d.look(receipt).Job.State == tasks.StateDisputed {
			d.expected(d.staff(tasks.ActorSupervisor, receipt, rapid.SampledFrom([]tasks.Verb{tasks.VerbRelease, tasks.VerbReject}).Draw(d.rt, "decision")))
		}
	}
	d.pass(80 * time.Hour)
	d.holds()
	moved := false
	for _, receipt := range d.receipts {
		job := d.look(receipt).Job
		if !job.State.Ended() {
			d.rt.Fatalf("a job is still in %s", job.State)
		}
		moved = moved || job.State == tasks.StateDone
	}
	if moved != d.party(d.target).HasSubject() {
		d.rt.Fatalf("moved: %v by the jobs, %v by the record", moved, !moved)
	}
}
