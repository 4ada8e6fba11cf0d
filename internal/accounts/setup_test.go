package accounts_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func TestAnInvitedMemberSetsAPasswordThatNobodyElseKnew(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	l, err := s.InviteStaff(t.Context(), operator(), accounts.NewStaff{Login: " Li.Si ", Name: "李四", Role: tasks.ActorAuditor})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt("li.si", "")); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("signing in before the set-up gave %v", err)
	}
	if m, err := s.SetUp(t.Context(), l.Token); err != nil || m.Login != "li.si" {
		t.Fatalf("%v, %v", m, err)
	}
	if err := s.FinishSetUp(t.Context(), l.Token, "short", accounts.Client{Address: "a"}); err == nil || errors.Is(err, tasks.ErrGone) {
		t.Fatalf("a weak password gave %v", err)
	}
	if err := s.FinishSetUp(t.Context(), l.Token, password, accounts.Client{Address: "a"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt("li.si", password)); err != nil {
		t.Error(err)
	}
	if err := s.FinishSetUp(t.Context(), l.Token, password, accounts.Client{Address: "a"}); !errors.Is(err, tasks.ErrGone) {
		t.Errorf("a used link gave %v", err)
	}
	themself := tasks.Actor{Kind: tasks.ActorAuditor, ID: l.Member.ID}
	want := []accounts.Entry{{Actor: operator(), Action: "staff.add", Object: l.Member.ID, Reason: "as auditor"},
		{Actor: themself, Action: "staff.password", Object: l.Member.ID, Reason: "by the set-up link"},
		{Actor: themself, Action: "staff.sign_in", Object: l.Member.ID}}
	if diff := cmp.Diff(want, f.journal); diff != "" {
		t.Error(diff)
	}
	if shown := fmt.Sprintf("%+v %#v", l, l); strings.Contains(shown, l.Token) {
		t.Error("printing a link shows it")
	}
}

func TestASetUpLinkIsOverAfterThreeDaysOrWithItsMember(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	l, err := s.RenewSetUp(t.Context(), operator(), m.Login)
	if err != nil {
		t.Fatal(err)
	}
	f.pass(72*time.Hour - time.Second)
	if _, err := s.SetUp(t.Context(), l.Token); err != nil {
		t.Fatal(err)
	}
	f.pass(time.Second)
	if _, err := s.SetUp(t.Context(), l.Token); !errors.Is(err, tasks.ErrGone) {
		t.Errorf("after three days: %v", err)
	}
	l, err = s.RenewSetUp(t.Context(), operator(), m.Login)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DisableStaff(t.Context(), operator(), m.Login); err != nil {
		t.Fatal(err)
	}
	if err := s.EnableStaff(t.Context(), operator(), m.Login); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetUp(t.Context(), l.Token); !errors.Is(err, tasks.ErrGone) {
		t.Errorf("a link from before: %v", err)
	}
}

func TestANewLinkVoidsThePasswordTheOldLinkAndTheSessions(t *testing.T) {
	t.Parallel()
	s, _, m := staffed(t)
	_, token, err := s.StaffSignIn(t.Context(), attempt(m.Login, password))
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.RenewSetUp(t.Context(), operator(), m.Login)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RenewSetUp(t.Context(), operator(), m.Login); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetUp(t.Context(), first.Token); !errors.Is(err, tasks.ErrGone) {
		t.Errorf("the older link: %v", err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the session: %v", err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt(m.Login, password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("the old password: %v", err)
	}
}

func TestNobodyChangesThemselves(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	myself := tasks.Actor{Kind: tasks.ActorOperator, ID: m.ID}
	_, renewed := s.RenewSetUp(t.Context(), myself, m.Login)
	for name, err := range map[string]error{"role": s.SetRole(t.Context(), myself, m.Login, tasks.ActorOperator), "disable": s.DisableStaff(t.Context(), myself, m.Login),
		"factor": s.DropFactor(t.Context(), myself, m.Login), "sessions": s.EndStaffSessions(t.Context(), myself, m.Login), "link": renewed} {
		if err == nil || !strings.Contains(err.Error(), accounts.CodeStaffSelf) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.journal) != 1 {
		t.Errorf("journal %+v", f.journal)
	}
}
