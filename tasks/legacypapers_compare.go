package tasks

import (
	"context"
	"slices"
	"strings"

	"beian/internal/filing"
)

// The rows in which papers are compared with the account that receives, beside those
// of the form, which are compared with the legacy filing (I6).
const (
	comparedAccountName   = "account_name"
	comparedAccountNumber = "account_certificate"
	comparedAccountFiling = "account_filing"
)

// ownDomains is the sealed dossier's place for the domains that an import read.
const ownDomains = "domains"

// rememberMisfit seals what an import read of a filing whose certificate is not the
// account's, for the reviewer of the papers that follow (I6). It goes with the job's
// key (L10); of any other import that ends nothing is left.
func (l *LegacyImport) rememberMisfit(ctx context.Context, tx Tx, job *Job, c comparison) error {
	misfit := func(b Blocker) bool { return b.Code == "REALNAME_MISMATCH" || b.Code == "FACTS_DO_NOT_MATCH" }
	if !slices.ContainsFunc(c.blockers, misfit) {
		return nil
	}
	s := c.held.Subject
	var domains []string
	for _, w := range c.held.Websites {
		domains = append(domains, w.Website.Domain.String())
	}
	return tx.SaveDossier(ctx, job.ID, Dossier{Nature: s.Nature, SubjectName: s.Name, Certificate: s.Certificate, ICPNumber: s.ICPNumber,
		Applicant: s.Principal.Name, Own: map[string]string{ownDomains: strings.Join(domains, " ")}})
}

// filed is a filing that papers are compared with, in rows of its own.
type filed struct {
	rows    [3]string // of name, certificate, and number or domain
	subject filing.Subject
	domains []string
}

// Compare puts the papers beside both sides of the import (I6): the legacy filing,
// where an import of the account has read it, and what the account holds, or else its
// verified name.
func (l *LegacyPapers) Compare(ctx context.Context, tx Tx, job Job, d Dossier) ([]Compared, error) {
	f, err := caseFacts(&job)
	if err != nil {
		return nil, err
	}
	p, err := tx.Party(ctx, AccountRef{ID: job.SourceAccountID})
	if err != nil {
		return nil, ignore(err, ErrNotFound)
	}
	there, err := tx.Misfit(ctx, job.SourceAccountID)
	if ignore(err, ErrNotFound) != nil {
		return nil, err
	}
	c := compared{}
	c.filing(filed{rows: [3]string{FieldSubjectName, FieldCertNumber, FieldFiling}, domains: strings.Fields(there.Own[ownDomains]), subject: filing.Subject{
		Nature: there.Nature, Name: there.SubjectName, Certificate: there.Certificate, ICPNumber: there.ICPNumber}}, f, d)
	c.inform(FieldApplicant, f.Applicant, filing.MaskPersonName(there.Applicant), there.Applicant != "" && filing.SameName(d.Applicant, there.Applicant))
	here, err := receiving(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	if here.subject.Name != "" {
		c.filing(here, f, d)
	}
	c.inform(FieldPhone, f.Phone, p.Account.SecurityPhone.Masked(), d.Phone == p.Account.SecurityPhone)
	if d.OldLogin != "" {
		c.inform(FieldOldLogin, f.Remembered, "", false)
	}
	return c, nil
}

// receiving is the subject of the account that receives; where it holds none, whom its
// real name was verified for. Nothing is known of an account that has neither.
func receiving(ctx context.Context, tx Tx, p Party) (filed, error) {
	out := filed{rows: [3]string{comparedAccountName, comparedAccountNumber, comparedAccountFiling}, subject: p.Subject}
	if !p.HasSubject() {
		if p.Account.RealNameVerified {
			out.subject = filing.Subject{Name: p.Account.RealName, Certificate: p.Account.RealNameCertificate}
		}
		return out, nil
	}
	held, err := tx.Holdings(ctx, p.Subject.ID)
	for _, w := range held.Websites {
		out.domains = append(out.domains, w.Domain.String())
	}
	return out, err
}

// filing compares name, certificate, and number or domain. What the other side lacks
// is no difference.
func (c *compared) filing(s filed, f CaseFacts, d Dossier) {
	c.beside(s.rows[0], f.Subject, s.subject.MaskedName(), filing.SameName(d.SubjectName, s.subject.Name))
	c.beside(s.rows[1], f.Certificate, s.subject.Certificate.Masked(), d.Certificate == s.subject.Certificate)
	if d.ICPNumber.IsZero() {
		c.beside(s.rows[2], f.Domain, strings.Join(s.domains, " "), slices.Contains(s.domains, f.Domain))
		return
	}
	c.beside(s.rows[2], f.ICP, s.subject.ICPNumber.String(), d.ICPNumber == s.subject.ICPNumber.Subject())
}

// beside adds what must agree where there is a record.
func (c *compared) beside(field, claimed, record string, same bool) {
	if record == "" {
		c.inform(field, claimed, "", false)
		return
	}
	c.add(field, claimed, record, same)
}
