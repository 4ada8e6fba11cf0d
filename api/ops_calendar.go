package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/internal/workday"
)

const opsCalendar = "/ops/calendar"

// opsCalendarPage is one year, with its source, and what would be promised at a
// moment (V2).
type opsCalendarPage struct {
	opsFrame
	Number  int
	Known   bool
	Years   []opsTab
	Missing []string
	Origin  string
	Source  string
	Saved   string // who and when, of the console's
	Hours   string
	Months  []opsMonth
	Spans   []opsSpan
	File    string // address of the year's file
	At      string
	Days    int
	Promise opsPromise
	Act     bool
	Text    string
}

type opsMonth struct {
	Name  string
	Weeks [][]opsDay // seven each, from Monday; zero days are of other months
}

type opsDay struct {
	N     int
	Kind  workday.Kind
	Mark  string // 休 or 班, for those who see no colours
	Title string
}

// opsSpan is a holiday, or one make-up day.
type opsSpan struct {
	From, To string
	Name     string
	Kind     workday.Kind
	Words    string
	Days     int
}

// opsPromise is a due date with its reason, day by day.
type opsPromise struct {
	Due     time.Time
	Certain bool
	Steps   []opsStep
}

type opsStep struct {
	Date, Weekday, Words string
	Kind                 workday.Kind
	Counted              bool
}

func (o *Ops) calendarRoutes() []opsRoute {
	if o.parts.Calendar.Desk == nil {
		return nil
	}
	return []opsRoute{
		{http.MethodGet, opsCalendar, false, nil, o.calendar},
		{http.MethodGet, opsCalendar + "/{file}", false, nil, o.calendarFile},
		{http.MethodPost, opsCalendar, false, calendarKeepers(), o.changeCalendar},
	}
}

func (o *Ops) calendar(v *opsVisit) error {
	view := o.view(v)
	view.Values = v.r.URL.Query()
	number, err := o.askedYear(v)
	if err != nil {
		return err
	}
	data := o.calendarPage(v, number)
	at, days, faults := o.askedMoment(v, data)
	view.Errors = faults
	if len(faults) == 0 {
		data.At, data.Days = at.In(o.zone()).Format(momentForm), days
		data.Promise = o.promise(v, at, days)
	}
	view.Data = data
	return o.show(v, "calendar", view)
}

// askedYear is the year of the address, else this one.
func (o *Ops) askedYear(v *opsVisit) (int, error) {
	typed := v.r.URL.Query().Get("year")
	if typed == "" {
		return o.parts.Now().In(o.zone()).Year(), nil
	}
	number, err := strconv.Atoi(typed)
	if err != nil || number < firstCalendarYear || number > lastCalendarYear {
		return 0, errNotFound
	}
	return number, nil
}

func (o *Ops) zone() *time.Location { return o.parts.Calendar.Desk.InForce().Zone() }

// momentForm is how browsers send a datetime-local field.
const momentForm = "2006-01-02T15:04"

// askedMoment reads the what-if; without one it is about now.
func (o *Ops) askedMoment(v *opsVisit, data opsCalendarPage) (time.Time, int, []page.FieldError) {
	query := v.r.URL.Query()
	at, days := o.parts.Now(), data.Days
	var faults []page.FieldError
	if typed := query.Get("at"); typed != "" {
		var err error
		if at, err = time.ParseInLocation(momentForm, typed, o.zone()); err != nil || at.Year() < firstCalendarYear || at.Year() > lastCalendarYear {
			faults = append(faults, page.FieldError{Field: "at", Key: "calendar.at.bad"})
		}
	}
	if typed := query.Get("days"); typed != "" {
		n, err := strconv.Atoi(typed)
		if err != nil || n < 0 || n > maxAskedDays {
			faults = append(faults, page.FieldError{Field: "days", Key: "calendar.days.bad", Params: text.Params{"max": maxAskedDays}})
		}
		days = n
	}
	return at, days, faults
}

func (o *Ops) calendarPage(v *opsVisit, number int) opsCalendarPage {
	days := o.parts.Calendar.Desk.InForce()
	year := o.parts.Calendar.year(number)
	data := opsCalendarPage{opsFrame: o.frame(v, opsCalendar), Number: number, Known: days.Known(number), Days: o.parts.Calendar.Days,
		Hours: days.Hours().String(), Act: slices.Contains(calendarKeepers(), v.member.Role)}
	data.Done = o.done(v, map[string]string{"saved": "calendar.saved"})
	o.calendarYears(v, &data)
	if data.Known {
		data.Origin, data.Source = o.originWords(v, year.Origin), year.Year.Source()
		data.Saved, data.Text = o.savedWords(v, year), string(year.Year.Text())
		data.File = opsCalendar + "/" + strconv.Itoa(number) + ".json"
		data.Spans = o.spans(v, year.Year.Days())
	}
	for month := time.January; month <= time.December; month++ {
		data.Months = append(data.Months, o.month(v, days, number, month))
	}
	return data
}

// calendarYears lists the years with data, those that lack it, and the one shown.
func (o *Ops) calendarYears(v *opsVisit, data *opsCalendarPage) {
	days := o.parts.Calendar.Desk.InForce()
	numbers := []int{data.Number}
	for _, y := range o.parts.Calendar.Desk.Years() {
		numbers = append(numbers, y.Year.Number())
	}
	for _, missing := range days.Missing(o.parts.Now()) {
		numbers = append(numbers, missing)
		data.Missing = append(data.Missing, o.say(v, "calendar.missing", text.Params{"year": missing}))
	}
	numbers = append(numbers, o.parts.Now().In(o.zone()).Year()+1)
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		tab := opsTab{Text: strconv.Itoa(n), Href: opsCalendar + "?year=" + strconv.Itoa(n), Current: n == data.Number}
		if !days.Known(n) {
			tab.Text = o.say(v, "calendar.year.unknown", text.Params{"year": n})
		}
		data.Years = append(data.Years, tab)
	}
}

func (o *Ops) originWords(v *opsVisit, origin CalendarOrigin) string {
	return o.word(v, map[string]string{string(CalendarShipped): "calendar.origin.shipped", string(CalendarFile): "calendar.origin.file",
		string(CalendarConsole): "calendar.origin.console"}, string(origin))
}

func (o *Ops) savedWords(v *opsVisit, y CalendarYear) string {
	if y.Origin != CalendarConsole {
		return ""
	}
	who := y.SavedBy
	if names, err := o.staffNames(v); err == nil && names[who] != "" {
		who = names[who]
	}
	return o.say(v, "calendar.saved_by", text.Params{"who": who, "time": o.parts.Catalog.Date(y.SavedAt)})
}

// month lays a month out in weeks.
func (o *Ops) month(v *opsVisit, days *workday.Calendar, number int, month time.Month) opsMonth {
	out := opsMonth{Name: o.say(v, "date.month."+strconv.Itoa(int(month)))}
	week := make([]opsDay, 0, 7)
	for _, day := range days.Month(number, month) {
		for place := (int(day.Date.Weekday()) + 6) % 7; len(week) < place; {
			week = append(week, opsDay{})
		}
		shown := opsDay{N: day.Date.Day, Kind: day.Kind}
		switch day.Kind {
		case workday.Holiday:
			shown.Mark, shown.Title = o.say(v, "calendar.mark.off"), day.Name.In(string(v.call.lang))
		case workday.Makeup:
			shown.Mark, shown.Title = o.say(v, "calendar.mark.work"), day.Name.In(string(v.call.lang))
		}
		if week = append(week, shown); len(week) == 7 {
			out.Weeks, week = append(out.Weeks, week), make([]opsDay, 0, 7)
		}
	}
	if len(week) > 0 {
		out.Weeks = append(out.Weeks, append(week, make([]opsDay, 7-len(week))...))
	}
	return out
}

// spans joins days that follow each other and are alike.
func (o *Ops) spans(v *opsVisit, days []workday.Day) []opsSpan {
	words := map[workday.Kind]string{workday.Holiday: o.say(v, "calendar.kind.holiday"), workday.Makeup: o.say(v, "calendar.kind.makeup")}
	var out []opsSpan
	var next workday.Date
	for _, day := range days {
		name := day.Name.In(string(v.call.lang))
		if n := len(out); n > 0 && day.Date == next && out[n-1].Kind == day.Kind && out[n-1].Name == name {
			out[n-1].To, out[n-1].Days = day.Date.String(), out[n-1].Days+1
		} else {
			out = append(out, opsSpan{From: day.Date.String(), To: day.Date.String(), Name: name, Kind: day.Kind, Words: words[day.Kind], Days: 1})
		}
		next = o.parts.Calendar.Desk.InForce().Day(workday.Date{Year: day.Date.Year, Month: day.Date.Month, Day: day.Date.Day + 1}).Date
	}
	return out
}

func (o *Ops) promise(v *opsVisit, at time.Time, days int) opsPromise {
	calendar := o.parts.Calendar.Desk.InForce()
	p := opsPromise{Due: calendar.Due(at, days)}
	p.Certain = calendar.Covers(at, p.Due)
	for _, step := range calendar.Explain(at, days) {
		d := step.Day.Date
		p.Steps = append(p.Steps, opsStep{Date: d.String(), Weekday: o.say(v, "date.weekday."+strconv.Itoa(int(d.Weekday()))),
			Words: stepWords(o.parts.Catalog, v.call.lang, step), Kind: step.Day.Kind,
			Counted: step.Code == workday.StepCounted || step.Code == workday.StepMakeup})
	}
	return p
}

// stepWords says what a day did to a due date: "why then?".
func stepWords(c *text.Catalog, lang text.Lang, s workday.Step) string {
	key := map[workday.StepCode]string{
		workday.StepNoData: "calendar.step.no_data", workday.StepAfterCutoff: "calendar.step.after_cutoff",
		workday.StepReceived: "calendar.step.received", workday.StepWeekend: "calendar.step.weekend",
		workday.StepHoliday: "calendar.step.holiday", workday.StepCounted: "calendar.step.counted", workday.StepMakeup: "calendar.step.makeup",
	}[s.Code]
	return c.T(lang, key, text.Params{"n": s.N, "year": s.Day.Date.Year, "name": s.Day.Name.In(string(lang))})
}
