package workday

import (
	"fmt"
	"strings"
)

// Code says what is wrong with a year's file. Codes are permanent: pages turn them into sentences.
type Code string

// What can be wrong with a year's file.
const (
	// CodeSize means more than 64 KiB; a year takes about 4.
	CodeSize Code = "size"
	// CodeEncoding means that the text is not UTF-8, as when it was saved as GBK.
	CodeEncoding Code = "encoding"
	// CodeSyntax means that it is not one JSON object of the wanted shape.
	CodeSyntax Code = "syntax"
	// CodeUnknownField means a field that the format does not have; letters count as written.
	CodeUnknownField Code = "unknown_field"
	// CodeRepeatedField means that an object has a field twice, of which one would be lost.
	CodeRepeatedField Code = "repeated_field"
	// CodeYear means a year that is missing or not from 2000 to 2199.
	CodeYear Code = "year"
	// CodeSource means that the notice the data comes from is not named, in at most 200 characters.
	CodeSource Code = "source"
	// CodeDate means a date that is not YYYY-MM-DD or does not exist.
	CodeDate Code = "date"
	// CodeOtherYear means a date of another year: it belongs in that year's file, whichever notice declares it.
	CodeOtherYear Code = "other_year"
	// CodeRepeatedDate means a second entry for a day.
	CodeRepeatedDate Code = "repeated_date"
	// CodeOff means that "off" is missing.
	CodeOff Code = "off"
	// CodeName means that a name is missing in a language, longer than 60 characters or holds invisible ones.
	CodeName Code = "name"
	// CodeNotWeekend means a make-up day on a weekday, which is a working day anyway.
	CodeNotWeekend Code = "not_weekend"
	// CodeStatutory means that 1 January, 1 May or 1 October is not off, so that the file can't be complete.
	CodeStatutory Code = "statutory"
)

// Fault is one thing that is wrong with a year's file, and where.
type Fault struct {
	Code  Code
	Date  string // YYYY-MM-DD of the day concerned, when it could be read
	Entry int    // which of the days, from 1; 0 when it is about the whole file
	Note  string // for operators, in English: the field's name or what the decoder said
}

// maxFaults is more than anybody mends in one go; a hostile file must not make an endless answer.
const maxFaults = 50

// FileError lists what is wrong with a year's file, in the order of the file: everything, or the first 50 faults.
type FileError struct {
	Faults []Fault
}

func refuse(faults ...Fault) error {
	return &FileError{Faults: faults[:min(len(faults), maxFaults)]}
}

// Error names every fault with its date.
func (e *FileError) Error() string {
	texts := make([]string, len(e.Faults))
	for i, fault := range e.Faults {
		texts[i] = fault.String()
	}
	return "holiday file: " + strings.Join(texts, "; ")
}

// String names the place, the code and the note.
func (f Fault) String() string {
	text := string(f.Code)
	switch {
	case f.Date != "":
		text = f.Date + ": " + text
	case f.Entry > 0:
		text = fmt.Sprintf("day %d: %s", f.Entry, text)
	}
	if f.Note != "" {
		text += " (" + f.Note + ")"
	}
	return text
}
