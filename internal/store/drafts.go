package store

import (
	"context"
	"encoding/json"
	"fmt"

	"beian/tasks"
)

// Draft is what an account has typed into a form that is not submitted yet. Its
// id becomes the submission's idempotency key, so that going back and pressing
// the button twice gives one job (A6). It lives 30 days.
type Draft struct {
	ID        string
	AccountID string
	Kind      tasks.Kind
	Fields    map[string]string
}

// SaveDraft inserts or replaces a draft; ErrNotFound when the id is another
// account's.
func (s *Store) SaveDraft(ctx context.Context, d Draft) error {
	plain, err := json.Marshal(d.Fields)
	if err != nil {
		return fmt.Errorf("encoding a draft: %w", err)
	}
	return s.update(ctx, func(t *tx) error {
		sealed, err := t.seal("drafts.fields", d.ID, string(plain))
		if err != nil {
			return err
		}
		return t.exactlyOne(ctx, tasks.ErrNotFound, `INSERT INTO drafts (id, account_id, kind, fields_sealed, updated_at)
		  VALUES ($1,$2,$3,$4,$5) ON CONFLICT (id) DO UPDATE SET fields_sealed = excluded.fields_sealed,
		  updated_at = excluded.updated_at WHERE drafts.account_id = excluded.account_id AND drafts.kind = excluded.kind`,
			d.ID, d.AccountID, string(d.Kind), sealed, millis(t.Now()))
	})
}

// Draft reads an account's own draft, else ErrNotFound.
func (s *Store) Draft(ctx context.Context, id, accountID string) (Draft, error) {
	d := Draft{ID: id, AccountID: accountID}
	err := s.view(ctx, func(t *tx) error {
		var sealed []byte
		err := scanOne(t.q.row(ctx, `SELECT kind, fields_sealed FROM drafts WHERE id = $1 AND account_id = $2`, id, accountID),
			&d.Kind, &sealed)
		if err != nil {
			return err
		}
		plain, err := t.open("drafts.fields", id, sealed)
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(plain), &d.Fields); err != nil {
			return fmt.Errorf("reading a draft: %w", err)
		}
		return nil
	})
	return d, err
}
