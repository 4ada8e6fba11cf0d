package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"beian/api"
	"beian/internal/accounts"
	"beian/tasks"
)

// withStaff gives the console the staff's pages.
func withStaff(p *api.OpsParts) {
	desk, ok := p.Porter.(api.OpsStaff)
	if !ok {
		panic("the porter keeps no staff")
	}
	p.Staff = api.StaffParts{Desk: desk, PublicURL: "http://beian.example.cn"}
}

func (w *opsWorld) profile(login string) accounts.Profile {
	w.t.Helper()
	all, err := w.porter.Profiles(w.t.Context())
	w.must(err)
	for _, p := range all {
		if p.Login == login {
			return p
		}
	}
	w.t.Fatalf("nobody is called %s", login)
	return accounts.Profile{}
}

var linkInPage = regexp.MustCompile(`/ops/set-up/([A-Za-z0-9_-]{43})`)

func (b *opsBrowser) linkOf(got opsAnswer) string {
	b.t.Helper()
	found := linkInPage.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || found == nil {
		b.t.Fatalf("%d, no link in %s", got.status, got.body)
	}
	return found[0]
}

func newMember(login string, role tasks.ActorKind) url.Values {
	return url.Values{"new_login": {login}, "new_name": {"王芳"}, "staff_role": {string(role)}}
}

func TestV4_OnlyOperatorsChangeTheStaffAndReviewersSeeNothingOfIt(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	member := "/ops/staff/" + w.profile("reviewer").ID
	for _, c := range []struct {
		role                  tasks.ActorKind
		list, one, add, act   int
		offered, tabbed, self bool
	}{
		{tasks.ActorReviewer, 403, 403, 403, 403, false, false, false},
		{tasks.ActorSupervisor, 200, 200, 403, 403, false, true, false},
		{tasks.ActorAuditor, 200, 200, 403, 403, false, true, false},
		{tasks.ActorOperator, 200, 200, 422, 400, true, true, true},
	} {
		b := w.as(c.role)
		for path, want := range map[string]int{"/ops/staff": c.list, member: c.one} {
			got := b.get(path)
			if got.status != want || strings.Contains(got.body, `name="staff_role"`) != c.offered {
				t.Errorf("%s reads %s: %d, offered must be %v", c.role, path, got.status, c.offered)
			}
		}
		if got := b.post("/ops/staff", url.Values{}); got.status != c.add {
			t.Errorf("%s adds: %d", c.role, got.status)
		}
		if got := b.post(member, url.Values{"act": {"nonsense"}}); got.status != c.act {
			t.Errorf("%s acts: %d", c.role, got.status)
		}
		if got := b.send(http.MethodPost, member, url.Values{"act": {"disable"}}, map[string]string{"Sec-Fetch-Site": "cross-site"}); got.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", c.role, got.status)
		}
		if got := b.get("/ops"); strings.Contains(got.body, `href="/ops/staff"`) != c.tabbed {
			t.Errorf("%s sees the tab: must be %v", c.role, c.tabbed)
		}
	}
	if !w.profile("reviewer").DisabledAt.IsZero() {
		t.Error("somebody was disabled")
	}
	if rows := w.rows("ops.denied"); len(rows) != 8 {
		t.Errorf("denied %q", rows)
	}
}

func TestAnOperatorTakesSomebodyOnByALinkShownOnce(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	b := w.as(tasks.ActorOperator)
	made := b.post("/ops/staff", newMember("wang.fang", tasks.ActorReviewer))
	link := b.linkOf(made)
	if made.head.Get("Cache-Control") != "no-store" || !strings.Contains(made.body, "http://beian.example.cn"+link) {
		t.Error("the link's page may be kept, or does not begin with our address")
	}
	page := "/ops/staff/" + w.profile("wang.fang").ID
	for _, path := range []string{"/ops/staff", page} {
		if got := b.get(path); strings.Contains(got.body, link) || !strings.Contains(got.body, "Set-up link open") {
			t.Errorf("%s shows the link again, or not that there is one", path)
		}
	}
	if got := b.post("/ops/staff", newMember("wang.fang", tasks.ActorReviewer)); got.status != http.StatusUnprocessableEntity || linkInPage.MatchString(got.body) {
		t.Errorf("a double click: %d", got.status)
	}
	guest := w.anyone()
	for _, bad := range []string{"", "short"} {
		if got := guest.post(link, url.Values{"new_password": {bad}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("password %q: %d", bad, got.status)
		}
	}
	for range 2 { // looking uses nothing up
		if got := guest.get(link); got.status != 200 || !strings.Contains(got.body, "wang.fang") {
			t.Fatalf("looking: %d", got.status)
		}
	}
	if got := guest.send(http.MethodPost, link, url.Values{"new_password": {opsPassword}}, map[string]string{"Sec-Fetch-Site": "cross-site"}); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	got := guest.post(link, url.Values{"new_password": {opsPassword}})
	if got.status != http.StatusSeeOther || !strings.Contains(guest.get(got.to).body, "The password is set") {
		t.Fatalf("%d %s", got.status, got.to)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if got := guest.send(method, link, url.Values{"new_password": {opsPassword}}, nil); got.status != http.StatusGone {
			t.Errorf("%s a used link: %d", method, got.status)
		}
	}
	if got := guest.post("/ops/sign-in", url.Values{"staff_login": {"wang.fang"}, "password": {opsPassword}}); got.to != "/ops" {
		t.Errorf("signing in: %d %s", got.status, got.to)
	}
	id := w.profile("wang.fang").ID
	if rows := w.rows("staff.add"); rows[len(rows)-1] != "operator|"+id+"|as reviewer|done" {
		t.Errorf("rows %q", rows)
	}
	if rows := w.rows("staff.password"); len(rows) != 1 || rows[0] != "reviewer|"+id+"|by the set-up link|done" {
		t.Errorf("rows %q", rows)
	}
}

func TestEveryActOnAMemberIsJournaledAndTold(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	b := w.as(tasks.ActorOperator)
	reviewer := w.as(tasks.ActorReviewer)
	_, err := w.porter.EnrolStaff(t.Context(), tasks.System(), "auditor")
	w.must(err)
	_, _, err = w.porter.StaffIdentitySignIn(t.Context(), accounts.Identity{Issuer: "https://idp", Subject: "s", Name: "auditor"}, accounts.Client{Address: "a"})
	w.must(err)
	for _, c := range []struct{ login, act, told, action, reason string }{
		{"reviewer", "sessions", "All sessions were ended", "staff.sessions", ""},
		{"reviewer", "role", "The role was changed", "staff.role", "reviewer to auditor"},
		{"reviewer", "disable", "The access was disabled", "staff.disable", ""},
		{"reviewer", "enable", "The access was enabled", "staff.enable", ""},
		{"auditor", "identity", "The company sign-in was unlinked", "staff.unlink", ""},
		{"auditor", "factor", "The authenticator was removed", "staff.totp", "removed"},
	} {
		p := w.profile(c.login)
		got := b.post("/ops/staff/"+p.ID, url.Values{"act": {c.act}, "staff_role": {"auditor"}})
		if got.status != http.StatusSeeOther || !strings.Contains(b.get(got.to).body, c.told) {
			t.Errorf("%s: %d %s", c.act, got.status, got.to)
		}
		rows := w.rows(c.action)
		if len(rows) == 0 || rows[len(rows)-1] != "operator|"+p.ID+"|"+c.reason+"|done" {
			t.Errorf("%s: rows %q", c.act, rows)
		}
	}
	if got := reviewer.get("/ops"); got.status != http.StatusSeeOther {
		t.Errorf("an ended session: %d", got.status)
	}
	link := b.linkOf(b.post("/ops/staff/"+w.profile("reviewer").ID, url.Values{"act": {"link"}}))
	if got := w.anyone().post("/ops/sign-in", url.Values{"staff_login": {"reviewer"}, "password": {opsPassword}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the old password: %d", got.status)
	}
	if rows := w.rows("staff.invite"); len(rows) != 1 || strings.Contains(rows[0], link) {
		t.Errorf("rows %q", rows)
	}
	if got := b.post("/ops/staff/nobody", url.Values{"act": {"disable"}}); got.status != http.StatusNotFound {
		t.Errorf("nobody: %d", got.status)
	}
}

func TestV4_TheLastOfARoleAndOneselfAreRefusedOnThePage(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	b := w.as(tasks.ActorOperator)
	for login, want := range map[string]string{"supervisor": "Nobody else who can sign in has this role", "operator": "Ask another operator"} {
		for _, act := range []string{"disable", "role"} {
			got := b.post("/ops/staff/"+w.profile(login).ID, url.Values{"act": {act}, "staff_role": {"reviewer"}})
			if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, want) {
				t.Errorf("%s %s: %d", act, login, got.status)
			}
		}
		if p := w.profile(login); !p.DisabledAt.IsZero() || string(p.Role) != login {
			t.Errorf("%s was changed", login)
		}
	}
}

func TestTheStaffPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	b := w.as(tasks.ActorOperator)
	link := b.linkOf(b.post("/ops/staff", newMember("wang.fang", tasks.ActorReviewer)))
	w.now = w.now.Add(90 * time.Minute)
	b = w.as(tasks.ActorOperator)
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "staff."+lang+".html", b.get("/ops/staff").body)
		opsGolden(t, "staff-member."+lang+".html", b.get("/ops/staff/"+w.profile("wang.fang").ID).body)
		guest := w.anyone()
		guest.lang = lang
		opsGolden(t, "staff-set-up."+lang+".html", strings.ReplaceAll(guest.get(link).body, link, "/ops/set-up/TOKEN"))
		shown := b.post("/ops/staff/"+w.profile("supervisor").ID, url.Values{"act": {"link"}})
		opsGolden(t, "staff-link."+lang+".html", strings.ReplaceAll(shown.body, b.linkOf(shown), "/ops/set-up/TOKEN"))
	}
}

func TestTheStaffPagesBreakNoRuleInARealBrowser(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withStaff)
	op := w.as(tasks.ActorOperator)
	link := op.linkOf(op.post("/ops/staff", newMember("wang.fang", tasks.ActorReviewer)))
	_, err := w.porter.EnrolStaff(t.Context(), tasks.System(), "auditor")
	w.must(err)
	for _, lang := range []string{"zh-CN", "en"} {
		b := w.window(tasks.ActorOperator, lang)
		for name, path := range map[string]string{"staff": "/ops/staff", "staff-member": "/ops/staff/" + w.profile("auditor").ID,
			"staff-self": "/ops/staff/" + w.profile("operator").ID, "staff-set-up": link} {
			b.do(chromedp.Navigate(b.base + path))
			b.until(`document.readyState === "complete"`)
			b.look(name + "." + lang)
		}
		for name, path := range map[string]string{"staff-link": "link", "staff-faults": "new"} {
			b.do(chromedp.Navigate(b.base + map[string]string{"link": "/ops/staff/" + w.profile("reviewer").ID, "new": "/ops/staff"}[path]))
			b.until(`document.readyState === "complete"`)
			b.ask(`(document.querySelector(` + map[string]string{"link": "`[value=link]`", "new": "`main form button`"}[path] + `).click(), "")`)
			b.until(map[string]string{"link": `document.querySelector("main code")`, "new": `document.querySelector(".errors")`}[path])
			b.look(name + "." + lang)
		}
	}
}
