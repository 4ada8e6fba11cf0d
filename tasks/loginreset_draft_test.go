package tasks_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"beian/tasks"
)

func TestL1_nobody_signs_in_and_every_fault_of_the_form_comes_at_once(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		_, err := o.tryDraft(map[string]string{})
		wantPlaces(t, err, "nature CHOICE_REQUIRED", "subject_name REQUIRED", "certificate_type CHOICE_REQUIRED", "icp_or_domain "+codeAt(t, err, "icp_or_domain"),
			"phone "+codeAt(t, err, "phone"), "new_email "+codeAt(t, err, "new_email"), "reason CHOICE_REQUIRED", "consent CONSENT_REQUIRED")
		r := o.draft(o.holder())
		r.stands(tasks.StateDraft)
		if r.tracking == "" || r.receipt[:2] != "LR" {
			t.Errorf("accepted as %q with %d characters of a code", r.receipt, len(r.tracking))
		}
	})
}

func codeAt(t *testing.T, err error, field string) string {
	t.Helper()
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		for _, f := range invalid.Faults {
			if f.Field == field {
				return f.Code
			}
		}
	}
	t.Errorf("no fault at %s", field)
	return ""
}

func TestL1_facts_that_do_not_agree_say_not_which(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p, other := o.holder(), o.holder()
	for name, change := range map[string][]string{
		"the name":              {tasks.FieldSubjectName, "张大明"},
		"the number":            {tasks.FieldCertNumber, "E99999999"},
		"the type":              {tasks.FieldCertType, "other"},
		"the ICP number":        {tasks.FieldFiling, other.subject["icp_number"].(string)},
		"the domain":            {tasks.FieldFiling, "nobody.example.com"},
		"the domain of another": {tasks.FieldFiling, other.websites[0]["domain"].(string)},
		"everything":            {tasks.FieldSubjectName, "李四", tasks.FieldCertNumber, "E88888888", tasks.FieldFiling, "京ICP备99999999号"},
	} {
		t.Run(name, func(t *testing.T) {
			r := o.draft(p, change...).complete()
			wantPlaces(t, r.do(tasks.VerbSubmit), "subject_name FACTS_DO_NOT_MATCH")
			r.stands(tasks.StateDraft)
		})
	}
	for _, to := range []string{p.phone, p.email, p.principal, other.phone} {
		if n := len(o.wire.to(to)); n != 0 {
			t.Errorf("an old channel heard of a draft %d times", n)
		}
	}
	o.draft(p, tasks.FieldFiling, p.websites[1]["domain"].(string)).handIn()
}

// Whoever could call an organisation an individual would need no second reviewer
// (L9) and no letter (L2).
func TestL1_the_nature_of_the_subject_is_one_of_the_facts(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.company()
	p.subject = p.subject.with(line{"certificate": line{"type": "other", "number": "ORG-1234567"}})
	o.take(p.subject)
	r := o.draft(p, tasks.FieldNature, "individual").complete()
	wantPlaces(t, r.do(tasks.VerbSubmit), "subject_name FACTS_DO_NOT_MATCH")
	o.draft(p).handIn()
}

func TestL1_nothing_is_said_about_a_filing_before_the_phone_is_confirmed(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	for _, right := range []bool{true, false} {
		var change []string
		if !right {
			change = []string{tasks.FieldCertNumber, "E99999999"}
		}
		r := o.draft(p, change...).clear(tasks.SlotIDFront)
		wantPlaces(t, r.do(tasks.VerbSubmit), "id_back DOC_MISSING", "holding_id DOC_MISSING", "phone PHONE_UNCONFIRMED")
		r.clear(r.slots()...)
		wantPlaces(t, r.do(tasks.VerbSubmit), "phone PHONE_UNCONFIRMED")
		wantCodes(t, r.do(tasks.VerbVerify, tasks.FieldCode, wrong(o.code(r.phone))), "CODE_WRONG")
		wantPlaces(t, r.do(tasks.VerbSubmit), "phone PHONE_UNCONFIRMED")
		o.pass(time.Minute)
		o.must(r.do(tasks.VerbResend))
		r.provePhone()
		r.must(r.confirm(r.token()))
		if err := r.do(tasks.VerbSubmit); (err == nil) != right {
			t.Errorf("facts that are right: %v, answer %v", right, err)
		}
	}
}

func TestL1_guesses_at_facts_by_one_phone_are_counted(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder(), tasks.FieldCertNumber, "E99999999").complete()
	for range 10 {
		wantCodes(t, r.do(tasks.VerbSubmit), "source FACTS_DO_NOT_MATCH")
	}
	if got := tooMany(t, r.do(tasks.VerbSubmit)); got.Limit != "reset_facts" {
		t.Errorf("stopped by %s", got.Limit)
	}
	r.stands(tasks.StateDraft)
}

func TestL1_a_filing_is_handed_in_three_times_in_30_days(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	for range 3 {
		r := o.draft(p).handIn()
		o.must(r.do(tasks.VerbCancel))
	}
	r := o.draft(p).complete()
	if got := tooMany(t, r.do(tasks.VerbSubmit)); got.Limit != "reset_subject" {
		t.Errorf("stopped by %s", got.Limit)
	}
	r.stands(tasks.StateDraft)
	for _, to := range []string{p.phone, p.email, p.principal} {
		if n := len(o.wire.to(to, tasks.TemplateResetWarned)); n != 3 {
			t.Errorf("an old channel was warned %d times", n)
		}
	}
}

func TestL2_a_missing_document_blocks_and_the_matrix_has_three_variants(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(o *office) *reset{
		"an individual":                       func(o *office) *reset { return o.draft(o.holder()) },
		"an organisation by its principal":    func(o *office) *reset { return o.draft(o.company(), tasks.FieldPrincipal, "yes") },
		"an organisation by a representative": func(o *office) *reset { return o.draft(o.company()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			r := make(o).complete()
			for _, slot := range r.slots() {
				o.must(r.do(tasks.VerbRemove, tasks.FieldSlot, string(slot)))
				wantPlaces(t, r.do(tasks.VerbSubmit), string(slot)+" DOC_MISSING")
				r.clear(slot)
			}
			for _, slot := range []tasks.Slot{tasks.SlotIDFront, tasks.SlotHoldingCertificate, tasks.SlotLetter, "passport"} {
				if slices.Contains(r.slots(), slot) {
					continue
				}
				_, err := r.upload(slot, "clear")
				wantIs(t, err, tasks.ErrNotFound)
				wantPlaces(t, r.do(tasks.VerbRemove, tasks.FieldSlot, string(slot)), "slot CHOICE_REQUIRED")
				wantPlaces(t, r.do(tasks.VerbKeep, tasks.FieldSlot, string(slot)), "slot DOC_MISSING")
			}
			o.must(r.do(tasks.VerbSubmit))
			r.stands(tasks.StateQueued)
			_, err := r.upload(r.slots()[0], "too late")
			wantWrongState(t, err)
		})
	}
}

func TestL2_only_the_applicant_uploads_and_opens_documents(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r, other := o.draft(p).clear(tasks.SlotIDFront), o.draft(p)
	doc, err := r.upload(tasks.SlotIDFront, "clear and mine")
	o.must(err)
	for name, by := range map[string]tasks.Viewer{"another's code": other.applicant(), "the holder": p.viewer(), "nobody": {}} {
		_, err := o.desk.Upload(t.Context(), tasks.Upload{Receipt: r.receipt, By: by, Slot: tasks.SlotIDFront, Data: []byte("x")})
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("%s uploads: %v", name, err)
		}
		_, err = o.desk.OwnPicture(t.Context(), r.receipt, doc.ID, 1, by)
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("%s opens a picture: %v", name, err)
		}
		_, err = o.desk.OwnDossier(t.Context(), r.receipt, by)
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("%s opens the dossier: %v", name, err)
		}
	}
	_, err = o.desk.Upload(t.Context(), tasks.Upload{Receipt: r.receipt, By: tasks.Viewer{Staff: tasks.ActorReviewer}, Slot: tasks.SlotIDFront})
	wantIs(t, err, tasks.ErrForbidden)
	got, err := o.desk.OwnPicture(t.Context(), r.receipt, doc.ID, 1, r.applicant())
	if string(got) != "clear and mine" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, page := range []int{-1, 2} {
		_, err = o.desk.OwnPicture(t.Context(), r.receipt, doc.ID, page, r.applicant())
		wantIs(t, err, tasks.ErrNotFound)
	}
	_, err = o.desk.OwnPicture(t.Context(), other.receipt, doc.ID, 1, other.applicant())
	wantIs(t, err, tasks.ErrNotFound)
}

func TestL4_a_doubt_blocks_until_the_applicant_insists_and_is_never_a_refusal(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).complete()
	doc, err := r.upload(tasks.SlotIDFront, "blurred one")
	if err != nil || len(doc.Flags) != 1 || doc.Insisted {
		t.Fatalf("%+v, %v", doc.Flags, err)
	}
	_, err = r.upload(tasks.SlotHoldingID, "dark one")
	o.must(err)
	wantPlaces(t, r.do(tasks.VerbSubmit), "id_front DOC_BLURRED", "holding_id DOC_DARK", "holding_id DOC_GLARE")
	o.must(r.do(tasks.VerbKeep, tasks.FieldSlot, "id_front"))
	o.must(r.do(tasks.VerbKeep, tasks.FieldSlot, "id_front")) // twice is once
	wantPlaces(t, r.do(tasks.VerbSubmit), "holding_id DOC_DARK", "holding_id DOC_GLARE")
	_, err = r.upload(tasks.SlotHoldingID, "dark again", true) // insisted at once
	o.must(err)
	o.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
	flags := 0
	for _, doc := range r.bench(reviewer(1)).Documents {
		if !doc.Replaced && len(doc.Flags) > 0 && doc.Insisted {
			flags++
		}
	}
	if flags != 2 {
		t.Errorf("the reviewer sees %d documents with doubts", flags)
	}
}

func TestL4_what_is_not_allowed_is_refused_and_a_picture_used_twice_is_told(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).complete()
	_, err := r.upload(tasks.SlotIDFront, "forbidden file")
	wantPlaces(t, err, "id_front DOC_FORMAT")
	for _, slot := range []tasks.Slot{tasks.SlotIDFront, tasks.SlotIDBack} {
		if _, err := r.upload(slot, "the same picture"); err != nil {
			t.Fatal(err)
		}
	}
	wantPlaces(t, r.do(tasks.VerbSubmit), "id_back DOC_DUPLICATE")
	r.clear(tasks.SlotIDBack)
	o.must(r.do(tasks.VerbSubmit))
}

func TestL5_the_wrong_digit_of_a_number_is_named(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	person, company := o.facts(o.holder()), o.facts(o.company())
	for name, c := range map[string]struct {
		fields        map[string]string
		field, number string
		pos           string
	}{
		"an ID card":          {person, tasks.FieldCertNumber, "110105194912310021", "18"},
		"a credit code":       {company, tasks.FieldCertNumber, "91350100M000100Y44", "18"},
		"the applicant's own": {company, tasks.FieldApplicantID, "110105194912310021", "18"},
		"a letter inside":     {company, tasks.FieldApplicantID, "1101051949123A002X", "14"},
	} {
		fields := maps.Clone(c.fields)
		fields[c.field] = c.number
		if fields[tasks.FieldNature] == "individual" {
			fields[tasks.FieldCertType] = "id_card"
		}
		_, err := o.tryDraft(fields)
		var invalid *tasks.Invalid
		if !errors.As(err, &invalid) || len(invalid.Faults) != 1 || invalid.Faults[0].Field != c.field || invalid.Faults[0].Params["pos"] != c.pos {
			t.Errorf("%s: %v", name, err)
		}
	}
}
