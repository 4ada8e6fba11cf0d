package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Field returns a form field's label as it reads inside a sentence: "Enter
// receiving account", not "Enter Receiving account". Words that begin with an
// abbreviation keep their case.
func (c *Catalog) Field(lang Lang, name string) string {
	label := c.T(lang, "field."+name)
	if _, size := utf8.DecodeRuneInString(label); size < len(label) {
		if next, _ := utf8.DecodeRuneInString(label[size:]); unicode.IsUpper(next) {
			return label
		}
	}
	return lowerFirst(label)
}

// Own is the key under which a kind of job has its own words for what another kind
// says under key: transfer_reviewed.check.when beside reset.check.when.
func Own(kind, key string) string {
	_, rest, _ := strings.Cut(key, ".")
	return kind + "." + rest
}

// Date shows a moment as 2026-11-25 18:00, Shanghai time, in every language.
func (c *Catalog) Date(t time.Time) string {
	return t.In(c.shanghai).Format("2006-01-02 15:04")
}

// Day shows a calendar day as 2026-11-25, Shanghai time.
func (c *Catalog) Day(t time.Time) string {
	return t.In(c.shanghai).Format("2006-01-02")
}

// Promise shows a deadline with its weekday, the way a person would say it:
// 11 月 25 日（周三）18:00, or 18:00 on Wednesday 25 November.
func (c *Catalog) Promise(lang Lang, t time.Time) string {
	local := t.In(c.shanghai)
	return c.T(lang, "date.promise", Params{
		"month":   c.T(lang, fmt.Sprintf("date.month.%d", int(local.Month()))),
		"day":     local.Day(),
		"weekday": c.T(lang, fmt.Sprintf("date.weekday.%d", int(local.Weekday()))),
		"time":    local.Format("15:04"),
	})
}

// Local returns t on the office's clock, Asia/Shanghai.
func (c *Catalog) Local(t time.Time) time.Time {
	return t.In(c.shanghai)
}

func lowerFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[size:]
}

func upperFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}
