package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// BenchmarkReviews measures the console's queue with 100,000 open reviews; a page
// must take at most 50 ms at p95.
func BenchmarkReviews(b *testing.B) {
	for _, engine := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", sqliteURL}, {"postgres", testenv.Postgres}} {
		b.Run(engine.name, func(b *testing.B) {
			s := migrated(b, openTest(b, engine.url(b)))
			crowd(b, s, 100_000)
			if s.Engine() == "postgres" { // what autovacuum does within a minute
				if _, err := s.db.migrations().pool.ExecContext(b.Context(), `VACUUM (ANALYZE) reviews, jobs, documents`); err != nil {
					b.Fatal(err)
				}
			}
			var middle tasks.ReviewRow
			look(b, s, func(x tasks.Tx) error {
				rows, err := x.ReviewsOf(b.Context(), tasks.ReviewFilter{Tab: "waiting", DueBy: time.Now().Add(48 * time.Hour), Limit: 200})
				middle = rows[len(rows)-1]
				return err
			})
			for _, f := range []tasks.ReviewFilter{{}, {Tab: "waiting"}, {Tab: "waiting", After: middle.Cursor}, {Tab: "mine", StaffID: "staff-7"},
				{Tab: "second"}, {Tab: "escalated"}, {Tab: "free", StaffID: "staff-7"}, {Tab: "done"}, {Tab: "waiting", Risky: true},
				{Tab: "waiting", Nature: "organisation"}, {Receipt: middle.Receipt}} {
				name := fmt.Sprintf("page/tab=%s,nature=%s,risky=%t,one=%t,middle=%t", f.Tab, f.Nature, f.Risky, f.Receipt != "", f.After != "")
				f.Limit = 50
				b.Run(name, func(b *testing.B) {
					timed(b, func() {
						look(b, s, func(x tasks.Tx) error {
							_, err := x.ReviewsOf(b.Context(), f)
							return err
						})
					})
				})
			}
			b.Run("counts", func(b *testing.B) {
				timed(b, func() {
					look(b, s, func(x tasks.Tx) error {
						_, err := x.CountReviews(b.Context(), "staff-7")
						return err
					})
				})
			})
			b.Run("stats", func(b *testing.B) {
				timed(b, func() {
					look(b, s, func(x tasks.Tx) error {
						_, err := x.ReviewStats(b.Context(), time.Now().Add(-30*24*time.Hour), time.Now())
						return err
					})
				})
			})
		})
	}
}

func look(tb testing.TB, s *Store, fn func(tasks.Tx) error) {
	tb.Helper()
	if err := s.View(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// timed reports the 95th percentile beside the mean.
func timed(b *testing.B, fn func()) {
	b.Helper()
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		fn()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// crowd fills the queue: n open reviews and half as many that ended. Of 100 open
// ones 80 wait, 6 need a second look, 5 are held, 5 paused and 4 escalated.
func crowd(tb testing.TB, s *Store, n int) {
	tb.Helper()
	const chunk = 10_000
	ctx, cancel := context.WithTimeout(tb.Context(), slowTimeout)
	defer cancel()
	err := s.update(ctx, func(x *tx) error {
		for from := 0; from < n+n/2; from += chunk {
			if _, err := x.q.exec(ctx, crowdedJobs, from, from+chunk); err != nil {
				return err
			}
			if _, err := x.q.exec(ctx, crowdedReviews, from, from+chunk, millis(x.Now()), n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

const (
	numbers = `WITH RECURSIVE numbers (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < $2) `

	crowdedJobs = `INSERT INTO jobs (id, receipt, kind, state, version, subject_id, source_account_id, target_account_id, lang, facts, events,
	  head, tracking_index, veto_index, created_at, updated_at, sealed_version) ` + numbers + `SELECT 'job-' || (1000000 + i), 'LR-' || (1000000 + i),
	  'login_reset', 'queued', 1, 'subject-' || i, 'account-' || i, '', 'en', '{"nature":"individual","principal":true,"subject":"王**"}', 1,
	  CAST('h' AS BYTEA), '', '', 1, 1, 1 FROM numbers`

	crowdedReviews = `INSERT INTO reviews (job_id, receipt, kind, nature, state, version, round, stage, tier, needs_two, first_by, holder, lease_until,
	  risk, risky, started_at, due_at, promised, paused_at, reminded, breached_at, breaches, nudged_at, worked_from, decided_at, decided_by,
	  undo_until, ended, ended_at) ` + numbers + `SELECT 'job-' || (1000000 + i), 'LR-' || (1000000 + i), 'login_reset',
	  CASE WHEN i % 3 = 0 THEN 'organisation' ELSE 'individual' END,
	  CASE WHEN i >= CAST($4 AS BIGINT) THEN 'approved' WHEN i % 100 < 6 THEN 'open' WHEN i % 100 < 11 THEN 'claimed' WHEN i % 100 < 16 THEN 'paused' ELSE 'open' END,
	  1, 1, CASE WHEN i % 100 < 6 THEN 2 ELSE 1 END, CASE WHEN i % 100 BETWEEN 16 AND 19 THEN 1 ELSE 0 END, 0,
	  'staff-' || (i % 40), 'staff-' || (i % 40), CAST($3 AS BIGINT) + 3600000, '', CASE WHEN i % 9 = 0 THEN 1 ELSE 0 END,
	  $3 - (i % 720) * 3600000, $3 + (i * 7919 % 172800 - 20000) * 1000, $3, 0, CASE WHEN i % 100 BETWEEN 16 AND 19 THEN 80 ELSE 0 END, 0,
	  CASE WHEN i % 100 BETWEEN 16 AND 19 THEN 1 ELSE 0 END, 0, 0, CASE WHEN i >= $4 THEN $3 - (i % 720) * 3600000 ELSE 0 END, '', 0,
	  CASE WHEN i >= $4 THEN 1 ELSE 0 END, CASE WHEN i >= $4 THEN $3 - (i % 720) * 3600000 ELSE 0 END FROM numbers`
)
