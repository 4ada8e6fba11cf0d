package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

func TestARightPasswordBeginsASessionOf24Hours(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	session, token, err := s.SignIn(t.Context(), attempt("  ZhangSan@Example.com ", password))
	if err != nil {
		t.Fatal(err)
	}
	want := accounts.Session{ID: session.ID, AccountID: "acc-1", Name: login, Client: "Firefox, 203.0.113.*",
		CreatedAt: f.now, SeenAt: f.now, ExpiresAt: f.now.Add(24 * time.Hour)}
	if diff := cmp.Diff(want, session); diff != "" {
		t.Error(diff)
	}
	if len(token) != 43 || strings.ContainsAny(token, "+/=") {
		t.Errorf("the token is no base64url of 256 bits: %d characters", len(token))
	}
	for hash := range f.sessions {
		if strings.Contains(hash, token) || len(hash) != 64 {
			t.Error("the token itself was stored")
		}
	}
}

func TestEverySignInThatFailsGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	f.accounts["unset@example.com"] = accounts.Credential{AccountID: "acc-2", Status: filing.AccountActive}
	closed := f.accounts[login]
	closed.AccountID, closed.Status = "acc-3", filing.AccountClosed
	f.accounts["closed@example.com"] = closed
	for name, in := range map[string]accounts.SignIn{
		"wrong password": attempt(login, "another password"), "unknown login": attempt("nobody@example.com", password),
		"no password set": attempt("unset@example.com", ""), "closed": attempt("closed@example.com", password),
		"no mailbox": attempt("zhangsan", password), "empty": attempt("", ""),
		"endless password": attempt(login, strings.Repeat("x", 1<<20)),
	} {
		session, token, err := s.SignIn(t.Context(), in)
		if !errors.Is(err, accounts.ErrRefused) || err.Error() != accounts.ErrRefused.Error() || token != "" || session.ID != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.sessions) != 0 {
		t.Error("a session began")
	}
}

func TestAFrozenAccountMaySignInToSeeItsState(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	frozen := f.accounts[login]
	frozen.Status = filing.AccountFrozen
	f.accounts[login] = frozen
	if session, _ := signedIn(t, s); !session.Frozen {
		t.Error("the session does not say that the account is frozen")
	}
}

func TestTheWaitGrowsWithWrongTriesOnALoginKnownOrNot(t *testing.T) {
	t.Parallel()
	for _, name := range []string{login, "nobody@example.com", "no mailbox"} {
		s, f := office(t)
		var waits []time.Duration
		for i := 0; len(waits) < 90 && i < 500; i++ {
			in := attempt(name, "wrong")
			in.Client.Address = fmt.Sprint(i) // from everywhere
			_, _, err := s.SignIn(t.Context(), in)
			var often *tasks.TooMany
			switch {
			case errors.Is(err, accounts.ErrRefused):
				waits = append(waits, 0)
			case errors.As(err, &often):
				waits[len(waits)-1] += often.After
				f.pass(often.After)
			default:
				t.Fatal(err)
			}
		}
		if waits[8] != 0 || waits[9] != 30*time.Second || waits[30] < time.Minute || waits[60] < 5*time.Minute || waits[88] < time.Hour {
			t.Errorf("%s: waits after try 9, 10, 31, 61 and 89: %v %v %v %v %v", name, waits[8], waits[9], waits[30], waits[60], waits[88])
		}
	}
}

func TestASuccessForgetsTheWrongTriesBeforeIt(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	for round := range 3 {
		for i := range 9 {
			in := attempt(login, "wrong")
			in.Client.Address = fmt.Sprint(round, i)
			if _, _, err := s.SignIn(t.Context(), in); !errors.Is(err, accounts.ErrRefused) {
				t.Fatalf("round %d, try %d: %v", round, i, err)
			}
		}
		signedIn(t, s)
	}
}

func TestOneAddressGetsThirtyTriesInTenMinutesOverAllLogins(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	for i := range 30 {
		if _, _, err := s.SignIn(t.Context(), attempt(fmt.Sprintf("user%d@example.com", i), "x")); !errors.Is(err, accounts.ErrRefused) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, _, err := s.SignIn(t.Context(), attempt(login, password))
	var often *tasks.TooMany
	if !errors.As(err, &often) || often.After != 20*time.Second {
		t.Fatalf("got %v", err)
	}
	f.pass(20 * time.Second)
	signedIn(t, s)
}

func TestAPasswordThatChangesDuringTheSignInIsNotAdmitted(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	f.accounts["other@example.com"] = accounts.Credential{AccountID: "acc-2", Status: filing.AccountActive}
	changing := &changer{fake: f}
	racing := accounts.New(accounts.Parts{Store: changing, Random: &counter{}, Cost: cheap()})
	if _, _, err := racing.SignIn(t.Context(), attempt(login, password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("got %v", err)
	}
	if all, err := s.Sessions(t.Context(), "acc-1"); err != nil || len(all) != 0 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

func TestAWeakerHashIsReplacedAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	before := f.accounts[login].Hash
	stronger := accounts.New(accounts.Parts{Store: f, Random: &counter{}, Cost: accounts.Cost{Memory: 16, Passes: 1, Lanes: 1}})
	signedIn(t, stronger)
	after := f.accounts[login].Hash
	if before == after || !strings.Contains(after, "m=16,t=1,p=1") {
		t.Errorf("%s became %s", before, after)
	}
	signedIn(t, stronger)
	if f.accounts[login].Hash != after {
		t.Error("a hash of the present cost was replaced")
	}
	signedIn(t, s)
}

func TestASignInPrintsNoPassword(t *testing.T) {
	t.Parallel()
	in := attempt(login, password)
	for _, text := range []string{fmt.Sprintf("%v", in), fmt.Sprintf("%+v", in), fmt.Sprintf("%#v", &in), fmt.Sprintf("%s", in), fmt.Sprint(in)} {
		if text != "sign-in" {
			t.Errorf("printed %q", text)
		}
	}
}
