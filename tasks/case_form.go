package tasks

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"beian/internal/filing"
)

const (
	maxName   = 100 // characters of a name
	maxRemark = 500 // characters of a remark (pages.md)
)

// readFacts reads who asks for what filing, and how to reach it; every fault at once
// (A5). The rest of the dossier is usable even when there are faults.
func (r *reader) readFacts() Dossier {
	d := Dossier{Nature: filing.SubjectNature(r.oneOf(FieldNature, string(filing.NatureIndividual), string(filing.NatureOrganisation)))}
	d.SubjectName = r.name(FieldSubjectName)
	d.Certificate = r.certificate(d.Nature)
	d.ICPNumber, d.Domain = r.filing()
	if d.Nature == filing.NatureOrganisation {
		d.Principal = r.oneOf(FieldPrincipal, "yes", "no") == "yes"
		d.Applicant = r.name(FieldApplicant)
		d.ApplicantID = parsed(r, FieldApplicantID, filing.ParseIDNumber)
	} else {
		d.Principal, d.Applicant = true, d.SubjectName
	}
	d.Phone = parsed(r, FieldPhone, filing.ParsePhone)
	return d
}

// readWhy reads why somebody asks.
func (r *reader) readWhy(d *Dossier) {
	d.Reason = r.oneOf(FieldReason, ResetReasons()...)
	d.Remark = r.optional(FieldRemark, maxRemark)
}

// fieldsOf are the fields that the same dossier would be read from.
func fieldsOf(d Dossier) map[string]string {
	principal := "no"
	if d.Principal {
		principal = "yes"
	}
	where := d.ICPNumber.String()
	if d.ICPNumber.IsZero() {
		where = d.Domain.String()
	}
	fields := map[string]string{
		FieldNature: string(d.Nature), FieldPrincipal: principal, FieldSubjectName: d.SubjectName,
		FieldCertType: string(d.Certificate.Type), FieldCertNumber: d.Certificate.Reveal(), FieldFiling: where,
		FieldApplicant: d.Applicant, FieldApplicantID: d.ApplicantID.Reveal(), FieldPhone: d.Phone.Reveal(),
		FieldNewEmail: d.NewEmail.Reveal(), FieldOldLogin: d.OldLogin, FieldReason: d.Reason, FieldRemark: d.Remark,
	}
	maps.Copy(fields, d.Own)
	return fields
}

// reader collects the faults of a form while it is read.
type reader struct {
	fields map[string]string
	faults []Fault
}

func (r *reader) fault(field, code string) {
	r.faults = append(r.faults, Fault{Field: field, Code: code})
}

func (r *reader) oneOf(field string, allowed ...string) string {
	v := strings.TrimSpace(r.fields[field])
	if !slices.Contains(allowed, v) {
		r.fault(field, "CHOICE_REQUIRED")
		return ""
	}
	return v
}

func (r *reader) name(field string) string {
	v := tidy(r.fields[field])
	switch {
	case v == "":
		r.fault(field, "REQUIRED")
	case utf8.RuneCountInString(v) > maxName:
		r.fault(field, "TOO_LONG")
	}
	return v
}

func (r *reader) optional(field string, most int) string {
	v := tidy(r.fields[field])
	if utf8.RuneCountInString(v) > most {
		r.fault(field, "TOO_LONG")
	}
	return v
}

// tidy drops what is not text and folds blanks at the ends.
func tidy(typed string) string {
	v := strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(typed, ""))
	return strings.TrimSpace(v)
}

// certificate reads type and number (L5). An individual's is an ID card or a
// passport, an organisation's a credit code or another.
func (r *reader) certificate(nature filing.SubjectNature) filing.Certificate {
	types := []string{string(filing.CertificateIDCard), string(filing.CertificatePassport), string(filing.CertificateOther)}
	if nature == filing.NatureOrganisation {
		types = []string{string(filing.CertificateCreditCode), string(filing.CertificateOther)}
	}
	kind := r.oneOf(FieldCertType, types...)
	if kind == "" {
		return filing.Certificate{}
	}
	return parsed(r, FieldCertNumber, func(typed string) (filing.Certificate, error) {
		return filing.ParseCertificate(filing.CertificateType(kind), typed)
	})
}

// filing reads an ICP number, with or without a website suffix, or a domain.
func (r *reader) filing() (filing.ICPNumber, filing.Domain) {
	typed := r.fields[FieldFiling]
	if strings.ContainsFunc(typed, func(c rune) bool { return unicode.Is(unicode.Han, c) }) && !strings.Contains(typed, ".") {
		return parsed(r, FieldFiling, filing.ParseICPNumber).Subject(), filing.Domain{}
	}
	return filing.ICPNumber{}, parsed(r, FieldFiling, filing.ParseDomain)
}

// parsed reads one value; what is wrong with it becomes a fault without the
// value.
func parsed[T any](r *reader, field string, parse func(string) (T, error)) T {
	v, err := parse(r.fields[field])
	var refused *filing.FormatError
	if errors.As(err, &refused) {
		r.faults = append(r.faults, Fault{Field: field, Code: refused.Code, Reason: refused.Reason, Params: refused.Params})
	} else if err != nil {
		r.fault(field, "REQUIRED")
	}
	return v
}
