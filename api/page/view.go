package page

import (
	"net/http"
	"net/url"
	"strings"

	"beian/internal/text"
)

// View is everything a page shows. The zero value of every field is usable;
// the template sees the View as its dot and the page's own figures as .Data.
type View struct {
	Status    int          // HTTP status; 0 means 422 with errors, else 200
	Lang      text.Lang    // empty means Chinese
	Title     string       // or {{define "title"}} in the page
	Kind      string       // of the job that the page is about; Say uses its words
	Path      string       // request path and query, for the language link
	RequestID string       // shown in the footer
	User      string       // masked name of who is signed in, or empty
	Back      string       // target of the back link, or empty
	Wide      bool         // the console's width instead of one column
	Refresh   int          // seconds between reloads where scripts do not run
	FormID    string       // idempotency key of the page's form
	Values    url.Values   // what was typed, shown again by Field and Choices
	Errors    []FieldError // shown in the summary and at their fields
	Data      any

	site    Site
	catalog *text.Catalog
}

// Site is what the operator prints on every page, by language where it is
// prose. Empty entries fall back to neutral wording.
type Site struct {
	Contact  map[text.Lang]string
	Hours    map[text.Lang]string
	Operator map[text.Lang]string

	Staff       bool   // pages of the staff: without the applicants' link to their progress
	StatusPath  string // defaults to /jobs
	SignInPath  string // empty hides the link
	AccountPath string // of whoever is signed in; empty makes the name plain text
	SignOutPath string // target of the sign-out form
}

// FieldError is one thing to correct. Field is the name of the form field, or
// empty for an error of the whole form. Message wins over Key, a catalog key
// filled with Params, which wins over the fault's Code and Reason.
type FieldError struct {
	Field   string
	Code    string
	Reason  string
	Params  text.Params
	Key     string
	Message string
}

func (e FieldError) say(c *text.Catalog, lang text.Lang) string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Key != "":
		return c.T(lang, e.Key, e.Params)
	}
	return c.Fault(lang, text.Fault{Field: e.Field, Code: e.Code, Reason: e.Reason, Params: e.Params})
}

// FromRequest starts a View with the language and address of r.
func FromRequest(r *http.Request, lang text.Lang) View {
	return View{Lang: lang, Path: r.URL.RequestURI()}
}

// Say is t in the words of the page's kind of job, where the catalogs have some.
func (v View) Say(key string, pairs ...any) (string, error) {
	params, err := paired(pairs)
	if err != nil {
		return "", err
	}
	if own := text.Own(v.Kind, key); v.catalog.Has(v.Lang, own) {
		key = own
	}
	return v.catalog.T(v.Lang, key, params), nil
}

// LangURL returns the current address in another language, path and query kept.
func (v View) LangURL(lang text.Lang) string {
	u, err := url.ParseRequestURI(v.Path)
	if err != nil || u.Host != "" || strings.HasPrefix(v.Path, "//") {
		u = &url.URL{Path: "/"} // two slashes would lead to another host
	}
	query := u.Query()
	query.Set("lang", string(lang))
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: query.Encode()}).RequestURI()
}

// OtherURL returns the current address in the language the switch offers.
func (v View) OtherURL() string {
	return v.LangURL(v.Lang.Other())
}

// Site returns the operator's settings.
func (v View) Site() Site {
	return v.site
}

// Contact returns the footer's contact line.
func (v View) Contact() string {
	return v.own(v.site.Contact, "footer.contact.default")
}

// Hours returns the footer's office hours.
func (v View) Hours() string {
	return v.own(v.site.Hours, "footer.hours.default")
}

// Operator returns who runs the service, or nothing when it is not set.
func (v View) Operator() string {
	return v.site.Operator[v.Lang]
}

func (v View) own(words map[text.Lang]string, key string) string {
	if said := words[v.Lang]; said != "" {
		return said
	}
	return v.catalog.T(v.Lang, key)
}

// Value returns what was typed into a field, the first if there are several.
func (v View) Value(name string) string {
	return v.Values.Get(name)
}

// ErrorFor returns the message shown at a field, or nothing.
func (v View) ErrorFor(name string) string {
	for _, e := range v.Errors {
		if e.Field == name {
			return e.Message
		}
	}
	return ""
}

func (v View) status() int {
	switch {
	case v.Status != 0:
		return v.Status
	case len(v.Errors) > 0:
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// prepare fills what templates rely on and leaves the caller's slices alone.
func (v View) prepare(catalog *text.Catalog, site Site) View {
	if _, ok := text.Parse(string(v.Lang)); !ok {
		v.Lang = text.Chinese
	}
	v.catalog, v.site = catalog, site
	said := make([]FieldError, len(v.Errors))
	for i, e := range v.Errors {
		e.Message = e.say(catalog, v.Lang)
		said[i] = e
	}
	v.Errors = said
	return v
}
