package workday

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxFile   = 64 << 10
	maxSource = 200 // characters
	maxName   = 60  // characters
	firstYear = 2000
	lastYear  = 2199
)

// Name is what a holiday is called. A make-up day has the name of the holiday it makes up for.
type Name struct {
	Chinese string `json:"zh-CN"`
	English string `json:"en"`
}

// In gives the English name for the language "en", the Chinese one for every other.
func (n Name) In(lang string) string {
	if lang == "en" {
		return n.English
	}
	return n.Chinese
}

// Year is the data of one calendar year: every day that its weekday does not tell. It
// never changes; the zero value holds no year.
type Year struct {
	number int
	source string
	days   []special // ascending
}

// special is a day on which the notice has the say.
type special struct {
	serial int64
	off    bool
	name   Name
}

// file is a Year as it is written.
type file struct {
	Year   int     `json:"year"`
	Source string  `json:"source"`
	Days   []entry `json:"days"`
}

type entry struct {
	Date string `json:"date"`
	Off  *bool  `json:"off"`
	Name Name   `json:"name"`
}

// ParseYear reads the data of one year, from a file or from a form (V2):
//
//	{"year": 2026, "source": "国办发明电〔2025〕7号", "days": [
//	  {"date": "2026-01-01", "off": true, "name": {"zh-CN": "元旦", "en": "New Year's Day"}}, …]}
//
// Days off are listed as the notice lists them, weekends among them included; make-up
// days have "off": false. A day belongs to the file of its own year: when a notice
// reaches into the December before, that December's file gets the day. Every refusal is
// a *FileError with all faults.
func ParseYear(data []byte) (Year, error) {
	if len(data) > maxFile {
		return Year{}, refuse(Fault{Code: CodeSize})
	}
	if !utf8.Valid(data) {
		return Year{}, refuse(Fault{Code: CodeEncoding})
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin every file with it
	if faults := checkFields(data); len(faults) > 0 {
		return Year{}, refuse(faults...)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return Year{}, refuse(Fault{Code: CodeSyntax, Note: err.Error()})
	}
	year, faults := f.check()
	if len(faults) > 0 {
		return Year{}, refuse(faults...)
	}
	return year, nil
}

func (f file) check() (Year, []Fault) {
	var faults []Fault
	if f.Year < firstYear || f.Year > lastYear {
		return Year{}, []Fault{{Code: CodeYear}} // every date would be wrong, too
	}
	if !isLine(f.Source, maxSource) {
		faults = append(faults, Fault{Code: CodeSource})
	}
	year := Year{number: f.Year, source: f.Source}
	for i, e := range f.Days {
		day, code := e.check(f.Year)
		_, repeated := year.find(day.serial)
		if code == "" && repeated {
			code = CodeRepeatedDate
		}
		if code != "" {
			faults = append(faults, Fault{Code: code, Date: e.readableDate(), Entry: i + 1})
			continue
		}
		year.insert(day)
	}
	if len(faults) == 0 { // else the missing day may be the one refused
		faults = year.missingStatutory()
	}
	return year, faults
}

func (e entry) check(year int) (special, Code) {
	date, err := ParseDate(e.Date)
	switch {
	case err != nil:
		return special{}, CodeDate
	case date.Year != year:
		return special{}, CodeOtherYear
	case e.Off == nil:
		return special{}, CodeOff
	case !isLine(e.Name.Chinese, maxName) || !isLine(e.Name.English, maxName):
		return special{}, CodeName
	case !*e.Off && !isWeekend(date.serial()):
		return special{}, CodeNotWeekend
	}
	return special{serial: date.serial(), off: *e.Off, name: e.Name}, ""
}

// readableDate keeps what is no date, and so could be anything, out of errors.
func (e entry) readableDate() string {
	if _, err := ParseDate(e.Date); err != nil {
		return ""
	}
	return e.Date
}

// missingStatutory finds the days that the Measures for Public Holidays (全国年节及纪念日放假办法, art. 2) have always
// declared off, whatever a year's notice arranges around them. A half-typed file must not pass for a known year.
func (y Year) missingStatutory() []Fault {
	var faults []Fault
	for _, date := range []Date{{y.number, 1, 1}, {y.number, 5, 1}, {y.number, 10, 1}} {
		if i, found := y.find(date.serial()); !found || !y.days[i].off {
			faults = append(faults, Fault{Code: CodeStatutory, Date: date.String()})
		}
	}
	return faults
}

func (y *Year) insert(day special) {
	i, _ := y.find(day.serial)
	y.days = slices.Insert(y.days, i, day)
}

func (y Year) find(serial int64) (int, bool) {
	return slices.BinarySearchFunc(y.days, serial, func(day special, serial int64) int { return int(day.serial - serial) })
}

func isLine(text string, limit int) bool {
	invisible := func(r rune) bool { return !unicode.IsGraphic(r) }
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= limit && !strings.ContainsFunc(text, invisible)
}

// Number is the year, such as 2026; 0 for the zero Year.
func (y Year) Number() int { return y.number }

// Source names the notice the data comes from.
func (y Year) Source() string { return y.source }

// Days lists the days off and the make-up days, ascending.
func (y Year) Days() []Day {
	days := make([]Day, len(y.days))
	for i, day := range y.days {
		days[i] = day.day()
	}
	return days
}

// Text writes the year in the form that ParseYear reads, always alike: one day a line, ascending.
func (y Year) Text() []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "{\n  \"year\": %d,\n  \"source\": %s,\n  \"days\": [", y.number, quote(y.source))
	for i, day := range y.days {
		fmt.Fprintf(&text, "%s\n    {\"date\": \"%s\", \"off\": %t, \"name\": {\"zh-CN\": %s, \"en\": %s}}",
			strings.Repeat(",", min(i, 1)), dateOf(day.serial), day.off, quote(day.name.Chinese), quote(day.name.English))
	}
	text.WriteString("\n  ]\n}\n")
	return text.Bytes()
}

// quote keeps apostrophes and angle brackets readable: the text is a file, not part of a page.
func quote(text string) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSpace(quoted.String())
}
