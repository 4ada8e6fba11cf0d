package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/text"
	"beian/internal/traces"
	"beian/tasks"
)

// call is what we know about one request: one rich record instead of ten thin
// lines. It travels in the context.
type call struct {
	id      string // request id
	client  string // address, trusted proxies taken off
	lang    text.Lang
	foreign bool    // from an allowed foreign origin: cookies do not count
	key     string  // idempotency key
	match   []int64 // versions of If-Match; none: any will do
	code    string  // of the problem that was answered
	writer  http.ResponseWriter
	request *http.Request

	resumed bool
	session accounts.Session
	token   string
	refused error

	program accounts.APIKey // the key that was admitted, if one was
}

type callKey struct{}

// callOf is the record of the request that ctx belongs to.
func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return &call{lang: text.Chinese}
	}
	return c
}

func langOf(ctx context.Context) text.Lang { return callOf(ctx).lang }

// LangOf is the language of the request that ctx belongs to, zh-CN or en, for
// handlers that main hangs in.
func LangOf(ctx context.Context) string { return string(langOf(ctx)) }

// observe begins the record, recovers, and writes the one log line.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		began := time.Now()
		end := s.trace(c)
		r := s.begin(c)
		err := s.guarded(c, next)
		if err != nil {
			s.fail(err, c)
		}
		s.report(c, r, time.Since(began))
		end(c.Response().Status)
		return nil
	}
}

// trace begins the request's span, except for those who ask every few seconds whether
// we are there.
func (s *Server) trace(c echo.Context) (end func(status int)) {
	if isHealth(routeOf(c)) {
		return func(int) {}
	}
	traced, end := s.parts.Tracer.Request(c.Request(), routeOf(c))
	c.SetRequest(traced)
	return end
}

func (s *Server) begin(c echo.Context) *call {
	r := c.Request()
	rec := &call{id: requestID(r), client: c.RealIP(), foreign: s.isForeign(r), writer: c.Response()}
	rec.lang = text.Match(r.Header.Get("Accept-Language"))
	if !isAPI(r.URL.Path) {
		rec.lang = page.ChooseLang(c.Response(), r, s.https)
	}
	c.Response().Header().Set("X-Request-Id", rec.id)
	rec.request = r.WithContext(context.WithValue(r.Context(), callKey{}, rec))
	c.SetRequest(rec.request)
	return rec
}

func isAPI(path string) bool { return strings.HasPrefix(path, "/v1/") || path == "/v1" }

// requestIDForm is what is taken over from a caller or a proxy.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

func requestID(r *http.Request) string {
	given := r.Header.Get("X-Request-Id")
	if requestIDForm.MatchString(given) {
		return given
	}
	return rand.Text()
}

// guarded turns a panic into an error; its text may quote values and stays out
// of the log, the stack does not.
func (s *Server) guarded(c echo.Context, next echo.HandlerFunc) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		s.parts.Log.Error().Str("request_id", callOf(c.Request().Context()).id).Str("panic", fmt.Sprintf("%T", p)).
			Bytes("stack", debug.Stack()).Msg("handler panicked")
		err = errPanic
		if c.Response().Committed {
			err = nil
		}
	}()
	return next(c)
}

// report writes the line: the pattern of the route and never its path, nothing
// of the query, no names.
func (s *Server) report(c echo.Context, r *call, took time.Duration) {
	route, status := routeOf(c), c.Response().Status
	s.seconds.WithLabelValues(knownMethod(c.Request().Method), route, strconv.Itoa(status)).Observe(took.Seconds())
	if isHealth(route) {
		return
	}
	kind, id := r.actor()
	line := s.parts.Log.Info().Str("method", c.Request().Method).Str("route", route).Int("status", status).
		Int64("duration_ms", took.Milliseconds()).Int64("bytes", c.Response().Size).Str("request_id", r.id).
		Str("actor_kind", kind).Str("actor_id", id).Str("code", r.code)
	if trace := traces.ID(r.request.Context()); trace != "" {
		line = line.Str("trace_id", trace)
	}
	line.Msg("request")
}

// routeOf is the pattern of the route.
func routeOf(c echo.Context) string { return cmp.Or(c.Path(), "none") }

// actor is who asked, as the log and the idempotency keys name them.
func (r *call) actor() (kind, id string) {
	switch {
	case r.isProgram():
		return string(tasks.ActorProgram), r.program.Name
	case r.session.AccountID != "":
		return "account", r.session.AccountID
	case r.session.StaffID != "":
		return string(r.session.Role), r.session.StaffID
	}
	return "anonymous", ""
}

// Body limits in bytes: forms and everything else, JSON, bulk facts.
const (
	maxBody  = 1 << 20
	maxJSON  = 64 << 10
	maxFacts = 10 << 20
)

func (s *Server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, limit := c.Request(), int64(maxBody)
		switch {
		case takesFacts(c.Path()):
			limit = maxFacts
		case takesUploads(r.Method, c.Path()):
			limit = maxUploadBody
		}
		if r.ContentLength > limit {
			return errTooLarge
		}
		r.Body = http.MaxBytesReader(c.Response(), r.Body, limit)
		return next(c)
	}
}

// ipExtractor believes X-Forwarded-For only when it comes from a trusted proxy;
// Echo by itself believes everybody (trust.md).
func ipExtractor(proxies []netip.Prefix) echo.IPExtractor {
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		addr := p.Masked().Addr()
		options = append(options, echo.TrustIPRange(&net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(p.Bits(), addr.BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// asker is the keyed digest of a caller's address, its /64 for IPv6.
func (s *Server) asker(r *call) string {
	if s.parts.Digest == nil {
		return prefixOf(r.client)
	}
	return s.parts.Digest(prefixOf(r.client))
}

// once makes the idempotency key of a request (R19): who asks and on which route,
// the key, and a digest of what is asked.
func (s *Server) once(ctx context.Context, route string, fields map[string]string) tasks.Once {
	r := callOf(ctx)
	kind, id := r.actor()
	if id == "" {
		id = s.asker(r)
	}
	return tasks.Once{Scope: kind + ":" + id + " " + route, Key: r.key, Fingerprint: tasks.Fingerprint(fields)}
}
