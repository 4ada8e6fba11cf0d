package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"beian/internal/text"
	"beian/tasks"
)

// Problem is an answer that is not what was asked for, as RFC 9457 writes it.
// Nothing that was submitted is in it, so that it can be logged and shown.
type Problem struct {
	Type      string           `json:"type" format:"uri" doc:"Address of a page that explains this kind of problem."`
	Title     string           `json:"title" doc:"The kind of problem in a few words, in the language of the answer."`
	Status    int              `json:"status" doc:"The HTTP status again."`
	Code      string           `json:"code" doc:"Permanent name of the kind of problem." example:"BLOCKED"`
	Detail    string           `json:"detail" doc:"What to do about it, in the language of the answer."`
	Instance  string           `json:"instance" format:"uri-reference" doc:"This occurrence."`
	RequestID string           `json:"request_id" doc:"What support asks for."`
	State     string           `json:"state,omitempty" doc:"With WRONG_STATE: the state in which the job is."`
	Scope     string           `json:"scope,omitempty" doc:"With SCOPE_MISSING: what the key would need." example:"jobs:read"`
	Errors    []FieldProblem   `json:"errors,omitempty" doc:"Every faulty field."`
	Blockers  []BlockerProblem `json:"blockers,omitempty" doc:"Every reason why the request can't be met now."`
	head      http.Header
}

// FieldProblem is one faulty field of the request.
type FieldProblem struct {
	Pointer string            `json:"pointer" doc:"JSON pointer into the body; query/name and header/name for others." example:"/target"`
	Code    string            `json:"code" example:"REQUIRED"`
	Message string            `json:"message"`
	Params  map[string]string `json:"params,omitempty" doc:"Counts and positions; never a value."`
}

// BlockerProblem is one reason that stands in the way, whose matter it is, and
// how to clear it (A5).
type BlockerProblem struct {
	Code    string `json:"code" example:"TARGET_ORDER_IN_PROGRESS"`
	Owner   string `json:"owner" enum:"source,target,applicant,platform"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
	Pointer string `json:"pointer,omitempty" example:"/target"`
	Receipt string `json:"receipt,omitempty" doc:"With JOB_ALREADY_OPEN: your open job."`
}

// Error is the code; Huma answers with the whole.
func (p *Problem) Error() string { return p.Code }

// GetStatus tells Huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells Huma the headers.
func (p *Problem) GetHeaders() http.Header { return p.head }

// ContentType tells Huma the content type.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.head {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if it fails
}

func slug(code refusal) string {
	return strings.ReplaceAll(strings.ToLower(string(code)), "_", "-")
}

func (s *Server) newProblem(r *call, code refusal) *Problem {
	r.code = string(code)
	path := "/problems/" + slug(code)
	return &Problem{Type: s.parts.PublicURL + path, Status: code.status(), Code: string(code),
		Instance: path + "#" + r.id, RequestID: r.id, head: http.Header{"Content-Language": {string(r.lang)}}}
}

// word writes title and detail in the reader's language.
func (s *Server) word(lang text.Lang, p *Problem) {
	key := "error.problem." + slug(refusal(p.Code))
	params := text.Params{"n": len(p.Blockers) + len(p.Errors), "seconds": p.head.Get("Retry-After")}
	if p.Scope != "" {
		params["scope"] = p.Scope
	}
	if p.State != "" {
		params["state"] = s.parts.Catalog.T(lang, "state."+p.State)
	}
	p.Title = s.parts.Catalog.T(lang, key+".title")
	p.Detail = s.parts.Catalog.T(lang, key+".detail", params)
}

// faultProblem words a fault of the office, by its reason where there are words
// for that.
func (s *Server) faultProblem(lang text.Lang, f tasks.Fault) FieldProblem {
	p := s.fieldProblem(lang, "/"+f.Field, f.Code, f.Params)
	if f.Reason != "" && s.parts.Catalog.Has(lang, "fault."+f.Code+"."+f.Reason) {
		p.Message = s.parts.Catalog.Fault(lang, text.Fault{Field: f.Field, Code: f.Code, Reason: f.Reason, Params: text.ParamsOf(f.Params)})
	}
	return p
}

// fieldProblem words a fault: by its own message, by that of the blocker of the
// same code, or in general.
func (s *Server) fieldProblem(lang text.Lang, pointer, code string, params map[string]string) FieldProblem {
	words := text.Params{}
	for name, value := range params {
		words[name] = value
	}
	message := s.parts.Catalog.T(lang, "msg.fault.OTHER")
	for _, key := range []string{"msg.fault." + code, "blocker." + code + ".message"} {
		said := s.parts.Catalog.T(lang, key, words)
		if s.parts.Catalog.Has(lang, key) && !strings.Contains(said, "!{") {
			message = said
			break
		}
	}
	return FieldProblem{Pointer: pointer, Code: code, Message: message, Params: params}
}

func (s *Server) blockerProblem(lang text.Lang, b tasks.Blocker) BlockerProblem {
	params := s.blockerParams(lang, b)
	p := BlockerProblem{Code: b.Code, Owner: string(b.Owner), Receipt: b.Params["receipt"],
		Message: s.parts.Catalog.T(lang, "blocker."+b.Code+".message", params),
		Remedy:  s.parts.Catalog.T(lang, "blocker."+b.Code+".remedy", params)}
	if b.Field != "" {
		p.Pointer = "/" + b.Field
	}
	return p
}
