package e2e

import (
	"strings"
	"testing"

	"beian/internal/text"
)

// Nobody can sign in to the legacy platform any more, and papers open it (I7): from the dead end of the form to the filing
// in the account. A subject is in one account only (A2), so each language has a house of its own.
func TestI7_papers_open_the_legacy_platform(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{text.Chinese, false, 360}, {text.English, true, 1280}}, func(t *testing.T, first *stage, m manner) {
		s := first.another(t)
		stop, err := s.run()
		t.Cleanup(stop)
		if err != nil {
			t.Fatal(err)
		}
		v := s.visitor(t, m)
		receipt := v.handsInLegacyPapers()

		one := s.reviewer(t, m.lang, "reviewer")
		one.claims(receipt)
		one.examines(map[string]string{"certificate_number": herNumber})
		one.look("review-import-papers")
		one.decides("approve")
		v.fresh("done")
		v.look("import-papers-effect")
		one.open("/ops/jobs/" + receipt)
		one.look("ops-job-import-papers")

		v.press(`main a[href^="/jobs/LI"]`)
		v.fresh("diff")
		v.look("import-papers-diff")
		v.press(`#job-act a.button`)
		v.tap("#consent")
		v.press("main form > .actions .button")
		v.receipt()
		v.fresh("done")
		v.look("import-papers-imported")
		v.open("/account")
		v.holds(`document.querySelector("main").innerText.includes("fang.example.com")`)
	})
}

// handsInLegacyPapers goes from the page for whoever has lost everything to the receipt of the papers.
func (v *visitor) handsInLegacyPapers() (receipt string) {
	v.t.Helper()
	const phone = "13700137009"
	v.open("/sign-in")
	v.fill("#login", "wang@example.com")
	v.fill("#password", demoPassword)
	v.press(`main form[action="/sign-in"] .actions .button`)
	v.open("/import/lost/papers")
	v.press(`main a[href^="/import/papers"]`)
	v.look("import-papers-start")
	v.press(`main .actions a.button`)
	v.look("import-papers-who")
	v.tap("#nature")
	v.press("main form .actions .button")
	v.fill("#subject_name", representative)
	v.tap("#certificate_type")
	v.fill("#certificate_number", herNumber)
	v.fill("#icp_or_domain", "fang.example.com")
	v.look("import-papers-facts")
	v.press("main form .actions .button")
	v.fill("#phone", phone)
	v.fill("#old_login", "wang-2009")
	v.tap("#reason")
	v.look("import-papers-contact")
	v.tap("#consent")
	v.press("main form .actions .button")
	root := v.path()
	receipt = strings.TrimPrefix(root, "/import/papers/")
	if !strings.HasPrefix(receipt, "LP") {
		v.t.Fatalf("no papers are open but\n%s", v.glance())
	}
	v.look("import-papers-list")
	v.open(root + "/phone")
	v.look("import-papers-phone")
	v.fill("#code", v.s.code(v.t, phone, 1))
	v.press(`main form .actions .button`)
	v.open(root + "/handoff")
	v.look("import-papers-handoff")
	for i, slot := range []string{"id_front", "id_back", "holding_id"} {
		v.attachBelow(root, slot, photo(v.t, uint8(110+20*i), false))
	}
	v.open(root + "/check")
	v.look("import-papers-check")
	v.press(`form[action$="/submit"] .button`)
	v.look("import-papers-done")
	v.open("/jobs/" + receipt)
	v.state("queued")
	v.look("import-papers-queued")
	return receipt
}
