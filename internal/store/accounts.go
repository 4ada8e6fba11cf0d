package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

// Accounts is the record as the porter sees it: sign-in, sessions and staff.
func (s *Store) Accounts() accounts.Store { return accountsStore{s} }

type accountsStore struct{ s *Store }

func (a accountsStore) View(ctx context.Context, fn func(accounts.Tx) error) error {
	return a.s.translate(a.s.db.view(ctx, func(t *tx) error { return fn(accountsTx{tx: t}) }))
}

func (a accountsStore) Update(ctx context.Context, fn func(accounts.Tx) error) error {
	return a.s.update(ctx, func(t *tx) error { return fn(accountsTx{tx: t, writes: true}) })
}

// accountsTx is a transaction of the porter. Taking tries is the tx's own.
type accountsTx struct {
	*tx
	writes bool
}

var _ accounts.Tx = accountsTx{}

// forShare makes whoever changes a password wait until a sign-in with the old one
// is recorded, so that the change ends that session too. SQLite has one writer.
func (t accountsTx) forShare() string {
	if t.writes && t.s.db.name() == "postgres" {
		return " FOR SHARE"
	}
	return ""
}

// Forget fills a bucket again.
func (t accountsTx) Forget(ctx context.Context, l tasks.Limit, key string) error {
	return t.forget(ctx, l, key)
}

// Credential reads what an account signs in with.
func (t accountsTx) Credential(ctx context.Context, login filing.Email) (c accounts.Credential, err error) {
	err = scanOne(t.q.row(ctx, `SELECT id, status, coalesce(password_hash, '') FROM accounts WHERE login_index = $1`+t.forShare(),
		t.s.vault.Index("login", login.Reveal())), &c.AccountID, &c.Status, &c.Hash)
	return c, err
}

// SetHash replaces a password hash. It is no change of the facts, so the
// account's version stays.
func (t accountsTx) SetHash(ctx context.Context, accountID, hash string) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET password_hash = $1, updated_at = $2 WHERE id = $3`,
		hash, millis(t.Now()), accountID)
}

// AddSession begins a session.
func (t accountsTx) AddSession(ctx context.Context, s accounts.Session, tokenHash string) error {
	return t.q.later(ctx, `INSERT INTO sessions (id, token_hash, account_id, staff_id, client, created_at, seen_at, expires_at, pending)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`, s.ID, tokenHash, s.AccountID, s.StaffID, s.Client, millis(s.CreatedAt), millis(s.SeenAt),
		millis(s.ExpiresAt), s.Pending)
}

const sessionColumns = `SELECT s.id, s.account_id, s.staff_id, s.client, s.created_at, s.seen_at, s.expires_at, s.pending,
  coalesce(m.login, ''), coalesce(a.status, ''), a.login_sealed, coalesce(m.name, ''), coalesce(m.role, '')
FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id LEFT JOIN staff m ON m.id = s.staff_id AND m.disabled_at = 0
WHERE (a.status IN ('active', 'frozen') OR m.id IS NOT NULL) AND `

// SessionOf reads the session of a token with its owner as it is now.
func (t accountsTx) SessionOf(ctx context.Context, tokenHash string) (s accounts.Session, err error) {
	err = t.scanSession(t.q.row(ctx, sessionColumns+`s.token_hash = $1`, tokenHash).Scan, &s)
	return s, notFound(err)
}

// SessionsOf lists an account's sessions.
func (t accountsTx) SessionsOf(ctx context.Context, accountID string) ([]accounts.Session, error) {
	var out []accounts.Session
	err := t.each(ctx, func(scan func(...any) error) error {
		var s accounts.Session
		err := t.scanSession(scan, &s)
		out = append(out, s)
		return err
	}, sessionColumns+`s.account_id = $1 AND s.account_id <> '' ORDER BY s.seen_at DESC, s.id DESC`, accountID)
	return out, err
}

func (t accountsTx) scanSession(scan func(...any) error, s *accounts.Session) error {
	var created, seen, expires int64
	var status filing.AccountStatus
	var sealed []byte
	err := scan(&s.ID, &s.AccountID, &s.StaffID, &s.Client, &created, &seen, &expires, &s.Pending, &s.Login, &status, &sealed, &s.Name, &s.Role)
	if err != nil {
		return err
	}
	s.CreatedAt, s.SeenAt, s.ExpiresAt = moment(created), moment(seen), moment(expires)
	s.Frozen = status == filing.AccountFrozen
	if s.AccountID == "" {
		return nil
	}
	login, err := openValue(t.tx, "accounts.login", s.AccountID, sealed, filing.ParseEmail)
	s.Name = login.Masked()
	return err
}

var errEndsAll = errors.New("ending sessions without saying which")

// EndSessions deletes sessions.
func (t accountsTx) EndSessions(ctx context.Context, f accounts.Ending) (int, error) {
	var where []string
	var args []any
	for _, c := range []struct{ column, value string }{
		{"token_hash", f.TokenHash}, {"id", f.ID}, {"account_id", f.AccountID}, {"staff_id", f.StaffID},
	} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("%s = $%d", c.column, len(args)))
		}
	}
	if len(where) == 0 {
		return 0, errEndsAll
	}
	n, err := t.q.exec(ctx, `DELETE FROM sessions WHERE `+strings.Join(where, " AND "), args...)
	return int(n), err
}

// Touch notes that a session is in use; one that ended meanwhile stays ended.
func (t accountsTx) Touch(ctx context.Context, sessionID string) error {
	return t.q.later(ctx, `UPDATE sessions SET seen_at = $1 WHERE id = $2`, millis(t.Now()), sessionID)
}

const memberColumns = `SELECT id, login, name, role, password_hash, disabled_at, created_at FROM staff `

// Member reads a member of staff.
func (t accountsTx) Member(ctx context.Context, login string) (m accounts.Member, err error) {
	err = scanMember(t.q.row(ctx, memberColumns+`WHERE login = $1`+t.forShare(), login).Scan, &m)
	return m, notFound(err)
}

// Members lists the staff.
func (t accountsTx) Members(ctx context.Context) ([]accounts.Member, error) {
	var out []accounts.Member
	err := t.each(ctx, func(scan func(...any) error) error {
		var m accounts.Member
		err := scanMember(scan, &m)
		out = append(out, m)
		return err
	}, memberColumns+`ORDER BY login`)
	return out, err
}

func scanMember(scan func(...any) error, m *accounts.Member) error {
	var disabled, created int64
	err := scan(&m.ID, &m.Login, &m.Name, &m.Role, &m.Hash, &disabled, &created)
	m.DisabledAt, m.CreatedAt = moment(disabled), moment(created)
	return err
}

// AddMember takes somebody on. Two at once with one login: the second loses the
// race, runs again and finds the first.
func (t accountsTx) AddMember(ctx context.Context, m accounts.Member) error {
	_, err := t.q.exec(ctx, `INSERT INTO staff (id, login, name, role, password_hash, disabled_at, created_at)
	  VALUES ($1,$2,$3,$4,$5,$6,$7)`, m.ID, m.Login, m.Name, string(m.Role), m.Hash, millis(m.DisabledAt), millis(m.CreatedAt))
	return err
}

// SaveMember replaces what changes about a member of staff.
func (t accountsTx) SaveMember(ctx context.Context, m accounts.Member) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE staff SET role = $1, password_hash = $2, disabled_at = $3 WHERE id = $4`,
		string(m.Role), m.Hash, millis(m.DisabledAt), m.ID)
}

// Audit writes an entry into the house's journal.
func (t accountsTx) Audit(ctx context.Context, e accounts.Entry) error {
	return t.audit(ctx, AuditEntry{Actor: e.Actor, Action: e.Action, Object: e.Object, Reason: e.Reason, Outcome: "done"})
}
