package api_test

import (
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/api"
	"beian/tasks"
)

// dies buries n deliveries that name no task.
func (w *opsWorld) dies(n int) {
	w.t.Helper()
	for i := range n {
		w.must(w.store.Bury(w.t.Context(), "stray."+strconv.Itoa(1000+i), tasks.QueueOps, "odd:type", "unknown task type"))
	}
}

func strayGroup() url.Values {
	return url.Values{"queue": {"ops"}, "type": {"odd:type"}, "reason": {"unknown task type"}}
}

func TestAnOperatorReDrivesOneOrAGroup(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(5)
	b := w.as(tasks.ActorOperator)
	form := strayGroup()
	form["id"] = []string{"stray.1001", "stray.1003", "stray.9999"}
	form.Set("scope", "some")
	form.Set("ops_reason", "deployed the fix")
	if got := b.post("/ops/dead", form); got.status != http.StatusSeeOther || !strings.Contains(got.to, "done=some&n=2&") && !strings.Contains(got.to, "n=2") {
		t.Fatalf("%d %s %s", got.status, got.to, got.body)
	}
	w.deadIDs("stray.1000", "stray.1002", "stray.1004")
	form.Del("id")
	form.Set("scope", "all")
	got := b.post("/ops/dead", form)
	w.deadIDs()
	if page := b.get(got.to); !strings.Contains(page.body, "In this group: 3. Re-driven: 3.") || !strings.Contains(page.body, "There are no dead letters") {
		t.Error("the page does not tell what was done")
	}
	want := []string{"operator|odd:type ×3|deployed the fix|asked", "operator|odd:type ×3|deployed the fix|asked"}
	if diff := cmp.Diff(want, w.rows("dead.redrive")); diff != "" {
		t.Error(diff)
	}
	if rows := w.rows("task.redrive"); len(rows) != 5 || rows[0] != "operator|stray.1001|deployed the fix|done" {
		t.Errorf("rows of letters: %v", rows)
	}
	if again := b.post("/ops/dead", form); again.status != http.StatusSeeOther {
		t.Errorf("again: %d", again.status)
	}
}

func (w *opsWorld) deadIDs(want ...string) {
	w.t.Helper()
	dead, err := w.journal.DeadIn(w.t.Context(), api.OpsDeadGroup{Queue: tasks.QueueOps, Type: "odd:type", Reason: "unknown task type"}, "", 100)
	w.must(err)
	var got []string
	for _, d := range dead {
		got = append(got, d.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Error(diff)
	}
}

func TestReDrivingNeedsAChoiceAndAReason(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(2)
	b := w.as(tasks.ActorOperator)
	form := strayGroup()
	form.Set("scope", "some")
	got := b.post("/ops/dead", form)
	if got.status != 422 || !strings.Contains(got.body, "Select at least one dead letter") || !strings.Contains(got.body, "at least 4 characters") {
		t.Errorf("%d", got.status)
	}
	form.Set("id", "stray.1000")
	if got = b.post("/ops/dead", form); !strings.Contains(got.body, `value="stray.1000" checked`) {
		t.Error("the tick was lost")
	}
	w.deadIDs("stray.1000", "stray.1001")
}

func TestDeadLettersArePaged(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.dies(120)
	b := w.as(tasks.ActorReviewer)
	seen := 0
	path := "/ops/dead?" + strayGroup().Encode()
	for path != "" {
		got := b.get(path)
		seen += strings.Count(got.body, "<code>stray.")
		if strings.Contains(got.body, `type="checkbox"`) {
			t.Fatal("a reviewer may choose")
		}
		path = linkAfter(got.body, `class="pager"`)
	}
	if seen != 120 {
		t.Errorf("saw %d of 120", seen)
	}
}

// linkAfter is the last link of the element that begins with mark.
func linkAfter(page, mark string) string {
	_, rest, found := strings.Cut(page, mark)
	if !found {
		return ""
	}
	rest, _, _ = strings.Cut(rest, "</p>")
	rest, _, _ = strings.Cut(rest, "</nav>")
	link := ""
	for {
		_, after, more := strings.Cut(rest, `href="`)
		if !more {
			return html.UnescapeString(link)
		}
		link, rest, _ = strings.Cut(after, `"`)
	}
}

func TestTheJournalIsPaged(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	for i := range 130 {
		w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: tasks.System(), Action: "test.row", Object: strconv.Itoa(i)}))
	}
	b := w.as(tasks.ActorAuditor)
	seen, pages := 0, 0
	path := "/ops/audit"
	for path != "" && pages < 9 {
		got := b.get(path)
		seen += strings.Count(got.body, "<code>test.row</code>")
		pages++
		if next := linkAfter(got.body, `class="pager"`); next != "/ops/audit" {
			path = next
		} else {
			path = ""
		}
	}
	if seen != 130 || pages != 3 {
		t.Errorf("saw %d rows on %d pages", seen, pages)
	}
	for _, bad := range []string{"x", "-1", "0", "1.5", "99999999999999999999"} {
		if got := b.get("/ops/audit?below=" + bad); got.status != http.StatusBadRequest {
			t.Errorf("below=%s: %d", bad, got.status)
		}
	}
}
