package tasks_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// done carries a whole reset out, on the clock.
func (o *office) done(p person) *reset {
	o.tb.Helper()
	r := o.draft(p).handIn()
	r.approve(reviewer(1))
	if r.nature == "organisation" {
		r.approve(reviewer(2))
	}
	o.pass(72 * time.Hour)
	r.stands(tasks.StateDone)
	return r
}

func TestL8_the_effect_replaces_the_login_and_takes_every_old_key_away(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	o.must(o.porter.SetPassword(t.Context(), tasks.System(), p.email, oldPassword))
	_, token, err := o.signIn(p, oldPassword)
	o.must(err)
	stale := o.link(p)
	r := o.done(p)
	if got := o.party(p).Account.LoginEmail.Reveal(); got != r.address {
		t.Error("the login is still the old one")
	}
	if _, err := o.porter.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the old session: %v", err)
	}
	moved := p
	moved.email = r.address
	for name, who := range map[string]person{"the old login": p, "the new one": moved} {
		if _, _, err := o.signIn(who, oldPassword); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("%s with the old password: %v", name, err)
		}
	}
	wantGone(t, o.recover(stale, newPassword))
	v := r.state()
	if v.AppliedAt.IsZero() || v.OldLogin != o.mailbox(p.email).Masked() {
		t.Errorf("applied at %v to %q", v.AppliedAt, v.OldLogin)
	}
}

func TestL8_the_link_to_the_password_goes_to_the_new_mailbox_and_works(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	r := o.draft(p).handIn()
	r.approve(reviewer(1))
	o.pass(24*time.Hour - undoFor)
	r.stands(tasks.StateDone)
	links := o.wire.to(r.address, tasks.TemplateRecovery)
	if len(links) != 1 || len(o.links(p)) != 0 || len(o.wire.to(r.phone, tasks.TemplateResetReady)) != 1 {
		t.Fatalf("%d links to the new mailbox, %d to the old one", len(links), len(o.links(p)))
	}
	o.must(o.recover(links[0].Params["key"], newPassword))
	p.email = r.address
	if _, _, err := o.signIn(p, newPassword); err != nil {
		t.Error(err)
	}
}

// TestL8_the_hold: counted from submission, so that an ordinary two-day review
// loses no time.
func TestL8_the_hold_is_24_hours_from_submission_and_72_with_a_doubt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare  func(o *office, p *person) []string
		hold     time.Duration
		why      string
		wantRisk []string
	}{
		"usual":          {func(*office, *person) []string { return nil }, 24 * time.Hour, "usual", nil},
		"a risk":         {newPhoneOnRecord, 72 * time.Hour, "risk", []string{"contact_changed"}},
		"nobody reached": {unreachable, 72 * time.Hour, "unreached", nil},
		"mailbox seen": {func(o *office, _ *person) []string {
			return []string{tasks.FieldNewEmail, o.draft(o.holder()).handIn().address}
		}, 72 * time.Hour, "risk", []string{"mailbox_seen"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			p := o.holder()
			r := o.draft(p, c.prepare(o, &p)...).handIn()
			submitted := o.now()
			o.pass(time.Hour)
			r.approve(reviewer(1))
			r.stands(tasks.StateHold)
			f := r.state()
			if got := f.HoldUntil.Sub(submitted); got != c.hold || f.HoldWhy != c.why || !slices.Equal(r.review().Risk, c.wantRisk) {
				t.Fatalf("held for %v because %s, risk %v", got, f.HoldWhy, r.review().Risk)
			}
			o.pass(c.hold - time.Hour - undoFor - time.Second)
			r.stands(tasks.StateHold)
			o.pass(time.Second)
			r.stands(tasks.StateDone)
		})
	}
}

func newPhoneOnRecord(o *office, p *person) []string {
	p.phone = "13912340000"
	o.take(p.account.with(line{"security_phone": p.phone}))
	return nil
}

func unreachable(o *office, p *person) []string {
	for _, to := range []string{p.phone, p.email, p.principal} {
		o.wire.plays(to, refusal(tasks.SendBadNumber))
	}
	return nil
}

func TestL8_a_hold_grows_when_it_turns_out_that_nobody_was_warned(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p := o.holder()
	busy := answer{err: &tasks.SendError{Class: tasks.SendThrottled, After: 11 * time.Hour, Code: "BUSY"}}
	for _, to := range []string{p.phone, p.email, p.principal} {
		o.wire.plays(to, busy, busy, busy, busy, busy, busy) // the approval is told on the same wires
	}
	r := o.draft(p).handIn()
	submitted := o.now()
	r.approve(reviewer(1))
	if f := r.state(); f.HoldWhy != "usual" { // the warnings are on their way
		t.Fatalf("held because %s", f.HoldWhy)
	}
	o.pass(30 * time.Hour)
	r.stands(tasks.StateHold)
	if f := r.state(); f.HoldWhy != "unreached" || f.HoldUntil.Sub(submitted) != 72*time.Hour {
		t.Errorf("held for %v because %s", f.HoldUntil.Sub(submitted), f.HoldWhy)
	}
	o.pass(42 * time.Hour)
	r.stands(tasks.StateDone)
}

func TestL8_after_a_review_longer_than_the_hold_the_effect_is_at_once(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.holder()).handIn()
	o.pass(30 * time.Hour)
	r.approve(reviewer(1))
	r.stands(tasks.StateDone)
}

func TestL8_no_transfer_for_seven_days(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	p, target := o.holder(), o.someone()
	r := o.draft(p).handIn()
	r.approve(reviewer(1))
	o.pass(24*time.Hour - undoFor)
	r.stands(tasks.StateDone)
	_, err := o.precheck(p, target)
	wantCodes(t, err, "source HOLD_ACTIVE")
	_, err = o.trySubmit(p, target)
	wantCodes(t, err, "source HOLD_ACTIVE")
	o.pass(7*24*time.Hour - time.Second)
	_, err = o.precheck(p, target)
	wantCodes(t, err, "source HOLD_ACTIVE")
	o.pass(time.Second)
	if _, err = o.precheck(p, target); err != nil {
		t.Error(err)
	}
}

func TestL8_what_changed_during_the_hold_ends_the_reset_with_its_reason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(o *office, r *reset)
		want   string
	}{
		"the mailbox was taken":   {func(o *office, r *reset) { o.someone(line{"login_email": r.address}) }, "EMAIL_TAKEN"},
		"the subject was renamed": {func(o *office, r *reset) { o.take(r.of.subject.with(line{"name": "张大明"})) }, "FACTS_DO_NOT_MATCH"},
		"the account was closed":  {func(o *office, r *reset) { o.take(r.of.account.with(line{"status": "closed"})) }, "SOURCE_FROZEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := openReview(t)
			p := o.holder()
			r := o.draft(p).handIn()
			r.approve(reviewer(1))
			c.change(o, r)
			o.pass(72 * time.Hour)
			r.stands(tasks.StateFailed)
			if got := r.look(r.receipt).Job.Blockers; len(got) != 1 || got[0].Code != c.want {
				t.Errorf("blocked by %+v", got)
			}
			if o.party(p).Account.LoginEmail.Reveal() != p.email {
				t.Error("the login was replaced all the same")
			}
			for _, to := range []string{r.phone, r.address, p.phone, p.email, p.principal} {
				if len(o.wire.to(to, tasks.TemplateResetFailed)) != 1 {
					t.Error("somebody was not told")
				}
			}
		})
	}
}

func TestL9_an_organisation_needs_two_different_reviewers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, o *office) {
		o.furnish(0)
		r := o.draft(o.company(), tasks.FieldPrincipal, "yes").handIn()
		in := r.review()
		if !in.NeedsTwo || in.Stage != 1 {
			t.Fatalf("needs two: %v", in.NeedsTwo)
		}
		r.approve(reviewer(1))
		r.stands(tasks.StateSecondReview)
		wantIs(t, r.claim(reviewer(1)), tasks.ErrForbidden)
		wantIs(t, r.decide(r.verdict(reviewer(1), tasks.VerdictApprove)), tasks.ErrForbidden)
		_, err := o.desk.ClaimNext(t.Context(), reviewer(1))
		wantIs(t, err, tasks.ErrNotFound)
		if w := r.bench(reviewer(1)); w.May {
			t.Error("the first reviewer may decide again")
		}
		o.must(r.claim(reviewer(2)))
		if got := r.bench(reviewer(2)).Decisions; len(got) != 0 {
			t.Errorf("the second reviewer sees %d verdicts of the first", len(got))
		}
		if got := r.bench(tasks.Actor{Kind: tasks.ActorAuditor, ID: "auditor"}).Decisions; len(got) != 1 {
			t.Errorf("an auditor sees %d verdicts", len(got))
		}
		r.approve(reviewer(2))
		r.stands(tasks.StateHold)
		if got := r.bench(reviewer(2)).Decisions; len(got) != 2 {
			t.Errorf("%d verdicts after the end", len(got))
		}
	})
}

func TestL9_two_risks_need_two_reviewers_and_one_does_not(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	first := o.draft(o.holder()).handIn()
	p, other := o.holder(), o.holder()
	newPhoneOnRecord(o, &p)
	one := o.draft(other, tasks.FieldNewEmail, first.address).handIn()
	two := o.draft(p, tasks.FieldNewEmail, first.address).handIn()
	if got := one.review(); got.NeedsTwo || len(got.Risk) != 1 {
		t.Errorf("one risk: two reviewers %v, %v", got.NeedsTwo, got.Risk)
	}
	if got := two.review(); !got.NeedsTwo || len(got.Risk) != 2 {
		t.Errorf("two risks: two reviewers %v, %v", got.NeedsTwo, got.Risk)
	}
}

func TestL9_more_that_the_second_reviewer_asked_for_comes_back_to_a_second_look(t *testing.T) {
	t.Parallel()
	o := openReview(t)
	r := o.draft(o.company()).handIn()
	r.approve(reviewer(1))
	r.askFor(reviewer(2), "letter")
	r.clear(tasks.SlotLetter)
	o.must(r.do(tasks.VerbSupplement))
	r.stands(tasks.StateSecondReview)
	wantIs(t, r.claim(reviewer(1)), tasks.ErrForbidden)
	r.approve(reviewer(3))
	r.stands(tasks.StateHold)
}

func TestL9_without_four_eyes_by_policy_one_reviewer_is_enough(t *testing.T) {
	t.Parallel()
	o := openReview(t, func(p *tasks.Policy) { p.FourEyes = false })
	r := o.draft(o.company(), tasks.FieldPrincipal, "yes").handIn()
	r.approve(reviewer(1))
	r.stands(tasks.StateHold)
}
