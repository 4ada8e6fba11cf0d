package e2e

import (
	"fmt"
	"strings"
	"testing"

	"beian/internal/text"
)

// officePhone and officeLogin are the old channels of an organisation's account.
func (a *applicant) officePhone() string {
	return "1330000" + fmt.Sprintf("%04s", strings.TrimPrefix(a.id, "EA"))
}
func (a *applicant) officeLogin() string {
	return "office" + strings.TrimPrefix(a.id, "EA") + "@example.com"
}

// An organisation's representative from the first page to the new sign-in.
func TestARepresentativesResetIsSupplementedSeenByFourEyesAndTakesEffect(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.English, false, 360}, {text.Chinese, true, 1280}}, representativesReset)
}

func representativesReset(t *testing.T, s *stage, m manner) {
	a := newApplicant(t, s, true)
	papers := a.papers(t)
	v := s.visitor(t, m)
	receipt := a.begin(v)
	a.prove(v, receipt)
	for _, slot := range []string{"holding_certificate", "letter", "applicant_id_front", "applicant_id_back"} {
		v.attach(receipt, slot, papers[slot])
	}
	v.submitReset(receipt)

	first := s.reviewer(t, m.lang, "reviewer")
	first.claims(receipt)
	first.look("review-bench")
	first.marks("letter")
	first.gives("letter", "DOC_BLURRED")
	first.look("review-marked")
	first.decides("need_more")
	a.supplement(v, receipt, papers["letter_again"])

	numbers := map[string]string{"certificate_number": a.number, "applicant_id": herNumber}
	first.claims(receipt)
	first.examines(numbers)
	first.decides("approve")
	v.fresh("approved_1")
	v.look("reset-second")
	first.cannotClaim(receipt)
	first.look("review-not-twice")

	second := s.reviewer(t, m.lang, s.hire(t, "second-pair-"+strings.ToLower(string(m.lang)), "reviewer"))
	second.claims(receipt)
	second.examines(numbers)
	second.look("review-second")
	second.decides("approve")
	v.fresh("done")
	v.look("reset-effect")
	s.received(t, a.officePhone(), v.message("sms.reset_done"))
	a.signsInAnew(v)
}

// supplement answers what was asked for: only the marked letter.
func (a *applicant) supplement(v *visitor, receipt, paper string) {
	v.t.Helper()
	v.fresh("need_more")
	v.look("reset-more")
	v.press(`#job-act .actions .button`)
	v.holds(`document.querySelectorAll("ol.findings > li").length === 1 && document.querySelector("figure.marked svg rect") !== null`)
	v.look("reset-supplement")
	v.press(`form[action$="/supplement"] .actions .button`)
	v.sees("reset.blocked.title")
	v.look("reset-supplement-blocked")
	v.open("/reset/" + receipt + "/supplement")
	v.press(`ol.findings a[href$="/documents/letter"]`)
	v.attach(receipt, "letter", paper)
	v.open("/reset/" + receipt + "/supplement")
	v.look("reset-supplement-ready")
	v.press(`form[action$="/supplement"] .actions .button`)
	v.state("queued")
}

// signsInAnew sets a password by the link in the new mailbox; the old login opens nothing any more.
func (a *applicant) signsInAnew(v *visitor) {
	v.t.Helper()
	v.open(a.s.read(v.t, a.mailbox, passwordLink))
	v.fill("#new_password", freshPassword)
	v.press("main form .actions .button")
	v.sees("password.done.title")
	v.press(`main .actions a.button`)
	v.fill("#login", a.officeLogin())
	v.fill("#password", password)
	v.press(`main form[action="/sign-in"] .actions .button`)
	v.wrong("login")
	v.look("sign-in-refused")
	v.fill("#login", a.officeLogin())
	v.fill("#password", freshPassword)
	v.press(`main form[action="/sign-in"] .actions .button`)
	v.wrong("login")
	v.fill("#login", a.mailbox)
	v.fill("#password", freshPassword)
	v.press(`main form[action="/sign-in"] .actions .button`)
	v.holds(`location.pathname === "/account" && document.querySelector("main").innerText.includes(` + quoted(a.icp) + `)`)
	v.look("account-after-reset")
}

// frozen has an individual's reset stopped by a contact who was told of it.
func frozen(t *testing.T, s *stage, m manner) (a *applicant, v *visitor, receipt string) {
	t.Helper()
	a, v = newApplicant(t, s, false), s.visitor(t, m)
	receipt = a.begin(v)
	a.prove(v, receipt)
	a.handIn(v, receipt)
	v.look("reset-queued")
	contact := s.visitor(t, m)
	contact.open("/not-me?receipt=" + receipt)
	contact.fill("#veto", s.read(t, a.sourcePhone, freezeWord))
	contact.press("main form .actions .button")
	contact.sees("veto.frozen.title")
	v.fresh("disputed")
	return a, v, receipt
}

func TestAResetThatWasFrozenEndsWhenASupervisorSaysSo(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		_, v, receipt := frozen(t, s, m)
		boss := s.reviewer(t, m.lang, "supervisor")
		boss.bench(receipt)
		boss.sees("review.bench.disputed")
		boss.look("review-frozen")
		boss.rules(receipt, "reject", "已电话核实，主体负责人没有申请")
		v.fresh("rejected")
		v.sees("reset.head.refused")
		v.look("reset-refused")
		if ask[bool](v, `document.querySelector("a[href$='/act/appeal']") !== null`) {
			t.Error("what a supervisor refused after an objection can be appealed")
		}
	})
}

func TestAResetThatWasReleasedNeedsTwoReviewers(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		a, v, receipt := frozen(t, s, m)
		boss := s.reviewer(t, m.lang, "supervisor")
		boss.rules(receipt, "release", "已电话核实，是主体负责人本人")
		v.fresh("queued")
		numbers := map[string]string{"certificate_number": a.number}
		one := s.reviewer(t, m.lang, "reviewer")
		one.claims(receipt)
		one.sees("review.bench.two")
		one.look("review-released")
		one.examines(numbers)
		one.decides("approve")
		v.fresh("approved_1")
		v.look("reset-second")
		one.cannotClaim(receipt)
		boss.claims(receipt)
		boss.examines(numbers)
		boss.decides("approve")
		v.fresh("done")
		v.look("reset-effect")
	})
}

func TestARefusalTellsItsReasonsInBothLanguagesAndIsAppealedOnce(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		a, v := newApplicant(t, s, false), s.visitor(t, m)
		receipt := a.begin(v)
		a.prove(v, receipt)
		a.handIn(v, receipt)

		reviewer := s.reviewer(t, m.lang, "reviewer")
		refuse := func(by *visitor) {
			by.claims(receipt)
			by.gives("request", "IDENTITY_MISMATCH")
			by.gives("id_front", "DOC_EXPIRED")
			by.decides("reject", s.words.T(text.Chinese, "reason.IDENTITY_MISMATCH.text"), s.words.T(text.English, "reason.IDENTITY_MISMATCH.remedy"))
			v.fresh("rejected")
		}
		refuse(reviewer)
		v.look("reset-rejected")
		for _, lang := range []text.Lang{text.Chinese, text.English, m.lang} {
			v.speaks(lang)
			v.sees("reason.IDENTITY_MISMATCH.text")
			v.sees("reason.IDENTITY_MISMATCH.remedy")
			v.sees("reason.DOC_EXPIRED.remedy")
			v.look("reset-rejected")
		}
		v.press(`#job-after a[href$="/act/appeal"]`)
		v.look("reset-appeal")
		v.press(`main form .actions .button`)
		v.fresh("queued")
		v.look("reset-appealed")

		reviewer.cannotClaim(receipt)
		reviewer.look("review-appealed")
		refuse(s.reviewer(t, m.lang, "supervisor"))
		if ask[bool](v, `document.querySelector("a[href$='/act/appeal']") !== null`) {
			t.Error("a second appeal is offered")
		}
	})
}

// speaks changes the language of the page, when it is another.
func (v *visitor) speaks(lang text.Lang) {
	v.t.Helper()
	if v.lang == lang {
		return
	}
	v.press(`header a[hreflang="` + string(lang) + `"]`)
	v.lang = lang
}
