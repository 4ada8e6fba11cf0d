package api

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"beian/internal/intake"
	"beian/internal/store"
	"beian/internal/text"
)

const secondSubject = `{"type":"subject","external_id":"S-second","account":"A1","nature":"organisation","name":"静安读书会有限公司","certificate":{"type":"passport","number":"E99887766"},"icp_number":"沪ICP备20240077号","principal":{"name":"周一鸣","phone":"13700137009"}}
{"type":"website","external_id":"W-second","subject":"S-second","name":"读书会","domain":"club.example.com","suffix":3,"principal":{"name":"周一鸣","phone":"13700137009"},"domain_account":"A-other","server_account":"A1"}
`

// wealthy gives an account a second subject (A1).
func wealthy(ctx context.Context, t testing.TB, s *store.Store, account string) {
	t.Helper()
	must(t, s.SetSubjectLimit(ctx, 2))
	report, err := intake.Run(ctx, s, strings.NewReader(strings.ReplaceAll(secondSubject, `"A1"`, `"`+account+`"`)), intake.Options{})
	must(t, err)
	if report.Refused > 0 {
		t.Fatalf("refused: %+v", report.Faults)
	}
}

func (b *bench) account(t testing.TB, as string) accountBody {
	t.Helper()
	var got accountBody
	b.do(t, ask{as: as, method: "GET", path: "/v1/account"}).into(t, 200, &got)
	return got
}

func TestA3_an_account_reads_what_it_holds_masked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wealthy(t.Context(), t, b.store, "A1")
	raw := b.do(t, ask{as: "source", method: "GET", path: "/v1/account"}).raw
	for _, clear := range []string{sourceLogin, sourcePhone, holderPhone, "李晓明", "周一鸣", "静安读书会有限公司", "E99887766"} {
		if strings.Contains(raw, clear) {
			t.Errorf("it is not masked: %s", clear)
		}
	}
	got := b.account(t, "source")
	if got.ID != "A1" || got.Login != "sou***@example.com" || got.Phone != "138 **** 8001" || got.Site != "china" || got.Status != "active" ||
		got.OpenOrders != 0 || got.HasRoom || got.HoldUntil != nil || len(got.Subjects) != 2 {
		t.Fatalf("%+v", got)
	}
	one, two := got.Subjects[0], got.Subjects[1]
	if one.ICPNo != "京ICP备20240011号" || one.Websites[0].DomainElsewhere || one.Websites[0].ServerElsewhere || one.ID == "" {
		t.Errorf("%+v", one)
	}
	if two.Nature != "organisation" || two.Websites[0].ICPNo != "沪ICP备20240077号-3" || !two.Websites[0].DomainElsewhere || two.Websites[0].ServerElsewhere {
		t.Errorf("%+v", two)
	}
	if empty := b.account(t, "target"); empty.Subjects == nil || len(empty.Subjects) != 0 || !empty.HasRoom {
		t.Errorf("%+v", empty)
	}
	if blocked := b.account(t, "blocked"); blocked.OpenOrders != 1 || blocked.Status != "frozen" || blocked.Site != "international" {
		t.Errorf("%+v", blocked)
	}
}

func TestT1_a_program_chooses_which_subject_it_gives(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	wealthy(t.Context(), t, b.store, "A1")
	precheck := `{"kind":"transfer","target":"target@example.com","target_phone4":"9002"`
	for typed, want := range map[string]string{"": "CHOICE_REQUIRED", `,"subject":"京ICP备99999999号"`: "SUBJECT_NOT_HELD"} {
		for _, lang := range []text.Lang{text.Chinese, text.English} {
			p := b.do(t, ask{as: "source", method: "POST", path: "/v1/prechecks", body: precheck + typed + "}",
				head: map[string]string{"Accept-Language": string(lang)}}).problem(t, 422, "INVALID")
			general, _ := text.Load()
			if p.Errors[0].Code != want || p.Errors[0].Pointer != "/subject" || p.Errors[0].Message == general.T(lang, "msg.fault.OTHER") {
				t.Errorf("%+v", p.Errors)
			}
		}
	}
	var shown precheckOutput
	b.do(t, ask{as: "source", method: "POST", path: "/v1/prechecks", body: precheck + `,"subject":"` + b.account(t, "source").Subjects[1].ID + `"}`}).into(t, 200, &shown.Body)
	if shown.Body.Subject.ICPNo != "沪ICP备20240077号" || shown.Body.CodeTo != "137 **** 7009" {
		t.Errorf("%+v", shown.Body)
	}
	body := strings.Replace(submission, "{", `{"subject":"沪ICP备２０２４００７７号",`, 1)
	j := b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", key: "k", body: body}).job(t, 202)
	if j.Subject.ICPNo != "沪ICP备20240077号" {
		t.Errorf("%+v", j.Subject)
	}
	b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", key: "k", body: submission}).problem(t, 422, "KEY_REUSED")
}

func TestT1_the_form_lets_one_choose_among_several_subjects(t *testing.T) {
	t.Parallel()
	h := openHall(t)
	g := h.signedIn(t, "li")
	if s := g.get(t, "/transfer/target").is(t, 200); strings.Contains(s.body, `type="radio"`) {
		t.Error("there is nothing to choose with one subject")
	}
	wealthy(t.Context(), t, h.store, "A1001")
	g.get(t, "/account").is(t, 200, "京ICP备20240011号", "沪ICP备20240077号", "club.example.com（域名或服务器由另一个账号购买，不影响备案）")
	s := g.get(t, "/transfer/target").is(t, 200, "要转出的备案主体", "京ICP备20240011号", "沪ICP备20240077号")
	form := url.Values{"target": {"wang@example.com"}, "target_phone4": {"9002"}}
	s = g.send(t, s, "/transfer/target", form)
	s.is(t, 422, "<title>错误：", "请选择要转出的备案主体", `href="#subject"`, `value="wang@example.com"`)
	form.Set("subject", "京ICP备99999999号")
	g.send(t, s, "/transfer/target", form).is(t, 422, "这个账号名下没有这个备案主体")
	second := regexp.MustCompile(`type="radio" value="([^"]*)"`).FindAllStringSubmatch(s.body, -1)[1][1]
	form.Set("subject", second)
	check := g.send(t, s, "/transfer/target", form).at(t, "/transfer/").is(t, 200, "沪ICP备20240077号", "137 **** 7009")
	back := g.get(t, "/transfer/target?draft="+strings.Split(check.path, "/")[2])
	if back.is(t, 200); !strings.Contains(back.body, `value="`+second+`" checked`) {
		t.Errorf("the choice is lost on the way back: %s", back.main())
	}
	g.send(t, check, strings.Replace(check.path, "/check", "/submit", 1), url.Values{"consent": {"yes"}}).at(t, "/jobs/TR").is(t, 200, "沪ICP备20240077号")
}
