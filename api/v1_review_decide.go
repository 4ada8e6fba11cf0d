package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"beian/tasks"
)

// decidedFinding is one reason of a decision.
type decidedFinding struct {
	About  string `json:"about" maxLength:"40" doc:"A document slot, a field, or request." example:"id_front"`
	Reason string `json:"reason" maxLength:"40" doc:"A code of the catalogue." example:"DOC_BLURRED"`
	Box    []int  `json:"box,omitempty" maxItems:"4" doc:"Left, top, right, bottom on the picture, in thousandths of its sides."`
	Page   int    `json:"page,omitempty" minimum:"1" maximum:"50"`
}

type approveInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    struct {
		Checks []string          `json:"checks" maxItems:"40" doc:"Every item of the checklist."`
		Typed  map[string]string `json:"typed" doc:"The numbers as the pictures show them, by field."`
		Note   string            `json:"note,omitempty" maxLength:"2000" doc:"Internal; applicants never see it."`
	}
}

type refuseInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    struct {
		Findings []decidedFinding `json:"findings" maxItems:"40"`
		Checks   []string         `json:"checks,omitempty" maxItems:"40"`
		Note     string           `json:"note,omitempty" maxLength:"2000"`
	}
}

type escalateInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    *struct {
		Note string `json:"note,omitempty" maxLength:"2000"`
	}
}

// decisionRoutes are the four verdicts. Each names the version that was seen, and
// can be taken back for a few seconds.
func (s *Server) decisionRoutes(one string) {
	decision := func(id, path, summary string) operation {
		return operation{id: id, method: http.MethodPost, path: one + path, tag: "reviews", summary: summary, who: deciders, keyed: true,
			match: mustMatch, doc: "If-Match names the ETag of the review, not of its job. The decision takes effect after undo_until."}
	}
	register(s, decision("approve-review", "/approve", "api.op.approve_review"), func(ctx context.Context, in *approveInput) (*reviewOutput, error) {
		return s.verdict(ctx, tasks.Decide{Receipt: in.Receipt, Verdict: tasks.VerdictApprove, Checks: in.Body.Checks, Typed: in.Body.Typed, Note: in.Body.Note})
	})
	for id, verdict := range map[string]tasks.Verdict{"reject-review": tasks.VerdictReject, "request-changes": tasks.VerdictNeedMore} {
		path, summary := "/reject", "api.op.reject_review"
		if verdict == tasks.VerdictNeedMore {
			path, summary = "/request-changes", "api.op.request_changes"
		}
		register(s, decision(id, path, summary), func(ctx context.Context, in *refuseInput) (*reviewOutput, error) {
			d := tasks.Decide{Receipt: in.Receipt, Verdict: verdict, Checks: in.Body.Checks, Note: in.Body.Note}
			for _, f := range in.Body.Findings {
				d.Findings = append(d.Findings, tasks.Finding(f))
			}
			return s.verdict(ctx, d)
		})
	}
	register(s, decision("escalate-review", "/escalate", "api.op.escalate_review"), func(ctx context.Context, in *escalateInput) (*reviewOutput, error) {
		d := tasks.Decide{Receipt: in.Receipt, Verdict: tasks.VerdictEscalate}
		if in.Body != nil {
			d.Note = in.Body.Note
		}
		return s.verdict(ctx, d)
	})
}

// verdict makes a decision on the version that If-Match names.
func (s *Server) verdict(ctx context.Context, d tasks.Decide) (*reviewOutput, error) {
	receipt, err := parseReceipt(d.Receipt)
	if err != nil {
		return nil, err
	}
	asked, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("describing a decision: %w", err)
	}
	d.Receipt, d.Staff, d.Version = receipt, staffOf(ctx), callOf(ctx).match[0]
	d.Once = s.once(ctx, "POST /v1/reviews/{receipt}/"+string(d.Verdict), map[string]string{"decision": string(asked), "receipt": receipt})
	r, err := s.parts.Reviews.Decide(ctx, d)
	if err != nil {
		return nil, err
	}
	return s.reviewed(ctx, r), nil
}
