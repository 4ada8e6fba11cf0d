package api_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"beian/api"
	"beian/internal/accounts"
	"beian/tasks"
)

// at opens a page that has no script of the reviewers'.
func (b *window) at(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	b.until(`document.readyState === "complete"`)
}

// gives fills a field and presses the form's first button, then waits.
func (b *window) gives(field, value, condition string) {
	b.t.Helper()
	b.ask(`(f => { f.value = ` + "`" + value + "`" + `; f.form.querySelector("button.button:not([type=button])").click(); return "" })(document.getElementById("` + field + `"))`)
	b.until(`document.readyState === "complete" && ` + condition)
}

func (b *window) password(role tasks.ActorKind, condition string) {
	b.t.Helper()
	b.at("/ops/sign-in")
	b.ask(`(document.getElementById("staff_login").value = "` + string(role) + `", "")`)
	b.gives("password", opsPassword, condition)
}

func TestTheAuthenticatorsPagesBreakNoRuleInARealBrowser(t *testing.T) {
	t.Parallel()
	for lang, role := range map[string]tasks.ActorKind{"zh-CN": tasks.ActorAuditor, "en": tasks.ActorOperator} {
		w := guardedWorld(t, accounts.FactorRequired)
		b := w.pane(lang)
		b.password(role, `document.querySelector("svg.qr")`)
		b.look("enrol." + lang)
		b.gives("staff_code", "000000", `document.querySelector(".errors")`)
		b.look("enrol-wrong." + lang)
		secret := strings.ReplaceAll(b.ask(`document.querySelector("main p code").textContent`), " ", "")
		b.gives("staff_code", authenticator(t, secret, w.now), `document.querySelectorAll("main li code").length === 10`)
		b.look("recovery-codes." + lang)
		recovery := b.ask(`document.querySelector("main li code").textContent`)
		other := w.pane(lang)
		other.password(role, `document.getElementById("staff_code") && !document.querySelector("svg.qr")`)
		other.look("second." + lang)
		other.gives("staff_code", "000000", `document.querySelector(".errors")`)
		other.look("second-wrong." + lang)
		other.gives("staff_code", recovery, `location.pathname === "/ops"`)
	}
}

func TestTheDoorToAProviderBreaksNoRuleInARealBrowser(t *testing.T) {
	t.Parallel()
	w, _ := employer(t)
	hall := api.HallWithPlatform(t)
	for _, lang := range []string{"zh-CN", "en"} {
		b := w.pane(lang)
		b.at("/ops/sign-in?next=/ops/jobs")
		b.until(`document.querySelector("a[href^='/ops/sign-in/elsewhere']")`)
		b.look("door-elsewhere." + lang)
		b.at("/ops/sign-in/elsewhere/callback?state=forged&code=x")
		b.look("door-forged." + lang)
		b.base = hall
		b.at("/sign-in?next=/transfer/target")
		b.until(`document.querySelector("a[href^='/sign-in/elsewhere']")`)
		b.look("applicants-door." + lang)
		b.at("/sign-in/elsewhere/callback?state=forged&code=x")
		b.look("applicants-door-forged." + lang)
	}
}

func TestAYearsPreviewBreaksNoRuleInARealBrowser(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withCalendar)
	for _, lang := range []string{"zh-CN", "en"} {
		b := w.window(tasks.ActorOperator, lang)
		b.at("/ops/calendar")
		b.gives("calendar_data", year2027, `document.querySelector("input[name=step]")`)
		b.look("calendar-preview." + lang)
		b.at("/ops/calendar")
		b.gives("calendar_data", strings.Replace(year2027, "2027-01-02", "2027-13-02", 1), `document.querySelector(".errors")`)
		b.look("calendar-refused." + lang)
	}
}
