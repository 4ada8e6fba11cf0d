package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"beian/tasks"
)

// Whether staff need a second factor, by the operator's policy.
const (
	FactorRequired = "required" // whoever has none enrols at the next sign-in
	FactorOptional = "optional" // whoever has one needs it
	FactorOff      = "off"      // nobody is asked
)

// What a session that is not complete waits for.
const (
	PendingCode  = "code"  // the code of the authenticator, or a recovery code
	PendingEnrol = "enrol" // an authenticator
)

const (
	pendingLife     = 10 * time.Minute
	recoveryCodes   = 10
	recoveryBytes   = 15 // 120 bit: SHA-256 without salt or cost is enough
	factorIssuer    = "beian"
	totpCodeLength  = 6
	actionFactor    = "staff.totp"
	actionWrongCode = "staff.code_wrong"
)

// Factor is the authenticator of a member of staff. It prints as "factor".
type Factor struct {
	StaffID   string
	Secret    []byte   // sealed at rest
	Step      int64    // newest used one
	Codes     []string // SHA-256 of the recovery codes that are left
	Confirmed bool     // a code of it was shown once
	Version   int64
}

// Format prints "factor" whatever the verb.
func (f Factor) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "factor") }

// Enrolment is what a person puts into an authenticator, and the recovery codes
// when they are given; none of it can be asked for again. It prints as
// "enrolment".
type Enrolment struct {
	URI    string // otpauth://
	Secret string // the same to type by hand
	Codes  []string
}

// Format prints "enrolment" whatever the verb.
func (e Enrolment) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "enrolment") }

// pendingFor says what a member's password alone leads to.
func (s *Service) pendingFor(ctx context.Context, tx Tx, staffID string) (string, error) {
	if s.factor != FactorRequired && s.factor != FactorOptional {
		return "", nil
	}
	f, err := tx.Factor(ctx, staffID)
	if err := ignoreNotFound(err); err != nil {
		return "", err
	}
	switch {
	case f.Confirmed:
		return PendingCode, nil
	case s.factor == FactorRequired:
		// A secret that an earlier sign-in saw and nobody confirmed may be known to
		// somebody else.
		return PendingEnrol, ignoreNotFound(tx.DropFactor(ctx, staffID))
	}
	return "", nil
}

// PendingStaff reads a session that still waits for a second factor; ErrNoSession
// when there is none, or it is complete.
func (s *Service) PendingStaff(ctx context.Context, token string) (Session, error) {
	var found Session
	err := s.store.View(ctx, func(tx Tx) (err error) {
		found, err = pendingOf(ctx, tx, token)
		return err
	})
	return found, err
}

func pendingOf(ctx context.Context, tx Tx, token string) (Session, error) {
	found, err := tx.SessionOf(ctx, tokenHash(token))
	if errors.Is(err, tasks.ErrNotFound) || (err == nil && (found.Pending == "" || !found.alive(tx.Now()))) {
		return Session{}, ErrNoSession
	}
	return found, err
}

// Second is what somebody presents after the password: the token of the pending
// session and a code. It prints as "second factor".
type Second struct {
	Token  string
	Code   string
	Client Client
}

// Format prints "second factor" whatever the verb.
func (s Second) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "second factor") }

// StaffCode completes a sign-in by a code of the authenticator, or by one of the
// recovery codes, which is used up. The session gets a new token. Errors:
// ErrNoSession, ErrRefused, *tasks.TooMany.
func (s *Service) StaffCode(ctx context.Context, in Second) (Session, string, error) {
	return s.second(ctx, in, PendingCode, func(f *Factor, now time.Time) bool { return f.admits(foldCode(in.Code), now) })
}

// StaffEnrol completes the sign-in of somebody who has just set up an
// authenticator, by its first code, and returns the recovery codes. Errors as
// StaffCode.
func (s *Service) StaffEnrol(ctx context.Context, in Second) (Session, string, []string, error) {
	codes, err := s.drawCodes()
	if err != nil {
		return Session{}, "", nil, err
	}
	session, token, err := s.second(ctx, in, PendingEnrol, func(f *Factor, now time.Time) bool {
		step, ok := matchStep(f.Secret, foldCode(in.Code), now, f.Step)
		if ok {
			f.Step, f.Confirmed, f.Codes = step, true, hashCodes(codes)
		}
		return ok
	})
	if err != nil {
		codes = nil
	}
	return session, token, codes, err
}

// admits uses a code up.
func (f *Factor) admits(typed string, now time.Time) bool {
	if len(typed) == totpCodeLength {
		step, ok := matchStep(f.Secret, typed, now, f.Step)
		if ok {
			f.Step = step
		}
		return ok
	}
	at := slices.Index(f.Codes, tokenHash(typed))
	if at >= 0 {
		f.Codes = slices.Delete(f.Codes, at, at+1)
	}
	return at >= 0
}

// second counts the try, looks at the code, and puts a complete session in the
// place of the pending one.
func (s *Service) second(ctx context.Context, in Second, waits string, admits func(*Factor, time.Time) bool) (Session, string, error) {
	pending, err := s.PendingStaff(ctx, in.Token)
	if err != nil || pending.Pending != waits {
		return Session{}, "", cmp.Or(err, ErrNoSession)
	}
	key := "staff code " + pending.StaffID
	if err := s.count(ctx, in.Client, key); err != nil {
		return Session{}, "", err
	}
	token, err := s.token()
	if err != nil {
		return Session{}, "", err
	}
	id := s.random.ID()
	var session Session
	var ok bool
	err = s.store.Update(ctx, func(tx Tx) error {
		who, err := pendingOf(ctx, tx, in.Token)
		if err != nil {
			return err
		}
		f, err := tx.Factor(ctx, who.StaffID)
		if err := ignoreNotFound(err); err != nil {
			return err
		}
		if ok = f.StaffID != "" && admits(&f, tx.Now()); !ok {
			return tx.Audit(ctx, staffEntry(who, actionWrongCode, ""))
		}
		if err := tx.SaveFactor(ctx, f); err != nil {
			return err
		}
		if err := s.complete(ctx, tx, key, who, in); err != nil {
			return err
		}
		full := begin(tx.Now(), id, holder{staffID: who.StaffID}, in.Client)
		if err := tx.AddSession(ctx, full, tokenHash(token)); err != nil {
			return err
		}
		session, err = tx.SessionOf(ctx, tokenHash(token))
		return err
	})
	if errors.Is(err, tasks.ErrConflict) || (err == nil && !ok) { // the same code twice at once
		return Session{}, "", ErrRefused
	}
	if err != nil {
		return Session{}, "", err
	}
	return session, token, nil
}

// complete ends the pending session, clears the count and tells the journal.
func (s *Service) complete(ctx context.Context, tx Tx, key string, who Session, in Second) error {
	if err := forgive(ctx, tx, key); err != nil {
		return err
	}
	if _, err := tx.EndSessions(ctx, Ending{TokenHash: tokenHash(in.Token)}); err != nil {
		return err
	}
	if who.Pending == PendingEnrol {
		if err := tx.Audit(ctx, staffEntry(who, actionFactor, "enrolled at sign-in")); err != nil {
			return err
		}
	}
	return entered(ctx, tx, staffEntry(who, "", "with a second factor"))
}

func staffEntry(who Session, action, reason string) Entry {
	return Entry{Actor: tasks.Actor{Kind: who.Role, ID: who.StaffID}, Action: action, Object: who.StaffID, Reason: reason}
}
