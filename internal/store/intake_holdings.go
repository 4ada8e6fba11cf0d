package store

import (
	"context"
	"fmt"

	"beian/internal/filing"
	"beian/internal/intake"
)

// websiteFacts are a website's columns as an import sees them, comparable.
type websiteFacts struct {
	subject, name, domain, domainAccount, serverAccount string
	suffix                                              int
	principal                                           filing.Principal
}

func (in *taking) putWebsite(ctx context.Context, item intake.Item, w intake.Website) (intake.Result, error) {
	want := websiteFacts{name: w.Name, domain: w.Domain.String(), suffix: w.Suffix, domainAccount: w.DomainAccount,
		serverAccount: w.ServerAccount, principal: w.Principal}
	r, have, err := in.website(ctx, item.ExternalID)
	isNew, err := absent(err)
	if err != nil {
		return intake.Result{}, err
	}
	var account string
	want.subject, account, err = in.holder(ctx, w.Subject)
	unknown, err := absent(err)
	switch {
	case err != nil:
		return intake.Result{}, err
	case r.older(item):
		return intake.Result{Outcome: intake.Stale}, nil
	case want == have:
		return in.settle(ctx, r, item, `UPDATE websites SET as_of = $1, updated_at = $2 WHERE id = $3`)
	}
	var faults []intake.Fault
	if unknown {
		faults = append(faults, intake.NewFault("subject", intake.CodeUnknownSubject))
	}
	if held, err := in.domainHeld(ctx, item.ExternalID, want.domain); err != nil {
		return intake.Result{}, err
	} else if held {
		faults = append(faults, intake.NewFault("domain", intake.CodeDomainHeld))
	}
	if len(faults) > 0 {
		return intake.Refuse(faults...), nil
	}
	if err := in.own(account); err != nil {
		return intake.Result{}, err
	}
	return in.writeWebsite(ctx, item, r, placed[websiteFacts]{want, isNew})
}

// placed is what a row becomes, and whether it is new.
type placed[F any] struct {
	facts F
	isNew bool
}

func (in *taking) website(ctx context.Context, externalID string) (row, websiteFacts, error) {
	var r row
	var f websiteFacts
	var principal []byte
	err := scanOne(in.q.row(ctx, `SELECT id, as_of, updated_at, subject_id, name, domain, suffix, domain_account,
	  server_account, principal_sealed FROM websites WHERE external_id = $1`, externalID), &r.id, &r.asOf, &r.updated,
		&f.subject, &f.name, &f.domain, &f.suffix, &f.domainAccount, &f.serverAccount, &principal)
	if err != nil {
		return row{}, websiteFacts{}, err
	}
	f.principal, err = in.openPrincipal("websites.principal", r.id, principal)
	return r, f, err
}

// holder finds a subject and the account that holds it.
func (in *taking) holder(ctx context.Context, externalID string) (subject, account string, err error) {
	err = scanOne(in.q.row(ctx, `SELECT id, account_id FROM subjects WHERE external_id = $1`, externalID), &subject, &account)
	return subject, account, err
}

func (in *taking) domainHeld(ctx context.Context, externalID, domain string) (bool, error) {
	var n int
	err := in.q.row(ctx, `SELECT count(*) FROM websites WHERE domain = $1 AND external_id <> $2`, domain, externalID).Scan(&n)
	return n > 0, err
}

// addWebsite takes a website's columns.
const addWebsite = `INSERT INTO websites (id, subject_id, name, domain, suffix, domain_account, server_account,
  principal_sealed, as_of, updated_at, external_id, created_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)`

func (in *taking) writeWebsite(ctx context.Context, item intake.Item, r row, w placed[websiteFacts]) (intake.Result, error) {
	asOf, updated := r.age(item)
	text, outcome := `UPDATE websites SET subject_id = $2, name = $3, domain = $4, suffix = $5, domain_account = $6,
	  server_account = $7, principal_sealed = $8, as_of = $9, updated_at = $10 WHERE id = $1`, intake.Updated
	if w.isNew {
		var err error
		if r.id, err = newID(); err != nil {
			return intake.Result{}, err
		}
		asOf, updated = in.firstAge(item)
		text, outcome = addWebsite, intake.Created
	}
	f := w.facts
	principal, err := in.sealPrincipal("websites.principal", r.id, f.principal)
	if err != nil {
		return intake.Result{}, err
	}
	args := []any{r.id, f.subject, f.name, f.domain, f.suffix, f.domainAccount, f.serverAccount, principal, asOf, updated}
	if w.isNew {
		args = append(args, item.ExternalID, millis(in.Now()))
	}
	_, err = in.q.exec(ctx, text, args...)
	return intake.Result{Outcome: outcome}, err
}

// orderFacts are an order's columns as an import sees them, comparable.
type orderFacts struct {
	account, kind string
	inProgress    int64
}

func (in *taking) putOrder(ctx context.Context, item intake.Item, o intake.Order) (intake.Result, error) {
	want := orderFacts{kind: o.Kind, inProgress: flag(o.InProgress)}
	var r row
	var have orderFacts
	isNew, err := absent(scanOne(in.q.row(ctx, `SELECT id, as_of, updated_at, account_id, kind, in_progress FROM filing_orders
	  WHERE external_id = $1`, item.ExternalID), &r.id, &r.asOf, &r.updated, &have.account, &have.kind, &have.inProgress))
	if err != nil {
		return intake.Result{}, err
	}
	unknown, err := absent(scanOne(in.q.row(ctx, `SELECT id FROM accounts WHERE external_id = $1`, o.Account), &want.account))
	switch {
	case err != nil:
		return intake.Result{}, err
	case r.older(item):
		return intake.Result{Outcome: intake.Stale}, nil
	case want == have:
		return in.settle(ctx, r, item, `UPDATE filing_orders SET as_of = $1, updated_at = $2 WHERE id = $3`)
	case unknown:
		return intake.Refuse(intake.NewFault("account", intake.CodeUnknownAccount)), nil
	}
	if err := in.own(want.account, have.account); err != nil {
		return intake.Result{}, err
	}
	if isNew {
		return in.insert(ctx, item, `INSERT INTO filing_orders (id, external_id, as_of, updated_at, created_at, account_id, kind,
		  in_progress) VALUES ($1,$2,$3,$4,$5,$6,$7,$8)`, want.account, want.kind, want.inProgress)
	}
	asOf, updated := r.age(item)
	_, err = in.q.exec(ctx, `UPDATE filing_orders SET account_id = $1, kind = $2, in_progress = $3, as_of = $4,
	  updated_at = $5 WHERE id = $6`, want.account, want.kind, want.inProgress, asOf, updated, r.id)
	return intake.Result{Outcome: intake.Updated}, err
}

// recordFacts are a record's columns as an import sees them, comparable.
type recordFacts struct{ subject, account, kind, title string }

func (in *taking) putRecord(ctx context.Context, item intake.Item, rec intake.Record) (intake.Result, error) {
	want := recordFacts{kind: rec.Kind, title: rec.Title}
	var r row
	var have recordFacts
	isNew, err := absent(scanOne(in.q.row(ctx, `SELECT id, as_of, updated_at, subject_id, account_id, kind, title FROM records
	  WHERE external_id = $1`, item.ExternalID), &r.id, &r.asOf, &r.updated, &have.subject, &have.account, &have.kind, &have.title))
	if err != nil {
		return intake.Result{}, err
	}
	want.subject, want.account, err = in.holder(ctx, rec.Subject)
	unknown, err := absent(err)
	switch {
	case err != nil:
		return intake.Result{}, err
	case r.older(item):
		return intake.Result{Outcome: intake.Stale}, nil
	case want == have:
		return in.settle(ctx, r, item, `UPDATE records SET as_of = $1, updated_at = $2 WHERE id = $3`)
	case unknown:
		return intake.Refuse(intake.NewFault("subject", intake.CodeUnknownSubject)), nil
	}
	if err := in.own(want.account, have.account); err != nil {
		return intake.Result{}, err
	}
	if isNew {
		return in.insert(ctx, item, `INSERT INTO records (id, external_id, as_of, updated_at, created_at, subject_id, account_id,
		  kind, title) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, want.subject, want.account, want.kind, want.title)
	}
	asOf, updated := r.age(item)
	_, err = in.q.exec(ctx, `UPDATE records SET subject_id = $1, account_id = $2, kind = $3, title = $4, as_of = $5,
	  updated_at = $6 WHERE id = $7`, want.subject, want.account, want.kind, want.title, asOf, updated, r.id)
	return intake.Result{Outcome: intake.Updated}, err
}

// insert adds a row whose statement begins with id, external_id, as_of,
// updated_at and created_at.
func (in *taking) insert(ctx context.Context, item intake.Item, text string, columns ...any) (intake.Result, error) {
	id, err := newID()
	if err != nil {
		return intake.Result{}, err
	}
	asOf, updated := in.firstAge(item)
	args := append([]any{id, item.ExternalID, asOf, updated, millis(in.Now())}, columns...)
	if _, err := in.q.exec(ctx, text, args...); err != nil {
		return intake.Result{}, fmt.Errorf("inserting an imported row: %w", err)
	}
	return intake.Result{Outcome: intake.Created}, nil
}
