package page

import (
	"net/http"
	"strconv"
	"time"
)

// Problem is an answer other than the page that was asked for: its status, and
// what the reader can do about it.
type Problem struct {
	Status  int
	At      time.Time // 429: when to try again; 503: when the service is back
	Href    string    // 401, 409, 410: where to go on
	Receipt string    // the job this is about
}

// Known returns the status whose words are shown: a status without its own
// words borrows those of its class.
func (p Problem) Known() int {
	switch p.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusMethodNotAllowed, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable:
		return p.Status
	}
	if p.Status >= http.StatusBadRequest && p.Status < http.StatusInternalServerError {
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// Title returns the catalog key of the heading.
func (p Problem) Title() string { return p.key() + "title" }

// Body returns the catalog key of the explanation.
func (p Problem) Body() string { return p.key() + "body" }

func (p Problem) key() string {
	return "error." + strconv.Itoa(p.Known()) + "."
}

// Action returns the catalog key of the button that leads to Href.
func (p Problem) Action() string {
	switch p.Known() {
	case http.StatusUnauthorized, http.StatusConflict, http.StatusGone:
		return "error.action." + strconv.Itoa(p.Known())
	}
	return "error.action.back"
}

// When returns the catalog key of the sentence about At, or nothing.
func (p Problem) When() string {
	timed := p.Known() == http.StatusTooManyRequests || p.Known() == http.StatusServiceUnavailable
	if p.At.IsZero() || !timed {
		return ""
	}
	return "error.at." + strconv.Itoa(p.Known())
}

// Reference tells whether the request id belongs in the text: it is what the
// desk needs to find a fault of ours.
func (p Problem) Reference() bool {
	return p.Known() >= http.StatusInternalServerError
}

// Problem writes the page for an error status, in the language and frame of v.
func (r *Renderer) Problem(w http.ResponseWriter, p Problem, v View) error {
	v = v.prepare(r.catalog, r.site)
	v.Status, v.Data, v.Errors = p.Status, p, nil
	v.Title = r.catalog.T(v.Lang, p.Title())
	if p.Status < http.StatusBadRequest {
		v.Status = http.StatusInternalServerError
	}
	return r.Render(w, "error", v)
}
