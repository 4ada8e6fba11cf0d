package e2e

import (
	"testing"

	"beian/internal/text"
)

func TestAJobIsTrackedWithoutASignIn(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 360}, {text.English, true, 1280}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		source := s.visitor(t, m)
		receipt := p.handIn(source)
		secret := ask[string](source, `[...document.querySelectorAll("[data-copy]")].at(-1).dataset.copy`)

		byCode := s.visitor(t, m)
		byCode.open("/jobs")
		byCode.look("lookup")
		byCode.fill("#receipt", receipt)
		byCode.fill("#tracking", "WRONG234")
		byCode.press("main form .actions .button")
		byCode.wrong("tracking")
		byCode.look("lookup-wrong")
		byCode.fill("#tracking", secret)
		byCode.press("main form .actions .button")
		byCode.state("target_confirm")
		byCode.look("job-tracked")
		if !m.script && !ask[bool](byCode, `document.querySelector("meta[http-equiv=refresh]") !== null`) {
			t.Error("without JavaScript the page of a tracked job does not refresh itself")
		}

		byPhone := s.visitor(t, m)
		byPhone.open("/jobs")
		byPhone.press(`main a[href="/jobs/phone"]`)
		byPhone.look("lookup-phone")
		byPhone.fill("#receipt", receipt[:3]+" "+receipt[3:])
		byPhone.fill("#phone", p.targetPhone)
		byPhone.press("main form .actions .button")
		byPhone.look("lookup-phone-code")
		code := s.code(t, p.targetPhone, 1)
		byPhone.fill("#code", other(code))
		byPhone.press(`main form[action="/jobs/phone/code"] .actions .button`)
		byPhone.wrong("code")
		byPhone.look("lookup-phone-code-wrong")
		byPhone.fill("#code", code)
		byPhone.press(`main form[action="/jobs/phone/code"] .actions .button`)
		byPhone.state("target_confirm")
		byPhone.look("job-tracked-by-phone")
	})
}

func TestAStrangerLearnsNothingOfAJob(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		p, q := newParties(t, s), newParties(t, s)
		source, stranger := s.visitor(t, m), s.visitor(t, m)
		source.signIn(p.source)
		source.offer(p.target, p.targetPhone)
		receipt := source.submit()
		stranger.signIn(q.target)
		stranger.open("/jobs/" + receipt)
		stranger.seesNot(p.icp)
		stranger.look("error-404")
		stranger.open("/receive/" + receipt)
		stranger.seesNot(p.icp)
		stranger.look("receive-none")
	})
}
