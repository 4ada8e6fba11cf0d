package intake

import (
	"errors"
	"maps"
	"slices"

	"beian/internal/filing"
)

// Fault is one reason why a line was not taken in. Message is for operators and
// repeats no value of the line.
type Fault struct {
	Field   string
	Code    string
	Message string
}

// The codes beside those of package filing; they are permanent. The last group
// needs the record to be judged.
const (
	CodeJSON         = "JSON_INVALID"
	CodeLineTooLong  = "LINE_TOO_LONG"
	CodeType         = "TYPE_UNKNOWN"
	CodeField        = "FIELD_UNKNOWN"
	CodeTwice        = "FIELD_DUPLICATE"
	CodeKind         = "FIELD_TYPE"
	CodeRequired     = "REQUIRED"
	CodeValue        = "VALUE_UNKNOWN"
	CodeTooLong      = "TEXT_TOO_LONG"
	CodeText         = "TEXT_INVALID"
	CodeRange        = "NUMBER_RANGE"
	CodeTime         = "TIME_FORMAT"
	CodePasswordHash = "PASSWORD_HASH_FORMAT"

	CodeFuture         = "AS_OF_FUTURE"
	CodeUnknownAccount = "UNKNOWN_ACCOUNT"
	CodeUnknownSubject = "UNKNOWN_SUBJECT"
	CodeEmailTaken     = "EMAIL_TAKEN"
	CodeAccountFull    = "TARGET_HAS_SUBJECT"
	CodeSubjectHeld    = "SUBJECT_HELD_ELSEWHERE"
	CodeICPHeld        = "ICP_NUMBER_HELD_ELSEWHERE"
	CodeDomainHeld     = "DOMAIN_HELD_ELSEWHERE"
	CodeMovedHere      = "MOVED_HERE"
)

// NewFault makes the fault of a code with its message.
func NewFault(field, code string) Fault {
	return Fault{Field: field, Code: code, Message: message(code)}
}

func message(code string) string {
	switch code {
	case CodeJSON:
		return "the line is not one JSON object in UTF-8"
	case CodeLineTooLong:
		return "the line is longer than 64 KiB"
	case CodeType:
		return "type must be account, subject, website, order or record"
	case CodeField:
		return "this type has no such field"
	case CodeTwice:
		return "the field is given twice"
	case CodeKind:
		return "the value has the wrong JSON type"
	case CodeRequired:
		return "the field is missing or empty"
	case CodeValue:
		return "the value is none of those allowed"
	case CodeTooLong:
		return "the text is too long"
	case CodeText:
		return "the text holds control characters"
	case CodeRange:
		return "the number is out of range"
	case CodeTime:
		return "the time is not of the form 2006-01-02T15:04:05+08:00 (RFC 3339)"
	case CodePasswordHash:
		return "only Argon2id hashes of moderate cost in PHC form are accepted"
	}
	return recordMessage(code)
}

func recordMessage(code string) string {
	switch code {
	case CodeFuture:
		return "as_of lies in the future"
	case CodeUnknownAccount:
		return "no account has this external id; accounts come first"
	case CodeUnknownSubject:
		return "no subject has this external id; subjects come before what hangs on them"
	case CodeEmailTaken:
		return "another account signs in with this email"
	case CodeAccountFull:
		return "the account holds as many subjects as it may (A1)"
	case CodeSubjectHeld:
		return "another subject has this certificate (A2)"
	case CodeICPHeld:
		return "another subject has this ICP number"
	case CodeDomainHeld:
		return "another website has this domain"
	case CodeMovedHere:
		return "the subject was given to another account here; the line is not newer than that"
	}
	return "the value was refused"
}

// formatFault keeps the code of a parser of package filing and tells its reason
// and numbers.
func formatFault(field string, err error) Fault {
	var refused *filing.FormatError
	if !errors.As(err, &refused) {
		return NewFault(field, CodeValue)
	}
	text := "refused: " + refused.Reason
	for _, key := range slices.Sorted(maps.Keys(refused.Params)) {
		text += ", " + key + " " + refused.Params[key]
	}
	return Fault{Field: field, Code: refused.Code, Message: text}
}
