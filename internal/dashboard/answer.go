package dashboard

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
)

// answer is what asynqmon said, held back until it was looked at.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// question is a request to asynqmon, which gets neither cookies nor a body.
type question struct {
	method, path, query string
}

func ask(ctx context.Context, monitor http.Handler, q question) *answer {
	r := (&http.Request{Method: q.method, URL: &url.URL{Path: q.path, RawQuery: q.query}, Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody}).WithContext(ctx)
	a := &answer{header: http.Header{}}
	monitor.ServeHTTP(a, r)
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a
}

// read passes a look at the queues on, with live state filled in.
func (d *Dashboard) read(w http.ResponseWriter, r *http.Request, rest string) {
	if !isKnownRead(rest) {
		d.refuse(w, r, refusalUnknownPage)
		return
	}
	a := ask(r.Context(), d.readOnly, question{http.MethodGet, d.parts.Root + "/api/" + rest, clamped(r.URL.Query())})
	d.reply(w, r, a)
}

// reply sends an answer of asynqmon. Its error texts may name hosts and keys:
// they go to the log only.
func (d *Dashboard) reply(w http.ResponseWriter, r *http.Request, a *answer) {
	switch {
	case a.status == http.StatusNotFound:
		d.refuse(w, r, refusalNoTask)
		return
	case !a.ok():
		d.parts.Log.Warn().Int("status", a.status).Str("path", r.URL.Path).
			Str("cause", scrub(a.body.String())).Msg("the dashboard got an error from the queue")
		failed := refusalQueue
		if !isRead(r) {
			failed = refusalFailed
		}
		d.refuse(w, r, failed)
		return
	}
	body := d.board.fill(r.Context(), a.body.Bytes())
	if len(body) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}
