package filing

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const star = "*"

// MaskPersonName hides a personal name the usual Chinese way: 仲*妮, 张*, and
// one star per hidden character, at most six.
func MaskPersonName(name string) string {
	runes := visible(name)
	switch len(runes) {
	case 0:
		return ""
	case 1:
		return star
	case 2:
		return string(runes[:1]) + star
	}
	last := len(runes) - 1
	return string(runes[:1]) + strings.Repeat(star, min(last-1, 6)) + string(runes[last:])
}

// MaskOrganisationName keeps the first two characters and up to six of the
// last, so that 北京星河科技有限公司 reads 北京*科技有限公司. The one star stands for
// at least two characters; names of up to four keep only the first.
func MaskOrganisationName(name string) string {
	runes := visible(name)
	switch n := len(runes); {
	case n == 0:
		return ""
	case n == 1:
		return star
	case n <= 4:
		return string(runes[:1]) + star
	default:
		tail := min(6, n-4)
		return string(runes[:2]) + star + string(runes[n-tail:])
	}
}

func visible(name string) []rune {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name)
	return []rune(strings.TrimSpace(shown))
}

// maskEnds keeps the first and the last character: 6****************2.
func maskEnds(number string) string {
	n := utf8.RuneCountInString(number)
	if n < 4 {
		return strings.Repeat(star, n)
	}
	_, first := utf8.DecodeRuneInString(number)
	_, last := utf8.DecodeLastRuneInString(number)
	return number[:first] + strings.Repeat(star, n-2) + number[len(number)-last:]
}
