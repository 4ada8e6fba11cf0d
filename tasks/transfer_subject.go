package tasks

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"beian/internal/filing"
)

// noSubject is what no subject is called.
const noSubject = "-"

// chosenSubject is the subject that the source named, as the record knows it; a
// website's number names its subject. Empty: it named none.
func chosenSubject(s Submission) string {
	typed := strings.TrimSpace(s.Fields[FieldSubject])
	if !askable(typed) {
		return noSubject
	}
	if number, err := filing.ParseICPNumber(typed); err == nil {
		return number.Subject().String()
	}
	return typed
}

// checkSubject: an account that holds several subjects (A1) must say which one it
// gives, and it can only give its own. A foreign one and one that does not exist
// are the same.
func checkSubject(s Submission, source Party) []Fault {
	switch chosen := chosenSubject(s); {
	case chosen == "" && source.Held > 1:
		return []Fault{{Field: FieldSubject, Code: "CHOICE_REQUIRED"}}
	case chosen != "" && source.Held > 0 && !source.HasSubject():
		return []Fault{{Field: FieldSubject, Code: "SUBJECT_NOT_HELD"}}
	}
	return nil
}

// askable reports whether the record can be asked for a text: PostgreSQL refuses
// what is no UTF-8 or holds a zero.
func askable(typed string) bool {
	return utf8.ValidString(typed) && !strings.ContainsFunc(typed, unicode.IsControl)
}
