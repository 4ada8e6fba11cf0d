package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

func identity(subject, name, mail string) accounts.Identity {
	return accounts.Identity{Issuer: "https://a.cn", Subject: subject, Name: name, Email: mail}
}

func TestS1_an_identity_opens_the_account_of_its_verified_mailbox(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	session, token, err := s.IdentitySignIn(t.Context(), identity("s-1", "", "ZhangSan@example.com"), client())
	if err != nil || session.AccountID != "acc-1" {
		t.Fatalf("%+v, %v", session, err)
	}
	if _, err := s.Session(t.Context(), token); err != nil {
		t.Error(err)
	}
	for name, who := range map[string]accounts.Identity{"an unknown mailbox": identity("s-2", "", "lisi@example.com"), "no mailbox": identity("s-3", "", "")} {
		if _, _, err := s.IdentitySignIn(t.Context(), who, client()); !errors.Is(err, accounts.ErrStranger) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestS1_an_external_id_wins_over_a_mailbox(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	f.accounts["lisi@example.com"] = accounts.Credential{AccountID: "acc-2", Status: filing.AccountActive}
	f.external["A2"] = "lisi@example.com"
	session, _, err := s.IdentitySignIn(t.Context(), identity("s-1", "A2", login), client())
	if err != nil || session.AccountID != "acc-2" {
		t.Errorf("%+v, %v", session, err)
	}
	if _, _, err := s.IdentitySignIn(t.Context(), identity("s-2", "A3", login), client()); !errors.Is(err, accounts.ErrStranger) {
		t.Errorf("an unknown id fell back to the mailbox: %v", err)
	}
	f.accounts["lisi@example.com"] = accounts.Credential{AccountID: "acc-2", Status: filing.AccountClosed}
	if _, _, err := s.IdentitySignIn(t.Context(), identity("s-1", "A2", ""), client()); !errors.Is(err, accounts.ErrStranger) {
		t.Errorf("a closed account: %v", err)
	}
}

// ASVS 6.8.1: names and mailboxes are given to others, subjects are not.
func TestAnIdentityIsTiedToItsFirstOwnerForGood(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	f.accounts["lisi@example.com"] = accounts.Credential{AccountID: "acc-2", Status: filing.AccountActive}
	open := func(who accounts.Identity, want error) {
		t.Helper()
		if _, _, err := s.IdentitySignIn(t.Context(), who, client()); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	open(identity("s-1", "", login), nil)
	open(identity("s-1", "", login), nil)
	open(identity("s-2", "", login), accounts.ErrStranger)              // another person got the mailbox
	open(identity("s-1", "", "lisi@example.com"), accounts.ErrStranger) // the person got another mailbox
	open(identity("s-2", "", "lisi@example.com"), nil)
	if err := s.UnlinkAccount(t.Context(), operator(), login); err != nil {
		t.Fatal(err)
	}
	open(identity("s-3", "", login), nil)
	if err := s.UnlinkAccount(t.Context(), operator(), "nobody@example.com"); !errors.Is(err, tasks.ErrNotFound) {
		t.Error(err)
	}

	staff := func(subject string, want error) {
		t.Helper()
		if _, _, err := s.StaffIdentitySignIn(t.Context(), identity(subject, "Wang.Fang", ""), client()); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	staff("s-8", nil)
	staff("s-9", accounts.ErrStranger)
	if err := s.UnlinkStaff(t.Context(), operator(), m.Login); err != nil {
		t.Fatal(err)
	}
	staff("s-9", nil)
	if err := s.UnlinkStaff(t.Context(), operator(), "nobody"); !errors.Is(err, tasks.ErrNotFound) {
		t.Error(err)
	}
}

func TestStaffKeepTheirRoleAndDisabledOnesStayOut(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	session, _, err := s.StaffIdentitySignIn(t.Context(), identity("s-1", "wang.fang", ""), client())
	if err != nil || session.Role != tasks.ActorReviewer || session.Pending != "" {
		t.Fatalf("%+v, %v", session, err)
	}
	last := f.journal[len(f.journal)-1]
	if last.Action != "staff.sign_in" || last.Reason != "by openid connect" || last.Object != m.ID {
		t.Errorf("journal %+v", last)
	}
	if err := s.DisableStaff(t.Context(), operator(), m.Login); err != nil {
		t.Fatal(err)
	}
	for _, who := range []accounts.Identity{identity("s-1", "wang.fang", ""), identity("s-2", "nobody", ""), identity("s-3", "", login)} {
		if _, _, err := s.StaffIdentitySignIn(t.Context(), who, client()); !errors.Is(err, accounts.ErrStranger) {
			t.Errorf("%v", err)
		}
	}
	if printed := fmt.Sprintf("%+v", identity("s-1", "wang.fang", login)); strings.Contains(printed, "wang") {
		t.Errorf("printed %s", printed)
	}
}
