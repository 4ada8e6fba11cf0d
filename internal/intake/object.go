package intake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"beian/internal/filing"
)

// object is a JSON object whose fields are taken one by one; those that nobody
// took are unknown. Faults of an object and the ones in it go to one list.
type object struct {
	path   string
	fields map[string]json.RawMessage
	order  []string
	faults *[]Fault
}

// newObject reads raw, which is valid JSON; ok is false when it is no object.
func newObject(path string, raw []byte, faults *[]Fault) (o object, ok bool) {
	o = object{path: path, fields: map[string]json.RawMessage{}, faults: faults}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return o, false
	}
	for decoder.More() {
		token, err := decoder.Token()
		name, isName := token.(string)
		var value json.RawMessage
		if err != nil || !isName || decoder.Decode(&value) != nil {
			return o, false
		}
		if _, twice := o.fields[name]; twice {
			o.fault(shown(name), CodeTwice)
			continue
		}
		o.fields[name] = value
		o.order = append(o.order, name)
	}
	return o, true
}

// maxFaults bounds what one line can be told; no honest line comes near.
const maxFaults = 100

func (o object) fault(field, code string) { o.add(NewFault(o.path+field, code)) }

func (o object) add(f Fault) {
	if len(*o.faults) < maxFaults {
		*o.faults = append(*o.faults, f)
	}
}

// shown keeps a name that nobody knows out of reports unless it looks like one:
// it may be a value in the wrong place.
func shown(name string) string {
	odd := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }
	if name == "" || len(name) > 40 || strings.ContainsFunc(name, odd) {
		return "?"
	}
	return name
}

// take removes a field; null is the same as absent.
func (o object) take(name string) (json.RawMessage, bool) {
	raw, found := o.fields[name]
	delete(o.fields, name)
	return raw, found && string(raw) != "null"
}

// end reports what was not taken.
func (o object) end() {
	for _, name := range o.order {
		if _, left := o.fields[name]; left {
			o.fault(shown(name), CodeField)
		}
	}
}

// into decodes a field; false when it is absent or of another type.
func (o object) into(name string, value any) bool {
	raw, found := o.take(name)
	if !found {
		return false
	}
	if json.Unmarshal(raw, value) != nil {
		o.fault(name, CodeKind)
		return false
	}
	return true
}

// text takes an optional text of at most limit characters, trimmed.
func (o object) text(name string, limit int) string {
	var value string
	if !o.into(name, &value) {
		return ""
	}
	return o.checked(name, value, limit)
}

func (o object) checked(name, value string, limit int) string {
	value = strings.TrimSpace(value)
	if utf8.RuneCountInString(value) > limit {
		o.fault(name, CodeTooLong)
		return ""
	}
	if strings.ContainsFunc(value, unicode.IsControl) {
		o.fault(name, CodeText)
		return ""
	}
	return value
}

// must takes a text that may not be missing.
func (o object) must(name string, limit int) string {
	before := len(*o.faults)
	value := o.text(name, limit)
	if value == "" && len(*o.faults) == before {
		o.fault(name, CodeRequired)
	}
	return value
}

func (o object) flag(name string) (value, given bool) {
	given = o.into(name, &value)
	return value, given
}

func (o object) number(name string, largest int) int {
	var value int
	if o.into(name, &value) && (value < 0 || value > largest) {
		o.fault(name, CodeRange)
	}
	return value
}

func (o object) moment(name string) time.Time {
	var value string
	if !o.into(name, &value) {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || at.Year() < 1990 {
		o.fault(name, CodeTime)
		return time.Time{}
	}
	return at.UTC()
}

// object takes an object inside this one.
func (o object) object(name string) (object, bool) {
	raw, found := o.take(name)
	if !found {
		return object{}, false
	}
	inner, ok := newObject(o.path+name+".", raw, o.faults)
	if !ok {
		o.fault(name, CodeKind)
	}
	return inner, ok
}

// oneOf takes a text that must be one of the options.
func oneOf[T ~string](o object, name string, options ...T) T {
	value := T(o.must(name, maxText))
	if value != "" && !slices.Contains(options, value) {
		o.fault(name, CodeValue)
	}
	return value
}

// parsed takes an optional text through a parser of package filing.
func parsed[T any](o object, name string, parse func(string) (T, error)) T {
	var zero T
	var text string
	if !o.into(name, &text) || text == "" {
		return zero
	}
	value, err := parse(text)
	if err != nil {
		o.add(formatFault(o.path+name, err))
		return zero
	}
	return value
}

func (o object) certificate(name string) filing.Certificate {
	inner, found := o.object(name)
	if !found {
		return filing.Certificate{}
	}
	before := len(*o.faults)
	kind := oneOf(inner, "type", filing.CertificateIDCard, filing.CertificateCreditCode, filing.CertificatePassport,
		filing.CertificateOther)
	known := len(*o.faults) == before
	number := inner.must("number", maxText)
	inner.end()
	if !known || number == "" {
		return filing.Certificate{}
	}
	value, err := filing.ParseCertificate(kind, number)
	if err != nil {
		o.add(formatFault(inner.path+"number", err))
	}
	return value
}

func (o object) principal(name string) filing.Principal {
	inner, found := o.object(name)
	if !found {
		return filing.Principal{}
	}
	p := filing.Principal{Name: inner.text("name", maxText), Phone: parsed(inner, "phone", filing.ParsePhone)}
	inner.end()
	return p
}
