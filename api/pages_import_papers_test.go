package api

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

// Somebody without credentials imports on papers: from the dead end of the form to the
// differences of the import that the approval began.
func TestI7_papers_lead_to_an_import_that_shows_its_differences(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	const root = "/import/papers"
	h.guest(t, text.Chinese).get(t, root+"/who").at(t, "/sign-in?next=")
	g := h.signedIn(t, "wang")
	g.get(t, "/import/lost/papers").is(t, 200, `href="`+root+`?why=both_lost"`)
	g.get(t, root).is(t, 200, "凭材料导入原备案", "您同意以前不写入任何内容", `href="/help#import"`)
	s := g.send(t, g.get(t, root+"/who"), root+"/who", url.Values{"nature": {"individual"}}).at(t, root+"/facts")
	facts := url.Values{"subject_name": {"王芳"}, "certificate_type": {"id_card"}, "certificate_number": {"110102198805152643"}, "icp_or_domain": {"fang.example.com"}}
	s = g.send(t, s, root+"/facts", facts).at(t, root+"/contact").is(t, 200, "原平台的账号，记得多少填多少")
	if strings.Contains(s.body, `name="new_email"`) {
		t.Error("the page of the contact asks for a mailbox")
	}
	g.send(t, s, root+"/contact", url.Values{"phone": {"12"}, "old_login": {"wang-2009"}, "consent": {"yes"}}).is(t, 422, `aria-invalid="true"`, `href="#reason"`, `value="wang-2009"`)
	s = g.send(t, s, root+"/contact", url.Values{"phone": {contactPhone}, "old_login": {"wang-2009"}, "reason": {"both_lost"}, "consent": {"yes"}}).at(t, root+"/LP")
	receipt := strings.TrimPrefix(s.path, root+"/")
	code := h.letter(t, contactPhone, `验证码 (\d{6})，10 分钟内有效，用于确认导入申请`)
	g.send(t, g.get(t, s.path+"/phone").is(t, 200), s.path+"/phone", url.Values{"code": {code}}).at(t, s.path)
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
	check := g.get(t, s.path+"/check").is(t, 200, "写入以前由您核对差异并确认")
	for _, part := range []string{"mailbox", "receiver"} {
		g.get(t, s.path+"/change/"+part).is(t, 404)
	}
	g.send(t, check, s.path+"/submit", nil).at(t, s.path+"/done").is(t, 200, "不晚于", "在原平台查找备案")
	h.signedIn(t, "shop").get(t, "/jobs/"+receipt).is(t, 404)

	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictApprove, Typed: map[string]string{tasks.FieldCertNumber: "110102198805152643"}})
	h.work(t)
	status := g.get(t, "/jobs/"+receipt).is(t, 200, "审核已通过，导入已开始", "打开导入申请")
	begun := regexp.MustCompile(`href="/jobs/(LI[0-9A-Z]{8})"`).FindStringSubmatch(status.body)
	if begun == nil {
		t.Fatal("the papers do not lead to their import")
	}
	h.work(t)
	g.get(t, "/jobs/"+begun[1]).is(t, 200, "核对差异", receipt)
	diff := g.get(t, "/import/"+begun[1]+"/diff").is(t, 200, "fang.example.com")
	g.send(t, diff, "/import/"+begun[1]+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+begun[1])
	h.work(t)
	g.get(t, "/jobs/"+begun[1]).is(t, 200, "等待期到 ", "提出异议")
	g.get(t, "/jobs/"+receipt).is(t, 200, "等待期到 ", "等待期随之结束")
	h.pass(80 * time.Hour)
	h.work(t)
	h.signedIn(t, "wang").get(t, "/jobs/"+begun[1]).is(t, 200, "导入完成")
}

const papersRoot = "/import/papers"

// wangFacts are what the demo's legacy account wang-2009 holds.
func wangFacts() url.Values {
	return url.Values{"subject_name": {"王芳"}, "certificate_type": {"id_card"}, "certificate_number": {"110102198805152643"}, "icp_or_domain": {"fang.example.com"}}
}

// toPapers goes from the page that offers papers to the page of the contact.
func (g *guest) toPapers(t testing.TB, offer sheet) sheet {
	t.Helper()
	start := g.get(t, hrefTo(t, offer, papersRoot))
	s := g.get(t, hrefTo(t, start, papersRoot+"/who"))
	s = g.send(t, s, papersRoot+"/who", url.Values{"nature": {"individual"}}).at(t, papersRoot+"/facts")
	return g.send(t, s, papersRoot+"/facts", wangFacts()).at(t, papersRoot+"/contact")
}

// hrefTo is the link on a page to a path, with whatever follows it.
func hrefTo(t testing.TB, s sheet, path string) string {
	t.Helper()
	found := regexp.MustCompile(`href="(` + regexp.QuoteMeta(path) + `(?:\?[^"]*)?)"`).FindStringSubmatch(s.body)
	if found == nil {
		t.Fatalf("no link to %s: %s", path, s.main())
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// papersQueued hands the papers in.
func (g *guest) papersQueued(t testing.TB, contact sheet) string {
	t.Helper()
	s := g.send(t, contact, papersRoot+"/contact", url.Values{"phone": {contactPhone}, "reason": {"both_lost"}, "remark": {"2009 年办的"}, "consent": {"yes"}}).at(t, papersRoot+"/LP")
	receipt := strings.TrimPrefix(s.path, papersRoot+"/")
	g.papersReady(t, receipt)
	return receipt
}

func TestI7_what_was_typed_on_the_way_to_papers_is_not_typed_again(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	contact := func(offer sheet) sheet { return g.toPapers(t, offer) }
	s := g.send(t, g.get(t, "/import/account"), "/import/account", url.Values{"legacy_login": {"wang-2009"}, "lost": {"password"}}).at(t, "/import/lost/password")
	s = g.get(t, hrefTo(t, s, "/import/lost/papers"))
	contact(s).is(t, 200, `value="wang-2009"`, `value="both_lost" checked`)
	contact(g.get(t, "/import/lost/before_2010")).is(t, 200, `value="wang-2009"`, `value="before_2010" checked`)
	receipt := g.imports(t, "mismatch") // reads a filing whose certificate is another
	h.work(t)
	s = g.get(t, hrefTo(t, g.get(t, "/jobs/"+receipt).is(t, 200, "REALNAME_MISMATCH"), "/import/lost/papers"))
	contact(s).is(t, 200, `value="mismatch"`, `value="certificate_differs" checked`)
	stranger := h.signedIn(t, "shop")
	s = stranger.toPapers(t, stranger.get(t, "/import/lost/papers?draft="+receipt+"&why=nonsense"))
	if strings.Contains(s.is(t, 200, `value="both_lost" checked`).body, `value="mismatch"`) {
		t.Error("a stranger gets what somebody else typed")
	}
}

func TestI7_login_remark_and_reason_are_corrected_on_the_check_page_and_in_a_supplement(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	receipt := g.papersQueued(t, g.toPapers(t, g.get(t, "/import/lost/papers")))
	root := caseRoot(receipt)
	g.get(t, root+"/check").is(t, 200, "未填写", "2009 年办的", "账号和密码都找不回来", root+"/change/reason")
	change := g.get(t, root+"/change/reason").is(t, 200, `value="both_lost" checked`, "2009 年办的")
	g.send(t, change, root+"/change/reason", url.Values{"old_login": {strings.Repeat("王", 101)}}).is(t, 422, `href="#old_login"`)
	g.send(t, change, root+"/change/reason", url.Values{"reason": {"burn"}}).is(t, 422, `href="#reason"`)
	g.send(t, change, root+"/change/reason", url.Values{"old_login": {"wang@old.example"}, "reason": {"password_lost"}}).at(t, root)
	s := g.get(t, root+"/check").is(t, 200, "***@old.example", "密码找不回来")
	g.send(t, s, root+"/submit", nil).at(t, root+"/done")
	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictNeedMore, Findings: []tasks.Finding{
		{About: tasks.FieldOldLogin, Reason: "FACT_UNREADABLE"}, {About: tasks.FieldRemark, Reason: "FACT_UNREADABLE"}}})
	s = g.get(t, root+"/supplement").is(t, 200, `name="old_login"`, `name="remark"`, "原平台的账号，记得多少填多少", "***@old.example")
	g.send(t, s, root+"/supplement", url.Values{"old_login": {strings.Repeat("王", 101)}}).is(t, 422, `href="#old_login"`)
	g.send(t, s, root+"/supplement", url.Values{"old_login": {"fang-2010"}, "remark": {"可能是 2010 年"}}).at(t, "/jobs/"+receipt)
	bench := hallMust(h.desk.Workbench(t.Context(), receipt, reviewer("first")))(t)
	if bench.Remark != "可能是 2010 年" || bench.Facts.Remembered != "f******0" {
		t.Errorf("%q %q", bench.Remark, bench.Facts.Remembered)
	}
}

func TestPapersForAnImportLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	shots := func(names map[string]string) {
		for _, lang := range text.Langs() {
			for name, path := range names {
				got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
				golden(t, filepath.Join("testdata", "pages", "import-papers-"+name+"."+string(lang)+".html"), got)
			}
		}
		g.get(t, "/jobs?lang=zh-CN")
	}
	contact := g.toPapers(t, g.get(t, "/import/lost/papers"))
	shots(map[string]string{"offer": "/import/lost/papers", "start": papersRoot, "contact": papersRoot + "/contact"})
	receipt := g.papersQueued(t, contact)
	root := caseRoot(receipt)
	shots(map[string]string{"list": root, "check": root + "/check", "change": root + "/change/reason"})
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done")
	shots(map[string]string{"done": root + "/done", "queued": "/jobs/" + receipt})
	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictNeedMore, Findings: []tasks.Finding{
		{About: tasks.FieldOldLogin, Reason: "FACT_UNREADABLE"}, {About: tasks.FieldRemark, Reason: "FACT_UNREADABLE"}}})
	shots(map[string]string{"supplement": root + "/supplement", "more": "/jobs/" + receipt})
	g.send(t, g.get(t, root+"/supplement"), root+"/supplement", url.Values{"old_login": {"fang-2010"}}).at(t, "/jobs/"+receipt)
	h.decides(t, receipt, "second", tasks.Decide{Verdict: tasks.VerdictApprove, Typed: map[string]string{tasks.FieldCertNumber: wangFacts().Get("certificate_number")}})
	h.work(t)
	shots(map[string]string{"approved": "/jobs/" + receipt})
	begun := g.begunFrom(t, receipt)
	g.send(t, g.get(t, "/import/"+begun+"/diff"), "/import/"+begun+"/diff", url.Values{"consent": {"yes"}}).at(t, "/jobs/"+begun)
	h.work(t)
	shots(map[string]string{"hold": "/jobs/" + receipt, "hold-import": "/jobs/" + begun})
}

// begunFrom is the import to which approved papers lead.
func (g *guest) begunFrom(t testing.TB, receipt string) string {
	t.Helper()
	found := regexp.MustCompile(`href="/jobs/(LI[0-9A-Z]{8})"`).FindStringSubmatch(g.get(t, "/jobs/"+receipt).body)
	if found == nil {
		t.Fatal("the papers do not lead to their import")
	}
	return found[1]
}
