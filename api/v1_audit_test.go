package api

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheAPISearchesTheJournalForAuditors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	got := b.do(t, ask{as: "auditor", method: "GET", path: "/v1/audit-events?action=staff.&limit=3"})
	if got.status != 200 || strings.Count(got.raw, `"seq":`) != 3 || !strings.Contains(got.raw, `"next_cursor":`) || !strings.Contains(got.head.Get("Link"), `rel="next"`) {
		t.Fatalf("%d %s %s", got.status, got.head.Get("Link"), got.raw)
	}
	next, _, _ := strings.Cut(strings.TrimPrefix(got.head.Get("Link"), "<"), ">")
	second := b.do(t, ask{as: "auditor", method: "GET", path: next})
	if second.status != 200 || !strings.Contains(second.raw, `"action":"staff.`) || strings.Contains(second.raw, `"audit.export"`) {
		t.Errorf("%d %s", second.status, second.raw)
	}
	taken := b.do(t, ask{as: "supervisor", method: "GET", path: "/v1/audit-events?action=audit.export&who=auditor"})
	if strings.Count(taken.raw, `"object":"api"`) != 2 || !strings.Contains(taken.raw, `"reason":"action=staff."`) {
		t.Errorf("the calls are not in the journal: %s", taken.raw)
	}
	for _, bad := range []string{"who=nobody", "action=x", "from=x", "limit=0", "limit=501", "cursor=-1", "nonsense=1"} {
		if got := b.do(t, ask{as: "auditor", method: "GET", path: "/v1/audit-events?" + bad}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
}
