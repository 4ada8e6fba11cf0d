package accounts_test

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// guarded is an office with one reviewer that asks for a second factor.
func guarded(t *testing.T, policy string) (*accounts.Service, *fake, accounts.Member) {
	t.Helper()
	f := newFake()
	s := accounts.New(accounts.Parts{Store: f, Random: &counter{}, Cost: cheap(), StaffFactor: policy})
	m, err := s.AddStaff(t.Context(), operator(), wang())
	if err != nil {
		t.Fatal(err)
	}
	return s, f, m
}

func client() accounts.Client { return accounts.Client{Address: "203.0.113.9"} }

// pending passes the password.
func pending(t *testing.T, s *accounts.Service, waits string) string {
	t.Helper()
	session, token, err := s.StaffSignIn(t.Context(), attempt("wang.fang", password))
	if err != nil {
		t.Fatal(err)
	}
	if session.Pending != waits {
		t.Fatalf("waits for %q, want %q", session.Pending, waits)
	}
	return token
}

// shown is the code that an authenticator with this enrolment shows.
func shown(t *testing.T, e accounts.Enrolment, at time.Time) string {
	t.Helper()
	u, err := url.Parse(e.URI)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	return accounts.TOTPForTest(secret, at)
}

func second(token, code string) accounts.Second {
	return accounts.Second{Token: token, Code: code, Client: client()}
}

func TestTheCodesAreThoseOfRFC6238(t *testing.T) {
	t.Parallel()
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924",
		2000000000: "279037", 20000000000: "353130"} {
		if got := accounts.TOTPForTest([]byte("12345678901234567890"), time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestWhoeverMustHaveAnAuthenticatorSetsOneUpAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	s, f, m := guarded(t, accounts.FactorRequired)
	half := pending(t, s, accounts.PendingEnrol)
	if _, err := s.Session(t.Context(), half); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("a pending session opens: %v", err)
	}
	e, err := s.StaffEnrolment(t.Context(), half)
	if err != nil || !strings.HasPrefix(e.URI, "otpauth://totp/beian:wang.fang?") {
		t.Fatalf("%v, %s", err, e.URI)
	}
	again, err := s.StaffEnrolment(t.Context(), half)
	if err != nil || again.URI != e.URI {
		t.Error("loading the page twice gives another secret")
	}
	half = pending(t, s, accounts.PendingEnrol)
	if again, err = s.StaffEnrolment(t.Context(), half); err != nil || again.URI == e.URI {
		t.Errorf("an earlier sign-in saw the secret: %v", err)
	}
	e = again
	if _, _, _, err := s.StaffEnrol(t.Context(), second(half, "000000")); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("a wrong first code: %v", err)
	}
	code := shown(t, e, f.now)
	session, token, codes, err := s.StaffEnrol(t.Context(), second(half, code[:3]+" "+code[3:]))
	if err != nil || session.StaffID != m.ID || session.Pending != "" || len(codes) != 10 {
		t.Fatalf("%v, %d codes", err, len(codes))
	}
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Error(err)
	}
	if _, err := s.PendingStaff(t.Context(), half); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the pending session lives on: %v", err)
	}
	if _, err := s.StaffEnrolment(t.Context(), half); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the secret can be asked for again: %v", err)
	}
	last := f.journal[len(f.journal)-1]
	if last.Action != "staff.sign_in" || f.journal[len(f.journal)-2].Action != "staff.totp" {
		t.Errorf("journal %+v", f.journal)
	}
}

// enrolled is a member whose authenticator an operator set up.
func enrolled(t *testing.T, policy string) (*accounts.Service, *fake, accounts.Enrolment) {
	t.Helper()
	s, f, _ := guarded(t, policy)
	e, err := s.EnrolStaff(t.Context(), operator(), "Wang.Fang")
	if err != nil {
		t.Fatal(err)
	}
	return s, f, e
}

func TestACodeOpensOnceAndOneStepToEitherSide(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{accounts.FactorRequired, accounts.FactorOptional} {
		s, f, e := enrolled(t, policy)
		now := f.now
		half := pending(t, s, accounts.PendingCode)
		for _, late := range []time.Duration{-60 * time.Second, 60 * time.Second} {
			if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, now.Add(late)))); !errors.Is(err, accounts.ErrRefused) {
				t.Errorf("a code of %s: %v", late, err)
			}
		}
		for _, late := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, now.Add(late)))); err != nil {
				t.Errorf("a code of %s: %v", late, err)
			}
			half = pending(t, s, accounts.PendingCode)
			for _, earlier := range []time.Duration{late, late - 30*time.Second} {
				if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, now.Add(earlier)))); !errors.Is(err, accounts.ErrRefused) {
					t.Errorf("a used step: %v", err)
				}
			}
		}
	}
}

func TestARecoveryCodeOpensOnce(t *testing.T) {
	t.Parallel()
	s, f, e := enrolled(t, accounts.FactorRequired)
	typed := " " + strings.ToLower(strings.ReplaceAll(e.Codes[3], "-", " "))
	if _, _, err := s.StaffCode(t.Context(), second(pending(t, s, accounts.PendingCode), typed)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.StaffCode(t.Context(), second(pending(t, s, accounts.PendingCode), typed)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("used again: %v", err)
	}
	if _, _, err := s.StaffCode(t.Context(), second(pending(t, s, accounts.PendingCode), e.Codes[4])); err != nil {
		t.Error(err)
	}
	for _, kept := range f.factors {
		if len(kept.Codes) != 8 || strings.Contains(strings.Join(kept.Codes, ""), e.Codes[0]) {
			t.Errorf("%d codes are left", len(kept.Codes))
		}
	}
}

func TestGuessesAtACodeAreSlowedDownAndTheJournalHearsOfThem(t *testing.T) {
	t.Parallel()
	s, f, e := enrolled(t, accounts.FactorRequired)
	half := pending(t, s, accounts.PendingCode)
	var many *tasks.TooMany
	n := 0
	for ; n < 20; n++ {
		_, _, err := s.StaffCode(t.Context(), second(half, "000000"))
		if errors.As(err, &many) {
			break
		}
		if !errors.Is(err, accounts.ErrRefused) {
			t.Fatal(err)
		}
	}
	if n != 10 {
		t.Errorf("%d guesses before a wait", n)
	}
	wrong := 0
	for _, entry := range f.journal {
		if entry.Action == "staff.code_wrong" {
			wrong++
		}
	}
	if wrong != 10 {
		t.Errorf("the journal has %d", wrong)
	}
	if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, f.now))); !errors.As(err, &many) {
		t.Errorf("the right code: %v", err)
	}
}

func TestOneCodeAtOnceByTwoOpensOneDoor(t *testing.T) {
	t.Parallel()
	s, f, e := enrolled(t, accounts.FactorRequired)
	code := shown(t, e, f.now)
	halves := []string{pending(t, s, accounts.PendingCode), pending(t, s, accounts.PendingCode)}
	var in atomic.Int32
	var all sync.WaitGroup
	for _, half := range halves {
		all.Go(func() {
			if _, _, err := s.StaffCode(context.Background(), second(half, code)); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d doors", in.Load())
	}
}

func TestAPendingSessionEndsSoonAndWithThePassword(t *testing.T) {
	t.Parallel()
	s, f, e := enrolled(t, accounts.FactorRequired)
	half := pending(t, s, accounts.PendingCode)
	if err := s.SetStaffPassword(t.Context(), operator(), "wang.fang", "another quiet heron"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, f.now))); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("after a new password: %v", err)
	}
	_, half, err := s.StaffSignIn(t.Context(), attempt("wang.fang", "another quiet heron"))
	if err != nil {
		t.Fatal(err)
	}
	f.pass(10 * time.Minute)
	if _, _, err := s.StaffCode(t.Context(), second(half, shown(t, e, f.now))); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("after ten minutes: %v", err)
	}
}

func TestAnOperatorReplacesAndRemovesAnAuthenticator(t *testing.T) {
	t.Parallel()
	s, f, old := enrolled(t, accounts.FactorRequired)
	fresh, err := s.EnrolStaff(t.Context(), operator(), "wang.fang")
	if err != nil || fresh.URI == old.URI {
		t.Fatal(err)
	}
	half := pending(t, s, accounts.PendingCode)
	for _, code := range []string{shown(t, old, f.now), old.Codes[0]} {
		if _, _, err := s.StaffCode(t.Context(), second(half, code)); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("the old one: %v", err)
		}
	}
	if err := s.DropFactor(t.Context(), operator(), "wang.fang"); err != nil {
		t.Fatal(err)
	}
	pending(t, s, accounts.PendingEnrol)
	if err := s.DropFactor(t.Context(), operator(), "wang.fang"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	if _, err := s.EnrolStaff(t.Context(), operator(), "nobody"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestWithoutAPolicyThePasswordIsEnough(t *testing.T) {
	t.Parallel()
	s, _, _ := enrolled(t, accounts.FactorOff)
	pending(t, s, "")
	s, _, _ = guarded(t, accounts.FactorOptional)
	pending(t, s, "")
}

func TestNoPrintShowsASecretOrACode(t *testing.T) {
	t.Parallel()
	_, f, e := enrolled(t, accounts.FactorRequired)
	printed := fmt.Sprintf("%+v %#v %v %+v", e, f.factors, second("t0ken", "123456"), &e)
	for _, secret := range []string{e.Secret, e.Codes[0], "t0ken", "123456"} {
		if strings.Contains(printed, secret) {
			t.Errorf("printed %s", secret)
		}
	}
}
