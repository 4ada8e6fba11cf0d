package e2e

import (
	"strings"
	"testing"
)

func TestALostLoginComesByMessageToThePhoneOnRecord(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.open("/")
		v.look("router-six")
		v.tap("#need-find")
		v.press("main form .actions .button")
		v.look("find-facts")
		v.press("main form .actions .button")
		v.wrongHere("find_by")
		v.look("find-facts-wrong")
		v.tap("#find_by-name")
		v.press("main form .actions .button")
		v.wrong("subject_name")
		v.wrongHere("certificate_last6")
		v.look("find-name-wrong")
		v.tap("#find_by")
		v.fill("#icp_or_domain", strings.TrimSuffix(p.icp, "号"))
		v.press("main form .actions .button")
		v.sees("find.sent.lead")
		v.seesNot(p.source)
		v.look("find-sent")
		s.received(t, p.sourcePhone, v.message("sms.login_found")+" "+p.source)

		v.press(`main form[action="/reset/begin"] .button`)
		v.press(`main a[href="/reset/who"]`)
		v.tap("#nature")
		v.press("main form .actions .button")
		v.holds(`document.querySelector("#icp_or_domain").value === "` + strings.TrimSuffix(p.icp, "号") + `"`)
	})
}

func TestTheGuideLeadsToAFlowAndOutOfTheHouse(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		v := s.visitor(t, m)
		v.open("/")
		v.press(`main a[href="/guide"]`)
		v.look("guide")
		v.press("main form .actions .button")
		v.wrongHere("guide_sign_in")
		v.look("guide-wrong")
		v.tap("#guide_sign_in-out")
		v.press("main form .actions .button")
		v.look("guide-second")
		v.tap("#guide_locked-password")
		v.press("main form .actions .button")
		v.tap("#guide_whose_password-ministry")
		v.press("main form .actions .button")
		v.sees("guide.end.ministry")
		v.look("guide-elsewhere")
		v.press(`main dl a[href="/guide/out-password"]`) // another answer to the last question
		v.tap("#guide_whose_password")
		v.press("main form .actions .button")
		v.tap("#guide_channel")
		v.press("main form .actions .button")
		v.sees("guide.end.password")
		v.look("guide-end")
		v.press(`main .actions a.button`)
		if v.path() != "/password/request" {
			t.Errorf("the guide leads to %s", v.path())
		}
		v.open("/help")
		v.look("help-eight")
	})
}
