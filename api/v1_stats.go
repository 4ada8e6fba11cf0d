package api

import (
	"context"
	"net/http"
	"time"
)

type statsInput struct {
	Days int `query:"days" minimum:"7" maximum:"90" default:"30" doc:"Up to and including today, in Asia/Shanghai."`
}

type statsOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		From    *time.Time  `json:"from"`
		To      *time.Time  `json:"to"`
		Now     statsNow    `json:"now"`
		OnTime  *int        `json:"on_time_percent" doc:"Of what was decided in the span; null when nothing was."`
		OnTime7 *int        `json:"on_time_percent_7_days"`
		Median  int64       `json:"handling_median_seconds" doc:"From the first claim to the decision; 0 when nothing was decided."`
		P90     int64       `json:"handling_p90_seconds"`
		Days    []statsDay  `json:"days" doc:"Days on which something happened, by kind."`
		Hours   []statsHour `json:"hours" doc:"The 24 hours of the day in Asia/Shanghai, all days of the span together."`
	}
}

type statsNow struct {
	Open     int        `json:"open"`
	DueToday int        `json:"due_today"`
	AtRisk   int        `json:"at_risk" doc:"More than 80 % of the working time is over."`
	Breached int        `json:"breached"`
	Paused   int        `json:"paused" doc:"The applicant is on turn, or the job is frozen."`
	NextDue  *time.Time `json:"next_due_at" doc:"The earliest date among the running reviews; null when none runs."`
	Left     *int64     `json:"working_seconds_left" doc:"Working time until then, negative when it is late."`
}

type statsDay struct {
	Day      string `json:"day" example:"2026-11-25"`
	Kind     string `json:"kind"`
	Received int    `json:"received"`
	Decided  int    `json:"decided"`
	OnTime   int    `json:"on_time"`
	Approved int    `json:"approved"`
	Rejected int    `json:"rejected"`
	NeedMore int    `json:"need_more"`
}

type statsHour struct {
	Hour     int `json:"hour" example:"9"`
	Received int `json:"received"`
	Decided  int `json:"decided"`
}

func (s *Server) statsRoutes() {
	if s.parts.Stats == nil {
		return
	}
	register(s, operation{id: "read-service-levels", method: http.MethodGet, path: "/v1/stats/sla", tag: "service", summary: "api.op.read_sla",
		who: signedIn, roles: everyStaff()}, s.readStats)
}

func (s *Server) readStats(ctx context.Context, in *statsInput) (*statsOutput, error) {
	m, err := measure(ctx, s.parts.Stats, s.parts.Calendar.now(), in.Days)
	if err != nil {
		return nil, err
	}
	out := &statsOutput{Language: string(langOf(ctx))}
	b := &out.Body
	b.From, b.To = office(m.From), office(m.To)
	b.Now = statsNow{Open: m.Open, DueToday: m.Counts.DueToday, AtRisk: m.AtRisk, Breached: m.Breached, Paused: m.Paused}
	b.Now.NextDue, b.Now.Left = office(m.NextDue), s.workingLeft(m.NextDue)
	b.Hours = []statsHour{}
	for hour, h := range m.Hours {
		b.Hours = append(b.Hours, statsHour{Hour: hour, Received: h.Received, Decided: h.Decided})
	}
	if percent, ok := m.share(in.Days); ok {
		b.OnTime = &percent
	}
	if percent, ok := m.share(weekDays); ok {
		b.OnTime7 = &percent
	}
	b.Median, b.P90, b.Days = int64(m.MedianHandling.Seconds()), int64(m.P90Handling.Seconds()), []statsDay{}
	for _, d := range m.ReviewStats.Days {
		b.Days = append(b.Days, statsDay{Day: d.Day, Kind: string(d.Kind), Received: d.Received, Decided: d.Decided, OnTime: d.OnTime,
			Approved: d.Approved, Rejected: d.Rejected, NeedMore: d.NeedMore})
	}
	return out, nil
}

// workingLeft is the working time until a promise, nil where there is none.
func (s *Server) workingLeft(due time.Time) *int64 {
	if due.IsZero() || s.parts.Calendar.Desk == nil {
		return nil
	}
	left := int64(s.parts.Calendar.Desk.InForce().Between(s.parts.Calendar.now(), due).Seconds())
	return &left
}
