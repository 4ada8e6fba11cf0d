package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"beian/internal/text"
)

// Nobody can sign in to the account that holds the filing, and it goes to another one on papers (T13).
func TestSomebodyWhoLostTheLoginTransfersTheFilingOnPapers(t *testing.T) {
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
			picture := photo(t, uint8(110+20*i), false)
			v.open(root + "/documents/" + slot)
			v.leave(func() {
				v.call("choosing a file", chromedp.SetUploadFiles("#file", []string{picture}))
				v.tap("form[enctype] .actions .button")
			})
			v.holds(`(i => i && i.complete && i.naturalWidth > 600)(document.querySelector("main figure img"))`)
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

		receiver := s.visitor(t, m)
		receiver.open("/receive/" + receipt)
		receiver.signInHere(a.target)
		receiver.look("papers-receiver")
		receiver.press(`#job-act .actions .button`)
		receiver.look("papers-accept")
		receiver.press(`main form .actions .button`)
		receiver.fresh("queued")
		receiver.look("papers-receiver-queued")
		v.fresh("queued")
		v.look("papers-queued")
	})
}
