package tasks_test

import (
	"sync"
	"testing"
	"time"

	"beian/tasks"
)

func (o *office) sendTracking(receipt, phone string) error {
	o.tb.Helper()
	err := o.desk.SendTrackingCode(o.ctx(), receipt, o.parsedPhone(phone), "asker "+o.key())
	o.run()
	return err
}

func (o *office) open(receipt, phone, code string) (string, error) {
	o.tb.Helper()
	return o.desk.OpenWithCode(o.ctx(), receipt, o.parsedPhone(phone), code)
}

func TestTracking_a_code_to_a_partys_phone_opens_the_status_page(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.verified(source, target)
		for _, phone := range []string{source.phone, source.principal, target.phone} {
			o.must(o.sendTracking(receipt, phone))
			got := o.wire.to(phone, tasks.TemplateCode)
			if len(got) == 0 || got[len(got)-1].Params["purpose"] != string(tasks.PurposeTrack) {
				t.Fatal("no code came")
			}
			tracking, err := o.open(receipt, phone, o.code(phone))
			if err != nil {
				t.Fatal(err)
			}
			v, err := o.desk.Look(t.Context(), receipt, tasks.Viewer{Tracking: tracking})
			if err != nil || v.Role != tasks.RoleTracker || len(v.Verbs) != 0 || v.Tracking != "" || len(v.Timeline) == 0 {
				t.Errorf("%s, %v, verbs %v", v.Role, err, v.Verbs)
			}
			_, err = o.open(receipt, phone, o.code(phone))
			wantCodes(t, err, "CODE_EXPIRED") // used
		}
	})
}

func TestTracking_unknown_receipts_and_phones_get_the_same_answer(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	sent := len(o.wire.handed)
	for _, try := range [][2]string{{"TR00000000", source.phone}, {receipt, "13512345678"}, {receipt, target.phone}, {"", source.phone}} {
		if err := o.sendTracking(try[0], try[1]); err != nil {
			t.Errorf("%v", err)
		}
		_, err := o.open(try[0], try[1], "123456")
		wantCodes(t, err, "CODE_EXPIRED")
		_, err = o.open(try[0], try[1], "")
		wantCodes(t, err, "REQUIRED")
	}
	if n := len(o.wire.handed) - sent; n != 0 {
		t.Errorf("%d messages went out", n)
	}
	o.must(o.sendTracking(receipt, source.phone))
	_, err := o.open(receipt, source.phone, wrong(o.code(source.phone)))
	wantCodes(t, err, "CODE_EXPIRED")
	_, err = o.open(receipt, source.phone, "")
	wantCodes(t, err, "REQUIRED")
}

func TestTracking_a_code_opens_for_the_phone_that_got_it(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.verified(source, target)
	o.must(o.sendTracking(receipt, source.phone))
	code := o.code(source.phone)
	_, err := o.open(receipt, target.phone, code)
	wantCodes(t, err, "CODE_EXPIRED")
	if _, err := o.open(receipt, source.phone, code); err != nil {
		t.Error(err)
	}
}

func TestTracking_five_wrong_codes_lock_and_limits_are_silent(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.submit(source, target)
	o.must(o.sendTracking(receipt, source.phone))
	code := o.code(source.phone)
	for range 5 {
		_, err := o.open(receipt, source.phone, wrong(code))
		wantCodes(t, err, "CODE_EXPIRED")
	}
	_, err := o.open(receipt, source.phone, code)
	wantCodes(t, err, "CODE_EXPIRED")
	for range 6 { // within a minute, and then beyond three a day: no word about it
		o.must(o.sendTracking(receipt, source.phone))
		o.pass(30 * time.Second)
	}
	if n := len(o.wire.to(source.phone, tasks.TemplateCode)); n != 3 {
		t.Errorf("%d codes", n)
	}
}

func TestTracking_guesses_at_the_same_time_count_one_by_one(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		receipt := o.submit(source, target)
		o.must(o.sendTracking(receipt, source.phone))
		code := o.code(source.phone)
		phone := o.parsedPhone(source.phone)
		before := o.look(receipt).Job.Version
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				_, err := o.desk.OpenWithCode(t.Context(), receipt, phone, wrong(code))
				wantCodes(t, err, "CODE_EXPIRED")
			})
		}
		wg.Wait()
		job := o.look(receipt).Job
		o.view(func(tx tasks.Tx) error {
			spent, err := tx.Code(t.Context(), job.ID, tasks.PurposeTrack)
			// What lost a race was not looked at; what was looked at is counted.
			if int64(spent.Tries) != job.Version-before || spent.Tries == 0 {
				t.Errorf("%d guesses were looked at, %d counted", job.Version-before, spent.Tries)
			}
			return err
		})
	})
}

func TestTracking_one_address_may_ask_ten_times_an_hour(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	phone := o.parsedPhone("13512345678")
	for range 10 {
		if err := o.desk.SendTrackingCode(t.Context(), "TR00000000", phone, "asker"); err != nil {
			t.Fatal(err)
		}
	}
	tooMany(t, o.desk.SendTrackingCode(t.Context(), "TR00000000", phone, "asker"))
	if err := o.desk.SendTrackingCode(t.Context(), "TR00000000", phone, "another"); err != nil {
		t.Error(err)
	}
}

func TestTracking_after_the_effect_both_sides_and_the_principal_still_get_in(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	source, target := o.holder(), o.someone()
	receipt := o.moved(source, target)
	for _, phone := range []string{source.phone, target.phone, source.principal} {
		before := len(o.wire.to(phone, tasks.TemplateCode))
		o.must(o.sendTracking(receipt, phone))
		if len(o.wire.to(phone, tasks.TemplateCode)) != before+1 {
			t.Error("a party gets no code any more")
		}
		o.pass(time.Minute)
	}
}

func TestTracking_words_open_their_own_job_only(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	one, two := o.submit(o.holder(), o.someone()), o.submit(o.holder(), o.someone())
	word := o.look(one).Tracking
	if _, err := o.desk.Look(t.Context(), one, tasks.Viewer{Tracking: word}); err != nil {
		t.Error(err)
	}
	for _, by := range []tasks.Viewer{{Tracking: "AAAAAAAA"}, {Veto: word}, {AccountID: word}, {}} {
		_, err := o.desk.Look(t.Context(), one, by)
		wantIs(t, err, tasks.ErrNotFound)
	}
	_, err := o.desk.Look(t.Context(), two, tasks.Viewer{Tracking: word})
	wantIs(t, err, tasks.ErrNotFound)
}
