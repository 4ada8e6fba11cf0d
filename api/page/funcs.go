package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"beian/internal/text"
)

// speech binds the template functions to one language.
type speech struct {
	lang    text.Lang
	catalog *text.Catalog
	assets  *Assets
}

func (s speech) funcs() template.FuncMap {
	return template.FuncMap{
		"t":       s.t,
		"tp":      s.tp,
		"date":    s.catalog.Date,
		"day":     s.catalog.Day,
		"stamp":   s.stamp,
		"promise": func(at time.Time) string { return s.catalog.Promise(s.lang, at) },
		"weekday": s.weekday,
		"monthday": func(at time.Time) string {
			return s.catalog.Local(at).Format("01-02")
		},
		"asset":   s.assets.URL,
		"qr":      s.qr,
		"grouped": Grouped,
		"groups":  groups,
		"state":   s.state,

		"button": func(words string, pairs ...any) (Button, error) {
			b := Button{Text: words}
			return b, set(&b, pairs)
		},
		"badge": func(words string, tone Tone) Badge { return Badge{Text: words, Tone: tone} },
		"notice": func(words string, pairs ...any) (Notice, error) {
			n := Notice{Text: words, Tone: Info}
			return n, set(&n, pairs)
		},
		"panel": func(title string, pairs ...any) (Panel, error) {
			p := Panel{Title: title}
			return p, set(&p, pairs)
		},
		"interruption": func(title, words string, items ...string) Interruption {
			return Interruption{Title: title, Text: words, Items: items}
		},
		"row":  func(key, value, href string) Row { return Row{Key: key, Value: value, Href: href} },
		"rows": func(rows ...Row) []Row { return rows },
		"step": func(n, total int) Step { return Step{N: n, Total: total} },
		"link": func(words, href string) Link { return Link{Text: words, Href: href} },
		"resend": func(action, formID string, wait int) Resend {
			return Resend{Action: action, FormID: formID, Wait: wait}
		},
		"copying": func(label, value string) Copyable { return Copyable{Label: label, Value: value} },
	}
}

func (s speech) t(key string, pairs ...any) (string, error) {
	params, err := paired(pairs)
	if err != nil {
		return "", err
	}
	return s.catalog.T(s.lang, key, params), nil
}

func (s speech) tp(key string, params text.Params) string {
	return s.catalog.T(s.lang, key, params)
}

func (s speech) stamp(at time.Time) string {
	return s.catalog.Local(at).Format(time.RFC3339)
}

func (s speech) weekday(at time.Time) string {
	return s.catalog.T(s.lang, fmt.Sprintf("date.weekday.%d", int(s.catalog.Local(at).Weekday())))
}

func (s speech) state(id string) Badge {
	return Badge{Text: s.catalog.T(s.lang, "state."+id), Tone: StateTone(id)}
}

// Grouped shows a receipt the way people read it aloud: TR 8F4K QX7M.
func Grouped(receipt string) string {
	return strings.Join(groups(receipt), " ")
}

func groups(receipt string) []string {
	const kind, group = 2, 4
	if len(receipt) <= kind {
		return []string{receipt}
	}
	parts := []string{receipt[:kind]}
	for rest := receipt[kind:]; rest != ""; {
		n := min(group, len(rest))
		parts = append(parts, rest[:n])
		rest = rest[n:]
	}
	return parts
}
