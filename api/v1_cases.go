package api

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"beian/tasks"
)

// The operations that every kind with papers has, below a resource of its own: read,
// verify, resend, submit, withdraw, nudge, appeal, its documents, and, for who is signed
// in, dispute, release and reject (A8). A kind adds how it begins, is revised and
// supplemented, since its form is its own.

// tag is the section of the reference.
func (at place) tag() string { return strings.TrimPrefix(at.resource, "/v1/") }

// noun is one job of the kind, as operation ids have it.
func (at place) noun() string { return strings.TrimSuffix(at.tag(), "s") }

// post is an operation on the resource itself, or with a path on one job.
func (at place) post(verb, path, summary string, who access) operation {
	o := operation{id: verb + "-" + at.noun(), method: http.MethodPost, path: at.resource, tag: at.tag(), summary: summary, who: who,
		keyed: true, status: http.StatusAccepted}
	if path != "" {
		o.path, o.status = at.resource+"/{receipt}"+path, http.StatusOK
	}
	if who == tracked {
		o.match = mayMatch
	}
	return o
}

// revision changes a draft.
func (at place) revision() operation {
	return operation{id: "revise-" + at.noun(), method: http.MethodPatch, path: at.resource + "/{receipt}", tag: at.tag(),
		summary: "api.op.revise_reset", who: tracked, keyed: true, match: mayMatch, status: http.StatusOK}
}

type caseVerbInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    *struct {
		Code string `json:"code,omitempty" maxLength:"20" doc:"With verify: the code from the SMS."`
	}
}

func (s *Server) caseRoutes(at place) {
	register(s, operation{id: "read-" + at.noun(), method: http.MethodGet, path: at.resource + "/{receipt}", tag: at.tag(),
		summary: "api.op.read_reset", who: onlookers}, s.readCase(at))
	for verb, o := range map[tasks.Verb]operation{
		tasks.VerbVerify: at.post("verify", "/verify", "api.op.verify_reset", tracked),
		tasks.VerbResend: at.post("resend", "/resend", "api.op.resend_reset", tracked),
		tasks.VerbSubmit: at.post("submit", "/submit", "api.op.submit_draft", tracked),
		tasks.VerbCancel: at.post("withdraw", "/withdraw", "api.op.withdraw_reset", tracked),
		tasks.VerbNudge:  at.post("nudge", "/nudge", "api.op.nudge_reset", tracked),
		tasks.VerbAppeal: at.post("appeal", "/appeal", "api.op.appeal_reset", tracked),
	} {
		register(s, o, s.caseVerb(at, verb))
	}
	s.verbRoutes(at, map[tasks.Verb]string{tasks.VerbDispute: "api.op.dispute", tasks.VerbRelease: "api.op.release", tasks.VerbReject: "api.op.reject"})
	s.documentRoutes(at)
}

// beginning is the first request about a case.
type beginning struct {
	fields  map[string]string
	consent bool
	lang    string
}

func (s *Server) beginCase(ctx context.Context, at place, in beginning) (*jobOutput, error) {
	r := callOf(ctx)
	lang := in.lang
	if lang == "" {
		lang = string(r.lang)
	}
	if in.consent {
		in.fields[tasks.FieldConsent] = "yes"
	}
	asked := maps.Clone(in.fields)
	asked["lang"] = in.lang
	asks := tasks.Submission{Kind: at.kind, Asker: s.asker(r), Lang: lang, Fields: in.fields, Once: s.once(ctx, "POST "+at.resource, asked)}
	if at.mine {
		asks.AccountID = r.session.AccountID
	}
	acc, err := s.parts.Desk.Submit(ctx, asks)
	if err != nil {
		return nil, err
	}
	out := s.accepted(ctx, acc, tasks.Viewer{Tracking: acc.Tracking})
	out.Status, out.Location = http.StatusAccepted, resourceOf(acc.Receipt)
	return out, nil
}

func (s *Server) readCase(at place) func(context.Context, *receiptInput) (*jobOutput, error) {
	return func(ctx context.Context, in *receiptInput) (*jobOutput, error) {
		if placeOf(normalised(in.Receipt)) != at {
			return nil, tasks.ErrNotFound
		}
		return s.readJob(ctx, in)
	}
}

// caseAct is a verb on a case.
type caseAct struct {
	place   place
	receipt string // as typed
	verb    tasks.Verb
	fields  map[string]string
}

// actOnCase is a verb by the holder of the tracking code; wrong codes are counted.
func (s *Server) actOnCase(ctx context.Context, a caseAct) (*jobOutput, error) {
	receipt, by := normalised(a.receipt), tasks.Viewer{Tracking: trackingCode(callOf(ctx).request)}
	if placeOf(receipt) != a.place {
		return nil, tasks.ErrNotFound
	}
	if err := s.known(ctx, receipt, by); err != nil {
		return nil, err
	}
	version, err := s.decidedOn(ctx, receipt, by)
	if err != nil {
		return nil, err
	}
	asked := maps.Clone(a.fields)
	asked["receipt"] = receipt
	acc, err := s.parts.Desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: a.verb, By: by, Version: version, Fields: a.fields,
		Once: s.once(ctx, "POST "+a.place.resource+"/{receipt}/"+string(a.verb), asked)})
	if err != nil {
		return nil, err
	}
	return s.accepted(ctx, acc, by), nil
}

func (s *Server) caseVerb(at place, verb tasks.Verb) func(context.Context, *caseVerbInput) (*jobOutput, error) {
	return func(ctx context.Context, in *caseVerbInput) (*jobOutput, error) {
		fields := map[string]string{}
		if in.Body != nil && (verb == tasks.VerbVerify || verb == tasks.VerbAccept) {
			fields[tasks.FieldCode] = typedCode(in.Body.Code)
		}
		return s.actOnCase(ctx, caseAct{place: at, receipt: in.Receipt, verb: verb, fields: fields})
	}
}
