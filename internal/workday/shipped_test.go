package workday_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/workday"
)

// notices are the sentences of the State Council's notices that set the days, one festival each.
func notices() map[int][]string {
	return map[int][]string{
		2024: { // 国办发明电〔2023〕7号
			"元旦：1月1日放假，与周末连休。",
			"春节：2月10日至17日放假调休，共8天。2月4日（星期日）、2月18日（星期日）上班。",
			"清明节：4月4日至6日放假调休，共3天。4月7日（星期日）上班。",
			"劳动节：5月1日至5日放假调休，共5天。4月28日（星期日）、5月11日（星期六）上班。",
			"端午节：6月10日放假，与周末连休。",
			"中秋节：9月15日至17日放假调休，共3天。9月14日（星期六）上班。",
			"国庆节：10月1日至7日放假调休，共7天。9月29日（星期日）、10月12日（星期六）上班。",
		},
		2025: { // 国办发明电〔2024〕12号
			"元旦：1月1日（周三）放假1天，不调休。",
			"春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。",
			"清明节：4月4日（周五）至6日（周日）放假，共3天。",
			"劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。",
			"端午节：5月31日（周六）至6月2日（周一）放假，共3天。",
			"国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。",
		},
		2026: { // 国办发明电〔2025〕7号
			"元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。",
			"春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。",
			"清明节：4月4日（周六）至6日（周一）放假，共3天。",
			"劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。",
			"端午节：6月19日（周五）至21日（周日）放假，共3天。",
			"中秋节：9月25日（周五）至27日（周日）放假，共3天。",
			"国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。",
		},
	}
}

// readNotice turns one festival's sentences into days, true for off, and checks the weekdays and the sum they name.
func readNotice(t *testing.T, year int, text string) (name string, days map[workday.Date]bool) {
	t.Helper()
	name, rest, _ := strings.Cut(text, "：")
	days = map[workday.Date]bool{}
	for sentence := range strings.SplitSeq(strings.TrimSuffix(rest, "。"), "。") {
		dates := noticeDates(t, year, sentence)
		switch {
		case strings.HasSuffix(sentence, "上班"):
			for _, date := range dates {
				days[date] = false
			}
		case strings.Contains(sentence, "至"):
			for day := dates[0]; day != next(dates[1]); day = next(day) {
				days[day] = true
			}
			if !strings.HasSuffix(sentence, fmt.Sprintf("共%d天", len(days))) {
				t.Errorf("%d: %q does not sum up to %d days", year, sentence, len(days))
			}
		default:
			days[dates[0]] = true
		}
	}
	return name, days
}

func noticeDates(t *testing.T, year int, sentence string) []workday.Date {
	t.Helper()
	pattern := regexp.MustCompile(`(?:(\d+)月)?(\d+)日(?:（(?:[^（）]*、)?(?:周|星期)(.)）)?`)
	var dates []workday.Date
	month := 0
	for _, part := range pattern.FindAllStringSubmatch(sentence, -1) {
		if part[1] != "" {
			month, _ = strconv.Atoi(part[1])
		}
		day, _ := strconv.Atoi(part[2])
		date := workday.Date{Year: year, Month: time.Month(month), Day: day}
		if weekday := []rune("日一二三四五六")[date.Weekday()]; part[3] != "" && part[3] != string(weekday) {
			t.Errorf("%s is a 周%c, the notice says 周%s", date, weekday, part[3])
		}
		dates = append(dates, date)
	}
	return dates
}

func next(d workday.Date) workday.Date {
	year, month, day := time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, time.UTC).Date()
	return workday.Date{Year: year, Month: month, Day: day}
}

func TestV2ShippedYearsAreTheNotices(t *testing.T) {
	t.Parallel()
	for _, year := range shipped(t) {
		want := map[string]string{}
		for _, text := range notices()[year.Number()] {
			name, days := readNotice(t, year.Number(), text)
			for date, off := range days {
				want[date.String()] = fmt.Sprintf("%s off=%t", name, off)
			}
		}
		got := map[string]string{}
		for _, day := range year.Days() {
			got[day.Date.String()] = fmt.Sprintf("%s off=%t", day.Name.Chinese, !day.Working)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d differs from its notice (-notice +file):\n%s", year.Number(), diff)
		}
	}
}

func TestV2ShippedYearsHaveTheirSums(t *testing.T) {
	t.Parallel()
	type sums struct{ off, makeup, working int }
	want := map[int]sums{2024: {28, 8, 251}, 2025: {28, 5, 248}, 2026: {33, 6, 248}}
	got := map[int]sums{}
	calendar := workday.New(shipped(t)...)
	for _, year := range calendar.Years() {
		var s sums
		for _, day := range calendar.Strip(workday.Date{Year: year.Number(), Month: 1, Day: 1}, workday.Date{Year: year.Number(), Month: 12, Day: 31}) {
			switch {
			case day.Kind == workday.Holiday:
				s.off++
			case day.Kind == workday.Makeup:
				s.makeup++
			}
			if day.Working {
				s.working++
			}
		}
		got[year.Number()] = s
	}
	if !maps.Equal(want, got) {
		t.Errorf("days off, make-up days, working days: want %v, got %v", want, got)
	}
}

func TestShippedYearsSayInBothLanguagesWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, year := range shipped(t) {
		if !strings.Contains(year.Source(), "国办发明电") {
			t.Errorf("%d does not name its notice: %q", year.Number(), year.Source())
		}
		english := map[string]string{}
		for _, day := range year.Days() {
			if known := english[day.Name.Chinese]; known != "" && known != day.Name.In("en") {
				t.Errorf("%s: %s is %q and %q", day.Date, day.Name.In("zh-CN"), known, day.Name.In("en"))
			}
			english[day.Name.Chinese] = day.Name.English
		}
	}
}

func TestLoadReadsAFolderAndNamesTheFileAtFault(t *testing.T) {
	t.Parallel()
	text := shipped(t)[2].Text()
	cases := []struct{ name, file, content, fault string }{
		{"a year under its own name", "2026.json", string(text), ""},
		{"a note beside it", "README.md", "not a year", ""},
		{"another year's name", "2027.json", string(text), "reading 2027.json: it holds the year 2026 and should be named 2026.json"},
		{"a name that is no year", "draft.json", string(text), "should be named 2026.json"},
		{"a broken file", "2026.json", "{", "reading 2026.json: holiday file: syntax"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			years, err := workday.Load(fstest.MapFS{c.file: {Data: []byte(c.content)}})
			if c.fault == "" {
				if err != nil || len(years) != strings.Count(c.file, ".json") {
					t.Errorf("got %d years, %v", len(years), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("want %q, got %v", c.fault, err)
			}
		})
	}
}

func shipped(t testing.TB) []workday.Year {
	t.Helper()
	years, err := workday.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]int, len(years))
	for i, year := range years {
		numbers[i] = year.Number()
	}
	if !slices.Equal(numbers, []int{2024, 2025, 2026}) {
		t.Fatalf("shipped are %v", numbers)
	}
	return years
}
