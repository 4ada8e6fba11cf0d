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
  a.real_verified, a.hold_until,
  (SELECT count(*) FROM filing_orders o WHERE o.account_id = a.id AND o.in_progress = 1),
  (SELECT count(*) FROM subjects x WHERE x.account_id = a.id) < (SELECT count(*) FROM subject_slots),
  coalesce(s.id, ''), coalesce(s.external_id, ''), coalesce(s.nature, ''), s.name_sealed, coalesce(s.certificate_type, ''),
  s.certificate_sealed, coalesce(s.icp_number, ''), s.principal_sealed,
  coalesce((SELECT j.receipt FROM jobs j WHERE j.subject_id = s.id AND j.ended = 0 LIMIT 1), '')
FROM accounts a LEFT JOIN subjects s ON s.account_id = a.id `

// Party reads an account with its subject, orders and open job in one statement.
// With several subjects (A1 policy) it is the one in the lowest slot.
func (t *tx) Party(ctx context.Context, ref tasks.AccountRef) (tasks.Party, error) {
	const tail = ` ORDER BY s.slot LIMIT 1`
	switch {
	case ref.ID != "":
		return t.party(ctx, partyColumns+"WHERE a.id = $1"+tail, ref.ID)
	case !ref.Login.IsZero():
		return t.party(ctx, partyColumns+"WHERE a.login_index = $1"+tail, t.s.vault.Index("login", ref.Login.Reveal()))
	default:
		return t.party(ctx, partyColumns+"WHERE a.external_id = $1"+tail, ref.ExternalID)
	}
}

// sealedParty is a row of partyColumns as it lies in the database.
type sealedParty struct {
	login, phone, realCertificate, name, certificate, principal []byte
	certificateType, icp                                        string
	verified, hold                                              int64
}

func (t *tx) party(ctx context.Context, text, key string) (tasks.Party, error) {
	var p tasks.Party
	var r sealedParty
	a, s := &p.Account, &p.Subject
	err := scanOne(t.q.row(ctx, text, key), &a.ID, &a.ExternalID, &a.Site, &a.Status, &r.login, &r.phone,
		&r.realCertificate, &r.verified, &r.hold, &p.Orders, &p.Free, &s.ID, &s.ExternalID, &s.Nature, &r.name,
		&r.certificateType, &r.certificate, &r.icp, &r.principal, &p.Open)
	if err != nil {
		return tasks.Party{}, err
	}
	a.RealNameVerified, a.HoldUntil = r.verified == 1, moment(r.hold)
	if err := t.openAccount(a, r); err != nil {
		return tasks.Party{}, err
	}
	if s.ID == "" {
		return p, nil
	}
	s.AccountID = a.ID
	return p, t.openSubject(s, r)
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
	err := t.each(ctx, func(scan func(...any) error) error {
		w := filing.Website{SubjectID: subjectID}
		var domain string
		err := scan(&w.ID, &w.ExternalID, &w.Name, &domain, &w.Suffix, &w.DomainAccount, &w.ServerAccount)
		if err != nil {
			return err
		}
		if w.Domain, err = filing.ParseDomain(domain); err != nil {
			return fmt.Errorf("reading a stored domain: %w", err)
		}
		h.Websites = append(h.Websites, w)
		return nil
	}, `SELECT id, external_id, name, domain, suffix, domain_account, server_account FROM websites
	   WHERE subject_id = $1 ORDER BY suffix, id`, subjectID)
	if err != nil {
		return h, err
	}
	err = t.each(ctx, func(scan func(...any) error) error {
		r := filing.Record{SubjectID: subjectID}
		h.Records = append(h.Records, r)
		last := &h.Records[len(h.Records)-1]
		return scan(&last.ID, &last.ExternalID, &last.AccountID, &last.Kind, &last.Title)
	}, `SELECT id, external_id, account_id, kind, title FROM records WHERE subject_id = $1 ORDER BY id`, subjectID)
	return h, err
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
		to, millis(t.now), subjectID, from)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `UPDATE records SET account_id = $1, updated_at = $2 WHERE subject_id = $3`,
		to, millis(t.now), subjectID)
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
