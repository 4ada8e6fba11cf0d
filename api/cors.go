package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"beian/api/page"
)

// apiPolicy lets a JSON answer do nothing should a browser open it.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

const (
	corsMethods = "GET, POST, DELETE"
	corsHeaders = "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, Last-Event-ID, Prefer, X-Request-Id, X-Tracking-Code"
	corsExposed = "Location, ETag, Link, Retry-After, RateLimit, Idempotency-Replayed, Preference-Applied, X-Request-Id"
)

// protect sets the protective headers, answers foreign origins and refuses
// cross-site requests that change something.
//
// A listed origin may call /v1 with a bearer token of its own. Cookies never
// count there and Access-Control-Allow-Credentials is never sent, so a foreign
// page cannot act as whoever is signed in here.
func (s *Server) protect(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r, head := c.Request(), c.Response().Header()
		s.harden(c)
		rec := callOf(r.Context())
		if isAPI(r.URL.Path) && len(s.parts.CORSOrigins) > 0 {
			head.Add("Vary", "Origin")
		}
		if rec.foreign {
			head.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			head.Set("Access-Control-Expose-Headers", corsExposed)
			head.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		if isAPI(r.URL.Path) && r.Method == http.MethodOptions {
			return preflight(c, rec.foreign)
		}
		if rec.foreign && (bearer(r) != "" || signsIn(r)) {
			return next(c)
		}
		if err := s.guard.Check(r); err != nil {
			return errCrossOrigin
		}
		return next(c)
	}
}

func (s *Server) harden(c echo.Context) {
	security := page.Security{HTTPS: s.https}
	c.Response().Header().Set("Cache-Control", "no-store") // redirects too; what may be kept says so itself
	if path := c.Request().URL.Path; isAPI(path) || isHealth(c.Path()) || path == "/openapi.json" {
		security.Policy = apiPolicy
	}
	// The middleware only sets headers; what it wraps is the rest of the chain.
	security.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(c.Response(), c.Request())
}

func preflight(c echo.Context, foreign bool) error {
	head := c.Response().Header()
	head.Set("Allow", corsMethods+", OPTIONS")
	if foreign {
		head.Set("Access-Control-Allow-Methods", corsMethods)
		head.Set("Access-Control-Allow-Headers", corsHeaders)
		head.Set("Access-Control-Max-Age", "600")
	}
	return c.NoContent(http.StatusNoContent)
}

// isForeign tells a request of /v1 from a listed origin that is not our own.
func (s *Server) isForeign(r *http.Request) bool {
	origin := strings.ToLower(r.Header.Get("Origin"))
	own := origin == strings.ToLower(s.parts.PublicURL)
	return origin != "" && !own && isAPI(r.URL.Path) && slices.Contains(s.parts.CORSOrigins, origin)
}

// signsIn tells the one request that comes before there is a token. It uses no
// cookie and sets none for a foreign page, and being JSON it was preflighted.
func signsIn(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/v1/sessions"
}

// bearer is the token of an Authorization header, or nothing.
func bearer(r *http.Request) string { return credentials(r, "Bearer") }

func credentials(r *http.Request, scheme string) string {
	got, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(got, scheme) {
		return ""
	}
	return strings.TrimSpace(token)
}
