package api

import (
	"context"
	"net/http"

	"beian/tasks"
)

type precheckInput struct {
	Body struct {
		Kind    string `json:"kind" enum:"transfer,legacy_import" doc:"legacy_import asks about your own account and needs no more."`
		Target  string `json:"target,omitempty" maxLength:"254" doc:"Of a transfer."`
		Phone4  string `json:"target_phone4,omitempty" maxLength:"8" doc:"Of a transfer."`
		Subject string `json:"subject,omitempty" maxLength:"64" doc:"Which subject, by id or ICP number; needed only when the account holds several (A1)."`
	}
}

type precheckOutput struct {
	Language string `header:"Content-Language"`
	Body     struct {
		Kind     string           `json:"kind"`
		Subject  *subjectBody     `json:"subject" doc:"What would move; of a legacy_import what your account holds."`
		Source   partyBody        `json:"source" doc:"Empty of a legacy_import."`
		Target   partyBody        `json:"target"`
		CodeTo   string           `json:"code_to,omitempty" doc:"Where the confirmation code would go; masked."`
		Blockers []BlockerProblem `json:"blockers" doc:"Empty: with blockers the answer is a 422 BLOCKED."`
	}
}

// Prechecks change nothing, so they need no idempotency key.
func (s *Server) precheckRoutes() {
	register(s, operation{id: "precheck", method: http.MethodPost, path: "/v1/prechecks", tag: "transfers",
		summary: "api.op.precheck", who: applicant, status: http.StatusOK}, s.precheck)
}

func (s *Server) precheck(ctx context.Context, in *precheckInput) (*precheckOutput, error) {
	p, err := s.parts.Desk.Precheck(ctx, tasks.Submission{Kind: tasks.Kind(in.Body.Kind),
		AccountID: callOf(ctx).session.AccountID, Lang: string(langOf(ctx)),
		Fields: transferFields(in.Body.Target, in.Body.Phone4, in.Body.Subject)})
	if err != nil {
		return nil, err
	}
	out := &precheckOutput{Language: string(langOf(ctx))}
	out.Body.Kind, out.Body.Subject, out.Body.CodeTo = in.Body.Kind, subjectOf(p), p.CodeTo
	out.Body.Source, out.Body.Target = partyBody{p.Source}, partyBody{p.Target}
	out.Body.Blockers = []BlockerProblem{}
	return out, nil
}
