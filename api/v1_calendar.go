package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"beian/internal/text"
	"beian/internal/workday"
	"beian/tasks"
)

// The calendar of working days (V2) is no secret: whoever shows promises on forms
// of their own counts by the same days. Saving a year is for staff.

type calendarOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		Version string         `json:"version" doc:"Changes whenever hours or data change."`
		Hours   string         `json:"office_hours" example:"09:00-18:00"`
		Years   []yearHeadBody `json:"years"`
		Missing []int          `json:"missing" doc:"Years that a promise made now may touch and that have no data: there only weekends count as off."`
	}
}

type yearHeadBody struct {
	Year    int        `json:"year"`
	Origin  string     `json:"origin" enum:"shipped,file,console"`
	Source  string     `json:"source" doc:"The notice that the data comes from."`
	SavedAt *time.Time `json:"saved_at,omitempty"`
}

type yearInput struct {
	Year int `path:"year" minimum:"2000" maximum:"2199"`
}

type yearOutput struct {
	ETag     string `header:"ETag" doc:"Of a year that staff stored: what to send as If-Match when replacing it."`
	Language string `header:"Content-Language"`
	Body     struct {
		yearHeadBody
		Days []yearDayBody `json:"days" doc:"What the weekday does not tell: days off and make-up days."`
	}
}

type yearDayBody struct {
	Date string      `json:"date" example:"2026-10-01"`
	Off  *bool       `json:"off" doc:"false is a working day on a weekend."`
	Name yearDayName `json:"name"`
}

type yearDayName struct {
	Chinese string `json:"zh-CN" example:"国庆节"`
	English string `json:"en" example:"National Day"`
}

type saveYearInput struct {
	Year int `path:"year" minimum:"2000" maximum:"2199"`
	Body struct {
		Year   int           `json:"year"`
		Source string        `json:"source"`
		Days   []yearDayBody `json:"days" maxItems:"400" nullable:"false"`
	}
}

type dueInput struct {
	From time.Time `query:"from" doc:"When the clock starts; now without it."`
	Days int       `query:"working_days" minimum:"0" maximum:"60" doc:"0, or without it: the policy's."`
}

type dueOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		From    *time.Time `json:"from"`
		Days    int        `json:"working_days"`
		Due     *time.Time `json:"due_at"`
		Certain bool       `json:"certain" doc:"false when a year on the way has no data."`
		Steps   []dueStep  `json:"steps" doc:"Why then: one for every day."`
	}
}

type dueStep struct {
	Date string `json:"date"`
	Code string `json:"code" enum:"no_data,after_cutoff,received,weekend,holiday,counted,makeup"`
	N    int    `json:"n,omitempty" doc:"Which working day it is."`
	Text string `json:"text"`
}

func (s *Server) calendarRoutes() {
	if s.parts.Calendar.Desk == nil {
		return
	}
	register(s, operation{id: "list-calendar", method: http.MethodGet, path: "/v1/calendar", tag: "calendar", summary: "api.op.list_calendar", who: anyone}, s.listCalendar)
	register(s, operation{id: "read-calendar-year", method: http.MethodGet, path: "/v1/calendar/{year}", tag: "calendar", summary: "api.op.read_year", who: anyone}, s.readYear)
	register(s, operation{id: "count-due", method: http.MethodGet, path: "/v1/calendar/due", tag: "calendar", summary: "api.op.count_due", who: anyone}, s.countDue)
	register(s, operation{id: "save-calendar-year", method: http.MethodPut, path: "/v1/calendar/{year}", tag: "calendar", summary: "api.op.save_year",
		who: signedIn, roles: calendarKeepers(), match: mayMatch}, s.saveYear)
}

func (s *Server) listCalendar(ctx context.Context, _ *struct{}) (*calendarOutput, error) {
	days := s.parts.Calendar.Desk.InForce()
	out := &calendarOutput{Language: string(langOf(ctx))}
	out.Body.Version, out.Body.Hours, out.Body.Years = days.Version(), days.Hours().String(), []yearHeadBody{}
	out.Body.Missing = append([]int{}, days.Missing(s.parts.Calendar.now())...)
	for _, y := range s.parts.Calendar.Desk.Years() {
		out.Body.Years = append(out.Body.Years, yearHead(y))
	}
	return out, nil
}

func yearHead(y CalendarYear) yearHeadBody {
	return yearHeadBody{Year: y.Year.Number(), Origin: string(y.Origin), Source: y.Year.Source(), SavedAt: office(y.SavedAt)}
}

func (s *Server) readYear(ctx context.Context, in *yearInput) (*yearOutput, error) {
	y := s.parts.Calendar.year(in.Year)
	if y.Year.Number() == 0 {
		return nil, fmt.Errorf("the calendar of %d: %w", in.Year, tasks.ErrNotFound)
	}
	out := &yearOutput{Language: string(langOf(ctx))}
	if y.Version > 0 {
		out.ETag = etag(y.Version)
	}
	out.Body.yearHeadBody, out.Body.Days = yearHead(y), []yearDayBody{}
	for _, d := range y.Year.Days() {
		off := !d.Working
		out.Body.Days = append(out.Body.Days, yearDayBody{Date: d.Date.String(), Off: &off, Name: yearDayName(d.Name)})
	}
	return out, nil
}

func (s *Server) countDue(ctx context.Context, in *dueInput) (*dueOutput, error) {
	from, days := in.From, in.Days
	if from.IsZero() {
		from = s.parts.Calendar.now()
	}
	if days == 0 {
		days = s.parts.Calendar.Days
	}
	calendar := s.parts.Calendar.Desk.InForce()
	if year := from.In(calendar.Zone()).Year(); year < firstCalendarYear || year > lastCalendarYear {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "from", Code: faultValue}}}
	}
	due := calendar.Due(from, days)
	out := &dueOutput{Language: string(langOf(ctx))}
	out.Body.From, out.Body.Days, out.Body.Due, out.Body.Certain = office(from), days, office(due), calendar.Covers(from, due)
	for _, step := range calendar.Explain(from, days) {
		out.Body.Steps = append(out.Body.Steps, dueStep{Date: step.Day.Date.String(), Code: string(step.Code), N: step.N,
			Text: stepWords(s.parts.Catalog, langOf(ctx), step)})
	}
	return out, nil
}

// saveYear stores a year as the console does. If-Match keeps two people from
// overwriting each other; without it the newest is replaced.
func (s *Server) saveYear(ctx context.Context, in *saveYearInput) (*yearOutput, error) {
	written, err := json.Marshal(in.Body)
	if err != nil {
		return nil, fmt.Errorf("writing a year: %w", err)
	}
	year, err := workday.ParseYear(written)
	var faulty *workday.FileError
	if errors.As(err, &faulty) {
		return nil, yearFaults(s.parts.Catalog, langOf(ctx), faulty)
	}
	if err != nil {
		return nil, err
	}
	if year.Number() != in.Year {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "year", Code: faultValue}}}
	}
	version := s.parts.Calendar.year(in.Year).Version
	if match := callOf(ctx).match; len(match) > 0 && !slices.Contains(match, version) {
		return nil, tasks.ErrStale
	}
	entry := calendarEntry(year, strconv.Itoa(in.Year))
	entry.Actor, entry.RequestID = staffOf(ctx), callOf(ctx).id
	if err := s.parts.Calendar.Desk.Save(ctx, year, version, entry); err != nil {
		return nil, err
	}
	return s.readYear(ctx, &yearInput{Year: in.Year})
}

// yearFaults point to the days concerned.
func yearFaults(c *text.Catalog, lang text.Lang, e *workday.FileError) error {
	faults := make([]tasks.Fault, len(e.Faults))
	for i, f := range e.Faults {
		field := "days"
		switch {
		case f.Entry > 0:
			field += "/" + strconv.Itoa(f.Entry-1)
		case f.Code == workday.CodeYear:
			field = "year"
		case f.Code == workday.CodeSource:
			field = "source"
		}
		params := map[string]string{}
		for name, value := range faultParams(c, lang, f) {
			params[name] = fmt.Sprint(value)
		}
		faults[i] = tasks.Fault{Field: field, Code: calendarFault(f), Params: params}
	}
	return &tasks.Invalid{Faults: faults}
}
