package api

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"beian/api/page/pagetest"
	"beian/internal/text"
)

func TestFindPagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	r := hallRenderer(t, hallMust(text.Load())(t))
	pagetest.Check[any](t, r, "find/facts")
	pagetest.Check[findSentData](t, r, "find/sent")
}

// looksFor is a guest who asks for a login.
func (g *guest) looksFor(t testing.TB, facts url.Values) sheet {
	t.Helper()
	return g.send(t, g.get(t, "/find"), "/find", facts)
}

func byFiling(where string) url.Values {
	return url.Values{"find_by": {"filing"}, "icp_or_domain": {where}}
}

func TestF1_the_login_comes_by_SMS_and_is_on_no_page(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.send(t, g.get(t, "/"), "/", url.Values{"need": {"find"}}).at(t, "/find")
	s = g.send(t, s, "/find", byFiling("hutong-photo.example.com")).at(t, "/find/sent").is(t, 200, "如果填写的信息与备案相符")
	if strings.Contains(s.body, "@example.com") || strings.Contains(s.body, "139") {
		t.Error("the page shows a login or a phone")
	}
	if got := h.letter(t, "13900139001", `您的备案登录名是 ([^。]+)。`); got != "li@example.com" {
		t.Errorf("the SMS says %s", got)
	}
	g.looksFor(t, url.Values{"find_by": {"name"}, "subject_name": {"北京晨光云图科技有限公司"}, "certificate_last6": {"k7t27x"}, "icp_or_domain": {"left from before"}}).at(t, "/find/sent")
	if got := h.letter(t, "13900139003", `您的备案登录名是 ([^。]+)。`); got != "shop@example.com" {
		t.Errorf("the SMS says %s", got)
	}
}

func TestF1_the_pages_answer_hit_and_miss_alike(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	bodies := map[string]string{}
	for _, where := range []string{"xiaoming-notes.example.com", "xiaoming-notez.example.com"} {
		s := h.guest(t, text.Chinese).looksFor(t, byFiling(where)).at(t, "/find/sent")
		bodies[strings.ReplaceAll(steady(s.main()), where, "WHERE")] = where
	}
	if len(bodies) != 1 {
		t.Errorf("the answers differ: %q", bodies)
	}
}

func TestF1_faults_stand_at_their_fields_and_what_was_typed_stays(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	g.looksFor(t, url.Values{"icp_or_domain": {"example.com"}}).is(t, 422, "请选择您记得的信息", `value="example.com"`, "错误：")
	g.looksFor(t, byFiling("")).is(t, 422, "请填写备案号或域名")
	g.looksFor(t, byFiling("http://example.com/")).is(t, 422, "不要写 http://", `value="http://example.com/"`)
	g.looksFor(t, url.Values{"find_by": {"name"}, "subject_name": {"赵磊"}, "certificate_last6": {"12"}}).is(t, 422, "请填写证件号码的最后六位", `value="赵磊"`)
	g.looksFor(t, url.Values{"find_by": {"name"}}).is(t, 422, `href="#subject_name"`, `href="#certificate_last6"`)
	g.looksFor(t, byFiling("leizi.example.com")).at(t, "/find/sent")
	g.get(t, "/find").is(t, 200, `value="leizi.example.com"`, "checked") // going back
}

// The same form twice is one question; the form that the back button brings up
// again, with another domain, is another.
func TestF1_a_form_sent_twice_asks_once_and_a_mended_one_asks_anew(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/find")
	for range 4 { // more than the limit of a filing
		g.send(t, s, "/find", byFiling("leizi.example.com")).at(t, "/find/sent")
	}
	g.send(t, s, "/find", byFiling("xiaoming-notes.example.com")).at(t, "/find/sent")
	h.work(t)
	sent := map[string]int{}
	for _, l := range hallMust(h.store.Letters(t.Context(), 100))(t) {
		sent[l.To]++
	}
	if sent["13900139006"] != 1 || sent["13900139001"] != 1 {
		t.Errorf("messages: %v", sent)
	}
}

func TestF1_whoever_asks_too_often_is_told_when(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.English)
	for range 3 {
		g.looksFor(t, byFiling("leizi.example.com")).at(t, "/find/sent")
	}
	s := g.looksFor(t, byFiling("leizi.example.com")).is(t, http.StatusTooManyRequests, "Too many tries", `value="leizi.example.com"`)
	if s.head.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
}

func TestF1_what_was_typed_goes_along_to_the_reset_and_replaces_no_application(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.looksFor(t, byFiling("leizi.example.com"))
	g.send(t, s, "/reset/begin", nil).at(t, "/reset")
	g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"individual"}}).at(t, "/reset/facts").is(t, 200, `value="leizi.example.com"`)
	s = g.looksFor(t, url.Values{"find_by": {"name"}, "subject_name": {"赵磊"}, "certificate_last6": {"233613"}})
	g.send(t, s, "/reset/begin", nil).at(t, "/reset")
	g.get(t, "/reset/facts").is(t, 200, `value="leizi.example.com"`, `value="赵磊"`)
	if strings.Contains(g.get(t, "/reset/facts").body, "233613") {
		t.Error("the end of a number was taken for the number")
	}
	h.guest(t, text.Chinese).get(t, "/find/sent").is(t, 200, "如果填写的信息与备案相符")
}

func TestF1_pages_look_as_agreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	g.looksFor(t, byFiling("leizi.example.com"))
	stranger := h.guest(t, text.Chinese)
	for _, lang := range text.Langs() {
		for name, s := range map[string]sheet{"find-facts": stranger.get(t, "/find?lang="+string(lang)), "find-sent": g.get(t, "/find/sent?lang="+string(lang))} {
			golden(t, filepath.Join("testdata", "pages", name+"."+string(lang)+".html"), steady(s.is(t, 200).main()))
		}
	}
}
