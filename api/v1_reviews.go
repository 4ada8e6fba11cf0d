package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"beian/internal/filing"
	"beian/tasks"
)

// The operations on reviews (V1, V5). Claims are harmless to repeat and need no
// idempotency key; who lost the answer of "next" finds its review among its own.

type reviewsInput struct {
	Tab    string `query:"tab" enum:"waiting,mine,second,escalated,done" default:"waiting"`
	Kind   string `query:"kind" maxLength:"40" doc:"Only reviews of this kind of job."`
	Nature string `query:"nature" enum:"individual,organisation"`
	Risky  bool   `query:"risky" doc:"Only those with risk flags."`
	Limit  int    `query:"limit" minimum:"1" maximum:"199" default:"50"`
	Cursor string `query:"cursor" maxLength:"300" doc:"From the Link of the page before."`
}

type reviewsOutput struct {
	Link     string `header:"Link" doc:"rel=next, when there is more."`
	Language string `header:"Content-Language"`
	Body     struct {
		Reviews []reviewRowBody  `json:"reviews" doc:"The earliest due first."`
		Counts  reviewCountsBody `json:"counts"`
		Next    string           `json:"next_cursor,omitempty"`
	}
}

type reviewOutput struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Language string `header:"Content-Language"`
	Body     reviewBody
}

type benchOutput struct {
	ETag     string `header:"ETag"`
	Language string `header:"Content-Language"`
	Cache    string `header:"Cache-Control"`
	Body     benchBody
}

func (s *Server) reviewRoutes() {
	if s.parts.Reviews == nil {
		return
	}
	one := "/v1/reviews/{receipt}"
	register(s, operation{id: "list-reviews", method: http.MethodGet, path: "/v1/reviews", tag: "reviews", summary: "api.op.list_reviews",
		who: readers}, s.listReviews)
	register(s, operation{id: "next-review", method: http.MethodPost, path: "/v1/reviews/next", tag: "reviews", summary: "api.op.next_review",
		who: deciders}, s.nextReview)
	register(s, operation{id: "read-review", method: http.MethodGet, path: one, tag: "reviews", summary: "api.op.read_review",
		who: readers}, s.readReview)
	register(s, operation{id: "claim-review", method: http.MethodPost, path: one + "/claim", tag: "reviews", summary: "api.op.claim_review",
		who: deciders}, s.reviewAct(s.parts.Reviews.Claim))
	register(s, operation{id: "renew-review", method: http.MethodPost, path: one + "/renew", tag: "reviews", summary: "api.op.renew_review",
		who: deciders}, s.reviewAct(s.parts.Reviews.Renew))
	register(s, operation{id: "undo-review", method: http.MethodPost, path: one + "/undo", tag: "reviews", summary: "api.op.undo_review",
		who: deciders}, s.reviewAct(s.parts.Reviews.Undo))
	register(s, operation{id: "return-review", method: http.MethodPost, path: one + "/return", tag: "reviews", summary: "api.op.return_review",
		who: deciders}, s.reviewAct(s.giveBack))
	register(s, operation{id: "unmask-review", method: http.MethodPost, path: one + "/unmask", tag: "reviews", summary: "api.op.unmask_review",
		who: deciders, doc: "Shows one fact in clear, once. The reason is journaled."}, s.unmaskReview)
	s.reviewPictureRoutes(one)
	s.decisionRoutes(one)
}

func staffOf(ctx context.Context) tasks.Actor {
	who := callOf(ctx).session
	return tasks.Actor{Kind: who.Role, ID: who.StaffID}
}

func (s *Server) listReviews(ctx context.Context, in *reviewsInput) (*reviewsOutput, error) {
	after, err := base64.RawURLEncoding.DecodeString(in.Cursor)
	if err != nil {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "cursor", Code: faultValue}}}
	}
	if in.Kind != "" && !slices.Contains(tasks.ReviewedKinds(), tasks.Kind(in.Kind)) {
		return nil, &tasks.Invalid{Faults: []tasks.Fault{{Field: "kind", Code: faultValue}}}
	}
	rows, counts, err := s.parts.Reviews.Reviews(ctx, tasks.ReviewFilter{Tab: in.Tab, StaffID: callOf(ctx).session.StaffID, Kind: tasks.Kind(in.Kind),
		Nature: filing.SubjectNature(in.Nature), Risky: in.Risky, After: string(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	out := &reviewsOutput{Language: string(langOf(ctx))}
	out.Body.Reviews, out.Body.Counts = []reviewRowBody{}, countsOf(counts)
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		out.Body.Next = base64.RawURLEncoding.EncodeToString([]byte(rows[in.Limit-1].Cursor))
		out.Link = nextReviews(in, out.Body.Next)
	}
	for _, row := range rows {
		out.Body.Reviews = append(out.Body.Reviews, s.reviewRowOf(ctx, row))
	}
	return out, nil
}

func nextReviews(in *reviewsInput, cursor string) string {
	query := url.Values{"tab": {in.Tab}, "cursor": {cursor}, "limit": {strconv.Itoa(in.Limit)}}
	for name, value := range map[string]string{"kind": in.Kind, "nature": in.Nature} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if in.Risky {
		query.Set("risky", "true")
	}
	return "</v1/reviews?" + query.Encode() + `>; rel="next"`
}

func (s *Server) nextReview(ctx context.Context, _ *struct{}) (*reviewOutput, error) {
	r, err := s.parts.Reviews.ClaimNext(ctx, staffOf(ctx))
	if err != nil {
		return nil, err
	}
	out := s.reviewed(ctx, r)
	out.Location = "/v1/reviews/" + r.Receipt
	return out, nil
}

func (s *Server) readReview(ctx context.Context, in *receiptInput) (*benchOutput, error) {
	receipt, err := parseReceipt(in.Receipt)
	if err != nil {
		return nil, err
	}
	w, err := s.parts.Reviews.Workbench(ctx, receipt, staffOf(ctx))
	if err != nil {
		return nil, err
	}
	return &benchOutput{ETag: etag(w.Review.Version), Language: string(langOf(ctx)), Cache: "no-store", Body: s.benchOf(ctx, w)}, nil
}

// reviewAct is an operation that needs nothing but the receipt.
func (s *Server) reviewAct(act func(context.Context, string, tasks.Actor) (tasks.Review, error)) func(context.Context, *receiptInput) (*reviewOutput, error) {
	return func(ctx context.Context, in *receiptInput) (*reviewOutput, error) {
		receipt, err := parseReceipt(in.Receipt)
		if err != nil {
			return nil, err
		}
		r, err := act(ctx, receipt, staffOf(ctx))
		if err != nil {
			return nil, err
		}
		return s.reviewed(ctx, r), nil
	}
}

func (s *Server) giveBack(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Review, error) {
	if err := s.parts.Reviews.Return(ctx, receipt, staff); err != nil {
		return tasks.Review{}, err
	}
	return s.parts.Reviews.ReviewOf(ctx, receipt)
}

func (s *Server) reviewed(ctx context.Context, r tasks.Review) *reviewOutput {
	return &reviewOutput{ETag: etag(r.Version), Language: string(langOf(ctx)), Body: s.reviewOf(ctx, r)}
}

type unmaskInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    struct {
		Field  string `json:"field" enum:"subject_name,certificate_number,applicant,applicant_id,phone,new_email,old_login"`
		Reason string `json:"reason" enum:"compare_document,call_applicant,check_fraud,answer_authority"`
	}
}

type unmaskOutput struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Field string `json:"field"`
		Value string `json:"value" doc:"In clear. Keep it nowhere."`
	}
}

func (s *Server) unmaskReview(ctx context.Context, in *unmaskInput) (*unmaskOutput, error) {
	receipt, err := parseReceipt(in.Receipt)
	if err != nil {
		return nil, err
	}
	value, err := s.parts.Reviews.Unmask(ctx, receipt, in.Body.Field, in.Body.Reason, staffOf(ctx))
	if err != nil {
		return nil, err
	}
	out := &unmaskOutput{Cache: "no-store"}
	out.Body.Field, out.Body.Value = in.Body.Field, value
	return out, nil
}
