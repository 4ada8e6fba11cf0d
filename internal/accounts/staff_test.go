package accounts_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func wang() accounts.NewStaff {
	return accounts.NewStaff{Login: " Wang.Fang ", Name: " 王芳 ", Role: tasks.ActorReviewer, Password: password}
}

func operator() tasks.Actor { return tasks.Actor{Kind: tasks.ActorOperator, ID: "op-1"} }

// staffed is an office with one reviewer.
func staffed(t *testing.T) (*accounts.Service, *fake, accounts.Member) {
	t.Helper()
	s, f := office(t)
	m, err := s.AddStaff(t.Context(), operator(), wang())
	if err != nil {
		t.Fatal(err)
	}
	return s, f, m
}

func TestAMemberOfStaffSignsInByLoginAndIsInTheJournal(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	session, token, err := s.StaffSignIn(t.Context(), attempt("WANG.fang", password))
	if err != nil {
		t.Fatal(err)
	}
	if session.StaffID != m.ID || session.AccountID != "" || session.Name != "王芳" || session.Role != tasks.ActorReviewer || token == "" {
		t.Errorf("%+v", session)
	}
	want := []accounts.Entry{
		{Actor: operator(), Action: "staff.add", Object: m.ID, Reason: "as reviewer"},
		{Actor: tasks.Actor{Kind: tasks.ActorReviewer, ID: m.ID}, Action: "staff.sign_in", Object: m.ID},
	}
	if diff := cmp.Diff(want, f.journal); diff != "" {
		t.Error(diff)
	}
}

func TestStaffAndApplicantsUseDifferentDoors(t *testing.T) {
	t.Parallel()
	s, _, _ := staffed(t)
	if _, _, err := s.SignIn(t.Context(), attempt("wang.fang", password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("staff at the applicants' door: %v", err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt(login, password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("an applicant at the staff's door: %v", err)
	}
}

func TestEveryFaultOfANewMemberComesAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	_, err := s.AddStaff(t.Context(), operator(), accounts.NewStaff{Login: "a b", Role: tasks.ActorSystem, Password: "short"})
	var invalid *tasks.Invalid
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	want := "invalid: login STAFF_LOGIN_INVALID, name STAFF_NAME_INVALID, role STAFF_ROLE_INVALID, password PASSWORD_SHORT"
	if invalid.Error() != want {
		t.Errorf("got %s", invalid)
	}
}

func TestALoginIsGivenOnce(t *testing.T) {
	t.Parallel()
	s, _, _ := staffed(t)
	_, err := s.AddStaff(t.Context(), operator(), wang())
	if err == nil || !strings.Contains(err.Error(), accounts.CodeStaffTaken) {
		t.Errorf("got %v", err)
	}
}

func TestANewRoleCountsFromTheNextRequest(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	_, token, err := s.StaffSignIn(t.Context(), attempt(m.Login, password))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing and is not in the journal
		if err := s.SetRole(t.Context(), operator(), "Wang.Fang", tasks.ActorSupervisor); err != nil {
			t.Fatal(err)
		}
	}
	if session, err := s.Session(t.Context(), token); err != nil || session.Role != tasks.ActorSupervisor {
		t.Errorf("%+v, %v", session, err)
	}
	want := accounts.Entry{Actor: operator(), Action: "staff.role", Object: m.ID, Reason: "reviewer to supervisor"}
	if len(f.journal) != 3 || f.journal[2] != want {
		t.Errorf("journal %+v", f.journal)
	}
	if err := s.SetRole(t.Context(), operator(), m.Login, "king"); err == nil {
		t.Error("an unknown role was given")
	}
	if err := s.SetRole(t.Context(), operator(), "nobody", tasks.ActorAuditor); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

func TestADisabledMemberIsOutAtOnce(t *testing.T) {
	t.Parallel()
	s, f, m := staffed(t)
	_, token, err := s.StaffSignIn(t.Context(), attempt(m.Login, password))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.DisableStaff(t.Context(), operator(), m.Login); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the session answers %v", err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt(m.Login, password)); !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("signing in gave %v", err)
	}
	if n := len(f.journal); n != 3 || f.journal[2].Action != "staff.disable" {
		t.Errorf("journal %+v", f.journal)
	}
	all, err := s.Staff(t.Context())
	if err != nil || len(all) != 1 || !all[0].DisabledAt.Equal(f.now) {
		t.Errorf("%d members, %v", len(all), err)
	}
}

func TestANewStaffPasswordEndsTheirSessions(t *testing.T) {
	t.Parallel()
	s, _, m := staffed(t)
	_, token, err := s.StaffSignIn(t.Context(), attempt(m.Login, password))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetStaffPassword(t.Context(), operator(), m.Login, "short"); err == nil {
		t.Error("a short password was taken")
	}
	if err := s.SetStaffPassword(t.Context(), operator(), m.Login, "another quiet heron"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
		t.Errorf("the session answers %v", err)
	}
	if _, _, err := s.StaffSignIn(t.Context(), attempt(m.Login, "another quiet heron")); err != nil {
		t.Error(err)
	}
}

func TestNoPrintShowsAHashOrAPassword(t *testing.T) {
	t.Parallel()
	_, f, _ := staffed(t)
	m := f.members["wang.fang"]
	encoded, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprintf("%+v", m), fmt.Sprintf("%#v", []accounts.Member{m}), fmt.Sprintf("%v", &m), string(encoded),
		fmt.Sprintf("%+v", wang())} {
		if strings.Contains(text, "argon2id") || strings.Contains(text, password) {
			t.Errorf("printed %s", text)
		}
	}
}
