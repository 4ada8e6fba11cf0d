package e2e

import (
	"strconv"
	"strings"
	"testing"

	"beian/internal/text"
)

// Nobody can sign in to the account that holds the filing, and it goes to another one on
// papers (T13). The papers were forged, and two supervisors reverse it (T14).
func TestATransferOnPapersTakesEffectAndIsReversed(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 360}, {text.English, true, 1280}}, func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, false)
		v := s.visitor(t, m)
		v.open("/transfer")
		v.press(`main a[href="/transfer/papers"]`)
		v.look("papers-start")
		v.press(`main .actions a.button`)
		v.tap("#nature")
		v.press("main form .actions .button")
		v.fill("#subject_name", a.name)
		v.tap("#certificate_type")
		v.fill("#certificate_number", a.number)
		v.fill("#icp_or_domain", a.icp)
		v.press("main form .actions .button")
		v.fill("#phone", a.phone)
		v.fill("#target", a.target)
		v.fill("#target_phone4", a.targetPhone[len(a.targetPhone)-4:])
		v.tap("#reason")
		v.look("papers-contact")
		v.tap("#consent")
		v.press("main form .actions .button")
		receipt := strings.TrimPrefix(v.path(), "/transfer/papers/")
		if !strings.HasPrefix(receipt, "TP") {
			t.Fatalf("no transfer is open but\n%s", v.glance())
		}
		v.look("papers-list")
		root := "/transfer/papers/" + receipt
		v.open(root + "/phone")
		v.fill("#code", s.code(t, a.phone, 1))
		v.press(`main form .actions .button`)
		for i, slot := range []string{"id_front", "id_back", "holding_id"} {
			v.attachBelow(root, slot, photo(t, uint8(110+20*i), false))
		}
		v.open(root + "/change/receiver")
		v.look("papers-change")
		v.open(root + "/check")
		v.look("papers-check")
		v.press(`form[action$="/submit"] .button`)
		v.look("papers-done")
		v.open("/jobs/" + receipt)
		v.state("target_confirm")
		v.look("papers-waiting")

		v.press(`#job-code .actions .button`)
		v.look("papers-code")

		receiver := s.visitor(t, m)
		receiver.open("/receive/" + receipt)
		receiver.signInHere(a.target)
		receiver.look("papers-receiver")
		receiver.press(`#job-act .actions .button`)
		receiver.look("papers-accept")
		if m.lang == text.English { // on the applicant's screen, by the code that reached the receiver
			v.fill("#code", s.code(t, a.targetPhone, 1))
			v.press(`#job-code .actions .button`)
		} else {
			receiver.press(`main form .actions .button`)
		}
		v.fresh("queued")
		v.look("papers-queued")
		receiver.open("/jobs/" + receipt)
		receiver.look("papers-receiver-queued")

		one := s.reviewer(t, m.lang, "reviewer")
		one.claims(receipt)
		one.examines(map[string]string{"certificate_number": a.number})
		one.look("review-papers")
		one.decides("approve")
		v.fresh("done")
		v.look("papers-effect")
		owner := s.visitor(t, m)
		owner.signIn(a.source)
		a.holds(receiver, owner)
		reversed(t, receipt, a, [2]*visitor{owner, receiver})
		v.open("/jobs/" + receipt)
		v.sees("event.reversed")
		v.look("papers-reversed")
		a.holds(owner, receiver)
	})
}

// holds looks for the filing in one account and not in another.
func (a *applicant) holds(has, lacks *visitor) {
	has.t.Helper()
	for _, v := range []*visitor{has, lacks} {
		v.open("/account")
		v.holds(`document.querySelector("main").innerText.includes(` + quoted(a.icp) + `) === ` + strconv.FormatBool(v == has))
	}
}

// reversed has two supervisors reverse a transfer from the console (T14, L9); the
// parties, who had the filing before and who has it, read what became of it.
func reversed(t *testing.T, receipt string, a *applicant, parties [2]*visitor) {
	t.Helper()
	s, lang := a.s, parties[0].lang
	boss := s.reviewer(t, lang, "supervisor")
	boss.open("/ops/jobs/" + receipt)
	boss.press(`main a[href$="/reverse"]`)
	boss.look("ops-reverse")
	boss.tap(`input[name="reversal"][value="forged_papers"]`)
	boss.press(`form.decide .actions .button`)
	boss.sees("ops.job.done.reverse")
	boss.look("ops-reversal-first")
	job := boss.path()
	if ask[bool](boss, `document.querySelector("form.decide") !== null`) {
		t.Error("the supervisor who began a reversal can agree to it")
	}
	other := s.reviewer(t, lang, s.hire(t, "second-supervisor-"+strings.ToLower(string(lang)), "supervisor"))
	other.open(job)
	other.look("ops-reversal-second")
	other.tap(`form.decide input[value="approve"]`)
	other.fill("#ops_reason", "已核对材料，与主体负责人本人联系过")
	other.press(`form.decide .actions .button`)
	other.sees("ops.job.done.approve")
	until(t, "the reversal is done", func() bool {
		other.open(job)
		return ask[bool](other, `[...document.querySelectorAll(".badge")].some(b => b.innerText.trim() === `+quoted(other.says("state.done"))+`)`)
	})
	other.look("ops-reversal-done")
	for i, head := range []string{"reversal.head.back", "reversal.head.done"} {
		parties[i].open("/jobs/" + strings.TrimPrefix(job, "/ops/jobs/"))
		parties[i].sees(head)
		parties[i].look("reversal-party-" + strconv.Itoa(i))
	}
}
