package api

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestATransferGoesFromSubmissionToDone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	sent := b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", body: submission, key: "k-1"})
	j := sent.job(t, 202)
	if sent.head.Get("Location") != "/v1/transfers/"+j.Receipt || sent.head.Get("Retry-After") != "2" || sent.head.Get("ETag") != etag(j.Version) {
		t.Errorf("headers %v", sent.head)
	}
	if j.NextAction == nil || j.NextAction.Type != "verify_code" || j.NextAction.ExpiresAt == nil || j.Tracking == "" {
		t.Errorf("body %s", sent.raw)
	}
	if j.Subject.ICPNo != "京ICP备20240011号" || j.Subject.Websites != 1 || j.Target.Login != "tar***@example.com" {
		t.Errorf("body %s", sent.raw)
	}
	if strings.Contains(sent.raw, "李晓明") || strings.Contains(sent.raw, sourceLogin) || !strings.Contains(sent.raw, "+08:00") {
		t.Errorf("not masked, or not on China's clock: %s", sent.raw)
	}
	j = b.act(t, "source", j.Receipt, "verify", fmt.Sprintf(`{"code":%q}`, b.param(t, holderPhone, "code"))).job(t, 200)
	if j.State != "target_confirm" {
		t.Fatalf("state %s", j.State)
	}
	accepted := b.act(t, "target", j.Receipt, "accept", "")
	if accepted.job(t, 202).State != "applying" || accepted.head.Get("Location") == "" {
		t.Fatalf("got %s", accepted.raw)
	}
	b.work(t)
	for _, as := range []string{"source", "target", "auditor"} {
		got := b.do(t, ask{as: as, method: "GET", path: "/v1/transfers/" + j.Receipt}).job(t, 200)
		if got.State != "done" || got.NextAction != nil || got.EndedAt == nil {
			t.Errorf("%s sees %+v", as, got)
		}
	}
}

func TestPreferWaitAnswersWhenTheEffectIsDone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	answered := make(chan reply, 1)
	go func() {
		out, _ := b.try(t.Context(), ask{as: "target", method: "POST", path: "/v1/transfers/" + j.Receipt + "/accept", key: "k-1",
			head: map[string]string{"Prefer": "respond-async, wait=20"}})
		answered <- out
	}()
	for {
		b.work(t)
		select {
		case got := <-answered:
			if got.job(t, 200).State != "done" || got.head.Get("Preference-Applied") != "wait=20" {
				t.Errorf("got %s", got.raw)
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestPreferWaitIsReadAsTheStandardSays(t *testing.T) {
	t.Parallel()
	for prefer, want := range map[string]time.Duration{"": 0, "wait=5": 5 * time.Second, "respond-async, wait=99": maxWait,
		"WAIT=1": time.Second, "wait=-1": 0, "wait=x": 0, `wait="3"`: 3 * time.Second} {
		if got := waitOf(prefer); got != want {
			t.Errorf("%q: got %s, want %s", prefer, got, want)
		}
	}
}

func TestAPrecheckNamesEveryBlockerAtOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := `{"kind":"transfer","target":"blocked@example.com","target_phone4":"5005"}`
	p := b.do(t, ask{as: "source", method: "POST", path: "/v1/prechecks", body: body}).problem(t, 422, "BLOCKED")
	var codes []string
	for _, one := range p.Blockers {
		codes = append(codes, one.Code)
		if one.Message == "" || one.Remedy == "" || one.Pointer != "/target" || one.Owner != "target" {
			t.Errorf("%+v", one)
		}
	}
	if got := strings.Join(codes, " "); got != "TARGET_ORDER_IN_PROGRESS TARGET_FROZEN SITE_UNSUPPORTED" {
		t.Errorf("got %s", got)
	}
	if p.Detail != "有 3 个原因需要先处理" || !strings.HasSuffix(p.Type, "/problems/blocked") {
		t.Errorf("%+v", p)
	}
	var good precheckOutput
	b.do(t, ask{as: "source", method: "POST", path: "/v1/prechecks",
		body: `{"kind":"transfer","target":"A2","target_phone4":"９００２"}`}).into(t, 200, &good.Body)
	if good.Body.Target.Login != "tar***@example.com" || good.Body.CodeTo != "137 **** 7003" || good.Body.Blockers == nil {
		t.Errorf("%+v", good.Body)
	}
}

func TestASubmissionWithFaultsNamesThemAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	p := b.do(t, ask{as: "source", method: "POST", path: "/v1/transfers", key: "k", head: map[string]string{"Accept-Language": "en"},
		body: `{"target":"","target_phone4":"12","consent":false}`}).problem(t, 422, "INVALID")
	if len(p.Errors) != 3 || p.Errors[0].Pointer != "/target" || p.Errors[1].Code != "PHONE4_FORMAT" || p.Errors[2].Code != "CONSENT_REQUIRED" {
		t.Errorf("%+v", p.Errors)
	}
	if p.Detail != "Fields to be changed: 3" {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestAWrongCodeTellsHowManyTriesAreLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	wrong := "000000"
	if b.param(t, holderPhone, "code") == wrong {
		wrong = "000001"
	}
	p := b.act(t, "source", j.Receipt, "verify", `{"code":"`+wrong+`"}`).problem(t, 422, "INVALID")
	if p.Errors[0].Code != "CODE_WRONG" || p.Errors[0].Pointer != "/code" || p.Errors[0].Message != "验证码不正确，还可以再试 4 次" {
		t.Errorf("%+v", p.Errors)
	}
	p = b.act(t, "source", j.Receipt, "accept", "{}").problem(t, 409, "WRONG_STATE")
	if p.State != "source_verify" || !strings.Contains(p.Detail, "待验证身份") {
		t.Errorf("%+v", p)
	}
}

func TestTheFreezeCodeOfAMessageStopsATransferWithoutSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	veto := b.param(t, sourcePhone, "veto")
	b.do(t, ask{method: "POST", path: "/v1/disputes", key: "k-1", body: `{"receipt":"` + j.Receipt + `","code":"AAAAAAAA"}`}).problem(t, 404, "NOT_FOUND")
	typed := strings.ToLower(veto[:4]) + " " + veto[4:]
	if got := b.do(t, ask{method: "POST", path: "/v1/disputes", key: "k-2", body: `{"receipt":"` + j.Receipt + `","code":"` + typed + `"}`}).job(t, 200); got.State != "disputed" {
		t.Fatalf("state %s", got.State)
	}
	b.act(t, "reviewer", j.Receipt, "release", "").problem(t, 403, "FORBIDDEN")
	if got := b.act(t, "supervisor", j.Receipt, "release", "").job(t, 200); got.State != "source_verify" {
		t.Errorf("state %s", got.State)
	}
}

func TestACodeToAPartysPhoneOpensTheJobWithoutSignIn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	ways := []string{}
	for i, phone := range []string{sourcePhone, "13300000000"} {
		got := b.do(t, ask{method: "POST", path: "/v1/codes", key: fmt.Sprint("k", i), body: `{"purpose":"track","receipt":"` + j.Receipt + `","phone":"` + phone + `"}`})
		ways = append(ways, fmt.Sprint(got.status, got.raw))
	}
	if ways[0] != ways[1] || !strings.HasPrefix(ways[0], "202") {
		t.Errorf("hit and miss differ: %q", ways)
	}
	body := `{"receipt":"` + j.Receipt + `","phone":"` + sourcePhone + `","code":"` + b.param(t, sourcePhone, "code") + `"}`
	var opened codeCheckOutput
	b.do(t, ask{method: "POST", path: "/v1/codes/verify", body: body}).into(t, 200, &opened.Body)
	for _, head := range []map[string]string{{"X-Tracking-Code": opened.Body.Tracking}, {"Authorization": "Tracking " + opened.Body.Tracking}} {
		got := b.do(t, ask{method: "GET", path: "/v1/jobs/" + strings.ToLower(j.Receipt), head: head})
		if got.job(t, 200).Role != "tracker" || got.job(t, 200).Tracking != "" {
			t.Errorf("got %s", got.raw)
		}
	}
}

func TestGuessingTrackingCodesIsSlowedDown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	guess := ask{method: "GET", path: "/v1/jobs/" + j.Receipt, head: map[string]string{"X-Tracking-Code": "AAAAAAAA"}}
	for range guessLimit().Burst {
		b.do(t, guess).problem(t, 404, "NOT_FOUND")
	}
	got := b.do(t, guess)
	got.problem(t, 429, "TOO_MANY_REQUESTS")
	if got.head.Get("Retry-After") != "20" || got.head.Get("RateLimit") != `"guess";r=0;t=20` {
		t.Errorf("headers %v", got.head)
	}
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs/" + j.Receipt}).job(t, 200)
}

func TestJobsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var want []string
	for range 3 {
		j := b.submit(t)
		b.act(t, "source", j.Receipt, "cancel", "").job(t, 200)
		want = append([]string{j.Receipt}, want...)
	}
	var got []string
	path := "/v1/jobs?limit=2"
	for path != "" {
		res := b.do(t, ask{as: "source", method: "GET", path: path})
		var list listOutput
		res.into(t, 200, &list.Body)
		for _, j := range list.Body.Jobs {
			got = append(got, j.Receipt)
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(res.head.Get("Link"), "<"), ">")
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want %v", got, want)
	}
	for as, n := range map[string]int{"stranger": 0, "auditor": 3, "target": 0} {
		var list listOutput
		b.do(t, ask{as: as, method: "GET", path: "/v1/jobs"}).into(t, 200, &list.Body)
		if len(list.Body.Jobs) != n {
			t.Errorf("%s sees %d jobs", as, len(list.Body.Jobs))
		}
	}
	b.do(t, ask{as: "source", method: "GET", path: "/v1/jobs?cursor=%25"}).problem(t, 422, "INVALID")
}

func TestTheTimelineTellsWhatHappenedAndWhatWasDelivered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.verified(t)
	b.work(t)
	var events eventsOutput
	b.do(t, ask{as: "target", method: "GET", path: "/v1/jobs/" + j.Receipt + "/events"}).into(t, 200, &events.Body)
	if len(events.Body.Events) != 2 || events.Body.Events[1].What != "verified" || events.Body.Events[1].To != "target_confirm" {
		t.Errorf("%+v", events.Body.Events)
	}
	if len(events.Body.Messages) == 0 || events.Body.Messages[0].State != "delivered" || strings.Contains(fmt.Sprint(events.Body.Messages), holderPhone) {
		t.Errorf("%+v", events.Body.Messages)
	}
}
