package api_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"beian/api"
	"beian/tasks"
)

func TestTheJournalIsSearchedByItsAddress(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipt := w.disputed()
	who := w.member("reviewer")
	for i := range 60 {
		w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: who, Action: "review.open", Object: receipt, RequestID: fmt.Sprint(i)}))
	}
	b := w.as(tasks.ActorAuditor)
	rows := func(query string) int {
		got := b.get("/ops/audit" + query)
		if got.status != 200 {
			t.Fatalf("%s: %d", query, got.status)
		}
		return strings.Count(got.body, `data-th="No."`)
	}
	typed := url.QueryEscape(strings.ToLower(receipt[:2] + " " + receipt[2:]))
	for query, want := range map[string]int{"?object=" + typed: 50, "?who=reviewer&action=review.open": 50, "?who=reviewer&action=review.": 50,
		"?who=supervisor&action=review.": 0, "?action=staff.add": 4, "?from=2026-11-25&to=2026-11-25&action=staff.add": 4, "?to=2026-11-24": 0, "?from=2026-11-26": 0} {
		if got := rows(query); got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
	page := b.get("/ops/audit?who=reviewer&action=review.open").body
	older := strings.ReplaceAll(regexp.MustCompile(`/ops/audit\?[^"]*below=[^"]*`).FindString(page), "&amp;", "&")
	if got := rows(strings.TrimPrefix(older, "/ops/audit")); got != 10 || !strings.Contains(older, "below=") {
		t.Errorf("%s: %d rows on the second page", older, got)
	}
	if !strings.Contains(page, "Opened a review") {
		t.Error("the action has no words")
	}
	for _, bad := range []string{"action=nonsense", "who=nobody", "from=yesterday", "from=2026-11-25&to=2026-11-24", "object=" + strings.Repeat("x", 201)} {
		if got := b.get("/ops/audit?" + bad); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
}

func TestAnExportIsWholeAndARowOfTheJournal(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: tasks.System(), Action: "timeline.seal", Object: "=cmd()", Reason: "a,\"b\"", Outcome: "done"}))
	for i := range 700 { // more than one batch
		w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: tasks.System(), Action: "timeline.seal", Object: fmt.Sprint(i)}))
	}
	b := w.as(tasks.ActorSupervisor)
	file := b.get("/ops/audit.csv?who=system&action=timeline.seal")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 702 || rows[1][6] != "699" || rows[701][6] != "'=cmd()" || rows[701][7] != `a,"b"` {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	lines := strings.Split(strings.TrimSpace(b.get("/ops/audit.ndjson?action=staff.add").body), "\n")
	var first struct{ Action, Actor_kind string }
	if len(lines) != 4 || json.Unmarshal([]byte(lines[0]), &first) != nil || first.Action != "staff.add" {
		t.Errorf("%d lines: %s", len(lines), lines[0])
	}
	if got := w.rows("audit.export"); len(got) != 2 || got[0] != "supervisor|csv|who=system action=timeline.seal|done" || got[1] != "supervisor|ndjson|action=staff.add|done" {
		t.Errorf("%q", got)
	}
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorOperator} {
		if got := w.as(role).get("/ops/audit.csv"); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", role, got.status)
		}
		if got := w.as(role).get("/ops/audit"); strings.Contains(got.body, `href="/ops/audit.csv`) {
			t.Errorf("%s is offered an export", role)
		}
	}
	w.journal.broken = true
	if got := b.get("/ops/audit.csv"); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "timeline.seal") {
		t.Errorf("an export without its row: %d", got.status)
	}
}
