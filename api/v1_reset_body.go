package api

import (
	"time"

	"beian/internal/text"
	"beian/tasks"
)

// resetBody is a login reset as its applicant sees it, masked; what the applicant
// told of itself and the documents are absent for everybody else.
type resetBody struct {
	Nature      string        `json:"nature"`
	Principal   bool          `json:"principal"`
	SubjectName string        `json:"subject_name" doc:"Masked."`
	Certificate string        `json:"certificate,omitempty" doc:"Masked."`
	ICPNo       string        `json:"icp_no,omitempty"`
	Domain      string        `json:"domain,omitempty"`
	Applicant   string        `json:"applicant,omitempty" doc:"Masked."`
	Phone       string        `json:"phone,omitempty" doc:"Masked."`
	NewEmail    string        `json:"new_email,omitempty" doc:"Masked."`
	Reason      string        `json:"reason,omitempty"`
	PhoneAt     *time.Time    `json:"phone_confirmed_at,omitempty"`
	MailboxAt   *time.Time    `json:"mailbox_confirmed_at,omitempty"`
	SubmittedAt *time.Time    `json:"submitted_at,omitempty"`
	HoldUntil   *time.Time    `json:"hold_until,omitempty" doc:"It takes effect no sooner."`
	HoldWhy     string        `json:"hold_why,omitempty" doc:"usual, risk or unreached."`
	Promise     *promiseBody  `json:"promise,omitempty" doc:"Absent before the clock starts."`
	Documents   []slotBody    `json:"documents,omitempty"`
	Fields      []string      `json:"returned_fields,omitempty" doc:"Facts to be corrected by supplement."`
	Findings    []findingBody `json:"findings,omitempty" doc:"Why more is needed, or why it was refused."`
}

type promiseBody struct {
	DueAt     *time.Time `json:"due_at"`
	Paused    bool       `json:"paused"`
	Held      bool       `json:"in_review" doc:"A reviewer has it now."`
	Breaches  int        `json:"breaches"`
	Round     int        `json:"round"`
	MoreLeft  int        `json:"rounds_left"`
	NudgeFrom *time.Time `json:"nudge_from,omitempty"`
}

type slotBody struct {
	Slot     string     `json:"slot"`
	Filled   bool       `json:"filled" doc:"Nothing more is needed here."`
	Wanted   bool       `json:"wanted,omitempty" doc:"A new document is asked for."`
	Media    string     `json:"media,omitempty"`
	Width    int        `json:"width,omitempty"`
	Height   int        `json:"height,omitempty"`
	Pages    int        `json:"pages,omitempty"`
	Kept     bool       `json:"kept,omitempty" doc:"The applicant keeps it although there are doubts."`
	Flags    []flagBody `json:"flags,omitempty" doc:"Doubts about the picture: advice, never a refusal."`
	Shredded *time.Time `json:"deleted_at,omitempty"`
}

type flagBody struct {
	Code    string            `json:"code" example:"DOC_BLURRED"`
	Message string            `json:"message"`
	Remedy  string            `json:"remedy"`
	Params  map[string]string `json:"params,omitempty"`
}

type findingBody struct {
	About   string `json:"about" doc:"A slot, a field or request."`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
	Box     []int  `json:"box,omitempty" doc:"Left, top, right and bottom on the picture, in thousandths of its sides."`
	Page    int    `json:"page,omitempty"`
}

// maskedReset is what a login reset remembers, masked. A list shows what it asks
// for and not by whom.
func maskedReset(f tasks.CaseFacts, own bool) *resetBody {
	b := &resetBody{Nature: string(f.Nature), Principal: f.Principal, SubjectName: f.Subject, ICPNo: f.ICP, Domain: f.Domain,
		NewEmail: f.NewEmail, SubmittedAt: office(f.SubmittedAt), HoldUntil: office(f.HoldUntil), HoldWhy: f.HoldWhy}
	if own {
		b.Certificate, b.Applicant, b.Phone, b.Reason = f.Certificate, f.Applicant, f.Phone, f.Reason
		b.PhoneAt, b.MailboxAt = office(f.PhoneAt), office(f.MailboxAt)
	}
	return b
}

func (s *Server) resetOf(lang text.Lang, v tasks.View) *resetBody {
	own := v.Own || v.Role == tasks.RoleStaff
	b := maskedReset(v.Case.Facts, own)
	if !own {
		return b
	}
	if !v.Case.Promise.IsZero() {
		b.Promise = &promiseBody{DueAt: office(v.Case.Promise), Paused: v.Case.Paused, Held: v.Case.Held, Breaches: v.Case.Breaches,
			Round: v.Case.Round, MoreLeft: v.Case.MoreLeft, NudgeFrom: office(v.Case.NudgeFrom)}
	}
	for _, slot := range v.Case.Slots {
		b.Documents = append(b.Documents, s.slotOf(lang, slot))
	}
	b.Fields = v.Case.Fields
	for _, f := range v.Case.Findings {
		b.Findings = append(b.Findings, s.findingOf(lang, v, f))
	}
	return b
}

func (s *Server) slotOf(lang text.Lang, v tasks.SlotView) slotBody {
	doc := v.Document
	b := slotBody{Slot: string(v.Slot), Filled: v.Filled(), Wanted: v.Wanted, Media: doc.Media, Width: doc.Width, Height: doc.Height,
		Pages: len(doc.Pages), Kept: doc.Insisted && len(doc.Flags) > 0, Shredded: office(doc.ShreddedAt)}
	for _, flag := range doc.Flags {
		params := text.ParamsOf(flag.Params)
		params["document"] = s.parts.Catalog.Field(lang, string(v.Slot))
		message, remedy := s.parts.Catalog.Blocker(lang, flag.Code, params)
		b.Flags = append(b.Flags, flagBody{Code: flag.Code, Message: message, Remedy: remedy, Params: flag.Params})
	}
	return b
}

func (s *Server) findingOf(lang text.Lang, v tasks.View, f tasks.Finding) findingBody {
	message, remedy := s.findingWords(lang, f)
	if f.Reason == suspicion && v.Role != tasks.RoleStaff {
		f.Reason = "NOT_CONFIRMED"
	}
	return findingBody{About: f.About, Reason: f.Reason, Message: message, Remedy: remedy, Box: f.Box, Page: f.Page}
}

// findingWords are a finding's text and remedy, with the name of what it is about
// (L7).
func (s *Server) findingWords(lang text.Lang, f tasks.Finding) (message, remedy string) {
	params := text.Params{}
	if f.About != string(tasks.AboutRequest) {
		name := s.parts.Catalog.Field(lang, f.About)
		params = text.Params{"document": name, "field": name}
	}
	return s.parts.Catalog.T(lang, "reason."+f.Reason+".text", params), s.parts.Catalog.T(lang, "reason."+f.Reason+".remedy", params)
}
