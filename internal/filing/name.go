package filing

import (
	"strings"
	"unicode"
)

// FoldName gives the form in which names are compared: NFKC, so that full-width
// brackets and letters count as the usual ones, without blanks, in one case. A
// name that can't be folded gives the empty string.
func FoldName(name string) string {
	folded, err := fold("", name)
	if err != nil {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '·' || r == '•' || r == '・' {
			return -1
		}
		return unicode.ToLower(r)
	}, folded)
}

// SameName reports whether two names are the same to a reader; empty ones never
// are.
func SameName(a, b string) bool {
	folded := FoldName(a)
	return folded != "" && folded == FoldName(b)
}
