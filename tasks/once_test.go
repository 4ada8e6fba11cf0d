package tasks_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestA6_the_same_key_gives_one_job_and_equal_answers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		s := form(source, target)
		s.Once = o.once(source)
		const twins = 40
		got, errs := make([]tasks.Accepted, twins), make([]error, twins)
		var wg sync.WaitGroup
		for i := range twins {
			wg.Go(func() { got[i], errs[i] = o.desk.Submit(t.Context(), s) })
		}
		wg.Wait()
		firsts := 0
		for i := range got {
			if errs[i] != nil && !errors.Is(errs[i], tasks.ErrInFlight) && !errors.Is(errs[i], tasks.ErrConflict) {
				t.Errorf("a twin was refused: %v", errs[i])
			}
			if errs[i] == nil && !got[i].Replayed {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("%d first answers", firsts)
		}
		later, err := o.desk.Submit(t.Context(), s)
		if err != nil || !later.Replayed || later.Tracking == "" {
			t.Fatalf("%+v, %v", later, err)
		}
		for i := range got {
			got[i].Replayed, got[i].Job = true, nil
			if errs[i] == nil && got[i] != later {
				t.Errorf("answers differ: %+v, %+v", got[i], later)
			}
		}
		s.Once.Fingerprint = "other"
		_, err = o.desk.Submit(t.Context(), s)
		wantIs(t, err, tasks.ErrKeyReused)
	})
}

func TestA6_a_replay_tells_the_state_at_the_time_of_the_first_answer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	a := tasks.Action{Receipt: receipt, Verb: tasks.VerbVerify, By: source.viewer(), Once: o.once(source),
		Fields: map[string]string{tasks.FieldCode: o.code(source.principal)}}
	first, err := o.desk.Act(t.Context(), a)
	o.must(err)
	o.must(o.act(target, receipt, tasks.VerbAccept))
	again, err := o.desk.Act(t.Context(), a)
	first.Replayed, first.Job = true, nil
	if err != nil || again != first || again.State != tasks.StateTargetConfirm {
		t.Errorf("%+v, %v; first %+v", again, err, first)
	}
}

// R21: the version is compared in the transaction that decides.
func TestR21_of_those_who_act_on_the_same_version_one_is_heard(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.verified(source, target)
		seen := o.look(receipt).Job.Version
		a := tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: target.viewer(), Version: seen}
		const people = 12
		got, errs := make([]tasks.Accepted, people), make([]error, people)
		asked := make([]tasks.Action, people)
		var wg sync.WaitGroup
		for i := range people {
			asked[i] = a
			asked[i].Once = o.once(target)
			wg.Go(func() { got[i], errs[i] = o.desk.Act(t.Context(), asked[i]) })
		}
		wg.Wait()
		heard := -1
		for i, err := range errs {
			switch {
			case err == nil && heard < 0:
				heard = i
			case !errors.Is(err, tasks.ErrStale) && !errors.Is(err, tasks.ErrInFlight):
				t.Errorf("the others should learn that the job moved on: %v", err)
			}
		}
		if heard < 0 || got[heard].Version != seen+1 || o.look(receipt).Job.Version != seen+1 {
			t.Fatalf("answers %+v, errors %v", got, errs)
		}
		again, err := o.desk.Act(t.Context(), asked[heard])
		if err != nil || !again.Replayed {
			t.Errorf("the replay of the one that was heard: %+v, %v", again, err)
		}
		a.Version = seen + 1
		a.Verb, a.By = tasks.VerbCancel, source.viewer()
		wantWrongState(t, second(o.desk.Act(t.Context(), a)))
	})
}

func second[T any](_ T, err error) error { return err }

func TestA6_a_double_click_on_the_code_counts_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.submit(source, target)
		a := tasks.Action{Receipt: receipt, Verb: tasks.VerbVerify, By: source.viewer(), Once: o.once(source),
			Fields: map[string]string{tasks.FieldCode: o.code(source.principal)}}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, errs[i] = o.desk.Act(t.Context(), a) })
		}
		wg.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else if !errors.Is(err, tasks.ErrConflict) {
				t.Errorf("a twin got %v", err)
			}
		}
		if good == 0 {
			t.Error("nobody got an answer")
		}
		if diff := cmp.Diff([]tasks.What{tasks.WhatSubmitted, tasks.WhatVerified}, whats(o.look(receipt).Timeline)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestA6_a_submission_needs_a_key(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	_, err := o.desk.Submit(t.Context(), form(source, target))
	wantCodes(t, err, "REQUIRED")
}

func TestA6_a_second_submission_is_pointed_at_the_first(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target, other := o.holder(), o.someone(), o.someone()
	receipt := o.submit(source, target)
	_, err := o.trySubmit(source, other)
	wantCodes(t, err, "source JOB_ALREADY_OPEN")
	var blocked *tasks.Blocked
	if !errors.As(err, &blocked) || blocked.Blockers[0].Params["receipt"] != receipt {
		t.Errorf("it does not lead to the first: %v", err)
	}
	o.must(o.act(source, receipt, tasks.VerbCancel))
	if _, err := o.trySubmit(source, other); err != nil {
		t.Errorf("after the first is withdrawn: %v", err)
	}
}

func TestA6_a_strangers_open_job_is_not_revealed(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target, third := o.holder(), o.someone(), o.someone()
	o.submit(source, target)
	o.take(source.subject.with(line{"account": third.ext, "as_of": o.now().Add(time.Second).Format(time.RFC3339)}))
	_, err := o.precheck(third, target)
	wantCodes(t, err, "platform JOB_ALREADY_OPEN")
	var blocked *tasks.Blocked
	if !errors.As(err, &blocked) || len(blocked.Blockers[0].Params) != 0 {
		t.Errorf("the new holder learns the receipt of the old one: %v", err)
	}
}

func TestA6_submissions_at_once_give_one_open_job(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		forms := make([]tasks.Submission, 8)
		for i := range forms {
			forms[i] = form(source, target)
			forms[i].Once = o.once(source)
		}
		var wg sync.WaitGroup
		errs := make([]error, len(forms))
		for i, s := range forms {
			wg.Go(func() { _, errs[i] = o.desk.Submit(t.Context(), s) })
		}
		wg.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else {
				wantCodes(t, err, "source JOB_ALREADY_OPEN")
			}
		}
		if good != 1 {
			t.Errorf("%d jobs were opened", good)
		}
	})
}

func TestA6_tracking_codes_do_not_rest_in_the_record(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	s := form(source, target)
	s.Once = o.once(source)
	if _, err := o.desk.Submit(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	o.view(func(tx tasks.Tx) error {
		stored, err := tx.Remembered(t.Context(), s.Once)
		if contains(string(stored), "tracking") {
			t.Errorf("stored: %s", stored)
		}
		return err
	})
}
