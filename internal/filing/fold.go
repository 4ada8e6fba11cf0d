package filing

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTyped bounds the bytes of one typed value before it is normalised, which can make it 18 times longer.
const maxTyped = 1024

// fold applies NFKC, drops invisible marks and trims; the error carries code.
func fold(code, typed string) (string, error) {
	if len(typed) > maxTyped {
		return "", refuse(code, ReasonLength).with("n", utf8.RuneCountInString(typed))
	}
	if !utf8.ValidString(typed) {
		return "", refuse(code, ReasonFormat)
	}
	folded := strings.TrimSpace(dropMarks(norm.NFKC.String(dropMarks(typed))))
	if folded == "" {
		return "", refuse(code, ReasonEmpty)
	}
	return folded, nil
}

// compact folds a number: blanks go too, every dash becomes a hyphen and ASCII letters become capitals.
func compact(code, typed string) (string, error) {
	folded, err := fold(code, typed)
	if err != nil {
		return "", err
	}
	return strings.Map(numberRune, folded), nil
}

// Phone books wrap copied numbers in marks such as U+202D, which nobody sees and nobody can delete.
func dropMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
}

func numberRune(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return -1
	case unicode.Is(unicode.Pd, r), r == '\u2212':
		return '-'
	case 'a' <= r && r <= 'z':
		return r - 'a' + 'A'
	}
	return r
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

func isCapital(r rune) bool { return 'A' <= r && r <= 'Z' }

// oddRune returns the position, from 1, of the first rune that does not satisfy ok, or 0.
func oddRune(s string, ok func(rune) bool) int {
	pos := 0
	for _, r := range s {
		pos++
		if !ok(r) {
			return pos
		}
	}
	return 0
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && isDigit(rune(s[n])) {
		n++
	}
	return n
}
