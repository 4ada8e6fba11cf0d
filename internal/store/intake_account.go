package store

import (
	"context"

	"beian/internal/intake"
)

// accountFacts are an account's columns as an import sees them, comparable.
type accountFacts struct {
	site, status, login, phone, realName, realCertificate, password, lang string
	verified, hold                                                        int64
}

func factsOfAccount(a intake.Account) accountFacts {
	f := accountFacts{site: string(a.Site), status: string(a.Status), login: a.LoginEmail.Reveal(),
		phone: a.SecurityPhone.Reveal(), realName: a.RealName, password: a.PasswordHash, lang: a.Lang,
		verified: flag(a.RealVerified), hold: millis(a.HoldUntil)}
	if c := a.RealCertificate; !c.IsZero() {
		f.realCertificate = string(c.Type) + " " + c.Reveal()
	}
	return f
}

func (in *taking) putAccount(ctx context.Context, item intake.Item, a intake.Account) (intake.Result, error) {
	want := factsOfAccount(a)
	r, have, err := in.account(ctx, item.ExternalID)
	isNew, err := absent(err)
	switch {
	case err != nil:
		return intake.Result{}, err
	case r.older(item):
		return intake.Result{Outcome: intake.Stale}, nil
	}
	in.keepOurs(item, r, &want, have)
	if want == have {
		return in.settle(ctx, r.row, item, `UPDATE accounts SET as_of = $1, updated_at = $2 WHERE id = $3`)
	}
	if taken, err := in.loginTaken(ctx, item.ExternalID, want.login); err != nil || taken {
		return intake.Refuse(intake.NewFault("login_email", intake.CodeEmailTaken)), err
	}
	if isNew {
		return in.insertAccount(ctx, item, want)
	}
	if err := in.own(r.id); err != nil {
		return intake.Result{}, err
	}
	return in.updateAccount(ctx, item, r.row, accountChange{have: have, want: want})
}

// keepOurs takes over what is changed here and not by the filing system: passwords
// (S1), holds (L8), and the login of a reset (L8) or the phone of a contact change
// unless the facts are from after it. An import brings no old password back.
func (in *taking) keepOurs(item intake.Item, r accountRow, want *accountFacts, have accountFacts) {
	if have.password != "" || r.replaced > 0 {
		want.password = have.password
	}
	want.hold = max(want.hold, have.hold)
	if r.replaced > 0 && millis(item.AsOf) <= r.replaced {
		want.login = have.login
	}
	if r.rephoned > 0 && millis(item.AsOf) <= r.rephoned {
		want.phone = have.phone
	}
}

// accountRow is a row with the moments at which a reset replaced its login, and a
// contact change its phone.
type accountRow struct {
	row
	replaced, rephoned int64
}

func (in *taking) account(ctx context.Context, externalID string) (accountRow, accountFacts, error) {
	var r accountRow
	var f accountFacts
	var login, phone, name, certificate []byte
	err := scanOne(in.q.row(ctx, `SELECT id, as_of, updated_at, site, status, login_sealed, phone_sealed, real_name_sealed,
	  real_certificate_sealed, real_verified, coalesce(password_hash, ''), hold_until, lang, login_replaced_at,
	  phone_replaced_at
	  FROM accounts WHERE external_id = $1`, externalID), &r.id, &r.asOf, &r.updated, &f.site, &f.status, &login, &phone, &name,
		&certificate, &f.verified, &f.password, &f.hold, &f.lang, &r.replaced, &r.rephoned)
	if err != nil {
		return accountRow{}, accountFacts{}, err
	}
	for _, v := range []struct {
		into   *string
		place  string
		sealed []byte
	}{
		{&f.login, "accounts.login", login},
		{&f.phone, "accounts.phone", phone},
		{&f.realName, "accounts.real_name", name},
		{&f.realCertificate, "accounts.real_certificate", certificate},
	} {
		if *v.into, err = in.open(v.place, r.id, v.sealed); err != nil {
			return accountRow{}, accountFacts{}, err
		}
	}
	return r, f, nil
}

func (in *taking) loginTaken(ctx context.Context, externalID, login string) (bool, error) {
	if login == "" {
		return false, nil
	}
	var n int
	err := in.q.row(ctx, `SELECT count(*) FROM accounts WHERE login_index = $1 AND external_id <> $2`,
		in.s.vault.Index("login", login), externalID).Scan(&n)
	return n > 0, err
}

// accountColumns are the values of both statements below, in their order.
func (in *taking) accountColumns(id string, f accountFacts) ([]any, error) {
	login, err := in.seal("accounts.login", id, f.login)
	if err != nil {
		return nil, err
	}
	phone, err := in.seal("accounts.phone", id, f.phone)
	if err != nil {
		return nil, err
	}
	name, err := in.seal("accounts.real_name", id, f.realName)
	if err != nil {
		return nil, err
	}
	certificate, err := in.seal("accounts.real_certificate", id, f.realCertificate)
	return []any{id, f.site, f.status, login, in.indexOf("login", f.login), phone, in.indexOf("phone", f.phone), name,
		certificate, f.verified, orNull(f.password), f.hold, f.lang}, err
}

func (in *taking) insertAccount(ctx context.Context, item intake.Item, f accountFacts) (intake.Result, error) {
	id, err := newID()
	if err != nil {
		return intake.Result{}, err
	}
	columns, err := in.accountColumns(id, f)
	if err != nil {
		return intake.Result{}, err
	}
	asOf, updated := in.firstAge(item)
	_, err = in.q.exec(ctx, `INSERT INTO accounts (id, site, status, login_sealed, login_index, phone_sealed, phone_index,
	  real_name_sealed, real_certificate_sealed, real_verified, password_hash, hold_until, lang, external_id, as_of,
	  created_at, updated_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
		append(columns, item.ExternalID, asOf, millis(in.Now()), updated)...)
	in.held[id] = true
	return intake.Result{Outcome: intake.Created}, err
}

// accountChange is what an account was and what it becomes.
type accountChange struct{ have, want accountFacts }

// contacts is when phone or login changed, 0 when this change leaves them alone.
func (c accountChange) contacts(now int64) int64 {
	if c.have.login == c.want.login && c.have.phone == c.want.phone {
		return 0
	}
	return now
}

func (in *taking) updateAccount(ctx context.Context, item intake.Item, r row, c accountChange) (intake.Result, error) {
	columns, err := in.accountColumns(r.id, c.want)
	if err != nil {
		return intake.Result{}, err
	}
	asOf, updated := r.age(item)
	_, err = in.q.exec(ctx, `UPDATE accounts SET site = $2, status = $3, login_sealed = $4, login_index = $5,
	  phone_sealed = $6, phone_index = $7, real_name_sealed = $8, real_certificate_sealed = $9, real_verified = $10,
	  password_hash = $11, hold_until = $12, lang = $13, as_of = $14, updated_at = $15,
	  contact_changed_at = CASE WHEN $16 > contact_changed_at THEN $16 ELSE contact_changed_at END, version = version + 1
	  WHERE id = $1`, append(columns, asOf, updated, c.contacts(millis(in.Now())))...)
	return intake.Result{Outcome: intake.Updated}, err
}
