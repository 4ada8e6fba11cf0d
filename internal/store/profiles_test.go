package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func (p porter) hire(t *testing.T, login string, role tasks.ActorKind) accounts.Member {
	t.Helper()
	m, err := p.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: login, Name: login, Role: role, Password: porterPassword})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func faultOf(err error) string {
	var invalid *tasks.Invalid
	if !errors.As(err, &invalid) {
		return ""
	}
	return invalid.Faults[0].Code
}

// V4: somebody is always left who can run the machine and who can decide; two who
// disable each other at the same moment don't both succeed.
func TestV4_TheLastOfARoleStaysHoweverManyAct(t *testing.T) {
	t.Parallel()
	for _, role := range []tasks.ActorKind{tasks.ActorOperator, tasks.ActorSupervisor} {
		withPorter(t, func(t *testing.T, p porter) {
			for round := range 5 {
				one, two := p.hire(t, "one."+string(rune('a'+round)), role), p.hire(t, "two."+string(rune('a'+round)), role)
				var all sync.WaitGroup
				var results [2]error
				all.Go(func() {
					results[0] = p.DisableStaff(t.Context(), tasks.Actor{Kind: tasks.ActorOperator, ID: one.ID}, two.Login)
				})
				all.Go(func() {
					results[1] = p.SetRole(t.Context(), tasks.Actor{Kind: tasks.ActorOperator, ID: two.ID}, one.Login, tasks.ActorReviewer)
				})
				all.Wait()
				if (results[0] == nil) == (results[1] == nil) || faultOf(errors.Join(results[0], results[1])) != accounts.CodeStaffLast {
					t.Fatalf("round %d: %v and %v", round, results[0], results[1])
				}
				// The next round begins without the one who is left.
				mustRun(t, p.store, `UPDATE staff SET disabled_at = 1`)
			}
		})
	}
}

func TestV4_TwoOperatorsWhoVoidEachOthersPasswordsLeaveOne(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		one, two := p.hire(t, "one", tasks.ActorOperator), p.hire(t, "two", tasks.ActorOperator)
		boss := p.hire(t, "boss", tasks.ActorSupervisor)
		var all sync.WaitGroup
		var results [2]error
		all.Go(func() {
			_, results[0] = p.RenewSetUp(t.Context(), tasks.Actor{Kind: tasks.ActorOperator, ID: one.ID}, two.Login)
		})
		all.Go(func() {
			_, results[1] = p.RenewSetUp(t.Context(), tasks.Actor{Kind: tasks.ActorOperator, ID: two.ID}, one.Login)
		})
		all.Wait()
		if (results[0] == nil) == (results[1] == nil) || faultOf(errors.Join(results[0], results[1])) != accounts.CodeStaffLast {
			t.Errorf("%v and %v", results[0], results[1])
		}
		if _, err := p.RenewSetUp(t.Context(), tasks.System(), boss.Login); err != nil {
			t.Errorf("the only supervisor forgot the password: %v", err)
		}
	})
}

func TestV4_WhoCanNotSignInKeepsNobodyFromBeingTheLast(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.hire(t, "operator", tasks.ActorOperator)
		if _, err := p.InviteStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "invited", Name: "n", Role: tasks.ActorOperator}); err != nil {
			t.Fatal(err)
		}
		if err := p.DisableStaff(t.Context(), tasks.System(), "operator"); faultOf(err) != accounts.CodeStaffLast {
			t.Fatalf("nobody is left who can sign in: %v", err)
		}
		if _, _, err := p.StaffIdentitySignIn(t.Context(), accounts.Identity{Issuer: "https://idp", Subject: "s1", Name: "invited"}, accounts.Client{Address: "a"}); err != nil {
			t.Fatal(err)
		}
		if err := p.DisableStaff(t.Context(), tasks.System(), "operator"); err != nil {
			t.Errorf("the invited one signs in elsewhere: %v", err)
		}
	})
}

func TestAProfileTellsWhatOpensTheDoor(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		m := p.hire(t, "wang.fang", tasks.ActorReviewer)
		_, token, err := p.StaffSignIn(t.Context(), porterAttempt("wang.fang", porterPassword))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.EnrolStaff(t.Context(), tasks.System(), "wang.fang"); err != nil { // ends the session
			t.Fatal(err)
		}
		if _, _, err := p.StaffIdentitySignIn(t.Context(), accounts.Identity{Issuer: "https://idp", Subject: "s1", Name: "wang.fang"}, accounts.Client{Address: "a"}); err != nil {
			t.Fatal(err)
		}
		p.pass(t, 10*time.Minute) // sessions, not the time of the last sign-in
		l, err := p.InviteStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "li.si", Name: "李四", Role: tasks.ActorAuditor})
		if err != nil {
			t.Fatal(err)
		}
		all, err := p.Profiles(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatalf("%d, %v", len(all), err)
		}
		type shown struct {
			Login                        string
			Password, Factor, Elsewhere  bool
			Sessions                     int
			SignedIn, HasLink, SameUntil bool
		}
		var got []shown
		for _, one := range all {
			got = append(got, shown{one.Login, one.HasPassword, one.Factor, one.Elsewhere, one.Sessions, !one.SignedInAt.IsZero(),
				!one.SetUpUntil.IsZero(), one.SetUpUntil.Equal(l.Until)})
		}
		want := []shown{{"li.si", false, false, false, 0, false, true, true}, {"wang.fang", true, true, true, 1, true, false, false}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if err := p.EndStaffSessions(t.Context(), tasks.System(), m.Login); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("a session lives on: %v", err)
		}
	})
}

func TestALinkUsedWhileItsMemberIsStoppedLeavesThemStopped(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		for round := range 10 {
			login := "member." + string(rune('a'+round))
			l, err := p.InviteStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: login, Name: "n", Role: tasks.ActorReviewer})
			if err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			all.Go(func() {
				err := p.FinishSetUp(t.Context(), l.Token, porterPassword, accounts.Client{Address: login})
				if err != nil && !errors.Is(err, tasks.ErrGone) {
					t.Error(err)
				}
			})
			all.Go(func() {
				if err := p.DisableStaff(t.Context(), tasks.System(), login); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			if _, _, err := p.StaffSignIn(t.Context(), porterAttempt(login, porterPassword)); !errors.Is(err, accounts.ErrRefused) {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}

func TestASetUpLinkWorksOnceHoweverManyUseIt(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		l, err := p.InviteStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "li.si", Name: "李四", Role: tasks.ActorAuditor})
		if err != nil {
			t.Fatal(err)
		}
		if found := p.dump(t, `SELECT token_hash FROM staff_setups`); found == "" || found == l.Token+"\n" {
			t.Errorf("the table holds %q", found)
		}
		var all sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			all.Go(func() {
				results[i] = p.FinishSetUp(t.Context(), l.Token, porterPassword+string(rune('a'+i)), accounts.Client{Address: "a"})
			})
		}
		all.Wait()
		done := -1
		for i, err := range results {
			switch {
			case err == nil && done < 0:
				done = i
			case !errors.Is(err, tasks.ErrGone):
				t.Errorf("the link gave %v as well", err)
			}
		}
		if done < 0 {
			t.Fatal("nobody could use the link")
		}
		if _, _, err := p.StaffSignIn(t.Context(), porterAttempt("li.si", porterPassword+string(rune('a'+done)))); err != nil {
			t.Error(err)
		}
	})
}
