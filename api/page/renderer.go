package page

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"beian/internal/text"
)

//go:embed assets
var assetFiles embed.FS

//go:embed templates
var templateFiles embed.FS

// ErrNoPage means that no page has the name asked for.
var ErrNoPage = errors.New("no such page")

// Options is what a Renderer needs. Pages adds a folder of page files to the
// embedded ones and may be nil.
type Options struct {
	Catalog *text.Catalog
	Site    Site
	Pages   fs.FS
}

// Renderer writes pages. It is safe for concurrent use.
type Renderer struct {
	catalog *text.Catalog
	site    Site
	assets  *Assets
	pages   map[text.Lang]map[string]build
}

// build makes a page's template. A page with its own copy of the layout takes half
// a megabyte, so what nobody has asked for yet is not kept.
type build func() (*template.Template, error)

// New parses every page in every language, so that a broken template stops the
// start and never a request.
func New(o Options) (*Renderer, error) {
	folder, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		return nil, fmt.Errorf("open assets: %w", err)
	}
	assets, err := NewAssets(folder)
	if err != nil {
		return nil, err
	}
	if o.Site.StatusPath == "" {
		o.Site.StatusPath = "/jobs"
	}
	r := &Renderer{catalog: o.Catalog, site: o.Site, assets: assets, pages: map[text.Lang]map[string]build{}}
	for _, lang := range text.Langs() {
		if err := r.parse(lang, o.Pages); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Renderer) parse(lang text.Lang, more fs.FS) error {
	funcs := speech{lang: lang, catalog: r.catalog, assets: r.assets}.funcs()
	frame, err := template.New("layout").Option("missingkey=error").Funcs(funcs).
		ParseFS(templateFiles, "templates/*.html", "templates/components/*.html")
	if err != nil {
		return fmt.Errorf("parse layout: %w", err)
	}
	own, err := fs.Sub(templateFiles, "templates/pages")
	if err != nil {
		return fmt.Errorf("open pages: %w", err)
	}
	r.pages[lang] = map[string]build{}
	for _, folder := range []fs.FS{own, more} {
		if folder == nil {
			continue
		}
		if err := r.parseFolder(lang, frame, funcs, folder); err != nil {
			return err
		}
	}
	return nil
}

func (r *Renderer) parseFolder(lang text.Lang, frame *template.Template, funcs template.FuncMap, folder fs.FS) error {
	return fs.WalkDir(folder, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".html") {
			return err
		}
		if _, err := template.New(file).Funcs(funcs).ParseFS(folder, file); err != nil {
			return fmt.Errorf("parse page %s: %w", file, err)
		}
		r.pages[lang][strings.TrimSuffix(file, ".html")] = sync.OnceValues(func() (*template.Template, error) {
			return parsePage(frame, folder, file)
		})
		return nil
	})
}

func parsePage(frame *template.Template, folder fs.FS, file string) (*template.Template, error) {
	clone, err := frame.Clone()
	if err != nil {
		return nil, fmt.Errorf("copy layout: %w", err)
	}
	if clone, err = clone.ParseFS(folder, file); err != nil {
		return nil, fmt.Errorf("parse page %s: %w", file, err)
	}
	return clone.Lookup("layout"), nil
}

// Render writes the page called name, its path below templates/pages without
// .html. Nothing is written when it returns an error, so the caller can still
// answer with Problem.
func (r *Renderer) Render(w http.ResponseWriter, name string, v View) error {
	v = v.prepare(r.catalog, r.site)
	page, err := r.Template(v.Lang, name)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := page.Execute(&out, v); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Language", string(v.Lang))
	head.Add("Vary", "Accept-Language, Cookie")
	head.Set("Cache-Control", "no-store")
	head.Set("Content-Length", strconv.Itoa(out.Len()))
	w.WriteHeader(v.status())
	if _, err := out.WriteTo(w); err != nil {
		return fmt.Errorf("send %s: %w", name, err)
	}
	return nil
}

// Assets returns the handler for /assets/ and the favicon.
func (r *Renderer) Assets() *Assets {
	return r.assets
}

// AssetHandler serves everything below /assets/.
func (r *Renderer) AssetHandler() http.Handler {
	return r.assets
}

// Names lists the pages, for tests that visit them all.
func (r *Renderer) Names() []string {
	names := make([]string, 0, len(r.pages[text.Chinese]))
	for name := range r.pages[text.Chinese] {
		names = append(names, name)
	}
	return names
}

// Template returns a page's parsed template; the first call for a page parses it.
// Execution rewrites it, so a type check comes before.
func (r *Renderer) Template(lang text.Lang, name string) (*template.Template, error) {
	page, ok := r.pages[lang][name]
	if !ok {
		return nil, fmt.Errorf("look up %s: %w", name, ErrNoPage)
	}
	return page()
}
