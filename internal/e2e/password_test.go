package e2e

import (
	"regexp"
	"testing"
)

const freshPassword = "a-loud-white-goose-2026"

var passwordLink = regexp.MustCompile(`href="(/password/link/[^"]+)"`)

func TestAForgottenPasswordIsReplacedByTheLinkOfAMail(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		elsewhere, v := s.visitor(t, m), s.visitor(t, m)
		elsewhere.signIn(p.source)

		v.open("/sign-in")
		v.press(`main a[href="/password"]`)
		v.look("password-which")
		v.press("main form .actions .button")
		v.wrongHere("which_password")
		v.look("password-which-wrong")
		v.tap("#which_password")
		v.press("main form .actions .button")
		v.look("password-request")
		v.press("main form .actions .button")
		v.wrong("account")
		v.wrongHere("way")
		v.look("password-request-wrong")
		v.fill("#account", p.source)
		v.tap("#way")
		v.press("main form .actions .button")
		v.sees("password.sent.lead")
		v.look("password-sent")

		v.open(s.read(t, p.source, passwordLink))
		v.look("password-new")
		v.fill("#new_password", "password1234")
		if m.script {
			v.tap(`[data-reveal="new_password"]`)
			v.holds(`document.querySelector("#new_password").type === "text"`)
		}
		v.press("main form .actions .button")
		v.wrong("new_password")
		v.look("password-new-wrong")
		v.fill("#new_password", freshPassword)
		v.press("main form .actions .button")
		v.sees("password.done.title")
		v.look("password-done")

		elsewhere.open("/account")
		if elsewhere.path() != "/sign-in" {
			t.Errorf("the old session still opens %s", elsewhere.path())
		}
		v.press(`main .actions a.button`)
		v.fill("#login", p.source)
		v.fill("#password", freshPassword)
		v.press(`main form[action="/sign-in"] .actions .button`)
		v.holds(`location.pathname === "/account"`)
		s.received(t, p.sourcePhone, v.message("sms.password_changed"))
	})
}

func TestAForgottenPasswordIsReplacedByACodeToThePhone(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.open("/password/request")
		v.fill("#account", p.sourcePhone)
		v.tap("#way-sms")
		v.press("main form .actions .button")
		v.look("password-code")
		v.fill("#code", "1234")
		v.press(`form[action="/password/code"] .actions .button`)
		v.wrong("code")
		v.look("password-code-wrong")
		v.fill("#code", s.code(t, p.sourcePhone, 1))
		v.press(`form[action="/password/code"] .actions .button`)
		link := v.path()
		v.fill("#new_password", freshPassword)
		v.press("main form .actions .button")
		v.sees("password.done.title")
		v.open(link)
		v.sees("error.410.title")
		v.look("password-gone")
		v.press(`main .actions a.button`)
		if v.path() != "/password/request" {
			t.Errorf("a used link leads to %s", v.path())
		}
		v.open("/password/ministry")
		v.look("password-ministry")
	})
}
