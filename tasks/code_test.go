package tasks_test

import (
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"beian/tasks"
)

func TestC1_a_code_has_six_digits_and_is_not_in_the_record(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	if !regexp.MustCompile(`^\d{6}$`).MatchString(code) {
		t.Errorf("%q", code)
	}
	o.view(func(tx tasks.Tx) error {
		notices, err := tx.Notices(t.Context(), o.look(receipt).Job.ID)
		for _, n := range notices {
			for k, v := range n.Params {
				if v == code || k == "veto" || k == "code" {
					t.Errorf("the ledger holds %s", k)
				}
			}
		}
		return err
	})
}

func TestC1_a_code_may_be_typed_with_blanks_and_wide_digits(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	wide := " " + code[:3] + "　" + string('０'+rune(code[3]-'0')) + "-" + code[4:] + "\n"
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, "  "), "REQUIRED")
	o.must(o.act(source, receipt, tasks.VerbVerify, wide))
	o.is(receipt, tasks.StateTargetConfirm)
}

func TestC1_a_code_lives_ten_minutes(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	o.pass(10 * time.Minute)
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, code), "CODE_EXPIRED")
	o.must(o.act(source, receipt, tasks.VerbResend))
	fresh := o.code(source.principal)
	if fresh == code {
		t.Fatal("an expired code came again")
	}
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, code), "CODE_WRONG")
	o.pass(10*time.Minute - time.Second)
	o.must(o.act(source, receipt, tasks.VerbVerify, fresh))
}

func TestC1_five_wrong_tries_lock_a_code_even_for_the_right_one(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.submit(source, target)
		code := o.code(source.principal)
		for left := 4; left > 0; left-- {
			err := o.act(source, receipt, tasks.VerbVerify, wrong(code))
			wantCodes(t, err, "CODE_WRONG")
			var invalid *tasks.Invalid
			if !errors.As(err, &invalid) || invalid.Faults[0].Params["n"] != string(rune('0'+left)) {
				t.Errorf("%d left, told %v", left, invalid)
			}
		}
		wantCodes(t, o.act(source, receipt, tasks.VerbVerify, wrong(code)), "CODE_LOCKED")
		wantCodes(t, o.act(source, receipt, tasks.VerbVerify, code), "CODE_LOCKED")
		o.is(receipt, tasks.StateSourceVerify)
		if n := count(o.look(receipt).Timeline, tasks.WhatCodeWrong); n < 5 {
			t.Errorf("the timeline knows %d wrong tries", n)
		}
	})
}

func TestC1_guesses_at_the_same_time_count_one_by_one(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.submit(source, target)
		code := o.code(source.principal)
		actions := make([]tasks.Action, 24)
		for i := range actions {
			actions[i] = tasks.Action{Receipt: receipt, Verb: tasks.VerbVerify, By: source.viewer(), Once: o.once(source),
				Fields: map[string]string{tasks.FieldCode: wrong(code)}}
		}
		answered := 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, a := range actions {
			wg.Go(func() {
				_, err := o.desk.Act(t.Context(), a)
				var invalid *tasks.Invalid
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.As(err, &invalid):
					if invalid.Faults[0].Code == tasks.CodeWrong {
						answered++
					}
				case !errors.Is(err, tasks.ErrConflict) && !errors.Is(err, tasks.ErrInFlight):
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if answered > 4 {
			t.Errorf("%d guesses were answered as wrong before the lock", answered)
		}
	})
}

func TestC1_resending_gives_the_same_code_within_its_life_and_keeps_the_tries(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	for range 3 {
		wantCodes(t, o.act(source, receipt, tasks.VerbVerify, wrong(code)), "CODE_WRONG")
	}
	o.pass(time.Minute)
	o.must(o.act(source, receipt, tasks.VerbResend))
	if got := o.code(source.principal); got != code || len(o.wire.to(source.principal, tasks.TemplateCode)) != 2 {
		t.Fatal("the resend brought other digits")
	}
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, wrong(code)), "CODE_WRONG")
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, wrong(code)), "CODE_LOCKED")
	o.pass(time.Minute)
	o.must(o.act(source, receipt, tasks.VerbResend)) // a locked code is replaced
	fresh := o.code(source.principal)
	if fresh == code {
		t.Fatal("a locked code came again")
	}
	o.must(o.act(source, receipt, tasks.VerbVerify, fresh))
}

func TestC1_a_resend_waits_a_minute_and_is_told_how_long(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	o.pass(20 * time.Second)
	limit := tooMany(t, o.act(source, receipt, tasks.VerbResend))
	if limit.Limit != tasks.CodeTooFrequent || limit.After != 40*time.Second {
		t.Errorf("%+v", limit)
	}
	o.pass(limit.After)
	o.must(o.act(source, receipt, tasks.VerbResend))
}

func TestC1_three_codes_a_day_for_one_job_bound_the_guesses(t *testing.T) {
	t.Parallel()
	o := openOffice(t, func(p *tasks.Policy) { p.VerifyWindow = 72 * time.Hour })
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	tries := 0
	for range 3 {
		code := o.code(source.principal)
		for range 8 {
			if err := o.act(source, receipt, tasks.VerbVerify, wrong(code)); codes(err)[0] == tasks.CodeWrong {
				tries++
			}
		}
		o.pass(time.Minute)
		if len(o.wire.to(source.principal, tasks.TemplateCode)) < 3 {
			o.must(o.act(source, receipt, tasks.VerbResend))
		}
	}
	if tries != 3*4 {
		t.Errorf("%d guesses before the locks", tries)
	}
	if limit := tooMany(t, o.act(source, receipt, tasks.VerbResend)); limit.Limit != tasks.CodeTooFrequent {
		t.Errorf("%+v", limit)
	}
	o.pass(24 * time.Hour)
	o.must(o.act(source, receipt, tasks.VerbResend))
	o.must(o.act(source, receipt, tasks.VerbVerify, o.code(source.principal)))
}

func TestC1_ten_codes_a_day_reach_one_phone_over_all_jobs(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	for range 10 {
		receipt := o.submit(source, target)
		o.must(o.act(source, receipt, tasks.VerbCancel))
		o.pass(10 * time.Minute)
	}
	_, err := o.trySubmit(source, target)
	if limit := tooMany(t, err); limit.Limit != tasks.CodeTooFrequent {
		t.Errorf("%+v", limit)
	}
	if n := len(o.wire.to(source.principal, tasks.TemplateCode)); n != 10 {
		t.Errorf("%d codes", n)
	}
	if o.party(source).Open != "" {
		t.Error("the refused submission left a job")
	}
	o.pass(24 * time.Hour)
	o.submit(source, target)
}

func TestC1_a_code_works_for_its_own_purpose_job_and_phone_only(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	other := o.holder()
	mine, theirs := o.submit(source, target), o.submit(other, o.someone())
	code := o.code(source.principal)
	if o.code(other.principal) != code { // they differ but for one in a million
		wantCodes(t, o.act(other, theirs, tasks.VerbVerify, code), "CODE_WRONG")
	}
	o.must(o.act(source, mine, tasks.VerbVerify, code))
	wantCodes(t, o.act(source, mine, tasks.VerbAccept, code), "CODE_EXPIRED") // given away, not taken
	o.must(o.act(source, mine, tasks.VerbInvite))
	if o.code(target.phone) != code {
		wantCodes(t, o.act(source, mine, tasks.VerbAccept, code), "CODE_WRONG")
	}
}

func TestC1_a_used_code_is_void(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	code := o.code(source.principal)
	o.must(o.act(source, receipt, tasks.VerbVerify, code))
	o.must(o.act(source, receipt, tasks.VerbDispute))
	o.must(o.staff(tasks.ActorSupervisor, receipt, tasks.VerbRelease))
	wantWrongState(t, o.act(source, receipt, tasks.VerbVerify, code))
}

func TestC1_a_changed_phone_gets_its_own_code(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	old := o.code(source.principal)
	const moved = "13600000001"
	o.take(source.subject.with(line{"principal": line{"name": "张小明", "phone": moved}}))
	o.pass(time.Minute)
	o.must(o.act(source, receipt, tasks.VerbResend))
	fresh := o.code(moved)
	if fresh == old {
		t.Fatal("the new phone got the old phone's code")
	}
	wantCodes(t, o.act(source, receipt, tasks.VerbVerify, old), "CODE_WRONG")
	o.must(o.act(source, receipt, tasks.VerbVerify, fresh))
}

func TestC1_no_code_goes_to_nobody_or_to_another_subjects_principal(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target, third := o.holder(), o.someone(), o.someone()
	receipt := o.submit(source, target)
	o.pass(time.Minute)
	o.take(source.subject.with(line{"principal": line{"name": "张小明"}}))
	wantCodes(t, o.act(source, receipt, tasks.VerbResend), "source PHONE_INVALID")
	at := o.now().Add(time.Second).Format(time.RFC3339)
	o.take(source.subject.with(line{"account": third.ext, "as_of": at}))
	wantCodes(t, o.act(source, receipt, tasks.VerbResend), "source SOURCE_HAS_NO_SUBJECT")
	o.take(subjectLine(77, source)) // another subject comes
	wantCodes(t, o.act(source, receipt, tasks.VerbResend), "source SOURCE_HAS_NO_SUBJECT")

	other := o.holder()
	asked := o.verified(other, target)
	o.take(target.account.with(line{"security_phone": nil}))
	wantCodes(t, o.act(other, asked, tasks.VerbInvite), "target PHONE_INVALID")
	o.must(o.act(target, asked, tasks.VerbAccept)) // signing in still works
	o.is(asked, tasks.StateDone)
}
