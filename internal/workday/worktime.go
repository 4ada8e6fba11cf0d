package workday

import (
	"math"
	"time"
)

// spot is a moment on the axis of working time: so many working days, and so much of the next one. Closing time and
// the next opening are the same spot.
type spot struct {
	days   int64
	within time.Duration // at least 0, less than a working day
}

func (c *Calendar) spot(t time.Time) spot {
	serial, clock := split(t)
	switch hours := c.Hours(); {
	case !c.isWorking(serial) || clock < hours.open:
		return spot{days: c.workdaysBefore(serial)}
	case clock >= hours.close:
		return spot{days: c.workdaysBefore(serial + 1)}
	default:
		return spot{days: c.workdaysBefore(serial), within: clock - hours.open}
	}
}

// Between is the working time from a to b, negative when b comes before a. It is exact to the nanosecond; spans of more
// than 292 years of working time give the longest Duration.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	from, to, length := c.spot(a), c.spot(b), c.Hours().Length()
	days := to.days - from.days
	switch limit := int64(math.MaxInt64/length) - 1; {
	case days > limit:
		return math.MaxInt64
	case days < -limit:
		return math.MinInt64
	}
	return time.Duration(days)*length + to.within - from.within
}

// Add gives the moment by which d of working time has passed since t, so that Between(t, Add(t, d)) is d. Where
// several moments qualify it is the one nearest to t: nine hours after opening time is closing time, not the next
// opening; with a negative d, nine hours before closing time is opening time. Add(t, 0) is t.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d == 0 {
		return t.In(c.zone)
	}
	at, hours := c.spot(t), c.Hours()
	length := hours.Length()
	at.days += floorDuration(d, length)
	at.within += d - time.Duration(floorDuration(d, length))*length
	if at.within >= length {
		at.days, at.within = at.days+1, at.within-length
	}
	if d > 0 && at.within == 0 {
		return join(c.workday(at.days-1), hours.close, c.zone)
	}
	return join(c.workday(at.days), hours.open+at.within, c.zone)
}

func floorDuration(d, length time.Duration) int64 { return floorDiv(int64(d), int64(length)) }

// Share gives the moment by which percent of the working time from start to due is used, for the reminders at 50 and
// 80 (V3). It is never before start nor after due: at 0 or less it is start, at 100 or more, or when no working time
// lies between them, it is due. It is exact to 100 nanoseconds.
func (c *Calendar) Share(start, due time.Time, percent int) time.Time {
	total := c.Between(start, due)
	if percent >= 100 || total <= 0 {
		return due.In(c.zone)
	}
	return c.Add(start, total/100*time.Duration(max(percent, 0)))
}

// Shift gives the due date after a pause (V2): the working time that was left when the clock stopped is left again
// when it goes on. A promise never moves forward: the result is not before due. Two cases leave due as it is: a pause
// that begins after it, because a broken promise stays broken (V3), and a pause that ends before it begins. A pause
// from the very moment of due leaves no time, so that the case is due when it is resumed.
func (c *Calendar) Shift(due, pausedAt, resumedAt time.Time) time.Time {
	due = due.In(c.zone)
	if pausedAt.After(due) {
		return due
	}
	if shifted := c.Add(resumedAt, c.Between(pausedAt, due)); shifted.After(due) {
		return shifted
	}
	return due // no working time passed, or resumedAt is not after pausedAt
}
