package workday

import (
	"fmt"
	"time"
)

const (
	secondsPerDay = 24 * 60 * 60
	zoneOffset    = 8 * 60 * 60 // UTC+8, seconds
)

// Date is a day in Shanghai, comparable with ==.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads YYYY-MM-DD; a day that does not exist is an error.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("reading a date: want YYYY-MM-DD of a day that exists")
	}
	year, month, day := t.Date()
	return Date{year, month, day}, nil
}

// String prints YYYY-MM-DD.
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Weekday()
}

// serial numbers days from 1970-01-01, which is 0; days out of range of the month carry over as in time.Date.
func (d Date) serial() int64 {
	return floorDiv(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix(), secondsPerDay)
}

func dateOf(serial int64) Date {
	year, month, day := time.Unix(serial*secondsPerDay, 0).UTC().Date()
	return Date{year, month, day}
}

// split gives the day in Shanghai and the time since its midnight.
func split(t time.Time) (serial int64, clock time.Duration) {
	local := t.Unix() + zoneOffset
	serial = floorDiv(local, secondsPerDay)
	return serial, time.Duration(local-serial*secondsPerDay)*time.Second + time.Duration(t.Nanosecond())
}

// join is the inverse of split.
func join(serial int64, clock time.Duration, zone *time.Location) time.Time {
	return time.Unix(serial*secondsPerDay-zoneOffset, int64(clock)).In(zone)
}

// 1970-01-01 was a Thursday, so serial -3 is the Monday that weeks are counted from.
const mondayShift = 3

func isWeekend(serial int64) bool {
	return floorMod(serial+mondayShift, 7) >= 5
}

// weekdaysBefore counts Mondays to Fridays from the first counted Monday up to, not including, a day.
func weekdaysBefore(serial int64) int64 {
	days := serial + mondayShift
	return floorDiv(days, 7)*5 + min(floorMod(days, 7), 5)
}

// weekdayNumber is the inverse of weekdaysBefore: the weekday that has n weekdays before it.
func weekdayNumber(n int64) (serial int64) {
	return floorDiv(n, 5)*7 + floorMod(n, 5) - mondayShift
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 {
	return a - floorDiv(a, b)*b
}
