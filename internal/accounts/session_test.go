package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

func TestASessionEndsAfterOneIdleHour(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	f.pass(59 * time.Minute)
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Fatalf("after 59 minutes: %v", err)
	}
	f.pass(59 * time.Minute)
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Fatalf("it was used in between: %v", err)
	}
	f.pass(time.Hour)
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("after an idle hour: %v", err)
	}
}

func TestASessionEndsAfter24HoursHoweverBusy(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	for range 47 {
		f.pass(30 * time.Minute)
		if _, err := s.Session(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	f.pass(30 * time.Minute)
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("after 24 hours: %v", err)
	}
}

func TestUseIsWrittenAtMostEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	for range 30 {
		f.pass(30 * time.Second)
		if _, err := s.Session(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if f.touches != 3 {
		t.Errorf("%d writes in 15 minutes, want 3", f.touches)
	}
}

func TestASessionOutlivesADatabaseThatOnlyReads(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	f.pass(10 * time.Minute)
	f.down = tasks.ErrUnavailable
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Error(err)
	}
}

func TestAnUnknownTokenOpensNothing(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	_, token := signedIn(t, s)
	for _, wrong := range []string{"", "x", token[1:], strings.ToUpper(token) + "A"} {
		if _, err := s.Session(t.Context(), wrong); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("%d characters: %v", len(wrong), err)
		}
	}
}

func TestSigningOutEndsThisSessionAlone(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	_, one := signedIn(t, s)
	_, two := signedIn(t, s)
	for range 2 { // the second time there is nothing left to end
		if err := s.SignOut(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	_, errOne := s.Session(t.Context(), one)
	_, errTwo := s.Session(t.Context(), two)
	if !errors.Is(errOne, accounts.ErrNoSession) || errTwo != nil {
		t.Errorf("%v, %v", errOne, errTwo)
	}
}

func TestAnOwnerSeesAndEndsItsOwnSessionsOnly(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	first, _ := signedIn(t, s)
	f.pass(time.Minute)
	second, token := signedIn(t, s)
	all, err := s.Sessions(t.Context(), "acc-1")
	if err != nil || len(all) != 2 || all[0].ID != second.ID || all[1].ID != first.ID {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, stranger := range [][2]string{{"acc-2", second.ID}, {"", second.ID}, {"acc-1", ""}, {"acc-1", "none"}} {
		if err := s.End(t.Context(), stranger[0], stranger[1]); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("%v: %v", stranger, err)
		}
	}
	if err := s.End(t.Context(), "acc-1", second.ID); err != nil {
		t.Error(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the ended session answers %v", err)
	}
	f.pass(time.Hour)
	if all, err := s.Sessions(t.Context(), "acc-1"); err != nil || len(all) != 0 {
		t.Errorf("an idle session is listed: %+v, %v", all, err)
	}
}

func TestSigningOutEverywhereSparesOtherAccounts(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	other := f.accounts[login]
	other.AccountID = "acc-2"
	f.accounts["other@example.com"] = other
	_, mine := signedIn(t, s)
	_, theirs, err := s.SignIn(t.Context(), attempt("other@example.com", password))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SignOutEverywhere(t.Context(), "acc-1"); err != nil {
		t.Fatal(err)
	}
	_, errMine := s.Session(t.Context(), mine)
	_, errTheirs := s.Session(t.Context(), theirs)
	if !errors.Is(errMine, accounts.ErrNoSession) || errTheirs != nil {
		t.Errorf("%v, %v", errMine, errTheirs)
	}
	if err := s.SignOutEverywhere(t.Context(), ""); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("nobody's sessions: %v", err)
	}
}

func TestClosingAnAccountEndsItsSessionsAtOnce(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	closed := f.accounts[login]
	closed.Status = filing.AccountClosed
	f.accounts[login] = closed
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("got %v", err)
	}
}

func TestANewPasswordEndsAllSessions(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, token := signedIn(t, s)
	operator := tasks.Actor{Kind: tasks.ActorOperator, ID: "op-1"}
	if err := s.SetPassword(t.Context(), operator, login, "another quiet heron"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.SignIn(t.Context(), attempt(login, password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("the old password: %v", err)
	}
	if len(f.journal) != 1 || f.journal[0] != (accounts.Entry{Actor: operator, Action: "account.password", Object: "acc-1"}) {
		t.Errorf("journal %+v", f.journal)
	}
	for _, unknown := range []string{"nobody@example.com", "no mailbox"} {
		if err := s.SetPassword(t.Context(), operator, unknown, password); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("%s: %v", unknown, err)
		}
	}
}

func TestWhatABrowserSaysIsKeptShort(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	in := attempt(login, password)
	in.Client.Label = " 火狐\x00\n浏览器" + strings.Repeat("长", 200)
	session, _, err := s.SignIn(t.Context(), in)
	if err != nil || len([]rune(session.Client)) > 80 || !strings.HasPrefix(session.Client, "火狐浏览器长") {
		t.Errorf("%q, %v", session.Client, err)
	}
}
