package store

import (
	"strings"
	"testing"

	"beian/tasks"
)

// plan is how an engine would run a query, on PostgreSQL as if tables were long.
func plan(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	explain := "EXPLAIN "
	if s.Engine() == "sqlite" {
		explain = "EXPLAIN QUERY PLAN "
	}
	var lines []string
	inTx(t, s, func(x *tx) error {
		lines = nil
		if s.Engine() == "postgres" {
			if _, err := x.q.exec(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
				return err
			}
			if _, err := x.q.exec(t.Context(), `SET LOCAL enable_bitmapscan = off`); err != nil {
				return err
			}
		}
		return x.each(t.Context(), func(scan func(...any) error) error {
			var id, parent, unused int
			var line string
			if s.Engine() == "postgres" {
				err := scan(&line)
				lines = append(lines, line)
				return err
			}
			err := scan(&id, &parent, &unused, &line)
			lines = append(lines, line)
			return err
		}, explain+text, args...)
	})
	return strings.Join(lines, "\n")
}

func TestV5NoTabSortsOrScansTheQueue(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		for tab, index := range map[string]string{"": "reviews_all", "waiting": "reviews_waiting", "mine": "reviews_held", "second": "reviews_second",
			"escalated": "reviews_escalated", "free": "reviews_free", "done": "reviews_done"} {
			for _, after := range []string{"", "5.j1"} {
				var q *reviewQuery
				inTx(t, s, func(x *tx) (err error) {
					q, err = x.reviewQuery(tasks.ReviewFilter{Tab: tab, StaffID: "ann", After: after, Limit: 50})
					return err
				})
				how := plan(t, s, q.text(), q.args...)
				if !strings.Contains(how, index) || strings.Contains(how, "SCAN j") || strings.Contains(how, "Seq Scan") || strings.Contains(how, "TEMP B-TREE FOR ORDER") {
					t.Errorf("%q after %q:\n%s", tab, after, how)
				}
			}
		}
	})
}
