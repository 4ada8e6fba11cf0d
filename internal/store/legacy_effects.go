package store

import (
	"context"

	"beian/internal/filing"
	"beian/tasks"
)

// subjectOf reads one subject by a clause over subjects s.
func (t *tx) subjectOf(ctx context.Context, clause string, args ...any) (filing.Subject, error) {
	var s filing.Subject
	var r sealedParty
	err := scanOne(t.q.row(ctx, `SELECT s.id, s.external_id, s.account_id, s.nature, s.name_sealed, s.certificate_type,
	  s.certificate_sealed, coalesce(s.icp_number, ''), s.principal_sealed FROM subjects s WHERE `+clause, args...),
		&s.ID, &s.ExternalID, &s.AccountID, &s.Nature, &r.name, &r.certificateType, &r.certificate, &r.icp, &r.principal)
	if err != nil {
		return filing.Subject{}, err
	}
	return s, t.openSubject(&s, r)
}

// HolderOf finds the subject with a certificate (A2).
func (t *tx) HolderOf(ctx context.Context, c filing.Certificate) (filing.Subject, error) {
	kind := string(c.Type)
	return t.subjectOf(ctx, `s.certificate_type = $1 AND s.certificate_index = $2`, kind, t.s.vault.Index("certificate "+kind, c.Reveal()))
}

// ICPHolder finds the subject with a filing number.
func (t *tx) ICPHolder(ctx context.Context, n filing.ICPNumber) (filing.Subject, error) {
	return t.subjectOf(ctx, `s.icp_number = $1`, n.String())
}

// WebsiteOf finds the website with a domain, and who holds it.
func (t *tx) WebsiteOf(ctx context.Context, d filing.Domain) (filing.Website, string, error) {
	w := filing.Website{Domain: d}
	var account string
	var principal []byte
	err := scanOne(t.q.row(ctx, `SELECT w.id, w.external_id, w.subject_id, w.name, w.suffix, w.domain_account, w.server_account,
	  w.principal_sealed, s.account_id FROM websites w JOIN subjects s ON s.id = w.subject_id WHERE w.domain = $1`, d.String()),
		&w.ID, &w.ExternalID, &w.SubjectID, &w.Name, &w.Suffix, &w.DomainAccount, &w.ServerAccount, &principal, &account)
	if err != nil {
		return filing.Website{}, "", err
	}
	w.Principal, err = t.openPrincipal("websites.principal", w.ID, principal)
	return w, account, err
}

// factsOf are a subject's columns as imports write them.
func factsOf(s filing.Subject) subjectFacts {
	return subjectFacts{account: s.AccountID, nature: string(s.Nature), name: s.Name, certificateType: string(s.Certificate.Type),
		certificate: s.Certificate.Reveal(), icp: s.ICPNumber.String(), principal: s.Principal}
}

// AddSubject gives an account a subject. A full one has no slot to give (A1).
func (t *tx) AddSubject(ctx context.Context, s filing.Subject) (string, error) {
	var slot int64
	err := t.q.row(ctx, `SELECT coalesce(min(f.slot), 0) FROM subject_slots f WHERE NOT EXISTS
	  (SELECT 1 FROM subjects x WHERE x.account_id = $1 AND x.slot = f.slot)`, s.AccountID).Scan(&slot)
	if err != nil {
		return "", err
	}
	if slot == 0 {
		return "", tasks.ErrConflict
	}
	id, err := newID()
	if err != nil {
		return "", err
	}
	columns, err := t.subjectColumns(id, factsOf(s))
	if err != nil {
		return "", err
	}
	_, err = t.q.exec(ctx, addSubject, append(columns, s.ExternalID, slot, 0, millis(t.Now()), millis(t.Now()))...)
	return id, err
}

// ReviseSubject writes what may differ; whoever revises has locked the account.
func (t *tx) ReviseSubject(ctx context.Context, s filing.Subject) error {
	name, err := t.seal("subjects.name", s.ID, s.Name)
	if err != nil {
		return err
	}
	principal, err := t.sealPrincipal("subjects.principal", s.ID, s.Principal)
	if err != nil {
		return err
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, `UPDATE subjects SET name_sealed = $1, name_index = $2, icp_number = $3, principal_sealed = $4,
	  principal_phone_index = $5, updated_at = $6, version = version + 1 WHERE id = $7 AND account_id = $8`,
		name, t.nameIndex(s.Name), orNull(s.ICPNumber.String()), principal, t.indexOf("phone", s.Principal.Phone.Reveal()),
		millis(t.Now()), s.ID, s.AccountID)
}

// AddWebsite adds a website to its subject.
func (t *tx) AddWebsite(ctx context.Context, w filing.Website) (string, error) {
	id, err := newID()
	if err != nil {
		return "", err
	}
	principal, err := t.sealPrincipal("websites.principal", id, w.Principal)
	if err != nil {
		return "", err
	}
	_, err = t.q.exec(ctx, addWebsite, id, w.SubjectID, w.Name, w.Domain.String(), w.Suffix, w.DomainAccount, w.ServerAccount, principal,
		0, millis(t.Now()), w.ExternalID, millis(t.Now()))
	return id, err
}

// ReviseWebsite writes what may differ.
func (t *tx) ReviseWebsite(ctx context.Context, w filing.Website) error {
	principal, err := t.sealPrincipal("websites.principal", w.ID, w.Principal)
	if err != nil {
		return err
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, `UPDATE websites SET name = $1, suffix = $2, principal_sealed = $3, updated_at = $4
	  WHERE id = $5 AND subject_id = $6`, w.Name, w.Suffix, principal, millis(t.Now()), w.ID, w.SubjectID)
}

// AddRecord adds a record; the same external id again is nothing new (I5).
func (t *tx) AddRecord(ctx context.Context, r filing.Record) error {
	id, err := newID()
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `INSERT INTO records (id, external_id, subject_id, account_id, kind, title, as_of, created_at, updated_at)
	  VALUES ($1,$2,$3,$4,$5,$6,0,$7,$7) ON CONFLICT (external_id) DO NOTHING`,
		id, r.ExternalID, r.SubjectID, r.AccountID, r.Kind, r.Title, millis(t.Now()))
	return err
}
