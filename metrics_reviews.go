package main

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"beian/tasks"
)

// reviewCollector reads the reviews' figures when asked (V7), and up to when the
// calendar is known.
type reviewCollector struct {
	desk     *tasks.Desk
	calendar *calendars
	clock    func() time.Time
}

// The gauges of reviewCollector.
func reviewsGauge() *prometheus.Desc {
	return prometheus.NewDesc("beian_reviews", "Reviews that are not ended: open, at_risk (80 % of the time is over), breached, paused.", []string{"state"}, nil)
}

func nextDueGauge() *prometheus.Desc {
	return prometheus.NewDesc("beian_sla_next_due_timestamp_seconds", "When the next running review is due; 0 when none runs.", []string{"kind"}, nil)
}

func calendarGauge() *prometheus.Desc {
	return prometheus.NewDesc("beian_calendar_valid_until_timestamp_seconds", "End of the last year of the unbroken run of years with data from now on.", nil, nil)
}

// Describe names the gauges.
func (c reviewCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- reviewsGauge()
	ch <- nextDueGauge()
	ch <- calendarGauge()
}

// Collect reads the record; a failing record leaves the gauges out.
func (c reviewCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	ch <- prometheus.MustNewConstMetric(calendarGauge(), prometheus.GaugeValue, float64(c.known().Unix()))
	now := c.clock()
	s, err := c.desk.ReviewStats(ctx, now, now)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(reviewsGauge(), err)
		return
	}
	for state, n := range map[string]int{"open": s.Open, "at_risk": s.AtRisk, "breached": s.Breached, "paused": s.Paused} {
		ch <- prometheus.MustNewConstMetric(reviewsGauge(), prometheus.GaugeValue, float64(n), state)
	}
	for _, kind := range tasks.ReviewedKinds() {
		c.nextDue(ctx, ch, kind)
	}
}

// nextDue is 0 when nothing runs, or when more reviews than a list has are paused
// before the first that runs.
func (c reviewCollector) nextDue(ctx context.Context, ch chan<- prometheus.Metric, kind tasks.Kind) {
	rows, _, err := c.desk.Reviews(ctx, tasks.ReviewFilter{Kind: kind})
	if err != nil {
		ch <- prometheus.NewInvalidMetric(nextDueGauge(), err)
		return
	}
	var next float64
	if i := slices.IndexFunc(rows, func(r tasks.ReviewRow) bool { return r.State != tasks.ReviewPaused }); i >= 0 {
		next = float64(rows[i].DueAt.Unix())
	}
	ch <- prometheus.MustNewConstMetric(nextDueGauge(), prometheus.GaugeValue, next, string(kind))
}

// known is the end of the run of years with data that begins with this one; now
// when this year has none.
func (c reviewCollector) known() time.Time {
	days := c.calendar.InForce()
	now := c.clock().In(days.Zone())
	if !days.Known(now.Year()) {
		return now
	}
	year := now.Year()
	for days.Known(year + 1) {
		year++
	}
	return time.Date(year+1, time.January, 1, 0, 0, 0, 0, days.Zone())
}
