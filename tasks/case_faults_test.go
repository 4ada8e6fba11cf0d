package tasks_test

import (
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

func TestL7_the_picture_that_was_sent_back_is_no_supplement(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder())
	if _, err := r.upload(tasks.SlotIDFront, "the very same"); err != nil {
		t.Fatal(err)
	}
	r.clear(tasks.SlotIDBack, tasks.SlotHoldingID)
	r.provePhone()
	r.must(r.confirm(r.token()))
	r.must(r.do(tasks.VerbSubmit))
	r.askFor(reviewer(1), string(tasks.SlotIDFront))
	for range 2 {
		_, err := r.upload(tasks.SlotIDFront, "the very same", true)
		wantPlaces(t, err, "id_front DOC_DUPLICATE")
	}
	wantPlaces(t, r.do(tasks.VerbSupplement), "id_front DOC_MISSING")
	r.clear(tasks.SlotIDFront)
	r.must(r.do(tasks.VerbSupplement))
	r.stands(tasks.StateQueued)
	r.askFor(reviewer(1), string(tasks.SlotIDFront))
	if _, err := r.upload(tasks.SlotIDFront, "the very same"); err != nil { // another one was sent back since
		t.Errorf("an older picture: %v", err)
	}
}

func TestL7_who_refused_does_not_decide_the_appeal(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		r := o.draft(o.holder()).handIn()
		r.reject(supervisor(1))
		o.run()
		r.must(r.do(tasks.VerbAppeal))
		wantIs(t, r.claim(supervisor(1)), tasks.ErrForbidden)
		if r.bench(supervisor(1)).May || !r.bench(supervisor(2)).May {
			t.Error("the console offers it to the wrong one")
		}
		if _, err := o.desk.ClaimNext(o.ctx(), supervisor(1)); err == nil {
			t.Error("next gave it to who refused it")
		}
		r.must(r.claim(supervisor(2)))
	})
}

func TestV3_after_a_breach_a_supervisor_need_not_wait_for_a_lease(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.until(r.review().DueAt.Add(-5 * time.Minute))
	r.must(r.claim(reviewer(1)))
	o.pass(6 * time.Minute)
	if r.review().Breaches != 1 {
		t.Fatal("the promise is not broken")
	}
	if err := r.claim(supervisor(1)); err != nil {
		t.Fatalf("a supervisor has to wait: %v", err)
	}
	wantIs(t, r.claim(reviewer(1)), tasks.ErrForbidden)
	o.until(r.review().DueAt.Add(-5 * time.Minute))
	r.must(r.claim(supervisor(1)))
	o.pass(6 * time.Minute)
	if got := r.review(); got.Breaches != 2 || got.Holder != "sv-1" {
		t.Errorf("a second breach took the claim from the supervisor: %+v", got)
	}
}

func TestV5_a_representative_need_not_be_the_principal(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	for principal, want := range map[string]bool{"yes": false, "no": true} {
		r := o.draft(o.company(), tasks.FieldPrincipal, principal).handIn()
		facts := r.bench(reviewer(1)).Compared
		info := func(field string) bool {
			return facts[slices.IndexFunc(facts, func(c tasks.Compared) bool { return c.Field == field })].Info
		}
		if info(tasks.FieldApplicant) != want || !info(tasks.FieldPhone) || !info("login") || info(tasks.FieldCertNumber) {
			t.Errorf("principal %s: %+v", principal, facts)
		}
	}
}
