package e2e

import (
	"testing"

	"beian/internal/text"
)

func TestPressingTwiceGivesOneJob(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 1280}, {text.English, true, 360}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.offer(p.target, p.targetPhone)
		v.tap("#consent")
		v.leave(func() { v.taps(`main form .actions .button`, 2) })
		v.holds(`location.pathname.startsWith("/jobs/")`)
		receipt := v.receipt()
		p.onlyJob(v, receipt)
	})
}

// onlyJob looks at the account: it has this job and no other.
func (p *parties) onlyJob(v *visitor, receipt string) {
	v.t.Helper()
	v.open("/account")
	if got := ask[[]string](v, `[...document.querySelectorAll("main a[href^='/jobs/']")].map(a => a.getAttribute("href"))`); len(got) != 1 || got[0] != "/jobs/"+receipt {
		v.t.Errorf("the account's jobs are %v, want only %s", got, receipt)
	}
}

func TestGoingBackAndSubmittingAgainLeadsToTheSameJob(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, true, 1280}, {text.English, false, 360}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.signIn(p.source)
		v.offer(p.target, p.targetPhone)
		receipt := v.submit()
		ask[bool](v, `(window.beianWasHere = true)`)
		ask[bool](v, `(history.back(), true)`)
		v.holds(`(window.beianWasHere === undefined || location.pathname !== ` + quoted("/jobs/"+receipt) + `) && document.readyState === "complete"`)
		if v.path() != "/jobs/"+receipt { // the page of the checks came from the browser's memory
			if !ask[bool](v, `document.querySelector("#consent").checked`) {
				v.tap("#consent")
			}
			v.press(`main form .actions .button`)
		}
		if again := v.receipt(); again != receipt {
			t.Errorf("the second submission gave %s, not %s", again, receipt)
		}
		p.onlyJob(v, receipt)

		v.offer(p.target, p.targetPhone)
		v.sees("blocker.JOB_ALREADY_OPEN.message")
		v.look("transfer-blocked-open")
		v.press(`.blockers a[href^="/jobs/"]`)
		if v.receipt() != receipt {
			t.Errorf("the blocker leads to %s", v.path())
		}
	})
}
