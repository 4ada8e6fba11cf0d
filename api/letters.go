package api

import (
	"context"
	"time"

	"beian/internal/text"
	"beian/tasks"
)

const pdfType = "application/pdf"

// Press prints the authorisation letter of a job with papers (L3).
type Press interface {
	// Blank is the letter of a kind of job as a template, a PDF.
	Blank(kind tasks.Kind) ([]byte, error)
	// Letter is the letter filled in, a PDF. Its errors hold none of the values.
	Letter(l Letter) ([]byte, error)
}

// Letter is what a letter is filled in with, as people read it; an empty field
// becomes a blank to write on.
type Letter struct {
	Receipt           string
	SubjectName       string
	CertificateType   string
	CertificateNumber string
	ICPNumber         string
	NewEmail          string
	Target            string // the account that receives the filing, of a reviewed transfer
	NewPhone          string // the security phone to come, of a contact change on papers
	Import            string // the account that receives, of a legacy import on papers
	Applicant         string
	ApplicantIDNumber string
	ApplicantPhone    string
	Date              time.Time
	StatusURL         string // for the QR code; no secret is in it
}

// letter prints a job's letter for its applicant; not found where the job needs
// none.
func (s *Server) letter(ctx context.Context, v tasks.View, by tasks.Viewer, now time.Time) ([]byte, error) {
	if s.parts.Letters == nil || v.Case == nil {
		return nil, errNotFound
	}
	if _, err := v.Case.Slot(string(tasks.SlotLetter)); err != nil {
		return nil, err
	}
	d, err := s.parts.Desk.OwnDossier(ctx, v.Job.Receipt, by)
	if err != nil {
		return nil, err
	}
	phone, into := "", ""
	switch placeOf(v.Job.Receipt).aim {
	case aimPhone:
		phone = d.Phone.Reveal()
	case aimImport:
		into = v.Preview.Target
	}
	return s.parts.Letters.Letter(Letter{
		Receipt: v.Job.Receipt, SubjectName: d.SubjectName,
		CertificateType:   s.parts.Catalog.T(text.Chinese, "option.certificate_type."+string(d.Certificate.Type)),
		CertificateNumber: d.Certificate.Reveal(), ICPNumber: d.ICPNumber.Subject().String(), NewEmail: d.NewEmail.Reveal(), Target: d.Own[tasks.FieldTarget], NewPhone: phone, Import: into,
		Applicant: d.Applicant, ApplicantIDNumber: d.ApplicantID.Reveal(), ApplicantPhone: d.Phone.Reveal(), Date: now,
		StatusURL: s.parts.PublicURL + "/jobs?receipt=" + v.Job.Receipt,
	})
}
