package store

import (
	"context"
	"strings"

	"beian/internal/accounts"
	"beian/tasks"
)

// AddAPIKey enters a key. Of two at once with one name the second waits for the first
// and conflicts.
func (t accountsTx) AddAPIKey(ctx context.Context, k accounts.APIKey, tokenHash string) error {
	return t.exactlyOne(ctx, tasks.ErrConflict, `INSERT INTO api_keys (id, name, prefix, token_hash, scopes, created_at, expires_at)
	  VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (name) DO NOTHING`,
		k.ID, k.Name, k.Prefix, tokenHash, tasks.Words(k.Scopes), millis(k.CreatedAt), millis(k.ExpiresAt))
}

const apiKeyColumns = `SELECT id, name, prefix, scopes, created_at, used_at, expires_at, disabled_at FROM api_keys `

// APIKeyOf reads the key of a token.
func (t accountsTx) APIKeyOf(ctx context.Context, tokenHash string) (k accounts.APIKey, err error) {
	err = scanAPIKey(t.q.row(ctx, apiKeyColumns+`WHERE token_hash = $1`, tokenHash).Scan, &k)
	return k, notFound(err)
}

// APIKeys lists the keys.
func (t accountsTx) APIKeys(ctx context.Context) ([]accounts.APIKey, error) {
	var out []accounts.APIKey
	err := t.each(ctx, func(scan func(...any) error) error {
		var k accounts.APIKey
		err := scanAPIKey(scan, &k)
		out = append(out, k)
		return err
	}, apiKeyColumns+`ORDER BY name`)
	return out, err
}

func scanAPIKey(scan func(...any) error, k *accounts.APIKey) error {
	var scopes string
	var created, used, expires, disabled int64
	err := scan(&k.ID, &k.Name, &k.Prefix, &scopes, &created, &used, &expires, &disabled)
	for _, s := range strings.Fields(scopes) {
		k.Scopes = append(k.Scopes, accounts.Scope(s))
	}
	k.CreatedAt, k.UsedAt, k.ExpiresAt, k.DisabledAt = moment(created), moment(used), moment(expires), moment(disabled)
	return err
}

// UsedAPIKey notes that a key is in use.
func (t accountsTx) UsedAPIKey(ctx context.Context, id string) error {
	return t.q.later(ctx, `UPDATE api_keys SET used_at = $1 WHERE id = $2`, millis(t.Now()), id)
}

// DisableAPIKey ends a key.
func (t accountsTx) DisableAPIKey(ctx context.Context, name string) (bool, error) {
	n, err := t.q.exec(ctx, `UPDATE api_keys SET disabled_at = $1 WHERE name = $2 AND disabled_at = 0`, millis(t.Now()), name)
	if err != nil || n > 0 {
		return n > 0, err
	}
	var id string
	return false, scanOne(t.q.row(ctx, `SELECT id FROM api_keys WHERE name = $1`, name), &id)
}
