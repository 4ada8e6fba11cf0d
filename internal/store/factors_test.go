package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func TestASecondFactorIsSealedAndChangesOneVersionAtATime(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		m, err := p.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "wang.fang", Name: "王芳", Role: tasks.ActorReviewer, Password: porterPassword})
		if err != nil {
			t.Fatal(err)
		}
		save := func(f accounts.Factor) error {
			return p.store.Accounts().Update(t.Context(), func(tx accounts.Tx) error { return tx.SaveFactor(t.Context(), f) })
		}
		f := accounts.Factor{StaffID: m.ID, Secret: []byte("12345678901234567890"), Codes: []string{"a", "b"}}
		if err := save(f); err != nil {
			t.Fatal(err)
		}
		if err := save(f); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("two at once: %v", err)
		}
		f.Version, f.Step, f.Confirmed, f.Codes = 1, 7, true, nil
		if err := save(f); err != nil {
			t.Fatal(err)
		}
		err = p.store.Accounts().Update(t.Context(), func(tx accounts.Tx) error {
			got, err := tx.Factor(t.Context(), m.ID)
			f.Version, f.Codes = 2, []string{}
			if diff := cmp.Diff(f, got); diff != "" || err != nil {
				t.Errorf("%v: the factor differs: %d codes, version %d", err, len(got.Codes), got.Version)
			}
			return tx.DropFactor(t.Context(), m.ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, p.store, `SELECT count(*) FROM staff_factors`); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}

func TestAPendingSessionIsKeptAsSuch(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		p := accounts.New(accounts.Parts{Store: s.Accounts(), Random: &porterIDs{}, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1},
			StaffFactor: accounts.FactorRequired})
		if _, err := p.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "wang.fang", Name: "王芳", Role: tasks.ActorReviewer, Password: porterPassword}); err != nil {
			t.Fatal(err)
		}
		session, token, err := p.StaffSignIn(t.Context(), porterAttempt("wang.fang", porterPassword))
		if err != nil || session.Pending != accounts.PendingEnrol || session.Login != "wang.fang" {
			t.Fatalf("%+v, %v", session, err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("it opens: %v", err)
		}
		if e, err := p.StaffEnrolment(t.Context(), token); err != nil || len(e.Secret) != 32 {
			t.Errorf("enrolment: %v", err)
		}
	})
}
