// Package api is the web side of the office: the JSON API, health, and the one
// place where errors become answers. Echo and Huma stay inside it.
//
// Handlers decode, make one call, encode. Read server.go, then errors.go, then
// one v1_ file.
//
// # Pages
//
// Pages hang in through Parts.Pages, a function that adds routes to the router;
// main passes it on by name and needs no Echo for that: Pages for applicants, the
// console's Routes, PagesOf for several. A
// page handler uses callOf for language, request id and who is asking, session
// for the session, once for its form id, and returns errors as they are:
// fail turns them into the page kit's problem pages.
package api

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"beian/api/page"
	"beian/internal/text"
	"beian/internal/traces"
)

// Parts is what a Server is made of. Reviews, Intake, Letters, Metrics and Pages may be nil:
// what they serve is then not there.
type Parts struct {
	Desk     Desk
	Reviews  ReviewDesk
	Accounts Accounts
	Intake   Intake
	Catalog  *text.Catalog
	Renderer *page.Renderer // made with PageFiles among its Options.Pages
	Pages    func(*Server, *echo.Echo)
	Tracer   *traces.Tracer // begins the span of each request; nil begins none
	Log      zerolog.Logger
	Version  string

	// PublicURL is where people reach the pages, without a closing slash. With
	// https cookies get the __Host- prefix and answers HSTS.
	PublicURL string
	// TrustedProxies are believed about X-Forwarded-For; nobody else is.
	TrustedProxies []netip.Prefix
	// CORSOrigins are the foreign origins whose scripts may call /v1.
	CORSOrigins []string
	// APIKey is the configured key, which opens whatever a key can; empty: there is
	// none beside those in the record.
	APIKey string
	// Digest is a keyed digest of a caller's address: what limits and
	// idempotency keys of people without a session are kept under.
	Digest func(address string) string

	// Letters prints authorisation letters (L3); nil where none are offered.
	Letters Press

	// Calendar may be without a desk: then /v1/calendar is not there.
	Calendar CalendarParts
	// Watermark draws lines of ASCII over a picture of a review; nil leaves those
	// pictures out.
	Watermark func(picture []byte, lines ...string) ([]byte, error)
	// Inspector reads Asynq's queues; nil leaves /v1/queues out.
	Inspector OpsInspector
	// Journal is the house's journal; nil leaves /v1/audit-events out.
	Journal JournalDesk
	// Stats measures the reviews; nil leaves /v1/stats/sla out.
	Stats StatsDesk

	// Hooks are the providers of messages that push receipts, by name.
	Hooks map[string]Hook

	Checks []Check
	// Metrics is where New registers what it measures, and what /metrics shows.
	Metrics *prometheus.Registry
	// MetricsElsewhere takes /metrics off this server, because it has an address
	// of its own.
	MetricsElsewhere bool

	pace pace // tests go faster
}

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	parts   Parts
	echo    *echo.Echo
	api     huma.API
	guard   *http.CrossOriginProtection
	fences  *fences
	pace    pace
	ready   readiness
	streams atomic.Int64
	uploads atomic.Int64
	seconds *prometheus.HistogramVec
	https   bool
	ending  chan struct{}
	end     func()
}

// pace holds the intervals of whatever waits: for a body, for a job.
type pace struct{ body, poll, wait, ping, stream time.Duration }

func usualPace() pace {
	return pace{body: usualPatience, poll: time.Second, wait: 100 * time.Millisecond, ping: 15 * time.Second, stream: 30 * time.Minute}
}

// New wires a server; it listens to nothing yet.
func New(parts Parts) *Server {
	parts.PublicURL = strings.TrimRight(parts.PublicURL, "/")
	s := &Server{
		parts: parts, echo: echo.New(), guard: http.NewCrossOriginProtection(), fences: newFences(time.Now),
		pace:  parts.pace,
		https: strings.HasPrefix(parts.PublicURL, "https://"), ending: make(chan struct{}), seconds: requestSeconds(),
	}
	if parts.Metrics != nil {
		parts.Metrics.MustRegister(s.seconds)
	}
	if s.pace == (pace{}) {
		s.pace = usualPace()
	}
	s.end = sync.OnceFunc(func() { close(s.ending) })
	s.ready.checks = parts.Checks
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.IPExtractor = ipExtractor(parts.TrustedProxies)
	s.echo.HTTPErrorHandler = s.fail
	s.echo.Use(s.observe, s.protect, s.limitBody)
	s.routes()
	return s
}

func (s *Server) routes() {
	s.healthRoutes()
	s.api = s.newAPI()
	s.sessionRoutes()
	s.precheckRoutes()
	s.transferRoutes()
	s.resetRoutes()
	s.importRoutes()
	s.reviewedRoutes()
	s.reversalRoutes()
	s.contactRoutes()
	s.signedPapersRoutes(placeOf("CP"), "api.op.submit_contact_papers")
	s.signedPapersRoutes(placeOf("LP"), "api.op.submit_legacy_papers")
	s.jobRoutes()
	s.accountRoutes()
	s.codeRoutes()
	s.passwordRoutes()
	s.lookupRoutes()
	s.reviewRoutes()
	s.calendarRoutes()
	s.statsRoutes()
	s.queueRoutes()
	s.auditRoutes()
	s.intakeRoutes()
	s.tidySchemas()
	s.docRoutes()
	s.hookRoutes()
	if s.parts.Pages != nil {
		s.parts.Pages(s, s.echo)
	}
}

// Handler is everything the server answers.
func (s *Server) Handler() http.Handler { return s.echo }

// stopTime bounds a graceful end (R17).
const stopTime = 10 * time.Second

// Serve answers on l until ctx ends, then lets open requests finish for at most
// ten seconds; streams end at once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := s.httpServer()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	// Whoever was let in is known to the server once Serve has returned; Shutdown alone overlooks
	// a connection between the two, and its request would get no answer (R17).
	_ = l.Close()
	<-failed
	s.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("ending open requests: %w", err), server.Close())
	}
	return nil
}

// httpServer has the time-outs of a server on the open internet; whoever waits
// on purpose lifts its own (patient).
func (s *Server) httpServer() *http.Server {
	return &http.Server{
		Handler: s.echo, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: stdlog.New(s.parts.Log, "", 0),
	}
}

// patient takes the server's deadlines off a request that waits on purpose. The
// one for reading would otherwise cancel it although all is read.
func patient(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // recorders of tests have none
	_ = control.SetWriteDeadline(time.Time{})
}
