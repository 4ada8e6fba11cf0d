package filing

import (
	"fmt"
	"io"
	"strconv"
	"unique"
)

// sensitive keeps a personal value so that printing shows its masked form. The
// handles, unlike strings, stay opaque when fmt walks an unexported field by
// reflection, and keep the value comparable with ==.
type sensitive struct {
	clear, masked unique.Handle[string]
}

func conceal(value, masked string) sensitive {
	return sensitive{clear: unique.Make(value), masked: unique.Make(masked)}
}

// IsZero reports whether the value is absent.
func (s sensitive) IsZero() bool { return s == sensitive{} }

// Reveal returns the clear value, or "" if absent. It is for sending, sealing
// and comparing; whoever shows the result to a person accounts for it.
func (s sensitive) Reveal() string {
	if s.IsZero() {
		return ""
	}
	return s.clear.Value()
}

// Masked returns the form fit for display, or "" if absent.
func (s sensitive) Masked() string {
	if s.IsZero() {
		return ""
	}
	return s.masked.Value()
}

// String returns the masked form.
func (s sensitive) String() string { return s.Masked() }

// GoString returns the masked form in quotes.
func (s sensitive) GoString() string { return strconv.Quote(s.Masked()) }

// MarshalText returns the masked form; a masked text can't be read back.
func (s sensitive) MarshalText() ([]byte, error) { return []byte(s.Masked()), nil }

// Format prints the masked form for every verb, those for numbers and pointers included.
func (s sensitive) Format(f fmt.State, verb rune) {
	text := s.Masked()
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	if width, ok := f.Width(); ok && !f.Flag('-') {
		text = fmt.Sprintf("%*s", width, text)
	} else if ok {
		text = fmt.Sprintf("%-*s", width, text)
	}
	// A State reports no failure that this method could pass on.
	_, _ = io.WriteString(f, text)
}
