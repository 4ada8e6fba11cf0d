package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// dossierRow is how a dossier is sealed: clear values, absent ones empty.
type dossierRow struct {
	Nature          string `json:"nature"`
	Principal       bool   `json:"principal"`
	SubjectName     string `json:"subject_name"`
	CertificateType string `json:"certificate_type"`
	Certificate     string `json:"certificate"`
	ICPNumber       string `json:"icp_number"`
	Domain          string `json:"domain"`
	Applicant       string `json:"applicant"`
	ApplicantID     string `json:"applicant_id"`
	Phone           string `json:"phone"`
	NewEmail        string `json:"new_email"`
	OldLogin        string `json:"old_login"`
	Reason          string `json:"reason"`
	Remark          string `json:"remark"`

	Own map[string]string `json:"own,omitempty"`
}

const placeDossier = "dossiers.fields"

// Dossier opens what an applicant told with the job's key.
func (t *tx) Dossier(ctx context.Context, jobID string) (tasks.Dossier, error) {
	var sealed []byte
	if err := scanOne(t.q.row(ctx, `SELECT fields_sealed FROM dossiers WHERE job_id = $1`, jobID), &sealed); err != nil {
		return tasks.Dossier{}, err
	}
	key, err := t.jobKey(ctx, jobID)
	if err != nil {
		return tasks.Dossier{}, err
	}
	plain, err := key.Open(placeDossier+"|"+jobID, sealed)
	if err != nil {
		return tasks.Dossier{}, err
	}
	var row dossierRow
	if err := json.Unmarshal(plain, &row); err != nil {
		return tasks.Dossier{}, fmt.Errorf("a stored dossier of job %s is no JSON", jobID) // the cause could quote it
	}
	return row.dossier()
}

func (r dossierRow) dossier() (tasks.Dossier, error) {
	d := tasks.Dossier{Nature: filing.SubjectNature(r.Nature), Principal: r.Principal, SubjectName: r.SubjectName,
		Applicant: r.Applicant, OldLogin: r.OldLogin, Reason: r.Reason, Remark: r.Remark, Own: r.Own}
	var err error
	read := func(parse func() error) {
		if err == nil {
			err = parse()
		}
	}
	read(func() (err error) {
		if r.Certificate != "" {
			d.Certificate, err = filing.ParseCertificate(filing.CertificateType(r.CertificateType), r.Certificate)
		}
		return err
	})
	read(into(&d.ICPNumber, r.ICPNumber, filing.ParseICPNumber))
	read(into(&d.Domain, r.Domain, filing.ParseDomain))
	read(into(&d.ApplicantID, r.ApplicantID, filing.ParseIDNumber))
	read(into(&d.Phone, r.Phone, filing.ParsePhone))
	read(into(&d.NewEmail, r.NewEmail, filing.ParseEmail))
	if err != nil {
		return tasks.Dossier{}, fmt.Errorf("reading a stored dossier: %w", err)
	}
	return d, nil
}

// into parses a stored value to where it belongs; an absent one stays zero.
func into[T any](to *T, stored string, parse func(string) (T, error)) func() error {
	return func() (err error) {
		if stored != "" {
			*to, err = parse(stored)
		}
		return err
	}
}

func dossierRowOf(d tasks.Dossier) dossierRow {
	return dossierRow{Nature: string(d.Nature), Principal: d.Principal, SubjectName: d.SubjectName,
		CertificateType: string(d.Certificate.Type), Certificate: d.Certificate.Reveal(), ICPNumber: d.ICPNumber.String(),
		Domain: d.Domain.String(), Applicant: d.Applicant, ApplicantID: d.ApplicantID.Reveal(), Phone: d.Phone.Reveal(),
		NewEmail: d.NewEmail.Reveal(), OldLogin: d.OldLogin, Reason: d.Reason, Remark: d.Remark, Own: d.Own}
}

// SaveDossier seals a dossier with the job's key, which the first one makes, and
// notes the digests that other jobs are found by.
func (t *tx) SaveDossier(ctx context.Context, jobID string, d tasks.Dossier) error {
	key, err := t.makeJobKey(ctx, jobID)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(dossierRowOf(d))
	if err != nil {
		return fmt.Errorf("encoding a dossier: %w", err)
	}
	sealed, err := key.Seal(placeDossier+"|"+jobID, plain)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `INSERT INTO dossiers (job_id, fields_sealed, updated_at) VALUES ($1,$2,$3)
	  ON CONFLICT (job_id) DO UPDATE SET fields_sealed = excluded.fields_sealed, updated_at = excluded.updated_at`,
		jobID, sealed, millis(t.Now()))
	if err != nil {
		return err
	}
	return t.mark(ctx, jobID, d)
}

func (t *tx) mark(ctx context.Context, jobID string, d tasks.Dossier) error {
	if _, err := t.q.exec(ctx, `DELETE FROM job_marks WHERE job_id = $1`, jobID); err != nil {
		return err
	}
	for _, m := range []struct{ kind, field, value string }{
		{"phone", "phone", d.Phone.Reveal()},
		{"email", "login", d.NewEmail.Reveal()},
		{"certificate", "certificate " + string(d.Certificate.Type), d.Certificate.Reveal()},
	} {
		if m.value == "" {
			continue
		}
		_, err := t.q.exec(ctx, `INSERT INTO job_marks (job_id, kind, digest, at) VALUES ($1,$2,$3,$4)`,
			jobID, m.kind, t.s.vault.Index(m.field, m.value), millis(t.Now()))
		if err != nil {
			return err
		}
	}
	return nil
}

const relatedWithin = 365 * 24 * time.Hour // V5

// strange leaves out jobs that say nothing about this one: the same person's own
// drafts (one certificate) that were never submitted. An honest applicant who
// begins anew is no suspect, one phone in drafts about several subjects is.
const strange = `(j.subject_id <> '' OR NOT EXISTS (SELECT 1 FROM job_marks a JOIN job_marks b ON b.kind = a.kind AND b.digest = a.digest
  WHERE a.job_id = j.id AND a.kind = 'certificate' AND b.job_id = $1))`

const relatedText = `SELECT j.receipt, j.state, m.kind, j.created_at FROM job_marks o
  JOIN job_marks m ON m.kind = o.kind AND m.digest = o.digest AND m.job_id <> o.job_id JOIN jobs j ON j.id = m.job_id
  WHERE o.job_id = $1 AND o.kind IN ('phone', 'email') AND j.created_at > $2 AND ` + strange + `
UNION SELECT j.receipt, j.state, 'subject', j.created_at FROM jobs j
  WHERE j.subject_id = $3 AND j.subject_id <> '' AND j.id <> $1 AND j.created_at > $2
UNION SELECT j.receipt, j.state, 'picture', j.created_at FROM documents o
  JOIN documents m ON m.digest = o.digest AND m.job_id <> o.job_id JOIN jobs j ON j.id = m.job_id
  WHERE o.job_id = $1 AND j.created_at > $2 AND ` + strange + `
ORDER BY 4 DESC, 1, 3 LIMIT 50`

// Related lists jobs that share something with this one, a row for each thing they
// share.
func (t *tx) Related(ctx context.Context, job tasks.Job) ([]tasks.Related, error) {
	var out []tasks.Related
	err := t.each(ctx, func(scan func(...any) error) error {
		var r tasks.Related
		var at int64
		err := scan(&r.Receipt, &r.State, &r.By, &at)
		r.At = moment(at)
		out = append(out, r)
		return err
	}, relatedText, job.ID, millis(t.Now().Add(-relatedWithin)), job.SubjectID)
	return out, err
}
