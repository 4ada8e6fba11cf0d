package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"beian/internal/intake"
)

// factsInput leaves the body unread: lines are taken in as they arrive.
type factsInput struct {
	body  io.Reader
	lines bool
}

// Resolve takes hold of the body.
func (in *factsInput) Resolve(hc huma.Context) []error {
	kind, _, err := mime.ParseMediaType(hc.Header("Content-Type"))
	in.body, in.lines = hc.BodyReader(), err == nil && kind == ndjson
	return nil
}

type factsOutput struct {
	Status int
	Body   factsBody
}

type factsBody struct {
	Lines     int64       `json:"lines"`
	Created   int64       `json:"created"`
	Updated   int64       `json:"updated"`
	Unchanged int64       `json:"unchanged"`
	Stale     int64       `json:"stale" doc:"Older than what is known."`
	MovedHere int64       `json:"moved_here" doc:"Of those: subjects that were transferred here since."`
	Refused   int64       `json:"refused"`
	Faults    []lineFault `json:"faults" doc:"The first hundred."`
}

type lineFault struct {
	Line    int64  `json:"line" doc:"From 1."`
	Field   string `json:"field,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

const factsPatience = 2 * time.Minute

// The filing system's facts carry their own identity and time (external_id,
// as_of): sending them twice is harmless and needs no idempotency key. Both
// paths take every type; an item alone is answered 422 when it is refused, lines
// are answered with a report.
func (s *Server) intakeRoutes() {
	if s.parts.Intake == nil {
		return
	}
	for path, summary := range map[string]string{"accounts": "api.op.take_accounts", "filings": "api.op.take_filings"} {
		register(s, operation{id: "take-" + path, method: http.MethodPost, path: "/v1/" + path, tag: "integration", summary: summary,
			who: filingSys, status: http.StatusOK, facts: true, patience: factsPatience}, s.takeFacts)
	}
}

func takesFacts(route string) bool { return route == "/v1/accounts" || route == "/v1/filings" }

func (s *Server) takeFacts(ctx context.Context, in *factsInput) (*factsOutput, error) {
	control := http.NewResponseController(callOf(ctx).writer)
	_ = control.SetReadDeadline(time.Now().Add(factsPatience)) // recorders of tests have none
	_ = control.SetWriteDeadline(time.Now().Add(factsPatience + usualPatience))
	source := in.body
	if !in.lines {
		item, err := oneItem(in.body)
		if err != nil {
			return nil, err
		}
		source = bytes.NewReader(item)
	}
	report, err := s.parts.Intake(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("taking facts in: %w", err)
	}
	if !in.lines && report.Refused > 0 {
		return nil, s.refusedItem(callOf(ctx), report)
	}
	return &factsOutput{Status: http.StatusOK, Body: reportOf(report)}, nil
}

// oneItem reads one JSON object and writes it on one line.
func oneItem(body io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxJSON+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxJSON {
		return nil, errTooLarge
	}
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil || !bytes.HasPrefix(line.Bytes(), []byte("{")) {
		return nil, errMalformed
	}
	return line.Bytes(), nil
}

func (s *Server) refusedItem(r *call, report intake.Report) *Problem {
	p := s.newProblem(r, errInvalid)
	for _, f := range report.Faults {
		p.Errors = append(p.Errors, s.fieldProblem(r.lang, pointerTo("body."+f.Field), f.Code, nil))
	}
	s.word(r.lang, p)
	return p
}

// reportOf leaves external ids out: the line number finds the item, and nothing
// submitted is repeated.
func reportOf(r intake.Report) factsBody {
	b := factsBody{Lines: r.Lines, Created: r.Created, Updated: r.Updated, Unchanged: r.Unchanged, Stale: r.Stale,
		MovedHere: r.MovedHere, Refused: r.Refused, Faults: []lineFault{}}
	for _, f := range r.Faults {
		b.Faults = append(b.Faults, lineFault{Line: f.Line, Field: f.Field, Code: f.Code, Message: f.Message})
	}
	return b
}
