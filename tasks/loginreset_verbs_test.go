package tasks_test

import (
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

// reaches brings a new reset into each state that a job of its kind can be in.
func reaches() map[tasks.State]func(o *office) *reset {
	queued := func(o *office) *reset { return o.draft(o.holder()).handIn() }
	then := func(step func(r *reset)) func(o *office) *reset {
		return func(o *office) *reset {
			r := queued(o)
			step(r)
			return r
		}
	}
	return map[tasks.State]func(o *office) *reset{
		tasks.StateDraft: func(o *office) *reset { return o.draft(o.holder()) },
		tasks.StateEmailConfirm: func(o *office) *reset {
			r := o.draft(o.holder())
			r.clear(r.slots()...).provePhone()
			o.must(r.do(tasks.VerbSubmit))
			return r
		},
		tasks.StateQueued: queued,
		tasks.StateSecondReview: func(o *office) *reset {
			r := o.draft(o.company()).handIn()
			r.approve(reviewer(1))
			return r
		},
		tasks.StateNeedMore:  then(func(r *reset) { r.askFor(reviewer(1), "id_back") }),
		tasks.StateHold:      then(func(r *reset) { r.approve(reviewer(1)) }),
		tasks.StateDisputed:  then(func(r *reset) { r.must(r.object(tasks.TemplateResetWarned)) }),
		tasks.StateRejected:  then(func(r *reset) { r.reject(reviewer(1)) }),
		tasks.StateWithdrawn: then(func(r *reset) { r.must(r.do(tasks.VerbCancel)) }),
		tasks.StateExpired: then(func(r *reset) {
			r.askFor(reviewer(1), "id_back")
			r.pass(15 * 24 * time.Hour)
		}),
		tasks.StateDone: then(func(r *reset) {
			r.approve(reviewer(1))
			r.pass(24 * time.Hour)
		}),
		tasks.StateFailed: then(func(r *reset) {
			r.approve(reviewer(1))
			r.take(r.of.subject.with(line{"name": "张大明"}))
			r.pass(24 * time.Hour)
		}),
	}
}

// owned lists what the applicant can do in each state; everything else is the
// wrong state.
func owned() map[tasks.State][]tasks.Verb {
	return map[tasks.State][]tasks.Verb{
		tasks.StateDraft: {tasks.VerbVerify, tasks.VerbResend, tasks.VerbMailbox, tasks.VerbRevise, tasks.VerbKeep, tasks.VerbRemove,
			tasks.VerbSubmit, tasks.VerbCancel},
		tasks.StateEmailConfirm: {tasks.VerbMailbox, tasks.VerbCancel},
		tasks.StateQueued:       {tasks.VerbNudge, tasks.VerbCancel},
		tasks.StateSecondReview: {tasks.VerbNudge, tasks.VerbCancel},
		tasks.StateNeedMore:     {tasks.VerbSupplement, tasks.VerbKeep, tasks.VerbCancel},
		tasks.StateHold:         {tasks.VerbCancel},
		tasks.StateRejected:     {tasks.VerbAppeal},
	}
}

func applicantVerbs() []tasks.Verb {
	return append(owned()[tasks.StateDraft], tasks.VerbSupplement, tasks.VerbNudge, tasks.VerbAppeal)
}

func TestL7_each_state_offers_its_verbs_and_refuses_the_others(t *testing.T) {
	t.Parallel()
	for state, reach := range reaches() {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reach(o)
			r.stands(state)
			v, err := o.desk.Look(t.Context(), r.receipt, r.applicant())
			o.must(err)
			offered, want := slices.Sorted(slices.Values(v.Verbs)), slices.Sorted(slices.Values(owned()[state]))
			if !slices.Equal(offered, want) {
				t.Errorf("offered %v, want %v", offered, want)
			}
			before := len(r.look(r.receipt).Timeline)
			for _, verb := range applicantVerbs() {
				if !slices.Contains(want, verb) {
					wantWrongState(t, r.do(verb))
				}
			}
			for _, verb := range []tasks.Verb{tasks.VerbAccept, tasks.VerbDecline, tasks.VerbInvite, "claim", "nonsense"} {
				wantIs(t, r.do(verb), tasks.ErrNotFound)
			}
			if after := len(r.look(r.receipt).Timeline); after != before {
				t.Errorf("%d rows about refusals", after-before)
			}
			r.stands(state)
		})
	}
}

func TestA6_nobody_but_the_applicant_does_what_is_the_applicants(t *testing.T) {
	t.Parallel()
	for state, reach := range reaches() {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reach(o)
			refused := map[tasks.Viewer]error{
				{Tracking: "00000000"}:         tasks.ErrNotFound,
				{}:                             tasks.ErrNotFound,
				o.someone().viewer():           tasks.ErrNotFound,
				r.of.viewer():                  tasks.ErrForbidden,
				{Staff: tasks.ActorReviewer}:   tasks.ErrForbidden,
				{Staff: tasks.ActorSupervisor}: tasks.ErrForbidden,
			}
			if state == tasks.StateDraft { // nobody's business yet
				refused[r.of.viewer()] = tasks.ErrNotFound
			} else {
				refused[tasks.Viewer{Veto: r.word(tasks.TemplateResetWarned)}] = tasks.ErrForbidden
			}
			for by, want := range refused {
				for _, verb := range applicantVerbs() {
					wantIs(t, r.as(by, verb), want)
				}
				if want != tasks.ErrNotFound {
					continue
				}
				if _, err := o.desk.Look(t.Context(), r.receipt, by); err == nil {
					t.Error("a stranger sees it")
				}
			}
			r.stands(state)
		})
	}
}

func TestA8_supervisors_alone_release_and_reject_and_only_what_is_disputed(t *testing.T) {
	t.Parallel()
	for state, reach := range reaches() {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reach(o)
			for _, verb := range []tasks.Verb{tasks.VerbRelease, tasks.VerbReject} {
				for _, by := range []tasks.Viewer{r.applicant(), {Staff: tasks.ActorReviewer}, {Staff: tasks.ActorOperator}, {Staff: tasks.ActorAuditor}} {
					wantIs(t, r.as(by, verb), tasks.ErrForbidden)
				}
				if state != tasks.StateDisputed {
					wantWrongState(t, r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, verb))
				}
			}
			for _, by := range []tasks.Viewer{r.applicant(), {Staff: tasks.ActorReviewer}, {Staff: tasks.ActorOperator}} {
				wantIs(t, r.as(by, tasks.VerbDispute), tasks.ErrForbidden)
			}
			r.stands(state)
		})
	}
}

func TestL8_the_applicant_withdraws_from_every_state_before_the_effect(t *testing.T) {
	t.Parallel()
	for state, reach := range reaches() {
		if !slices.Contains(owned()[state], tasks.VerbCancel) {
			continue
		}
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reach(o)
			o.must(r.do(tasks.VerbCancel))
			r.stands(tasks.StateWithdrawn)
			told := 1
			if state == tasks.StateDraft {
				told = 0
			}
			for _, to := range []string{r.of.phone, r.of.email, r.of.principal} {
				if n := len(o.wire.to(to, tasks.TemplateResetStopped)); n != told {
					t.Errorf("an old channel was told %d times", n)
				}
			}
			o.pass(30 * 24 * time.Hour)
			r.stands(tasks.StateWithdrawn)
			if o.party(r.of).Account.LoginEmail.Reveal() != r.of.email {
				t.Error("the login was replaced")
			}
			if got, err := o.desk.ReviewOf(t.Context(), r.receipt); err == nil && (!got.State.Ended() || got.Breaches > 0) {
				t.Errorf("its review is %s with %d breaches", got.State, got.Breaches)
			}
			o.draft(r.of).handIn() // and the subject is free for another one
		})
	}
}

func TestL8_a_withdrawal_while_a_decision_can_be_taken_back_wins(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	o.must(r.decide(r.approval(reviewer(1))))
	o.must(r.do(tasks.VerbCancel))
	o.pass(72 * time.Hour)
	r.stands(tasks.StateWithdrawn)
	_, err := o.desk.Undo(t.Context(), r.receipt, reviewer(1))
	wantWrongState(t, err)
}

func TestAppeal_goes_once_to_two_supervisors(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.reject(reviewer(1))
	o.must(r.do(tasks.VerbAppeal))
	r.stands(tasks.StateQueued)
	if got := r.review(); !got.NeedsTwo || got.Tier == 0 || got.Round != 2 || !got.StartedAt.Equal(o.now()) {
		t.Errorf("two %v, tier %d, round %d", got.NeedsTwo, got.Tier, got.Round)
	}
	wantIs(t, r.claim(reviewer(2)), tasks.ErrForbidden)
	r.approve(supervisor(1))
	r.stands(tasks.StateSecondReview)
	wantIs(t, r.claim(supervisor(1)), tasks.ErrForbidden)
	r.reject(supervisor(2))
	wantWrongState(t, r.do(tasks.VerbAppeal))
	if got := r.state(); got.AppealedAt.IsZero() {
		t.Error("nobody can tell that it was appealed")
	}
}

func TestAppeal_that_two_supervisors_approve_takes_effect(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.reject(reviewer(1))
	for _, to := range []string{r.phone, r.address} {
		if len(o.wire.to(to, tasks.TemplateResetRejected)) != 1 {
			t.Error("the applicant was not told of the refusal")
		}
	}
	o.must(r.do(tasks.VerbAppeal))
	r.approve(supervisor(1))
	r.approve(supervisor(2))
	o.pass(24 * time.Hour)
	r.stands(tasks.StateDone)
}

func TestAppeal_is_possible_for_15_days_and_while_no_other_request_is_open(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	late := o.draft(o.holder()).handIn()
	late.reject(reviewer(1))
	r := o.draft(o.holder()).handIn()
	r.reject(reviewer(1))
	other := o.draft(r.of).handIn()
	wantCodes(t, r.do(tasks.VerbAppeal), "platform JOB_ALREADY_OPEN")
	o.must(other.do(tasks.VerbCancel))
	o.clock.set(r.look(r.receipt).Job.EndedAt.Add(15 * 24 * time.Hour))
	o.must(r.do(tasks.VerbAppeal))
	wantWrongState(t, late.do(tasks.VerbAppeal))
}

func TestAppeal_against_a_refusal_after_a_dispute_is_not_possible(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := reaches()[tasks.StateDisputed](o)
	o.must(r.as(tasks.Viewer{Staff: tasks.ActorSupervisor}, tasks.VerbReject))
	r.stands(tasks.StateRejected)
	wantWrongState(t, r.do(tasks.VerbAppeal))
}
