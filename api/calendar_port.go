package api

import (
	"context"
	"time"

	"beian/internal/workday"
	"beian/tasks"
)

// CalendarDesk is the calendar of working days with its years (V2).
type CalendarDesk interface {
	// InForce is the calendar of this moment; it never changes.
	InForce() *workday.Calendar
	// Years lists the years in force, ascending.
	Years() []CalendarYear
	// Save stores a year over the version that its saver saw, 0 when the console had
	// stored none, and journals it; the dates of open reviews follow.
	// tasks.ErrStale when somebody else saved it in between.
	Save(ctx context.Context, y workday.Year, version int64, by tasks.Entry) error
}

// CalendarOrigin says where a year comes from; permanent strings.
type CalendarOrigin string

// With the program, from a file of the operator, from the console.
const (
	CalendarShipped CalendarOrigin = "shipped"
	CalendarFile    CalendarOrigin = "file"
	CalendarConsole CalendarOrigin = "console"
)

// CalendarYear is a year in force. Version, SavedBy (an id) and SavedAt are those
// of the console's.
type CalendarYear struct {
	Year    workday.Year
	Origin  CalendarOrigin
	Version int64
	SavedBy string
	SavedAt time.Time
}

// CalendarParts is what the calendar's page and operations are made of.
type CalendarParts struct {
	Desk CalendarDesk // nil: there is no calendar to see
	Days int          // working days that a review is promised in (L7)
	Now  func() time.Time
}

func (p CalendarParts) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// year finds one in force; an absent one is zero.
func (p CalendarParts) year(number int) CalendarYear {
	for _, y := range p.Desk.Years() {
		if y.Year.Number() == number {
			return y
		}
	}
	return CalendarYear{}
}

// calendarKeepers may change the calendar: it is a policy, and supervisors answer
// for the promises that hang on it (V4).
func calendarKeepers() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorSupervisor, tasks.ActorOperator}
}

// calendarEntry is the journal's row of a saved year.
func calendarEntry(y workday.Year, number string) tasks.Entry {
	return tasks.Entry{Action: "calendar.save", Object: number, Reason: cleanReason(y.Source()), Outcome: "done"}
}

// Bounds of what is asked in advance: the years that a calendar can have, and more
// days than any promise has.
const (
	firstCalendarYear = 2000
	lastCalendarYear  = 2199
	maxAskedDays      = 60
)
