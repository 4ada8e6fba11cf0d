package api

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"beian/api/page"
	"beian/api/page/pagetest"
	"beian/internal/text"
)

const freshPassword = "a loud white goose"

func TestPasswordPagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	r := hallRenderer(t, hallMust(text.Load())(t))
	for _, name := range []string{"which", "ministry", "request", "sent", "done"} {
		pagetest.Check[any](t, r, "password/"+name)
	}
	pagetest.Check[page.Resend](t, r, "password/code")
	pagetest.Check[newPasswordData](t, r, "password/new")
}

// asked is a guest who asked for a new password.
func (g *guest) asked(t testing.TB, account, way string) sheet {
	t.Helper()
	return g.send(t, g.get(t, "/password/request"), "/password/request", url.Values{"account": {account}, "way": {way}})
}

func TestF2_the_link_of_the_mail_sets_a_new_password(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	before := h.signedIn(t, "li")
	g := h.guest(t, text.Chinese)
	g.get(t, "/sign-in").is(t, 200, `href="/password"`)
	s := g.send(t, g.get(t, "/"), "/", url.Values{"need": {"password"}}).at(t, "/password")
	s = g.send(t, s, "/password", url.Values{"which_password": {"ours"}}).at(t, "/password/request")
	g.send(t, s, "/password/request", url.Values{"account": {" LI@example.com "}, "way": {"mail"}}).at(t, "/password/sent").is(t, 200, "如果有这个账号")
	link := h.letter(t, "li@example.com", `http://desk.example.cn(/password/link/\S+)`)
	for range 10 { // somebody guesses, so that the login has to wait
		stranger := h.guest(t, text.Chinese)
		stranger.send(t, stranger.get(t, "/sign-in"), "/sign-in", url.Values{"login": {"li@example.com"}, "password": {"wrong password"}})
	}
	g.send(t, g.get(t, "/sign-in"), "/sign-in", url.Values{"login": {"li@example.com"}, "password": {hallPassword}}).is(t, http.StatusTooManyRequests)
	for range 2 { // looking uses nothing up
		s = g.get(t, link).is(t, 200, "l***@example.com", `autocomplete="new-password"`)
	}
	for typed, says := range map[string]string{"": "请填写新密码", "short": "密码至少 12 个字符", "password1234": "太常见", strings.Repeat("ab1c", 40): "密码最多 128 个字符"} {
		wrong := g.send(t, s, link, url.Values{"new_password": {typed}}).is(t, 422, says, "错误：")
		if typed != "" && strings.Contains(wrong.body, `value="`+typed) {
			t.Error("a refused password is shown again")
		}
	}
	g.send(t, s, link, url.Values{"new_password": {freshPassword}}).at(t, "/password/done")
	if got := before.get(t, "/account"); !strings.HasPrefix(got.path, "/sign-in") {
		t.Errorf("the old session opens %s", got.path)
	}
	if got := g.get(t, "/account"); !strings.HasPrefix(got.path, "/sign-in") {
		t.Errorf("setting a password signed in: %s", got.path)
	}
	gone := g.post(t, link, url.Values{"new_password": {freshPassword}})
	gone.is(t, http.StatusGone, "这个链接已失效", `href="/password/request"`)
	g.get(t, link).is(t, http.StatusGone)
	s = g.get(t, "/sign-in")
	g.send(t, s, "/sign-in", url.Values{"login": {"li@example.com"}, "password": {hallPassword}}).is(t, 422)
	g.send(t, s, "/sign-in", url.Values{"login": {"li@example.com"}, "password": {freshPassword}}).at(t, "/account")
	h.letter(t, "li@example.com", `(刚刚重设)`)
	h.letter(t, "13900139001", `(密码已重设)`)
}

func TestF2_the_code_of_the_SMS_leads_to_the_same_form(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.English)
	s := g.asked(t, "139 0013 9001", "sms").at(t, "/password/code")
	code := h.letter(t, "13900139001", `Code (\d{6})`)
	g.send(t, s, "/password/code", url.Values{"code": {"12 34"}}).is(t, 422, "6 digits")
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	g.send(t, s, "/password/code", url.Values{"code": {wrong}}).is(t, 422, "not correct or has expired")
	h.pass(61 * time.Second)
	s = g.send(t, s, "/password/code/resend", nil).at(t, "/password/code")
	s = g.send(t, s, "/password/code", url.Values{"code": {code}}).at(t, "/password/link/")
	g.send(t, s, s.path, url.Values{"new_password": {freshPassword}}).at(t, "/password/done")
	if got := g.get(t, "/password/code"); got.path != "/password/request" {
		t.Errorf("the code page without a claimant is %s", got.path)
	}
}

// F1's rule holds here, too: text, status and form are the same for a hit and a miss.
func TestF2_hit_and_miss_look_the_same(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	for _, way := range []string{"mail", "sms"} {
		var seen []string
		for _, account := range []string{"li@example.com", "nobody@example.com", "13900139002", "13500000000"} {
			g := h.guest(t, text.Chinese)
			s := g.asked(t, account, way).is(t, 200)
			all := s.path + s.main()
			if way == "sms" {
				s = g.send(t, s, "/password/code", url.Values{"code": {"000000"}}).is(t, 422)
				all += s.path + s.main()
			}
			all = regexp.MustCompile(`[0-9a-f-]{36}`).ReplaceAllString(all, "ID")
			if seen = append(seen, all); seen[0] != all {
				t.Errorf("%s by %s: %s\nis not\n%s", account, way, all, seen[0])
			}
		}
	}
}

func TestPasswordFormsSayWhatIsMissing(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.English)
	g.post(t, "/password", nil).is(t, 422, "Select which password you forgot")
	g.post(t, "/password", url.Values{"which_password": {"ministry"}}).at(t, "/password/ministry").is(t, 200, "https://beian.miit.gov.cn/")
	g.asked(t, " ", "").is(t, 422, "Enter login email or security phone", "Select where the link or the code goes")
	g.asked(t, "nobody@", "mail").is(t, 422, "Email address", `value="nobody@"`)
	g.asked(t, "12345", "mail").is(t, 422)
	for _, bad := range []string{"/password/link/x", "/password/link/" + strings.Repeat("a", 36) + ".AAAAAAAAAAAAAAAAAAAAAA"} {
		g.get(t, bad).is(t, http.StatusGone)
		g.post(t, bad, url.Values{"new_password": {freshPassword}}).is(t, http.StatusGone)
	}
}

func TestPasswordPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	code := g.asked(t, "li@example.com", "sms").path
	link := h.guest(t, text.Chinese)
	link.asked(t, "wang@example.com", "mail")
	form := h.letter(t, "wang@example.com", `http://desk.example.cn(/password/link/\S+)`)
	pages := map[string]string{"which": "/password", "ministry": "/password/ministry", "request": "/password/request", "sent": "/password/sent",
		"code": code, "new": form, "done": "/password/done"}
	for _, lang := range text.Langs() {
		for name, path := range pages {
			got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
			got = regexp.MustCompile(`link/ID\.[\w-]{22}`).ReplaceAllString(got, "link/KEY")
			golden(t, filepath.Join("testdata", "pages", "password-"+name+"."+string(lang)+".html"), got)
		}
	}
}
