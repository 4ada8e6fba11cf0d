package api

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

const liPhone = "13900139001" // of li@example.com in the demo's facts

// rephoning brings a phone change to its page.
func (g *guest) rephoning(t testing.TB) (sheet, string) {
	t.Helper()
	s := g.send(t, g.get(t, "/account/phone"), "/account/phone", url.Values{"new_phone": {freshNumber}}).at(t, "/jobs/CC")
	return s, strings.TrimPrefix(s.path, "/jobs/")
}

// proves enters the code that reached a phone.
func (g *guest) proves(t testing.TB, s sheet, verb, phone string) sheet {
	t.Helper()
	code := g.hall.letter(t, phone, `验证码 (\d{6})，10 分钟内有效，用于把`)
	return g.send(t, s, s.path+"/"+verb, url.Values{"code": {code}}).at(t, s.path)
}

func TestContactAnOwnerChangesThePhoneOnPages(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	g.get(t, "/account").is(t, 200, "/account/phone", "更换安全手机")
	g.get(t, "/account/phone").is(t, 200, "第 1 步，共 3 步", "72 小时内不能转移备案", "已登录的设备不会退出")
	s, receipt := g.rephoning(t)
	s.is(t, 200, "第 2 步，共 3 步", "填写原手机收到的验证码", "136 **** 5678", "验证原手机", "更换安全手机 · ")
	s = g.proves(t, s, "verify-old", liPhone).is(t, 200, "第 3 步，共 3 步", "填写新手机收到的验证码", "原手机通过验证")
	s = g.proves(t, s, "verify-new", freshNumber).is(t, 200, "正在办理")
	h.work(t)
	g.get(t, s.path).is(t, 200, "安全手机已更换", "以前不能转移备案", "安全提醒", "以后的验证码和安全提醒都发到新手机")
	g.get(t, "/account").is(t, 200, "136 **** 5678", "登录邮箱或安全手机刚更换过", receipt[2:6])
	g.send(t, g.get(t, "/account/phone"), "/account/phone", url.Values{"new_phone": {liPhone}}).is(t, 200, "安全期内不能再更换手机")
	again := g.send(t, g.get(t, "/transfer/target"), "/transfer/target", toWang())
	again.is(t, 200, "登录邮箱或安全手机刚刚更换过")

	owner := h.guest(t, text.English)
	word := h.letter(t, liPhone, `填 `+receipt+`、([0-9A-Z]{8})`)
	owner.send(t, owner.get(t, "/not-me?receipt="+receipt), "/not-me", url.Values{"veto": {word}}).is(t, 200, "We have your objection", "brings the old one back")
	g.get(t, s.path).is(t, 200, "核实以前不能转移备案")
}

func TestContactAPageKeepsWhatWasTypedAndSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	for typed, says := range map[string]string{"": "新的手机号码", "1381": "手机号码", liPhone: "不能与现在的安全手机相同", "<b>": "&lt;b&gt;"} {
		s := g.send(t, g.get(t, "/account/phone"), "/account/phone", url.Values{"new_phone": {typed}})
		s.is(t, http.StatusUnprocessableEntity, says, `aria-invalid="true"`)
	}
	_, receipt := g.rephoning(t)
	g.send(t, g.get(t, "/account/phone"), "/account/phone", url.Values{"new_phone": {"13712345678"}}).is(t, 200, "/jobs/"+receipt, "查看正在办理的申请")
	s := g.get(t, "/jobs/"+receipt)
	s = g.send(t, s, s.path+"/verify-old", url.Values{"code": {"12"}}).is(t, 422, "6 位数字")
	s = g.send(t, s, "/jobs/"+receipt+"/verify-old", url.Values{"code": {"000000"}}).is(t, 422, "还可以再试 4 次")
	g.send(t, s, "/jobs/"+receipt+"/resend", nil).is(t, 429)
	h.pass(61 * time.Second)
	g.send(t, g.get(t, "/jobs/"+receipt), "/jobs/"+receipt+"/resend", nil).is(t, 200, "重新发送了验证码")
	g.send(t, g.get(t, "/jobs/"+receipt+"/cancel").is(t, 200, "安全手机不变"), "/jobs/"+receipt+"/cancel", nil).is(t, 200, "申请已撤回", `action="/account/phone"`)
}

func TestContactPagesAreForTheOwnerOnly(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	_, receipt := h.signedIn(t, "li").rephoning(t)
	h.guest(t, text.Chinese).get(t, "/account/phone").at(t, "/sign-in?next=%2Faccount%2Fphone")
	h.guest(t, text.Chinese).post(t, "/account/phone", url.Values{"new_phone": {freshNumber}}).at(t, "/sign-in?next=%2Faccount%2Fphone")
	stranger := h.signedIn(t, "shop")
	for _, path := range []string{"", "/cancel", "/verify-old", "/stream"} {
		stranger.get(t, "/jobs/"+receipt+path).is(t, 404)
	}
	for _, verb := range []string{"verify-old", "verify-new", "resend", "cancel", "dispute"} {
		stranger.post(t, "/jobs/"+receipt+"/"+verb, url.Values{"code": {"123456"}}).is(t, 404)
	}
	stranger.head["Sec-Fetch-Site"] = "cross-site"
	stranger.post(t, "/account/phone", url.Values{"new_phone": {freshNumber}}).is(t, http.StatusForbidden)
}

func TestContactPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	look := func(pages map[string]string) {
		for _, lang := range text.Langs() {
			for name, path := range pages {
				got := steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main())
				golden(t, filepath.Join("testdata", "pages", "phone-"+name+"."+string(lang)+".html"), got)
			}
		}
	}
	s, receipt := g.rephoning(t)
	h.work(t)
	look(map[string]string{"start": "/account/phone", "old": "/jobs/" + receipt})
	g.get(t, "/account?lang=zh-CN")
	s = g.proves(t, g.get(t, s.path), "verify-old", liPhone)
	h.work(t)
	look(map[string]string{"new": "/jobs/" + receipt})
	g.get(t, "/account?lang=zh-CN")
	g.proves(t, g.get(t, s.path), "verify-new", freshNumber)
	h.work(t)
	look(map[string]string{"done": "/jobs/" + receipt})
}

func TestContactPapersGoThroughTheKitOfEveryCase(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	const root = "/account/phone/papers"
	h.guest(t, text.Chinese).get(t, root+"/who").at(t, "/sign-in?next=")
	g := h.signedIn(t, "li")
	g.get(t, "/account/phone").is(t, 200, `href="`+root+`"`)
	g.get(t, root).is(t, 200, "凭证件更换安全手机", "只换安全手机", "新手机最早在提交 24 小时后生效")
	s := g.send(t, g.get(t, root+"/who"), root+"/who", url.Values{"nature": {"individual"}}).at(t, root+"/facts")
	s = g.send(t, s, root+"/facts", liFacts()).at(t, root+"/contact")
	s.is(t, 200, "新的安全手机", "手机丢失")
	if strings.Contains(s.body, `name="new_email"`) || strings.Contains(s.body, "mailbox_lost") {
		t.Error("the page asks for a mailbox")
	}
	g.send(t, s, root+"/contact", url.Values{"phone": {"12"}, "reason": {"phone_lost"}, "consent": {"yes"}}).is(t, 422, `aria-invalid="true"`)
	s = g.send(t, s, root+"/contact", url.Values{"phone": {contactPhone}, "reason": {"phone_lost"}, "consent": {"yes"}}).at(t, root+"/CP")
	receipt := strings.TrimPrefix(s.path, root+"/")
	s.is(t, 200, "验证新手机")
	code := h.letter(t, contactPhone, `验证码 (\d{6})，10 分钟内有效，用于把这个号码`)
	g.send(t, g.get(t, s.path+"/phone").is(t, 200), s.path+"/phone", url.Values{"code": {code}}).at(t, s.path)
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
	check := g.get(t, s.path+"/check").is(t, 200, "新的安全手机", "原来的安全手机不再接收验证码")
	g.get(t, s.path+"/change/reason").is(t, 200, "手机丢失")
	g.get(t, s.path+"/change/mailbox").is(t, 404)
	g.send(t, check, s.path+"/submit", nil).at(t, s.path+"/done").is(t, 200, "不晚于", "生效以后，验证码和安全提醒都发到新手机")
	g.get(t, "/jobs/"+receipt).is(t, 200, "凭证件更换安全手机", "137 **** 5678")
	g.send(t, g.get(t, phonePage), phonePage, url.Values{"new_phone": {freshNumber}}).is(t, 200, "/jobs/"+receipt)
	other := h.signedIn(t, "shop")
	other.get(t, "/jobs/"+receipt).is(t, 404)

	h.decides(t, receipt, "first", tasks.Decide{Verdict: tasks.VerdictApprove})
	g.get(t, "/jobs/"+receipt).is(t, 200, "安全等待期到")
	h.pass(25 * time.Hour)
	h.work(t)
	g.get(t, "/jobs/"+receipt).is(t, 200, "安全手机已更换", "137 **** 5678")
	owner := h.guest(t, text.Chinese)
	word := h.letter(t, liPhone, `换，非您操作？到 \S+ 填 `+receipt+`、([0-9A-Z]{8})`)
	owner.send(t, owner.get(t, "/not-me?receipt="+receipt), "/not-me", url.Values{"veto": {word}}).is(t, 200, "已经更换")
	hallMust(h.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbReject, By: tasks.Viewer{Staff: tasks.ActorSupervisor},
		StaffID: "boss", Once: tasks.Once{Scope: "test", Key: "undo"}}))(t)
	h.work(t)
	owner.get(t, "/not-me/"+receipt).is(t, 200)
	for lang, says := range map[string][]string{"zh-CN": {"核实后恢复了原手机", "核实后恢复原手机，原密码失效"}, "en": {"The old phone is back after a check", "Old phone restored"}} {
		s := g.get(t, "/jobs/"+receipt+"?lang="+lang).is(t, 200, says...)
		if strings.Contains(s.body, "/act/appeal") {
			t.Error("what a supervisor undid can be appealed")
		}
	}
}
