package store

import (
	"context"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

const recoveryColumns = `SELECT id, account_id, channel, tries, version, created_at, sent_at, expires_at, used_at FROM recoveries `

// Recovery reads one password recovery.
func (t *tx) Recovery(ctx context.Context, id string) (tasks.Recovery, error) {
	return t.recovery(ctx, recoveryColumns+`WHERE id = $1`, id)
}

// LastRecovery reads an account's newest by one way.
func (t *tx) LastRecovery(ctx context.Context, accountID string, by tasks.Channel) (tasks.Recovery, error) {
	return t.recovery(ctx, recoveryColumns+`WHERE account_id = $1 AND channel = $2 ORDER BY created_at DESC, id DESC LIMIT 1`,
		accountID, string(by))
}

func (t *tx) recovery(ctx context.Context, text string, args ...any) (r tasks.Recovery, err error) {
	var created, sent, expires, used int64
	err = scanOne(t.q.row(ctx, text, args...), &r.ID, &r.AccountID, &r.Channel, &r.Tries, &r.Version, &created, &sent, &expires, &used)
	r.CreatedAt, r.SentAt, r.ExpiresAt, r.UsedAt = moment(created), moment(sent), moment(expires), moment(used)
	return r, err
}

// SaveRecovery inserts or updates; the version makes two at once count one by one.
func (t *tx) SaveRecovery(ctx context.Context, r tasks.Recovery) error {
	return t.exactlyOne(ctx, tasks.ErrConflict, `INSERT INTO recoveries (id, account_id, channel, tries, version, created_at,
	  sent_at, expires_at, used_at) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)
	  ON CONFLICT (id) DO UPDATE SET tries = excluded.tries, version = excluded.version, sent_at = excluded.sent_at,
	  used_at = excluded.used_at WHERE recoveries.version = excluded.version - 1 AND recoveries.used_at = 0`,
		r.ID, r.AccountID, string(r.Channel), r.Tries, r.Version+1, millis(r.CreatedAt), millis(r.SentAt), millis(r.ExpiresAt), millis(r.UsedAt))
}

// VoidRecoveries marks an account's open ones as used.
func (t *tx) VoidRecoveries(ctx context.Context, accountID string) error {
	_, err := t.q.exec(ctx, `UPDATE recoveries SET used_at = $1, version = version + 1 WHERE account_id = $2 AND used_at = 0`,
		millis(t.Now()), accountID)
	return err
}

// AccountsOf looks accounts up by the blind index of their phone.
func (t *tx) AccountsOf(ctx context.Context, phone filing.Phone, limit int) ([]string, error) {
	var out []string
	err := t.each(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		out = append(out, id)
		return err
	}, `SELECT id FROM accounts WHERE phone_index = $1 AND status <> 'closed' ORDER BY id LIMIT $2`,
		t.s.vault.Index("phone", phone.Reveal()), limit)
	return out, err
}

// SetPassword locks the account's row first: a sign-in with the old password waits
// for it or is ended by it.
func (t *tx) SetPassword(ctx context.Context, accountID, hash string) error {
	err := t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET password_hash = nullif($1, ''), updated_at = $2
	  WHERE id = $3 AND status <> 'closed'`, hash, millis(t.Now()), accountID)
	if err != nil {
		return err
	}
	_, err = t.q.exec(ctx, `DELETE FROM sessions WHERE account_id = $1`, accountID)
	return err
}

// EndWait empties what sign-ins of a login were counted in.
func (t *tx) EndWait(ctx context.Context, login filing.Email) error {
	limits, key := accounts.Waits(login)
	for _, l := range limits {
		if err := t.forget(ctx, l, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) forget(ctx context.Context, l tasks.Limit, key string) error {
	_, err := t.q.exec(ctx, `DELETE FROM limits WHERE name = $1 AND key = $2`, l.Name, t.s.vault.Index("limit "+l.Name, key))
	return err
}

// TakeKeys leaves an account that only a recovery opens.
func (t *tx) TakeKeys(ctx context.Context, accountID string) error {
	if err := t.SetPassword(ctx, accountID, ""); err != nil {
		return err
	}
	_, err := t.q.exec(ctx, `DELETE FROM identities WHERE owner = $1`, accounts.OwnerOf(accountID))
	return err
}

// Audit writes an entry of the office into the house's journal.
func (t *tx) Audit(ctx context.Context, e tasks.Entry) error {
	return t.audit(ctx, AuditEntry{Actor: e.Actor, Action: e.Action, Object: e.Object, Reason: e.Reason, Outcome: "done"})
}
