package tasks

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// NewPassword sets a password by the key of a link, or of an exchanged code. It
// prints as "new password" under every verb.
type NewPassword struct {
	Key      string
	Password string
	Lang     string
}

// Format prints "new password" whatever the verb.
func (n NewPassword) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("new password")) }

// LookRecovery says whose password a key may set, masked, and changes nothing: a
// mail program that follows links uses none up. ErrGone when it is wrong, used
// or over.
func (d *Desk) LookRecovery(ctx context.Context, key string) (login string, err error) {
	err = d.store.View(ctx, func(tx Tx) error {
		_, p, err := d.unlock(ctx, tx, key)
		login = p.Account.LoginEmail.Masked()
		return err
	})
	return login, err
}

// RecoverByLink sets the new password, which ends every session and every other
// recovery of the account, and tells all its channels (F2). Nobody is signed in
// by it. Errors: ErrGone, *Invalid for a password that is refused, which leaves
// the key as it was.
func (d *Desk) RecoverByLink(ctx context.Context, n NewPassword) error {
	if _, err := d.LookRecovery(ctx, n.Key); err != nil { // hashing is dear, strangers get none
		return err
	}
	hash, err := d.hashes.NewHash(ctx, n.Password)
	if err != nil {
		return err
	}
	err = d.store.Update(ctx, func(tx Tx) error {
		r, p, err := d.unlock(ctx, tx, n.Key)
		if err != nil {
			return err
		}
		r.UsedAt = tx.Now()
		if err := tx.SaveRecovery(ctx, r); err != nil {
			return err
		}
		if err := tx.VoidRecoveries(ctx, p.Account.ID); err != nil {
			return err
		}
		if err := tx.SetPassword(ctx, p.Account.ID, hash); err != nil {
			return err
		}
		if err := tx.EndWait(ctx, p.Account.LoginEmail); err != nil { // the tries were about the old password
			return err
		}
		if err := d.mail(ctx, tx, n.Lang, changedNotices(p)...); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: Actor{Kind: ActorApplicant, ID: p.Account.ID}, Action: "password.recover",
			Object: p.Account.ID, Reason: "by " + string(r.Channel)})
	})
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) { // used or closed in between
		return ErrGone
	}
	return err
}

// unlock reads the recovery that a key opens, and its account as it is now.
func (d *Desk) unlock(ctx context.Context, tx Tx, key string) (Recovery, Party, error) {
	id, _, found := strings.Cut(key, ".")
	if !found {
		return Recovery{}, Party{}, ErrGone
	}
	r, err := tx.Recovery(ctx, id)
	if err == nil && r.AccountID == "" {
		err = ErrNotFound
	}
	var p Party
	if err == nil {
		p, err = tx.Party(ctx, AccountRef{ID: r.AccountID})
	}
	if errors.Is(err, ErrNotFound) {
		return Recovery{}, Party{}, ErrGone
	}
	if err != nil {
		return Recovery{}, Party{}, err
	}
	ask := recoveryAsk{account: p.Account, channel: r.Channel}
	right := subtle.ConstantTimeCompare([]byte(key), []byte(r.key(d.secrets, p.Account))) == 1
	if !right || !r.alive(tx.Now()) || !ask.reachable(tx.Now()) {
		return Recovery{}, Party{}, ErrGone
	}
	return r, p, nil
}

// changedNotices tell the owner, and the principal of the filing, too.
func changedNotices(p Party) []Notice {
	notices := givers(p, TemplatePassword, map[string]string{"login": p.Account.LoginEmail.Masked()})
	for i := range notices {
		notices[i].JobID = p.Account.ID
	}
	return notices
}
