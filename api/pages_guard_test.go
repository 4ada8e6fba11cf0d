package api

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"beian/internal/text"
)

func TestAStrangerLearnsNothingOfAJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, receipt := h.signedIn(t, "li").verified(t)
	stranger := h.signedIn(t, "shop")
	for _, path := range []string{"", "/cancel", "/stream", "/accept", "/verify"} {
		real, made := stranger.get(t, "/jobs/"+receipt+path), stranger.get(t, "/jobs/TR00000000"+path)
		if real.status != 404 || made.status != 404 {
			t.Errorf("%s: got %d and %d, want 404", path, real.status, made.status)
		}
	}
	stranger.post(t, "/jobs/"+receipt+"/cancel", url.Values{"form_id": {"0123456789"}}).is(t, 404)
	stranger.post(t, "/jobs/"+receipt+"/accept", url.Values{"code": {"123456"}}).is(t, 404)
	stranger.get(t, "/receive/"+receipt).is(t, 404, "没有等您接收的备案", "sho***@example.com", "退出，换一个账号登录")
	nobody := h.guest(t, text.Chinese)
	nobody.get(t, "/jobs/"+receipt).at(t, "/jobs?receipt="+receipt).is(t, 200, `value="`+receipt+`"`)
	nobody.get(t, "/jobs/"+receipt+"/stream").is(t, 401)
	nobody.get(t, "/receive/"+receipt).at(t, "/sign-in?next=%2Freceive%2F"+receipt).is(t, 200, "登录收到邀请的账号")
}

func TestBeforeTheSourceIsVerifiedTheTargetSeesNothing(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, receipt := h.signedIn(t, "li").submitted(t)
	target := h.signedIn(t, "wang")
	target.get(t, "/jobs/"+receipt).is(t, 404)
	target.get(t, "/account").is(t, 200, "还没有申请")
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	_, receipt := g.submitted(t)
	g.head["Sec-Fetch-Site"] = "cross-site"
	for _, path := range []string{"/", "/sign-in", "/sign-out", "/transfer/target", "/jobs", "/jobs/phone", "/not-me",
		"/jobs/" + receipt + "/cancel", "/account/sessions/end-all"} {
		g.post(t, path, url.Values{}).is(t, http.StatusForbidden)
	}
	delete(g.head, "Sec-Fetch-Site")
	g.get(t, "/jobs/"+receipt).is(t, 200, "等您填写验证码")
}

func TestASignInNeverLeadsToAnotherHost(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
		"javascript:alert(1)", "http:evil.example", "evil.example", "/\n/evil.example", "///evil.example", "", "%2F%2Fevil.example",
		"/sign-in?next=/a", "/sign-out", "/" + strings.Repeat("a", 400), "/%2F%2Fevil.example\r", " /account", "/%2fevil.example"} {
		if got := localPath(next); got != "" {
			t.Errorf("%q leads to %q", next, got)
		}
	}
	for _, next := range []string{"/account", "/transfer/target?draft=a", "/jobs/TR8F4KQX7M", "/receive/TR8F4KQX7M"} {
		if got := localPath(next); got != next {
			t.Errorf("%q leads to %q", next, got)
		}
	}
	g := openHall(t).guest(t, text.Chinese)
	s := g.get(t, "/sign-in?next=//evil.example/")
	g.send(t, s, "/sign-in", url.Values{"login": {"li@example.com"}, "password": {hallPassword}, "next": {"//evil.example/"}}).at(t, "/account")
}

func TestSignInKeepsTheLoginAndComesBack(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/transfer/target").at(t, "/sign-in?next=")
	s = g.send(t, s, "/sign-in", url.Values{"login": {"li@example.com"}, "password": {"no such password"}})
	s.is(t, 422, "登录名或密码不正确", `value="li@example.com"`)
	unknown := g.send(t, s, "/sign-in", url.Values{"login": {"nobody@example.com"}, "password": {"no such password"}})
	unknown.is(t, 422, "登录名或密码不正确")
	g.send(t, s, "/sign-in", url.Values{"login": {""}}).is(t, 422, "请填写登录名", "请填写密码")
	if strings.Contains(unknown.body, "no such password") {
		t.Error("the page repeats the password")
	}
	g.send(t, s, "/sign-in", url.Values{"login": {"li@example.com"}, "password": {hallPassword}}).at(t, "/transfer/target")
	g.get(t, "/sign-in?next=/jobs").at(t, "/jobs")
	g.send(t, g.get(t, "/account"), "/sign-out", nil).at(t, "/")
	g.get(t, "/account").at(t, "/sign-in")
}

func TestAFormThatIsTooLargeOrBrokenIsRefused(t *testing.T) {
	t.Parallel()
	g := openHall(t).guest(t, text.Chinese)
	g.post(t, "/not-me", url.Values{"veto": {strings.Repeat("a", maxBody)}}).is(t, http.StatusRequestEntityTooLarge)
	r := hallMust(http.NewRequestWithContext(t.Context(), http.MethodPost, g.hall.url+"/not-me", strings.NewReader("veto=%zz")))(t)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	g.do(t, r).is(t, http.StatusBadRequest)
}

func TestTheLinkOfAMessageLeadsAPartyToTheJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, receipt := h.signedIn(t, "li").verified(t)
	h.signedIn(t, "wang").get(t, "/jobs?receipt="+receipt).at(t, "/jobs/"+receipt)
	h.signedIn(t, "busy").get(t, "/jobs?receipt="+receipt).at(t, "/jobs?receipt=")
	h.guest(t, text.Chinese).get(t, "/jobs?receipt="+receipt).is(t, 200, "/sign-in?next=/jobs/"+receipt)
}

func TestTooManySignInsSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	g := openHall(t).guest(t, text.Chinese)
	s := g.get(t, "/sign-in")
	typed := url.Values{"login": {"li@example.com"}, "password": {"no such password"}}
	for range 10 {
		g.send(t, s, "/sign-in", typed).is(t, 422)
	}
	s = g.send(t, s, "/sign-in", typed).is(t, 429, "以后可以再试", `value="li@example.com"`)
	if s.head.Get("Retry-After") == "" {
		t.Error("Retry-After is missing")
	}
}

func TestSessionsAreSeenAndEnded(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	one, other := h.signedIn(t, "li"), h.signedIn(t, "li")
	s := one.get(t, "/account").is(t, 200, "当前", "139 **** 9001", "李*明", "hutong-photo.example.com")
	ids := regexp.MustCompile(`name="session" value="([^"]+)"`).FindAllStringSubmatch(s.body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d sessions are listed, want 2", len(ids))
	}
	stranger := h.signedIn(t, "wang")
	stranger.post(t, "/account/sessions/end", url.Values{"session": {ids[0][1]}}).is(t, 404)
	other.send(t, other.get(t, "/account"), "/account/sessions/end-all", nil).at(t, "/sign-in")
	one.get(t, "/account").at(t, "/sign-in")
	stranger.get(t, "/account").is(t, 200)
}

// hostile are texts that must come back as text.
func hostile() []string {
	return []string{`"><script>alert(1)</script>`, `'><img src=x onerror=alert(1)>`, `</title><script>x</script>`, `{{.}}`, `javascript:alert(1)`,
		`<svg/onload=alert(1)>`, `" autofocus onfocus="alert(1)`, "\u202e<b>", `</textarea><script>`, `&lt;script&gt;`}
}

func TestWhatPeopleTypeStaysText(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	forms := map[string][]string{"/sign-in": {"login", "password", "next"}, "/transfer/target": {"target", "target_phone4", "form_id"},
		"/jobs": {"receipt", "tracking"}, "/jobs/phone": {"receipt", "phone"}, "/not-me": {"receipt", "veto", "form_id"}, "/": {"need"}}
	for path, fields := range forms {
		clean := g.post(t, path, url.Values{})
		for _, bad := range hostile() {
			typed := url.Values{}
			for _, name := range fields {
				typed.Set(name, bad)
			}
			s := g.post(t, path, typed)
			if strings.Contains(html.EscapeString(s.body), html.EscapeString(bad)) && strings.ContainsAny(bad, "<\"") {
				t.Errorf("%s repeats %q as it is", path, bad)
			}
			if strings.Count(s.body, "<script") != strings.Count(clean.body, "<script") {
				t.Errorf("%s gained a script from %q", path, bad)
			}
		}
	}
	for _, bad := range hostile() {
		for _, path := range []string{"/jobs?receipt=", "/not-me?receipt=", "/jobs/phone?receipt=", "/sign-in?next=", "/?lang=", "/transfer/target?draft=", "/jobs/", "/not-me/"} {
			if s := g.get(t, path+url.QueryEscape(bad)); strings.Contains(s.body, "<script>") || strings.Contains(s.body, "<img") {
				t.Errorf("%s repeats %q", path, bad)
			}
		}
	}
}

func TestAJobOpensWithItsTrackingCode(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	s, receipt := h.signedIn(t, "li").submitted(t)
	code := regexp.MustCompile(`data-copy="([0-9A-Z]{8})"`).FindStringSubmatch(s.body)[1]
	g := h.guest(t, text.Chinese)
	lookup := g.get(t, "/jobs")
	g.send(t, lookup, "/jobs", url.Values{"receipt": {"TR12"}, "tracking": {""}}).is(t, 422, "受理编号应类似", "请填写查询码", `value="TR12"`)
	wrong := g.send(t, lookup, "/jobs", url.Values{"receipt": {receipt}, "tracking": {"ABCD1234"}}).is(t, 422, "受理编号和查询码不相符")
	unknown := g.send(t, lookup, "/jobs", url.Values{"receipt": {"TR00000000"}, "tracking": {code}})
	if unknown.status != wrong.status && unknown.status != 422 {
		t.Errorf("an unknown receipt answers %d", unknown.status)
	}
	s = g.send(t, lookup, "/jobs", url.Values{"receipt": {strings.ToLower(receipt[:2] + " " + receipt[2:])}, "tracking": {strings.ToLower(code)}})
	s.at(t, "/jobs/"+receipt).is(t, 200, "等转出账号验证身份", "登录后查看和操作", "/not-me?receipt="+receipt)
	if strings.Contains(s.path, code) || strings.Contains(s.body, code) {
		t.Error("the tracking code is on the page or in its address")
	}
	g.get(t, "/jobs/"+receipt+"/cancel").at(t, "/sign-in")
}

func TestAJobOpensWithACodeToAPartysPhone(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, receipt := h.signedIn(t, "li").submitted(t)
	h.pass(time.Minute)
	g := h.guest(t, text.Chinese)
	form := g.get(t, "/jobs/phone")
	g.send(t, form, "/jobs/phone", url.Values{"receipt": {receipt}, "phone": {"1390013"}}).is(t, 422, "手机号码应为 11 位数字，现在是 7 位")
	stranger := g.send(t, form, "/jobs/phone", url.Values{"receipt": {receipt}, "phone": {"13911112222"}}).is(t, 200, "139 **** 2222")
	s := g.send(t, form, "/jobs/phone", url.Values{"receipt": {receipt}, "phone": {"139 0013 9001"}}).at(t, "/jobs/phone/code").is(t, 200, "139 **** 9001")
	if strings.ReplaceAll(stranger.main(), "2222", "9001") != formless(stranger, s) {
		t.Error("the answer tells which phones belong to a job")
	}
	code := h.letter(t, "13900139001", `验证码 (\d{6})`)
	g.send(t, s, "/jobs/phone/code", url.Values{"code": {"000000"}}).is(t, 422, "验证码不正确或已过期")
	g.send(t, s, "/jobs/phone/code", url.Values{"code": {code}}).at(t, "/jobs/"+receipt).is(t, 200, "发送查询验证码")
	g.get(t, "/jobs/phone/code?receipt="+receipt).at(t, "/jobs/phone?receipt=")
}

// formless is the second page with the first one's form ids.
func formless(a, b sheet) string {
	id := regexp.MustCompile(`name="form_id" value="([^"]+)"`)
	return strings.ReplaceAll(b.main(), id.FindStringSubmatch(b.body)[1], id.FindStringSubmatch(a.body)[1])
}

func TestWhoeverIsToldCanFreezeWithoutSigningIn(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source := h.signedIn(t, "li")
	_, receipt := source.submitted(t)
	veto := h.letter(t, "13900139001", receipt+`、([0-9A-Z]{8})`)
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/not-me?receipt="+receipt).is(t, 200, `value="`+receipt+`"`)
	g.get(t, "/not-me/"+receipt).at(t, "/not-me?receipt=")
	source.get(t, "/jobs/"+receipt).is(t, 200, "等您填写验证码")
	wrong := g.send(t, s, "/not-me", url.Values{"veto": {"ABCD1234"}}).is(t, 422, "受理编号和冻结码不相符", `value="ABCD1234"`)
	g.send(t, wrong, "/not-me", url.Values{"receipt": {receipt}, "veto": {""}}).is(t, 422, "请填写冻结码")
	s = g.send(t, wrong, "/not-me", url.Values{"veto": {strings.ToLower(veto)}}).at(t, "/not-me/"+receipt).is(t, 200, "申请已冻结", "24 小时内")
	if strings.Contains(s.path+s.body, veto) {
		t.Error("the freeze code is on the page or in its address")
	}
	source.get(t, "/jobs/"+receipt).is(t, 200, "申请已冻结")
	g.send(t, wrong, "/not-me", url.Values{"veto": {veto}}).at(t, "/not-me/"+receipt)
}

func TestAnObjectionAfterTheEndSaysWhatItCanDo(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, receipt := source.verified(t)
	target.send(t, target.get(t, "/jobs/"+receipt+"/accept"), "/jobs/"+receipt+"/accept", nil)
	veto := h.letter(t, "13900139001", receipt+`、([0-9A-Z]{8})`)
	object := func() sheet {
		g := h.guest(t, text.Chinese)
		return g.send(t, g.get(t, "/not-me"), "/not-me", url.Values{"receipt": {receipt}, "veto": {veto}})
	}
	h.pass(8 * 24 * time.Hour)
	object().is(t, 200, "已经超过可以提出异议的时间")
	h.pass(-8*24*time.Hour + time.Hour/2)
	object().is(t, 200, "已收到您的异议")
	source.get(t, "/jobs/"+receipt).is(t, 200, "主管正在核实")
}

func TestAnOpenPageHearsOfChangesAndStopsAtTheEnd(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	s, receipt := g.submitted(t)
	stream := html.UnescapeString(regexp.MustCompile(`data-stream-url="([^"]+)"`).FindStringSubmatch(s.body)[1])
	req := hallMust(http.NewRequestWithContext(t.Context(), http.MethodGet, h.url+stream, nil))(t)
	res := hallMust(g.client.Do(req))(t)
	defer res.Body.Close()
	g.send(t, g.get(t, "/jobs/"+receipt+"/cancel"), "/jobs/"+receipt+"/cancel", nil)
	h.work(t)
	said := 0
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			said++
		}
	}
	if said == 0 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("the page heard %d changes as %s", said, res.Header.Get("Content-Type"))
	}
	if s := g.get(t, "/jobs/"+receipt); strings.Contains(s.body, "data-stream-url") || strings.Contains(s.body, "http-equiv") {
		t.Error("a settled page still listens")
	}
}

// tour is every page a signed-in source can reach, and those without sign-in.
func tour(t *testing.T, g *guest) []string {
	t.Helper()
	check := g.checked(t)
	_, receipt := g.verified(t)
	return []string{"/", "/guide", "/guide/in-move-same", "/guide/out-password-ministry", "/find", "/find/sent", "/help", "/sign-in", "/account", "/transfer", "/transfer/target", check.path, "/jobs", "/jobs/phone",
		"/jobs/" + receipt, "/jobs/" + receipt + "/cancel", "/jobs/" + receipt + "/dispute", "/not-me", "/docs"}
}

func TestNoLinkIsDead(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	seen := map[string]bool{}
	next := tour(t, g)
	for len(next) > 0 {
		path, _, _ := strings.Cut(next[0], "#")
		next = next[1:]
		if seen[path] || strings.HasPrefix(path, "/openapi") {
			continue
		}
		seen[path] = true
		s := g.get(t, path)
		if s.status != 200 && !awaited(path, s.status) {
			t.Errorf("%s answers %d", path, s.status)
		}
		for _, link := range regexp.MustCompile(`(?:href|src)="(/[^"]*)"`).FindAllStringSubmatch(s.body, -1) {
			next = append(next, html.UnescapeString(link[1]))
		}
		for _, link := range regexp.MustCompile(`href="([^"]*)#([^"]+)"`).FindAllStringSubmatch(s.body, -1) {
			if there := orElse(link[1], path); !strings.Contains(g.get(t, there).body, `id="`+link[2]+`"`) {
				t.Errorf("%s leads to %s#%s, which is not there", path, there, link[2])
			}
		}
	}
}

func TestPagesAreLightAndComplete(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	for _, path := range tour(t, g) {
		for _, lang := range text.Langs() {
			s := g.get(t, path+"?lang="+string(lang)).is(t, 200)
			var small bytes.Buffer
			w := gzip.NewWriter(&small)
			_, _ = w.Write([]byte(s.body))
			_ = w.Close()
			if small.Len() > 12<<10 && path != "/docs" {
				t.Errorf("%s in %s weighs %d bytes", path, lang, small.Len())
			}
			if strings.Count(s.body, "<h1") != 1 || regexp.MustCompile(`<title>\s*-`).MatchString(s.body) {
				t.Errorf("%s in %s lacks a heading or a title", path, lang)
			}
		}
	}
}
