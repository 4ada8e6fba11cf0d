package api

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"beian/internal/text"
	"beian/tasks"
)

// papers brings a reviewed transfer of the demo's li to its list of tasks.
func (g *guest) papers(t testing.TB, target, phone4 string) string {
	t.Helper()
	const root = "/transfer/papers"
	s := g.send(t, g.get(t, root+"/who"), root+"/who", url.Values{"nature": {"individual"}}).at(t, root+"/facts")
	s = g.send(t, s, root+"/facts", liFacts()).at(t, root+"/contact")
	form := contactForm()
	form.Del("new_email")
	form.Set("target", target)
	form.Set("target_phone4", phone4)
	s = g.send(t, s, root+"/contact", form).at(t, root+"/TP")
	return strings.TrimPrefix(s.path, root+"/")
}

// papersReady proves the phone and uploads everything.
func (g *guest) papersReady(t testing.TB, receipt string) {
	t.Helper()
	root := caseRoot(receipt)
	code := g.hall.letter(t, contactPhone, `(?:验证码|Code) (\d{6})`)
	g.send(t, g.get(t, root+"/phone"), root+"/phone", url.Values{"code": {code}}).at(t, root)
	g.filled(t, receipt, tasks.SlotsOf("individual", true)...)
}

func TestT13ThePagesLeadFromTheTransferToTheReview(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	if !strings.Contains(g.get(t, "/transfer").is(t, 200).body, `href="/transfer/papers"`) {
		t.Error("the transfer's page does not lead to the one on papers")
	}
	receipt := g.papers(t, "wang@example.com", "0000")
	g.papersReady(t, receipt)
	root := caseRoot(receipt)
	for _, path := range []string{root + "/mailbox", root + "/change/mailbox", "/reset/" + receipt, "/reset/" + receipt + "/check"} {
		if got := g.get(t, path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).is(t, 422, "/change/receiver")
	g.send(t, g.get(t, root+"/change/receiver"), root+"/change/receiver", url.Values{"target_phone4": {"9002"}}).at(t, root)
	g.get(t, root+"/check").is(t, 200, "wan***@example.com")
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done").is(t, 200, "/receive/"+receipt)
	g.get(t, "/jobs/"+receipt).is(t, 200, "/receive/"+receipt)
	h.work(t)
	receiver := h.signedIn(t, "wang")
	receiver.get(t, "/receive/"+receipt).at(t, "/jobs/"+receipt).is(t, 200, "/jobs/"+receipt+"/accept")
	accept := receiver.get(t, "/jobs/"+receipt+"/accept").is(t, 200)
	receiver.send(t, accept, "/jobs/"+receipt+"/accept", nil).at(t, "/jobs/"+receipt)
	g.get(t, "/jobs/"+receipt).is(t, 200, "正在排队等待审核")
	for _, secret := range []string{"1371234", "137 **** 5678", "/documents/"} {
		if strings.Contains(receiver.get(t, "/jobs/"+receipt).body, secret) {
			t.Errorf("the receiver sees %s", secret)
		}
	}
}

func TestT13AnApplicantWhoIsTheReceiverAcceptsInTheSameBrowser(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "wang")
	receipt := g.papers(t, "wang@example.com", "9002")
	g.papersReady(t, receipt)
	root := caseRoot(receipt)
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done")
	accept := g.get(t, "/jobs/"+receipt+"/accept").is(t, 200)
	g.send(t, accept, "/jobs/"+receipt+"/accept", nil).at(t, "/jobs/"+receipt).is(t, 200, "queued")
}

func TestReviewedTransferPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.papers(t, "wang@example.com", "9002")
	root := caseRoot(receipt)
	look := func(g *guest, pages map[string]string) {
		for _, lang := range text.Langs() {
			for name, path := range pages {
				got := strings.NewReplacer(receipt, "TP", receipt[2:6], "", receipt[6:], "").Replace(steady(g.get(t, path+"?lang="+string(lang)).is(t, 200).main()))
				golden(t, filepath.Join("testdata", "pages", "papers-"+name+"."+string(lang)+".html"), got)
			}
		}
	}
	look(g, map[string]string{"start": "/transfer/papers", "list": root, "receiver": root + "/change/receiver"})
	g.papersReady(t, receipt)
	look(g, map[string]string{"check": root + "/check"})
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done")
	h.work(t)
	look(g, map[string]string{"done": root + "/done", "status": "/jobs/" + receipt})
	look(h.signedIn(t, "wang"), map[string]string{"receiver-status": "/jobs/" + receipt})
	g.send(t, g.get(t, "/jobs/"+receipt), root+"/act/invite", nil).at(t, "/jobs/"+receipt)
	h.work(t)
	look(g, map[string]string{"code": "/jobs/" + receipt})
}

const wangPhone = "13900139002" // of wang@example.com in the demo's facts

func TestT13TheReceiverAcceptsByACodeOnTheApplicantsScreen(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.guest(t, text.Chinese)
	receipt := g.papers(t, "wang@example.com", "9002")
	g.papersReady(t, receipt)
	root, home := caseRoot(receipt), "/jobs/"+receipt
	g.send(t, g.get(t, root+"/check"), root+"/submit", nil).at(t, root+"/done")
	h.work(t)
	for _, verb := range []string{"invite", "accept"} {
		g.get(t, root+"/act/"+verb).at(t, home) // an address of forms only
		h.guest(t, text.Chinese).post(t, root+"/act/"+verb, url.Values{"form_id": {"x"}, "code": {"123456"}}).at(t, "/jobs?receipt=")
	}
	s := g.get(t, home).is(t, 200, "发送验证码到对方手机")
	s = g.send(t, s, root+"/act/invite", nil).at(t, home).is(t, 200, "填写它，就表示对方接受这份备案")
	if strings.Contains(s.body, "139 **** 9002") || strings.Contains(s.body, `http-equiv="refresh"`) {
		t.Error("the page shows the receiver's phone, or reloads what is typed away")
	}
	g.post(t, root+"/act/invite", url.Values{"form_id": {"again"}}).is(t, http.StatusTooManyRequests, "秒")
	for typed, says := range map[string]string{"": "填写", "12": "6 位数字", "000000": "还可以再试 4 次"} {
		g.send(t, g.get(t, home), root+"/act/accept", url.Values{"code": {typed}}).is(t, 422, says, `aria-invalid="true"`)
	}
	code := h.letter(t, wangPhone, `验证码 (\d{6})`)
	g.send(t, g.get(t, home), root+"/act/accept", url.Values{"code": {code}}).at(t, home).is(t, 200, "正在排队等待审核")
	late := g.post(t, root+"/act/accept", url.Values{"form_id": {"late"}, "code": {code}}).is(t, http.StatusConflict, "正在排队等待审核")
	if strings.Contains(late.body, root+"/act/invite") {
		t.Error("a code is offered after the receiver accepted")
	}
}

func TestT14BothPartiesReadWhatBecomesOfAReversal(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	source, target := h.signedIn(t, "li"), h.signedIn(t, "wang")
	_, moved := source.verified(t)
	accept := target.get(t, "/jobs/"+moved+"/accept")
	target.send(t, accept, "/jobs/"+moved+"/accept", nil)
	h.work(t)
	staff := tasks.Actor{Kind: tasks.ActorSupervisor, ID: "first"}
	acc := hallMust(h.desk.Submit(t.Context(), tasks.Submission{Kind: tasks.KindReversal, Staff: staff, Asker: "first", Lang: "zh-CN",
		Fields: map[string]string{tasks.FieldReceipt: moved, tasks.FieldReason: "wrong_receiver"}, Once: tasks.Once{Scope: "test", Key: "reverse"}}))(t)
	for _, g := range []*guest{source, target} {
		s := g.get(t, "/jobs/"+acc.Receipt).is(t, 200, "主管正在撤销这次转移", "撤销备案转移")
		if strings.Contains(s.body, "转错了账号") || strings.Contains(s.body, "/dispute") {
			t.Error("a party reads the office's reason, or can stop it")
		}
		g.get(t, "/account").is(t, 200, "/jobs/"+acc.Receipt)
	}
	hallMust(h.desk.Act(t.Context(), tasks.Action{Receipt: acc.Receipt, Verb: tasks.VerbApprove, By: tasks.Viewer{Staff: tasks.ActorSupervisor},
		StaffID: "second", Once: tasks.Once{Scope: "test", Key: "approve"}}))(t)
	h.work(t)
	source.get(t, "/jobs/"+acc.Receipt).is(t, 200, "备案已回到您的账号")
	target.get(t, "/jobs/"+acc.Receipt).is(t, 200, "转移已撤销")
	source.get(t, "/jobs/"+moved).is(t, 200, "转移已撤销", "撤销的受理编号")
}
