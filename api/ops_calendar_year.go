package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"beian/api/page"
	"beian/internal/text"
	"beian/internal/workday"
	"beian/tasks"
)

// calendarFile hands a year out as the file that can be given in again.
func (o *Ops) calendarFile(v *opsVisit) error {
	number, found := strings.CutSuffix(v.r.PathValue("file"), ".json")
	year := o.parts.Calendar.year(wholeNumber(number))
	if !found || year.Year.Number() == 0 {
		return errNotFound
	}
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+strconv.Itoa(year.Year.Number())+`.json"`)
	v.w.Header().Set("Cache-Control", "no-store")
	_, err := v.w.Write(year.Year.Text())
	return err
}

// changeCalendar takes a year: first it shows what would change, or every fault;
// on the second step it saves.
func (o *Ops) changeCalendar(v *opsVisit) error {
	data, err := givenYear(v.r)
	if err != nil {
		return err
	}
	year, err := workday.ParseYear(data)
	var faulty *workday.FileError
	if errors.As(err, &faulty) {
		return o.refuseYear(v, data, faulty)
	}
	if err != nil {
		return err
	}
	if v.r.PostFormValue("step") == "save" {
		return o.saveYear(v, year)
	}
	return o.previewYear(v, year)
}

// givenYear is the uploaded file, or what was pasted.
func givenYear(r *http.Request) ([]byte, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && kind == "multipart/form-data" {
		if err := r.ParseMultipartForm(opsBody); err != nil {
			return nil, errors.Join(err, errMalformed)
		}
		if file, _, err := r.FormFile("calendar_file"); err == nil {
			defer file.Close()
			if data, err := io.ReadAll(file); err != nil || len(data) > 0 {
				return data, err
			}
		}
	}
	return []byte(r.PostFormValue("calendar_data")), nil
}

// refuseYear shows every fault by its date, and what was typed.
func (o *Ops) refuseYear(v *opsVisit, typed []byte, e *workday.FileError) error {
	view := o.view(v)
	for _, f := range e.Faults {
		view.Errors = append(view.Errors, page.FieldError{Field: "calendar_data", Code: calendarFault(f), Params: faultParams(o.parts.Catalog, v.call.lang, f)})
	}
	data := o.calendarPage(v, o.parts.Now().In(o.zone()).Year())
	data.At, data.Text = o.parts.Now().In(o.zone()).Format(momentForm), strings.ToValidUTF8(string(typed), "�")
	data.Promise = o.promise(v, o.parts.Now(), data.Days)
	view.Values = url.Values{"calendar_data": {data.Text}}
	view.Data = data
	return o.show(v, "calendar", view)
}

// calendarFault is the code of a fault in the catalogs and in problems.
func calendarFault(f workday.Fault) string { return "CALENDAR_" + strings.ToUpper(string(f.Code)) }

// faultParams say where a fault is: the date, or the place in the list.
func faultParams(c *text.Catalog, lang text.Lang, f workday.Fault) text.Params {
	where := f.Date
	if where == "" && f.Entry > 0 {
		where = c.T(lang, "calendar.entry", text.Params{"n": f.Entry})
	}
	return text.Params{"where": where, "note": f.Note}
}

// opsYearPage is what saving a year would change.
type opsYearPage struct {
	opsFrame
	Number  int
	Source  string
	Origin  string // of the year that it replaces
	Version int64
	Rows    []opsChange
	Text    string
}

type opsChange struct{ Date, Weekday, Before, After string }

func (o *Ops) previewYear(v *opsVisit, y workday.Year) error {
	before := o.parts.Calendar.year(y.Number())
	data := opsYearPage{opsFrame: o.frame(v, opsCalendar), Number: y.Number(), Source: y.Source(), Version: before.Version, Text: string(y.Text())}
	if before.Year.Number() > 0 {
		data.Origin = o.originWords(v, before.Origin)
	}
	old, next := o.parts.Calendar.Desk.InForce(), workday.New(y)
	first, last := workday.Date{Year: y.Number(), Month: time.January, Day: 1}, workday.Date{Year: y.Number(), Month: time.December, Day: 31}
	for _, day := range next.Strip(first, last) {
		was := old.Strip(day.Date, day.Date)[0]
		if was.Kind == day.Kind && was.Name == day.Name {
			continue
		}
		data.Rows = append(data.Rows, opsChange{Date: day.Date.String(), Weekday: o.say(v, "date.weekday."+strconv.Itoa(int(day.Date.Weekday()))),
			Before: o.dayWords(v, was), After: o.dayWords(v, day)})
	}
	view := o.view(v)
	view.Data = data
	return o.show(v, "calendar-preview", view)
}

func (o *Ops) dayWords(v *opsVisit, d workday.Day) string {
	key := map[workday.Kind]string{workday.Working: "calendar.kind.working", workday.Weekend: "calendar.kind.weekend",
		workday.Holiday: "calendar.kind.holiday", workday.Makeup: "calendar.kind.makeup"}[d.Kind]
	return strings.TrimSpace(o.say(v, key) + " " + d.Name.In(string(v.call.lang)))
}

func (o *Ops) saveYear(v *opsVisit, y workday.Year) error {
	version, err := strconv.ParseInt(v.r.PostFormValue("version"), 10, 64)
	if err != nil || version < 0 {
		return errMalformed
	}
	number := strconv.Itoa(y.Number())
	entry := calendarEntry(y, number)
	entry.Actor, entry.RequestID = v.actor(), v.call.id
	err = o.parts.Calendar.Desk.Save(v.r.Context(), y, version, entry)
	if errors.Is(err, tasks.ErrStale) {
		return errStateChanged // somebody else saved it after this preview
	}
	if err != nil {
		return err
	}
	v.redirect(opsCalendar + "?year=" + number + "&done=saved")
	return nil
}
