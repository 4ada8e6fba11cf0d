package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"beian/internal/intake"
	"beian/internal/text"
)

func TestATransferGoesThroughFormsAlone(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	s, receipt := source.submitted(t)
	s.is(t, 200, "等您填写验证码", "139 **** 9101", "查询码", "撤回申请", "打印或保存")
	s, receipt2 := source.verifiedFrom(t, s, receipt)
	s.is(t, 200, "等转入账号接受", "http://desk.example.cn/receive/"+receipt2, "发送验证码到对方手机", "<svg class=\"qr\"")

	s = target.get(t, "/receive/"+receipt).at(t, "/jobs/"+receipt)
	s.is(t, 200, "有一份备案等您接收", "接受", "拒绝")
	if strings.Contains(s.body, "查询码") {
		t.Error("the target is shown the source's tracking code")
	}
	s = target.get(t, "/jobs/"+receipt+"/accept").is(t, 200, "1 个主体", "2 个网站", "hutong-photo.example.com")
	s = target.send(t, s, "/jobs/"+receipt+"/accept", nil).at(t, "/jobs/"+receipt)
	s.is(t, 200, "正在办理")
	h.work(t)
	target.get(t, "/jobs/"+receipt).is(t, 200, "备案已转入您的账号", "登录后确认")
	source.get(t, "/jobs/"+receipt).is(t, 200, "备案已转出", "已送达")
	target.get(t, "/account").is(t, 200, "京ICP备20240011号", "已完成", "由另一个账号购买")
	source.get(t, "/account").is(t, 200, "这个账号名下没有备案主体")
}

// C2: a bad number is the applicant's matter, and the page says so; not to the
// staff alone.
func TestC2_an_applicant_learns_that_a_number_takes_no_messages(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	bad := strings.NewReader(`{"type":"account","external_id":"A1001","site":"china","status":"active","login_email":"li@example.com","security_phone":"13800138002"}`)
	if report := hallMust(intake.Run(t.Context(), h.store, bad, intake.Options{}))(t); report.Refused > 0 {
		t.Fatalf("refused: %+v", report.Faults)
	}
	source := h.signedIn(t, "li")
	_, receipt := source.submitted(t)
	h.work(t)
	source.get(t, "/jobs/"+receipt).is(t, 200, "未送达（这个号码不能接收短信，需要在备案系统中核对）", "已送达")
	source.head["Accept-Language"] = "en"
	source.get(t, "/jobs/"+receipt+"?lang=en").is(t, 200, "this number cannot take SMS; check it in the filing system")
}

// C3: a message that no provider has taken yet is not simply "waiting".
func TestC3_an_applicant_learns_that_a_message_is_late(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	throttled := strings.NewReader(`{"type":"account","external_id":"A1001","site":"china","status":"active","login_email":"li@example.com","security_phone":"13800138005"}`)
	if report := hallMust(intake.Run(t.Context(), h.store, throttled, intake.Options{}))(t); report.Refused > 0 {
		t.Fatalf("refused: %+v", report.Faults)
	}
	source := h.signedIn(t, "li")
	_, receipt := source.submitted(t)
	source.get(t, "/jobs/"+receipt).is(t, 200, "等待发送")
	h.work(t)
	source.get(t, "/jobs/"+receipt).is(t, 200, "等待发送（服务商暂时没有接收，我们会继续发送）")
	source.head["Accept-Language"] = "en"
	source.get(t, "/jobs/"+receipt+"?lang=en").is(t, 200, "waiting to be sent (our provider has not taken it yet; we keep trying)")
}

func (g *guest) verifiedFrom(t testing.TB, s sheet, receipt string) (sheet, string) {
	t.Helper()
	code := g.hall.letter(t, "13900139101", `验证码 (\d{6})`)
	return g.send(t, s, "/jobs/"+receipt+"/verify", url.Values{"code": {code[:3] + " " + code[3:]}}).at(t, "/jobs/"+receipt), receipt
}

func TestTheReceiverNextToTheSourceAcceptsByCode(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source := h.signedIn(t, "li")
	s, receipt := source.verified(t)
	s = source.send(t, s, "/jobs/"+receipt+"/invite", nil).at(t, "/jobs/"+receipt)
	s.is(t, 200, "填写对方手机上的验证码", "139 **** 9002")
	code := h.letter(t, "13900139002", `验证码 (\d{6})`)
	source.send(t, s, "/jobs/"+receipt+"/accept", url.Values{"code": {code}}).is(t, 200, "正在办理")
	h.work(t)
	source.get(t, "/jobs/"+receipt).is(t, 200, "备案已转出", "用短信验证码确认")
}

func TestPressingTwiceAndGoingBackGiveOneJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	check := g.checked(t)
	action := strings.Replace(check.path, "/check", "/submit", 1)
	first := g.send(t, check, action, url.Values{"consent": {"yes"}}).at(t, "/jobs/TR")
	if again := g.send(t, check, action, url.Values{"consent": {"yes"}}); again.path != first.path {
		t.Errorf("a second press led to %s, not %s", again.path, first.path)
	}
	if back := g.get(t, check.path); back.path != first.path {
		t.Errorf("going back led to %s, not %s", back.path, first.path)
	}
	form := url.Values{"form_id": {strings.Split(check.path, "/")[2]}, "target": {"group@example.com"}, "target_phone4": {"9004"}}
	g.post(t, "/transfer/target", form).is(t, 200, "已有一个正在办理的申请", first.path)
	if jobs := g.get(t, "/account").body; strings.Count(jobs, `href="/jobs/TR`) != 1 {
		t.Error("there is more than one job")
	}
}

func TestTheTargetFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	g := openHall(t).signedIn(t, "li")
	s := g.send(t, g.get(t, "/transfer/target"), "/transfer/target", url.Values{"target": {""}, "target_phone4": {"90a2"}})
	s.is(t, 422, "<title>错误：", `value="90a2"`, "请填写对方的登录邮箱或账号编号", "应为手机号码的后四位数字", `href="#target_phone4"`)
	s = g.send(t, s, "/transfer/target", url.Values{"target": {"ｗａｎｇ＠example.com "}, "target_phone4": {"９００２"}}).at(t, "/transfer/")
	s.is(t, 200, "核对后提交", "2 个", "xiaoming-notes.example.com", "购买关系不变", "3 份", "wan***@example.com")
	id := strings.Split(s.path, "/")[2]
	g.get(t, "/transfer/target?draft="+id).is(t, 200, `value="wang@example.com"`, `value="9002"`, `value="`+id+`"`)
	action := "/transfer/" + id + "/submit"
	g.send(t, s, action, nil).is(t, 422, "需要您同意后才能继续", "核对后提交")
	g.get(t, action+"?lang=zh-CN").is(t, 200, "核对后提交")
	h := g.hall.signedIn(t, "shop")
	h.get(t, s.path).is(t, 404)
	h.get(t, "/transfer/target?draft="+id).is(t, 200, `name="target" type="text" value=""`)
}

func TestEveryBlockerStandsOnOnePage(t *testing.T) {
	t.Parallel()
	g := openHall(t).signedIn(t, "everything")
	s := g.send(t, g.get(t, "/transfer/target"), "/transfer/target", url.Values{"target": {"full@example.com"}, "target_phone4": {"9006"}})
	s.at(t, "/transfer/").is(t, 200, "SOURCE_ORDER_IN_PROGRESS", "SOURCE_FROZEN", "SITE_UNSUPPORTED", "TARGET_HAS_SUBJECT",
		"/help#subjects", "我已处理，重新检查", "有 4 个原因")
	g = g.hall.signedIn(t, "wang")
	s = g.send(t, g.get(t, "/transfer/target"), "/transfer/target", url.Values{"target": {"nobody@example.com"}, "target_phone4": {"0000"}})
	s.is(t, 200, "SOURCE_HAS_NO_SUBJECT", "TARGET_NOT_FOUND", "更改转入账号")
}

func TestCodesAreCountedAndRunOut(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	s, receipt := g.submitted(t)
	action := "/jobs/" + receipt + "/verify"
	code := h.letter(t, "13900139101", `验证码 (\d{6})`)
	wrong := strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, code)
	g.send(t, s, action, url.Values{"code": {"12ab"}}).is(t, 422, "验证码应为 6 位数字", `value="12ab"`)
	g.send(t, s, action, url.Values{"code": {" "}}).is(t, 422, "请填写短信验证码")
	s = g.send(t, s, action, url.Values{"code": {wrong}}).is(t, 422, "还可以再试 4 次", "错误：", `value="`+wrong+`"`)
	g.send(t, s, "/jobs/"+receipt+"/resend", nil).is(t, 429, "秒后可以重新发送")
	g.get(t, action).at(t, "/jobs/"+receipt)
	for range 4 {
		s = g.send(t, s, action, url.Values{"code": {wrong}})
	}
	s.is(t, 422, "尝试次数过多")
	g.send(t, s, action, url.Values{"code": {code}}).is(t, 422, "尝试次数过多")
	h.pass(11 * time.Minute)
	g.send(t, s, action, url.Values{"code": {code}}).is(t, 422)
	g.send(t, s, "/jobs/"+receipt+"/resend", nil).at(t, "/jobs/"+receipt).is(t, 200, "重新发送验证码")
	h.pass(11 * time.Minute)
	h.work(t)
	fresh := h.letter(t, "13900139101", `验证码 (\d{6})`)
	g.send(t, s, action, url.Values{"code": {fresh}}).is(t, 422, "验证码已过期")
}

func TestWhatWasTypedComesBackAfterACancelledJob(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	_, receipt := g.submitted(t)
	s := g.get(t, "/jobs/"+receipt+"/cancel").is(t, 200, "要撤回这个申请吗")
	late := s
	s = g.send(t, s, "/jobs/"+receipt+"/cancel", nil).at(t, "/jobs/"+receipt)
	s.is(t, 200, "申请已撤回", "重新发起")
	g.send(t, late, "/jobs/"+receipt+"/cancel", nil).is(t, 200, "申请已撤回")
	g.get(t, "/transfer/target?again="+receipt).is(t, 200, `value="wang@example.com"`, `value="9002"`)
	g.get(t, "/jobs/"+receipt+"/cancel").at(t, "/jobs/"+receipt)
	_, second := g.submitted(t)
	if second == receipt {
		t.Error("the ended job was taken for the new one")
	}
}

func TestAnActThatComesTooLateShowsWhatIsNow(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, receipt := source.verified(t)
	accept := target.get(t, "/jobs/"+receipt+"/accept").is(t, 200)
	cancel := source.get(t, "/jobs/"+receipt+"/cancel")
	source.send(t, cancel, "/jobs/"+receipt+"/cancel", nil)
	target.send(t, accept, "/jobs/"+receipt+"/accept", nil).is(t, http.StatusConflict, "这次操作没有生效", "申请已撤回")
}

func TestADeclinedTransferSaysWhoSaidNo(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, receipt := source.verified(t)
	s := target.get(t, "/jobs/"+receipt+"/decline").is(t, 200, "要拒绝这份备案吗")
	target.send(t, s, "/jobs/"+receipt+"/decline", nil).is(t, 200, "您拒绝了这份备案")
	source.get(t, "/jobs/"+receipt).is(t, 200, "转入账号没有接受", "重新发起")
}

func TestAnExpiredJobCanBeStartedAgain(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	_, receipt := g.submitted(t)
	h.pass(25 * time.Hour)
	h.work(t)
	h.signedIn(t, "li").get(t, "/jobs/"+receipt).is(t, 200, "申请已过期", "重新发起")
}

func TestAFailedJobShowsItsBlockers(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, receipt := source.verified(t)
	s := target.get(t, "/jobs/"+receipt+"/accept")
	target.send(t, s, "/jobs/"+receipt+"/accept", nil)
	h.take(t, `{"type": "order", "external_id": "O9", "account": "A1002", "kind": "first", "in_progress": true}`)
	h.work(t)
	source.get(t, "/jobs/"+receipt).is(t, 200, "没有办成", "TARGET_ORDER_IN_PROGRESS", "重新发起")
	target.get(t, "/jobs/"+receipt).is(t, 200, "没有办成", "TARGET_ORDER_IN_PROGRESS")
}

func TestPagesSpeakEnglishToo(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	g.get(t, "/?lang=en").is(t, 200, `<html lang="en">`, "What do you need to do?")
	s, receipt := g.submitted(t)
	s.is(t, 200, "Enter the code to go on", "Tracking code")
	g.get(t, "/jobs/"+receipt+"/dispute").is(t, 200, "Freeze this application?")
	if lang := g.get(t, "/help").head.Get("Content-Language"); lang != string(text.English) {
		t.Errorf("the language is %s", lang)
	}
}
