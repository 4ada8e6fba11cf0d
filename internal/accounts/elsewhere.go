package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"

	"beian/internal/filing"
	"beian/tasks"
)

// How a sign-in kept elsewhere can fail, beside tasks.ErrUnavailable.
var (
	// ErrDenied: the person or the provider said no.
	ErrDenied = errors.New("the sign-in was refused elsewhere")
	// ErrForged: the answer does not belong to this browser, or to us, or is over.
	ErrForged = errors.New("the answer does not fit the question")
	// ErrStranger: the provider knows the person and we have no place for them.
	ErrStranger = errors.New("nobody here has that identity")
)

// Question is a sign-in elsewhere that has begun: where the browser goes, and the
// ticket that it must bring back. The ticket belongs into a cookie of this browser.
type Question struct{ URL, Ticket string }

// Identity is who a provider says somebody is (S1). It prints as "identity".
type Identity struct {
	Issuer  string
	Subject string // never reassigned, unlike names and mailboxes
	Name    string // the claim that names a member of staff, or an account's external id
	Email   string // only when the provider has verified it
}

// Format prints "identity" whatever the verb.
func (i Identity) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "identity") }

// Identities ties what a provider calls somebody to one of ours for good: a name
// or a mailbox that is given to somebody else does not open the old door (ASVS
// 6.8.1).
type Identities interface {
	// CredentialOf reads an account's by its external id, else tasks.ErrNotFound.
	CredentialOf(ctx context.Context, externalID string) (Credential, error)
	// Tie ties an identity to an owner, or does nothing when it is tied to it.
	// tasks.ErrConflict when either is tied otherwise.
	Tie(ctx context.Context, i Identity, owner string) error
	// Untie forgets the identities of an owner and counts them.
	Untie(ctx context.Context, owner string) (int, error)
}

// IdentitySignIn begins the session of an applicant whom a provider vouches for:
// by the account's external id when the provider names one, else by the verified
// mailbox that is the login. Errors: ErrStranger, *tasks.TooMany.
func (s *Service) IdentitySignIn(ctx context.Context, i Identity, c Client) (Session, string, error) {
	login, err := filing.ParseEmail(i.Email)
	if i.Name == "" && err != nil {
		return Session{}, "", ErrStranger
	}
	find := applicant(login)
	if i.Name != "" {
		find = func(ctx context.Context, tx Tx) (holder, error) {
			cred, err := tx.CredentialOf(ctx, i.Name)
			return applicantOf(cred), err
		}
	}
	return s.vouched(ctx, i, c, find)
}

// StaffIdentitySignIn does the same for a member of staff whose login is the
// identity's name. The role stays ours, and the provider's own second factor
// takes the place of ours. Each one is in the journal.
func (s *Service) StaffIdentitySignIn(ctx context.Context, i Identity, c Client) (Session, string, error) {
	if i.Name == "" {
		return Session{}, "", ErrStranger
	}
	return s.vouched(ctx, i, c, colleague(fold(i.Name)))
}

func (s *Service) vouched(ctx context.Context, i Identity, c Client, find finder) (Session, string, error) {
	if err := s.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitClient, c.Address) }); err != nil {
		return Session{}, "", err
	}
	token, err := s.token()
	if err != nil {
		return Session{}, "", err
	}
	id := s.random.ID()
	var session Session
	err = s.store.Update(ctx, func(tx Tx) error {
		who, err := find(ctx, tx)
		if err := ignoreNotFound(err); err != nil {
			return err
		}
		if !who.admitted {
			return ErrStranger
		}
		if err := tx.Tie(ctx, i, who.owner()); err != nil {
			return err
		}
		if who.staffID != "" {
			actor := tasks.Actor{Kind: who.role, ID: who.staffID}
			if err := entered(ctx, tx, Entry{Actor: actor, Object: who.staffID, Reason: "by openid connect"}); err != nil {
				return err
			}
		}
		if err := tx.AddSession(ctx, begin(tx.Now(), id, who, c), tokenHash(token)); err != nil {
			return err
		}
		session, err = tx.SessionOf(ctx, tokenHash(token))
		return err
	})
	if errors.Is(err, tasks.ErrConflict) {
		err = ErrStranger
	}
	if err != nil {
		return Session{}, "", err
	}
	return session, token, nil
}

func (h holder) owner() string {
	if h.staffID != "" {
		return "staff " + h.staffID
	}
	return OwnerOf(h.accountID)
}

// OwnerOf names an account as the owner of identities.
func OwnerOf(accountID string) string { return "account " + accountID }

// UnlinkStaff forgets which identity a member of staff has elsewhere, so that the
// next sign-in ties a new one, and ends the sessions. Errors: tasks.ErrNotFound,
// also when none is tied.
func (s *Service) UnlinkStaff(ctx context.Context, by tasks.Actor, login string) error {
	return s.change(ctx, by, login, func(tx Tx, m *Member) (Entry, error) {
		n, err := tx.Untie(ctx, holder{staffID: m.ID}.owner())
		if err == nil && n == 0 {
			err = tasks.ErrNotFound
		}
		if err != nil {
			return Entry{}, err
		}
		_, err = tx.EndSessions(ctx, Ending{StaffID: m.ID})
		return Entry{Action: "staff.unlink"}, err
	})
}

// UnlinkAccount does the same for an account, by its login.
func (s *Service) UnlinkAccount(ctx context.Context, by tasks.Actor, login string) error {
	mail, err := filing.ParseEmail(login)
	if err != nil {
		return fmt.Errorf("forgetting an identity: %w", tasks.ErrNotFound)
	}
	return s.store.Update(ctx, func(tx Tx) error {
		c, err := tx.Credential(ctx, mail)
		if err != nil {
			return err
		}
		n, err := tx.Untie(ctx, OwnerOf(c.AccountID))
		if err == nil && n == 0 {
			err = tasks.ErrNotFound
		}
		if err != nil {
			return err
		}
		if _, err := tx.EndSessions(ctx, Ending{AccountID: c.AccountID}); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "account.unlink", Object: c.AccountID})
	})
}
