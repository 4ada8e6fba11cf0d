package e2e

import (
	"strings"
)

// signIn signs an applicant in.
func (v *visitor) signIn(login string) {
	v.t.Helper()
	v.open("/sign-in")
	v.signInHere(login)
}

// signInHere fills the sign-in form that is open.
func (v *visitor) signInHere(login string) {
	v.t.Helper()
	v.fill("#login", login)
	v.fill("#password", password)
	v.press(`main form[action="/sign-in"] .actions .button`)
}

// staff signs a demo member of staff in.
func (s *stage) staff(v *visitor, role string) {
	v.t.Helper()
	v.open("/ops/sign-in")
	v.fill("#staff_login", role)
	v.fill("#password", demoPassword)
	v.press(`main form .actions .button`)
	v.holds(`location.pathname.startsWith("/ops") && !location.pathname.includes("sign-in")`)
}

// offer fills the first form with the receiver and goes on to the checks.
func (v *visitor) offer(target, phone string) {
	v.t.Helper()
	v.open("/transfer/target")
	v.fill("#target", target)
	v.fill("#target_phone4", phone[len(phone)-4:])
	v.press(`main form .actions .button`)
}

// submit consents to what the checks page says and hands it in. It returns the receipt.
func (v *visitor) submit() string {
	v.t.Helper()
	v.tap("#consent")
	v.press(`main form .actions .button`)
	return v.receipt()
}

func (v *visitor) receipt() string {
	v.t.Helper()
	receipt, found := strings.CutPrefix(v.path(), "/jobs/")
	if !found || len(receipt) != 10 {
		v.t.Fatalf("no job is open but\n%s", v.glance())
	}
	return receipt
}

// verify types a code into the job's page.
func (v *visitor) verify(code string) {
	v.t.Helper()
	v.fill("#code", code)
	v.press(`#job-act .actions .button`)
}

// handIn takes a source from the sign-in to the point where the receiver has to answer.
func (p *parties) handIn(v *visitor) (receipt string) {
	v.t.Helper()
	v.signIn(p.source)
	v.offer(p.target, p.targetPhone)
	receipt = v.submit()
	v.verify(p.s.code(v.t, p.holder, 1))
	v.state("target_confirm")
	return receipt
}

// fresh is the page as it is now: it changes by itself with JavaScript, and by a reload without.
func (v *visitor) fresh(state string) {
	v.t.Helper()
	if v.script {
		v.state(state)
		return
	}
	until(v.t, "the state "+state, func() bool {
		v.open(v.path())
		return ask[string](v, `document.querySelector("[data-state]")?.innerText.trim() ?? ""`) == v.says("state."+state)
	})
}
