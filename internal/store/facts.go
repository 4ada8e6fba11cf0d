package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"beian/internal/filing"
	"beian/tasks"
)

const partyColumns = `SELECT a.id, a.external_id, a.site, a.status, a.login_sealed, a.phone_sealed, a.real_certificate_sealed,
  a.real_verified, a.hold_until, (SELECT count(*) FROM subjects x WHERE x.account_id = a.id),
  (SELECT count(*) FROM filing_orders o WHERE o.account_id = a.id AND o.in_progress = 1),
  (SELECT count(*) FROM subjects x WHERE x.account_id = a.id) < (SELECT count(*) FROM subject_slots),
  coalesce(s.id, ''), coalesce(s.external_id, ''), coalesce(s.nature, ''), s.name_sealed, coalesce(s.certificate_type, ''),
  s.certificate_sealed, coalesce(s.icp_number, ''), s.principal_sealed,
  coalesce((SELECT j.receipt FROM jobs j WHERE j.subject_id = s.id AND j.kind IN ('transfer', 'reversal') AND j.ended = 0
    AND j.subject_id <> '' LIMIT 1), '')
FROM accounts a LEFT JOIN subjects s ON s.account_id = a.id `

const chosenSubject = `AND (s.id = $2 OR s.icp_number = $2) `

// Party reads an account with its subject, orders and open job in one statement.
// With several subjects (A1 policy) it is the one in the lowest slot, unless
// another is named.
func (t *tx) Party(ctx context.Context, ref tasks.AccountRef) (tasks.Party, error) {
	parties, err := t.Parties(ctx, ref)
	if err == nil && parties[0].Account.ID == "" {
		err = tasks.ErrNotFound
	}
	if err != nil {
		return tasks.Party{}, err
	}
	return parties[0], nil
}

// Parties reads several accounts like Party; one that does not exist is zero.
func (t *tx) Parties(ctx context.Context, refs ...tasks.AccountRef) ([]tasks.Party, error) {
	reads := make([]read, len(refs))
	for i, ref := range refs {
		reads[i].text, reads[i].args = t.partyBy(ref)
	}
	return t.parties(ctx, reads)
}

// parties runs reads of partyColumns, each for one account at most.
func (t *tx) parties(ctx context.Context, reads []read) ([]tasks.Party, error) {
	parties, sealed := make([]tasks.Party, len(reads)), make([]sealedParty, len(reads))
	for i := range reads {
		reads[i].row = func(scan func(...any) error) error { return sealed[i].read(scan, &parties[i]) }
	}
	if err := t.q.query(ctx, reads...); err != nil {
		return nil, err
	}
	for i := range parties {
		if err := t.openParty(&parties[i], sealed[i]); err != nil {
			return nil, err
		}
	}
	return parties, nil
}

func (t *tx) partyBy(ref tasks.AccountRef) (text string, args []any) {
	text, args = partyColumns, []any{ref.ExternalID}
	if ref.Subject != "" {
		text, args = text+chosenSubject, append(args, ref.Subject)
	}
	where := "WHERE a.external_id = $1"
	switch {
	case ref.ID != "":
		where, args[0] = "WHERE a.id = $1", ref.ID
	case !ref.Login.IsZero():
		where, args[0] = "WHERE a.login_index = $1", t.s.vault.Index("login", ref.Login.Reveal())
	}
	return text + where + " ORDER BY s.slot LIMIT 1", args
}

// sealedParty is a row of partyColumns as it lies in the database.
type sealedParty struct {
	login, phone, realCertificate, name, certificate, principal []byte
	certificateType, icp                                        string
	verified, hold                                              int64
}

func (r *sealedParty) read(scan func(...any) error, p *tasks.Party) error {
	a, s := &p.Account, &p.Subject
	return scan(&a.ID, &a.ExternalID, &a.Site, &a.Status, &r.login, &r.phone, &r.realCertificate, &r.verified, &r.hold,
		&p.Held, &p.Orders, &p.Free, &s.ID, &s.ExternalID, &s.Nature, &r.name, &r.certificateType, &r.certificate, &r.icp, &r.principal, &p.Open)
}

func (t *tx) openParty(p *tasks.Party, r sealedParty) error {
	if p.Account.ID == "" {
		return nil
	}
	p.Account.RealNameVerified, p.Account.HoldUntil = r.verified == 1, moment(r.hold)
	if err := t.openAccount(&p.Account, r); err != nil {
		return err
	}
	if p.Subject.ID == "" {
		return nil
	}
	p.Subject.AccountID = p.Account.ID
	return t.openSubject(&p.Subject, r)
}

func (t *tx) openAccount(a *filing.Account, r sealedParty) (err error) {
	if a.LoginEmail, err = openValue(t, "accounts.login", a.ID, r.login, filing.ParseEmail); err != nil {
		return err
	}
	if a.SecurityPhone, err = openValue(t, "accounts.phone", a.ID, r.phone, filing.ParsePhone); err != nil {
		return err
	}
	a.RealNameCertificate, err = openValue(t, "accounts.real_certificate", a.ID, r.realCertificate, parseTypedCertificate)
	return err
}

func (t *tx) openSubject(s *filing.Subject, r sealedParty) (err error) {
	if s.Name, err = t.open("subjects.name", s.ID, r.name); err != nil {
		return err
	}
	if r.icp != "" {
		if s.ICPNumber, err = filing.ParseICPNumber(r.icp); err != nil {
			return fmt.Errorf("reading a stored ICP number: %w", err)
		}
	}
	s.Certificate, err = openValue(t, "subjects.certificate", s.ID, r.certificate, func(n string) (filing.Certificate, error) {
		return filing.ParseCertificate(filing.CertificateType(r.certificateType), n)
	})
	if err != nil {
		return err
	}
	s.Principal, err = t.openPrincipal("subjects.principal", s.ID, r.principal)
	return err
}

// Subjects lists an account's subjects in the order of their slots.
func (t *tx) Subjects(ctx context.Context, accountID string) ([]filing.Subject, error) {
	var out []filing.Subject
	err := t.each(ctx, func(scan func(...any) error) error {
		s, r := filing.Subject{AccountID: accountID}, sealedParty{}
		err := scan(&s.ID, &s.ExternalID, &s.Nature, &r.name, &r.certificateType, &r.certificate, &r.icp, &r.principal)
		if err == nil {
			err = t.openSubject(&s, r)
		}
		out = append(out, s)
		return err
	}, `SELECT id, external_id, nature, name_sealed, certificate_type, certificate_sealed, icp_number, principal_sealed
	   FROM subjects WHERE account_id = $1 ORDER BY slot`, accountID)
	return out, err
}

// openValue opens a sealed value and gives it its type back; absent stays zero.
func openValue[T any](t *tx, place, id string, sealed []byte, parse func(string) (T, error)) (T, error) {
	var zero T
	plain, err := t.open(place, id, sealed)
	if err != nil || plain == "" {
		return zero, err
	}
	v, err := parse(plain)
	if err != nil {
		return zero, fmt.Errorf("reading a stored value of %s: %w", place, err)
	}
	return v, nil
}

// parseTypedCertificate reads "type number", the form that accounts store.
func parseTypedCertificate(s string) (filing.Certificate, error) {
	for i := range s {
		if s[i] == ' ' {
			return filing.ParseCertificate(filing.CertificateType(s[:i]), s[i+1:])
		}
	}
	return filing.Certificate{}, fmt.Errorf("a certificate without a type")
}

// principalRow is how a principal is sealed.
type principalRow struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

func (t *tx) openPrincipal(place, id string, sealed []byte) (filing.Principal, error) {
	plain, err := t.open(place, id, sealed)
	if err != nil || plain == "" {
		return filing.Principal{}, err
	}
	var row principalRow
	if err := json.Unmarshal([]byte(plain), &row); err != nil {
		return filing.Principal{}, fmt.Errorf("reading a stored principal: %w", err)
	}
	p := filing.Principal{Name: row.Name}
	if row.Phone != "" {
		p.Phone, err = filing.ParsePhone(row.Phone)
	}
	return p, err
}

func (t *tx) sealPrincipal(place, id string, p filing.Principal) ([]byte, error) {
	plain, err := json.Marshal(principalRow{Name: p.Name, Phone: p.Phone.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("encoding a principal: %w", err)
	}
	return t.seal(place, id, string(plain))
}

// Holdings lists a subject's websites and records.
func (t *tx) Holdings(ctx context.Context, subjectID string) (tasks.Holdings, error) {
	var h tasks.Holdings
	err := t.q.query(ctx, read{
		text: `SELECT id, external_id, name, domain, suffix, domain_account, server_account FROM websites
		  WHERE subject_id = $1 ORDER BY suffix, id`,
		args: []any{subjectID},
		row: func(scan func(...any) error) error {
			w := filing.Website{SubjectID: subjectID}
			err := scanWebsite(scan, &w)
			h.Websites = append(h.Websites, w)
			return err
		},
	}, read{
		text: `SELECT id, external_id, account_id, kind, title FROM records WHERE subject_id = $1 ORDER BY id`,
		args: []any{subjectID},
		row: func(scan func(...any) error) error {
			r := filing.Record{SubjectID: subjectID}
			err := scan(&r.ID, &r.ExternalID, &r.AccountID, &r.Kind, &r.Title)
			h.Records = append(h.Records, r)
			return err
		},
	})
	return h, err
}

func scanWebsite(scan func(...any) error, w *filing.Website) (err error) {
	var domain string
	if err := scan(&w.ID, &w.ExternalID, &w.Name, &domain, &w.Suffix, &w.DomainAccount, &w.ServerAccount); err != nil {
		return err
	}
	if w.Domain, err = filing.ParseDomain(domain); err != nil {
		return fmt.Errorf("reading a stored domain: %w", err)
	}
	return nil
}

// LockAccounts touches the accounts in a fixed order; every writer of facts does
// the same, so they wait for each other and never deadlock.
func (t *tx) LockAccounts(ctx context.Context, ids ...string) error {
	sorted := slices.Sorted(slices.Values(ids))
	for _, id := range slices.Compact(sorted) {
		err := t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET version = version + 1 WHERE id = $1`, id)
		if err != nil {
			return err
		}
	}
	return nil
}

// MoveSubject is the effect of T9. A full target fails on UNIQUE (account_id,
// slot), the database's own form of A1. Websites follow their subject.
func (t *tx) MoveSubject(ctx context.Context, subjectID, from, to string) error {
	err := t.exactlyOne(ctx, tasks.ErrConflict, `UPDATE subjects SET account_id = $1, version = version + 1, updated_at = $2,
	    slot = (SELECT min(f.slot) FROM subject_slots f WHERE NOT EXISTS
	      (SELECT 1 FROM subjects x WHERE x.account_id = $1 AND x.slot = f.slot))
	  WHERE id = $3 AND account_id = $4
	    AND (SELECT count(*) FROM subjects x WHERE x.account_id = $1) < (SELECT count(*) FROM subject_slots)`,
		to, millis(t.Now()), subjectID, from)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `UPDATE records SET account_id = $1, updated_at = $2 WHERE subject_id = $3`,
		to, millis(t.Now()), subjectID)
	return err
}

// SetSubjectLimit makes A1's policy hold: so many subjects per account. It fails
// when accounts hold more already.
func (s *Store) SetSubjectLimit(ctx context.Context, limit int) error {
	return s.update(ctx, func(t *tx) error {
		if _, err := t.q.exec(ctx, `DELETE FROM subject_slots WHERE slot > $1`, limit); err != nil {
			return fmt.Errorf("lowering the number of subjects per account (accounts may hold more already): %w", err)
		}
		for slot := 1; slot <= limit; slot++ {
			_, err := t.q.exec(ctx, `INSERT INTO subject_slots (slot) VALUES ($1) ON CONFLICT DO NOTHING`, slot)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
