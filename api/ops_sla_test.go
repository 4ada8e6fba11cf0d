package api_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"beian/api"
	"beian/tasks"
)

func TestV7TheBoardCountsWhatIsOpenLateAndDone(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t, withBoards)
	w.approves("reviewer", w.reset(1))
	w.settle()
	w.resets(1)
	b := w.as(tasks.ActorAuditor)
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "sla."+lang+".html", b.get("/ops/sla?days=7").body)
	}
	got := b.get("/ops/sla").body
	for _, part := range []string{"100%", `<rect class="second"`, "2026-11-25", "/ops/reviews?due=today", "Received 2", `<rect class="heat-4"`, "18:00 · Received 2"} {
		if !strings.Contains(got, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if got := w.as(tasks.ActorOperator).get("/ops/sla"); got.status != 200 || strings.Contains(got.body, "/ops/reviews?due") {
		t.Errorf("an operator: %d, or is led to lists that are not theirs", got.status)
	}
	for _, bad := range []string{"6", "91", "-1", "many"} {
		if got := b.get("/ops/sla?days=" + bad); got.status != http.StatusNotFound {
			t.Errorf("days=%s: %d", bad, got.status)
		}
	}
	if got := w.anyone().get("/ops/sla.csv"); got.status != http.StatusSeeOther {
		t.Errorf("a stranger gets the figures: %d", got.status)
	}
	file := b.get("/ops/sla.csv?days=7")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 2 || strings.Join(rows[1], " ") != "2026-11-25 login_reset 2 1 1 1 0 0" {
		t.Errorf("%v, %v", rows, err)
	}
	if !strings.Contains(file.head.Get("Content-Disposition"), "sla-2026-11-19.csv") || !strings.HasPrefix(file.head.Get("Content-Type"), "text/csv") {
		t.Errorf("%v", file.head)
	}
}

func TestACellThatASpreadsheetWouldCarryOutIsTamed(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"=1+1": "'=1+1", "+86": "'+86", "-1": "'-1", "@sum": "'@sum", "\tx": "'\tx", "plain": "plain", "": "", "2026-11-25": "2026-11-25"} {
		if got := api.Tame(given); got != want {
			t.Errorf("%q became %q", given, got)
		}
	}
}
