package api

import (
	"context"
	"slices"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// StatsDesk measures the reviews (V7); *tasks.Desk satisfies it.
type StatsDesk interface {
	// ReviewStats counts what was received and decided between two moments.
	ReviewStats(ctx context.Context, from, to time.Time) (tasks.ReviewStats, error)
	// Reviews lists the queue with the counts of its tabs and of today.
	Reviews(ctx context.Context, f tasks.ReviewFilter) ([]tasks.ReviewRow, tasks.ReviewCounts, error)
}

// everyStaff are all roles: figures tell of no applicant.
func everyStaff() []tasks.ActorKind { return accounts.StaffRoles() }

// The spans that figures are asked for, in days.
const (
	weekDays     = 7
	monthDays    = 30
	maxStatsDays = 90
)

// runningAmong is how many of the earliest reviews are looked through for one that is
// not paused.
const runningAmong = 200

// serviceLevels are the figures of some days up to now.
type serviceLevels struct {
	tasks.ReviewStats
	Counts  tasks.ReviewCounts
	NextDue time.Time // of the running reviews; zero when none runs
	Days    int
	From    time.Time
	To      time.Time
}

// measure reads the figures of the last days in Asia/Shanghai, today included.
func measure(ctx context.Context, desk StatsDesk, now time.Time, days int) (serviceLevels, error) {
	s := serviceLevels{Days: days, To: now}
	local := now.In(time.FixedZone("CST", 8*60*60))
	s.From = time.Date(local.Year(), local.Month(), local.Day()-days+1, 0, 0, 0, 0, local.Location())
	var err error
	if s.ReviewStats, err = desk.ReviewStats(ctx, s.From, now.Add(time.Millisecond)); err != nil { // what happens now counts
		return s, err
	}
	var rows []tasks.ReviewRow
	if rows, s.Counts, err = desk.Reviews(ctx, tasks.ReviewFilter{Limit: runningAmong}); err != nil {
		return s, err
	}
	if i := slices.IndexFunc(rows, func(r tasks.ReviewRow) bool { return r.State != tasks.ReviewPaused }); i >= 0 {
		s.NextDue = rows[i].DueAt
	}
	return s, nil
}

// share is how much of what was decided in the last days came in time, in percent;
// ok is false when nothing was decided.
func (s serviceLevels) share(days int) (percent int, ok bool) {
	first := s.To.In(s.From.Location()).AddDate(0, 0, 1-days).Format(time.DateOnly)
	decided, timely := 0, 0
	for _, d := range s.ReviewStats.Days {
		if d.Day >= first {
			decided, timely = decided+d.Decided, timely+d.OnTime
		}
	}
	if decided == 0 {
		return 0, false
	}
	return timely * 100 / decided, true
}

// each is one day after the other with its sums over all kinds, quiet days too.
func (s serviceLevels) each() []tasks.DayStats {
	out := make([]tasks.DayStats, s.Days)
	place := map[string]int{}
	for i := range out {
		out[i].Day = s.From.AddDate(0, 0, i).Format(time.DateOnly)
		place[out[i].Day] = i
	}
	for _, d := range s.ReviewStats.Days {
		i, ok := place[d.Day]
		if !ok {
			continue
		}
		sum := &out[i]
		sum.Received, sum.Decided, sum.OnTime = sum.Received+d.Received, sum.Decided+d.Decided, sum.OnTime+d.OnTime
		sum.Approved, sum.Rejected, sum.NeedMore = sum.Approved+d.Approved, sum.Rejected+d.Rejected, sum.NeedMore+d.NeedMore
	}
	return out
}
