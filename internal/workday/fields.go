package workday

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// maxDepth is more than a year's file needs (object, days, day, name) and ends hostile nesting early.
const maxDepth = 8

// level is one open object or array.
type level struct {
	object  bool
	key     bool // an object whose next token is a key
	fields  []string
	entries int // of an array, so far
}

// checkFields reads the tokens once for what encoding/json lets pass: fields the format does not have or has in other
// letters, fields given twice, and anything after the object.
func checkFields(data []byte) []Fault {
	decoder := json.NewDecoder(bytes.NewReader(data))
	var open []*level
	var faults []Fault
	for ended := false; ; {
		token, err := decoder.Token()
		switch {
		case errors.Is(err, io.EOF) && ended:
			return faults
		case err != nil:
			return []Fault{{Code: CodeSyntax, Note: err.Error()}}
		case ended:
			return []Fault{{Code: CodeSyntax, Note: "something follows the object"}}
		}
		if key, isKey := keyOf(token, open); isKey {
			if code := open[len(open)-1].note(key, fieldsAt(len(open))); code != "" {
				faults = append(faults, Fault{Code: code, Entry: entryOf(open), Note: brief(key)})
			}
			continue
		}
		open = follow(token, open)
		if len(open) > maxDepth {
			return []Fault{{Code: CodeSyntax, Note: "nested too deep"}}
		}
		ended = len(open) == 0
	}
}

func keyOf(token json.Token, open []*level) (string, bool) {
	key, isText := token.(string)
	return key, isText && len(open) > 0 && open[len(open)-1].key
}

// follow opens and closes levels; after a whole value the object around it expects a key again.
func follow(token json.Token, open []*level) []*level {
	switch token {
	case json.Delim('{'), json.Delim('['):
		if len(open) > 0 {
			open[len(open)-1].entries++
		}
		object := token == json.Delim('{')
		return append(open, &level{object: object, key: object})
	case json.Delim('}'), json.Delim(']'):
		open = open[:len(open)-1]
	}
	if len(open) > 0 {
		open[len(open)-1].key = open[len(open)-1].object
	}
	return open
}

// fieldsAt lists the fields of an object by how many levels are open: the year, inside the array a day, its name.
func fieldsAt(depth int) []string {
	switch depth {
	case 1:
		return []string{"year", "source", "days"}
	case 3:
		return []string{"date", "off", "name"}
	case 4:
		return []string{"zh-CN", "en"}
	}
	return nil
}

// note takes down a field and finds fault with it.
func (l *level) note(field string, allowed []string) Code {
	l.key = false
	if !slices.Contains(allowed, field) {
		return CodeUnknownField
	}
	if slices.Contains(l.fields, field) {
		return CodeRepeatedField
	}
	l.fields = append(l.fields, field)
	return ""
}

// entryOf is the number of the day that is being read, 0 outside of the days.
func entryOf(open []*level) int {
	for _, l := range open {
		if !l.object {
			return l.entries
		}
	}
	return 0
}

func brief(text string) string {
	const limit = 30
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return text
}
