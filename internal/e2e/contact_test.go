package e2e

import (
	"fmt"
	"strings"
	"testing"

	"beian/internal/text"
)

func TestAnOwnerChangesTheSecurityPhoneAndASupervisorBringsItBack(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, true, 360}, {text.English, false, 1280}}, func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		fresh := fmt.Sprintf("134%s", p.sourcePhone[3:])
		owner, boss := s.visitor(t, m), s.visitor(t, m)
		owner.signIn(p.source)
		owner.open("/account")
		owner.press(`main a[href="/account/phone"]`)
		owner.look("phone-start")
		owner.fill("#new_phone", p.sourcePhone)
		owner.press("main form .actions .button")
		owner.wrong("new_phone")
		owner.look("phone-same")
		owner.fill("#new_phone", fresh)
		owner.press("main form .actions .button")
		receipt := owner.receipt()
		owner.state("old_phone")
		owner.look("phone-old")
		old := s.code(t, p.sourcePhone, 1)
		owner.verify(other(old))
		owner.wrong("code")
		owner.look("phone-code-wrong")
		owner.verify(old)
		owner.state("new_phone")
		owner.look("phone-new")
		owner.verify(s.code(t, fresh, 1))
		owner.fresh("done")
		owner.look("phone-done")
		owner.open("/account/phone")
		owner.fill("#new_phone", p.sourcePhone)
		owner.press("main form .actions .button")
		owner.sees("phone.blocked.title")
		owner.look("phone-blocked")

		objector := s.visitor(t, m)
		objector.open("/not-me?receipt=" + receipt)
		objector.fill("#veto", s.read(t, p.sourcePhone, freezeWord))
		objector.press("main form .actions .button")
		objector.sees("veto.done.title")
		objector.look("phone-not-me")

		s.staff(boss, "supervisor")
		boss.open("/ops/jobs/" + receipt)
		boss.look("ops-job-phone")
		boss.tap(`form.decide input[value="reject"]`)
		boss.fill("#ops_reason", "已电话核实，不是账号本人操作")
		boss.press(`form.decide .actions .button`)
		boss.state2("rejected")
		boss.look("ops-job-phone-restored")

		owner.open("/account")
		owner.holds(`location.pathname === "/sign-in"`)
		s.received(t, p.sourcePhone, owner.message("sms.contact_restored"))
	})
}

func TestAnOwnerWhoseOldPhoneIsGoneHandsInPapers(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.English, true, 360}, {text.Chinese, false, 1280}}, func(t *testing.T, s *stage, m manner) {
		a := newApplicant(t, s, false)
		v := s.visitor(t, m)
		v.signIn(a.source)
		v.open("/account/phone")
		v.press(`main a[href="/account/phone/papers"]`)
		v.look("phone-papers-start")
		v.press(`main .actions a.button`)
		v.tap("#nature")
		v.press("main form .actions .button")
		v.fill("#subject_name", a.name)
		v.tap("#certificate_type")
		v.fill("#certificate_number", a.number)
		v.fill("#icp_or_domain", a.icp)
		v.press("main form .actions .button")
		v.fill("#phone", a.phone)
		v.tap("#reason")
		v.look("phone-papers-contact")
		v.tap("#consent")
		v.press("main form .actions .button")
		root := v.path()
		receipt := strings.TrimPrefix(root, "/account/phone/papers/")
		v.look("phone-papers-list")
		v.open(root + "/phone")
		v.fill("#code", s.code(t, a.phone, 1))
		v.press(`main form .actions .button`)
		for i, slot := range []string{"id_front", "id_back", "holding_id"} {
			v.attachBelow(root, slot, photo(t, uint8(110+20*i), false))
		}
		v.open(root + "/check")
		v.look("phone-papers-check")
		v.press(`form[action$="/submit"] .button`)
		v.sees("reset.done.title")
		v.look("phone-papers-done")
		v.open("/jobs/" + receipt)
		v.state("queued")
		v.look("phone-papers-queued")
		s.received(t, a.sourcePhone, v.message("sms.contact_submitted"))
	})
}
