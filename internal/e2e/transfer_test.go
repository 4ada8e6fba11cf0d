package e2e

import (
	"testing"

	"beian/internal/text"
)

func TestATransferMovesTheFilingFromOneAccountToTheOther(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		source, target := s.visitor(t, m), s.visitor(t, m)
		receipt := p.submitByHand(source)

		box := s.visitor(t, m)
		box.open("/inbox?to=" + p.holder)
		code := `[...document.querySelectorAll("[data-copy]")].map(e => e.dataset.copy).find(c => /^[0-9]{6}$/.test(c)) ?? ""`
		box.holds("(" + code + `) !== ""`)
		box.look("inbox")
		source.verify(ask[string](box, code))
		source.state("target_confirm")
		source.look("job-target_confirm-source")

		target.open("/receive/" + receipt)
		target.look("sign-in-receiving")
		target.signInHere(p.target)
		target.sees("status.head.target_confirm.receiver")
		target.look("job-target_confirm-receiver")
		target.press(`#job-act .actions .button`)
		target.look("job-accept")
		target.press(`main form .actions .button`)
		target.fresh("done")
		target.sees("status.head.done.target")
		target.look("job-done-receiver")
		source.fresh("done")
		source.sees("status.head.done.source")
		source.look("job-done-source")

		p.moved(source, target)
		s.received(t, p.sourcePhone, source.message("sms.transfer_done"))
		s.received(t, p.targetPhone, target.message("sms.transfer_received"))
		if m.script {
			p.completed(s.visitor(t, m), receipt)
		}
	})
}

// submitByHand goes the whole way from the first page, with a look at each.
func (p *parties) submitByHand(v *visitor) (receipt string) {
	v.t.Helper()
	v.open("/")
	v.look("router")
	v.tap("#need")
	v.press("main form .actions .button")
	v.look("transfer-start")
	v.press(`main .actions a.button`)
	v.look("sign-in")
	v.signInHere(p.source)
	if v.path() != "/transfer/target" {
		v.t.Fatalf("after the sign-in comes %s", v.path())
	}
	v.look("transfer-target")
	v.fill("#target", p.target)
	v.fill("#target_phone4", p.targetPhone[len(p.targetPhone)-4:])
	v.press(`main form .actions .button`)
	v.sees("transfer.check.passed")
	v.look("transfer-check")
	receipt = v.submit()
	v.state("source_verify")
	v.look("job-source_verify")
	return receipt
}

// moved looks at both accounts: the old one holds nothing any more, the new one everything.
func (p *parties) moved(source, target *visitor) {
	source.t.Helper()
	source.open("/account")
	source.seesNot(p.icp)
	source.sees("account.holds.none")
	source.look("account-empty")
	target.open("/account")
	target.holds(`document.querySelector("main").innerText.includes(` + quoted(p.icp) + `)`)
	target.look("account-full")
}

// completed finds the task of the effect in the dashboard, as an operator does.
func (p *parties) completed(v *visitor, receipt string) {
	v.t.Helper()
	p.s.staff(v, "operator")
	v.open("/ops/jobs/" + receipt)
	v.look("ops-job")
	v.tap(`#tasks ~ table a[href*="/queues/account/tasks/"]`)
	v.holds(`location.pathname.includes("/queues/account/tasks/") && location.pathname.includes("` + receipt + `") && document.body.innerText.includes("completed")`)
	v.picture("asynqmon-task." + string(v.lang))
	// The list begins with what ended first; which receipts are on its first page depends on the other tests.
	v.open("/ops/queues/queues/account?status=completed")
	v.holds(`document.querySelector('a[href*="/ops/jobs/"]') !== null || document.body.innerText.includes(".apply.1")`)
	v.picture("asynqmon-completed." + string(v.lang))
}

func TestTheReceiverMayAcceptInTheSameSitting(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 360}, {text.English, true, 1280}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		p.handIn(v)
		v.press(`#job-invite .actions .button`)
		v.look("job-take")
		v.verify("000000")
		v.wrong("code")
		v.look("job-take-wrong")
		v.verify(s.code(t, p.targetPhone, 1))
		v.fresh("done")
		v.sees("status.head.done.source")
	})
}

func TestAWrongCodeIsToldAndTheRightOneStillCounts(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.offer(p.target, p.targetPhone)
		v.submit()
		right := s.code(t, p.holder, 1)
		v.verify("12")
		v.wrong("code")
		v.look("job-code-format")
		v.verify(other(right))
		v.wrong("code")
		v.look("job-code-wrong")
		v.verify(right)
		v.state("target_confirm")
	})
}

// other is a code that is not this one.
func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

func TestTheReceiverMayDecline(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, true, 1280}, {text.English, false, 360}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		source, target := s.visitor(t, m), s.visitor(t, m)
		receipt := p.handIn(source)
		target.signIn(p.target)
		target.open("/jobs/" + receipt)
		target.press(`#job-act a.secondary`)
		target.look("job-decline")
		target.press(`main form .actions .button`)
		target.sees("status.head.declined.target")
		target.look("job-declined-receiver")
		source.fresh("rejected")
		source.sees("status.head.declined")
		source.look("job-declined-source")
		s.received(t, p.sourcePhone, source.message("sms.transfer_stopped"))
	})
}

func TestTheSourceMayWithdraw(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 360}, {text.English, true, 1280}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		receipt := p.handIn(v)
		v.press(`#job-other a[href$="/cancel"]`)
		v.look("job-cancel")
		v.press(`main form .actions .button`)
		v.sees("status.head.withdrawn")
		v.look("job-withdrawn")
		v.press(`#job-act .button`)
		v.holds(`document.querySelector("#target").value === ` + quoted(p.target))

		late := s.visitor(t, m)
		late.signIn(p.target)
		late.open("/jobs/" + receipt)
		late.sees("status.head.withdrawn")
		late.look("job-withdrawn-receiver")
		late.open("/account")
		late.seesNot(p.icp)
	})
}
