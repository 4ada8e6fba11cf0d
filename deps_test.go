package main_test

import (
	"os"
	"strings"
	"testing"
)

// dependencies is every module we import ourselves, and why. A new one needs a line here and a paragraph in its commit.
func dependencies() map[string]string {
	return map[string]string{
		"github.com/alecthomas/kong":                               "one struct for commands, flags and environment",
		"github.com/danielgtaylor/huma/v2":                         "OpenAPI 3.1 and RFC 9457 problems from Go types",
		"github.com/labstack/echo/v4":                              "HTTP routing and middleware",
		"github.com/hibiken/asynq":                                 "delivers tasks through Redis",
		"github.com/hibiken/asynqmon":                              "the dashboard of Asynq, mounted behind the staff sign-in",
		"github.com/redis/go-redis/v9":                             "the Redis client Asynq uses; health checks and limits",
		"github.com/alicebob/miniredis/v2":                         "the embedded queue of a single process",
		"github.com/jackc/pgx/v5":                                  "PostgreSQL driver",
		"modernc.org/sqlite":                                       "SQLite without cgo, so that the binary is static",
		"github.com/pressly/goose/v3":                              "embedded schema migrations",
		"github.com/rs/zerolog":                                    "structured logs",
		"github.com/prometheus/client_golang":                      "metrics",
		"github.com/sony/gobreaker/v2":                             "the circuit breaker before the legacy platform and each provider of messages",
		"github.com/VictoriaMetrics/metricsql":                     "parses the alerts' and the dashboard's expressions in tests",
		"go.yaml.in/yaml/v3":                                       "reads what deploy/ holds in tests",
		"github.com/google/uuid":                                   "UUIDv7 identifiers",
		"github.com/skip2/go-qrcode":                               "QR codes on letters and receipts",
		"github.com/tink-crypto/tink-go/v2":                        "envelope encryption and key rotation",
		"codeberg.org/go-pdf/fpdf":                                 "the authorisation letter as a PDF with its font cut down",
		"github.com/coreos/go-oidc/v3":                             "OpenID Connect: discovery, keys, ID tokens",
		"golang.org/x/oauth2":                                      "the code exchange of OpenID Connect, with PKCE",
		"github.com/oauth2-proxy/mockoidc":                         "tests: a provider of OpenID Connect",
		"go.opentelemetry.io/otel":                                 "traces: the names and the form that every collector knows",
		"go.opentelemetry.io/otel/sdk":                             "traces: sampling and batches",
		"go.opentelemetry.io/otel/trace":                           "traces: spans",
		"go.opentelemetry.io/proto/otlp":                           "traces: the form in which a collector takes them",
		"google.golang.org/protobuf":                               "the same, encoded",
		"go.opentelemetry.io/otel/exporters/otlp/otlptrace":        "traces: spans in that form",
		"github.com/wneessen/go-mail":                              "mail by SMTP: STARTTLS, sign-in, encoded headers",
		"github.com/standard-webhooks/standard-webhooks/libraries": "signatures of webhooks, by who wrote the specification",
		"code.dny.dev/ssrf":                                        "which addresses are public, from IANA's registries, when a webhook is dialled",
		"golang.org/x/crypto":                                      "Argon2id",
		"golang.org/x/image":                                       "WebP, the letters of watermarks, fonts of the authorisation letter",
		"github.com/klippa-app/go-pdfium":                          "draws PDF letters, with PDFium as WebAssembly",
		"github.com/tetratelabs/wazero":                            "the sandbox PDFium runs in",
		"golang.org/x/net":                                         "IDNA for Chinese domain names",
		"golang.org/x/sync":                                        "groups of goroutines that end together",
		"golang.org/x/sys":                                         "limits on the picture decoder, ends of child processes",
		"golang.org/x/term":                                        "whether a terminal is there",
		"golang.org/x/text":                                        "NFKC and language negotiation",
		"github.com/google/go-cmp":                                 "tests: readable differences",
		"pgregory.net/rapid":                                       "tests: properties and state machines",
		"go.uber.org/goleak":                                       "tests: no goroutine is left behind",
		"github.com/johannesboyne/gofakes3":                        "tests: a server of the S3 protocol",
		"github.com/jba/templatecheck":                             "tests: page templates are type-checked",
		"github.com/chromedp/chromedp":                             "tests: a real browser",
		"github.com/chromedp/cdproto":                              "tests: the browser's protocol, for chromedp",
		"github.com/riverqueue/river":                              "bench: the queue we compare with",
		"github.com/riverqueue/river/riverdriver/riverpgxv5":       "bench: the queue we compare with",
	}
}

func TestEveryDependencyIsOnTheList(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	direct := directModules(string(text))
	for module := range direct {
		if dependencies()[module] == "" {
			t.Errorf("%s is a new dependency: add it with its reason to deps_test.go, or do without", module)
		}
	}
	for module := range dependencies() {
		if !direct[module] {
			t.Errorf("%s is listed in deps_test.go but no longer required directly by go.mod", module)
		}
	}
}

func TestDirectModulesAreReadFromBothForms(t *testing.T) {
	t.Parallel()
	got := directModules("module m\n\nrequire a.b/c v1.0.0\nrequire (\n\td.e/f v1.0.0\n\tg.h/i v1.0.0 // indirect\n)\nreplace (\n\tx.y/z => ../z\n)\n")
	if len(got) != 2 || !got["a.b/c"] || !got["d.e/f"] {
		t.Errorf("got %v", got)
	}
}

func directModules(goMod string) map[string]bool {
	modules, inBlock := map[string]bool{}, false
	for line := range strings.Lines(goMod) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasSuffix(strings.TrimSpace(line), "// indirect"):
		case words[0] == "require" && words[1] == "(":
			inBlock = true
		case words[0] == "require":
			modules[words[1]] = true
		case words[0] == ")":
			inBlock = false
		case inBlock:
			modules[words[0]] = true
		}
	}
	return modules
}
