package store

import (
	"context"
	"encoding/json"
	"fmt"

	"beian/internal/accounts"
	"beian/tasks"
)

// Factor reads the second factor of a member of staff.
func (t accountsTx) Factor(ctx context.Context, staffID string) (accounts.Factor, error) {
	f := accounts.Factor{StaffID: staffID}
	var sealed []byte
	var codes string
	var confirmed int64
	err := scanOne(t.q.row(ctx, `SELECT secret_sealed, step, codes, confirmed, version FROM staff_factors WHERE staff_id = $1`, staffID),
		&sealed, &f.Step, &codes, &confirmed, &f.Version)
	if err != nil {
		return accounts.Factor{}, err
	}
	f.Confirmed = confirmed == 1
	if err := json.Unmarshal([]byte(codes), &f.Codes); err != nil {
		return accounts.Factor{}, fmt.Errorf("reading recovery codes: %w", err)
	}
	secret, err := t.open("staff_factors.secret", staffID, sealed)
	f.Secret = []byte(secret)
	return f, err
}

// SaveFactor inserts or replaces it. Two at once with one code: the version lets
// one pass.
func (t accountsTx) SaveFactor(ctx context.Context, f accounts.Factor) error {
	sealed, err := t.seal("staff_factors.secret", f.StaffID, string(f.Secret))
	if err != nil {
		return err
	}
	codes, err := json.Marshal(append([]string{}, f.Codes...))
	if err != nil {
		return fmt.Errorf("encoding recovery codes: %w", err)
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, `INSERT INTO staff_factors (staff_id, secret_sealed, step, codes, confirmed, version, updated_at)
	  VALUES ($1,$2,$3,$4,$5,$6,$7) ON CONFLICT (staff_id) DO UPDATE SET secret_sealed = excluded.secret_sealed, step = excluded.step,
	  codes = excluded.codes, confirmed = excluded.confirmed, version = excluded.version, updated_at = excluded.updated_at
	  WHERE staff_factors.version = excluded.version - 1`,
		f.StaffID, sealed, f.Step, string(codes), flag(f.Confirmed), f.Version+1, millis(t.Now()))
}

// DropFactor takes it away.
func (t accountsTx) DropFactor(ctx context.Context, staffID string) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `DELETE FROM staff_factors WHERE staff_id = $1`, staffID)
}
