package store

import (
	"cmp"
	"context"

	"beian/internal/filing"
	"beian/internal/intake"
)

// subjectFacts are a subject's columns as an import sees them, comparable.
type subjectFacts struct {
	account, nature, name, certificateType, certificate, icp string
	principal                                                filing.Principal
}

func (in *taking) putSubject(ctx context.Context, item intake.Item, s intake.Subject) (intake.Result, error) {
	want := subjectFacts{nature: string(s.Nature), name: s.Name, certificateType: string(s.Certificate.Type),
		certificate: s.Certificate.Reveal(), icp: s.ICPNumber.String(), principal: s.Principal}
	r, have, err := in.subject(ctx, item.ExternalID)
	isNew, err := absent(err)
	if err != nil {
		return intake.Result{}, err
	}
	var slot int64
	want.account, slot, err = in.room(ctx, s.Account)
	unknown, err := absent(err)
	switch {
	case err != nil:
		return intake.Result{}, err
	case r.older(item):
		return intake.Result{Outcome: intake.Stale}, nil
	case !isNew && !unknown && want.account != have.account && millis(item.AsOf) <= r.updated:
		return intake.Result{Outcome: intake.MovedHere, Faults: []intake.Fault{intake.NewFault("account", intake.CodeMovedHere)}}, nil
	case want == have:
		return in.settle(ctx, r, item, `UPDATE subjects SET as_of = $1, updated_at = $2 WHERE id = $3`)
	}
	var faults []intake.Fault
	if unknown {
		faults = append(faults, intake.NewFault("account", intake.CodeUnknownAccount))
	} else if want.account != have.account && slot == 0 {
		faults = append(faults, intake.NewFault("account", intake.CodeAccountFull))
	}
	if faults, err = in.heldElsewhere(ctx, item.ExternalID, want, faults); err != nil || len(faults) > 0 {
		return intake.Refuse(faults...), err
	}
	if err := in.own(want.account, have.account); err != nil {
		return intake.Result{}, err
	}
	if isNew {
		return in.insertSubject(ctx, item, want, slot)
	}
	return in.updateSubject(ctx, item, r, subjectChange{have: have, want: want, slot: slot})
}

func (in *taking) subject(ctx context.Context, externalID string) (row, subjectFacts, error) {
	var r row
	var f subjectFacts
	var name, certificate, principal []byte
	err := scanOne(in.q.row(ctx, `SELECT id, as_of, updated_at, account_id, nature, name_sealed, certificate_type,
	  certificate_sealed, coalesce(icp_number, ''), principal_sealed FROM subjects WHERE external_id = $1`, externalID),
		&r.id, &r.asOf, &r.updated, &f.account, &f.nature, &name, &f.certificateType, &certificate, &f.icp, &principal)
	if err != nil {
		return row{}, subjectFacts{}, err
	}
	if f.name, err = in.open("subjects.name", r.id, name); err != nil {
		return r, f, err
	}
	if f.certificate, err = in.open("subjects.certificate", r.id, certificate); err != nil {
		return r, f, err
	}
	f.principal, err = in.openPrincipal("subjects.principal", r.id, principal)
	return r, f, err
}

// room finds an account and its lowest free slot, 0 when it is full (A1).
func (in *taking) room(ctx context.Context, externalID string) (id string, slot int64, err error) {
	err = scanOne(in.q.row(ctx, `SELECT a.id, coalesce((SELECT min(f.slot) FROM subject_slots f WHERE NOT EXISTS
	  (SELECT 1 FROM subjects x WHERE x.account_id = a.id AND x.slot = f.slot)), 0) FROM accounts a
	  WHERE a.external_id = $1`, externalID), &id, &slot)
	return id, slot, err
}

// heldElsewhere adds what belongs to another subject already: the certificate
// (A2) and the ICP number.
func (in *taking) heldElsewhere(ctx context.Context, externalID string, f subjectFacts, faults []intake.Fault) ([]intake.Fault, error) {
	var certificates, numbers int
	err := in.q.row(ctx, `SELECT
	  (SELECT count(*) FROM subjects WHERE certificate_type = $1 AND certificate_index = $2 AND external_id <> $3),
	  (SELECT count(*) FROM subjects WHERE icp_number = $4 AND external_id <> $3)`, f.certificateType,
		in.s.vault.Index("certificate "+f.certificateType, f.certificate), externalID, orNull(f.icp)).Scan(&certificates, &numbers)
	if certificates > 0 {
		faults = append(faults, intake.NewFault("certificate", intake.CodeSubjectHeld))
	}
	if numbers > 0 {
		faults = append(faults, intake.NewFault("icp_number", intake.CodeICPHeld))
	}
	return faults, err
}

// subjectColumns are the values of both statements below, in their order.
func (t *tx) subjectColumns(id string, f subjectFacts) ([]any, error) {
	name, err := t.seal("subjects.name", id, f.name)
	if err != nil {
		return nil, err
	}
	certificate, err := t.seal("subjects.certificate", id, f.certificate)
	if err != nil {
		return nil, err
	}
	principal, err := t.sealPrincipal("subjects.principal", id, f.principal)
	return []any{id, f.account, f.nature, name, t.nameIndex(f.name), f.certificateType, certificate,
		t.indexOf("certificate "+f.certificateType, f.certificate), orNull(f.icp), principal,
		t.indexOf("phone", f.principal.Phone.Reveal())}, err
}

// nameIndex is the digest of a name as names are compared: folded, or as it is
// when nothing is left of it.
func (t *tx) nameIndex(name string) any {
	return t.indexOf("name", cmp.Or(filing.FoldName(name), name))
}

// addSubject takes subjectColumns, external id, slot and times.
const addSubject = `INSERT INTO subjects (id, account_id, nature, name_sealed, name_index, certificate_type,
  certificate_sealed, certificate_index, icp_number, principal_sealed, principal_phone_index, external_id, slot, as_of,
  created_at, updated_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)`

func (in *taking) insertSubject(ctx context.Context, item intake.Item, f subjectFacts, slot int64) (intake.Result, error) {
	id, err := newID()
	if err != nil {
		return intake.Result{}, err
	}
	columns, err := in.subjectColumns(id, f)
	if err != nil {
		return intake.Result{}, err
	}
	asOf, updated := in.firstAge(item)
	_, err = in.q.exec(ctx, addSubject, append(columns, item.ExternalID, slot, asOf, millis(in.Now()), updated)...)
	return intake.Result{Outcome: intake.Created}, err
}

// subjectChange is what a subject was, what it becomes, and where it fits.
type subjectChange struct {
	have, want subjectFacts
	slot       int64 // in the new account, when it changes
}

func (in *taking) updateSubject(ctx context.Context, item intake.Item, r row, c subjectChange) (intake.Result, error) {
	columns, err := in.subjectColumns(r.id, c.want)
	if err != nil {
		return intake.Result{}, err
	}
	asOf, updated := r.age(item)
	err = in.exactlyOne(ctx, errUnlocked, `UPDATE subjects SET account_id = $2, nature = $3, name_sealed = $4, name_index = $5,
	  certificate_type = $6, certificate_sealed = $7, certificate_index = $8, icp_number = $9, principal_sealed = $10,
	  principal_phone_index = $11, as_of = $12, updated_at = $13, version = version + 1,
	  slot = CASE WHEN account_id = $2 THEN slot ELSE $14 END WHERE id = $1 AND account_id = $15`,
		append(columns, asOf, updated, c.slot, c.have.account)...)
	if err != nil || c.want.account == c.have.account {
		return intake.Result{Outcome: intake.Updated}, err
	}
	_, err = in.q.exec(ctx, `UPDATE records SET account_id = $1, updated_at = $2 WHERE subject_id = $3`,
		c.want.account, millis(in.Now()), r.id)
	return intake.Result{Outcome: intake.Updated}, err
}
