package workday_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/workday"
)

func calendar(t testing.TB) *workday.Calendar {
	t.Helper()
	return workday.New(shipped(t)...)
}

// at reads "2026-03-03 10:00" as Shanghai's time.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("", 8*60*60))
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func date(t testing.TB, text string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestV2DaysAreOfFourKinds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		date    string
		kind    workday.Kind
		chinese string
		known   bool
	}{
		{"2026-03-03", workday.Working, "", true},
		{"2026-03-07", workday.Weekend, "", true},
		{"2026-02-14", workday.Makeup, "春节", true},
		{"2026-02-15", workday.Holiday, "春节", true}, // a Sunday
		{"2026-01-04", workday.Makeup, "元旦", true},  // a Sunday
		{"2025-10-08", workday.Holiday, "国庆节、中秋节", true},
		{"2024-02-09", workday.Working, "", true}, // New Year's Eve: leave was encouraged, not declared
		{"2027-01-01", workday.Working, "", false},
		{"2027-01-02", workday.Weekend, "", false},
		{"2023-10-02", workday.Working, "", false},
	}
	for _, c := range cases {
		got := calendar(t).Day(date(t, c.date))
		working := c.kind == workday.Working || c.kind == workday.Makeup
		want := workday.Day{Date: date(t, c.date), Kind: c.kind, Working: working, Name: got.Name, Known: c.known}
		if got != want || got.Name.In("zh-CN") != c.chinese || (c.chinese == "") != (got.Name.In("en") == "") {
			t.Errorf("%s: got %+v, want %s %s", c.date, got, c.kind, c.chinese)
		}
	}
}

func TestV2ALaterYearReplacesAnEarlierOneAndChangesTheVersion(t *testing.T) {
	t.Parallel()
	first, err := workday.ParseYear([]byte(smallYear(day("2027-02-05", "true", "春节"))))
	if err != nil {
		t.Fatal(err)
	}
	corrected, err := workday.ParseYear([]byte(smallYear(day("2027-02-08", "true", "春节"))))
	if err != nil {
		t.Fatal(err)
	}
	before, after := workday.New(first), workday.New(first, corrected)
	if !before.Day(date(t, "2027-02-08")).Working || after.Day(date(t, "2027-02-08")).Working || !after.Day(date(t, "2027-02-05")).Working {
		t.Error("the corrected year must hold, and alone")
	}
	if before.Version() == after.Version() || after.Version() != workday.New(corrected).Version() {
		t.Error("the version must follow the data that holds")
	}
	if len(after.Years()) != 1 {
		t.Errorf("there are %d years", len(after.Years()))
	}
}

func TestV2MissingYearsAreThoseAPromiseMayTouch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		now  string
		want []int
	}{
		{"2026-03-03 10:00", nil},
		{"2026-10-31 23:59", nil},
		{"2026-11-01 00:00", []int{2027}},
		{"2026-12-31 23:59", []int{2027}},
		{"2027-01-01 00:00", []int{2027}},
		{"2027-11-01 00:00", []int{2027, 2028}},
		{"2025-12-31 10:00", nil},
		{"2023-11-30 10:00", []int{2023}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, calendar(t).Missing(at(t, c.now).UTC()), cmp.Transformer("list", func(s []int) []int { return append([]int{}, s...) })); diff != "" {
			t.Errorf("%s: %s", c.now, diff)
		}
	}
}

func TestV2CoversNeedsEveryYearOfTheSpan(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	if !c.Covers(at(t, "2024-01-01 00:00"), at(t, "2026-12-31 23:59")) {
		t.Error("2024 to 2026 are shipped")
	}
	if c.Covers(at(t, "2026-12-31 10:00"), at(t, "2027-01-04 18:00")) || c.Covers(at(t, "2023-12-31 23:59"), at(t, "2024-01-02 18:00")) {
		t.Error("2023 and 2027 are not shipped")
	}
}

func TestMonthAndStripListEveryDayOnce(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	lengths := map[string]int{}
	for _, month := range []time.Month{1, 2, 12} {
		days := c.Month(2024, month)
		lengths[days[0].Date.String()+" to "+days[len(days)-1].Date.String()] = len(days)
	}
	want := map[string]int{"2024-01-01 to 2024-01-31": 31, "2024-02-01 to 2024-02-29": 29, "2024-12-01 to 2024-12-31": 31}
	if diff := cmp.Diff(want, lengths); diff != "" {
		t.Error(diff)
	}
	var strip []string
	for _, day := range c.Strip(date(t, "2025-12-30"), date(t, "2026-01-05")) {
		strip = append(strip, day.Date.String()[5:]+" "+string(day.Kind))
	}
	want2 := []string{"12-30 working", "12-31 working", "01-01 holiday", "01-02 holiday", "01-03 holiday", "01-04 makeup", "01-05 working"}
	if diff := cmp.Diff(want2, strip); diff != "" {
		t.Error(diff)
	}
	if days := c.Strip(date(t, "2026-01-05"), date(t, "2026-01-04")); len(days) != 0 {
		t.Errorf("backwards there are %d days", len(days))
	}
}

func TestDatesAreShanghaisWhateverTheZoneOfTheMoment(t *testing.T) {
	t.Parallel()
	moment := time.Date(2026, 3, 3, 16, 0, 0, 0, time.UTC) // midnight in Shanghai
	if got := calendar(t).Date(moment).String(); got != "2026-03-04" {
		t.Errorf("got %s", got)
	}
	if got := calendar(t).Date(moment.Add(-time.Nanosecond)).String(); got != "2026-03-03" {
		t.Errorf("a nanosecond before: got %s", got)
	}
}

func TestOfficeHoursAreReadStrictly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"09:00-18:00": "09:00-18:00", "08:30-17:30": "08:30-17:30", "00:00-24:00": "00:00-24:00",
		"9:00-18:00": "", "18:00-09:00": "", "09:00-09:00": "", "09:00": "", "": "", "09:00-25:00": "", "09:00-18:00-19:00": "", "09:60-18:00": "",
	} {
		hours, err := workday.ParseHours(text)
		if (err == nil) != (want != "") || (err == nil && hours.String() != want) {
			t.Errorf("%q: got %v, %v", text, hours, err)
		}
	}
	c := calendar(t)
	hours, err := workday.ParseHours("08:30-17:30")
	if err != nil {
		t.Fatal(err)
	}
	other := c.WithHours(hours)
	if got := other.Due(at(t, "2026-03-03 17:30"), 1); !got.Equal(at(t, "2026-03-05 17:30")) {
		t.Errorf("closing time is the cut-off; got %v", got)
	}
	if c.Hours().String() != "09:00-18:00" || c.Version() == other.Version() {
		t.Error("the first calendar must stay what it was")
	}
}
