package dashboard

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"beian/tasks"
)

var (
	foreignLink  = regexp.MustCompile(`<link\b[^>]*\bfonts\.googleapis\.com\b[^>]*>`)
	manifestLink = regexp.MustCompile(`<link\b[^>]*\brel="manifest"[^>]*>`)
	inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
)

const headBegin = `<meta charset="utf-8"/>`

// variant is what a page depends on.
type variant struct {
	role tasks.ActorKind
	lang string
}

// page is asynqmon's index.html made safe, with the policy that fits it.
type page struct {
	body   []byte
	policy string
}

func (p page) serve(w http.ResponseWriter) {
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(p.body)
}

// renderPages renders each variant once.
func renderPages(p Parts, readOnly, writing http.Handler) (map[variant]page, error) {
	pages := map[variant]page{}
	for _, role := range staffRoles() {
		monitor := readOnly
		if role == tasks.ActorOperator {
			monitor = writing
		}
		a := ask(context.Background(), monitor, question{method: http.MethodGet, path: p.Root + "/"})
		for _, lang := range []string{chinese, english} {
			v := variant{role: role, lang: lang}
			made, err := makeSafe(a.body.String(), p, v)
			if err != nil {
				return nil, fmt.Errorf("rendering the dashboard's page: %w", err)
			}
			pages[v] = made
		}
	}
	return pages, nil
}

// makeSafe drops what a foreign host would serve, adds the guard's own script
// before all others, and allows exactly the inline scripts that are there.
func makeSafe(index string, p Parts, v variant) (page, error) {
	index = manifestLink.ReplaceAllString(foreignLink.ReplaceAllString(index, ""), "")
	if !strings.Contains(index, headBegin) || strings.Contains(index, "//fonts.") || strings.Contains(index, `="http`) {
		return page{}, errors.New("the page of this asynqmon is not the one the guard was written for")
	}
	index = strings.Replace(index, headBegin, headBegin+injected(p, v), 1)
	return page{body: []byte(index), policy: pagePolicy(index)}, nil
}

func injected(p Parts, v variant) string {
	attributes := map[string]string{
		"src": p.Root + "/guard.js?v=" + assetVersion(), "data-root": p.Root, "data-home": p.Home, "data-sign-in": p.SignIn,
		"data-lang": v.lang, "data-role": string(v.role), "data-reasoned": strings.Join(reasoned(v.role), ","),
	}
	names := make([]string, 0, len(attributes))
	for name, value := range attributes {
		names = append(names, name+`="`+html.EscapeString(value)+`"`)
	}
	slices.Sort(names)
	return `<link rel="stylesheet" href="` + html.EscapeString(p.Root+"/guard.css?v="+assetVersion()) + `"/>` +
		`<script ` + strings.Join(names, " ") + `></script>`
}

// pagePolicy is for this path only: asynqmon writes its styles at run time.
func pagePolicy(index string) string {
	sources := []string{"'self'"}
	for _, script := range inlineScript.FindAllStringSubmatch(index, -1) {
		sum := sha256.Sum256([]byte(script[1]))
		sources = append(sources, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
	}
	return "default-src 'self'; script-src " + strings.Join(sources, " ") + "; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data:; connect-src 'self'; object-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
}
