package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"beian/api/page"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

// refusal is a failure that HTTP itself knows, by its code in problems.
type refusal string

// Error is the code.
func (r refusal) Error() string { return string(r) }

const (
	errMalformed    refusal = "MALFORMED"
	errKeyMissing   refusal = "KEY_MISSING"
	errKeyFormat    refusal = "KEY_FORMAT"
	errSignIn       refusal = "SIGN_IN_REQUIRED"
	errSignInFailed refusal = "SIGN_IN_FAILED"
	errSecondFactor refusal = "SECOND_FACTOR_REQUIRED"
	errTracking     refusal = "TRACKING_CODE_REQUIRED"
	errAPIKey       refusal = "API_KEY_REQUIRED"
	errForbidden    refusal = "FORBIDDEN"
	errScope        refusal = "SCOPE_MISSING"
	errCrossOrigin  refusal = "CROSS_ORIGIN"
	errNotFound     refusal = "NOT_FOUND"
	errMethod       refusal = "METHOD_NOT_ALLOWED"
	errTimeout      refusal = "REQUEST_TIMEOUT"
	errStateChanged refusal = "STATE_CHANGED"
	errWrongState   refusal = "WRONG_STATE"
	errInFlight     refusal = "IN_FLIGHT"
	errGone         refusal = "GONE"
	errPrecondition refusal = "PRECONDITION_FAILED"
	errMatchMissing refusal = "PRECONDITION_REQUIRED"
	errTooLarge     refusal = "TOO_LARGE"
	errContentType  refusal = "CONTENT_TYPE"
	errInvalid      refusal = "INVALID"
	errBlocked      refusal = "BLOCKED"
	errKeyReused    refusal = "KEY_REUSED"
	errTooMany      refusal = "TOO_MANY_REQUESTS"
	errInternal     refusal = "INTERNAL"
	errUnavailable  refusal = "UNAVAILABLE"
)

var errPanic = errors.New("the handler panicked")

// problemKinds lists every code with its status, in the order of the statuses.
// Codes and the slugs made from them are permanent.
func problemKinds() []problemKind {
	return []problemKind{
		{errMalformed, http.StatusBadRequest}, {errKeyMissing, http.StatusBadRequest}, {errKeyFormat, http.StatusBadRequest},
		{errSignIn, http.StatusUnauthorized}, {errSignInFailed, http.StatusUnauthorized}, {errSecondFactor, http.StatusUnauthorized},
		{errTracking, http.StatusUnauthorized}, {errAPIKey, http.StatusUnauthorized},
		{errForbidden, http.StatusForbidden}, {errScope, http.StatusForbidden}, {errCrossOrigin, http.StatusForbidden}, {errNotFound, http.StatusNotFound},
		{errMethod, http.StatusMethodNotAllowed}, {errTimeout, http.StatusRequestTimeout},
		{errStateChanged, http.StatusConflict}, {errWrongState, http.StatusConflict}, {errInFlight, http.StatusConflict},
		{errGone, http.StatusGone}, {errPrecondition, http.StatusPreconditionFailed}, {errTooLarge, http.StatusRequestEntityTooLarge},
		{errContentType, http.StatusUnsupportedMediaType}, {errInvalid, http.StatusUnprocessableEntity},
		{errBlocked, http.StatusUnprocessableEntity}, {errKeyReused, http.StatusUnprocessableEntity},
		{errMatchMissing, http.StatusPreconditionRequired}, {errTooMany, http.StatusTooManyRequests}, {errInternal, http.StatusInternalServerError},
		{errUnavailable, http.StatusServiceUnavailable},
	}
}

type problemKind struct {
	code   refusal
	status int
}

func (r refusal) status() int {
	for _, k := range problemKinds() {
		if k.code == r {
			return k.status
		}
	}
	return http.StatusInternalServerError
}

// problem makes the answer to an error. It is the only place where that is
// decided, for the API and for pages; nothing submitted is in it.
func (s *Server) problem(r *call, err error) *Problem {
	var ready *Problem
	if errors.As(err, &ready) {
		return ready
	}
	p := s.newProblem(r, classify(err))
	switch code := refusal(p.Code); code {
	case errUnavailable, errInFlight:
		p.head.Set("Retry-After", "2")
	case errSignIn, errSecondFactor:
		p.head.Set("WWW-Authenticate", `Bearer realm="beian"`)
	case errAPIKey:
		p.head.Set("WWW-Authenticate", `Bearer realm="beian integration"`)
	case errInternal:
		s.parts.Log.Error().Err(err).Str("request_id", r.id).Msg("request failed")
	}
	s.explain(r, p, err)
	return p
}

// classify maps an error of the office or of HTTP to its code.
func classify(err error) refusal {
	var known refusal
	var web *echo.HTTPError
	var large *http.MaxBytesError
	var scope *scopeMissing
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large):
		return errTooLarge
	case errors.As(err, &scope):
		return errScope
	case errors.As(err, &web):
		return classifyStatus(web.Code)
	case errors.Is(err, accounts.ErrNoSession):
		return errSignIn
	case errors.Is(err, accounts.ErrRefused):
		return errSignInFailed
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return errUnavailable
	}
	return classifyOffice(err)
}

func classifyOffice(err error) refusal {
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	var state *tasks.WrongState
	var many *tasks.TooMany
	var format *filing.FormatError
	switch {
	case errors.As(err, &invalid), errors.As(err, &format):
		return errInvalid
	case errors.As(err, &blocked):
		return errBlocked
	case errors.As(err, &state):
		return errWrongState
	case errors.As(err, &many):
		return errTooMany
	case errors.Is(err, tasks.ErrNotFound):
		return errNotFound
	case errors.Is(err, tasks.ErrForbidden):
		return errForbidden
	case errors.Is(err, tasks.ErrStale):
		return errPrecondition
	case errors.Is(err, tasks.ErrGone):
		return errGone
	case errors.Is(err, tasks.ErrConflict):
		return errStateChanged
	case errors.Is(err, tasks.ErrKeyReused):
		return errKeyReused
	case errors.Is(err, tasks.ErrInFlight):
		return errInFlight
	case errors.Is(err, tasks.ErrUnavailable):
		return errUnavailable
	}
	return errInternal
}

// classifyStatus is for the failures that Echo and Huma find by themselves.
func classifyStatus(status int) refusal {
	switch status {
	case http.StatusUnprocessableEntity:
		return errInvalid
	case http.StatusTooManyRequests:
		return errTooMany
	}
	for _, k := range problemKinds() {
		if k.status == status {
			return k.code
		}
	}
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return errMalformed
	}
	return errInternal
}

// explain fills in what depends on the error: faults, blockers, waiting times.
func (s *Server) explain(r *call, p *Problem, err error) {
	var invalid *tasks.Invalid
	var blocked *tasks.Blocked
	var state *tasks.WrongState
	var many *tasks.TooMany
	var scope *scopeMissing
	switch {
	case errors.As(err, &scope):
		scope.tell(p)
	case errors.As(err, &invalid):
		for _, f := range invalid.Faults {
			p.Errors = append(p.Errors, s.faultProblem(r.lang, f))
		}
	case errors.As(err, &blocked):
		for _, b := range blocked.Blockers {
			p.Blockers = append(p.Blockers, s.blockerProblem(r.lang, b))
		}
	case errors.As(err, &state):
		p.State = string(state.State)
	case errors.As(err, &many):
		seconds := wholeSeconds(many.After)
		p.head.Set("Retry-After", seconds)
		p.head.Set("RateLimit", strconv.Quote(many.Limit)+";r=0;t="+seconds)
	}
	s.word(r.lang, p)
}

// fail answers an error outside of Huma: with problem+json below /v1, with a
// page elsewhere.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	r := callOf(c.Request().Context())
	p := s.problem(r, err)
	if isAPI(c.Request().URL.Path) || isHealth(c.Path()) || isHook(c.Path()) || s.parts.Renderer == nil {
		p.write(c.Response())
		return
	}
	s.failPage(c, p, err)
}

func (s *Server) failPage(c echo.Context, p *Problem, err error) {
	r := callOf(c.Request().Context())
	r.code = p.Code
	view := page.FromRequest(c.Request(), r.lang)
	view.RequestID, view.User = r.id, r.session.Name
	shown := page.Problem{Status: p.Status}
	var many *tasks.TooMany
	if errors.As(err, &many) {
		shown.At = s.fences.now().Add(many.After)
	}
	for name, values := range p.head {
		c.Response().Header()[name] = values
	}
	if err := s.parts.Renderer.Problem(c.Response(), shown, view); err != nil {
		s.parts.Log.Error().Err(err).Str("request_id", r.id).Msg("rendering a problem page")
	}
}
