package workday

import (
	"fmt"
	"strings"
	"time"
)

const (
	defaultOpen  = 9 * time.Hour
	defaultClose = 18 * time.Hour
)

// Hours are the office hours of a working day, to the minute. The zero value is 09:00-18:00.
type Hours struct {
	open, close time.Duration // since midnight; both zero is the default
}

// ParseHours reads "09:00-18:00". Opening must come before closing; 24:00 is the end of the day.
func ParseHours(text string) (Hours, error) {
	from, to, found := strings.Cut(text, "-")
	opens, okFrom := parseClock(from)
	closes, okTo := parseClock(to)
	if !found || !okFrom || !okTo {
		return Hours{}, fmt.Errorf("reading office hours: want HH:MM-HH:MM")
	}
	if opens >= closes {
		return Hours{}, fmt.Errorf("reading office hours: opening must come before closing")
	}
	return Hours{opens, closes}, nil
}

func parseClock(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}

// Open is the time from midnight to opening.
func (h Hours) Open() time.Duration { return h.orDefault().open }

// Close is the time from midnight to closing, which is also the cut-off (V2).
func (h Hours) Close() time.Duration { return h.orDefault().close }

// Length is the working time of one working day.
func (h Hours) Length() time.Duration { return h.Close() - h.Open() }

// String prints what ParseHours reads.
func (h Hours) String() string {
	return clockText(h.Open()) + "-" + clockText(h.Close())
}

func clockText(clock time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(clock.Hours()), int(clock.Minutes())%60)
}

func (h Hours) orDefault() Hours {
	if h == (Hours{}) {
		return Hours{defaultOpen, defaultClose}
	}
	return h
}
