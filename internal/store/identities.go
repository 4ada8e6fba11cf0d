package store

import (
	"context"
	"errors"

	"beian/internal/accounts"
	"beian/tasks"
)

// CredentialOf reads an account by the filing system's id.
func (t accountsTx) CredentialOf(ctx context.Context, externalID string) (c accounts.Credential, err error) {
	err = scanOne(t.q.row(ctx, `SELECT id, status, coalesce(password_hash, '') FROM accounts WHERE external_id = $1`+t.forShare(),
		externalID), &c.AccountID, &c.Status, &c.Hash)
	return c, err
}

// Tie keeps a keyed digest of what the provider calls somebody. The two unique
// keys of the table make either side's second tie impossible.
func (t accountsTx) Tie(ctx context.Context, i accounts.Identity, owner string) error {
	subject := t.s.vault.Index("identity", i.Issuer+" "+i.Subject)
	_, err := t.q.exec(ctx, `INSERT INTO identities (subject_index, issuer, owner, created_at) VALUES ($1,$2,$3,$4)
	  ON CONFLICT DO NOTHING`, subject, i.Issuer, owner, millis(t.Now()))
	if err != nil {
		return err
	}
	var tied string
	err = scanOne(t.q.row(ctx, `SELECT owner FROM identities WHERE subject_index = $1`, subject), &tied)
	if err == nil && tied == owner {
		return nil
	}
	if err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	return tasks.ErrConflict
}

// Untie forgets an owner's identities.
func (t accountsTx) Untie(ctx context.Context, owner string) (int, error) {
	n, err := t.q.exec(ctx, `DELETE FROM identities WHERE owner = $1`, owner)
	return int(n), err
}
