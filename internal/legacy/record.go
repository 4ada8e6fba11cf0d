package legacy

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"beian/internal/filing"
	"beian/internal/intake"
)

// record is one JSON object of an export whose fields are read one by one. Unlike
// lines of an import it may have fields we don't know: the platform is not ours.
type record struct {
	*reader
	id     string
	path   string // of objects inside
	fields map[string]json.RawMessage
}

// record opens raw, which is valid JSON; ok is false when it is no object. Of a field
// that is given twice nobody knows which one holds: it is a fault, and absent.
func (r *reader) record(raw json.RawMessage, id string) (o record, ok bool) {
	o = record{reader: r, id: id, fields: map[string]json.RawMessage{}}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return o, false
	}
	var twice []string
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || decoder.Decode(&value) != nil {
			return o, false
		}
		if _, given := o.fields[name]; given {
			twice = append(twice, name)
		}
		o.fields[name] = value
	}
	for _, name := range twice {
		o.fields[name] = json.RawMessage(doubled)
	}
	return o, true
}

// doubled stands for a value that was given twice; it is not JSON.
const doubled = "twice"

func (o record) fault(field, code string) { o.reader.fault(o.id, o.path+field, code) }

// into decodes a field; null is the same as absent.
func (o record) into(name string, value any) bool {
	raw, found := o.fields[name]
	switch {
	case !found || string(raw) == "null":
		return false
	case string(raw) == doubled:
		o.fault(name, intake.CodeTwice)
		return false
	case json.Unmarshal(raw, value) != nil:
		o.fault(name, intake.CodeKind)
		return false
	}
	return true
}

// text reads an optional text, trimmed.
func (o record) text(name string, limit int) string {
	var value string
	if !o.into(name, &value) {
		return ""
	}
	value = strings.TrimSpace(value)
	code := ""
	switch {
	case utf8.RuneCountInString(value) > limit:
		code = intake.CodeTooLong
	case strings.ContainsFunc(value, func(c rune) bool { return unicode.IsControl(c) || c == utf8.RuneError }):
		code = intake.CodeText
	}
	if code != "" {
		o.fault(name, code)
		return ""
	}
	return value
}

// must reads a text that may not be missing.
func (o record) must(name string, limit int) string {
	before := len(o.faults)
	value := o.text(name, limit)
	if value == "" {
		o.missing(name, before)
	}
	return value
}

// missing reports an absent field, unless its own fault did already.
func (o record) missing(name string, before int) {
	if len(o.faults) == before {
		o.fault(name, intake.CodeRequired)
	}
}

func (o record) number(name string, least, most int) int {
	var value int
	if o.into(name, &value) && (value < least || value > most) {
		o.fault(name, intake.CodeRange)
		return 0
	}
	return value
}

// day reads a date as it was in China.
func (o record) day(name string) time.Time {
	text := o.must(name, maxText)
	if text == "" {
		return time.Time{}
	}
	at, err := time.ParseInLocation(time.DateOnly, text, time.FixedZone("CST", 8*60*60))
	if err != nil || at.Year() < 1990 {
		o.fault(name, intake.CodeTime)
		return time.Time{}
	}
	return at
}

// object reads an object inside this one that may not be missing.
func (o record) object(name string) (record, bool) {
	before := len(o.faults)
	var raw json.RawMessage
	if !o.into(name, &raw) {
		o.missing(name, before)
		return record{}, false
	}
	inner, ok := o.record(raw, o.id)
	inner.path = o.path + name + "."
	if !ok {
		o.fault(name, intake.CodeKind)
	}
	return inner, ok
}

// list reads an array, each element with its place, such as websites[3].
func (o record) list(name string) iter.Seq2[string, json.RawMessage] {
	var items []json.RawMessage
	o.into(name, &items)
	return func(yield func(string, json.RawMessage) bool) {
		for i, item := range items {
			if !yield(o.id+"/"+name+"["+strconv.Itoa(i)+"]", item) {
				return
			}
		}
	}
}

func (o record) certificate(name string) filing.Certificate {
	inner, ok := o.object(name)
	if !ok {
		return filing.Certificate{}
	}
	of := filing.CertificateType(inner.must("type", maxText))
	if of == "" {
		return filing.Certificate{}
	}
	return parsed(inner, "number", func(number string) (filing.Certificate, error) { return filing.ParseCertificate(of, number) })
}

func (o record) principal(name string) filing.Principal {
	inner, ok := o.object(name)
	if !ok {
		return filing.Principal{}
	}
	return filing.Principal{Name: inner.must("name", maxText), Phone: parsed(inner, "phone", filing.ParsePhone)}
}

// oneOf reads a text that must be one of the options.
func oneOf[T ~string](o record, name string, options ...T) T {
	value := T(o.must(name, maxText))
	if value != "" && !slices.Contains(options, value) {
		o.fault(name, intake.CodeValue)
		return ""
	}
	return value
}

// parsed reads a text that may not be missing with a parser of package filing.
func parsed[T any](o record, name string, parse func(string) (T, error)) (none T) {
	text := o.must(name, maxText)
	if text == "" {
		return none
	}
	value, err := parse(text)
	var refused *filing.FormatError
	switch {
	case err == nil:
		return value
	case errors.As(err, &refused):
		o.fault(name, refused.Code)
	default:
		o.fault(name, intake.CodeValue)
	}
	return none
}
