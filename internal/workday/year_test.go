package workday_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/workday"
)

// smallYear is the least that counts as a year: the three fixed holidays, and whatever more is given.
func smallYear(more ...string) string {
	days := append([]string{
		day("2027-01-01", "true", "元旦"), day("2027-05-01", "true", "劳动节"), day("2027-10-01", "true", "国庆节"),
	}, more...)
	return `{"year": 2027, "source": "notice", "days": [` + strings.Join(days, ",") + `]}`
}

func day(date, off, name string) string {
	return `{"date": "` + date + `", "off": ` + off + `, "name": {"zh-CN": "` + name + `", "en": "Holiday"}}`
}

func TestParseYearNamesEveryFault(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("节", 61)
	cases := []struct{ name, text, want string }{
		{"nothing", "", "syntax (EOF)"},
		{"null", "null", "year"},
		{"an array", "[]", "syntax (json: cannot unmarshal array into Go value of type workday.file)"},
		{"something after the object", smallYear() + "{}", "syntax (something follows the object)"},
		{"GBK", "\xd4\xaa\xb5\xa9", "encoding"},
		{"too much", strings.Repeat(" ", 64<<10+1), "size"},
		{"too deep", strings.Repeat("[", 100), "syntax (nested too deep)"},
		{"no year", `{"source": "notice", "days": []}`, "year"},
		{"a year long gone", `{"year": 1999, "source": "notice", "days": []}`, "year"},
		{"no days", `{"year": 2027, "source": "notice", "days": []}`, "2027-01-01: statutory; 2027-05-01: statutory; 2027-10-01: statutory"},
		{"no source", strings.Replace(smallYear(), `"notice"`, `" "`, 1), "source"},
		{"an unknown field", strings.Replace(smallYear(), `"source"`, `"note": 1, "source"`, 1), "unknown_field (note)"},
		{"a day's unknown field", strings.Replace(smallYear(), `"date": "2027-05`, `"holiday": 1, "date": "2027-05`, 1), "day 2: unknown_field (holiday)"},
		{"a field in other letters", strings.Replace(smallYear(), `"year"`, `"Year"`, 1), "unknown_field (Year)"},
		{"a field in the wrong place", strings.Replace(smallYear(), `"source"`, `"off": true, "source"`, 1), "unknown_field (off)"},
		{"two lists of days", strings.Replace(smallYear(), `"source"`, `"days": [], "source"`, 1), "repeated_field (days)"},
		{"a date as a person writes it", smallYear(day("2027-2-6", "true", "春节")), "day 4: date"},
		{"a day that does not exist", smallYear(day("2027-02-29", "true", "春节")), "day 4: date"},
		{"another year", smallYear(day("2026-12-31", "true", "元旦")), "2026-12-31: other_year"},
		{"a day twice", smallYear(day("2027-01-02", "true", "元旦"), day("2027-01-02", "false", "元旦")), "2027-01-02: repeated_date"},
		{"neither off nor on", smallYear(`{"date": "2027-01-02", "name": {"zh-CN": "元旦", "en": "New Year"}}`), "2027-01-02: off"},
		{"off in words", smallYear(day("2027-01-02", `"yes"`, "元旦")), "syntax (json: cannot unmarshal string into Go struct field entry.days.off of type bool)"},
		{"a make-up day on a Friday", smallYear(day("2027-01-08", "false", "元旦")), "2027-01-08: not_weekend"},
		{"a name in one language only", smallYear(`{"date": "2027-01-02", "off": true, "name": {"zh-CN": "元旦"}}`), "2027-01-02: name"},
		{"an endless name", smallYear(day("2027-01-02", "true", long)), "2027-01-02: name"},
		{"a name that turns the line around", smallYear(day("2027-01-02", "true", `\u202e元旦`)), "2027-01-02: name"},
		{"working on National Day", strings.Replace(smallYear(), day("2027-05-01", "true", "劳动节"), day("2027-05-01", "false", "劳动节"), 1), "2027-05-01: statutory"},
		{
			"several at once", smallYear(day("2026-01-01", "true", "元旦"), day("2027-01-01", "true", "元旦"), day("2027-01-08", "false", "元旦")),
			"2026-01-01: other_year; 2027-01-01: repeated_date; 2027-01-08: not_weekend",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := workday.ParseYear([]byte(c.text))
			var refused *workday.FileError
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a FileError", err)
			}
			if diff := cmp.Diff("holiday file: "+c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseYearKeepsWhatIsNoDateOutOfItsError(t *testing.T) {
	t.Parallel()
	_, err := workday.ParseYear([]byte(smallYear(day("13900139001", "true", "春节"))))
	if err == nil || strings.Contains(err.Error(), "13900139001") {
		t.Errorf("got %v", err)
	}
}

func TestParseYearEndsAHostileListOfFaults(t *testing.T) {
	t.Parallel()
	_, err := workday.ParseYear([]byte(`{"year": 2027, "source": "notice", "days": [{}` + strings.Repeat(",{}", 9000) + `]}`))
	var refused *workday.FileError
	if !errors.As(err, &refused) || len(refused.Faults) != 50 {
		t.Errorf("got %v", err)
	}
}

func TestParseYearTakesAnyOrderAndAByteOrderMark(t *testing.T) {
	t.Parallel()
	sorted, err := workday.ParseYear([]byte(smallYear(day("2027-12-25", "false", "元旦"))))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(smallYear(), `"days": [`, `"days": [`+day("2027-12-25", "false", "元旦")+",", 1)
	mixed, err := workday.ParseYear([]byte("\ufeff" + text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(sorted.Text()), string(mixed.Text())); diff != "" {
		t.Error(diff)
	}
}

func TestAYearsTextIsTheShippedFile(t *testing.T) {
	t.Parallel()
	for _, year := range shipped(t) {
		again, err := workday.ParseYear(year.Text())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(year.Text(), again.Text()) || again.Number() != year.Number() || again.Source() != year.Source() {
			t.Errorf("%d is not what it was after writing and reading", year.Number())
		}
		if diff := cmp.Diff(year.Days(), again.Days()); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzParseYear(f *testing.F) {
	for _, year := range shipped(f) {
		f.Add(year.Text())
	}
	f.Add([]byte(smallYear()))
	f.Add([]byte(smallYear(day("2027-01-02", "false", "元旦"))))
	f.Add([]byte(`{"year":2027,"days":[{"off":{"a":[[{}]]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		year, err := workday.ParseYear(data)
		if err != nil {
			var refused *workday.FileError
			if !errors.As(err, &refused) || len(refused.Faults) == 0 || refused.Error() == "" {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		again, err := workday.ParseYear(year.Text())
		if err != nil || !bytes.Equal(again.Text(), year.Text()) {
			t.Fatalf("the text of an accepted year is not that year: %v\n%s", err, year.Text())
		}
		calendar := workday.New(year)
		for i, day := range year.Days() {
			if i > 0 && day.Date.String() <= year.Days()[i-1].Date.String() {
				t.Fatalf("%s is out of order", day.Date)
			}
			if got := calendar.Day(day.Date); got != day || !got.Known || got.Name.English == "" {
				t.Fatalf("the calendar has %+v, the year %+v", got, day)
			}
		}
	})
}
