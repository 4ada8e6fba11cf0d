package workday

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"
)

// Kind says why a day is a working day or is not. Kinds are permanent strings.
type Kind string

// The kinds of days.
const (
	Working Kind = "working" // a weekday
	Weekend Kind = "weekend" // a Saturday or Sunday
	Holiday Kind = "holiday" // declared off; a weekend day inside of a holiday, too
	Makeup  Kind = "makeup"  // a weekend day declared a working day
)

// Day is one day of the calendar.
type Day struct {
	Date    Date
	Kind    Kind
	Working bool // Working and Makeup
	Name    Name // of the holiday, or of the one a make-up day makes up for; empty for other days
	Known   bool // whether there is data for the year; a guess by weekday otherwise
}

// Calendar answers for every day and never changes; any number of goroutines may use it. Make one with New.
type Calendar struct {
	hours   Hours
	zone    *time.Location
	years   map[int]Year
	special []special // of all years, ascending
	serials []int64   // of special, for the search
	// shift[i] is by how many the specials before i change the count of working days; its extremes bound the search for
	// the nth working day.
	shift              []int64
	minShift, maxShift int64
	version            string
}

// New makes a calendar with office hours 09:00-18:00. Of years with the same number the later one holds, so that an
// operator's file replaces a shipped one and the console's replaces both; it replaces the whole year.
func New(years ...Year) *Calendar {
	c := &Calendar{zone: time.FixedZone("CST", zoneOffset), years: make(map[int]Year, len(years))}
	for _, year := range years {
		if year.number != 0 {
			c.years[year.number] = year
		}
	}
	for _, year := range c.Years() {
		c.special = append(c.special, year.days...)
	}
	c.index()
	c.version = c.digest()
	return c
}

// WithHours gives the same calendar with other office hours.
func (c *Calendar) WithHours(hours Hours) *Calendar {
	other := *c
	other.hours = hours
	other.version = other.digest()
	return &other
}

func (c *Calendar) index() {
	sum := int64(0)
	c.shift = append(make([]int64, 0, len(c.special)+1), 0)
	c.serials = make([]int64, len(c.special))
	for i, day := range c.special {
		switch weekend := isWeekend(day.serial); {
		case day.off && !weekend:
			sum--
		case !day.off && weekend:
			sum++
		}
		c.serials[i] = day.serial
		c.shift = append(c.shift, sum)
	}
	c.minShift, c.maxShift = slices.Min(c.shift), slices.Max(c.shift)
}

func (c *Calendar) digest() string {
	sum := sha256.New()
	sum.Write([]byte(c.hours.String()))
	for _, year := range c.Years() {
		sum.Write(year.Text())
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Version is 16 hex digits that change whenever hours or data change. Kept beside a due date, it tells which dates to
// compute again after a new notice.
func (c *Calendar) Version() string { return c.version }

// Hours are the office hours.
func (c *Calendar) Hours() Hours { return c.hours.orDefault() }

// Zone is Shanghai's, in which every moment of this package is given.
func (c *Calendar) Zone() *time.Location { return c.zone }

// Years lists the years with data, ascending.
func (c *Calendar) Years() []Year {
	years := make([]Year, 0, len(c.years))
	for _, number := range slices.Sorted(maps.Keys(c.years)) {
		years = append(years, c.years[number])
	}
	return years
}

// Known reports whether there is data for a year; without it only weekends count as off (V2).
func (c *Calendar) Known(year int) bool {
	_, known := c.years[year]
	return known
}

// Missing lists the years without data that a promise made now may touch: this year and, from November on, when next
// year's notice is usually out, the next. Readiness and console show them (V2).
func (c *Calendar) Missing(now time.Time) []int {
	local := now.In(c.zone)
	touched := []int{local.Year()}
	if local.Month() >= time.November {
		touched = append(touched, local.Year()+1)
	}
	return slices.DeleteFunc(touched, c.Known)
}

// Covers reports whether there is data for every year from one moment to another, so that a due date between them is
// certain and not provisional (V2).
func (c *Calendar) Covers(from, to time.Time) bool {
	for year := from.In(c.zone).Year(); year <= to.In(c.zone).Year(); year++ {
		if !c.Known(year) {
			return false
		}
	}
	return true
}

// Date is the day a moment falls on in Shanghai.
func (c *Calendar) Date(t time.Time) Date {
	serial, _ := split(t)
	return dateOf(serial)
}

// Day says what a day is. Dates that do not exist carry over as in time.Date: 31 April is 1 May.
func (c *Calendar) Day(date Date) Day { return c.dayAt(date.serial()) }

// Month lists all days of a month.
func (c *Calendar) Month(year int, month time.Month) []Day {
	return c.Strip(Date{year, month, 1}, Date{year, month + 1, 0})
}

// Strip lists the days from one to another, both included; none when to comes before from. The confirmation page draws
// the days up to a due date with it.
func (c *Calendar) Strip(from, to Date) []Day {
	first, last := from.serial(), to.serial()
	days := make([]Day, 0, max(last-first+1, 0))
	for serial := first; serial <= last; serial++ {
		days = append(days, c.dayAt(serial))
	}
	return days
}

func (c *Calendar) dayAt(serial int64) Day {
	if i, found := slices.BinarySearch(c.serials, serial); found {
		return c.special[i].day()
	}
	day := Day{Date: dateOf(serial), Kind: Working, Working: true}
	if isWeekend(serial) {
		day.Kind, day.Working = Weekend, false
	}
	day.Known = c.Known(day.Date.Year)
	return day
}

func (s special) day() Day {
	day := Day{Date: dateOf(s.serial), Kind: Makeup, Working: true, Name: s.name, Known: true}
	if s.off {
		day.Kind, day.Working = Holiday, false
	}
	return day
}

// isWorking is dayAt(serial).Working without the rest.
func (c *Calendar) isWorking(serial int64) bool {
	if i, found := slices.BinarySearch(c.serials, serial); found {
		return !c.special[i].off
	}
	return !isWeekend(serial)
}

// workdaysBefore counts working days from a fixed day in 1969 up to, not including, a day.
func (c *Calendar) workdaysBefore(serial int64) int64 {
	i, _ := slices.BinarySearch(c.serials, serial)
	return weekdaysBefore(serial) + c.shift[i]
}

// workday is the inverse of workdaysBefore: the working day that has n working days before it. By weekdays alone it
// would lie within a few weeks, so halving that span finds it.
func (c *Calendar) workday(n int64) (serial int64) {
	low, high := weekdayNumber(n-c.maxShift), weekdayNumber(n-c.minShift)
	for low < high {
		middle := low + floorDiv(high-low, 2)
		if c.workdaysBefore(middle+1) > n {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
