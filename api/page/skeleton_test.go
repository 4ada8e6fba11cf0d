package page_test

import (
	"regexp"
	"strings"
)

// skeleton reduces a page to its tags and attribute names: words can not
// change it unless they break out of their place.
func skeleton(html string) string {
	for _, strip := range []string{`(?s)<svg.*?</svg>`, `"[^"]*"`} {
		html = regexp.MustCompile(strip).ReplaceAllString(html, `""`)
	}
	return strings.Join(regexp.MustCompile(`<[^>]*>`).FindAllString(html, -1), "\n")
}
