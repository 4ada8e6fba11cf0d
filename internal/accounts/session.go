package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"beian/tasks"
)

// The numbers of trust.md: 24 hours in all, one hour idle.
const (
	sessionLife = 24 * time.Hour
	sessionIdle = time.Hour
	// touchEvery spares the database a write per request; idleness is thus
	// noticed up to five minutes early, never late.
	touchEvery = 5 * time.Minute
	tokenBytes = 32
	maxLabel   = 80
)

// Session is one sign-in of an account or of a member of staff; exactly one of
// the ids is set. Name, Role and Frozen are the owner's at the time of reading.
type Session struct {
	ID        string
	AccountID string
	StaffID   string
	Name      string          // an account's masked login, or the name of a member of staff
	Role      tasks.ActorKind // staff only
	Frozen    bool            // accounts only
	Login     string          // staff only
	Pending   string          // what a session that is not complete waits for; such a one opens nothing
	Client    string          // Client.Label at sign-in
	CreatedAt time.Time
	SeenAt    time.Time // within five minutes
	ExpiresAt time.Time
}

func begin(now time.Time, id string, who holder, c Client) Session {
	return Session{ID: id, AccountID: who.accountID, StaffID: who.staffID, Client: label(c.Label),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionLife)}
}

func (s Session) alive(now time.Time) bool {
	return now.Before(s.ExpiresAt) && now.Sub(s.SeenAt) < sessionIdle
}

// Session reads the session of a token and keeps it awake. Role, closing and
// disabling count from the next call on. Errors: ErrNoSession,
// tasks.ErrUnavailable.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	var found Session
	var now time.Time
	err := s.store.View(ctx, func(tx Tx) (err error) {
		found, err = tx.SessionOf(ctx, tokenHash(token))
		now = tx.Now() // the time comes with the session, in one trip
		return err
	})
	if errors.Is(err, tasks.ErrNotFound) || (err == nil && (found.Pending != "" || !found.alive(now))) {
		return Session{}, ErrNoSession
	}
	if err != nil {
		return Session{}, fmt.Errorf("reading a session: %w", err)
	}
	if now.Sub(found.SeenAt) < touchEvery {
		return found, nil
	}
	err = s.store.Update(ctx, func(tx Tx) error { return tx.Touch(ctx, found.ID) })
	if err != nil && !errors.Is(err, tasks.ErrUnavailable) && !errors.Is(err, tasks.ErrInFlight) { // it can be noted later
		return Session{}, fmt.Errorf("noting a session's use: %w", err)
	}
	return found, nil
}

// SignOut ends the session of a token; without one there is nothing to do.
func (s *Service) SignOut(ctx context.Context, token string) error {
	_, err := s.end(ctx, Ending{TokenHash: tokenHash(token)})
	return err
}

// SignOutEverywhere ends every session of an account (S1, F2).
func (s *Service) SignOutEverywhere(ctx context.Context, accountID string) error {
	if accountID == "" {
		return fmt.Errorf("ending sessions of no account: %w", tasks.ErrNotFound)
	}
	_, err := s.end(ctx, Ending{AccountID: accountID})
	return err
}

// Sessions lists an account's living sessions, the last seen first, for their
// owner (S1).
func (s *Service) Sessions(ctx context.Context, accountID string) ([]Session, error) {
	var alive []Session
	err := s.store.View(ctx, func(tx Tx) error {
		all, err := tx.SessionsOf(ctx, accountID)
		alive = nil
		for _, one := range all {
			if one.alive(tx.Now()) {
				alive = append(alive, one)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	return alive, nil
}

// End ends one session of an account; tasks.ErrNotFound when it is not its own.
func (s *Service) End(ctx context.Context, accountID, sessionID string) error {
	if accountID == "" || sessionID == "" {
		return tasks.ErrNotFound
	}
	n, err := s.end(ctx, Ending{ID: sessionID, AccountID: accountID})
	if err == nil && n == 0 {
		return tasks.ErrNotFound
	}
	return err
}

func (s *Service) end(ctx context.Context, f Ending) (n int, err error) {
	err = s.store.Update(ctx, func(tx Tx) error {
		n, err = tx.EndSessions(ctx, f)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("ending sessions: %w", err)
	}
	return n, nil
}

// token draws 256 bits.
func (s *Service) token() (string, error) {
	drawn := make([]byte, tokenBytes)
	if _, err := io.ReadFull(s.entropy, drawn); err != nil {
		return "", fmt.Errorf("drawing a session token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(drawn), nil
}

// tokenHash needs no salt and no cost: a token can't be guessed.
func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// label keeps what a browser says about itself to one short line.
func label(s string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s))
	return strings.TrimSpace(string(clean[:min(len(clean), maxLabel)]))
}
