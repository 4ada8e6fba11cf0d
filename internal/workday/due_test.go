package workday_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/workday"
)

const minute = "2006-01-02 15:04"

func TestV2L7DueIsTheEndOfTheNthWorkingDayAfterReceipt(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, start string
		days        int
		want        string
	}{
		{"an ordinary Tuesday", "2026-03-03 10:00", 2, "2026-03-05 18:00"},
		{"before opening", "2026-03-03 03:00", 2, "2026-03-05 18:00"},
		{"the last minute", "2026-03-03 17:59", 2, "2026-03-05 18:00"},
		{"the cut-off itself", "2026-03-03 18:00", 2, "2026-03-06 18:00"},
		{"late at night", "2026-03-03 23:59", 2, "2026-03-06 18:00"},
		{"over a weekend", "2026-03-05 17:40", 2, "2026-03-09 18:00"},
		{"Friday after the cut-off", "2026-03-06 18:30", 2, "2026-03-11 18:00"},
		{"Saturday", "2026-03-07 12:00", 2, "2026-03-11 18:00"},
		{"Sunday night", "2026-03-08 23:59", 2, "2026-03-11 18:00"},
		{"no days at all", "2026-03-03 10:00", 0, "2026-03-03 18:00"},
		{"fewer than none", "2026-03-03 10:00", -3, "2026-03-03 18:00"},
		{"a working week", "2026-03-03 10:00", 5, "2026-03-10 18:00"},
		{"National Day, before the cut-off", "2026-09-30 17:59", 2, "2026-10-09 18:00"},
		{"National Day, after the cut-off: ends on a make-up Saturday", "2026-09-30 18:01", 2, "2026-10-10 18:00"},
		{"in the middle of National Day", "2026-10-03 09:00", 2, "2026-10-10 18:00"},
		{"2025's National Day with Mid-Autumn: 8 days, make-up Saturday", "2025-09-30 10:00", 3, "2025-10-11 18:00"},
		{"Spring Festival 2026: a make-up Saturday before it counts", "2026-02-13 10:00", 2, "2026-02-24 18:00"},
		{"on that make-up Saturday", "2026-02-14 10:00", 2, "2026-02-25 18:00"},
		{"on that make-up Saturday after the cut-off", "2026-02-14 18:00", 2, "2026-02-26 18:00"},
		{"the make-up Saturday after Spring Festival", "2026-02-26 10:00", 2, "2026-02-28 18:00"},
		{"Spring Festival 2025 begins after a make-up Sunday", "2025-01-24 10:00", 2, "2025-01-27 18:00"},
		{"2024: New Year's Eve is a working day, two make-up Sundays", "2024-02-08 10:00", 2, "2024-02-18 18:00"},
		{"received on the make-up Sunday", "2024-02-18 09:00", 1, "2024-02-19 18:00"},
		{"a make-up Sunday after New Year", "2025-12-31 10:00", 1, "2026-01-04 18:00"},
		{"over New Year", "2025-12-30 10:00", 2, "2026-01-04 18:00"},
		{"received on New Year's Day", "2026-01-01 00:00", 2, "2026-01-06 18:00"},
		{"into a year without data", "2026-12-31 10:00", 2, "2027-01-04 18:00"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := calendar(t).Due(at(t, c.start).UTC(), c.days)
			if got.Format(minute) != c.want {
				t.Errorf("%s and %d days: want %s, got %s", c.start, c.days, c.want, got.Format(minute))
			}
			if _, offset := got.Zone(); offset != 8*60*60 {
				t.Errorf("it is given in another zone than Shanghai's: %v", got)
			}
		})
	}
}

func TestV2ExplainAnswersWhyThen(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, start string
		days        int
		want        []string
	}{
		{"an ordinary Tuesday", "2026-03-03 10:00", 2, []string{"03-03 received", "03-04 counted 1", "03-05 counted 2"}},
		{"after the cut-off on a Friday", "2026-03-06 18:00", 1, []string{
			"03-06 after_cutoff", "03-07 weekend", "03-08 weekend", "03-09 received", "03-10 counted 1",
		}},
		{"late on a Saturday is no cut-off", "2026-03-07 20:00", 1, []string{"03-07 weekend", "03-08 weekend", "03-09 received", "03-10 counted 1"}},
		{"National Day", "2026-09-30 18:01", 2, []string{
			"09-30 after_cutoff", "10-01 holiday 国庆节", "10-02 holiday 国庆节", "10-03 holiday 国庆节", "10-04 holiday 国庆节",
			"10-05 holiday 国庆节", "10-06 holiday 国庆节", "10-07 holiday 国庆节", "10-08 received", "10-09 counted 1", "10-10 makeup 国庆节 2",
		}},
		{"received on a make-up day", "2026-01-04 10:00", 1, []string{"01-04 received 元旦", "01-05 counted 1"}},
		{"into a year without data", "2026-12-31 10:00", 2, []string{
			"12-31 received", "01-01 no_data", "01-01 counted 1", "01-02 weekend", "01-03 weekend", "01-04 counted 2",
		}},
		{"all in a year without data", "2027-06-01 10:00", 1, []string{"06-01 no_data", "06-01 received", "06-02 counted 1"}},
		{"no days", "2026-03-03 10:00", 0, []string{"03-03 received"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, step := range calendar(t).Explain(at(t, c.start).UTC(), c.days) {
				text := step.Day.Date.String()[5:] + " " + string(step.Code)
				if step.Day.Name.Chinese != "" {
					text += " " + step.Day.Name.Chinese
				}
				if step.N > 0 {
					text += fmt.Sprintf(" %d", step.N)
				}
				got = append(got, text)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBetweenCountsOfficeHoursOnly(t *testing.T) {
	t.Parallel()
	cases := []struct {
		a, b string
		want time.Duration
	}{
		{"2026-03-03 10:00", "2026-03-03 10:25", 25 * time.Minute},
		{"2026-03-03 00:00", "2026-03-03 23:59", 9 * time.Hour},
		{"2026-03-03 17:00", "2026-03-04 10:00", 2 * time.Hour},
		{"2026-03-06 18:00", "2026-03-09 09:00", 0},
		{"2026-03-06 17:00", "2026-03-09 10:00", 2 * time.Hour},
		{"2026-09-30 17:00", "2026-10-08 10:00", 2 * time.Hour},
		{"2026-10-08 09:00", "2026-10-11 00:00", 27 * time.Hour}, // Thursday, Friday, make-up Saturday
		{"2026-03-04 10:00", "2026-03-03 17:00", -2 * time.Hour},
	}
	for _, c := range cases {
		if got := calendar(t).Between(at(t, c.a), at(t, c.b)); got != c.want {
			t.Errorf("%s to %s: want %v, got %v", c.a, c.b, c.want, got)
		}
	}
}

func TestBetweenOfAnImpossibleSpanIsTheLongestDuration(t *testing.T) {
	t.Parallel()
	c, late := calendar(t), time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	if forward, back := c.Between(time.Time{}, late), c.Between(late, time.Time{}); forward != 1<<63-1 || back != -1<<63 {
		t.Errorf("got %v and %v", forward, back)
	}
}

func TestAddEndsAtClosingTimeAndComesBackToOpening(t *testing.T) {
	t.Parallel()
	cases := []struct {
		t    string
		d    time.Duration
		want string
	}{
		{"2026-03-03 10:00", time.Hour, "2026-03-03 11:00"},
		{"2026-03-03 10:00", 8 * time.Hour, "2026-03-03 18:00"},
		{"2026-03-03 10:00", 8*time.Hour + time.Minute, "2026-03-04 09:01"},
		{"2026-03-07 12:00", 9 * time.Hour, "2026-03-09 18:00"},
		{"2026-03-07 12:00", 0, "2026-03-07 12:00"},
		{"2026-03-07 12:00", -time.Hour, "2026-03-06 17:00"},
		{"2026-03-03 18:00", -9 * time.Hour, "2026-03-03 09:00"},
		{"2026-03-03 10:00", -2 * time.Hour, "2026-03-02 17:00"},
		{"2026-09-30 17:00", 2 * time.Hour, "2026-10-08 10:00"},
		{"2026-10-09 17:00", 2 * time.Hour, "2026-10-10 10:00"},
	}
	for _, c := range cases {
		if got := calendar(t).Add(at(t, c.t), c.d).Format(minute); got != c.want {
			t.Errorf("%s and %v: want %s, got %s", c.t, c.d, c.want, got)
		}
	}
}

func TestV3ShareGivesTheMomentsOfTheReminders(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, start, due string
		percent          int
		want             string
	}{
		{"half of 26 hours", "2026-03-03 10:00", "2026-03-05 18:00", 50, "2026-03-04 14:00"},
		{"80 % of 26 hours is 20:48", "2026-03-03 10:00", "2026-03-05 18:00", 80, "2026-03-05 12:48"},
		{"half is a whole day: closing time", "2026-03-03 18:30", "2026-03-05 18:00", 50, "2026-03-04 18:00"},
		{"nothing", "2026-03-07 12:00", "2026-03-11 18:00", 0, "2026-03-07 12:00"},
		{"less than nothing", "2026-03-07 12:00", "2026-03-11 18:00", -5, "2026-03-07 12:00"},
		{"everything", "2026-03-03 10:00", "2026-03-08 12:00", 100, "2026-03-08 12:00"},
		{"no working time between", "2026-03-07 12:00", "2026-03-08 12:00", 50, "2026-03-08 12:00"},
		{"due before start", "2026-03-05 12:00", "2026-03-04 12:00", 50, "2026-03-04 12:00"},
	}
	for _, c := range cases {
		if got := calendar(t).Share(at(t, c.start), at(t, c.due), c.percent).Format(minute); got != c.want {
			t.Errorf("%s: want %s, got %s", c.name, c.want, got)
		}
	}
}

func TestV2AfterAPauseTheSameWorkingTimeIsLeft(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, due, paused, resumed, want string }{
		{"two hours on one day", "2026-03-05 18:00", "2026-03-04 10:00", "2026-03-04 12:00", "2026-03-06 11:00"},
		{"a night", "2026-03-05 18:00", "2026-03-04 18:30", "2026-03-05 08:00", "2026-03-05 18:00"},
		{"a weekend", "2026-03-09 18:00", "2026-03-06 18:30", "2026-03-08 20:00", "2026-03-09 18:00"},
		{"exactly a working day", "2026-03-05 18:00", "2026-03-04 10:00", "2026-03-05 10:00", "2026-03-06 18:00"},
		{"over National Day", "2026-09-30 18:00", "2026-09-30 16:00", "2026-10-08 20:00", "2026-10-09 11:00"},
		{"no pause", "2026-03-05 18:00", "2026-03-04 10:00", "2026-03-04 10:00", "2026-03-05 18:00"},
		{"after the promise was broken", "2026-03-05 18:00", "2026-03-05 18:01", "2026-03-09 10:00", "2026-03-05 18:00"},
		{"at the very moment", "2026-03-05 18:00", "2026-03-05 18:00", "2026-03-09 10:00", "2026-03-09 10:00"},
		{"backwards", "2026-03-05 18:00", "2026-03-04 10:00", "2026-03-03 10:00", "2026-03-05 18:00"},
		{"a due date on a Sunday does not come forward", "2026-03-08 12:00", "2026-03-05 10:00", "2026-03-05 10:00", "2026-03-08 12:00"},
	}
	for _, c := range cases {
		if got := calendar(t).Shift(at(t, c.due), at(t, c.paused), at(t, c.resumed)).Format(minute); got != c.want {
			t.Errorf("%s: want %s, got %s", c.name, c.want, got)
		}
	}
}

func TestV2ReplayBringsADueDateUpToDateAfterANewNotice(t *testing.T) {
	t.Parallel()
	notice, err := workday.ParseYear([]byte(smallYear(day("2027-01-02", "true", "元旦"), day("2027-01-03", "true", "元旦"))))
	if err != nil {
		t.Fatal(err)
	}
	guess := calendar(t)
	known := workday.New(append(shipped(t), notice)...)
	start := at(t, "2026-12-31 10:00")
	pauses := []workday.Pause{
		{From: at(t, "2026-12-31 15:00"), Until: at(t, "2026-12-31 17:00")},
		{From: at(t, "2027-01-04 10:00")},
	}
	cases := []struct {
		calendar *workday.Calendar
		pauses   []workday.Pause
		want     string
	}{
		{guess, nil, "2027-01-04 18:00"},
		{known, nil, "2027-01-05 18:00"},
		{guess, pauses, "2027-01-05 11:00"},
		{known, pauses, "2027-01-06 11:00"},
	}
	for _, c := range cases {
		if got := c.calendar.Replay(start, 2, c.pauses).Format(minute); got != c.want {
			t.Errorf("with %d years and %d pauses: want %s, got %s", len(c.calendar.Years()), len(c.pauses), c.want, got)
		}
	}
}

func BenchmarkCalendar(b *testing.B) {
	c := calendar(b)
	start := at(b, "2026-09-30 17:59")
	due := c.Due(start, 20)
	left := c.Between(start, due)
	b.Run("Due", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Due(start, 20)
		}
	})
	b.Run("Between", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Between(start, due)
		}
	})
	b.Run("Add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Add(start, left)
		}
	})
	b.Run("Shift", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Shift(due, start, due)
		}
	})
	b.Run("Explain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Explain(start, 2)
		}
	})
	b.Run("New", func(b *testing.B) {
		years := shipped(b)
		b.ReportAllocs()
		for b.Loop() {
			workday.New(years...)
		}
	})
}
