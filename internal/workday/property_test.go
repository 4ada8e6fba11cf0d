package workday_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // the properties read clocks by the real zone, the package by a fixed one

	"pgregory.net/rapid"

	"beian/internal/workday"
)

// office is what a person with a wall calendar and a watch knows. It counts minutes one by one and shares nothing with
// the package: no day numbers, no sums, and the zone of the tz database.
type office struct {
	zone        *time.Location
	off, makeup map[string]bool
	open, close int // minutes since midnight
}

func (o office) worksOn(t time.Time) bool {
	date := t.In(o.zone).Format(time.DateOnly)
	if o.off[date] || o.makeup[date] {
		return o.makeup[date]
	}
	weekday := t.In(o.zone).Weekday()
	return weekday != time.Saturday && weekday != time.Sunday
}

func (o office) clock(t time.Time) int {
	hour, minute, _ := t.In(o.zone).Clock()
	return hour*60 + minute
}

// works says whether the minute that begins at t is working time.
func (o office) works(t time.Time) bool {
	return o.clock(t) >= o.open && o.clock(t) < o.close && o.worksOn(t)
}

func (o office) between(a, b time.Time) (minutes int) {
	for ; a.Before(b); a = a.Add(time.Minute) {
		if o.works(a) {
			minutes++
		}
	}
	return minutes
}

func (o office) add(t time.Time, minutes int) time.Time {
	for ; minutes > 0; t = t.Add(time.Minute) {
		if o.works(t) {
			minutes--
		}
	}
	return t
}

func (o office) subtract(t time.Time, minutes int) time.Time {
	for ; minutes > 0; t = t.Add(-time.Minute) {
		if o.works(t.Add(-time.Minute)) {
			minutes--
		}
	}
	return t
}

// due waits for the first minute of a working day before closing time, which makes that day the day of receipt, and
// then for closing time on as many more working days.
func (o office) due(t time.Time, days int) time.Time {
	for !o.worksOn(t) || o.clock(t) >= o.close {
		t = t.Add(time.Minute)
	}
	for ; ; t = t.Add(time.Minute) {
		last := t.Add(-time.Minute)
		if o.works(last) && o.clock(last) == o.close-1 {
			if days == 0 {
				return t
			}
			days--
		}
	}
}

// drawOffice makes up a calendar around the year's end of 2027, with data for 2027, 2028, both or neither.
func drawOffice(t *rapid.T) (office, *workday.Calendar) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	open := rapid.SampledFrom([]int{9 * 60, 0, 8*60 + 30}).Draw(t, "open")
	closes := rapid.SampledFrom([]int{18 * 60, 17*60 + 30, 24 * 60, open + 1}).Draw(t, "close")
	o := office{zone: zone, off: map[string]bool{}, makeup: map[string]bool{}, open: open, close: closes}
	var years []workday.Year
	for _, number := range []int{2027, 2028} {
		if rapid.Bool().Draw(t, fmt.Sprint("data for ", number)) {
			years = append(years, o.drawYear(t, number))
		}
	}
	hours, err := workday.ParseHours(fmt.Sprintf("%02d:%02d-%02d:%02d", open/60, open%60, closes/60, closes%60))
	if err != nil {
		t.Fatal(err)
	}
	return o, workday.New(years...).WithHours(hours)
}

func (o office) drawYear(t *rapid.T, number int) workday.Year {
	type name struct {
		Chinese string `json:"zh-CN"`
		English string `json:"en"`
	}
	type entry struct {
		Date string `json:"date"`
		Off  bool   `json:"off"`
		Name name   `json:"name"`
	}
	var entries []entry
	for d := time.Date(number, 1, 1, 12, 0, 0, 0, o.zone); d.Year() == number; d = d.AddDate(0, 0, 1) {
		fixed := d.Day() == 1 && (d.Month() == 1 || d.Month() == 5 || d.Month() == 10)
		nearEnd := d.Month() == 12 || d.Month() == 1
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		kind := 0
		if nearEnd && !fixed {
			kind = rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "kind")
		}
		date := d.Format(time.DateOnly)
		switch {
		case fixed || kind == 1:
			o.off[date] = true
		case kind == 2 && weekend:
			o.makeup[date] = true
		default:
			continue
		}
		entries = append(entries, entry{date, o.off[date], name{"节", "Holiday"}})
	}
	text, err := json.Marshal(map[string]any{"year": number, "source": "drawn", "days": entries})
	if err != nil {
		t.Fatal(err)
	}
	year, err := workday.ParseYear(text)
	if err != nil {
		t.Fatal(err)
	}
	return year
}

// drawMinute is a whole minute within six weeks around the year's end.
func drawMinute(t *rapid.T, label string) time.Time {
	base := time.Date(2027, 12, 11, 0, 0, 0, 0, time.UTC)
	return base.Add(time.Duration(rapid.IntRange(0, 42*24*60).Draw(t, label)) * time.Minute)
}

// drawMoment is any nanosecond of the same weeks.
func drawMoment(t *rapid.T, label string) time.Time {
	return drawMinute(t, label).Add(time.Duration(rapid.Int64Range(0, int64(time.Minute)-1).Draw(t, label+" and")))
}

func same(t *rapid.T, what string, got, want time.Time) {
	t.Helper()
	if !got.Equal(want) {
		t.Fatalf("%s: got %v, counting minutes gives %v", what, got, want)
	}
}

func TestDueIsWhatCountingMinutesGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, c := drawOffice(t)
		start, days := drawMinute(t, "start"), rapid.IntRange(0, 10).Draw(t, "days")
		due := c.Due(start, days)
		same(t, "Due", due, o.due(start, days))
		same(t, "Due within the minute", c.Due(start.Add(59*time.Second+999), days), due)
	})
}

func TestWorkingTimeIsWhatCountingMinutesGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, c := drawOffice(t)
		a, b := drawMinute(t, "a"), drawMinute(t, "b")
		if b.Before(a) {
			a, b = b, a
		}
		minutes := o.between(a, b)
		if got := c.Between(a, b); got != time.Duration(minutes)*time.Minute {
			t.Fatalf("Between: got %v, counting minutes gives %d", got, minutes)
		}
		if got := c.Between(b, a); got != -time.Duration(minutes)*time.Minute {
			t.Fatalf("Between, swapped: got %v, counting minutes gives %d", got, minutes)
		}
		part := rapid.IntRange(0, minutes).Draw(t, "part")
		same(t, "Add", c.Add(a, time.Duration(part)*time.Minute), o.add(a, part))
		same(t, "Add backwards", c.Add(b, -time.Duration(part)*time.Minute), o.subtract(b, part))
	})
}

func TestSharesAndPausesAreWhatCountingMinutesGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o, c := drawOffice(t)
		start := drawMinute(t, "start")
		due := o.due(start, rapid.IntRange(1, 6).Draw(t, "days"))
		total := o.between(start, due)
		share := rapid.SampledFrom([]int{50, 80}).Draw(t, "percent")
		whole := o.add(start, total*share/100) // the share may lie within the next minute
		if got := c.Share(start, due, share); got.Before(whole) || c.Between(whole, got) >= time.Minute {
			t.Fatalf("Share: got %v, counting minutes gives %v", got, whole)
		}
		paused := start.Add(time.Duration(rapid.IntRange(0, int(due.Sub(start)/time.Minute)-1).Draw(t, "paused")) * time.Minute)
		resumed := paused.Add(time.Duration(rapid.IntRange(0, 7*24*60).Draw(t, "for")) * time.Minute)
		want := o.add(resumed, o.between(paused, due))
		same(t, "Shift", c.Shift(due, paused, resumed), want)
	})
}

func TestWorkingTimeAddsUpToTheNanosecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawOffice(t)
		a, b := drawMoment(t, "a"), drawMoment(t, "b")
		middle := drawMoment(t, "middle")
		if c.Between(a, middle)+c.Between(middle, b) != c.Between(a, b) {
			t.Fatal("the parts must sum up to the whole")
		}
		d := time.Duration(rapid.Int64Range(-1e15, 1e15).Draw(t, "d"))
		then := c.Add(a, d)
		if got := c.Between(a, then); got != d {
			t.Fatalf("%v after %v lie %v of working time", d, a, got)
		}
		if d > 0 && c.Between(a, then.Add(-1)) != d-1 || d < 0 && c.Between(a, then.Add(1)) != d+1 {
			t.Fatalf("%v is not the moment nearest to %v", then, a)
		}
	})
}

func TestSharesNeverRunBackwardsNorBeyondTheDueDate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawOffice(t)
		start, due := drawMoment(t, "start"), drawMoment(t, "due")
		if due.Before(start) {
			start, due = due, start
		}
		percent := rapid.IntRange(-10, 110).Draw(t, "percent")
		earlier, later := c.Share(start, due, percent), c.Share(start, due, percent+1)
		if earlier.Before(start) || later.After(due) || later.Before(earlier) {
			t.Fatalf("%d %% is %v, one more %v, of %v to %v", percent, earlier, later, start, due)
		}
	})
}

func TestAPauseNeverBringsADueDateForwardNorEatsWorkingTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawOffice(t)
		due, paused, resumed := drawMoment(t, "due"), drawMoment(t, "paused"), drawMoment(t, "resumed")
		shifted := c.Shift(due, paused, resumed)
		if shifted.Before(due) {
			t.Fatal("a due date came forward")
		}
		if (paused.After(due) || resumed.Before(paused)) && !shifted.Equal(due) {
			t.Fatal("what is no pause of this promise moved it")
		}
		if !paused.After(due) && !resumed.Before(paused) && c.Between(resumed, shifted) != c.Between(paused, due) {
			t.Fatalf("%v was left, then %v", c.Between(paused, due), c.Between(resumed, shifted))
		}
	})
}

func TestExplainTellsEveryDayOnceAndEndsOnTheDueDate(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		_, c := drawOffice(t)
		start, days := drawMoment(t, "start"), rapid.IntRange(0, 10).Draw(t, "days")
		steps := c.Explain(start, days)
		var told []workday.Day
		received, counted := 0, 0
		for _, step := range steps {
			if step.Code == workday.StepNoData {
				continue
			}
			told = append(told, step.Day)
			switch step.Code {
			case workday.StepReceived:
				received++
			case workday.StepCounted, workday.StepMakeup:
				if counted++; step.N != counted || received != 1 {
					t.Fatalf("day %d is counted as %d", counted, step.N)
				}
			}
		}
		due := c.Due(start, days)
		last := c.Date(due.Add(-time.Nanosecond)) // 24:00 is still the day
		if received != 1 || counted != days || steps[len(steps)-1].Day.Date != last {
			t.Fatalf("received %d times, %d days counted, the last is %v, due is %v", received, counted, steps[len(steps)-1].Day.Date, due)
		}
		strip := c.Strip(c.Date(start), last)
		if fmt.Sprint(strip) != fmt.Sprint(told) {
			t.Fatalf("told %v of %v", told, strip)
		}
	})
}
