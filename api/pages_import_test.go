package api

import (
	"encoding/csv"
	"html"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"beian/internal/legacy/legacytest"
	"beian/internal/text"
	"beian/tasks"
)

func typedLogin(login string) url.Values {
	return url.Values{"legacy_login": {login}, "legacy_password": {legacytest.Password}, "consent": {"yes"}}
}

// imports hands the credentials of a legacy login in.
func (g *guest) imports(t testing.TB, login string) string {
	t.Helper()
	s := g.send(t, g.get(t, "/import/account"), "/import/account", typedLogin(login)).at(t, "/jobs/LI")
	return strings.TrimPrefix(s.path, "/jobs/")
}

// compared brings an import to its differences.
func (g *guest) compared(t testing.TB, login string) (sheet, string) {
	t.Helper()
	receipt := g.imports(t, login)
	g.hall.work(t)
	return g.get(t, "/import/"+receipt+"/diff").at(t, "/import/"+receipt+"/diff"), receipt
}

// imported brings it to its end.
func (g *guest) imported(t testing.TB, login string) (sheet, string) {
	t.Helper()
	s, receipt := g.compared(t, login)
	g.send(t, s, "/import/"+receipt+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+receipt)
	g.hall.work(t)
	return g.get(t, "/jobs/"+receipt).at(t, "/jobs/"+receipt), receipt
}

func TestI1_a_legacy_filing_is_imported_from_page_to_page(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	g.get(t, "/import").is(t, 200, "原平台的账号和密码", "24 小时", `href="/import/which"`)
	s := g.send(t, g.get(t, "/import/which"), "/import/which", url.Values{"situation": {"known"}}).at(t, "/import/account")
	s.is(t, 200, "wan***@example.com", "没有，导入后会新增", `autocomplete="off"`, `type="password"`)
	s = g.send(t, s, "/import/account", typedLogin("wang-2009")).at(t, "/jobs/LI")
	receipt := strings.TrimPrefix(s.path, "/jobs/")
	s.is(t, 200, "正在核对原平台账号", "核对中", "现在不需要您操作", "data-stream-url=", `http-equiv="refresh" content="10"`, "w******9", "申请人")
	h.work(t)
	s = g.get(t, "/jobs/"+receipt).is(t, 200, "待您确认", "核对差异并确认", `href="/import/`+receipt+`/diff"`, "王*", "京ICP备09012345号", "2009-06-18")
	s = g.get(t, "/import/"+receipt+"/diff").is(t, 200, "账号里还没有这个主体", "fang.example.com", "份材料", "139 **** 9102", "另有 3 个网站")
	for _, secret := range []string{"王芳", "110102198805152643", "13900139102", legacytest.Password} {
		if strings.Contains(s.body, secret) {
			t.Errorf("the differences show %q", secret)
		}
	}
	g.send(t, s, "/import/"+receipt+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+receipt).is(t, 200, "正在导入", "<progress ")
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "导入完成", "已完成", "wan***@example.com", `href="/import/`+receipt+`/report.csv"`)
	g.get(t, "/account").is(t, 200, "导入原万网备案信息", "京ICP备09012345号", "fang.example.com")
	g.get(t, "/import/account").is(t, 200, "已经导入过原平台的备案", "LEGACY_ALREADY_IMPORTED")
}

func TestI3_a_wrong_password_keeps_the_login_and_never_the_password(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	form := g.get(t, "/import/account")
	s := g.send(t, form, "/import/account", url.Values{"legacy_login": {"wang-2009"}, "legacy_password": {"not the one"}})
	s.is(t, 422, "需要您同意后才能继续", `value="wang-2009"`, `aria-invalid="true"`)
	g.send(t, form, "/import/account", url.Values{"consent": {"yes"}}).is(t, 422, "请填写原平台账号", "请填写原平台密码")
	long := g.send(t, form, "/import/account", url.Values{"legacy_login": {strings.Repeat("长", 300)}, "legacy_password": {"not the one"}, "consent": {"yes"}})
	long.is(t, 422, "原平台账号")
	receipt := ""
	for range 5 {
		in := url.Values{"legacy_login": {" wang-2009 "}, "legacy_password": {"not the one"}, "consent": {"yes"}}
		s = g.send(t, g.get(t, "/import/account"), "/import/account", in).at(t, "/jobs/LI")
		receipt = strings.TrimPrefix(s.path, "/jobs/")
		h.work(t)
	}
	s = g.get(t, "/jobs/"+receipt).is(t, 200, "没有导入", "原平台的账号或密码不正确", `href="/import/account?again=`+receipt+`"`)
	again := g.get(t, "/import/account?again="+receipt).is(t, 200, `value="wang-2009"`)
	blocked := g.send(t, again, "/import/account", typedLogin("wang-2009")).is(t, 200, "尝试次数过多", `href="/import/lost/papers?`)
	for _, shown := range []sheet{s, long, again, blocked} {
		if strings.Contains(shown.body, "not the one") || strings.Contains(shown.body, legacytest.Password) {
			t.Errorf("%s shows a password", shown.path)
		}
	}
	other := h.signedIn(t, "shop")
	other.get(t, "/import/account?again="+receipt).is(t, 200)
	if s := other.get(t, "/import/account?draft="+receipt); strings.Contains(s.body, "wang-2009") {
		t.Error("somebody else sees what was typed")
	}
}

func TestI7_every_situation_is_led_on_and_the_login_stays_typed(t *testing.T) {
	t.Parallel()
	g := openHall(t).signedIn(t, "wang")
	which := g.get(t, "/import/which")
	for situation, says := range map[string][]string{
		"login":       {`href="/find"`, `href="/reset"`, `href="/import/lost/papers"`},
		"password":    {`href="/password"`, `href="/import/lost/papers"`},
		"before_2010": {"2010 年 6 月以前的备案"},
		"papers":      {"凭证件导入"},
	} {
		g.send(t, which, "/import/which", url.Values{"situation": {situation}}).at(t, "/import/lost/"+situation).is(t, 200, append(says, `href="/import/account"`)...)
	}
	g.send(t, which, "/import/which", nil).is(t, 422, "请选择您的情况")
	g.send(t, which, "/import/which", url.Values{"situation": {"nonsense"}}).is(t, 422)
	g.get(t, "/import/lost/nonsense").is(t, 404)
	form := g.get(t, "/import/account")
	for _, what := range []string{"login", "password"} {
		s := g.send(t, form, "/import/account", url.Values{"legacy_login": {"wang-2009"}, "legacy_password": {"half of it"}, "lost": {what}}).at(t, "/import/lost/"+what)
		back := regexp.MustCompile(`href="(/import/account\?draft=[0-9a-f-]+)"`).FindStringSubmatch(s.body)
		if back == nil {
			t.Fatalf("no way back: %s", s.main())
		}
		s = g.get(t, back[1]).is(t, 200, `value="wang-2009"`)
		if strings.Contains(s.body, "half of it") {
			t.Error("the password was kept")
		}
	}
}

func TestI2_a_platform_that_does_not_answer_is_told_with_the_next_try(t *testing.T) {
	t.Parallel()
	platform := newOldPlatform(t)
	h := openHallBeside(t, platform)
	g := h.signedIn(t, "wang")
	platform.away(legacytest.RouteSessions)
	receipt := g.imports(t, "wang-2009")
	h.work(t)
	s := g.get(t, "/jobs/"+receipt).is(t, 200, "原平台暂时没有响应", "下次自动再试", "等待原平台", "现在再试一次", "可以离开这个页面")
	g.send(t, s, "/jobs/"+receipt+"/retry", nil).at(t, "/jobs/"+receipt)
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "待您确认", "要求马上再试", "没有响应，自动再试")
	g.post(t, "/jobs/"+receipt+"/retry", url.Values{}).is(t, 409, "这次操作没有生效")
	g.get(t, "/jobs/"+receipt+"/retry").at(t, "/jobs/"+receipt)
}

func TestI2_without_a_platform_the_pages_say_so(t *testing.T) {
	t.Parallel()
	h := openHallBeside(t, nil)
	g := h.signedIn(t, "wang")
	for _, path := range []string{"/import", "/import/which", "/import/account", "/import/lost/login"} {
		g.get(t, path).is(t, 200, "现在不能导入原平台的备案", "仍然有效", `href="/find"`)
	}
	g.post(t, "/import/account", typedLogin("wang-2009")).is(t, 200, "现在不能导入原平台的备案")
}

func TestI4_what_stands_in_the_way_is_named_all_at_once(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.signedIn(t, "everything").get(t, "/import/account").is(t, 200, "有 3 个原因", "TARGET_FROZEN", "SITE_UNSUPPORTED", "TARGET_ORDER_IN_PROGRESS", "只有中国站账号可以导入备案", "重新检查")
	g := h.signedIn(t, "wang")
	receipt := g.imports(t, "wang-2009")
	g.get(t, "/import/account").is(t, 200, "JOB_ALREADY_OPEN", `href="/jobs/`+receipt+`"`)
	g.send(t, g.get(t, "/jobs/"+receipt+"/cancel"), "/jobs/"+receipt+"/cancel", nil).is(t, 200)
	for login, code := range map[string]string{"held-here": "SUBJECT_HELD_ELSEWHERE", "mismatch": "REALNAME_MISMATCH", "too-new": "LEGACY_TOO_NEW", "locked": "LEGACY_LOCKED", "wrong": "LEGACY_CREDENTIALS_WRONG"} {
		receipt = g.imports(t, login)
		h.work(t)
		g.get(t, "/jobs/"+receipt).is(t, 200, "没有导入", code, "重新发起")
	}
}

// otherPhone is the demo's subject of li@example.com with another phone than on the
// legacy platform.
const otherPhone = `{"type": "subject", "external_id": "S2001", "account": "A1001", "nature": "individual", "name": "李晓明", "certificate": {"type": "id_card", "number": "110101199003077213"}, "icp_number": "京ICP备20240011号", "principal": {"name": "李晓明", "phone": "13900139888"}}
`

func TestI5_conflicts_are_chosen_one_by_one_and_choices_stay_chosen(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	h.take(t, otherPhone)
	g := h.signedIn(t, "li")
	s, receipt := g.compared(t, "li-2008")
	path := "/import/" + receipt + "/diff"
	names := conflicts(s)
	if len(names) < 2 {
		t.Fatalf("nothing to choose: %s", s.main())
	}
	s.is(t, 200, "需要您逐项选择", "采用原平台的", "保留现在的", "<details>", "不导入")
	s = g.send(t, s, path, url.Values{"consent": {"yes"}, names[0]: {"take"}, skipBox(s): {"skip"}})
	s.is(t, 422, "错误：", "href=\"#"+names[1]+"\"", "请选择", `value="take" checked`, `value="skip" checked`)
	if strings.Contains(s.body, `href="#`+names[0]+`"`) {
		t.Error("what was chosen is asked for again")
	}
	nonsense := url.Values{"consent": {"yes"}}
	for _, name := range names {
		nonsense.Set(name, "burn")
	}
	g.send(t, s, path, nonsense).is(t, 422)
	chosen := url.Values{"consent": {"yes"}}
	for _, name := range names {
		chosen.Set(name, "take")
	}
	g.send(t, s, path, chosen).at(t, "/jobs/"+receipt)
	g.send(t, s, path, chosen).at(t, "/jobs/"+receipt) // pressed twice
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "导入完成")
	g.get(t, path).at(t, "/jobs/"+receipt)
	g.get(t, "/account").is(t, 200, "京ICP备08104127号")
}

// conflicts are the names of the choices on a page, in order.
func conflicts(s sheet) []string {
	var out []string
	for _, m := range regexp.MustCompile(`name="(choice\.[\d]+\.\w+)" type="radio" value="keep"`).FindAllStringSubmatch(s.body, -1) {
		out = append(out, m[1])
	}
	return out
}

func skipBox(s sheet) string {
	return regexp.MustCompile(`name="(choice\.\d+)" type="checkbox"`).FindStringSubmatch(s.body)[1]
}

func TestI5_a_yes_to_other_differences_has_no_effect(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	s, receipt := g.compared(t, "wang-2009")
	path := "/import/" + receipt + "/diff"
	stale := url.Values{"form_id": {receipt + "-1-confirm"}, "consent": {"yes"}}
	g.post(t, path, stale).is(t, http.StatusConflict, "差异刚刚变了", "确认并开始导入")
	g.get(t, "/jobs/"+receipt).is(t, 200, "待您确认")
	g.send(t, g.get(t, "/jobs/"+receipt+"/cancel").is(t, 200, "没有写入任何内容"), "/jobs/"+receipt+"/cancel", nil).is(t, 200, "申请已撤回")
	g.send(t, s, path, url.Values{"consent": {"yes"}}).is(t, http.StatusConflict, "这次操作没有生效")
	if strings.Contains(g.get(t, "/account").body, "京ICP备09012345号") {
		t.Error("something was imported")
	}
}

func TestI8_the_report_names_every_item_on_the_page_and_for_spreadsheets(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	s, receipt := g.compared(t, "half-broken")
	for _, early := range []string{"/report", "/report.csv"} {
		g.get(t, "/import/"+receipt+early).at(t, "/jobs/"+receipt)
	}
	s.is(t, 200, "项不能导入", "读不出来")
	g.send(t, s, "/import/"+receipt+"/diff", url.Values{"consent": {"yes"}, skipBox(s): {"skip"}}).at(t, "/jobs/"+receipt)
	g.get(t, "/import/"+receipt+"/report").is(t, 200, "导入还在进行", "待导入")
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "没有导入", "查看每一项的结果")
	g.get(t, "/import/"+receipt+"/report").is(t, 200, "没有导入的内容", "您选择不导入", "原平台上的文件丢失或损坏", "已导入")
	file := g.get(t, "/import/"+receipt+"/report.csv")
	if file.status != 200 || file.head.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(file.head.Get("Content-Disposition"), receipt+".csv") {
		t.Errorf("got %d %v", file.status, file.head)
	}
	rows := hallMust(csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll())(t)
	view := hallMust(h.desk.Look(t.Context(), receipt, tasks.Viewer{System: true}))(t)
	if len(rows) != len(view.Legacy.Items)+1 || strings.Join(rows[0], ",") != "no,kind,legacy_id,title,belongs_to,result,code,reason,at" {
		t.Errorf("%d rows for %d items: %v", len(rows), len(view.Legacy.Items), rows[0])
	}
	counts := view.Legacy.Facts.Counts
	if counts.Pending != 0 || counts.Failed == 0 || counts.Skipped < 2 || counts.Total() != len(view.Legacy.Items) {
		t.Errorf("%+v", counts)
	}
}

func TestImportsAreNobodyElses(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	s, receipt := g.compared(t, "wang-2009")
	_, transfer := h.signedIn(t, "li").submitted(t)
	stranger := h.signedIn(t, "shop")
	for _, path := range []string{"/import/" + receipt + "/diff", "/import/" + receipt + "/report", "/import/" + receipt + "/report.csv", "/jobs/" + receipt,
		"/jobs/" + receipt + "/cancel", "/jobs/" + receipt + "/stream", "/import/LI00000000/diff", "/import/nonsense/diff", "/import/" + transfer + "/diff"} {
		stranger.get(t, path).is(t, 404)
	}
	form, _ := s.form(t, "/import/"+receipt+"/diff")
	form.Set("consent", "yes")
	stranger.post(t, "/import/"+receipt+"/diff", form).is(t, 404)
	h.signedIn(t, "li").get(t, "/import/"+transfer+"/diff").is(t, 404)
	nobody := h.guest(t, text.Chinese)
	nobody.get(t, "/import/"+receipt+"/diff").at(t, "/sign-in?next=")
	nobody.post(t, "/import/account", typedLogin("wang-2009")).at(t, "/sign-in?next=%2Fimport%2Faccount")
	g.head["Sec-Fetch-Site"] = "cross-site"
	for _, path := range []string{"/import/which", "/import/account", "/import/" + receipt + "/diff"} {
		g.post(t, path, url.Values{}).is(t, http.StatusForbidden)
	}
}

func TestA8_an_import_can_be_frozen_and_its_page_says_what_that_means(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	_, receipt := g.compared(t, "wang-2009")
	s := g.get(t, "/jobs/"+receipt+"/dispute").is(t, 200, "主管核实以前不会再写入任何内容")
	g.send(t, s, "/jobs/"+receipt+"/dispute", nil).at(t, "/jobs/"+receipt).is(t, 200, "申请已冻结", "已停止")
	g.get(t, "/import/"+receipt+"/diff").at(t, "/jobs/"+receipt)
}

func TestA8_whoever_is_told_of_an_import_can_freeze_it_and_the_tracking_code_shows_it(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	s, receipt := g.compared(t, "wang-2009")
	code := regexp.MustCompile(`data-copy="([0-9A-Z]{8})"`).FindStringSubmatch(g.get(t, "/jobs/"+receipt).body)[1]
	tracker := h.guest(t, text.Chinese)
	seen := tracker.send(t, tracker.get(t, "/jobs"), "/jobs", url.Values{"receipt": {receipt}, "tracking": {code}}).at(t, "/jobs/"+receipt)
	seen.is(t, 200, "待您确认", "/sign-in?next=/jobs/"+receipt, "/not-me?receipt="+receipt)
	for _, hidden := range []string{"/cancel", "/diff", "/report"} {
		if strings.Contains(seen.body, receipt+hidden) {
			t.Errorf("a tracker is offered %s", hidden)
		}
	}
	g.send(t, s, "/import/"+receipt+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+receipt)
	veto := h.letter(t, "13900139102", "填 "+receipt+"、([0-9A-Z]{8})")
	contact := h.guest(t, text.Chinese)
	frozen := contact.send(t, contact.get(t, "/not-me?receipt="+receipt), "/not-me", url.Values{"receipt": {receipt}, "veto": {veto}})
	frozen.is(t, 200, receipt[2:6], "已收到您的异议", "原平台的备案已经导入")
	g.get(t, "/jobs/"+receipt).is(t, 200, "有人表示这次导入不是本人操作")
}

func TestAnImportsPageFollowsTheJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	receipt := g.imports(t, "wang-2009")
	stream := html.UnescapeString(regexp.MustCompile(`data-stream-url="([^"]+)"`).FindStringSubmatch(g.get(t, "/jobs/"+receipt).body)[1])
	told := make(chan sheet, 1)
	go func() { told <- g.get(t, stream) }()
	h.work(t)
	g.send(t, g.get(t, "/import/"+receipt+"/diff"), "/import/"+receipt+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+receipt)
	h.work(t)
	select {
	case s := <-told:
		if !strings.Contains(s.body, "data: ") {
			t.Errorf("the stream says %q", s.body)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the stream does not end with the job")
	}
}

func TestImportPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	platform := newOldPlatform(t)
	h := openHallBeside(t, platform)
	h.take(t, otherPhone)
	li, wang := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, conflicting := li.compared(t, "li-2008")
	platform.away(legacytest.RouteSessions)
	waiting := wang.imports(t, "half-broken")
	h.work(t)
	shots := func(names map[string]string, g *guest) {
		for _, lang := range text.Langs() {
			for name, path := range names {
				got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
				golden(t, filepath.Join("testdata", "pages", "import-"+name+"."+string(lang)+".html"), got)
			}
		}
	}
	shots(map[string]string{"start": "/import", "which": "/import/which", "lost": "/import/lost/login", "diff": "/import/" + conflicting + "/diff"}, li)
	shots(map[string]string{"waiting": "/jobs/" + waiting, "blocked": "/import/account"}, wang)
	shots(map[string]string{"form": "/import/account"}, h.signedIn(t, "shop"))
	wang.send(t, wang.get(t, "/jobs/"+waiting), "/jobs/"+waiting+"/retry", nil)
	h.work(t)
	s := wang.get(t, "/import/"+waiting+"/diff")
	wang.send(t, s, "/import/"+waiting+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/")
	h.work(t)
	shots(map[string]string{"done": "/jobs/" + waiting, "report": "/import/" + waiting + "/report"}, wang)
}
