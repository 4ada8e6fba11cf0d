package api

import (
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"beian/internal/text"
)

// Codes of faults that the schema finds.
const (
	faultUnknown  = "UNKNOWN_FIELD"
	faultRequired = "REQUIRED"
	faultType     = "TYPE"
	faultTooLong  = "TOO_LONG"
	faultTooShort = "TOO_SHORT"
	faultValue    = "VALUE"
)

var (
	// A name is repeated only when it looks like one: a number in the place of a
	// name could be anybody's.
	plainName    = regexp.MustCompile(`^[A-Za-z_-]{1,40}[0-9]{0,2}$`)
	requiredName = regexp.MustCompile(`^expected required property (\S+) to be present$`)
)

func (s *Server) humaFault(lang text.Lang, e *huma.ErrorDetail) FieldProblem {
	if e == nil {
		return s.fieldProblem(lang, "", faultValue, nil)
	}
	pointer := pointerTo(e.Location)
	if name := requiredName.FindStringSubmatch(e.Message); name != nil {
		return s.fieldProblem(lang, pointer+"/"+name[1], faultRequired, nil)
	}
	return s.fieldProblem(lang, pointer, faultCode(e.Message), nil)
}

// pointerTo turns body.a.b into /a/b and query.limit into query/limit.
func pointerTo(location string) string {
	parts := strings.Split(location, ".")
	for i, part := range parts {
		if !plainName.MatchString(part) {
			parts[i] = "*"
		}
	}
	if parts[0] == "body" {
		parts[0] = ""
	}
	return strings.Join(parts, "/")
}

func faultCode(message string) string {
	for _, known := range []struct{ begins, code string }{
		{validation.MsgUnexpectedProperty, faultUnknown},
		{"unknown query parameter", faultUnknown},
		{"required ", faultRequired},
		{before(validation.MsgExpectedMaxLength), faultTooLong},
		{before(validation.MsgExpectedMinLength), faultTooShort},
		{validation.MsgExpectedString, faultType},
		{validation.MsgExpectedBoolean, faultType},
		{validation.MsgExpectedObject, faultType},
		{validation.MsgExpectedArray, faultType},
		{validation.MsgExpectedInteger, faultType},
	} {
		if strings.HasPrefix(message, known.begins) {
			return known.code
		}
	}
	return faultValue
}

func before(format string) string {
	text, _, _ := strings.Cut(format, "%")
	return text
}
