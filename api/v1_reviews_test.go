package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/tasks"
)

// caller is a program with a staff session.
type caller struct {
	*opsWorld
	token, lang string
}

func (w *opsWorld) calls(login string) *caller {
	w.t.Helper()
	_, token, err := w.porter.StaffSignIn(w.t.Context(), accounts.SignIn{Login: login, Password: opsPassword})
	w.must(err)
	return &caller{opsWorld: w, token: token, lang: "en"}
}

// told is an answer of the API.
type told struct {
	status int
	head   http.Header
	raw    string
	body   struct {
		Receipt, State, Code, Detail, Value string
		Version                             int64
		Mine                                bool
		Reviews                             []struct{ Receipt, Subject string }
		Next                                string `json:"next_cursor"`
		Counts                              struct{ Waiting, Mine int }
		Facts                               []struct {
			Field, Claimed string
			Same           bool
		}
		Checklist, Typed []string
		Documents        []struct {
			ID     string
			Slot   string
			Opened bool
		}
		Errors []struct{ Pointer, Code, Message string }
	}
}

func (c *caller) ask(method, path, body string, head map[string]string) told {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.http.URL+path, strings.NewReader(body))
	c.must(err)
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept-Language", c.lang)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range head {
		r.Header.Set(name, value)
	}
	res, err := c.http.Client().Do(r)
	c.must(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	c.must(err)
	out := told{status: res.StatusCode, head: res.Header, raw: string(raw)}
	if len(raw) > 0 && res.Header.Get("Content-Type") != "image/jpeg" {
		c.must(json.Unmarshal(raw, &out.body))
	}
	return out
}

func (a told) is(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || a.body.Code != code || strings.Contains(a.raw, "!{") || strings.Contains(a.raw, "!error") {
		t.Errorf("got %d %s, want %d %s", a.status, a.raw, status, code)
	}
}

func matching(version int64, key string) map[string]string {
	return map[string]string{"If-Match": strconv.Quote(strconv.FormatInt(version, 10)), "Idempotency-Key": key}
}

func TestTheAPIClaimsReadsAndDecides(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	c := w.calls("reviewer")
	list := c.ask("GET", "/v1/reviews", "", nil)
	if list.status != 200 || len(list.body.Reviews) != 1 || list.body.Reviews[0].Subject != "李*明" || list.body.Counts.Waiting != 1 {
		t.Fatalf("%d %s", list.status, list.raw)
	}
	next := c.ask("POST", "/v1/reviews/next", "", nil)
	if next.status != 200 || next.body.Receipt != one || !next.body.Mine || next.head.Get("Location") != "/v1/reviews/"+one {
		t.Fatalf("%d %s", next.status, next.raw)
	}
	path := "/v1/reviews/" + one
	bench := c.ask("GET", path, "", nil)
	if bench.head.Get("ETag") != strconv.Quote(strconv.FormatInt(bench.body.Version, 10)) || len(bench.body.Checklist) != 5 || len(bench.body.Documents) != 3 ||
		bench.body.Documents[0].Opened || bench.head.Get("Cache-Control") != "no-store" || strings.Contains(bench.raw, personID) || strings.Contains(bench.raw, "13700137001") {
		t.Errorf("%s", bench.raw)
	}
	version := c.opens(one)
	checks, err := json.Marshal(bench.body.Checklist)
	w.must(err)
	approval := `{"checks":` + string(checks) + `,"typed":{"certificate_number":"` + personID + `"}}`
	first := c.ask("POST", path+"/approve", approval, matching(version, "k1"))
	if first.status != 200 || first.body.State != "deciding" || first.head.Get("ETag") == bench.head.Get("ETag") {
		t.Fatalf("%d %s", first.status, first.raw)
	}
	if again := c.ask("POST", path+"/approve", approval, matching(version, "k1")); again.status != 200 || again.body.Version != first.body.Version {
		t.Errorf("the replay: %d %s", again.status, again.raw)
	}
	c.ask("POST", path+"/approve", `{"checks":[],"typed":{}}`, matching(version, "k1")).is(t, 422, "KEY_REUSED")
	if undone := c.ask("POST", path+"/undo", "", nil); undone.status != 200 || undone.body.State != "claimed" {
		t.Errorf("undo: %d %s", undone.status, undone.raw)
	}
	if back := c.ask("POST", path+"/return", "", nil); back.status != 200 || back.body.State != "open" || back.body.Mine {
		t.Errorf("return: %d %s", back.status, back.raw)
	}
}

// opens looks at every picture of a review and returns its version.
func (c *caller) opens(receipt string) int64 {
	c.t.Helper()
	path := "/v1/reviews/" + receipt
	for _, d := range c.ask("GET", path, "", nil).body.Documents {
		if got := c.ask("GET", path+"/documents/"+d.ID, "", nil); got.status != 200 || got.raw == "" {
			c.t.Fatalf("the picture of %s: %d", d.Slot, got.status)
		}
	}
	return c.ask("GET", path, "", nil).body.Version
}

// Everything an approval needs is in the API: claim, pictures, four eyes, effect.
func TestL9_AnOrganisationIsApprovedByTwoProgramsAlone(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	unit := w.unit()
	path := "/v1/reviews/" + unit
	for i, login := range []string{"reviewer", "supervisor"} {
		c := w.calls(login)
		if got := c.ask("POST", path+"/claim", "", nil); got.status != 200 {
			t.Fatalf("%s claims: %d %s", login, got.status, got.raw)
		}
		bench := c.ask("GET", path, "", nil).body
		checks, err := json.Marshal(bench.Checklist)
		w.must(err)
		approval := `{"checks":` + string(checks) + `,"typed":{"certificate_number":"` + unitCode + `","applicant_id":"` + clerkID + `"}}`
		c.ask("POST", path+"/approve", approval, matching(bench.Version, "early"+login)).is(t, 422, "INVALID")
		version := c.opens(unit)
		if got := c.ask("POST", path+"/approve", approval, matching(version, login)); got.status != 200 {
			t.Fatalf("%s approves: %d %s", login, got.status, got.raw)
		}
		w.settle()
		if want := []tasks.State{tasks.StateSecondReview, tasks.StateHold}[i]; w.state(unit) != want {
			t.Fatalf("after %s the job is %s", login, w.state(unit))
		}
	}
}

func TestAPictureByAPIIsMarkedJournaledAndForDecidersOnly(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	c := w.calls("reviewer")
	document := c.ask("GET", "/v1/reviews/"+one, "", nil).body.Documents[0]
	path := "/v1/reviews/" + one + "/documents/" + document.ID
	before := len(w.rows("document.view"))
	got := c.ask("GET", path, "", nil)
	if got.status != 200 || got.head.Get("Content-Type") != "image/jpeg" || got.head.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", got.status, got.head)
	}
	if want := "reviewer " + one + " 2026-11-25 18:00"; len(w.papers.marked) != 1 || w.papers.marked[0] != want {
		t.Errorf("marked %q, want %q", w.papers.marked, want)
	}
	if rows := w.rows("document.view"); len(rows) != before+1 || !strings.HasPrefix(rows[before], "reviewer|"+one+"/"+document.Slot) {
		t.Errorf("rows %q", rows)
	}
	if !c.ask("GET", "/v1/reviews/"+one, "", nil).body.Documents[0].Opened {
		t.Error("it does not count as opened")
	}
	c.ask("GET", path+"?page=9", "", nil).is(t, 404, "NOT_FOUND")
	c.ask("GET", path+"?page=0", "", nil).is(t, 422, "INVALID")
	other := w.resets(1)[0]
	c.ask("GET", "/v1/reviews/"+other+"/documents/"+document.ID, "", nil).is(t, 404, "NOT_FOUND")
	for _, login := range []string{"operator", "auditor"} {
		w.calls(login).ask("GET", path, "", nil).is(t, 403, "FORBIDDEN")
	}
}

func TestADecisionByAPINamesItsVersionAndItsKey(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	bench := w.holds("reviewer", one)
	for _, lang := range []string{"zh-CN", "en"} {
		c := w.calls("reviewer")
		c.lang = lang
		for path, body := range map[string]string{"approve": `{"checks":[],"typed":{}}`, "reject": `{"findings":[]}`, "request-changes": `{"findings":[]}`, "escalate": `{}`} {
			path = "/v1/reviews/" + one + "/" + path
			c.ask("POST", path, body, map[string]string{"Idempotency-Key": "k"}).is(t, 428, "PRECONDITION_REQUIRED")
			c.ask("POST", path, body, map[string]string{"Idempotency-Key": "k", "If-Match": "*"}).is(t, 428, "PRECONDITION_REQUIRED")
			c.ask("POST", path, body, map[string]string{"If-Match": `"1"`}).is(t, 400, "KEY_MISSING")
			c.ask("POST", path, body, matching(bench.Review.Version+7, "k")).is(t, 412, "PRECONDITION_FAILED")
		}
	}
}

func TestTheAPIListsEveryFaultOfADecision(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	r, err := w.desk.Claim(t.Context(), one, w.member("reviewer"))
	w.must(err)
	path := "/v1/reviews/" + one
	for _, lang := range []string{"zh-CN", "en"} {
		c := w.calls("reviewer")
		c.lang = lang
		got := c.ask("POST", path+"/approve", `{"checks":["face"],"typed":{"certificate_number":"110101199003077221"}}`, matching(r.Version, "k"))
		got.is(t, 422, "INVALID")
		codes := map[string]string{}
		for _, e := range got.body.Errors {
			codes[e.Pointer] = e.Code
			if e.Message == "" || strings.Contains(e.Message, "!") {
				t.Errorf("%s %s says %q", lang, e.Code, e.Message)
			}
		}
		if len(codes) != 3 || codes["/checks"] != "CHECK_MISSING" || codes["/documents"] != "NOT_OPENED" || codes["/typed.certificate_number"] != "NUMBER_DIFFERS" {
			t.Errorf("%v", codes)
		}
		if strings.Contains(got.raw, "110101199003077221") {
			t.Error("the answer repeats what was typed")
		}
		c.ask("POST", path+"/request-changes", `{"findings":[{"about":"id_front","reason":"BECAUSE"}]}`, matching(r.Version, "k")).is(t, 422, "INVALID")
		c.ask("POST", path+"/reject", `{"findings":[],"words":"no"}`, matching(r.Version, "k")).is(t, 422, "INVALID")
		c.ask("POST", path+"/unmask", `{"field":"phone","reason":"curiosity"}`, nil).is(t, 422, "INVALID")
		c.ask("GET", "/v1/reviews?tab=all", "", nil).is(t, 422, "INVALID")
		c.ask("GET", "/v1/reviews?cursor=%21", "", nil).is(t, 422, "INVALID")
		c.ask("GET", "/v1/reviews/LR00000000", "", nil).is(t, 404, "NOT_FOUND")
	}
}

func TestTheAPIRefusesWhoDoesNotHoldTheClaim(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	bench := w.holds("reviewer", one)
	other := w.calls("supervisor")
	path := "/v1/reviews/" + one
	for _, act := range []string{"claim", "renew", "return"} {
		other.ask("POST", path+"/"+act, "", nil).is(t, 409, "STATE_CHANGED")
	}
	other.ask("POST", path+"/escalate", "{}", matching(bench.Review.Version, "k")).is(t, 409, "STATE_CHANGED")
	other.ask("POST", path+"/undo", "", nil).is(t, 409, "WRONG_STATE")
	if shown := other.ask("POST", path+"/unmask", `{"field":"phone","reason":"check_fraud"}`, nil); shown.status != 200 || shown.body.Value != "13700137001" || shown.head.Get("Cache-Control") != "no-store" {
		t.Errorf("a supervisor unmasks: %d %s", shown.status, shown.raw)
	}
	mine := w.calls("reviewer")
	if got := mine.ask("POST", path+"/renew", "", nil); got.status != 200 || !got.body.Mine {
		t.Errorf("%d %s", got.status, got.raw)
	}
	version := mine.ask("GET", path, "", nil).body.Version
	if got := mine.ask("POST", path+"/reject", `{"findings":[{"about":"request","reason":"IDENTITY_MISMATCH"}]}`, matching(version, "k")); got.status != 200 || got.body.State != "deciding" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	w.settle()
	if w.state(one) != tasks.StateRejected {
		t.Errorf("the job is %s", w.state(one))
	}
	mine.ask("POST", "/v1/reviews/next", "", nil).is(t, 404, "NOT_FOUND")
}

func TestTheAPIsListGoesOnBehindItsCursor(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	all := w.resets(3)
	c := w.calls("auditor")
	seen := map[string]bool{}
	path := "/v1/reviews?limit=2&nature=individual&kind=login_reset"
	for range 2 {
		got := c.ask("GET", path, "", nil)
		for _, r := range got.body.Reviews {
			seen[r.Receipt] = true
		}
		link := got.head.Get("Link")
		if link == "" {
			break
		}
		if !strings.Contains(link, "nature=individual") {
			t.Errorf("the link forgets the filter: %s", link)
		}
		path = strings.Trim(strings.Split(link, ";")[0], "<>")
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d", len(seen), len(all))
	}
}
