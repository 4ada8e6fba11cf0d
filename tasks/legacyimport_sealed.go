package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"beian/internal/filing"
)

// seal keeps a secret of a job as JSON.
func seal(ctx context.Context, tx Tx, jobID, name string, value any) error {
	plain, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding the %s of a job", name) // the cause could quote it
	}
	return tx.Seal(ctx, jobID, name, plain)
}

func unseal(ctx context.Context, tx Tx, jobID, name string, into any) error {
	plain, err := tx.Unseal(ctx, jobID, name)
	if err != nil {
		return err
	}
	if json.Unmarshal(plain, into) != nil {
		return fmt.Errorf("the stored %s of a job can't be read", name) // the cause could quote it
	}
	return nil
}

// certificateRow is how a certificate is sealed.
type certificateRow struct {
	Type   string `json:"type"`
	Number string `json:"number"`
}

// approvedCertificate is the one that the approved papers of a job are about.
func approvedCertificate(ctx context.Context, tx Tx, job *Job) (filing.Certificate, error) {
	var row certificateRow
	if err := unseal(ctx, tx, job.ID, secretCertificate, &row); err != nil {
		return filing.Certificate{}, err
	}
	return filing.ParseCertificate(filing.CertificateType(row.Type), row.Number)
}

// holdingsRow is how holdings are sealed: clear values, absent ones empty. The
// types of package filing print masked, so they can't be written as they are.
type holdingsRow struct {
	ID        string           `json:"id"`
	FiledAt   time.Time        `json:"filed_at,omitzero"`
	Nature    string           `json:"nature"`
	Name      string           `json:"name"`
	CertType  string           `json:"certificate_type"`
	Cert      string           `json:"certificate"`
	ICP       string           `json:"icp"`
	Principal principalRow     `json:"principal"`
	Websites  []siteRow        `json:"websites"`
	Materials []LegacyMaterial `json:"materials"`
	Faults    []LegacyFault    `json:"faults"`
}

type principalRow struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

type siteRow struct {
	ID            string           `json:"id"`
	Name          string           `json:"name"`
	Domain        string           `json:"domain"`
	Suffix        int              `json:"suffix"`
	DomainAccount string           `json:"domain_account"`
	ServerAccount string           `json:"server_account"`
	Principal     principalRow     `json:"principal"`
	Materials     []LegacyMaterial `json:"materials"`
}

func principalRowOf(p filing.Principal) principalRow {
	return principalRow{Name: p.Name, Phone: p.Phone.Reveal()}
}

func (r principalRow) principal() (filing.Principal, error) {
	p := filing.Principal{Name: r.Name}
	var err error
	if r.Phone != "" {
		p.Phone, err = filing.ParsePhone(r.Phone)
	}
	return p, err
}

func holdingsRowOf(h LegacyHoldings) holdingsRow {
	s := h.Subject
	out := holdingsRow{ID: h.ID, FiledAt: h.FiledAt, Nature: string(s.Nature), Name: s.Name, CertType: string(s.Certificate.Type),
		Cert: s.Certificate.Reveal(), ICP: s.ICPNumber.String(), Principal: principalRowOf(s.Principal), Materials: h.Materials, Faults: h.Faults}
	for _, w := range h.Websites {
		out.Websites = append(out.Websites, siteRow{ID: w.ID, Name: w.Website.Name, Domain: w.Website.Domain.String(), Suffix: w.Website.Suffix,
			DomainAccount: w.Website.DomainAccount, ServerAccount: w.Website.ServerAccount,
			Principal: principalRowOf(w.Website.Principal), Materials: w.Materials})
	}
	return out
}

func (r holdingsRow) holdings() (LegacyHoldings, error) {
	h := LegacyHoldings{ID: r.ID, FiledAt: r.FiledAt, Materials: r.Materials, Faults: r.Faults}
	s := filing.Subject{Nature: filing.SubjectNature(r.Nature), Name: r.Name}
	var faults []error
	var err error
	s.Principal, err = r.Principal.principal()
	faults = append(faults, err)
	if r.Cert != "" {
		s.Certificate, err = filing.ParseCertificate(filing.CertificateType(r.CertType), r.Cert)
		faults = append(faults, err)
	}
	if r.ICP != "" {
		s.ICPNumber, err = filing.ParseICPNumber(r.ICP)
		faults = append(faults, err)
	}
	h.Subject = s
	for _, w := range r.Websites {
		site := filing.Website{Name: w.Name, Suffix: w.Suffix, DomainAccount: w.DomainAccount, ServerAccount: w.ServerAccount}
		site.Principal, err = w.Principal.principal()
		faults = append(faults, err)
		site.Domain, err = filing.ParseDomain(w.Domain)
		faults = append(faults, err)
		h.Websites = append(h.Websites, LegacyWebsite{ID: w.ID, Website: site, Materials: w.Materials})
	}
	return h, errors.Join(faults...)
}

// holdingsOf opens what was read from the legacy platform for a job.
func holdingsOf(ctx context.Context, tx Tx, jobID string) (LegacyHoldings, error) {
	var row holdingsRow
	if err := unseal(ctx, tx, jobID, secretHoldings, &row); err != nil {
		return LegacyHoldings{}, err
	}
	return row.holdings()
}
