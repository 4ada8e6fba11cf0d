package api

import (
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"beian/api/page/pagetest"
	"beian/internal/text"
)

func TestGuidePagesUseOnlyWhatTheirHandlersGive(t *testing.T) {
	t.Parallel()
	r := hallRenderer(t, hallMust(text.Load())(t))
	pagetest.Check[questionData](t, r, "guide/question")
	pagetest.Check[endData](t, r, "guide/end")
}

// leaves walks the tree and lists the answers that lead to each end.
func leaves(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	var down func(f *fork, path []*fork, keys []string)
	down = func(f *fork, path []*fork, keys []string) {
		if slices.ContainsFunc(path, func(above *fork) bool { return above.name == f.name }) {
			t.Fatalf("question %s is asked again after %v", f.name, keys)
		}
		if len(path) == 4 {
			t.Fatalf("more than four questions after %v", keys)
		}
		for _, turn := range f.turns {
			here := append(slices.Clone(keys), turn.key)
			switch {
			case (turn.ask == nil) == (turn.ends == ""):
				t.Fatalf("%v must lead to a question or to an end", here)
			case turn.ask != nil:
				down(turn.ask, append(slices.Clone(path), f), here)
			default:
				out[turn.ends] = append(out[turn.ends], strings.Join(here, "-"))
			}
		}
	}
	down(guide(), nil, nil)
	return out
}

func TestF3_every_leaf_is_reached_within_four_questions_and_known(t *testing.T) {
	t.Parallel()
	reached, known := leaves(t), ends()
	for name := range known {
		if len(reached[name]) == 0 {
			t.Errorf("no answers lead to %s", name)
		}
	}
	for name, paths := range reached {
		if _, ok := known[name]; !ok {
			t.Errorf("%v lead to %s, which is no end", paths, name)
		}
	}
	for _, name := range []string{"transfer", "import", "find", "reset", "password", "status"} {
		if known[name].elsewhere || len(reached[name]) == 0 {
			t.Errorf("the guide does not lead to %s", name)
		}
	}
}

// The whole tree, page by page, as somebody without JavaScript walks it.
func TestF3_the_whole_tree_can_be_walked_in_both_languages(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	for _, lang := range text.Langs() {
		t.Run(string(lang), func(t *testing.T) {
			t.Parallel()
			g := h.guest(t, lang)
			start := html.UnescapeString(regexp.MustCompile(`href="(/guide)"`).FindStringSubmatch(g.get(t, "/").is(t, 200).body)[1])
			for end, paths := range leaves(t) {
				for _, answers := range paths {
					g.walk(t, start, answers).is(t, 200, shown(t, lang, "guide.end."+end))
				}
			}
		})
	}
}

// shown is a sentence of the catalog as a page has it.
func shown(t testing.TB, lang text.Lang, key string) string {
	t.Helper()
	return html.EscapeString(hallMust(text.Load())(t).T(lang, key))
}

// walk answers the questions on their pages; every page leads back to the one
// before.
func (g *guest) walk(t *testing.T, start, answers string) sheet {
	t.Helper()
	s, before := g.get(t, start), "/"
	for key := range strings.SplitSeq(answers, "-") {
		s.is(t, 200, `href="`+before+`"`, `value="`+key+`"`)
		here := s.path
		field := regexp.MustCompile(`type="radio" value="` + key + `"`).FindStringIndex(s.body)
		name := regexp.MustCompile(`name="(guide_\w+)"`).FindStringSubmatch(s.body[:field[1]])
		s = g.send(t, s, here, url.Values{name[1]: {key}})
		before = here
	}
	return s.at(t, start+"/"+answers).is(t, 200, `href="`+before+`"`)
}

// awaited tells of pages that are linked to and may not be there: those of the
// legacy import.
func awaited(path string, status int) bool {
	return strings.HasPrefix(path, "/import") && status == http.StatusNotFound
}

// isThere asks for a page of ours, anchor included; what is not ours must be the
// ministry's.
func (g *guest) isThere(t *testing.T, href string) {
	t.Helper()
	path, anchor, _ := strings.Cut(href, "#")
	if !strings.HasPrefix(path, "/") {
		if u, err := url.Parse(href); err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Host, ".miit.gov.cn") {
			t.Errorf("%s is neither ours nor the ministry's", href)
		}
		return
	}
	if s := g.get(t, path); awaited(path, s.status) {
		return
	} else if s.status != http.StatusOK || anchor != "" && !strings.Contains(s.body, `id="`+anchor+`"`) {
		t.Errorf("%s answers %d", href, s.status)
	}
}

func TestF3_every_link_of_every_end_is_alive(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	hrefs := map[string]bool{}
	for _, paths := range leaves(t) {
		s := g.get(t, "/guide/"+paths[0])
		for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(s.main(), -1) {
			hrefs[html.UnescapeString(link[1])] = true
		}
	}
	for _, need := range needs() {
		hrefs[need.Href] = true
	}
	if len(hrefs) < 20 {
		t.Fatalf("only %d links were found", len(hrefs))
	}
	for href := range hrefs {
		g.isThere(t, href)
	}
}

func TestF3_dead_ends_say_that_it_is_not_ours_and_link_out(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	for _, end := range []string{"ministry", "subject", "filing", "provider"} {
		g.get(t, "/guide/"+leaves(t)[end][0]).is(t, 200, "这件事不在这里办理", `href="https://beian.miit.gov.cn/"`)
	}
	if s := g.get(t, "/guide/"+leaves(t)["find"][0]); strings.Contains(s.body, "这件事不在这里办理") {
		t.Error("a flow of ours is called elsewhere")
	}
}

func TestF3_no_answer_a_wrong_one_and_a_wrong_address(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/guide/out")
	g.send(t, s, "/guide/out", nil).is(t, 422, "请选择一个答案", "错误：", "为什么登录不了？")
	g.send(t, s, "/guide/out", url.Values{"guide_locked": {"other"}}).is(t, 422)
	for _, path := range []string{"/guide/other", "/guide/out-", "/guide/out-mailbox-yes", "/guide/-", "/guide/out/name"} {
		if s := g.get(t, path); s.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, s.status)
		}
	}
	if s := g.post(t, "/guide/out-mailbox", url.Values{"guide_locked": {"name"}}); s.path != "/guide/out-mailbox" || s.status != 200 {
		t.Errorf("an answer to an end leads to %s (%d)", s.path, s.status)
	}
}

func TestF3_the_first_page_offers_six_choices_and_each_leads_on(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.get(t, "/").is(t, 200, "您要办理什么？", "不确定？")
	if got := strings.Count(s.main(), `type="radio"`); got != 6 || len(needs()) != 6 {
		t.Errorf("%d choices", got)
	}
	for _, need := range needs() {
		if got := g.send(t, s, "/", url.Values{"need": {need.Text}}); got.path != need.Href {
			t.Errorf("%s leads to %s", need.Text, got.path)
		}
		g.isThere(t, need.Href)
	}
	g.send(t, s, "/", nil).is(t, 422, "请选择要办理的事项")
}

func TestH1_the_help_page_answers_the_eight_questions_and_each_leads_to_its_flow(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	want := map[string]string{"subjects": "/account", "purchasing": "/transfer", "transfer": "/transfer/target", "import": "/import",
		"find": "/find", "reset": "/reset", "password": "/password", "legacy": "/import"}
	for i, a := range answers() {
		if i < len(want) && want[a.ID] != a.Href {
			t.Errorf("question %d is %s and leads to %s", i+1, a.ID, a.Href)
		}
		g.isThere(t, a.Href)
		g.isThere(t, "/help#"+a.ID)
	}
	for _, lang := range text.Langs() {
		s := g.get(t, "/help?lang="+string(lang)).is(t, 200)
		for _, a := range answers() {
			s.is(t, 200, shown(t, lang, a.Question), shown(t, lang, a.Answer))
		}
	}
}

func TestH1_every_blocker_of_a_transfer_or_an_import_links_to_an_answer(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	for code, want := range map[string]string{"TARGET_HAS_SUBJECT": "subjects", "DOMAIN_HELD_ELSEWHERE": "subjects", "SOURCE_FROZEN": "conditions",
		"SITE_UNSUPPORTED": "conditions", "HOLD_ACTIVE": "conditions", "REALNAME_MISMATCH": "conditions", "TARGET_NOT_FOUND": "transfer",
		"LEGACY_LOCKED": "import", "LEGACY_TOO_NEW": "legacy", "JOB_ALREADY_OPEN": "progress"} {
		if got := helpOn(code); got != "/help#"+want {
			t.Errorf("%s is explained at %s", code, got)
		}
		g.isThere(t, helpOn(code))
	}
	// and they are shown: a target that holds a subject
	s := h.signedIn(t, "li")
	s.send(t, s.get(t, "/transfer/target"), "/transfer/target", url.Values{"target": {"everything@example.com"}, "target_phone4": {"9009"}}).
		is(t, 200, "/help#subjects", "/help#conditions")
}

func TestF3_pages_look_as_agreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	for _, lang := range text.Langs() {
		for name, path := range map[string]string{"guide-first": "/guide", "guide-question": "/guide/in-move", "guide-end": "/guide/in-move-other", "help": "/help"} {
			golden(t, filepath.Join("testdata", "pages", name+"."+string(lang)+".html"), steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main()))
		}
	}
}
