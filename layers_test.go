package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "beian"

// place is where a package stands: it may import our packages of lower layers, those named beside it, and the others
// of its own unit (api and api/page are one unit, internal/legacy and internal/legacy/legacytest another).
type place struct {
	layer   int
	ours    []string // named: of the same layer for everyone; for a strict package these are all it may import
	strict  bool     // only ours and foreign, nothing else
	foreign []string // third-party modules a strict package may import
}

// testsOnly packages support tests: they import what they like and only tests import them.
const testsOnly = -1

func layerTable() map[string]place {
	filing := []string{"internal/filing"}
	return map[string]place{
		"config":           {layer: 0, strict: true, foreign: []string{"github.com/alecthomas/kong"}},
		"internal/filing":  {layer: 0, strict: true, foreign: []string{"golang.org/x/text", "golang.org/x/net"}},
		"internal/workday": {layer: 0, strict: true, ours: filing},
		"internal/vault":   {layer: 0, strict: true, foreign: []string{"github.com/tink-crypto/tink-go/v2"}},
		"internal/text":    {layer: 0, strict: true, ours: filing, foreign: []string{"golang.org/x/text"}},

		"internal/failpoint": {layer: 0, strict: true},
		"internal/traces":    {layer: 0, strict: true, foreign: []string{"go.opentelemetry.io/otel", "go.opentelemetry.io/proto/otlp", "google.golang.org/protobuf"}},

		"internal/letter": {layer: 0, strict: true, foreign: []string{
			"codeberg.org/go-pdf/fpdf", "github.com/skip2/go-qrcode", "golang.org/x/image",
		}},

		"internal/specimen": {layer: 0, strict: true, ours: []string{"internal/letter"}, foreign: []string{"golang.org/x/image"}},

		"tasks":             {layer: 1, strict: true, ours: filing},
		"internal/accounts": {layer: 1, strict: true, ours: []string{"internal/filing", "tasks"}, foreign: []string{"golang.org/x/crypto"}},
		"internal/intake":   {layer: 1, strict: true, ours: []string{"internal/filing", "tasks"}},

		"api":                        {layer: 2},
		"api/page":                   {layer: 2},
		"worker":                     {layer: 2},
		"internal/store":             {layer: 2},
		"internal/queue":             {layer: 2},
		"internal/dashboard":         {layer: 2},
		"internal/sms":               {layer: 2},
		"internal/sms/smstest":       {layer: 2},
		"internal/legacy":            {layer: 2},
		"internal/legacy/legacytest": {layer: 2},
		"internal/documents":         {layer: 2, strict: true, ours: []string{"internal/filing", "internal/vault", "tasks"}, foreign: []string{"golang.org/x/image", "golang.org/x/sys", "github.com/klippa-app/go-pdfium", "github.com/tetratelabs/wazero"}},
		"internal/oidc":              {layer: 2},
		"internal/webhook":           {layer: 2, strict: true, ours: []string{"internal/traces", "tasks"}, foreign: []string{"github.com/standard-webhooks/standard-webhooks", "code.dny.dev/ssrf"}},

		"internal/bench": {layer: 3},
		".":              {layer: 3, ours: []string{"internal/bench"}},

		"internal/testenv":  {layer: testsOnly},
		"api/page/pagetest": {layer: testsOnly},
	}
}

// confined names the only packages that may know a technology, so that replacing it is a change in one place.
func confined() map[string][]string {
	return map[string][]string{
		"github.com/labstack/echo":      {"api"},
		"github.com/danielgtaylor/huma": {"api"},
		"database/sql":                  {"internal/store", "internal/bench"},
		"modernc.org/sqlite":            {"internal/store", "internal/bench"},
		"github.com/jackc/pgx":          {"internal/store", "internal/bench"},
		"github.com/pressly/goose":      {"internal/store"},
		"github.com/hibiken/asynq":      {"internal/queue", "internal/dashboard", "worker", "internal/bench", "."},
		"github.com/hibiken/asynqmon":   {"internal/dashboard"},
		"github.com/alicebob/miniredis": {"internal/queue", "internal/bench"},
		"github.com/tink-crypto":        {"internal/vault"},
		"golang.org/x/image":            {"internal/documents", "internal/letter", "internal/specimen"},
		"github.com/klippa-app":         {"internal/documents"},
		"github.com/tetratelabs":        {"internal/documents"},
		"github.com/alecthomas/kong":    {"config", "."},
		"codeberg.org/go-pdf/fpdf":      {"internal/letter"},
		"github.com/sony/gobreaker":     {"internal/legacy", "internal/sms"},
		"github.com/riverqueue":         {"internal/bench"},
		"github.com/coreos/go-oidc":     {"internal/oidc"},
		"golang.org/x/oauth2":           {"internal/oidc"},
		"github.com/oauth2-proxy":       {},
		"github.com/chromedp":           {},
		"github.com/google/go-cmp":      {},
		"pgregory.net/rapid":            {},
		"go.uber.org/goleak":            {},
		"github.com/jba/templatecheck":  {},
		"github.com/johannesboyne":      {},
		"github.com/wneessen":           {"internal/sms"},
		"github.com/standard-webhooks":  {"internal/webhook"},
		"code.dny.dev/ssrf":             {"internal/webhook"},
		"go.opentelemetry.io":           {"internal/traces"},
	}
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	table, seen := layerTable(), map[string]bool{}
	for _, source := range sources(t) {
		from, known := table[source.pkg]
		if !known {
			if !seen[source.pkg] {
				t.Errorf("%s is a new package: add it to the layer table in layers_test.go", source.pkg)
			}
			seen[source.pkg] = true
			continue
		}
		for _, imported := range source.imports() {
			if problem := judge(table, source.pkg, from, imported); problem != "" {
				t.Errorf("%s imports %s: %s", source.path, imported, problem)
			}
		}
	}
}

func judge(table map[string]place, pkg string, from place, imported string) string {
	if from.layer == testsOnly {
		return ""
	}
	if to, ours := ourPackage(imported); ours {
		return judgeOurs(table, pkg, from, to)
	}
	for technology, homes := range confined() {
		if isWithin(imported, technology) && !slices.Contains(homes, unit(pkg)) {
			return fmt.Sprintf("only %v may know %s", homes, technology)
		}
	}
	foreign := strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
	if from.strict && foreign && !slices.ContainsFunc(from.foreign, func(allowed string) bool { return isWithin(imported, allowed) }) {
		return fmt.Sprintf("beside the standard library only %v is allowed here", from.foreign)
	}
	return ""
}

func judgeOurs(table map[string]place, pkg string, from place, to string) string {
	target, known := table[to]
	switch {
	case !known:
		return "it is not in the layer table in layers_test.go"
	case target.layer == testsOnly:
		return "it is for tests only"
	case slices.Contains(from.ours, to):
		return ""
	case from.strict:
		return fmt.Sprintf("of ours only %v is allowed here", from.ours)
	case target.layer < from.layer || unit(pkg) == unit(to):
		return ""
	}
	return fmt.Sprintf("layer %d may not import layer %d beside or above it", from.layer, target.layer)
}

func TestJudgeKnowsTheArrows(t *testing.T) {
	t.Parallel()
	cases := []struct {
		from, imported string
		allowed        bool
	}{
		{"tasks", "beian/internal/filing", true},
		{"tasks", "beian/config", false},
		{"tasks", "github.com/google/uuid", false},
		{"tasks", "encoding/json", true},
		{"tasks", "database/sql", false},
		{"config", "beian/internal/filing", false},
		{"internal/accounts", "golang.org/x/crypto/argon2", true},
		{"internal/accounts", "golang.org/x/cryptography", false},
		{"internal/store", "beian/tasks", true},
		{"internal/store", "database/sql", true},
		{"internal/store", "beian/internal/queue", false},
		{"internal/store", "beian/internal/testenv", false},
		{"api", "beian/api/page", true},
		{"api/page", "github.com/labstack/echo/v4", true},
		{"api", "beian/worker", false},
		{"api", "github.com/hibiken/asynq", false},
		{"worker", "github.com/labstack/echo/v4", false},
		{"internal/dashboard", "github.com/hibiken/asynqmon", true},
		{"internal/queue", "github.com/hibiken/asynqmon", false},
		{"internal/legacy/legacytest", "beian/internal/legacy", true},
		{".", "beian/api", true},
		{".", "beian/internal/bench", true},
	}
	table := layerTable()
	for _, c := range cases {
		if problem := judge(table, c.from, table[c.from], c.imported); (problem == "") != c.allowed {
			t.Errorf("%s imports %s: allowed must be %v, got %q", c.from, c.imported, c.allowed, problem)
		}
	}
}

func TestNoPackageIsADrawerForAnything(t *testing.T) {
	t.Parallel()
	drawers := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "misc", "shared"}
	for _, source := range sources(t) {
		if slices.Contains(drawers, source.syntax.Name.Name) || slices.Contains(drawers, path.Base(source.pkg)) {
			t.Errorf("%s: name the package after what the office would call it", source.path)
		}
	}
}

func TestFilesAndFunctionsStayReadable(t *testing.T) {
	t.Parallel()
	const fileLimit, functionLimit = 400, 80
	for _, source := range sources(t) {
		if lines := source.line(source.syntax.FileEnd); lines > fileLimit {
			t.Errorf("%s has %d lines, more than %d", source.path, lines, fileLimit)
		}
		for _, declaration := range source.syntax.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := source.line(function.End()) - source.line(function.Pos()) + 1; lines > functionLimit {
				t.Errorf("%s: %s has %d lines, more than %d", source.at(function), function.Name.Name, lines, functionLimit)
			}
			if function.Name.Name == "init" && function.Recv == nil {
				t.Errorf("%s: func init runs unasked; have the caller ask", source.at(function))
			}
		}
	}
}

// Package variables are allowed where they are constants that Go cannot write as such: errors, patterns, embedded
// files, tables. Packages for tests may share a server.
func TestThereAreNoGlobals(t *testing.T) {
	t.Parallel()
	tables := map[string]map[string]string{} // package -> table -> where it is declared
	for _, source := range sources(t) {
		if layerTable()[source.pkg].layer == testsOnly {
			continue
		}
		for name, value := range source.variables() {
			if !isConstantLike(value) {
				t.Errorf("%s: package variable %s; pass it in instead", source.at(value.spec), name)
				continue
			}
			if tables[source.pkg] == nil {
				tables[source.pkg] = map[string]string{}
			}
			tables[source.pkg][name] = source.path
		}
	}
	for _, source := range sources(t) {
		for _, assigned := range source.assignments(tables[source.pkg]) {
			t.Errorf("%s: %s is a package variable and must not change", source.at(assigned), assigned.Name)
		}
	}
}

type variable struct {
	spec     *ast.ValueSpec
	value    ast.Expr // nil when declared without one
	embedded bool     // by a go:embed directive
}

func (s source) variables() map[string]variable {
	found := map[string]variable{}
	for _, declaration := range s.syntax.Decls {
		general, ok := declaration.(*ast.GenDecl)
		if !ok || general.Tok != token.VAR {
			continue
		}
		for _, spec := range general.Specs {
			values := spec.(*ast.ValueSpec)
			for i, name := range values.Names {
				v := variable{spec: values, embedded: embeds(general.Doc) || embeds(values.Doc)}
				if i < len(values.Values) {
					v.value = values.Values[i]
				}
				found[name.Name] = v
			}
		}
	}
	delete(found, "_")
	return found
}

func embeds(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

func isConstantLike(v variable) bool {
	switch value := v.value.(type) {
	case *ast.CompositeLit:
		return true
	case *ast.CallExpr:
		return slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile"}, types.ExprString(value.Fun))
	}
	return v.embedded
}

func (s source) assignments(tables map[string]string) []*ast.Ident {
	var found []*ast.Ident
	note := func(target ast.Expr) {
		if name := rootName(target); name != nil && tables[name.Name] != "" && !s.isLocal(name) {
			found = append(found, name)
		}
	}
	ast.Inspect(s.syntax, func(node ast.Node) bool {
		switch statement := node.(type) {
		case *ast.AssignStmt:
			if statement.Tok != token.DEFINE {
				for _, target := range statement.Lhs {
					note(target)
				}
			}
		case *ast.IncDecStmt:
			note(statement.X)
		}
		return true
	})
	return found
}

// rootName is the x of x, x[i], x.field and *x.
func rootName(target ast.Expr) *ast.Ident {
	for {
		switch e := target.(type) {
		case *ast.Ident:
			return e
		case *ast.IndexExpr:
			target = e.X
		case *ast.SelectorExpr:
			target = e.X
		case *ast.StarExpr:
			target = e.X
		case *ast.ParenExpr:
			target = e.X
		default:
			return nil
		}
	}
}

// isLocal reports whether a name that is also a package variable's means something declared nearer.
func (s source) isLocal(name *ast.Ident) bool {
	return name.Obj != nil && name.Obj.Decl != s.variables()[name.Name].spec
}

// source is one Go file of ours that is not a test.
type source struct {
	path   string // from the root, with slashes
	pkg    string // its folder
	files  *token.FileSet
	syntax *ast.File
}

func (s source) imports() []string {
	var paths []string
	for _, spec := range s.syntax.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, imported)
		}
	}
	return paths
}

func (s source) line(pos token.Pos) int { return s.files.Position(pos).Line }

func (s source) at(node ast.Node) string { return fmt.Sprintf("%s:%d", s.path, s.line(node.Pos())) }

func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && file != "." && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		syntax, err := parser.ParseFile(files, file, nil, parser.ParseComments)
		slashed := filepath.ToSlash(file)
		found = append(found, source{path: slashed, pkg: path.Dir(slashed), files: files, syntax: syntax})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// unit is the package others know a folder by: api for api/page, internal/legacy for internal/legacy/legacytest.
func unit(pkg string) string {
	parts := strings.Split(pkg, "/")
	if parts[0] == "internal" && len(parts) > 2 {
		return strings.Join(parts[:2], "/")
	}
	if parts[0] != "internal" {
		return parts[0]
	}
	return pkg
}

func ourPackage(imported string) (pkg string, ours bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// isWithin reports whether an import path is a module or something in it, whatever its major version.
func isWithin(imported, module string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}
