package api

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readiness remembers its last result for a second, so that asking often costs
// the dependencies nothing.
type readiness struct {
	checks []Check
	mu     sync.Mutex
	at     time.Time
	last   []checked
}

type checked struct {
	Check
	err error
}

const (
	checkTime = 2 * time.Second
	checkKeep = time.Second
)

func (s *Server) healthRoutes() {
	s.echo.GET("/livez", func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") })
	s.echo.GET("/livez/stream", liveStream)
	s.echo.GET("/readyz", s.readyz)
	s.echo.GET("/healthz", s.readyz)
	if s.parts.Metrics != nil && !s.parts.MetricsElsewhere {
		s.echo.GET("/metrics", s.metrics)
	}
}

// isHealth tells the routes that are asked all day and therefore not logged.
func isHealth(route string) bool {
	return route == "/livez" || route == "/livez/stream" || route == "/readyz" || route == "/healthz" || route == "/metrics"
}

// liveStream sends one event at once and one a second later: `beian doctor` asks for
// it through the public address to learn whether a proxy holds streams back.
func liveStream(c echo.Context) error {
	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for i := range 2 {
		if i > 0 {
			select {
			case <-time.After(time.Second):
			case <-c.Request().Context().Done():
				return nil
			}
		}
		if _, err := fmt.Fprintf(w, "data: %d\n\n", i); err != nil {
			return nil
		}
		w.Flush()
	}
	return nil
}

// readyz is 200 when every check passes and 503 otherwise; ?verbose gives a line
// per check. What went wrong is told to this machine only.
func (s *Server) readyz(c echo.Context) error {
	results := s.ready.check(c.Request().Context())
	status, word := http.StatusOK, "ok\n"
	var lines strings.Builder
	for _, one := range results {
		lines.WriteString(one.line(isLocal(c)))
		if one.err != nil && !one.Soft {
			status, word = http.StatusServiceUnavailable, "not ready\n"
		}
	}
	if !c.QueryParams().Has("verbose") {
		lines.Reset()
	}
	if status != http.StatusOK {
		c.Response().Header().Set("Retry-After", "2")
	}
	return c.String(status, lines.String()+word)
}

func (c checked) line(reason bool) string {
	mark := "[+]"
	switch {
	case c.err != nil && c.Soft:
		mark = "[~]"
	case c.err != nil:
		mark = "[-]"
	}
	if c.err != nil && reason {
		return fmt.Sprintf("%s %s: %v\n", mark, c.Name, c.err)
	}
	return fmt.Sprintf("%s %s\n", mark, c.Name)
}

// check runs all checks at once, each for at most two seconds.
func (r *readiness) check(ctx context.Context) []checked {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) < checkKeep {
		return r.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTime)
	defer cancel()
	results := make([]checked, len(r.checks))
	var all sync.WaitGroup
	for i, one := range r.checks {
		all.Go(func() { results[i] = checked{one, one.Run(ctx)} })
	}
	all.Wait()
	r.at, r.last = time.Now(), results
	return results
}

// metrics answers this machine only; on an address of its own main serves the
// registry itself.
func (s *Server) metrics(c echo.Context) error {
	if !isLocal(c) {
		return errNotFound
	}
	promhttp.HandlerFor(s.parts.Metrics, promhttp.HandlerOpts{}).ServeHTTP(c.Response(), c.Request())
	return nil
}

// isLocal tells a caller on this machine. A request that a proxy handed on is
// not local even if the proxy is.
func isLocal(c echo.Context) bool {
	head := c.Request().Header
	if head.Get("X-Forwarded-For") != "" || head.Get("Forwarded") != "" || head.Get("X-Real-Ip") != "" {
		return false
	}
	peer, err := netip.ParseAddrPort(c.Request().RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// requestSeconds counts and times requests by the pattern of their route.
func requestSeconds() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "beian_http_request_duration_seconds", Help: "How long requests took, by method, route and status.",
		Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 20},
	}, []string{"method", "route", "code"})
}

// knownMethod keeps strangers from filling the registry with methods.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
