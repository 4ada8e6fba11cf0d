package api

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/text/unicode/norm"

	"beian/tasks"
)

// ReviewedFields are what the applicant of a reviewed transfer tells (T13).
type ReviewedFields struct {
	CaseFields
	Target string `json:"target,omitempty" maxLength:"254" doc:"Login email or account id of the receiver." example:"receiver@example.com"`
	Phone4 string `json:"target_phone4,omitempty" maxLength:"8" doc:"Last four digits of its security phone." example:"1402"`
}

func (r ReviewedFields) fields() map[string]string {
	out := r.CaseFields.fields()
	for name, value := range map[string]string{tasks.FieldTarget: r.Target, tasks.FieldPhone4: r.Phone4} {
		if value = strings.TrimSpace(norm.NFKC.String(value)); value != "" {
			out[name] = value
		}
	}
	return out
}

type reviewedInput struct {
	Body struct {
		ReviewedFields
		Consent bool   `json:"consent" doc:"True: the uploaded pictures may be kept to check this request."`
		Lang    string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

type reviseReviewedInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    ReviewedFields
}

type supplementReviewedInput struct {
	Receipt string      `path:"receipt" maxLength:"40"`
	Body    *CaseFields `doc:"The facts that were returned, corrected."`
}

// reviewedRoutes are the API of transfers on papers (T13). The applicant has the
// tracking code; the receiver signs in to accept or decline.
func (s *Server) reviewedRoutes() {
	at := placeOf("TP")
	s.caseRoutes(at)
	register(s, at.post("begin", "", "api.op.submit_reviewed", anyone), s.beginReviewed)
	register(s, at.revision(), s.reviseReviewed)
	register(s, at.post("supplement", "/supplement", "api.op.supplement_reset", tracked), s.supplementReviewed)
	invite := at.post("invite", "/invite", "api.op.invite", tracked)
	register(s, invite, s.caseVerb(at, tasks.VerbInvite))
	take := at.post("take", "/accept-by-code", "api.op.accept_by_code", tracked)
	register(s, take, s.caseVerb(at, tasks.VerbAccept))
	for verb, summary := range map[tasks.Verb]string{tasks.VerbAccept: "api.op.accept", tasks.VerbDecline: "api.op.decline"} {
		o := at.post(string(verb), "/"+string(verb), summary, applicant)
		o.match = mayMatch
		register(s, o, s.ofKind(at, s.verb(verb)))
	}
}

// ofKind finds no job of another kind.
func (s *Server) ofKind(at place, do func(context.Context, *verbInput) (*jobOutput, error)) func(context.Context, *verbInput) (*jobOutput, error) {
	return func(ctx context.Context, in *verbInput) (*jobOutput, error) {
		if placeOf(normalised(in.Receipt)) != at {
			return nil, tasks.ErrNotFound
		}
		return do(ctx, in)
	}
}

func (s *Server) beginReviewed(ctx context.Context, in *reviewedInput) (*jobOutput, error) {
	return s.beginCase(ctx, placeOf("TP"), beginning{fields: in.Body.fields(), consent: in.Body.Consent, lang: in.Body.Lang})
}

func (s *Server) reviseReviewed(ctx context.Context, in *reviseReviewedInput) (*jobOutput, error) {
	return s.actOnCase(ctx, caseAct{place: placeOf("TP"), receipt: in.Receipt, verb: tasks.VerbRevise, fields: in.Body.fields()})
}

func (s *Server) supplementReviewed(ctx context.Context, in *supplementReviewedInput) (*jobOutput, error) {
	fields := map[string]string{}
	if in.Body != nil {
		fields = in.Body.fields()
	}
	return s.actOnCase(ctx, caseAct{place: placeOf("TP"), receipt: in.Receipt, verb: tasks.VerbSupplement, fields: fields})
}

type reversalInput struct {
	Body struct {
		Transfer string `json:"transfer" maxLength:"40" doc:"Receipt of the transfer." example:"TR8F4KQX7M"`
		Reason   string `json:"reason" enum:"not_authorised,wrong_receiver,forged_papers,authority"`
	}
}

// reversalRoutes let supervisors reverse a transfer (T14).
func (s *Server) reversalRoutes() {
	at := placeOf("RV")
	supervisor := []tasks.ActorKind{tasks.ActorSupervisor}
	begin := at.post("begin", "", "api.op.reverse", deciders)
	begin.roles = supervisor
	register(s, begin, s.beginReversal)
	register(s, operation{id: "read-" + at.noun(), method: http.MethodGet, path: at.resource + "/{receipt}", tag: at.tag(),
		summary: "api.op.read_reversal", who: signedIn}, s.readCase(at))
	for verb, summary := range map[tasks.Verb]string{tasks.VerbApprove: "api.op.approve_reversal", tasks.VerbReject: "api.op.reject_reversal"} {
		o := at.post(string(verb), "/"+string(verb), summary, deciders)
		o.match, o.async, o.roles = mustMatch, true, supervisor
		register(s, o, s.ofKind(at, s.verb(verb)))
	}
}

func (s *Server) beginReversal(ctx context.Context, in *reversalInput) (*jobOutput, error) {
	receipt, err := parseReceipt(in.Body.Transfer)
	if err != nil {
		return nil, err
	}
	who := callOf(ctx).session
	fields := map[string]string{tasks.FieldReceipt: receipt, tasks.FieldReason: in.Body.Reason}
	acc, err := s.parts.Desk.Submit(ctx, tasks.Submission{Kind: tasks.KindReversal, Staff: staffOf(ctx), Asker: "staff:" + who.StaffID,
		Lang: string(langOf(ctx)), Fields: fields, Once: s.once(ctx, "POST /v1/reversals", fields)})
	if err != nil {
		return nil, err
	}
	out := s.accepted(ctx, acc, viewer(who))
	out.Status, out.Location = http.StatusAccepted, resourceOf(acc.Receipt)
	return out, nil
}
