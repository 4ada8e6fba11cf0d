package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"golang.org/x/text/unicode/norm"

	"beian/tasks"
)

type contactInput struct {
	Prefer string `header:"Prefer"`
	Body   struct {
		NewPhone string `json:"new_phone" maxLength:"40" doc:"The number that is to become the security phone; a code goes to it." example:"13600001234"`
		Lang     string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

// contactBody is a contact change, masked.
type contactBody struct {
	OldPhone   string     `json:"old_phone,omitempty" doc:"Masked; absent of a change on papers." example:"138 **** 8001"`
	NewPhone   string     `json:"new_phone" doc:"Masked."`
	HoldUntil  *time.Time `json:"hold_until,omitempty" doc:"The account's subject can't be transferred before."`
	RestoredAt *time.Time `json:"restored_at,omitempty" doc:"A supervisor brought the old phone back."`
}

// contactRoutes are the API of account contact changes (ADR 23).
func (s *Server) contactRoutes() {
	at := placeOf("CC")
	root := at.resource
	register(s, operation{id: "submit-contact-change", method: http.MethodPost, path: root, tag: "contact-changes",
		summary: "api.op.submit_contact", who: applicant, keyed: true, status: http.StatusAccepted}, s.submitContact)
	register(s, operation{id: "read-contact-change", method: http.MethodGet, path: root + "/{receipt}", tag: "contact-changes",
		summary: "api.op.read_contact", who: onlookers}, s.readCase(at))
	s.verbRoutes(at, map[tasks.Verb]string{
		tasks.VerbVerifyOld: "api.op.verify_old", tasks.VerbVerifyNew: "api.op.verify_new", tasks.VerbResend: "api.op.resend_contact",
		tasks.VerbCancel: "api.op.cancel_contact", tasks.VerbDispute: "api.op.dispute",
		tasks.VerbRelease: "api.op.release_contact", tasks.VerbReject: "api.op.reject_contact",
	})
}

type papersInput struct {
	Body struct {
		CaseFields
		Consent bool   `json:"consent" doc:"True: the uploaded pictures may be kept to check this request."`
		Lang    string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

type revisePapersInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    CaseFields
}

// signedPapersRoutes are the API of kinds with papers that are begun signed in, then by
// the tracking code as every case: contact changes (ADR 23), legacy imports (I7).
func (s *Server) signedPapersRoutes(at place, summary string) {
	s.caseRoutes(at)
	register(s, at.post("begin", "", summary, applicant), func(ctx context.Context, in *papersInput) (*jobOutput, error) {
		return s.beginCase(ctx, at, beginning{fields: in.Body.fields(), consent: in.Body.Consent, lang: in.Body.Lang})
	})
	register(s, at.revision(), func(ctx context.Context, in *revisePapersInput) (*jobOutput, error) {
		return s.actOnCase(ctx, caseAct{place: at, receipt: in.Receipt, verb: tasks.VerbRevise, fields: in.Body.fields()})
	})
	supplement := at.post("supplement", "/supplement", "api.op.supplement_reset", tracked)
	register(s, supplement, func(ctx context.Context, in *supplementReviewedInput) (*jobOutput, error) {
		fields := map[string]string{}
		if in.Body != nil {
			fields = in.Body.fields()
		}
		return s.actOnCase(ctx, caseAct{place: at, receipt: in.Receipt, verb: tasks.VerbSupplement, fields: fields})
	})
}

func (s *Server) submitContact(ctx context.Context, in *contactInput) (*jobOutput, error) {
	r := callOf(ctx)
	lang := in.Body.Lang
	if lang == "" {
		lang = string(r.lang)
	}
	fields := map[string]string{tasks.FieldNewPhone: norm.NFKC.String(in.Body.NewPhone)}
	asked := map[string]string{tasks.FieldNewPhone: fields[tasks.FieldNewPhone], "lang": in.Body.Lang}
	acc, err := s.parts.Desk.Submit(ctx, tasks.Submission{Kind: tasks.KindContact, AccountID: r.session.AccountID, Lang: lang, Fields: fields,
		Once: s.once(ctx, "POST "+placeOf("CC").resource, asked)})
	if err != nil {
		return nil, err
	}
	out := s.accepted(ctx, acc, viewer(r.session))
	out.Status, out.Location, out.Retry = http.StatusAccepted, resourceOf(acc.Receipt), "2"
	return s.await(ctx, in.Prefer, out, viewer(r.session))
}

// contactIn reads what a contact change remembers.
func contactIn(j tasks.Job) *contactBody {
	var f tasks.ContactFacts
	_ = json.Unmarshal(j.Facts, &f) // a list shows what can be shown
	return &contactBody{OldPhone: f.OldPhone, NewPhone: f.NewPhone, HoldUntil: office(f.HoldUntil), RestoredAt: office(f.RestoredAt)}
}

// contactOnPapers is what a contact change on papers asks for, and what it did. Which
// phone it replaced is for staff.
func contactOnPapers(j tasks.Job) *contactBody {
	var f tasks.CaseFacts
	var did tasks.ContactFacts
	_ = json.Unmarshal(j.Facts, &f) // a list shows what can be shown
	_ = json.Unmarshal(f.Own, &did)
	return &contactBody{NewPhone: f.Phone, HoldUntil: office(did.HoldUntil), RestoredAt: office(did.RestoredAt)}
}
