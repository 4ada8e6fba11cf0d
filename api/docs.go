package api

import (
	"embed"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"beian/api/page"
	"beian/internal/text"
)

//go:embed reference
var reference embed.FS

// PageFiles are the page templates of the API reference, for page.Options.Pages.
func PageFiles() fs.FS {
	files, err := fs.Sub(reference, "reference")
	if err != nil {
		return reference // the folder is embedded above
	}
	return files
}

// docRoutes serve the specification, a reference for people made from it, and a
// page per kind of problem; nothing comes from a foreign host.
func (s *Server) docRoutes() {
	s.echo.GET("/openapi.json", func(c echo.Context) error {
		spec, err := s.specification()
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/openapi+json", spec)
	})
	if s.parts.Renderer == nil {
		return
	}
	s.echo.GET("/docs", func(c echo.Context) error {
		return s.render(c, "api-docs", s.docsOf(callOf(c.Request().Context()).lang))
	})
	s.echo.GET("/problems/:slug", s.problemPage)
}

func (s *Server) render(c echo.Context, name string, data any) error {
	r := callOf(c.Request().Context())
	view := page.FromRequest(c.Request(), r.lang)
	view.RequestID, view.Data = r.id, data
	if kind, ok := data.(problemDoc); ok {
		view.Title = kind.Title
	}
	return s.parts.Renderer.Render(c.Response(), name, view)
}

type docs struct {
	Groups   []docGroup
	Problems []problemDoc
}

type docGroup struct {
	Title      string
	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, Who string
	Scope                          string // what a key needs; empty: none opens it
	Keyed                          bool
	Fields                         []docField
	Table                          page.Table
}

type docField struct{ Name, Type, Text string }

type problemDoc struct {
	Slug, Code, Title, Detail string
	Status                    int
}

// docGroups are the sections of the reference by tag.
func docGroups() []struct{ tag, title string } {
	return []struct{ tag, title string }{
		{"sessions", "api.docs.sessions"}, {"account", "api.docs.account"}, {"transfers", "api.docs.transfers"},
		{"reviewed-transfers", "kind.transfer_reviewed"}, {"reversals", "kind.reversal"},
		{"legacy-imports", "kind.legacy_import"}, {"legacy-papers", "kind.legacy_papers"}, {"contact-changes", "kind.contact_change"}, {"contact-papers", "kind.contact_papers"},
		{"login-resets", "api.docs.login_resets"}, {"reviews", "api.docs.reviews"}, {"jobs", "api.docs.jobs"},
		{"codes", "api.docs.codes"}, {"integration", "api.docs.integration"},
		{"calendar", "api.docs.calendar"}, {"service", "api.docs.service"},
	}
}

func (s *Server) docsOf(lang text.Lang) docs {
	var d docs
	for _, group := range docGroups() {
		g := docGroup{Title: group.title}
		for _, path := range slices.Sorted(maps.Keys(s.api.OpenAPI().Paths)) {
			for _, op := range operationsOf(s.api.OpenAPI().Paths[path]) {
				if ours, ok := op.Metadata["operation"].(operation); ok && ours.tag == group.tag {
					g.Operations = append(g.Operations, s.docOf(lang, op, ours))
				}
			}
		}
		d.Groups = append(d.Groups, g)
	}
	for _, kind := range problemKinds() {
		d.Problems = append(d.Problems, s.problemDoc(lang, kind))
	}
	return d
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	var all []*huma.Operation
	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil {
			all = append(all, op)
		}
	}
	return all
}

func (s *Server) docOf(lang text.Lang, op *huma.Operation, ours operation) docOperation {
	d := docOperation{ID: ours.id, Method: ours.method, Path: ours.path, Summary: ours.summary, Keyed: ours.keyed,
		Who: whoWords(ours.who), Scope: string(scopes()[ours.id]), Fields: s.fieldsOf(op)}
	if len(ours.roles) > 0 {
		d.Who = "api.docs.who.staff"
	}
	d.Table = page.Table{Caption: s.parts.Catalog.T(lang, "api.docs.fields"), Head: []string{
		s.parts.Catalog.T(lang, "api.docs.field"), s.parts.Catalog.T(lang, "api.docs.type"), s.parts.Catalog.T(lang, "api.docs.meaning")}}
	for _, f := range d.Fields {
		d.Table.Rows = append(d.Table.Rows, []page.Cell{{Text: f.Name}, {Text: f.Type}, {Text: f.Text}})
	}
	return d
}

func whoWords(who access) string {
	switch who {
	case signedIn:
		return "api.docs.who.signed_in"
	case applicant:
		return "api.docs.who.applicant"
	case onlookers:
		return "api.docs.who.onlookers"
	case tracked:
		return "api.docs.who.tracked"
	case filingSys:
		return "api.docs.who.filing_system"
	case readers:
		return "api.docs.who.review_readers"
	case deciders:
		return "api.docs.who.reviewers"
	}
	return "api.docs.who.anyone"
}

// fieldsOf lists the fields of an operation's JSON body.
func (s *Server) fieldsOf(op *huma.Operation) []docField {
	if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
		return nil
	}
	schema := op.RequestBody.Content["application/json"].Schema
	for schema.Ref != "" {
		schema = s.api.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	var fields []docField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		p := schema.Properties[name]
		fields = append(fields, docField{Name: name, Type: p.Type, Text: p.Description})
	}
	return fields
}

func (s *Server) problemDoc(lang text.Lang, kind problemKind) problemDoc {
	key := "error.problem." + slug(kind.code)
	about := key + ".about" // where the detail speaks of one occurrence
	if !s.parts.Catalog.Has(lang, about) {
		about = key + ".detail"
	}
	return problemDoc{Slug: slug(kind.code), Code: string(kind.code), Status: kind.status,
		Title: s.parts.Catalog.T(lang, key+".title"), Detail: s.parts.Catalog.T(lang, about)}
}

func (s *Server) problemPage(c echo.Context) error {
	lang := callOf(c.Request().Context()).lang
	for _, kind := range problemKinds() {
		if strings.EqualFold(slug(kind.code), c.Param("slug")) {
			return s.render(c, "api-problem", s.problemDoc(lang, kind))
		}
	}
	return errNotFound
}
