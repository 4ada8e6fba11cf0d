package tasks_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/testenv"
	"beian/tasks"
)

// byPapers begins a transfer for whoever can't sign in to source. Only what applies
// to every job with papers is asked of the reset that comes back.
func (o *office) byPapers(source, target person, changes ...string) *reset {
	o.tb.Helper()
	fields := o.facts(source, append([]string{tasks.FieldTarget, target.email, tasks.FieldPhone4, target.phone4()}, changes...)...)
	delete(fields, tasks.FieldNewEmail)
	key := o.key()
	acc, err := o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindReviewed, Asker: "asker " + key, Lang: "zh-CN", Fields: fields,
		Once: tasks.Once{Scope: "papers", Key: key, Fingerprint: "f"}})
	o.must(err)
	return &reset{office: o, of: source, receipt: acc.Receipt, tracking: acc.Tracking, phone: fields[tasks.FieldPhone],
		nature: fields[tasks.FieldNature], principal: fields[tasks.FieldPrincipal]}
}

// ready fills every slot and proves the phone.
func (r *reset) ready() *reset {
	r.tb.Helper()
	r.clear(r.slots()...)
	r.provePhone()
	return r
}

// papersIn hands a reviewed transfer in, and the receiver accepts.
func (o *office) papersIn(source, target person) *reset {
	o.tb.Helper()
	r := o.byPapers(source, target).ready()
	r.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateTargetConfirm)
	r.must(o.act(target, r.receipt, tasks.VerbAccept))
	r.stands(tasks.StateQueued)
	return r
}

func openPapers(tb testing.TB, url string) *office {
	o := openOn(tb, url, func(p *tasks.Policy) { p.FourEyes, p.Hold, p.LongHold = false, 0, 0 })
	o.furnish(0)
	return o
}

func TestT13_papers_and_a_review_move_what_a_transfer_moves(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, o *office) {
		source, target := o.holder(), o.someone()
		subject := o.party(source).Subject
		was := o.holdings(subject.ID)
		r := o.papersIn(source, target)
		if len(o.wire.to(source.email, tasks.TemplatePapersWarned)) != 1 || len(o.wire.to(source.phone, tasks.TemplatePapersWarned)) != 1 {
			t.Error("the old channels were not told at the hand-in (A8)")
		}
		r.approve(reviewer(1))
		o.run()
		r.stands(tasks.StateDone)
		if o.party(target).Subject.ID != subject.ID || o.party(source).HasSubject() {
			t.Fatal("the subject did not move")
		}
		now := o.holdings(subject.ID)
		if len(now.Websites) != len(was.Websites) || len(now.Records) != len(was.Records) {
			t.Errorf("%d websites and %d records moved", len(now.Websites), len(now.Records))
		}
		for to, tpl := range map[string]tasks.Template{source.email: tasks.TemplateDone, target.phone: tasks.TemplateReceived,
			r.phone: tasks.TemplatePapersDone, source.phone: tasks.TemplatePapersApproved} {
			if len(o.wire.to(to, tpl)) != 1 {
				t.Errorf("%s was not sent once", tpl)
			}
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, "sqlite://"+t.TempDir()+"/record.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, testenv.Postgres(t))) })
}

func TestT13_the_effect_waits_for_the_old_channels(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.papersIn(o.holder(), o.someone())
	r.approve(reviewer(1))
	r.stands(tasks.StateHold)
	o.pass(23 * time.Hour)
	r.stands(tasks.StateHold)
	o.pass(2 * time.Hour)
	r.stands(tasks.StateDone)
}

func TestT13_a_veto_of_the_old_channel_keeps_everything_where_it_is(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	source, target := o.holder(), o.someone()
	r := o.papersIn(source, target)
	r.approve(reviewer(1))
	r.must(r.object(tasks.TemplatePapersApproved))
	o.pass(100 * time.Hour)
	r.stands(tasks.StateDisputed)
	if len(o.wire.to(target.phone, tasks.TemplateDisputed)) != 1 {
		t.Error("the receiver was not told that it is frozen")
	}
	o.must(o.staff(tasks.ActorSupervisor, r.receipt, tasks.VerbReject))
	r.stands(tasks.StateRejected)
	if !o.party(source).HasSubject() {
		t.Error("it moved")
	}
}

func TestT13_every_rule_of_a_transfer_holds_at_the_hand_in(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		given func(o *office) (source, target person)
		want  string
	}{
		"T1 nobody is called so": {func(o *office) (person, person) {
			target := o.someone()
			target.email = "nobody@example.com"
			return o.holder(), target
		}, "target TARGET_NOT_FOUND"},
		"T1 another phone": {func(o *office) (person, person) {
			target := o.someone()
			target.phone = "13900000000"
			return o.holder(), target
		}, "target TARGET_NOT_FOUND"},
		"T2": {func(o *office) (person, person) { p := o.someone(); o.order(p, true); return o.holder(), p }, "target TARGET_ORDER_IN_PROGRESS"},
		"T3": {func(o *office) (person, person) {
			return o.holder(), o.someone(line{"site": "international"})
		}, "target SITE_UNSUPPORTED"},
		"T4":           {func(o *office) (person, person) { p := o.holder(); o.order(p, true); return p, o.someone() }, " SOURCE_ORDER_IN_PROGRESS"},
		"T5":           {func(o *office) (person, person) { return o.holder(), o.holder() }, "target TARGET_HAS_SUBJECT"},
		"T6 to itself": {func(o *office) (person, person) { p := o.holder(); return p, p }, "target TARGET_IS_SOURCE"},
		"T6 from a frozen one": {func(o *office) (person, person) {
			return o.holder(line{"status": "frozen"}), o.someone()
		}, " SOURCE_FROZEN"},
		"T6 to a frozen one": {func(o *office) (person, person) {
			return o.holder(), o.someone(line{"status": "frozen"})
		}, "target TARGET_FROZEN"},
		"the owner's own transfer goes first": {func(o *office) (person, person) {
			p := o.holder()
			o.submit(p, o.someone())
			return p, o.someone()
		}, " JOB_ALREADY_OPEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			source, target := c.given(o)
			r := o.byPapers(source, target).ready()
			wantPlaces(t, r.do(tasks.VerbSubmit), c.want)
			r.stands(tasks.StateDraft)
		})
	}
}

func TestT13_what_is_missing_comes_at_once(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.byPapers(o.holder(), o.someone(), tasks.FieldSubjectName, "王某某", tasks.FieldTarget, "nobody@example.com")
	r.provePhone()
	wantPlaces(t, r.do(tasks.VerbSubmit), "subject_name FACTS_DO_NOT_MATCH", "target TARGET_NOT_FOUND",
		"id_front DOC_MISSING", "id_back DOC_MISSING", "holding_id DOC_MISSING")
	_, err := o.desk.Submit(o.ctx(), tasks.Submission{Kind: tasks.KindReviewed, Asker: "a", Fields: o.facts(o.holder()),
		Once: tasks.Once{Scope: "s", Key: "k", Fingerprint: "f"}})
	wantPlaces(t, err, "target REQUIRED", "target_phone4 REQUIRED")
}

func TestT13_what_changed_before_the_effect_ends_it_and_nothing_moves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *office, source, target person)
		want   string
	}{
		"T4": {func(o *office, source, _ person) { o.order(source, true) }, " SOURCE_ORDER_IN_PROGRESS"},
		"T5": {func(o *office, _, target person) {
			o.take(subjectLine(903, target).with(line{"external_id": "S903"}))
		}, "target TARGET_HAS_SUBJECT"},
		"the owner began a transfer of its own": {func(o *office, source, _ person) { o.submit(source, o.someone()) }, " JOB_ALREADY_OPEN"},
		"it left by another way":                {func(o *office, source, _ person) { o.moved(source, o.someone()) }, " SUBJECT_HELD_ELSEWHERE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			source, target := o.holder(), o.someone()
			r := o.papersIn(source, target)
			r.approve(reviewer(1))
			c.change(o, source, target)
			o.pass(30 * time.Hour)
			r.stands(tasks.StateFailed)
			if got := places(&tasks.Blocked{Blockers: o.look(r.receipt).Job.Blockers}); !slices.Contains(got, c.want) {
				t.Errorf("it failed for %v", got)
			}
			for _, to := range []string{r.phone, source.email, target.email} {
				if len(o.wire.to(to, tasks.TemplateFailed)) != 1 {
					t.Error("somebody was not told (T12)")
				}
			}
		})
	}
}

func TestT13_the_receiver_is_asked_before_anybody_reviews(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	source, target, stranger := o.holder(), o.someone(), o.someone()
	r := o.byPapers(source, target).ready()
	_, err := o.desk.Look(o.ctx(), r.receipt, target.viewer())
	wantIs(t, err, tasks.ErrNotFound) // a draft is nobody's business
	r.must(r.do(tasks.VerbSubmit))
	if len(o.wire.to(target.phone, tasks.TemplateInvited)) != 1 || len(o.wire.to(target.email, tasks.TemplateInvited)) != 1 {
		t.Error("the receiver was not asked")
	}
	if _, err := o.desk.ReviewOf(o.ctx(), r.receipt); err == nil {
		t.Error("a review began")
	}
	wantIs(t, o.act(stranger, r.receipt, tasks.VerbAccept), tasks.ErrNotFound)
	wantIs(t, o.act(source, r.receipt, tasks.VerbAccept), tasks.ErrForbidden)
	v, err := o.desk.Look(o.ctx(), r.receipt, target.viewer())
	if err != nil || v.Own || len(v.Case.Slots) > 0 || v.Case.Facts.Phone != "" || v.Preview.ICP == "" || v.Tracking != "" ||
		!slices.Contains(v.Verbs, tasks.VerbAccept) || !slices.Contains(v.Verbs, tasks.VerbDecline) {
		t.Errorf("the receiver sees %+v, %v", v, err)
	}
	r.must(o.act(target, r.receipt, tasks.VerbAccept))
	if r.review().StartedAt.IsZero() {
		t.Error("the clock does not run")
	}
}

func TestT13_the_receiver_accepts_on_the_applicants_screen_by_a_code(t *testing.T) {
	t.Parallel()
	test := func(t *testing.T, o *office) {
		target := o.someone()
		r := o.byPapers(o.holder(), target).ready()
		wantWrongState(t, r.do(tasks.VerbInvite)) // nobody is asked about a draft
		r.must(r.do(tasks.VerbSubmit))
		wantCodes(t, r.do(tasks.VerbAccept, tasks.FieldCode, "123456"), "CODE_EXPIRED")
		r.must(r.do(tasks.VerbInvite))
		asked := o.wire.to(target.phone, tasks.TemplateCode)
		if len(asked) != 1 || asked[0].Params["purpose"] != string(tasks.PurposeTake) || asked[0].Params["icp"] == "" {
			t.Fatalf("the code says %+v", asked)
		}
		code := o.code(target.phone)
		if code != o.code(r.phone) {
			wantCodes(t, r.do(tasks.VerbAccept, tasks.FieldCode, o.code(r.phone)), "CODE_WRONG") // the applicant's own
		}
		r.must(r.do(tasks.VerbAccept, tasks.FieldCode, code))
		r.stands(tasks.StateQueued)
		wantWrongState(t, r.do(tasks.VerbInvite))
		if !slices.ContainsFunc(o.look(r.receipt).Timeline, func(e tasks.Event) bool {
			return e.What == tasks.WhatAccepted && e.Note == "code" && e.Actor.ID == target.id
		}) {
			t.Error("the timeline does not say how the receiver agreed")
		}
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, "sqlite://"+t.TempDir()+"/record.db")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, openPapers(t, testenv.Postgres(t))) })
}

// The bounds of C1 are those of every code: five tries, one a minute, three a day.
func TestT13_the_receivers_code_has_the_bounds_of_every_code(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	target := o.someone()
	r := o.byPapers(o.holder(), target).ready()
	r.must(r.do(tasks.VerbSubmit))
	r.must(r.do(tasks.VerbInvite))
	tooMany(t, r.do(tasks.VerbInvite))
	bad := wrong(o.code(target.phone))
	for range 4 {
		wantCodes(t, r.do(tasks.VerbAccept, tasks.FieldCode, bad), "CODE_WRONG")
	}
	wantCodes(t, r.do(tasks.VerbAccept, tasks.FieldCode, bad), "CODE_LOCKED")
	wantCodes(t, r.do(tasks.VerbAccept, tasks.FieldCode, o.code(target.phone)), "CODE_LOCKED")
	for range 2 {
		o.pass(11 * time.Minute)
		r.must(r.do(tasks.VerbInvite))
	}
	o.pass(11 * time.Minute)
	tooMany(t, r.do(tasks.VerbInvite))
	r.stands(tasks.StateTargetConfirm)
	o.take(target.account.with(line{"security_phone": nil}))
	o.pass(25 * time.Hour)
	wantCodes(t, r.do(tasks.VerbInvite), "target PHONE_INVALID")
	r.must(o.act(target, r.receipt, tasks.VerbAccept)) // signing in still works
	r.stands(tasks.StateQueued)
}

func TestT13_a_receiver_that_declines_or_stays_silent_ends_it_for_good(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	target := o.someone()
	early := o.byPapers(o.holder(), target).ready()
	early.must(early.do(tasks.VerbSubmit))
	early.must(o.act(target, early.receipt, tasks.VerbDecline))
	early.stands(tasks.StateRejected)
	late := o.papersIn(o.holder(), target)
	late.must(o.act(target, late.receipt, tasks.VerbDecline))
	late.stands(tasks.StateRejected)
	if !late.review().State.Ended() {
		t.Error("reviewers still see it")
	}
	for _, r := range []*reset{early, late} {
		wantWrongState(t, r.do(tasks.VerbAppeal))
	}
	silent := o.byPapers(o.holder(), target).ready()
	silent.must(silent.do(tasks.VerbSubmit))
	o.pass(72*time.Hour + time.Minute)
	silent.stands(tasks.StateExpired)
}

func TestT13_without_acceptance_by_policy_the_review_begins_at_once(t *testing.T) {
	t.Parallel()
	o := openReview(t, func(p *tasks.Policy) { p.TargetAcceptance = false })
	target := o.someone()
	r := o.byPapers(o.holder(), target).ready()
	r.must(r.do(tasks.VerbSubmit))
	r.stands(tasks.StateQueued)
	wantIs(t, o.act(target, r.receipt, tasks.VerbDecline), tasks.ErrForbidden)
}

func TestT13_the_receiver_is_shown_as_it_is_found_once_the_phone_is_proved(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	target := o.someone()
	r := o.byPapers(o.holder(), target, tasks.FieldTarget, target.ext)
	shown := func() string {
		v, err := o.desk.Look(o.ctx(), r.receipt, r.applicant())
		o.must(err)
		return v.Preview.Target
	}
	before := shown()
	r.provePhone()
	if after := shown(); before == after || after != o.party(target).Account.LoginEmail.Masked() {
		t.Errorf("shown as %q, then as %q", before, after)
	}
	r.must(r.do(tasks.VerbRevise, tasks.FieldPhone4, "0000"))
	if got := shown(); got != before {
		t.Errorf("with a wrong end of the phone it is shown as %q", got)
	}
}

func TestT13_it_can_be_reversed_like_any_transfer(t *testing.T) {
	t.Parallel()
	o := openPapers(t, "sqlite://"+t.TempDir()+"/record.db")
	source, target := o.holder(), o.someone()
	r := o.papersIn(source, target)
	r.approve(reviewer(1))
	o.run()
	reversal := o.reverse(r.receipt)
	o.is(reversal, tasks.StateDone)
	if !o.party(source).HasSubject() || o.party(target).HasSubject() {
		t.Error("it is not back")
	}
}

func TestT13_the_reviewer_sees_the_receiver(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	target := o.someone()
	r := o.papersIn(o.holder(), target)
	w := r.bench(reviewer(1))
	i := slices.IndexFunc(w.Compared, func(c tasks.Compared) bool { return c.Field == tasks.FieldTarget })
	want := tasks.Compared{Field: tasks.FieldTarget, Claimed: o.party(target).Account.LoginEmail.Masked(), OnRecord: o.party(target).Account.LoginEmail.Masked(), Same: true}
	if i < 0 {
		t.Fatalf("it sees %v", w.Compared)
	}
	if diff := cmp.Diff(want, w.Compared[i]); diff != "" {
		t.Error(diff)
	}
}
