package api

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

const opsSLAPath = "/ops/sla"

// opsSLAPage is the board of service levels (V7).
type opsSLAPage struct {
	opsFrame
	At      time.Time
	Days    int
	Spans   []opsTab
	Figures []opsFigure
	Charts  []opsChartTable
	Heat    opsHeatTable
	Rows    []opsDayRow
	CSV     string
}

// opsFigure is one number with the list behind it.
type opsFigure struct {
	Name, N, Href, Link, Hint string
	Alarm                     bool
}

// opsChartTable is a chart with its numbers.
type opsChartTable struct {
	Chart opsChart
	Head  []string
	Rows  [][]string
}

type opsDayRow struct {
	tasks.DayStats
	Label string // of the kind
}

func (o *Ops) slaRoutes() []opsRoute {
	if o.parts.Stats == nil {
		return nil
	}
	return []opsRoute{
		{http.MethodGet, opsSLAPath, false, nil, o.serviceBoard},
		{http.MethodGet, opsSLAPath + ".csv", false, nil, o.slaCSV},
	}
}

// board is the address of the board, where there is one.
func (o *Ops) board() string {
	if o.parts.Stats == nil {
		return ""
	}
	return opsSLAPath
}

// askedDays is the span of the address: 7, 30 or up to 90 days.
func askedDays(r *http.Request) (int, error) {
	typed := r.URL.Query().Get("days")
	if typed == "" {
		return monthDays, nil
	}
	days, err := strconv.Atoi(typed)
	if err != nil || days < weekDays || days > maxStatsDays {
		return 0, errNotFound
	}
	return days, nil
}

func (o *Ops) serviceBoard(v *opsVisit) error {
	days, err := askedDays(v.r)
	if err != nil {
		return err
	}
	s, err := measure(v.r.Context(), o.parts.Stats, o.parts.Now(), days)
	if err != nil {
		return err
	}
	data := opsSLAPage{opsFrame: o.frame(v, opsSLAPath), At: o.parts.Now(), Days: days, CSV: opsSLAPath + ".csv?days=" + strconv.Itoa(days)}
	for _, span := range []int{weekDays, monthDays, maxStatsDays} {
		data.Spans = append(data.Spans, opsTab{Text: o.say(v, "sla.days", text.Params{"n": span}), Href: opsSLAPath + "?days=" + strconv.Itoa(span), Current: span == days})
	}
	data.Figures = o.slaFigures(v, s)
	data.Charts, data.Heat = o.slaCharts(v, s), o.slaHeat(v, s.Hours)
	for _, d := range slices.Backward(s.ReviewStats.Days) {
		data.Rows = append(data.Rows, opsDayRow{DayStats: d, Label: o.say(v, "kind."+string(d.Kind))})
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "sla", view)
}

// slaFigures are the numbers of now and of the span, each with the list behind it
// for those who may see that.
func (o *Ops) slaFigures(v *opsVisit, s serviceLevels) []opsFigure {
	figure := func(key, n, href string, alarm bool) opsFigure {
		f := opsFigure{Name: o.say(v, "sla."+key), N: n, Alarm: alarm, Hint: o.say(v, "sla."+key+".hint")}
		if href != "" && slices.Contains(reviewReaders(), v.member.Role) {
			f.Href, f.Link = href, o.say(v, "sla.list")
		}
		return f
	}
	share := func(days int) string {
		if percent, ok := s.share(days); ok {
			return strconv.Itoa(percent) + "%"
		}
		return o.say(v, "sla.nothing")
	}
	taken := func(d time.Duration) string {
		if d <= 0 {
			return o.say(v, "sla.nothing")
		}
		return o.span(v, d)
	}
	out := []opsFigure{
		figure("open", strconv.Itoa(s.Open), opsReviews, false),
		figure("today", atMost(s.Counts.DueToday), opsReviews+"?due=today", false),
		figure("at_risk", strconv.Itoa(s.AtRisk), opsReviews, s.AtRisk > 0),
		figure("breached", strconv.Itoa(s.Breached), opsReviews+"?tab="+tabEscalated, s.Breached > 0),
		figure("paused", strconv.Itoa(s.Paused), "/ops/jobs?state="+string(tasks.StateNeedMore), false),
		figure("on_time_week", share(min(weekDays, s.Days)), opsReviews+"?tab="+tabDone, false),
	}
	if s.Days >= monthDays {
		out = append(out, figure("on_time_month", share(monthDays), opsReviews+"?tab="+tabDone, false))
	}
	return append(out, figure("median", taken(s.MedianHandling), "", false), figure("p90", taken(s.P90Handling), "", false))
}

// atMost says when a count stopped counting.
func atMost(n int) string {
	if n >= tasks.MaxCounted {
		return strconv.Itoa(tasks.MaxCounted) + "+"
	}
	return strconv.Itoa(n)
}

func (o *Ops) slaCharts(v *opsVisit, s serviceLevels) []opsChartTable {
	each := s.each()
	names := make([]string, len(each))
	values := map[string][]int{}
	for i, d := range each {
		names[i] = d.Day
		for key, n := range map[string]int{"received": d.Received, "decided": d.Decided, "on_time": d.OnTime, "late": d.Decided - d.OnTime} {
			values[key] = append(values[key], n)
		}
	}
	flow := []opsSeries{{Class: "first", Name: o.say(v, "sla.received"), Values: values["received"]},
		{Class: "second", Name: o.say(v, "sla.decided"), Values: values["decided"]}}
	timely := []opsSeries{{Class: "second", Name: o.say(v, "sla.on_time"), Values: values["on_time"]},
		{Class: "third", Name: o.say(v, "sla.late"), Values: values["late"], Stacked: true}}
	return []opsChartTable{o.chart(v, "flow", names, flow), o.chart(v, "timely", names, timely)}
}

// chart draws series and writes the same numbers down, the newest day first; days
// on which nothing happened are left out.
func (o *Ops) chart(v *opsVisit, id string, days []string, series []opsSeries) opsChartTable {
	out := opsChartTable{Head: []string{o.say(v, "sla.day")}}
	said := []string{}
	for _, s := range series {
		sum := 0
		for _, n := range s.Values {
			sum += n
		}
		out.Head = append(out.Head, s.Name)
		said = append(said, s.Name+" "+strconv.Itoa(sum))
	}
	out.Chart = chartOf(opsChart{ID: id, Title: o.say(v, map[string]string{"flow": "sla.chart.flow", "timely": "sla.chart.timely"}[id]),
		Desc: o.say(v, "sla.chart.desc", text.Params{"from": days[0], "to": days[len(days)-1], "sums": strings.Join(said, " · ")})}, days, series)
	for i := len(days) - 1; i >= 0; i-- {
		row, any := []string{days[i]}, 0
		for _, s := range series {
			row = append(row, strconv.Itoa(s.Values[i]))
			any += s.Values[i]
		}
		if any > 0 {
			out.Rows = append(out.Rows, row)
		}
	}
	return out
}

// slaCSV hands the days out for a spreadsheet.
func (o *Ops) slaCSV(v *opsVisit) error {
	days, err := askedDays(v.r)
	if err != nil {
		return err
	}
	s, err := measure(v.r.Context(), o.parts.Stats, o.parts.Now(), days)
	if err != nil {
		return err
	}
	rows := [][]string{{"day", "kind", "received", "decided", "on_time", "approved", "rejected", "need_more"}}
	for _, d := range s.ReviewStats.Days {
		row := []string{d.Day, string(d.Kind)}
		for _, n := range []int{d.Received, d.Decided, d.OnTime, d.Approved, d.Rejected, d.NeedMore} {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	spreadsheet(v.w, "sla-"+s.From.Format(time.DateOnly)+".csv")
	return csvOf(v.w, rows)
}

// spreadsheet begins a download that spreadsheets read as UTF-8.
func spreadsheet(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte("\ufeff"))
}

// csvOf writes rows whose cells no spreadsheet takes for formulas.
func csvOf(w http.ResponseWriter, rows [][]string) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = tame(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// tame puts an apostrophe before what a spreadsheet would carry out.
func tame(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
