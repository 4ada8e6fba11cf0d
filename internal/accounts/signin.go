package accounts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// SignIn is what somebody presents at the door. It prints as "sign-in" under
// every verb.
type SignIn struct {
	Login    string
	Password string
	Client   Client
}

// Format prints "sign-in" whatever the verb.
func (s SignIn) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "sign-in") }

// Client is where a request comes from.
type Client struct {
	Address string // what limits count by, an address or its prefix; stored as a keyed digest only; never empty for a request
	Label   string // what the owner is shown: browser family and address prefix
}

// limitClient counts all sign-ins from one address (trust reference 4.8).
var limitClient = tasks.Limit{Name: "login_client", Burst: 30, Period: 10 * time.Minute}

// limitsLogin count the tries on one login since the last success. Each bucket
// refills slower than the one before, so the wait grows from 30 s over 2 and 10
// minutes to an hour, and nobody is locked out for ever by strangers.
func limitsLogin() []tasks.Limit {
	return []tasks.Limit{
		{Name: "login_10", Burst: 10, Period: 10 * 30 * time.Second},
		{Name: "login_20", Burst: 20, Period: 20 * 2 * time.Minute},
		{Name: "login_40", Burst: 40, Period: 40 * 10 * time.Minute},
		{Name: "login_80", Burst: 80, Period: 80 * time.Hour},
	}
}

// Waits are the limits whose buckets make a login wait, and the key that an account's
// are under: for whoever ends the wait in a transaction of their own (F2).
func Waits(login filing.Email) (limits []tasks.Limit, key string) {
	return limitsLogin(), accountKey(login.Reveal())
}

func accountKey(login string) string { return "account " + login }

func staffKey(login string) string { return "staff " + login }

// forgive ends a login's wait.
func forgive(ctx context.Context, tx Tx, key string) error {
	for _, l := range limitsLogin() {
		if err := tx.Forget(ctx, l, key); err != nil {
			return err
		}
	}
	return nil
}

// holder is whoever a login may belong to; the zero value is nobody.
type holder struct {
	accountID, staffID, hash string
	role                     tasks.ActorKind // staff only
	pending                  string          // what the session waits for
	admitted                 bool
	rehash                   func(ctx context.Context, tx Tx, hash string) error
}

type finder func(ctx context.Context, tx Tx) (holder, error)

// SignIn begins an applicant's session and returns its token, which is nowhere
// else. A frozen account may sign in, to see its state; a closed one may not.
// Errors: ErrRefused, *tasks.TooMany, tasks.ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Session, string, error) {
	login, err := filing.ParseEmail(in.Login)
	if err != nil {
		return s.signIn(ctx, in, accountKey(fold(in.Login)), nobody)
	}
	return s.signIn(ctx, in, accountKey(login.Reveal()), applicant(login))
}

// StaffSignIn begins the session of a member of staff, who is not disabled. Each
// one is in the journal. Where a second factor is needed the session is Pending
// and opens nothing until StaffCode or StaffEnrol completes it. Errors as SignIn.
func (s *Service) StaffSignIn(ctx context.Context, in SignIn) (Session, string, error) {
	login := fold(in.Login)
	return s.signIn(ctx, in, staffKey(login), colleague(login))
}

// signIn: count the try, look up, hash, and only then look at what was found; the
// hash is computed outside any transaction.
func (s *Service) signIn(ctx context.Context, in SignIn, key string, find finder) (Session, string, error) {
	if err := s.count(ctx, in.Client, key); err != nil {
		return Session{}, "", err
	}
	var who holder
	err := s.store.View(ctx, func(tx Tx) (err error) {
		who, err = find(ctx, tx)
		return ignoreNotFound(err)
	})
	if err != nil {
		return Session{}, "", fmt.Errorf("looking a login up: %w", err)
	}
	ok, stale, err := s.hasher.check(ctx, who.hash, in.Password)
	if err != nil {
		return Session{}, "", err
	}
	if !ok || !who.admitted {
		return Session{}, "", ErrRefused
	}
	var renewed string
	if stale {
		if renewed, err = s.hasher.hash(ctx, in.Password); err != nil {
			return Session{}, "", err
		}
	}
	return s.admit(ctx, in.Client, door{key: key, find: find, hash: who.hash, renewed: renewed})
}

// count spends a try of the address, also when the login's tries are used up, and
// then one of the login. The login's buckets are spent together or not at all.
func (s *Service) count(ctx context.Context, c Client, key string) error {
	err := s.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitClient, c.Address) })
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx Tx) error {
		for _, l := range limitsLogin() {
			if err := tx.Take(ctx, l, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// door is a passed check: which login, and against which hash it passed.
type door struct {
	key, hash, renewed string
	find               finder
}

// admit begins the session, unless the password or the status changed since the
// hash was read.
func (s *Service) admit(ctx context.Context, c Client, d door) (Session, string, error) {
	token, err := s.token()
	if err != nil {
		return Session{}, "", err
	}
	id := s.random.ID()
	var session Session
	err = s.store.Update(ctx, func(tx Tx) error {
		who, err := d.find(ctx, tx)
		if err := ignoreNotFound(err); err != nil {
			return err
		}
		if !who.admitted || who.hash != d.hash {
			return ErrRefused
		}
		if who.staffID != "" {
			if who.pending, err = s.pendingFor(ctx, tx, who.staffID); err != nil {
				return err
			}
		}
		if err := s.settle(ctx, tx, who, d); err != nil {
			return err
		}
		begun := begin(tx.Now(), id, who, c)
		if begun.Pending = who.pending; begun.Pending != "" {
			begun.ExpiresAt = tx.Now().Add(pendingLife)
		}
		if err := tx.AddSession(ctx, begun, tokenHash(token)); err != nil {
			return err
		}
		session, err = tx.SessionOf(ctx, tokenHash(token))
		return err
	})
	if err != nil {
		return Session{}, "", err
	}
	return session, token, nil
}

// settle clears the login's count, stores a stronger hash and tells the journal
// about staff.
func (s *Service) settle(ctx context.Context, tx Tx, who holder, d door) error {
	if err := forgive(ctx, tx, d.key); err != nil {
		return err
	}
	if d.renewed != "" {
		if err := who.rehash(ctx, tx, d.renewed); err != nil {
			return err
		}
	}
	if who.staffID == "" || who.pending != "" {
		return nil
	}
	return entered(ctx, tx, Entry{Actor: tasks.Actor{Kind: who.role, ID: who.staffID}, Object: who.staffID})
}

// entered notes a complete sign-in of a member of staff.
func entered(ctx context.Context, tx Tx, e Entry) error {
	if err := tx.SignedIn(ctx, e.Object); err != nil {
		return err
	}
	e.Action = "staff.sign_in"
	return tx.Audit(ctx, e)
}

func nobody(context.Context, Tx) (holder, error) { return holder{}, nil }

func applicant(login filing.Email) finder {
	return func(ctx context.Context, tx Tx) (holder, error) {
		c, err := tx.Credential(ctx, login)
		if err != nil {
			return holder{}, err
		}
		return applicantOf(c), nil
	}
}

func applicantOf(c Credential) holder {
	admitted := c.Status == filing.AccountActive || c.Status == filing.AccountFrozen
	return holder{accountID: c.AccountID, hash: c.Hash, admitted: admitted,
		rehash: func(ctx context.Context, tx Tx, hash string) error { return tx.SetHash(ctx, c.AccountID, hash) }}
}

func colleague(login string) finder {
	return func(ctx context.Context, tx Tx) (holder, error) {
		m, err := tx.Member(ctx, login)
		if err != nil {
			return holder{}, err
		}
		return holder{staffID: m.ID, hash: m.Hash, role: m.Role, admitted: m.DisabledAt.IsZero(),
			rehash: func(ctx context.Context, tx Tx, hash string) error {
				m.Hash = hash
				return tx.SaveMember(ctx, m)
			}}, nil
	}
}

func ignoreNotFound(err error) error {
	if errors.Is(err, tasks.ErrNotFound) {
		return nil
	}
	return err
}

// fold gives a typed login the one form it is compared in.
func fold(login string) string { return strings.ToLower(strings.TrimSpace(login)) }
