package tasks_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"beian/tasks"
)

func TestV1_a_claim_is_one_persons_until_its_lease_runs_out(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	wantIs(t, r.claim(reviewer(2)), tasks.ErrConflict)
	wantIs(t, r.decide(r.verdict(reviewer(2), tasks.VerdictEscalate)), tasks.ErrConflict)
	_, err := o.desk.ClaimNext(t.Context(), reviewer(2))
	wantIs(t, err, tasks.ErrNotFound)
	o.jump(20 * time.Minute)
	got, err := o.desk.Renew(t.Context(), r.receipt, reviewer(1))
	if err != nil || !got.LeaseUntil.Equal(o.now().Add(30*time.Minute)) {
		t.Errorf("until %v, %v", got.LeaseUntil, err)
	}
	_, err = o.desk.Renew(t.Context(), r.receipt, reviewer(2))
	wantIs(t, err, tasks.ErrConflict)
	o.jump(30*time.Minute - time.Second)
	wantIs(t, r.claim(reviewer(2)), tasks.ErrConflict)
	o.jump(time.Second)
	_, err = o.desk.Renew(t.Context(), r.receipt, reviewer(1))
	wantIs(t, err, tasks.ErrConflict)
	in := r.approval(reviewer(1))
	wantIs(t, r.decide(in), tasks.ErrConflict) // the claim is lost
	next, err := o.desk.ClaimNext(t.Context(), reviewer(2))
	if err != nil || next.Receipt != r.receipt || next.Holder != reviewer(2).ID {
		t.Errorf("%s, %v", next.Holder, err)
	}
	wantIs(t, o.desk.Return(t.Context(), r.receipt, reviewer(1)), tasks.ErrConflict)
	wantIs(t, r.decide(in), tasks.ErrConflict)
}

func TestV1_of_many_who_claim_at_once_one_holds_it(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		r := o.draft(o.holder()).handIn()
		var held atomic.Int32
		var wait sync.WaitGroup
		for n := range 8 {
			wait.Go(func() {
				_, err := o.desk.Claim(t.Context(), r.receipt, reviewer(n))
				if err == nil {
					held.Add(1)
				} else if !errors.Is(err, tasks.ErrConflict) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if held.Load() != 1 {
			t.Errorf("%d hold it", held.Load())
		}
	})
}

func TestV1_what_is_given_back_is_open_for_everybody(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		r := o.draft(o.holder()).handIn()
		wantIs(t, o.desk.Return(t.Context(), r.receipt, reviewer(1)), tasks.ErrConflict)
		o.must(r.claim(reviewer(1)))
		worked := r.review().WorkedFrom
		o.must(r.claim(reviewer(1))) // one's own again is a renewal
		wantIs(t, o.desk.Return(t.Context(), r.receipt, reviewer(2)), tasks.ErrConflict)
		o.must(o.desk.Return(t.Context(), r.receipt, reviewer(1)))
		if got := r.review(); got.State != tasks.ReviewOpen || got.Holder != "" {
			t.Errorf("%s, held by %q", got.State, got.Holder)
		}
		o.must(r.claim(reviewer(2)))
		if got := r.review().WorkedFrom; !got.Equal(worked) {
			t.Errorf("worked on from %v, want %v", got, worked)
		}
	})
}

func TestV1_operators_auditors_and_strangers_review_nothing(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	doc := r.bench(reviewer(1)).Documents[0]
	for _, kind := range []tasks.ActorKind{tasks.ActorOperator, tasks.ActorAuditor, tasks.ActorApplicant, ""} {
		staff, refused := tasks.Actor{Kind: kind, ID: "x"}, tasks.ErrForbidden
		if kind == "" {
			refused = tasks.ErrNotFound // nobody at all does not even see it
		}
		wantIs(t, r.claim(staff), refused)
		wantIs(t, r.decide(r.verdict(staff, tasks.VerdictEscalate)), refused)
		_, err := o.desk.ClaimNext(t.Context(), staff)
		wantIs(t, err, tasks.ErrNotFound)
		_, err = o.desk.OpenPicture(t.Context(), tasks.Picture{Receipt: r.receipt, DocumentID: doc.ID, Page: 1}, staff)
		wantIs(t, err, tasks.ErrForbidden)
	}
	_, err := o.desk.Workbench(t.Context(), r.receipt, tasks.Actor{Kind: tasks.ActorOperator, ID: "x"})
	wantIs(t, err, tasks.ErrForbidden)
	_, err = o.desk.Claim(t.Context(), "LR00000000", reviewer(1))
	wantIs(t, err, tasks.ErrNotFound)
	_, err = o.desk.Claim(t.Context(), o.submit(o.holder(), o.someone()), reviewer(1))
	wantIs(t, err, tasks.ErrNotFound)
}

func TestV1_an_approval_needs_every_tick_every_picture_and_the_numbers_off_them(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.company()).handIn()
	o.must(r.claim(reviewer(1)))
	empty := r.verdict(reviewer(1), tasks.VerdictApprove)
	wantPlaces(t, r.decide(empty), "checks CHECK_MISSING", "documents NOT_OPENED", "typed.applicant_id REQUIRED", "typed.certificate_number REQUIRED")
	r.approval(reviewer(2)) // another one's looking does not count
	wantPlaces(t, o.desk.Rehearse(t.Context(), empty), "checks CHECK_MISSING", "documents NOT_OPENED", "typed.applicant_id REQUIRED",
		"typed.certificate_number REQUIRED")
	in := r.approval(reviewer(1))
	right := in.Typed[tasks.FieldCertNumber]
	in.Typed[tasks.FieldCertNumber] = creditCode(999)
	in.Checks = in.Checks[1:]
	wantPlaces(t, r.decide(in), "checks CHECK_MISSING", "typed.certificate_number NUMBER_DIFFERS")
	in.Checks = r.bench(reviewer(1)).Checklist
	in.Typed[tasks.FieldCertNumber] = right[:8] + " " + right[8:]
	o.must(r.decide(in))
}

func TestV1_a_refusal_names_reasons_of_the_catalogue_about_what_is_there(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	fault := func(want string, v tasks.Verdict, findings ...tasks.Finding) {
		t.Helper()
		wantPlaces(t, r.decide(r.verdict(reviewer(1), v, findings...)), want)
	}
	fault("findings REQUIRED", tasks.VerdictReject)
	fault("findings REQUIRED", tasks.VerdictNeedMore)
	fault("verdict CHOICE_REQUIRED", "maybe")
	for _, f := range []tasks.Finding{
		{About: "id_back", Reason: "NONSENSE"}, {About: "letter", Reason: "LETTER_SEAL"}, {About: "id_back", Reason: "LETTER_SEAL"},
		{About: "new_email", Reason: "FACT_DIFFERS"}, {About: "subject_name", Reason: "DOC_DARK"}, {About: "request", Reason: "FACT_DIFFERS"},
		{About: "request", Reason: "SUSPECTED_FRAUD"}, {About: "id_back", Reason: "DOC_EDITED"},
		{About: "id_back", Reason: "DOC_DARK", Box: []int{5, 5, 5, 9}}, {About: "id_back", Reason: "DOC_DARK", Box: []int{0, 0, 1001, 9}},
	} {
		fault("findings.0 CHOICE_REQUIRED", tasks.VerdictNeedMore, f)
	}
	fault("findings.1 CHOICE_REQUIRED", tasks.VerdictReject, tasks.Finding{About: "request", Reason: "SUSPECTED_FRAUD"}, tasks.Finding{About: "id_back", Reason: "DOC_DARK"})
	stale := r.verdict(reviewer(1), tasks.VerdictEscalate)
	stale.Version = r.review().Version - 1
	wantIs(t, r.decide(stale), tasks.ErrStale)
	if got := r.review().State; got != tasks.ReviewClaimed {
		t.Errorf("the review is %s", got)
	}
}

func TestV1_a_decision_can_be_taken_back_for_ten_seconds(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	in := r.approval(reviewer(1))
	o.must(r.decide(in))
	o.must(r.decide(in)) // the same key: the same decision
	r.stands(tasks.StateQueued)
	wantIs(t, r.claim(reviewer(2)), tasks.ErrConflict)
	wantIs(t, o.desk.Return(t.Context(), r.receipt, reviewer(1)), tasks.ErrConflict)
	_, err := o.desk.Undo(t.Context(), r.receipt, reviewer(2))
	wantIs(t, err, tasks.ErrConflict)
	o.pass(undoFor - time.Millisecond)
	_, err = o.desk.Undo(t.Context(), r.receipt, reviewer(1))
	o.must(err)
	o.pass(time.Hour / 4) // and nothing comes of it
	r.stands(tasks.StateQueued)
	if got := r.review(); got.State != tasks.ReviewClaimed || got.Holder != reviewer(1).ID {
		t.Errorf("%s, held by %q", got.State, got.Holder)
	}
	_, err = o.desk.Undo(t.Context(), r.receipt, reviewer(1))
	wantWrongState(t, err)
	r.reject(reviewer(1)) // another decision
	r.stands(tasks.StateRejected)
	_, err = o.desk.Undo(t.Context(), r.receipt, reviewer(1))
	wantWrongState(t, err)
	if all := r.bench(supervisor(1)).Decisions; len(all) != 2 || all[0].Undone.IsZero() || !all[0].Settled.IsZero() || all[1].Settled.IsZero() {
		t.Errorf("%+v", all)
	}
}

// Taken back and decided anew before the first one's moment: that moment must not
// carry the second one out early.
func TestV1_a_second_decision_has_its_own_ten_seconds(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.must(r.claim(reviewer(1)))
	in := r.approval(reviewer(1))
	o.must(r.decide(in))
	o.pass(8 * time.Second)
	_, err := o.desk.Undo(t.Context(), r.receipt, reviewer(1))
	o.must(err)
	o.must(r.decide(r.approval(reviewer(1))))
	o.pass(8 * time.Second)
	r.stands(tasks.StateQueued)
	o.pass(2 * time.Second)
	r.stands(tasks.StateHold)
}

func TestV1_what_was_escalated_is_for_supervisors(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.decided(reviewer(1), tasks.VerdictEscalate)
	r.stands(tasks.StateQueued)
	if got := r.review(); got.Tier != 1 || got.State != tasks.ReviewOpen || got.Holder != "" {
		t.Errorf("tier %d, %s", got.Tier, got.State)
	}
	wantIs(t, r.claim(reviewer(2)), tasks.ErrForbidden)
	_, err := o.desk.ClaimNext(t.Context(), reviewer(2))
	wantIs(t, err, tasks.ErrNotFound)
	got, err := o.desk.ClaimNext(t.Context(), supervisor(1))
	if err != nil || got.Receipt != r.receipt {
		t.Errorf("%v", err)
	}
	r.approve(supervisor(1))
	r.stands(tasks.StateHold)
}

func TestV1_nothing_is_decided_twice_or_after_the_end(t *testing.T) {
	t.Parallel()
	for state, reach := range reaches() {
		if state == tasks.StateDraft || state == tasks.StateEmailConfirm || state == tasks.StateQueued || state == tasks.StateSecondReview {
			continue
		}
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := reach(o)
			wantWrongState(t, r.claim(supervisor(1)))
			wantWrongState(t, r.decide(r.verdict(supervisor(1), tasks.VerdictEscalate)))
			wantIs(t, o.desk.Return(t.Context(), r.receipt, reviewer(1)), tasks.ErrConflict)
			_, err := o.desk.Undo(t.Context(), r.receipt, reviewer(1))
			wantWrongState(t, err)
			r.stands(state)
		})
	}
}

func TestV5_a_number_is_unmasked_for_a_reason_and_by_the_holder_only(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	unmask := func(field, reason string, staff tasks.Actor) (string, error) {
		return o.desk.Unmask(t.Context(), r.receipt, field, reason, staff)
	}
	_, err := unmask(tasks.FieldCertNumber, "compare_document", reviewer(1))
	wantIs(t, err, tasks.ErrForbidden)
	o.must(r.claim(reviewer(1)))
	_, err = unmask(tasks.FieldCertNumber, "curious", reviewer(1))
	wantPlaces(t, err, "reason CHOICE_REQUIRED")
	_, err = unmask("password", "compare_document", reviewer(1))
	wantIs(t, err, tasks.ErrNotFound)
	_, err = unmask(tasks.FieldCertNumber, "compare_document", reviewer(2))
	wantIs(t, err, tasks.ErrForbidden)
	for _, staff := range []tasks.Actor{reviewer(1), supervisor(1)} {
		got, err := unmask(tasks.FieldPhone, "call_applicant", staff)
		if err != nil || got != r.phone {
			t.Errorf("%v", err)
		}
	}
}
