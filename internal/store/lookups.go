package store

import (
	"context"
	"encoding/json"
	"fmt"

	"beian/internal/filing"
	"beian/tasks"
)

// lookupRow is how the facts of a lookup are sealed: clear values, absent ones
// empty.
type lookupRow struct {
	ICPNumber string `json:"icp_number"`
	Domain    string `json:"domain"`
	Name      string `json:"name"`
	Tail      string `json:"tail"`
}

const placeLookup = "lookups.facts"

// AddLookup keeps a question for a worker.
func (t *tx) AddLookup(ctx context.Context, l tasks.Lookup) error {
	plain, err := json.Marshal(lookupRow{ICPNumber: l.Facts.ICPNumber.String(), Domain: l.Facts.Domain.String(), Name: l.Facts.Name,
		Tail: l.Facts.Tail.Reveal()})
	if err != nil {
		return fmt.Errorf("encoding a lookup: %w", err)
	}
	sealed, err := t.seal(placeLookup, l.ID, string(plain))
	if err != nil {
		return err
	}
	return t.q.later(ctx, `INSERT INTO lookups (id, lang, facts_sealed, created_at) VALUES ($1,$2,$3,$4)`,
		l.ID, l.Lang, sealed, millis(t.Now()))
}

// Lookup opens a question.
func (t *tx) Lookup(ctx context.Context, id string) (tasks.Lookup, error) {
	l := tasks.Lookup{ID: id}
	var sealed []byte
	if err := scanOne(t.q.row(ctx, `SELECT lang, facts_sealed FROM lookups WHERE id = $1`, id), &l.Lang, &sealed); err != nil {
		return tasks.Lookup{}, err
	}
	plain, err := t.open(placeLookup, id, sealed)
	if err != nil {
		return tasks.Lookup{}, err
	}
	var row lookupRow
	if err := json.Unmarshal([]byte(plain), &row); err != nil {
		return tasks.Lookup{}, fmt.Errorf("a stored lookup is no JSON") // the cause could quote it
	}
	l.Facts.Name = row.Name
	for _, err := range []error{into(&l.Facts.ICPNumber, row.ICPNumber, filing.ParseICPNumber)(),
		into(&l.Facts.Domain, row.Domain, filing.ParseDomain)(), into(&l.Facts.Tail, row.Tail, filing.ParseCertificateTail)()} {
		if err != nil {
			return tasks.Lookup{}, fmt.Errorf("reading a stored lookup: %w", err)
		}
	}
	return l, nil
}

// DropLookup forgets a question.
func (t *tx) DropLookup(ctx context.Context, id string) error {
	_, err := t.q.exec(ctx, `DELETE FROM lookups WHERE id = $1`, id)
	return err
}

// HolderBy finds the subject by the public fact when one is given, else by the
// digest of its name, which many may share; the rest is compared after opening.
func (t *tx) HolderBy(ctx context.Context, f tasks.LookupFacts) (tasks.Party, error) {
	found := read{text: partyColumns + `WHERE s.icp_number = $1`, args: []any{f.ICPNumber.Subject().String()}}
	switch {
	case !f.Domain.IsZero():
		found = read{text: partyColumns + `WHERE s.id = (SELECT w.subject_id FROM websites w WHERE w.domain = $1)`, args: []any{f.Domain.String()}}
	case f.ICPNumber.IsZero():
		id, err := t.namesake(ctx, f)
		if err != nil {
			return tasks.Party{}, err
		}
		found = read{text: partyColumns + `WHERE s.id = $1`, args: []any{id}}
	}
	parties, err := t.parties(ctx, []read{found})
	if err != nil {
		return tasks.Party{}, err
	}
	if parties[0].Account.ID == "" || f.Name != "" && !f.Fits(parties[0].Subject) {
		return tasks.Party{}, tasks.ErrNotFound
	}
	return parties[0], nil
}

// namesake is the one subject of a name whose certificate ends in the tail;
// ErrNotFound when there is none, or more than one. Rows of before names were
// folded have the digest of the name as it was.
func (t *tx) namesake(ctx context.Context, f tasks.LookupFacts) (string, error) {
	var fitting []string
	err := t.each(ctx, func(scan func(...any) error) error {
		var s filing.Subject
		var r sealedParty
		if err := scan(&s.ID, &r.name, &r.certificateType, &r.certificate, &r.principal); err != nil {
			return err
		}
		if err := t.openSubject(&s, r); err != nil {
			return err
		}
		if f.Fits(s) {
			fitting = append(fitting, s.ID)
		}
		return nil
	}, `SELECT id, name_sealed, certificate_type, certificate_sealed, principal_sealed FROM subjects WHERE name_index IN ($1, $2)`,
		t.s.vault.Index("name", filing.FoldName(f.Name)), t.s.vault.Index("name", f.Name))
	if err == nil && len(fitting) != 1 {
		err = tasks.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	return fitting[0], nil
}
