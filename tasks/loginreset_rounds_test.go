package tasks_test

import (
	"testing"
	"time"

	"beian/internal/workday"
	"beian/tasks"
)

func TestL7_the_promise_is_the_end_of_the_second_working_day(t *testing.T) {
	t.Parallel()
	for arrives, due := range map[string]string{
		"2026-03-02 09:00": "2026-03-04 18:00",
		"2026-03-02 18:00": "2026-03-05 18:00", // closing time counts as the next day
		"2026-03-06 10:00": "2026-03-10 18:00", // over a weekend
		"2026-03-07 10:00": "2026-03-11 18:00", // a Saturday
	} {
		o := openReview(t)
		o.clock.set(shanghai(t, arrives))
		r := o.draft(o.holder()).handIn()
		if got := r.review().DueAt; !got.Equal(shanghai(t, due)) {
			t.Errorf("%s: due %v", arrives, got)
		}
	}
}

func TestL7_asking_for_more_stops_the_clock_and_the_promise_moves_by_the_pause(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	calendar := workday.New()
	o.pass(3 * time.Hour)
	r.askFor(reviewer(1), "id_back")
	r.stands(tasks.StateNeedMore)
	asked := r.review()
	left := calendar.Between(asked.PausedAt, asked.DueAt)
	if asked.State != tasks.ReviewPaused || asked.PausedAt.IsZero() || left <= 0 {
		t.Fatalf("%s, paused at %v", asked.State, asked.PausedAt)
	}
	o.pass(9 * 24 * time.Hour) // far behind the first promise
	if got := r.review(); got.Breaches != 0 || got.Reminded != 0 || !got.DueAt.Equal(asked.DueAt) {
		t.Errorf("the clock ran: %d breaches, %d %%", got.Breaches, got.Reminded)
	}
	r.clear(tasks.SlotIDBack)
	o.must(r.do(tasks.VerbSupplement))
	r.stands(tasks.StateQueued)
	again := r.review()
	if got := calendar.Between(o.now(), again.DueAt); got != left || again.Round != 2 || !again.PausedAt.IsZero() {
		t.Errorf("%v of working time left, want %v; round %d", got, left, again.Round)
	}
	if !again.Promised.Equal(asked.Promised) {
		t.Error("the first promise was forgotten")
	}
	for _, to := range []string{r.phone, r.address} {
		if len(o.wire.to(to, tasks.TemplateResetAsked)) != 1 {
			t.Error("the applicant was not asked")
		}
	}
}

func TestL7_only_what_was_sent_back_can_be_handed_in(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.draft(p).handIn()
	r.askFor(reviewer(1), "id_back", tasks.FieldFiling)
	for _, slot := range []tasks.Slot{tasks.SlotIDFront, tasks.SlotHoldingID} {
		_, err := r.upload(slot, "clear")
		wantWrongState(t, err)
	}
	wantPlaces(t, r.do(tasks.VerbSupplement), "id_back DOC_MISSING")
	if _, err := r.upload(tasks.SlotIDBack, "blurred again"); err != nil {
		t.Fatal(err)
	}
	wantPlaces(t, r.do(tasks.VerbSupplement), "id_back DOC_BLURRED")
	o.must(r.do(tasks.VerbKeep, tasks.FieldSlot, "id_back"))
	wantCodes(t, r.do(tasks.VerbSupplement, tasks.FieldFiling, "other.example.com"), "source FACTS_DO_NOT_MATCH")
	wantPlaces(t, r.do(tasks.VerbSupplement, tasks.FieldFiling, "京ICP备1号"), "icp_or_domain "+codeAt(t, r.do(tasks.VerbSupplement, tasks.FieldFiling, "京ICP备1号"), "icp_or_domain"))
	domain := p.websites[0]["domain"].(string)
	o.must(r.do(tasks.VerbSupplement, tasks.FieldFiling, domain, tasks.FieldNewEmail, "thief@example.com", tasks.FieldSubjectName, "李四"))
	got, err := o.desk.OwnDossier(t.Context(), r.receipt, r.applicant())
	if err != nil || got.Domain.String() != domain || got.NewEmail.Reveal() != r.address || got.SubjectName != p.subject["name"] {
		t.Errorf("%s, %v, or what nobody asked for was changed", got.Domain, err)
	}
	wantWrongState(t, r.do(tasks.VerbSupplement))
}

func TestL7_after_three_supplements_only_a_supervisor_decides(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	for round := range 3 {
		if left := r.look(r.receipt).Case.MoreLeft; left != 3-round {
			t.Errorf("round %d: %d left", round+1, left)
		}
		r.askFor(reviewer(round+1), "id_back")
		r.clear(tasks.SlotIDBack)
		o.must(r.do(tasks.VerbSupplement))
	}
	if got := r.review(); got.Round != 4 || got.Tier == 0 {
		t.Fatalf("round %d, tier %d", got.Round, got.Tier)
	}
	wantIs(t, r.claim(reviewer(9)), tasks.ErrForbidden)
	_, err := o.desk.ClaimNext(t.Context(), reviewer(9))
	wantIs(t, err, tasks.ErrNotFound)
	for range 3 {
		r.askFor(supervisor(1), "id_back")
		r.clear(tasks.SlotIDBack)
		o.must(r.do(tasks.VerbSupplement))
	}
	o.must(r.claim(supervisor(1)))
	wantPlaces(t, r.decide(r.verdict(supervisor(1), tasks.VerdictNeedMore, tasks.Finding{About: "id_back", Reason: "DOC_DARK"})), "verdict ROUNDS_USED")
	o.must(r.decide(r.approval(supervisor(1))))
	o.pass(undoFor)
	r.stands(tasks.StateHold)
}

func TestL7_whoever_hands_nothing_in_for_15_days_is_too_late(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.askFor(reviewer(1), "id_back")
	o.pass(15*24*time.Hour - time.Second)
	r.stands(tasks.StateNeedMore)
	o.pass(time.Second)
	r.stands(tasks.StateExpired)
	if got := r.review().State; got != tasks.ReviewClosed {
		t.Errorf("the review is %s", got)
	}
	wantWrongState(t, r.claim(reviewer(2)))
}

// An earlier round's end must not end a later one.
func TestL7_the_15_days_begin_anew_with_each_round(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	r.askFor(reviewer(1), "id_back")
	o.pass(14 * 24 * time.Hour)
	r.clear(tasks.SlotIDBack)
	o.must(r.do(tasks.VerbSupplement))
	r.askFor(reviewer(2), "id_front")
	o.pass(14 * 24 * time.Hour)
	r.stands(tasks.StateNeedMore)
	o.pass(24 * time.Hour)
	r.stands(tasks.StateExpired)
}

func TestL7_the_applicant_reads_every_finding_with_its_place(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	box := []int{10, 20, 500, 900}
	r.decided(reviewer(1), tasks.VerdictNeedMore, tasks.Finding{About: "id_back", Reason: "DOC_GLARE", Box: box, Page: 1},
		tasks.Finding{About: tasks.FieldSubjectName, Reason: "FACT_DIFFERS"})
	v, err := o.desk.Look(t.Context(), r.receipt, r.applicant())
	if err != nil || len(v.Case.Findings) != 2 || v.Case.Findings[0].Box[3] != 900 || len(v.Case.Fields) != 1 || !v.Case.Paused {
		t.Fatalf("%+v, %v", v.Case, err)
	}
	for _, s := range v.Case.Slots {
		if s.Wanted != (s.Slot == tasks.SlotIDBack) || s.Filled() == s.Wanted {
			t.Errorf("%s: wanted %v, filled %v", s.Slot, s.Wanted, s.Filled())
		}
	}
	contact, err := o.desk.Look(t.Context(), r.receipt, tasks.Viewer{Veto: r.word(tasks.TemplateResetWarned)})
	if err != nil || len(contact.Case.Slots)+len(contact.Case.Findings) != 0 || contact.Case.Facts.Phone != "" || contact.Tracking != "" {
		t.Errorf("a contact sees %+v, %v", contact.Case, err)
	}
}

func TestNudge_once_in_each_half_of_the_promise(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn() // Monday 09:00 to Wednesday 18:00, half is Tuesday 13:30
	o.must(r.do(tasks.VerbNudge))
	o.jump(time.Hour)
	got := tooMany(t, r.do(tasks.VerbNudge))
	half := shanghai(t, "2026-03-03 13:30")
	if got.Limit != "nudge" || got.After.Round(time.Second) != half.Sub(o.now()) {
		t.Errorf("again in %v", got.After)
	}
	if from := r.look(r.receipt).Case.NudgeFrom; from.Sub(half).Abs() > time.Second {
		t.Errorf("the page says %v", from)
	}
	o.clock.set(half.Add(time.Second))
	o.must(r.do(tasks.VerbNudge))
	got = tooMany(t, r.do(tasks.VerbNudge))
	if want := r.review().DueAt.Sub(o.now()); got.After.Round(time.Second) != want {
		t.Errorf("again in %v, want %v", got.After, want)
	}
	if r.review().NudgedAt.IsZero() {
		t.Error("nobody sees it")
	}
}
