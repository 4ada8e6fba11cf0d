package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

func TestL1TheStartPageSaysWhatIsNeededAndPromisesADate(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	s := h.guest(t, text.Chinese).get(t, "/reset").is(t, 200, "手持身份证半身照", "授权委托书", "申请人身份证国徽面", "不晚于", "提交 24 小时后生效", "不需要管局审核")
	if !strings.Contains(s.body, "日（周") {
		t.Error("the promise is no date")
	}
	g := h.guest(t, text.English)
	s = g.get(t, "/").is(t, 200)
	g.send(t, s, "/", url.Values{"need": {"reset"}}).at(t, "/reset")
	for _, path := range []string{"/sign-in", "/help", "/transfer"} {
		if !strings.Contains(g.get(t, path).body, `href="/reset"`) {
			t.Errorf("%s does not lead to the reset", path)
		}
	}
}

func TestL1EveryFaultOfAPageComesAtOnceAndWhatWasTypedStays(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	g.send(t, g.get(t, "/reset/who"), "/reset/who", nil).is(t, 422, "请选择备案主体的性质", "错误：")
	g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"organisation"}}).is(t, 422, "您是主体负责人或网站负责人吗")
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"organisation"}, "principal": {"no"}}).at(t, "/reset/facts")
	wrong := shopFacts()
	wrong.Set("certificate_number", "91110108MA01K7T27Y")
	wrong.Set("applicant_id", "110102198805152644")
	wrong.Set("icp_or_domain", "http://")
	s = g.send(t, s, "/reset/facts", wrong).is(t, 422, "统一社会信用代码校验位不符", "身份证号码第 ", "北京晨光云图科技有限公司")
	if strings.Count(s.main(), `href="#`) != 3 {
		t.Errorf("not every fault is named: %s", s.main())
	}
	s = g.send(t, s, "/reset/facts", shopFacts()).at(t, "/reset/contact")
	form := contactForm()
	form.Set("phone", "1371234567")
	form.Del("consent")
	form.Del("reason")
	g.send(t, s, "/reset/contact", form).is(t, 422, "手机号码应为 11 位数字，现在是 10 位", "需要您同意后才能继续", "请选择申请原因", freshMailbox, "旧邮箱已停用")
}

func TestWhatIsTypedBeforeThereIsAJobRestsSealedInTheBrowserOnly(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"individual"}}).at(t, "/reset/facts")
	g.send(t, s, "/reset/facts", liFacts()).at(t, "/reset/contact")
	here := hallMust(url.Parse(g.hall.url + "/reset/facts"))(t)
	for _, c := range g.client.Jar.Cookies(here) {
		if strings.Contains(c.Value, "110101199003077213") || strings.Contains(c.Value, "李晓明") || len(c.Value) > 4000 {
			t.Errorf("cookie %s shows what was typed, or is too long: %d", c.Name, len(c.Value))
		}
	}
	g.get(t, "/reset/facts").is(t, 200, "110101199003077213") // going back loses nothing
	h.pass(3 * time.Hour)
	g.get(t, "/reset/facts").at(t, "/reset/who")
	h.guest(t, text.Chinese).get(t, "/reset/contact").at(t, "/reset/who")
	damaged := h.guest(t, text.Chinese)
	damaged.client.Jar.SetCookies(here, []*http.Cookie{{Name: "reset-draft", Value: "bm90IG91cnM", Path: "/reset"}})
	damaged.get(t, "/reset/contact").at(t, "/reset/who")
}

func TestA6PressingTwiceAndGoingBackLeadToTheSameReset(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"individual"}})
	s = g.send(t, s, "/reset/facts", liFacts()).at(t, "/reset/contact")
	here := hallMust(url.Parse(h.url + "/reset/contact"))(t)
	twin := h.guest(t, text.Chinese)
	twin.client.Jar.SetCookies(here, g.client.Jar.Cookies(here))
	first := g.send(t, s, "/reset/contact", contactForm()).at(t, "/reset/LR")
	second := twin.send(t, s, "/reset/contact", contactForm()).at(t, "/reset/LR")
	if first.path != second.path {
		t.Errorf("two jobs: %s and %s", first.path, second.path)
	}
	if again := g.send(t, s, "/reset/contact", contactForm()).at(t, "/reset/LR"); again.path != first.path {
		t.Errorf("going back gave %s", again.path)
	}
	g.get(t, "/reset/contact").at(t, first.path)
	g.get(t, "/reset").is(t, 200, "您有一个没有提交的申请", first.path)
	g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"organisation"}, "principal": {"yes"}}).at(t, "/reset/facts")
}

func TestL6TheContactPhoneIsConfirmedByACode(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s, receipt := g.begunIndividual(t)
	s.is(t, 200, "还有 5 件没有完成", "137 **** 5678", "填写验证码", "等您打开邮件", "未上传")
	path := "/reset/" + receipt + "/phone"
	code := h.letter(t, contactPhone, `验证码 (\d{6})`)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	g.send(t, g.get(t, path), path, url.Values{"code": {"12"}}).is(t, 422, "验证码应为 6 位数字")
	g.send(t, g.get(t, path), path, url.Values{"code": {wrong}}).is(t, 422, "验证码不正确，还可以再试 4 次")
	g.send(t, g.get(t, path), "/reset/"+receipt+"/resend", nil).is(t, 429, "秒后可以重新发送")
	h.pass(2 * time.Minute)
	g.send(t, g.get(t, path), "/reset/"+receipt+"/resend", nil).at(t, path)
	g.send(t, g.get(t, path), path, url.Values{"code": {code}}).at(t, "/reset/"+receipt).is(t, 200, "还有 4 件没有完成", "已确认")
	g.get(t, path).is(t, 200, "已验证")
}

func TestL6TheMailboxLinkShowsAtAGetAndConfirmsAtAPost(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	link := h.mailboxLink(t)
	reader := h.guest(t, text.English)
	reader.get(t, link).is(t, 200, "fre***@example.com", "Confirm that it is mine")
	reader.get(t, link).is(t, 200)
	reader.get(t, link[:len(link)-1]+"x").is(t, 404)
	g.get(t, "/reset/"+receipt).is(t, 200, "等您打开邮件") // looking confirmed nothing
	s := reader.get(t, link)
	reader.send(t, s, link, nil).is(t, 200, "Mailbox confirmed")
	reader.send(t, s, link, nil).is(t, 410, "Mailbox confirmed") // a second press
	reader.get(t, link).is(t, 410)
	g.get(t, "/reset/"+receipt+"/mailbox").is(t, 200, "已确认")
}

func TestL6ACorrectedMailboxMakesTheFirstLinkVoidAndAnOldLinkCanBeHadAnew(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	first := h.mailboxLink(t)
	change := "/reset/" + receipt + "/change/mailbox"
	g.send(t, g.get(t, change), change, url.Values{"new_email": {"nonsense"}}).is(t, 422, "邮箱地址", "nonsense")
	g.send(t, g.get(t, change), change, url.Values{"new_email": {"newer@example.com"}}).at(t, "/reset/"+receipt+"/mailbox").is(t, 200, "new***@example.com")
	g.get(t, first).is(t, 404)
	second := h.letter(t, "newer@example.com", `desk\.example\.cn(/reset/LR\w+/mailbox/\S+)`)
	h.pass(25 * time.Hour)
	s := g.get(t, second).is(t, 410, "重新获取链接")
	if !strings.Contains(s.body, `href="/reset/`+receipt+`/mailbox"`) {
		t.Error("the page does not lead to a new link")
	}
}

func TestEmailTakenIsToldToItsOwnerOnly(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"individual"}})
	s = g.send(t, s, "/reset/facts", liFacts())
	form := contactForm()
	form.Set("new_email", "wang@example.com")
	s = g.send(t, s, "/reset/contact", form).at(t, "/reset/LR") // not a word of it
	link := h.letter(t, "wang@example.com", `desk\.example\.cn(/reset/LR\w+/mailbox/\S+)`)
	owner := h.guest(t, text.Chinese)
	owner.send(t, owner.get(t, link), link, nil).is(t, 422, "已经是登录邮箱", "/sign-in")
	g.get(t, s.path).is(t, 200, "等您打开邮件")
}

func TestL4APictureIsShownAsTheReviewerWillSeeItAndDoubtsAreAdvice(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	front := documentPath(receipt, tasks.SlotIDFront)
	g.get(t, front).is(t, 200, `accept="image/jpeg,image/png,image/webp"`, "小于 10 MB", "四边和四角")
	if strings.Contains(g.get(t, front).body, " capture") {
		t.Error("people can't choose from their album")
	}
	g.uploads(t, front, []byte("GIF89a not a picture")).is(t, 422, "文件格式不能使用", "错误：")
	g.uploads(t, front, drawn(100, 100, 90)).is(t, 422, "图片")
	g.uploads(t, front, nil).is(t, 422)
	s := g.uploads(t, front, drawn(800, 700, 10)).at(t, front).is(t, 200, "照片可能太暗", "仍然使用", "重拍一张")
	picture := attr(s.body[strings.Index(s.body, "<img"):], "src")
	shown := g.get(t, picture)
	if shown.status != 200 || shown.head.Get("Content-Type") != "image/jpeg" || shown.head.Get("Cache-Control") != "no-store" {
		t.Errorf("the picture: %d %v", shown.status, shown.head)
	}
	g.get(t, "/reset/"+receipt).is(t, 200, "建议重拍")
	s = g.get(t, front)
	g.send(t, s, front+"/keep", nil).at(t, documentPath(receipt, tasks.SlotIDBack)) // on to the next
	g.send(t, s, front+"/keep", nil).at(t, "/reset/")                               // twice is once
	g.get(t, "/reset/"+receipt).is(t, 200, "已上传，坚持使用")
	g.send(t, g.get(t, front), front+"/remove", nil).at(t, front)
	g.get(t, "/reset/"+receipt).is(t, 200, "未上传")
	stranger := h.guest(t, text.Chinese)
	stranger.get(t, picture).is(t, 404)
	stranger.get(t, front).at(t, "/jobs?receipt="+receipt)
	stranger.uploads(t, front, drawn(800, 700, 90)).at(t, "/jobs?receipt="+receipt)
	g.get(t, "/reset/"+receipt+"/documents/letter").is(t, 404) // an individual needs none
}

func TestL4AFileThatIsTooLargeIsRefusedBeforeItIsRead(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	path := documentPath(receipt, tasks.SlotIDFront)
	g.uploads(t, path, make([]byte, tasks.MaxUpload+1)).is(t, 413, "文件应小于 10 MB")
	r := hallMust(http.NewRequestWithContext(t.Context(), http.MethodPost, h.url+path, neverRead{t}))(t)
	r.ContentLength = 50 << 20
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	r.Header.Set("Expect", "100-continue")
	g.do(t, r).is(t, 413, "文件太大")
	g.post(t, "/reset/who", url.Values{"nature": {strings.Repeat("x", 2<<20)}}).is(t, 413) // other pages keep their limit
}

type neverRead struct{ t testing.TB }

func (n neverRead) Read([]byte) (int, error) {
	n.t.Error("the body was read")
	return 0, http.ErrBodyNotAllowed
}

func TestL3TheLetterIsFilledInForItsApplicantOnly(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunOrganisation(t)
	letter := g.get(t, "/reset/"+receipt+"/letter")
	for _, want := range []string{"%PDF-", receipt, "北京晨光云图科技有限公司", "王芳", "110102198805152643", "http://desk.example.cn/jobs?receipt=" + receipt} {
		if !strings.Contains(letter.body, want) {
			t.Errorf("the letter lacks %s: %s", want, letter.body)
		}
	}
	if letter.head.Get("Content-Type") != "application/pdf" || letter.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", letter.head)
	}
	h.guest(t, text.Chinese).get(t, "/reset/"+receipt+"/letter").at(t, "/jobs?receipt=")
	for _, at := range withPapers() {
		anyone := h.guest(t, text.Chinese)
		if blank := anyone.get(t, at.papers+"/letter").is(t, 200); blank.body != "%PDF- blank "+string(at.kind) {
			t.Errorf("%s gives %s", at.papers, blank.body)
		}
		if !at.mine {
			anyone.get(t, at.papers).is(t, 200, `href="`+at.papers+`/letter"`)
		}
	}
	g.get(t, documentPath(receipt, tasks.SlotLetter)).is(t, 200, "application/pdf", "下载已填好的委托书")
	g.uploads(t, documentPath(receipt, tasks.SlotLetter), []byte("%PDF-1.7 signed")).at(t, documentPath(receipt, tasks.SlotLetter)).is(t, 200, "<img")
}

func TestA5SubmittingNamesEverythingThatIsMissingWithAWayToIt(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunOrganisation(t)
	check := g.get(t, "/reset/"+receipt+"/check").is(t, 200, "核对后提交", "北京*科技有限公司")
	s := g.send(t, check, "/reset/"+receipt+"/submit", nil).is(t, 422, "有 5 件事需要先处理", "联系手机还没有验证", "缺少授权委托书", "缺少手持单位证照半身照")
	for _, slot := range tasks.SlotsOf("organisation", false) {
		if !strings.Contains(s.body, documentPath(receipt, slot)) {
			t.Errorf("no way to %s", slot)
		}
	}
	code := h.letter(t, contactPhone, `验证码 (\d{6})`)
	g.send(t, g.get(t, "/reset/"+receipt+"/phone"), "/reset/"+receipt+"/phone", url.Values{"code": {code}})
	change := "/reset/" + receipt + "/change/facts"
	g.send(t, g.get(t, change), change, url.Values{"icp_or_domain": {"yuedu.example.com"}}).at(t, "/reset/"+receipt)
	g.filled(t, receipt, tasks.SlotsOf("organisation", false)...)
	s = g.send(t, g.get(t, "/reset/"+receipt+"/check"), "/reset/"+receipt+"/submit", nil).is(t, 422, "填写的备案信息无法核对")
	if strings.Count(s.main(), "<li>\n<h2>") != 1 {
		t.Errorf("it says which fact is wrong: %s", s.main())
	}
}

func TestChangingTheNatureAsksForTheFactsAnewAndAnEmptyFieldKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	root := "/reset/" + receipt + "/change/"
	s := g.get(t, root+"facts").is(t, 200, "李*明", "不改就留空")
	if strings.Contains(s.body, "110101199003077213") || strings.Contains(s.body, "李晓明") {
		t.Error("the page shows in clear what was told")
	}
	g.send(t, s, root+"facts", url.Values{"certificate_number": {"110101199003077219"}}).is(t, 422, "身份证号码第")
	g.send(t, s, root+"facts", url.Values{"icp_or_domain": {"xiaoming-notes.example.com"}}).at(t, "/reset/"+receipt)
	g.get(t, "/reset/"+receipt+"/check").is(t, 200, "xiaoming-notes.example.com", "李*明")
	s = g.send(t, g.get(t, root+"who"), root+"who", url.Values{"nature": {"organisation"}, "principal": {"yes"}}).at(t, root+"facts?nature=organisation")
	g.send(t, s, root+"facts", url.Values{"subject_name": {"北京晨光云图科技有限公司"}}).is(t, 422, "请填写申请人姓名")
	g.send(t, s, root+"facts", shopFacts()).at(t, "/reset/"+receipt)
	g.get(t, "/reset/"+receipt).is(t, 200, "手持单位证照半身照")
	s = g.get(t, root+"reason").is(t, 200, "旧邮箱已停用")
	g.send(t, s, root+"reason", url.Values{"reason": {"other"}, "remark": {strings.Repeat("长", 501)}}).is(t, 422, "补充说明太长")
	g.send(t, s, root+"reason", url.Values{"reason": {"staff_left"}, "remark": {""}}).at(t, "/reset/"+receipt)
	g.get(t, root+"nothing").is(t, 404)
}

func TestL7TheConfirmationPromisesADateAndSaysWhoWasTold(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.handedIn(t)
	s := g.get(t, "/reset/"+receipt+"/done").is(t, 200, "申请已提交", "不晚于", "短信和邮件已发出", "l***@example.com", "137 **** 5678")
	if strings.Contains(s.body, "139 ****") {
		t.Error("the applicant is told the phones on record")
	}
	g.get(t, "/jobs/"+receipt).is(t, 200, "正在排队等待审核", "待审核", "催办", "撤回申请", "身份证人像面", "提交重置申请")
	g.get(t, "/reset/"+receipt).at(t, "/jobs/"+receipt)
	g.get(t, documentPath(receipt, tasks.SlotIDFront)).at(t, "/jobs/"+receipt)
}

func TestL6WithoutTheMailboxTheClockWaits(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	code := h.letter(t, contactPhone, `验证码 (\d{6})`)
	g.send(t, g.get(t, "/reset/"+receipt+"/phone"), "/reset/"+receipt+"/phone", url.Values{"code": {code}})
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
	g.send(t, g.get(t, "/reset/"+receipt+"/check"), "/reset/"+receipt+"/submit", nil).at(t, "/reset/"+receipt+"/done").is(t, 200, "等您确认邮箱")
	g.get(t, "/jobs/"+receipt).is(t, 200, "待确认邮箱", "/reset/"+receipt+"/mailbox")
	mailbox := "/reset/" + receipt + "/mailbox"
	g.send(t, g.get(t, mailbox), mailbox, nil).at(t, mailbox)
	link := h.mailboxLink(t)
	g.send(t, g.get(t, link), link, nil).is(t, 200, "邮箱已确认")
	g.get(t, "/jobs/"+receipt).is(t, 200, "待审核", "不晚于")
}

func TestTheHandOffAdmitsAPhoneForHalfAnHour(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	s := g.get(t, "/reset/"+receipt+"/handoff").is(t, 200, "<svg class=\"qr\"")
	link := strings.TrimPrefix(attr(s.body[strings.Index(s.body, "data-copy"):], "data-copy"), "http://desk.example.cn")
	phone := h.guest(t, text.Chinese)
	phone.get(t, link).at(t, "/jobs/"+receipt).is(t, 200, "继续办理")
	phone.get(t, "/reset/"+receipt).is(t, 200, "验证并上传材料")
	phone.uploads(t, documentPath(receipt, tasks.SlotIDFront), drawn(800, 700, 120)).is(t, 200)
	g.get(t, "/reset/"+receipt).is(t, 200, "已上传")
	h.guest(t, text.Chinese).get(t, link[:len(link)-1]+"_").is(t, 410)
	h.pass(61 * time.Minute)
	h.guest(t, text.Chinese).get(t, link).is(t, 410, "链接")
}

func TestL7TheSupplementPageShowsOnlyWhatWasReturnedWithItsMark(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.handedIn(t)
	h.asks(t, receipt)
	g.get(t, "/jobs/"+receipt).is(t, 200, "需要您补充材料", "待补充材料", "补充材料")
	path := "/reset/" + receipt + "/supplement"
	s := g.get(t, path).is(t, 200, "身份证人像面有反光", "换个角度", `<rect x="600" y="100" width="300" height="200"/>`, "计时已暂停", "还可以补充 3 次", "与材料上的不一致")
	if strings.Contains(s.main(), "手持身份证") {
		t.Error("it asks for what was not returned")
	}
	g.send(t, s, path, nil).is(t, 422, "缺少身份证人像面")
	g.get(t, documentPath(receipt, tasks.SlotIDBack)).is(t, 200)
	g.uploads(t, documentPath(receipt, tasks.SlotIDBack), drawn(800, 700, 150)).is(t, 409)
	g.uploads(t, documentPath(receipt, tasks.SlotIDFront), drawn(800, 700, 160)).at(t, documentPath(receipt, tasks.SlotIDFront))
	s = g.get(t, path).is(t, 200, "查看或更换")
	g.send(t, s, path, url.Values{"subject_name": {"赵磊"}}).is(t, 422, "填写的备案信息无法核对")
	g.send(t, s, path, nil).at(t, "/jobs/"+receipt).is(t, 200, "待审核", "补充材料已提交")
	g.send(t, s, path, nil).is(t, 200) // pressing twice is once
}

func TestTheStatusPageFollowsAResetToItsEnd(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.handedIn(t)
	hallMust(h.desk.Claim(t.Context(), receipt, reviewer("first")))(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "审核中", "审核人员正在核对")
	s := g.get(t, "/jobs/"+receipt)
	g.send(t, s, "/reset/"+receipt+"/act/nudge", nil).at(t, "/jobs/"+receipt).is(t, 200, "已经催办")
	g.send(t, s, "/reset/"+receipt+"/act/nudge", nil).is(t, 200) // twice is once
	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictApprove})
	s = g.get(t, "/jobs/"+receipt).is(t, 200, "安全等待期", "fre***@example.com", "登记的联系方式", "已送达")
	if strings.Contains(s.body, "139 ****") || strings.Contains(s.body, "first") {
		t.Error("the page tells who was told, or who decided")
	}
	h.pass(25 * time.Hour)
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "登录邮箱已更换", "已完成")
}

func TestARefusedResetNamesReasonAndRemedyAndCanBeAppealedOnce(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.English)
	receipt := g.handedIn(t)
	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictReject, Findings: []tasks.Finding{{About: "request", Reason: "SUSPECTED_FRAUD"}, {About: "id_front", Reason: "DOC_EXPIRED"}}})
	g.get(t, "/jobs/"+receipt).is(t, 200, "Not approved", "we could not confirm this request", "has expired", "Appeal", "Start again")
	appeal := "/reset/" + receipt + "/act/appeal"
	g.send(t, g.get(t, appeal).is(t, 200), appeal, nil).at(t, "/jobs/"+receipt).is(t, 200, "Waiting for review")
	g.get(t, appeal).at(t, "/jobs/"+receipt)
}

func TestAResetCanBeWithdrawnAfterASecondLook(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunIndividual(t)
	path := "/reset/" + receipt + "/act/cancel"
	s := g.get(t, path).is(t, 200, "要撤回这个申请吗")
	g.send(t, s, path, nil).at(t, "/jobs/"+receipt).is(t, 200, "已撤回", "重新发起")
	g.get(t, "/reset/"+receipt).at(t, "/jobs/"+receipt)
	g.get(t, "/reset/"+receipt+"/act/release").is(t, 404)
}

func TestA8AContactSeesWhatIsAskedAndFreezesItWithoutSeeingTheApplicant(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.handedIn(t)
	veto := h.letter(t, "13900139001", receipt+`、(\w{8})`)
	contact := h.guest(t, text.Chinese)
	s := contact.send(t, contact.get(t, "/not-me?receipt="+receipt), "/not-me", url.Values{"veto": {veto}}).at(t, "/not-me/"+receipt)
	s.is(t, 200, "申请已冻结", "申请的内容", "fre***@example.com", "京ICP备20240011号")
	for _, private := range []string{"5678", "pictures", "身份证人像面", "旧邮箱已停用"} {
		if strings.Contains(s.main(), private) {
			t.Errorf("the contact sees %s", private)
		}
	}
	g.get(t, "/jobs/"+receipt).is(t, 200, "申请已冻结", "已冻结")
	contact.get(t, "/jobs/"+receipt).at(t, "/jobs?receipt=")
}

func TestA8TheOwnerOfTheAccountSeesTheResetAndNotItsApplicant(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.handedIn(t)
	owner := h.signedIn(t, "li")
	owner.get(t, "/account").is(t, 200, "重置备案登录邮箱", "/jobs/"+receipt)
	s := owner.get(t, "/jobs/"+receipt).is(t, 200, "有人申请更换登录邮箱", "这不是我操作的")
	for _, private := range []string{"5678", "身份证人像面", "撤回申请", "data-copy=\"" + receipt} {
		if strings.Contains(s.main(), private) {
			t.Errorf("the owner sees %s", private)
		}
	}
	owner.send(t, owner.get(t, "/jobs/"+receipt+"/dispute"), "/jobs/"+receipt+"/dispute", nil).at(t, "/jobs/"+receipt).is(t, 200, "申请已冻结")
	h.signedIn(t, "wang").get(t, "/jobs/"+receipt).is(t, 404)
}

func TestAResetIsFoundAgainByItsTrackingCodeOrPhone(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	s, receipt := g.begunIndividual(t)
	code := attr(s.body[strings.LastIndex(s.body, "data-copy"):], "data-copy")
	back := h.guest(t, text.Chinese)
	back.send(t, back.get(t, "/jobs?receipt="+receipt), "/jobs", url.Values{"receipt": {receipt}, "tracking": {code}}).at(t, "/jobs/"+receipt).is(t, 200, "继续办理")
	back.get(t, "/reset/"+receipt).is(t, 200, "验证并上传材料")
	other := h.guest(t, text.Chinese)
	other.get(t, "/reset/"+receipt).at(t, "/jobs?receipt="+receipt)
	other.post(t, "/reset/"+receipt+"/submit", url.Values{"form_id": {"x"}}).at(t, "/jobs?receipt=")
	_, foreign := other.begunIndividual(t)
	if foreign == receipt {
		t.Fatal("the same receipt")
	}
	other.get(t, "/reset/"+receipt).at(t, "/jobs?receipt="+receipt)
	other.get(t, "/reset/TR00000000").is(t, 404)
}

func TestEveryPageOfAResetSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	_, receipt := g.begunOrganisation(t)
	root := "/reset/" + receipt
	paths := []string{"/reset", "/reset/who", root, root + "/phone", root + "/mailbox", root + "/handoff", root + "/check", root + "/act/cancel", "/jobs/" + receipt, h.mailboxLink(t)}
	for _, part := range []string{"who", "facts", "phone", "mailbox", "reason"} {
		paths = append(paths, root+"/change/"+part)
	}
	for _, slot := range tasks.SlotsOf("organisation", false) {
		paths = append(paths, documentPath(receipt, slot))
	}
	for _, path := range paths {
		for _, lang := range text.Langs() {
			g.get(t, fmt.Sprintf("%s?lang=%s", path, lang)).is(t, 200)
		}
	}
}

// What pages say about retention is the policy that the shredder follows (L10).
func TestL10_pages_tell_how_long_documents_are_kept(t *testing.T) {
	t.Parallel()
	h := openHall(t, func(p *PageParts) { p.Policy.KeepDone, p.Policy.KeepRefused = 60*24*time.Hour, 24*time.Hour })
	g := h.guest(t, text.English)
	s := g.send(t, g.get(t, "/reset/who"), "/reset/who", url.Values{"nature": {"individual"}}).at(t, "/reset/facts")
	s = g.send(t, s, "/reset/facts", liFacts()).at(t, "/reset/contact")
	s.is(t, 200, "Deleted 60 days after the end at the latest, after 1 day if it was refused.")
	receipt := strings.TrimPrefix(g.send(t, s, "/reset/contact", contactForm()).at(t, "/reset/LR").path, "/reset/")
	g.get(t, "/jobs/"+receipt).is(t, 200, "the photos are deleted within 1 day.")
	g.get(t, "/reset/"+receipt+"/act/cancel").is(t, 200, "your photos are deleted within 1 day.")
}
