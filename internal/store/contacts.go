package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// SubjectBy looks a subject up by its certificate, which is unique (A2), and
// compares the rest after opening. Hit and miss take the same two statements and
// compare every fact, so that no answer is faster for saying less.
func (t *tx) SubjectBy(ctx context.Context, f tasks.FilingFacts) (tasks.Party, error) {
	kind := string(f.Certificate.Type)
	found, err := t.parties(ctx, []read{{text: partyColumns + `WHERE s.certificate_type = $1 AND s.certificate_index = $2`,
		args: []any{kind, t.s.vault.Index("certificate "+kind, f.Certificate.Reveal())}}})
	if err != nil {
		return tasks.Party{}, err
	}
	p, missing := found[0], found[0].Account.ID == ""
	var sites int
	err = t.q.row(ctx, `SELECT count(*) FROM websites WHERE domain = $1 AND subject_id = $2`, f.Domain.String(), p.Subject.ID).Scan(&sites)
	if err != nil {
		return tasks.Party{}, err
	}
	name := filing.SameName(f.Name, p.Subject.Name)
	number := f.ICPNumber.IsZero() || f.ICPNumber.Subject() == p.Subject.ICPNumber.Subject()
	domain := f.Domain.IsZero() || sites > 0
	named := !f.Certificate.IsZero() && !(f.ICPNumber.IsZero() && f.Domain.IsZero())
	if missing || !name || !number || !domain || !named {
		return tasks.Party{}, tasks.ErrNotFound
	}
	return p, nil
}

// OpenJob reads the receipt of a subject's open job of a kind.
func (t *tx) OpenJob(ctx context.Context, subjectID string, k tasks.Kind) (receipt string, err error) {
	err = scanOne(t.q.row(ctx, `SELECT receipt FROM jobs WHERE subject_id = $1 AND kind = $2 AND ended = 0 AND subject_id <> ''`,
		subjectID, string(k)), &receipt)
	return receipt, err
}

// OpenJobOf reads the receipt of an account's open job of a kind.
func (t *tx) OpenJobOf(ctx context.Context, accountID string, k tasks.Kind) (receipt string, err error) {
	err = scanOne(t.q.row(ctx, `SELECT receipt FROM jobs WHERE source_account_id = $1 AND kind = $2 AND ended = 0`,
		accountID, string(k)), &receipt)
	return receipt, err
}

// Contacts collects the account's own channels and those of the principals.
// ErrNotFound when there is no such account.
func (t *tx) Contacts(ctx context.Context, accountID, subjectID string) (tasks.Contacts, error) {
	var c tasks.Contacts
	var login, phone []byte
	var changed int64
	err := scanOne(t.q.row(ctx, `SELECT login_sealed, phone_sealed, contact_changed_at FROM accounts WHERE id = $1`, accountID),
		&login, &phone, &changed)
	if err != nil {
		return c, err
	}
	c.ChangedAt = moment(changed)
	mailbox, err := openValue(t, "accounts.login", accountID, login, filing.ParseEmail)
	if err != nil {
		return c, err
	}
	if !mailbox.IsZero() {
		c.Mailboxes = append(c.Mailboxes, mailbox)
	}
	own, err := openValue(t, "accounts.phone", accountID, phone, filing.ParsePhone)
	if err != nil {
		return c, err
	}
	phones := []filing.Phone{own}
	err = t.principals(ctx, subjectID, func(p filing.Principal) { phones = append(phones, p.Phone) })
	for _, p := range phones {
		if !p.IsZero() && !slices.Contains(c.Phones, p) {
			c.Phones = append(c.Phones, p)
		}
	}
	return c, err
}

// principals opens those of a subject and of its websites.
func (t *tx) principals(ctx context.Context, subjectID string, each func(filing.Principal)) error {
	return t.each(ctx, func(scan func(...any) error) error {
		var place, id string
		var sealed []byte
		var order int
		if err := scan(&place, &id, &sealed, &order); err != nil {
			return err
		}
		p, err := t.openPrincipal(place, id, sealed)
		each(p)
		return err
	}, `SELECT 'subjects.principal', id, principal_sealed, 0 AS place FROM subjects WHERE id = $1
	  UNION ALL SELECT 'websites.principal', id, principal_sealed, 1 FROM websites WHERE subject_id = $1 ORDER BY 4, 2`, subjectID)
}

// LoginFree reports whether no account signs in with this address.
func (t *tx) LoginFree(ctx context.Context, login filing.Email) (bool, error) {
	n, err := t.signsIn(ctx, login, "")
	return n == 0, err
}

// signsIn counts the accounts with a login, but for one.
func (t *tx) signsIn(ctx context.Context, login filing.Email, butFor string) (n int, err error) {
	err = t.q.row(ctx, `SELECT count(*) FROM accounts WHERE login_index = $1 AND id <> $2`,
		t.s.vault.Index("login", login.Reveal()), butFor).Scan(&n)
	return n, err
}

// ReplaceLogin is the effect of L8. A hold that lasts longer stays (L8); a
// recovery that was begun through the old mailbox is void.
func (t *tx) ReplaceLogin(ctx context.Context, accountID string, login filing.Email, hold time.Time) error {
	taken, err := t.signsIn(ctx, login, accountID)
	if err != nil {
		return err
	}
	if taken > 0 {
		return fmt.Errorf("the new login is another account's: %w", tasks.ErrConflict)
	}
	sealed, err := t.seal("accounts.login", accountID, login.Reveal())
	if err != nil {
		return err
	}
	index, now := t.s.vault.Index("login", login.Reveal()), millis(t.Now())
	err = t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET login_sealed = $1,
	  hold_until = CASE WHEN hold_until > $2 THEN hold_until ELSE $2 END,
	  contact_changed_at = CASE WHEN login_index = $3 THEN contact_changed_at ELSE $4 END, login_index = $3,
	  login_replaced_at = $4, updated_at = $4, version = version + 1 WHERE id = $5 AND status <> 'closed'`,
		sealed, millis(hold), index, now, accountID)
	if err != nil {
		return err
	}
	if err := t.TakeKeys(ctx, accountID); err != nil {
		return err
	}
	return t.VoidRecoveries(ctx, accountID)
}

// SetPhone is the effect of a contact change; a recovery that was begun through the
// old phone is void.
func (t *tx) SetPhone(ctx context.Context, accountID string, phone filing.Phone) error {
	sealed, err := t.seal("accounts.phone", accountID, phone.Reveal())
	if err != nil {
		return err
	}
	err = t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET phone_sealed = $1, phone_index = $2, contact_changed_at = $3,
	  phone_replaced_at = $3, updated_at = $3, version = version + 1 WHERE id = $4 AND status <> 'closed'`,
		sealed, t.s.vault.Index("phone", phone.Reveal()), millis(t.Now()), accountID)
	if err != nil {
		return err
	}
	return t.VoidRecoveries(ctx, accountID)
}

// HoldTransfers never shortens a hold.
func (t *tx) HoldTransfers(ctx context.Context, accountID string, until time.Time) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE accounts SET hold_until = CASE WHEN hold_until > $1 THEN hold_until ELSE $1 END,
	  updated_at = $2, version = version + 1 WHERE id = $3`, millis(until), millis(t.Now()), accountID)
}
