package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

func decidePath(receipt string) string { return "/ops/reviews/" + receipt + "/decide" }

// trust.md, careless reviewer: every item ticked, every picture opened, every
// number typed; the page lists all that is missing, in both languages.
func TestAnApprovalWithoutItsPartsIsRefusedAndKeepsWhatWasEntered(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	_, err := w.desk.Claim(t.Context(), one, w.member("reviewer"))
	w.must(err)
	b := w.as(tasks.ActorReviewer)
	whole := w.decision(one, "approve")
	form := url.Values{"verdict": {"approve"}, "check": whole["check"][:2], "note": {"two of five"}, "seen": whole["seen"], "form_id": {"f"}}
	for lang, parts := range map[string][]string{
		"en":    {"3 items of the checklist are not ticked", "3 documents have not been opened", "Enter the number as the picture shows it: Certificate number"},
		"zh-CN": {"还有 3 项没有核对", "还有 3 份材料没有打开看过", "请填写图片上的证件号码"},
	} {
		b.lang = lang
		got := b.post(decidePath(one), form)
		if got.status != http.StatusUnprocessableEntity {
			t.Fatalf("%s: %d", lang, got.status)
		}
		for _, part := range append(parts, "two of five", `value="`+form["check"][1]+`" checked`) {
			if !strings.Contains(got.body, part) {
				t.Errorf("%s lacks %q", lang, part)
			}
		}
	}
	w.holds("reviewer", one)
	b.lang = "zh-CN"
	whole.Set("typed.certificate_number", "110101199003077221")
	if got := b.post(decidePath(one), whole); got.status != 422 || !strings.Contains(got.body, "与申请人填写的号码不一致") {
		t.Errorf("a wrong number: %d", got.status)
	}
	if r, err := w.desk.ReviewOf(t.Context(), one); err != nil || r.State != tasks.ReviewClaimed {
		t.Errorf("%v %v", r.State, err)
	}
}

func TestL8AnApprovalIsPreviewedConfirmedAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	form := w.decision(one, "approve")
	preview := b.post(decidePath(one), form)
	for _, part := range []string{"Confirm: Approve", "The login becomes new***@example.com", "Old contacts (3)", "reset_held " + one, "characters, billed as 1", `value="confirm"`} {
		if preview.status != 200 || !strings.Contains(preview.body, part) {
			t.Errorf("%d: the preview lacks %q", preview.status, part)
		}
	}
	if r, _ := w.desk.ReviewOf(t.Context(), one); r.State != tasks.ReviewClaimed {
		t.Fatal("the preview decided")
	}
	form.Set("step", "confirm")
	for range 2 { // a double click is one decision
		if got := b.post(decidePath(one), form); !got.gone("/ops/reviews/" + one) {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	after := b.get("/ops/reviews/" + one).body
	for _, part := range []string{"data-undo=\"10\"", "Approved", "/undo", "Can be taken back for 10 s"} {
		if !strings.Contains(after, part) {
			t.Errorf("the page after it lacks %q", part)
		}
	}
	if other := w.as(tasks.ActorSupervisor); strings.Contains(other.get("/ops/reviews/"+one).body, "data-undo") || other.post("/ops/reviews/"+one+"/undo", nil).status != http.StatusConflict {
		t.Error("somebody else may take it back")
	}
	if got := b.post("/ops/reviews/"+one+"/undo", nil); !got.gone("/ops/reviews/" + one + "?done=undo") {
		t.Fatalf("undo: %d", got.status)
	}
	again := b.get("/ops/reviews/" + one).body
	if n := len(regexp.MustCompile(`name="check" value="[^"]+" checked`).FindAllString(again, -1)); n != len(form["check"]) {
		t.Errorf("of %d ticks %d are kept", len(form["check"]), n)
	}
	if strings.Contains(again, personID) {
		t.Error("a typed number was kept")
	}
	form.Set("form_id", "second")
	b.post(decidePath(one), form)
	w.settle()
	if w.state(one) != tasks.StateHold {
		t.Errorf("the job is %s", w.state(one))
	}
	if got := b.post("/ops/reviews/"+one+"/undo", nil); got.status != http.StatusConflict || !strings.Contains(got.body, "too late") {
		t.Errorf("undo too late: %d", got.status)
	}
}

func TestL7ReasonsComeFromTheListAndArePreviewedInBothLanguages(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.holds("reviewer", unit)
	b := w.as(tasks.ActorReviewer)
	form := w.decision(unit, "need_more")
	form.Set("note", "free words alone are not enough")
	if got := b.post(decidePath(unit), form); got.status != 422 || !strings.Contains(got.body, "Select at least one reason") {
		t.Errorf("without a reason: %d", got.status)
	}
	for name, bad := range map[string]url.Values{
		"an unknown reason":          {"finding.letter": {"BECAUSE"}},
		"a reason of another thing":  {"finding.letter": {"FACT_DIFFERS"}},
		"a reason that only refuses": {"finding.letter": {"DOC_EDITED"}},
		"an unknown slot":            {"finding.id_front": {"DOC_BLURRED"}},
		"half a mark":                {"finding.letter": {"LETTER_SEAL"}, "left.letter": {"10"}},
		"a mark beside the picture":  {"finding.letter": {"LETTER_SEAL"}, "left.letter": {"10"}, "top.letter": {"10"}, "right.letter": {"1200"}, "bottom.letter": {"20"}},
		"a mark in words":            {"finding.letter": {"LETTER_SEAL"}, "left.letter": {"a"}, "top.letter": {"b"}, "right.letter": {"c"}, "bottom.letter": {"d"}},
	} {
		asked := merged(form, bad)
		if got := b.post(decidePath(unit), asked); got.status != 422 || !strings.Contains(got.body, "A reason does not go with this decision") {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	good := merged(form, url.Values{"finding.letter": {"LETTER_SEAL"}, "left.letter": {"100"}, "top.letter": {"200"}, "right.letter": {"300"}, "bottom.letter": {"400"},
		"page.letter": {"2"}, "finding.subject_name": {"FACT_DIFFERS"}})
	got := b.post(decidePath(unit), good)
	for _, part := range []string{"公章", "lacks the company seal", "填写的主办单位或个人名称", "reset_need_more " + unit, "With the marked spot", "free words alone"} {
		if got.status != 200 || !strings.Contains(got.body, part) {
			t.Errorf("%d: the preview lacks %q", got.status, part)
		}
	}
	edit := merged(good, url.Values{"step": {"edit"}})
	if back := b.post(decidePath(unit), edit); back.status != 200 || !strings.Contains(back.body, `value="LETTER_SEAL" selected`) || !strings.Contains(back.body, `name="right.letter" value="300"`) {
		t.Errorf("going back lost what was entered: %d", back.status)
	}
	good.Set("step", "confirm")
	if got := b.post(decidePath(unit), good); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	w.settle()
	bench, err := w.desk.Workbench(t.Context(), unit, w.member("supervisor"))
	w.must(err)
	found := bench.Decisions[0].Findings
	if w.state(unit) != tasks.StateNeedMore || len(found) != 2 || !slices.Equal(found[0].Box, []int{100, 200, 300, 400}) || found[0].Page != 2 {
		t.Errorf("%s %+v", w.state(unit), found)
	}
	if got := b.get("/ops/reviews/" + unit).body; !strings.Contains(got, "Clock stopped") || !strings.Contains(got, "The letter has no seal") {
		t.Error("the workbench does not say that the clock stands still, or why")
	}
}

func merged(a, b url.Values) url.Values {
	out := url.Values{}
	for _, form := range []url.Values{a, b} {
		for name, values := range form {
			out[name] = values
		}
	}
	return out
}

func TestARejectionEndsTheJob(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	form := merged(w.decision(one, "reject"), url.Values{"finding.request": {"IDENTITY_MISMATCH"}, "step": {"confirm"}})
	if got := w.as(tasks.ActorReviewer).post(decidePath(one), form); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	w.settle()
	if w.state(one) != tasks.StateRejected {
		t.Errorf("the job is %s", w.state(one))
	}
}

func TestV3AnEscalatedReviewIsForSupervisors(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	form := merged(w.decision(one, "escalate"), url.Values{"step": {"confirm"}})
	if got := b.post(decidePath(one), form); got.status != http.StatusSeeOther {
		t.Fatalf("%d", got.status)
	}
	w.settle()
	if got := b.post("/ops/reviews/"+one+"/claim", nil); got.status != http.StatusForbidden {
		t.Errorf("the reviewer claims it: %d", got.status)
	}
	s := w.as(tasks.ActorSupervisor)
	if !strings.Contains(s.get("/ops/reviews?tab=escalated").body, one) {
		t.Error("it is not in the tab of escalated ones")
	}
	if got := s.post("/ops/reviews/"+one+"/claim", nil); got.status != http.StatusSeeOther {
		t.Errorf("the supervisor claims it: %d", got.status)
	}
}

// ux.md 2.11: somebody else decided, or the lease was lost.
func TestALostClaimKeepsWhatWasEntered(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	form := merged(w.decision(one, "need_more"), url.Values{"finding.id_back": {"DOC_BLURRED"}, "note": {"the back is blurred"}})
	w.now = w.now.Add(31 * time.Minute)
	got := b.post(decidePath(one), form)
	for _, part := range []string{"Your claim has run out", `name="finding.id_back" value="DOC_BLURRED"`, `name="note" value="the back is blurred"`, "Claim again and carry on"} {
		if got.status != http.StatusConflict || !strings.Contains(got.body, part) {
			t.Errorf("%d: the page lacks %q", got.status, part)
		}
	}
	again := b.post("/ops/reviews/"+one+"/claim", merged(form, url.Values{"kept": {"1"}}))
	for _, part := range []string{"the back is blurred", `value="DOC_BLURRED" selected`, " checked", "data-decision"} {
		if again.status != 200 || !strings.Contains(again.body, part) {
			t.Errorf("%d: after claiming again the page lacks %q", again.status, part)
		}
	}
	w.now = w.now.Add(31 * time.Minute)
	_, err := w.desk.Claim(t.Context(), one, w.member("supervisor"))
	w.must(err)
	b.lang = "zh-CN"
	if got := b.post(decidePath(one), form); got.status != http.StatusConflict || !strings.Contains(got.body, "已由其他人办理") || strings.Contains(got.body, "重新领取") {
		t.Errorf("somebody else has it: %d", got.status)
	}
	if got := b.scripted(http.MethodPost, "/ops/reviews/"+one+"/renew", nil); got.status != http.StatusConflict || !strings.Contains(got.body, "message") {
		t.Errorf("a script's renewal: %d %s", got.status, got.body)
	}
}

func TestADecisionOnAnEarlierRoundIsStale(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	form := merged(w.decision(one, "escalate"), url.Values{"seen": {"0.1"}, "step": {"confirm"}})
	got := w.as(tasks.ActorReviewer).post(decidePath(one), form)
	if got.status != http.StatusConflict || !strings.Contains(got.body, "This was updated") || !strings.Contains(got.body, `name="seen" value="1.1"`) {
		t.Errorf("%d", got.status)
	}
}

// Reminders and renewals raise the version; the reviewer need not care.
func TestARenewalDoesNotSpoilTheDecision(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	form := merged(w.decision(one, "escalate"), url.Values{"step": {"confirm"}})
	if got := b.scripted(http.MethodPost, "/ops/reviews/"+one+"/renew", nil); got.status != 200 || !strings.Contains(got.body, `"lease_seconds":1800`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := b.post(decidePath(one), form); got.status != http.StatusSeeOther {
		t.Errorf("%d", got.status)
	}
}

func TestV5AMaskedValueIsShownForAReasonThatIsJournaled(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	path := "/ops/reviews/" + one + "/unmask"
	for _, lang := range []string{"en", "zh-CN"} {
		b.lang = lang
		if got := b.post(path, url.Values{"field": {"phone"}}); got.status != 422 || strings.Contains(got.body, "13700137001") || strings.Contains(got.body, "!review") {
			t.Errorf("%s without a reason: %d", lang, got.status)
		}
	}
	form := url.Values{"field": {"phone"}, "reason": {"call_applicant"}}
	if got := b.post(path, form); got.status != 200 || !strings.Contains(got.body, "13700137001") || got.head.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", got.status, got.head.Get("Cache-Control"))
	}
	if got := b.scripted(http.MethodPost, path, form); got.status != 200 || !strings.Contains(got.body, `{"value":"13700137001"}`) || got.head.Get("Cache-Control") != "no-store" {
		t.Errorf("a script: %d %s", got.status, got.body)
	}
	for _, field := range []string{"remark", "nature", "icp_or_domain", "nonsense", ""} {
		if got := b.post(path, url.Values{"field": {field}, "reason": {"call_applicant"}}); got.status != http.StatusNotFound {
			t.Errorf("field %q: %d", field, got.status)
		}
	}
	want := "reviewer|" + one + "/phone|call_applicant|done"
	if rows := w.rows("review.unmask"); len(rows) != 2 || rows[0] != want {
		t.Errorf("rows %v, want %s", rows, want)
	}
	if strings.Contains(b.get("/ops/reviews/"+one).body, "13700137001") {
		t.Error("it is shown a second time")
	}
}
