package e2e

import (
	"testing"
)

func TestEveryBlockerIsToldAtOnce(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.offer("everything@example.com", "13900139009")
		v.sees("transfer.blocked.title")
		for _, code := range []string{"TARGET_HAS_SUBJECT", "TARGET_ORDER_IN_PROGRESS", "TARGET_FROZEN", "SITE_UNSUPPORTED"} {
			v.sees("blocker." + code + ".message")
		}
		v.look("transfer-blocked")
		v.press(`main .actions a.button`)
		v.sees("transfer.blocked.title")
		v.press(`main .actions a.secondary`)
		v.holds(`document.querySelector("#target").value === "everything@example.com"`)
		v.fill("#target", p.target)
		v.fill("#target_phone4", p.targetPhone[len(p.targetPhone)-4:])
		v.press(`main form .actions .button`)
		v.sees("transfer.check.passed")
	})
}

func TestABlockerThatIsClearedLetsTheRecheckPass(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		order := map[string]any{"type": "order", "external_id": "EO" + p.source, "account": p.id, "kind": "change", "in_progress": true}
		s.tell(t, order)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.offer(p.target, p.targetPhone)
		v.sees("blocker.SOURCE_ORDER_IN_PROGRESS.message")
		order["in_progress"] = false
		s.tell(t, order)
		v.press(`main .actions a.button`)
		v.sees("transfer.check.passed")
		v.press(`main form .actions .button`)
		v.wrong("consent")
		v.look("transfer-check-consent")
	})
}

func TestEverythingWrongInTheFirstFormIsToldAtOnceAndKept(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.open("/transfer/target")
		v.fill("#target_phone4", "12")
		v.press(`main form .actions .button`)
		v.wrong("target")
		v.wrong("target_phone4")
		v.holds(`document.querySelector("#target_phone4").value === "12"`)
		v.look("transfer-target-wrong")
	})
}
