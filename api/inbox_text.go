package api

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// letterReader finds in a message what its receiver needs: codes and links to our
// own host. Everything else stays words.
type letterReader struct {
	marks *regexp.Regexp
	base  *url.URL
}

// letterPiece is a stretch of a message: words, a code, or a link with Href.
type letterPiece struct {
	Text string
	Href string
	Code bool
}

// freezeCode is the length of a freeze code.
const freezeCode = 8

var errBaseURL = errors.New("the public URL must have a scheme and a host")

func newLetterReader(publicURL string) (letterReader, error) {
	base, err := url.Parse(publicURL)
	if err != nil || base.Host == "" || base.Scheme == "" {
		return letterReader{}, errBaseURL
	}
	host := regexp.QuoteMeta(base.Host)
	return letterReader{base: base, marks: regexp.MustCompile(
		`(?:https?://)?` + host + `(?:/[\w/.?=&%~-]*)?|\b[0-9]{6}\b|\b[0-9A-HJKMNP-TV-Z]{8}\b`)}, nil
}

// read cuts a message into pieces. A code is six digits, or eight characters as
// freeze codes have them; eight digits alone belong to a filing number.
func (l letterReader) read(message string) []letterPiece {
	var out []letterPiece
	words := func(s string) {
		if s != "" {
			out = append(out, letterPiece{Text: s})
		}
	}
	rest := 0
	for _, at := range l.marks.FindAllStringIndex(message, -1) {
		found := message[at[0]:at[1]]
		piece := letterPiece{Text: found, Code: true}
		if strings.Contains(found, l.base.Host) {
			found = strings.TrimRight(found, ".?&")
			piece = letterPiece{Text: found, Href: l.href(found)}
		} else if len(found) == freezeCode && strings.Trim(found, "0123456789") == "" {
			continue
		}
		words(message[rest:at[0]])
		out = append(out, piece)
		rest = at[0] + len(found)
	}
	words(message[rest:])
	return out
}

// href keeps path and query only, so that no message can lead elsewhere.
func (l letterReader) href(found string) string {
	_, rest, _ := strings.Cut(found, l.base.Host)
	u, err := url.Parse("/" + strings.TrimLeft(rest, "/"))
	if err != nil || u.Host != "" {
		return "/"
	}
	return u.RequestURI()
}
