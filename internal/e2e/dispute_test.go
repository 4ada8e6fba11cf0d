package e2e

import (
	"testing"
)

func TestWhoeverDidNotAskFreezesTheJobAndASupervisorLetsItGoOn(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		source, owner, boss := s.visitor(t, m), s.visitor(t, m), s.visitor(t, m)
		receipt := p.handIn(source)

		owner.open("/not-me?receipt=" + receipt)
		owner.look("not-me")
		owner.fill("#veto", "AAAA AAAA")
		owner.press("main form .actions .button")
		owner.wrong("veto")
		owner.look("not-me-wrong")
		owner.fill("#veto", s.read(t, p.sourcePhone, freezeWord))
		owner.press("main form .actions .button")
		owner.sees("veto.frozen.title")
		owner.look("not-me-frozen")
		source.fresh("disputed")
		source.look("job-disputed")

		s.staff(boss, "supervisor")
		boss.seesNot(boss.says("ops.home.redis_down"))
		boss.look("ops-home")
		boss.open("/ops/jobs?disputed=1")
		boss.look("ops-jobs")
		boss.press(`a[href="/ops/jobs/` + receipt + `"]`)
		boss.look("ops-job-disputed")
		boss.press(`form.decide .actions .button`)
		boss.wrongHere("ops_reason")
		boss.look("ops-job-wrong")
		boss.tap(`form.decide input[value="release"]`)
		boss.fill("#ops_reason", "已电话核实，是主体负责人本人")
		boss.press(`form.decide .actions .button`)
		boss.state2("target_confirm")
		boss.look("ops-job-released")
		boss.open("/ops/audit")
		boss.holds(`document.querySelector("main").innerText.includes("job.release")`)
		boss.look("ops-audit")
		boss.open("/ops/dead")
		boss.look("ops-dead")

		source.fresh("target_confirm")
		target := s.visitor(t, m)
		target.signIn(p.target)
		target.open("/jobs/" + receipt)
		target.press(`#job-act .actions .button`)
		target.press(`main form .actions .button`)
		target.fresh("done")
	})
}

// state2 waits for a badge in the console.
func (v *visitor) state2(state string) {
	v.t.Helper()
	v.holds(`[...document.querySelectorAll(".badge")].some(b => b.innerText.trim() === ` + quoted(v.says("state."+state)) + `)`)
}

// wrongHere waits for an error at a field.
func (v *visitor) wrongHere(field string) {
	v.t.Helper()
	v.holds(`document.querySelector(".errors a[href='#` + field + `']") !== null`)
}

func TestTheStaffsSignInRefusesAWrongPassword(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		v := s.visitor(t, m)
		v.open("/ops")
		v.look("ops-sign-in")
		v.fill("#staff_login", "auditor")
		v.fill("#password", "not-the-password")
		v.press("main form .actions .button")
		v.wrongHere("staff_login")
		v.look("ops-sign-in-wrong")
	})
}
