package store

import (
	"context"
	"strings"
	"time"

	"beian/tasks"
)

// Days are those of Asia/Shanghai, which has kept UTC+8 all year since 1991.
const (
	shanghai = 8 * time.Hour
	day      = 24 * time.Hour
)

// today is the day of now in Asia/Shanghai.
func today(now time.Time) (from, to time.Time) {
	from = now.Add(shanghai).Truncate(day).Add(-shanghai)
	return from, from.Add(day)
}

// onTime: decided before the promise, pauses counted, and never late before.
const onTime = `decided_at <= due_at AND breaches = 0`

// CountReviews counts each tab from an index of its own.
func (t *tx) CountReviews(ctx context.Context, staffID string) (tasks.ReviewCounts, error) {
	return t.countReviews(ctx, staffID, tasks.MaxCounted)
}

// counted is a count that stops at $1, so that a page costs the same however long
// the queue is.
func counted(where string) string {
	return `(SELECT count(*) FROM (SELECT 1 FROM reviews WHERE ` + where + ` LIMIT $1) AS found)`
}

// countReviews subtracts live claims and pauses apart: their own indexes are short,
// while a look at each row of the queue would be long.
func (t *tx) countReviews(ctx context.Context, staffID string, most int) (c tasks.ReviewCounts, err error) {
	const decidedToday = `decided_at > 0 AND decided_at >= $4 AND decided_at < $5 AND state IN ('approved', 'rejected')`
	from, to := today(t.Now())
	var held, heldSecond, pausedToday int
	err = t.q.row(ctx, `SELECT `+strings.Join([]string{
		counted(`state IN ('open', 'claimed') AND stage = 1 AND tier = 0`),
		counted(`state = 'claimed' AND stage = 1 AND tier = 0 AND lease_until > $2`),
		counted(`state IN ('open', 'claimed') AND stage = 2`),
		counted(`state = 'claimed' AND stage = 2 AND lease_until > $2`),
		counted(`state IN ('claimed', 'deciding') AND holder = $3 AND (state = 'deciding' OR lease_until > $2)`),
		counted(`tier > 0 AND ended = 0`),
		counted(`state = 'paused'`),
		counted(`ended = 0 AND due_at >= $4 AND due_at < $5`),
		counted(`state = 'paused' AND due_at >= $4 AND due_at < $5`),
		counted(`breaches > 0 AND ended = 0`),
		counted(decidedToday),
		counted(decidedToday + ` AND ` + onTime),
	}, ", "), most, millis(t.Now()), staffID, millis(from), millis(to)).Scan(&c.Waiting, &held, &c.Second, &heldSecond, &c.Mine,
		&c.Escalated, &c.Paused, &c.DueToday, &pausedToday, &c.Breached, &c.DoneToday, &c.OnTimeToday)
	for _, less := range []struct {
		from *int
		n    int
	}{{&c.Waiting, held}, {&c.Second, heldSecond}, {&c.DueToday, pausedToday}} {
		if *less.from < most {
			*less.from -= less.n
		}
	}
	return c, err
}

// ReviewStats measures what was received and decided from from up to before to.
func (t *tx) ReviewStats(ctx context.Context, from, to time.Time) (tasks.ReviewStats, error) {
	s := tasks.ReviewStats{ByStaff: map[string]int{}}
	err := t.q.row(ctx, `SELECT (SELECT count(*) FROM reviews WHERE ended = 0) - (SELECT count(*) FROM reviews WHERE state = 'paused'),
	  (SELECT count(*) FROM reviews WHERE ended = 0 AND reminded >= 80 AND breaches = 0 AND state <> 'paused'),
	  (SELECT count(*) FROM reviews WHERE breaches > 0 AND ended = 0),
	  (SELECT count(*) FROM reviews WHERE state = 'paused')`).Scan(&s.Open, &s.AtRisk, &s.Breached, &s.Paused)
	if err != nil {
		return s, err
	}
	if s.Days, err = t.days(ctx, from, to); err != nil {
		return s, err
	}
	if err := t.hours(ctx, from, to, &s); err != nil {
		return s, err
	}
	if err := t.handling(ctx, from, to, &s); err != nil {
		return s, err
	}
	err = t.each(ctx, func(scan func(...any) error) error {
		var staff string
		var n int
		err := scan(&staff, &n)
		s.ByStaff[staff] = n
		return err
	}, `SELECT staff_id, count(*) FROM decisions WHERE settled > 0 AND settled >= $1 AND settled < $2 GROUP BY staff_id`,
		millis(from), millis(to))
	return s, err
}

// days counts by day and kind: the number of days since 1970 at UTC+8.
func (t *tx) days(ctx context.Context, from, to time.Time) ([]tasks.DayStats, error) {
	var out []tasks.DayStats
	err := t.each(ctx, func(scan func(...any) error) error {
		var d tasks.DayStats
		var number int64
		err := scan(&number, &d.Kind, &d.Received, &d.Decided, &d.OnTime, &d.Approved, &d.Rejected, &d.NeedMore)
		d.Day = time.UnixMilli(number * day.Milliseconds()).UTC().Format(time.DateOnly)
		out = append(out, d)
		return err
	}, `SELECT n, kind, sum(received), sum(decided), sum(timely), sum(approved), sum(rejected), sum(more) FROM (
	  SELECT (started_at + $3) / 86400000 AS n, kind, 1 AS received, 0 AS decided, 0 AS timely, 0 AS approved, 0 AS rejected, 0 AS more
	  FROM reviews WHERE started_at >= $1 AND started_at < $2
	  UNION ALL SELECT (decided_at + $3) / 86400000, kind, 0, 1, CASE WHEN `+onTime+` THEN 1 ELSE 0 END,
	  CASE WHEN state = 'approved' THEN 1 ELSE 0 END, CASE WHEN state = 'rejected' THEN 1 ELSE 0 END, 0
	  FROM reviews WHERE decided_at > 0 AND decided_at >= $1 AND decided_at < $2 AND state IN ('approved', 'rejected')
	  UNION ALL SELECT (d.settled + $3) / 86400000, r.kind, 0, 0, 0, 0, 0, 1 FROM decisions d JOIN reviews r ON r.job_id = d.job_id
	  WHERE d.settled > 0 AND d.verdict = 'need_more' AND d.settled >= $1 AND d.settled < $2) AS happened
	  GROUP BY n, kind ORDER BY n, kind`, millis(from), millis(to), shanghai.Milliseconds())
	return out, err
}

// hours counts by the hour of the day at UTC+8.
func (t *tx) hours(ctx context.Context, from, to time.Time, s *tasks.ReviewStats) error {
	return t.each(ctx, func(scan func(...any) error) error {
		var hour int
		var h tasks.HourStats
		err := scan(&hour, &h.Received, &h.Decided)
		if err == nil {
			s.Hours[hour] = h
		}
		return err
	}, `SELECT hour, sum(received), sum(decided) FROM (
	  SELECT (started_at + $3) / 3600000 % 24 AS hour, 1 AS received, 0 AS decided FROM reviews WHERE started_at >= $1 AND started_at < $2
	  UNION ALL SELECT (decided_at + $3) / 3600000 % 24, 0, 1 FROM reviews
	  WHERE decided_at > 0 AND decided_at >= $1 AND decided_at < $2 AND state IN ('approved', 'rejected')) AS happened
	  GROUP BY hour`, millis(from), millis(to), shanghai.Milliseconds())
}

// handling is how long a look takes, from the first claim of its stage to its
// decision: the median and the slowest tenth's bound.
func (t *tx) handling(ctx context.Context, from, to time.Time, s *tasks.ReviewStats) error {
	const worked = ` FROM decisions WHERE settled > 0 AND worked_from > 0 AND settled >= $1 AND settled < $2`
	var n int64
	if err := t.q.row(ctx, `SELECT count(*)`+worked, millis(from), millis(to)).Scan(&n); err != nil || n == 0 {
		return err
	}
	for _, p := range []struct {
		to      *time.Duration
		percent int64
	}{{&s.MedianHandling, 50}, {&s.P90Handling, 90}} {
		var ms int64
		rank := (n*p.percent + 99) / 100 // nearest rank, from 1
		err := t.q.row(ctx, `SELECT at - worked_from`+worked+` ORDER BY 1 LIMIT 1 OFFSET $3`, millis(from), millis(to), rank-1).Scan(&ms)
		if err != nil {
			return err
		}
		*p.to = time.Duration(ms) * time.Millisecond
	}
	return nil
}
