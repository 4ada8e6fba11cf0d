package workday

import "time"

// StepCode says what a day did to a due date. Codes are permanent: pages turn them into words.
type StepCode string

// The steps of an explanation.
const (
	// StepNoData comes before the first step in a year without data: from here on it is a guess by weekday (V2).
	StepNoData StepCode = "no_data"
	// StepAfterCutoff means that the start came on this working day at closing time or later.
	StepAfterCutoff StepCode = "after_cutoff"
	// StepReceived is the day that counts as the day of receipt, day 0: the start's own, or the next working day.
	StepReceived StepCode = "received"
	// StepWeekend is a day that was skipped.
	StepWeekend StepCode = "weekend"
	// StepHoliday is a day that was skipped; Day.Name says for which holiday.
	StepHoliday StepCode = "holiday"
	// StepCounted is working day N.
	StepCounted StepCode = "counted"
	// StepMakeup is working day N on a weekend; Day.Name says which holiday it makes up for.
	StepMakeup StepCode = "makeup"
)

// Step is one day on the way to a due date.
type Step struct {
	Code StepCode
	Day  Day
	N    int // of StepCounted and StepMakeup, from 1
}

// Pause is a time in which the applicant was on turn. A zero Until means that it lasts.
type Pause struct {
	From, Until time.Time
}

// Due is the end of the Nth working day after the day of receipt, at closing time (V2, L7: the promise is 2). What
// arrives at closing time or later, or on a day off, counts as received on the next working day. days below 0 count as
// 0, the end of the day of receipt. The table in the package's documentation has examples.
func (c *Calendar) Due(start time.Time, days int) time.Time {
	serial, clock := split(start)
	received := c.workdaysBefore(serial)
	if c.isWorking(serial) && clock >= c.Hours().close {
		received++
	}
	return join(c.workday(received+int64(max(days, 0))), c.Hours().close, c.zone)
}

// Explain tells day by day how Due comes to its date: one step for every day from the start's to the due date, with
// StepNoData before the first day of each year without data. The day of the last step is the due date.
func (c *Calendar) Explain(start time.Time, days int) []Step {
	serial, clock := split(start)
	var steps []Step
	year, late := 0, clock >= c.Hours().close
	for n := -1; n < max(days, 0); serial++ { // n is the last working day counted; day 0 is the day of receipt
		day := c.dayAt(serial)
		if day.Date.Year != year && !day.Known {
			steps = append(steps, Step{Code: StepNoData, Day: day})
		}
		year = day.Date.Year
		step := Step{Code: day.step(), Day: day}
		switch {
		case day.Working && late:
			step.Code = StepAfterCutoff
		case day.Working && n < 0:
			step.Code, n = StepReceived, 0
		case day.Working:
			n++
			step.N = n
		}
		late = false // only the first day can be over already
		steps = append(steps, step)
	}
	return steps
}

func (d Day) step() StepCode {
	switch d.Kind {
	case Weekend:
		return StepWeekend
	case Holiday:
		return StepHoliday
	case Makeup:
		return StepMakeup
	default:
		return StepCounted
	}
}

// Replay computes a due date again from the start, with the pauses so far in their order: what Due and one Shift for
// each pause would have given with this calendar. It is how due dates are brought up to date after a new notice. A
// pause that lasts has no end to shift by; the due date is then as it stood when the pause began. The result may come
// before a promise already given, when a notice makes a day off a working day: which of the two holds is the caller's
// to say.
func (c *Calendar) Replay(start time.Time, days int, pauses []Pause) time.Time {
	due := c.Due(start, days)
	for _, pause := range pauses {
		if !pause.Until.IsZero() {
			due = c.Shift(due, pause.From, pause.Until)
		}
	}
	return due
}
