package e2e

import (
	"fmt"
	"strings"
	"testing"

	"beian/internal/legacy/legacytest"
	"beian/internal/text"
)

// importer is somebody with a filing on the legacy platform. A subject lives in one
// account only (A2), so each has a certificate of its own there.
type importer struct {
	manner
	login, password string // here
	legacy          string // there
	holds           bool   // the subject is here already
	left            bool   // something can't come
}

// importers are the four manners, each with another filing.
func importers(t *testing.T, s *stage) []importer {
	t.Helper()
	all := manners()
	s.tell(t, account("EI1", "import1@example.com", "13100000001"), account("EI2", "import2@example.com", "13100000002"))
	return []importer{
		{manner: all[0], login: "import1@example.com", password: password, legacy: "half-broken", left: true},
		{manner: all[1], login: "li@example.com", password: demoPassword, legacy: "li-2008", holds: true},
		{manner: all[2], login: "import2@example.com", password: password, legacy: "mismatch"},
		{manner: all[3], login: "full@example.com", password: demoPassword, legacy: "held-here", holds: true},
	}
}

// enters goes from the first page to the form of credentials.
func (i importer) enters(v *visitor) {
	v.t.Helper()
	v.open("/sign-in")
	v.fill("#login", i.login)
	v.fill("#password", i.password)
	v.press(`main form[action="/sign-in"] .actions .button`)
	v.open("/")
	v.tap("#need-import")
	v.press("main form .actions .button")
	v.look("import-start")
	v.press("main .actions a.button")
	v.look("import-which")
	v.tap("#situation")
	v.press("main form .actions .button")
}

// types fills the credentials in and hands them in.
func (v *visitor) types(login, secret string) {
	v.t.Helper()
	v.fill("#legacy_login", login)
	v.fill("#legacy_password", secret)
	v.tap("#consent")
	v.press("main form .actions .button")
}

// A filing of the legacy platform, from the first page to the report.
func TestI1_somebody_imports_the_filing_of_the_legacy_platform(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	for _, i := range importers(t, s) {
		t.Run(i.String(), func(t *testing.T) {
			t.Parallel()
			v := s.visitor(t, i.manner)
			i.enters(v)
			v.press("main form .actions .button") // nothing is filled in
			v.wrong("legacy_login")
			v.look("import-faults")
			i.forgets(v)
			v.types(i.legacy, "not the password")
			receipt := v.receipt()
			v.fresh("failed")
			v.sees("blocker.LEGACY_CREDENTIALS_WRONG.message")
			v.look("import-wrong")
			v.seesNot("not the password")
			v.press(`#job-after a`)
			if kept := ask[string](v, `document.querySelector("#legacy_login").value`); kept != i.legacy {
				t.Errorf("the login that was typed is now %q", kept)
			}
			v.types(i.legacy, legacytest.Password)
			if again := v.receipt(); again == receipt {
				t.Error("the second try is the first job")
			}
			v.fresh("diff")
			v.look("import-ready")
			i.confirms(v)
			v.fresh("done")
			v.look(fmt.Sprintf("import-done-%t", i.left))
			i.reads(v)
			v.open("/account")
			v.look("account-imported")
		})
	}
}

// forgets follows the way out of the form and comes back to what was typed.
func (i importer) forgets(v *visitor) {
	v.t.Helper()
	v.fill("#legacy_login", i.legacy)
	v.press(`button[name="lost"][value="login"]`)
	v.sees("import.lost.login.say")
	v.look("import-lost-login")
	v.press("main .actions a.button")
	if kept := ask[string](v, `document.querySelector("#legacy_login").value + document.querySelector("#legacy_password").value`); kept != i.legacy {
		v.t.Errorf("what was typed is now %q", kept)
	}
	for _, what := range []string{"password", "papers"} {
		path := v.path()
		v.open("/import/lost/" + what)
		v.look("import-lost-" + what)
		v.open(path)
	}
}

// confirms looks at the differences, chooses, and says yes.
func (i importer) confirms(v *visitor) {
	v.t.Helper()
	v.press(`#job-act a.button`)
	v.look(fmt.Sprintf("import-diff-%t-%t", i.holds, i.left))
	v.press("main form > .actions .button") // no yes, nothing chosen
	v.holds(`document.querySelector(".errors") !== null`)
	v.look(fmt.Sprintf("import-diff-faults-%t", i.holds))
	for _, name := range ask[[]string](v, `[...document.querySelectorAll("main input[type=radio][value=take]")].map(e => e.id)`) {
		v.tap(`[id="` + name + `"]`)
	}
	v.tap("#consent")
	v.press("main form > .actions .button")
	v.receipt()
	v.look("import-running")
}

// reads opens the report, on the page and as a file.
func (i importer) reads(v *visitor) {
	v.t.Helper()
	receipt := v.receipt()
	v.press("#job-report a.button")
	v.sees("import.report.title")
	v.look(fmt.Sprintf("import-report-%t", i.left))
	file := v.s.fetch(v, "/import/"+receipt+"/report.csv")
	if !strings.HasPrefix(file, "\ufeffno,kind,") || strings.Count(file, "\n") < 3 {
		v.t.Errorf("the file is %q", file)
	}
}

// fetch reads an address with the visitor's cookies.
func (s *stage) fetch(v *visitor, path string) string {
	v.t.Helper()
	if !v.script {
		v.scripts(true)
		defer v.scripts(false)
	}
	return ask[string](v, `fetch(`+quoted(path)+`).then(r => r.arrayBuffer()).then(b => new TextDecoder("utf-8", { ignoreBOM: true }).decode(b))`)
}

func TestI2_a_platform_that_is_away_is_told_and_the_import_can_be_withdrawn(t *testing.T) {
	t.Parallel()
	inEach(t, bothLangs(), func(t *testing.T, s *stage, m manner) {
		n := map[text.Lang]int{text.Chinese: 3, text.English: 4}[m.lang]
		i := importer{manner: m, login: fmt.Sprintf("import%d@example.com", n), password: password}
		s.tell(t, account(fmt.Sprintf("EI%d", n), i.login, fmt.Sprintf("1310000000%d", n)))
		v := s.visitor(t, m)
		i.enters(v)
		v.types("hangs", legacytest.Password) // signs in, then never answers
		v.sees("import.head.reading")
		v.look("import-reading")
		v.sees("import.down.title")
		v.look("import-waiting")
		v.press(`#job-retry button`)
		v.open("/import/account")
		v.sees("import.blocked.title")
		v.look("import-blocked")
		v.press(`.blockers a`)
		v.press(`#job-other a[href$="/cancel"]`)
		v.look("import-withdraw")
		v.press("main form .actions .button")
		v.fresh("withdrawn")
		v.look("import-withdrawn")
	})
}
