package store

import (
	"context"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// AbleStaff locks the members that carry the house, in one order for everybody.
func (t accountsTx) AbleStaff(ctx context.Context) ([]accounts.Member, error) {
	var out []accounts.Member
	err := t.each(ctx, func(scan func(...any) error) error {
		var m accounts.Member
		err := scan(&m.ID, &m.Role)
		out = append(out, m)
		return err
	}, `SELECT id, role FROM staff WHERE disabled_at = 0 AND role IN ('supervisor', 'operator') AND (password_hash <> ''
	  OR EXISTS (SELECT 1 FROM identities WHERE owner = 'staff ' || staff.id)) ORDER BY id`+t.q.locks())
	return out, err
}

// Profiles lists the staff with what each can sign in with.
func (t accountsTx) Profiles(ctx context.Context, since time.Time) ([]accounts.Profile, error) {
	var out []accounts.Profile
	err := t.each(ctx, func(scan func(...any) error) error {
		var p accounts.Profile
		var disabled, created, signedIn, until int64
		var password, factor, elsewhere bool
		err := scan(&p.ID, &p.Login, &p.Name, &p.Role, &disabled, &created, &signedIn, &until, &password, &factor, &elsewhere, &p.Sessions)
		p.DisabledAt, p.CreatedAt, p.SignedInAt, p.SetUpUntil = moment(disabled), moment(created), moment(signedIn), moment(until)
		p.HasPassword, p.Factor, p.Elsewhere = password, factor, elsewhere
		out = append(out, p)
		return err
	}, `SELECT m.id, m.login, m.name, m.role, m.disabled_at, m.created_at, coalesce(s.at, 0), coalesce(u.until, 0), m.password_hash <> '',
	  coalesce(f.confirmed, 0) = 1, EXISTS (SELECT 1 FROM identities WHERE owner = 'staff ' || m.id),
	  (SELECT count(*) FROM sessions WHERE staff_id = m.id AND pending = '' AND expires_at > $1 AND seen_at > $2)
	FROM staff m LEFT JOIN staff_signins s ON s.staff_id = m.id LEFT JOIN staff_setups u ON u.staff_id = m.id AND u.until > $1
	  LEFT JOIN staff_factors f ON f.staff_id = m.id ORDER BY m.login`, millis(t.Now()), millis(since))
	return out, err
}

// SignedIn keeps the last time only.
func (t accountsTx) SignedIn(ctx context.Context, staffID string) error {
	return t.q.later(ctx, `INSERT INTO staff_signins (staff_id, at) VALUES ($1, $2)
	  ON CONFLICT (staff_id) DO UPDATE SET at = excluded.at`, staffID, millis(t.Now()))
}

// SaveSetUp replaces an older link.
func (t accountsTx) SaveSetUp(ctx context.Context, staffID, tokenHash string, until time.Time) error {
	return t.q.later(ctx, `INSERT INTO staff_setups (staff_id, token_hash, until) VALUES ($1, $2, $3)
	  ON CONFLICT (staff_id) DO UPDATE SET token_hash = excluded.token_hash, until = excluded.until`, staffID, tokenHash, millis(until))
}

// SetUpOf reads whose link it is. Who is about to use it has the member's row to
// itself: a role or an end of access given meanwhile must not be written over.
func (t accountsTx) SetUpOf(ctx context.Context, tokenHash string) (m accounts.Member, err error) {
	err = scanMember(t.q.row(ctx, memberColumns+`WHERE disabled_at = 0
	  AND id = (SELECT staff_id FROM staff_setups WHERE token_hash = $1 AND until > $2)`+t.q.locks(), tokenHash, millis(t.Now())).Scan, &m)
	return m, notFound(err)
}

// DropSetUp uses a link up.
func (t accountsTx) DropSetUp(ctx context.Context, staffID string) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `DELETE FROM staff_setups WHERE staff_id = $1`, staffID)
}
