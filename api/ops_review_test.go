package api_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"beian/tasks"
)

const waitingEmpty = "There is nothing in"

func TestV5TheQueueIsFilteredByItsAddress(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit, one := w.unit(), w.reset(1)
	b := w.as(tasks.ActorReviewer)
	for query, want := range map[string][2]bool{
		"": {true, true}, "?nature=organisation": {true, false}, "?nature=individual": {false, true}, "?risky=1": {true, false},
		"?kind=login_reset": {true, true}, "?due=today": {false, false}, "?tab=mine": {false, false}, "?tab=escalated": {false, false},
		"?tab=second": {false, false}, "?tab=done": {false, false}, "?tab=waiting&risky=1&nature=organisation": {true, false},
	} {
		got := b.get("/ops/reviews" + query)
		found := [2]bool{strings.Contains(got.body, "/ops/reviews/"+unit), strings.Contains(got.body, "/ops/reviews/"+one)}
		if got.status != 200 || found != want {
			t.Errorf("%q: %d %v, want %v", query, got.status, found, want)
		}
	}
	for _, bad := range []string{"tab=nonsense", "kind=transfer", "nature=x", "receipt=LR12", "after=" + strings.Repeat("x", 300)} {
		if got := b.get("/ops/reviews?" + bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	if got := b.get("/ops/reviews?receipt=" + url.QueryEscape(strings.ToLower(one[:2]+" "+one[2:]))); !got.gone("/ops/reviews/" + one) {
		t.Errorf("typed receipt: %d %s", got.status, got.to)
	}
	if got := b.get("/ops/reviews?tab=mine"); !strings.Contains(got.body, waitingEmpty) {
		t.Error("an empty tab does not say so")
	}
}

func TestTheQueueGoesOnBehindItsLastRow(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.resets(9)
	b := w.as(tasks.ActorReviewer)
	rows, _, err := w.desk.Reviews(t.Context(), tasks.ReviewFilter{Tab: "waiting", Limit: 9})
	w.must(err)
	got := b.get("/ops/reviews?after=" + url.QueryEscape(rows[6].Cursor))
	if strings.Contains(got.body, rows[6].Receipt) || !strings.Contains(got.body, rows[7].Receipt) || !strings.Contains(got.body, "Back to the first page") {
		t.Errorf("%d: the page behind a row is another", got.status)
	}
}

func TestV2TimeLeftIsToldInWordsIconAndColour(t *testing.T) {
	t.Parallel()
	for at, want := range map[string][]string{
		"2026-11-26T09:00:00+08:00": {`class="sla normal`, "by 2026-11-30 18:00", "left", "in calendar time"},
		"2026-11-27T16:00:00+08:00": {`class="sla half`, "Half gone"},
		"2026-11-30T16:30:00+08:00": {`class="sla urgent`, "Urgent", "1 h 30 min left"},
		"2026-11-30T19:00:00+08:00": {`class="sla over`, "Overdue", "over"},
		"2026-11-28T12:00:00+08:00": {"the clock stands still"},
	} {
		w := newOpsWorld(t)
		w.reset(1) // on a Wednesday after hours: due on Monday, 18:00
		moment, err := time.Parse(time.RFC3339, at)
		w.must(err)
		w.now = moment
		got := w.as(tasks.ActorReviewer).get("/ops/reviews")
		for _, part := range want {
			if !strings.Contains(got.body, part) {
				t.Errorf("%s: the queue lacks %q", at, part)
			}
		}
	}
}

func TestV1OneClaimsAndTheOthersSeeWho(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	b, other := w.as(tasks.ActorReviewer), w.as(tasks.ActorSupervisor)
	if got := b.post("/ops/reviews/"+one+"/claim", nil); !got.gone("/ops/reviews/" + one) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, lang := range []string{"en", "zh-CN"} {
		other.lang = lang
		got := other.post("/ops/reviews/"+one+"/claim", nil)
		if got.status != http.StatusConflict || strings.Contains(got.body, "!review.") {
			t.Errorf("%s: a second claim got %d", lang, got.status)
		}
	}
	if got := other.get("/ops/reviews/" + one); !strings.Contains(got.body, "reviewer 正在办理") || strings.Contains(got.body, `data-decision`) {
		t.Error("the other does not see who holds it, or may decide")
	}
	if got := b.post("/ops/reviews/"+one+"/renew", nil); !got.gone("/ops/reviews/" + one + "?done=renew") {
		t.Errorf("renew: %d", got.status)
	}
	if got := b.post("/ops/reviews/"+one+"/return", nil); !got.gone("/ops/reviews?done=returned") {
		t.Errorf("return: %d", got.status)
	}
	if got := b.post("/ops/reviews/"+one+"/return", nil); got.status != http.StatusConflict {
		t.Errorf("returned twice: %d", got.status)
	}
	if got := other.post("/ops/reviews/"+one+"/claim", nil); got.status != http.StatusSeeOther {
		t.Errorf("claim after return: %d", got.status)
	}
}

func TestNextClaimsTheMostUrgentAndSaysWhenNothingIsLeft(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	b := w.as(tasks.ActorReviewer)
	if got := b.post("/ops/reviews/next", nil); !got.gone("/ops/reviews/" + one) {
		t.Fatalf("%d %s", got.status, got.to)
	}
	got := b.post("/ops/reviews/next", nil)
	if !got.gone("/ops/reviews?done=none") || !strings.Contains(b.get(got.to).body, "nothing left to claim") {
		t.Errorf("%d %s", got.status, got.to)
	}
}

func TestManyAreClaimedAtOnceButNeverDecided(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	all := w.resets(3)
	_, err := w.desk.Claim(t.Context(), all[2], w.member("supervisor"))
	w.must(err)
	b := w.as(tasks.ActorReviewer)
	got := b.post("/ops/reviews/claim", url.Values{"receipt": {all[0], all[1], all[2], "nonsense", "LR00000000"}})
	if !got.gone("/ops/reviews?tab=mine&done=claimed&n=2&all=5") {
		t.Fatalf("%d %s", got.status, got.to)
	}
	page := b.get(got.to).body
	if !strings.Contains(page, "Selected: 5. Claimed: 2.") || !strings.Contains(page, all[0]) || strings.Contains(page, all[2]) {
		t.Error("mine are others")
	}
	if got := b.post("/ops/reviews/decide", url.Values{"receipt": all}); got.status != http.StatusMethodNotAllowed {
		t.Errorf("a bulk decision: %d", got.status)
	}
}

// The table is checked against the routes: a new one without a row fails, and so
// does a role that gets another answer (V4).
func TestV4EveryReviewRouteGivesEveryRoleItsAnswer(t *testing.T) {
	t.Parallel()
	// Columns: reviewer, supervisor, operator, auditor.
	roles := []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorOperator, tasks.ActorAuditor}
	want := map[string][4]int{
		"GET /ops/reviews":                                  {200, 200, 403, 200},
		"POST /ops/reviews/next":                            {303, 303, 403, 403},
		"POST /ops/reviews/claim":                           {303, 303, 403, 403},
		"GET /ops/reviews/{receipt}":                        {200, 200, 403, 200},
		"POST /ops/reviews/{receipt}/claim":                 {303, 303, 403, 403},
		"POST /ops/reviews/{receipt}/renew":                 {409, 409, 403, 403},
		"POST /ops/reviews/{receipt}/return":                {409, 409, 403, 403},
		"POST /ops/reviews/{receipt}/decide":                {409, 409, 403, 403},
		"POST /ops/reviews/{receipt}/undo":                  {409, 409, 403, 403},
		"POST /ops/reviews/{receipt}/unmask":                {403, 200, 403, 403},
		"GET /ops/reviews/{receipt}/tickets":                {200, 200, 403, 403},
		"GET /ops/reviews/{receipt}/documents/{id}/{page}":  {403, 403, 403, 403}, // no ticket
		"POST /ops/reviews/{receipt}/documents/{id}/{page}": {204, 204, 403, 403},
	}
	for i, role := range roles {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			w := newOpsWorld(t)
			receipts, b, stranger := w.resets(len(want)), w.as(role), w.anyone()
			names := slices.Sorted(maps.Keys(want))
			for n, name := range names {
				bench, err := w.desk.Workbench(t.Context(), receipts[n], w.member("supervisor"))
				w.must(err)
				method, path, _ := strings.Cut(name, " ")
				path = strings.NewReplacer("{receipt}", receipts[n], "{id}", bench.Documents[0].ID, "{page}", "1").Replace(path)
				form := url.Values{"verdict": {"escalate"}, "field": {"phone"}, "reason": {"call_applicant"}}
				denied := len(w.rows("ops.denied"))
				got := b.send(method, path, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
				if got.status != want[name][i] {
					t.Errorf("%s: %d, want %d", name, got.status, want[name][i])
				}
				if len(w.rows("ops.denied")) > denied && want[name][i] != http.StatusForbidden {
					t.Errorf("%s: a refusal is in the journal", name)
				}
				nobody := stranger.send(method, path, form, map[string]string{"Sec-Fetch-Site": "same-origin"})
				if nobody.status != http.StatusUnauthorized && nobody.status != http.StatusSeeOther {
					t.Errorf("%s by a stranger: %d", name, nobody.status)
				}
			}
		})
	}
	for _, name := range newOpsWorld(t).console.RouteNames() {
		if _, listed := want[name]; strings.Contains(name, "/ops/reviews") && !listed {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestV4OperatorsAreNotShownTheWayToPeoplesPapers(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	for role, shown := range map[tasks.ActorKind]bool{tasks.ActorOperator: false, tasks.ActorAuditor: true, tasks.ActorReviewer: true} {
		if got := w.as(role).get("/ops"); strings.Contains(got.body, `href="/ops/reviews"`) != shown {
			t.Errorf("%s: the tab must be there: %v", role, shown)
		}
	}
}

func TestV4AuditorsSeeTheFactsAndNoPictures(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	got := w.as(tasks.ActorAuditor).get("/ops/reviews/" + one).body
	if strings.Contains(got, "/documents/") || strings.Contains(got, "data-decision") || strings.Contains(got, "/unmask") || !strings.Contains(got, "Your role sees no pictures") {
		t.Error("an auditor sees pictures or can act")
	}
}

func TestTheWorkbenchShowsNothingPersonalInClear(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.holds("reviewer", unit)
	b := w.as(tasks.ActorReviewer)
	for _, path := range []string{"/ops/reviews", "/ops/reviews/" + unit, "/ops/reviews?tab=mine"} {
		got := b.get(path).body
		for _, secret := range []string{"孙小雨", clerkID, unitCode, "13700137099", "new9@example.com", "unit@example.com", "示例科技有限公司"} {
			if strings.Contains(got, secret) {
				t.Errorf("%s shows %q", path, secret)
			}
		}
	}
	for _, part := range []string{"May differ", "原负责人已离职", "acts by a letter of authorisation"} {
		if got := b.get("/ops/reviews/" + unit).body; !strings.Contains(got, part) {
			t.Errorf("the workbench lacks %q", part)
		}
	}
	if rows := w.rows("review.open"); len(rows) < 3 {
		t.Errorf("looks are not in the journal: %v", rows)
	}
}

func TestL9TheSecondReviewerDoesNotSeeTheFirstsVerdict(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.approves("reviewer", unit)
	w.settle()
	first := w.as(tasks.ActorReviewer).get("/ops/reviews/" + unit).body
	if !strings.Contains(first, "Second look") || strings.Contains(first, "data-decision") || strings.Contains(first, "/claim") {
		t.Error("the first reviewer may decide again")
	}
	got := w.as(tasks.ActorReviewer).post("/ops/reviews/"+unit+"/claim", nil)
	if got.status != http.StatusForbidden {
		t.Errorf("the first reviewer claims again: %d", got.status)
	}
	second := w.as(tasks.ActorSupervisor)
	if row := second.get("/ops/reviews?tab=second").body; !strings.Contains(row, unit) {
		t.Error("it is not in the tab of second reviews")
	}
	if got := second.post("/ops/reviews/"+unit+"/claim", nil); got.status != http.StatusSeeOther {
		t.Errorf("the second: %d", got.status)
	}
	bench := second.get("/ops/reviews/" + unit).body
	if !strings.Contains(bench, "whose the first was is not shown until you decide") || strings.Contains(bench, ">reviewer") || strings.Contains(bench, "reviewer ") {
		t.Error("the workbench names the first reviewer")
	}
}

func TestHostileWordsInAReviewStayWords(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.hostile(`<script>alert(1)</script>"'`)
	w.holds("reviewer", one)
	b := w.as(tasks.ActorReviewer)
	form := w.decision(one, "escalate")
	form.Set("note", `<script>alert(2)</script>"'`)
	form.Set("check", `"><script>alert(3)</script>`)
	for _, got := range []opsAnswer{b.get("/ops/reviews/" + one), b.post("/ops/reviews/"+one+"/decide", form)} {
		if strings.Contains(got.body, "<script>alert") || !strings.Contains(got.body, "&lt;script&gt;alert") {
			t.Errorf("%d: markup came through, or the words are gone", got.status)
		}
	}
}

func TestThePagesAreLight(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.resets(41) // more than a page
	w.holds("reviewer", unit)
	b := w.as(tasks.ActorReviewer)
	for _, path := range []string{"/ops/reviews", "/ops/reviews/" + unit} {
		page := b.get(path).body
		total := len(page)
		assets := 0
		for part := range strings.SplitSeq(page, `"`) {
			if strings.HasPrefix(part, "/assets/") {
				got := b.send(http.MethodGet, part, nil, map[string]string{"Accept-Encoding": "gzip"})
				if assets++; got.status != 200 {
					t.Errorf("%s: %d", part, got.status)
				}
				total += len(got.body)
			}
		}
		if assets != 6 {
			t.Errorf("%s names %d assets", path, assets)
		}
		if t.Logf("%s: %d bytes", path, total); total > 90_000 {
			t.Errorf("%s costs %d bytes", path, total)
		}
	}
}

func TestReviewPagesLookAsAgreed(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	w.reset(1)
	w.holds("reviewer", unit)
	b := w.as(tasks.ActorReviewer)
	form := w.decision(unit, "need_more")
	form.Set("finding.letter", "LETTER_SEAL")
	form.Set("note", "seal is missing")
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "reviews."+lang+".html", ticketless(b.get("/ops/reviews").body))
		opsGolden(t, "review."+lang+".html", ticketless(b.get("/ops/reviews/"+unit).body))
		opsGolden(t, "review-confirm."+lang+".html", ticketless(b.post("/ops/reviews/"+unit+"/decide", form).body))
	}
}
