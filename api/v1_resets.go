package api

import (
	"context"
	"net/http"

	"golang.org/x/text/unicode/norm"

	"beian/tasks"
)

// CaseFields are what every applicant with papers tells (L1). In a change, what is
// absent stays as it is.
type CaseFields struct {
	Nature      string  `json:"nature,omitempty" enum:"individual,organisation"`
	Principal   *bool   `json:"principal,omitempty" doc:"Organisations: the applicant is the subject's or a website's principal."`
	SubjectName string  `json:"subject_name,omitempty" maxLength:"400"`
	CertType    string  `json:"certificate_type,omitempty" enum:"id_card,passport,credit_code,other"`
	CertNumber  string  `json:"certificate_number,omitempty" maxLength:"100"`
	Filing      string  `json:"icp_or_domain,omitempty" maxLength:"300" example:"京ICP备12345678号"`
	Applicant   string  `json:"applicant,omitempty" maxLength:"400" doc:"Organisations: who applies."`
	ApplicantID string  `json:"applicant_id,omitempty" maxLength:"100" doc:"Organisations: the ID number of who applies."`
	Phone       string  `json:"phone,omitempty" maxLength:"40" doc:"Contact phone; a code goes to it."`
	Reason      string  `json:"reason,omitempty" enum:"mailbox_lost,mailbox_forgotten,phone_lost,number_gone,staff_left,other,login_lost,password_lost,both_lost,before_2010,certificate_differs" doc:"One that fits: mailbox_… for a login reset or a transfer, phone_lost and number_gone for a contact change, login_lost and what follows for a legacy import."`
	OldLogin    *string `json:"old_login,omitempty" maxLength:"400" doc:"As remembered; of a login reset or a legacy import."`
	Remark      *string `json:"remark,omitempty" maxLength:"2000" doc:"At most 500 characters."`
}

// ResetFields are what the applicant of a login reset tells.
type ResetFields struct {
	CaseFields
	NewEmail string `json:"new_email,omitempty" maxLength:"254" doc:"A link goes to it."`
}

// fields are those that were given, folded as a form's would be.
func (r CaseFields) fields() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{
		tasks.FieldNature: r.Nature, tasks.FieldSubjectName: r.SubjectName, tasks.FieldCertType: r.CertType, tasks.FieldCertNumber: r.CertNumber,
		tasks.FieldFiling: r.Filing, tasks.FieldApplicant: r.Applicant, tasks.FieldApplicantID: r.ApplicantID, tasks.FieldPhone: r.Phone,
		tasks.FieldReason: r.Reason,
	} {
		if value != "" {
			out[name] = norm.NFC.String(value)
		}
	}
	if r.OldLogin != nil {
		out[tasks.FieldOldLogin] = *r.OldLogin
	}
	if r.Remark != nil {
		out[tasks.FieldRemark] = *r.Remark
	}
	if r.Principal != nil {
		out[tasks.FieldPrincipal] = map[bool]string{true: "yes", false: "no"}[*r.Principal]
	}
	return out
}

func (r ResetFields) fields() map[string]string {
	out := r.CaseFields.fields()
	if r.NewEmail != "" {
		out[tasks.FieldNewEmail] = norm.NFC.String(r.NewEmail)
	}
	return out
}

type resetInput struct {
	Body struct {
		ResetFields
		Consent bool   `json:"consent" doc:"True: the uploaded pictures may be kept to check this request."`
		Lang    string `json:"lang,omitempty" enum:"zh-CN,en" doc:"Language of the messages; by default that of the request."`
	}
}

type reviseInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    ResetFields
}

type mailboxInput struct {
	Receipt string `path:"receipt" maxLength:"40"`
	Body    struct {
		Token string `json:"token" maxLength:"100" doc:"The last part of the link in the mail."`
	}
}

type mailboxOutput struct {
	Body struct {
		Receipt   string `json:"receipt"`
		Confirmed bool   `json:"confirmed"`
	}
}

type supplementInput struct {
	Receipt string       `path:"receipt" maxLength:"40"`
	Body    *ResetFields `doc:"The facts that were returned, corrected."`
}

// resetRoutes are the API of login resets. Nobody signs in: the answer to the
// first request has the tracking code, which is the key to all the others (L1).
func (s *Server) resetRoutes() {
	at := placeOf("LR")
	s.caseRoutes(at)
	register(s, at.post("begin", "", "api.op.submit_reset", anyone), s.beginReset)
	register(s, at.revision(), s.reviseReset)
	mail := at.post("mail", "/mailbox", "api.op.mailbox_reset", tracked)
	register(s, mail, s.caseVerb(at, tasks.VerbMailbox))
	register(s, at.post("supplement", "/supplement", "api.op.supplement_reset", tracked), s.supplementReset)
	// A used link answers 410, so repeating is harmless and needs no key.
	confirm := at.post("confirm", "/confirm-mailbox", "api.op.confirm_mailbox", anyone)
	confirm.id, confirm.keyed = "confirm-login-reset-mailbox", false
	register(s, confirm, s.confirmResetMailbox)
	register(s, operation{id: "blank-letter", method: http.MethodGet, path: "/v1/letters/blank", tag: at.tag(), summary: "api.op.blank_letter",
		who: anyone, status: http.StatusOK}, s.readBlankLetter)
}

func (s *Server) beginReset(ctx context.Context, in *resetInput) (*jobOutput, error) {
	return s.beginCase(ctx, placeOf("LR"), beginning{fields: in.Body.fields(), consent: in.Body.Consent, lang: in.Body.Lang})
}

// normalised is the receipt as we write it, or nothing.
func normalised(typed string) string {
	receipt, err := parseReceipt(typed)
	if err != nil {
		return ""
	}
	return receipt
}

// known refuses a wrong tracking code, which costs a guess.
func (s *Server) known(ctx context.Context, receipt string, by tasks.Viewer) error {
	return s.fenced(ctx, func() error {
		_, err := s.parts.Desk.Glance(ctx, receipt, by)
		return err
	})
}

func (s *Server) reviseReset(ctx context.Context, in *reviseInput) (*jobOutput, error) {
	return s.actOnCase(ctx, caseAct{place: placeOf("LR"), receipt: in.Receipt, verb: tasks.VerbRevise, fields: in.Body.fields()})
}

func (s *Server) supplementReset(ctx context.Context, in *supplementInput) (*jobOutput, error) {
	fields := map[string]string{}
	if in.Body != nil {
		fields = in.Body.fields()
	}
	return s.actOnCase(ctx, caseAct{place: placeOf("LR"), receipt: in.Receipt, verb: tasks.VerbSupplement, fields: fields})
}

// confirmResetMailbox consumes the link of the mail: 404 for a wrong one, 410 for
// one that was used or is too old, EMAIL_TAKEN for an address that signs in
// already (L6).
func (s *Server) confirmResetMailbox(ctx context.Context, in *mailboxInput) (*mailboxOutput, error) {
	out := &mailboxOutput{}
	out.Body.Receipt, out.Body.Confirmed = normalised(in.Receipt), true
	return out, s.fenced(ctx, func() error { return s.parts.Desk.ConfirmMailbox(ctx, out.Body.Receipt, in.Body.Token) })
}
