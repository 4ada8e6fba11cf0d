package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

// porter is an accounts.Service on a real database with one account.
type porter struct {
	*accounts.Service
	store *Store
}

const (
	porterLogin    = "zhangsan@example.com"
	porterPassword = "a quiet grey heron"
)

// withPorter runs a test on every engine.
func withPorter(t *testing.T, test func(t *testing.T, p porter)) {
	t.Helper()
	forEachEngine(t, func(t *testing.T, s *Store) { test(t, newPorter(t, s)) })
}

func newPorter(t *testing.T, s *Store) porter {
	t.Helper()
	cheap := accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}
	p := porter{Service: accounts.New(accounts.Parts{Store: s.Accounts(), Random: &porterIDs{}, Cost: cheap}), store: s}
	p.insert(t, "acc-1", porterLogin)
	if err := p.SetPassword(t.Context(), tasks.System(), porterLogin, porterPassword); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p porter) insert(t *testing.T, id, login string) {
	t.Helper()
	err := p.store.update(t.Context(), func(tx *tx) error {
		sealed, err := tx.seal("accounts.login", id, login)
		if err != nil {
			return err
		}
		_, err = tx.q.exec(t.Context(), `INSERT INTO accounts (id, external_id, site, status, login_sealed, login_index, created_at, updated_at)
		  VALUES ($1, $2, 'china', 'active', $3, $4, $5, $5)`, id, "ext-"+id, sealed, tx.s.vault.Index("login", login), millis(tx.Now()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p porter) status(t *testing.T, id, status string) {
	t.Helper()
	mustRun(t, p.store, `UPDATE accounts SET status = $1 WHERE id = $2`, status, id)
}

// pass makes everything older, which is the same as time passing and works with
// PostgreSQL's own clock too.
func (p porter) pass(t *testing.T, d time.Duration) {
	t.Helper()
	mustRun(t, p.store, `UPDATE sessions SET created_at = created_at - $1, seen_at = seen_at - $1, expires_at = expires_at - $1`, d.Milliseconds())
	mustRun(t, p.store, `UPDATE limits SET free_at = free_at - $1`, d.Milliseconds())
}

func (p porter) in(t *testing.T) (accounts.Session, string) {
	t.Helper()
	session, token, err := p.SignIn(t.Context(), porterAttempt(porterLogin, porterPassword))
	if err != nil {
		t.Fatal(err)
	}
	return session, token
}

func porterAttempt(login, password string) accounts.SignIn {
	return accounts.SignIn{Login: login, Password: password, Client: accounts.Client{Address: "203.0.113.9", Label: "Firefox, 203.0.113.*"}}
}

type porterIDs struct{ n atomic.Int64 }

func (i *porterIDs) ID() string { return fmt.Sprintf("id-%03d", i.n.Add(1)) }

func (i *porterIDs) Receipt(letters string) (string, error) { return letters + i.ID(), nil }

func TestASessionIsReadBackWithItsOwner(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		session, token := p.in(t)
		want := accounts.Session{ID: session.ID, AccountID: "acc-1", Name: "zha***@example.com", Client: "Firefox, 203.0.113.*",
			CreatedAt: session.CreatedAt, SeenAt: session.CreatedAt, ExpiresAt: session.CreatedAt.Add(24 * time.Hour)}
		read, err := p.Session(t.Context(), token)
		if diff := cmp.Diff(want, session); diff != "" || err != nil || read != session {
			t.Errorf("%v, read back %+v\n%s", err, read, diff)
		}
		p.status(t, "acc-1", "frozen")
		if read, err := p.Session(t.Context(), token); err != nil || !read.Frozen {
			t.Errorf("frozen: %+v, %v", read, err)
		}
		p.status(t, "acc-1", "closed")
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("closed: %v", err)
		}
		if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, porterPassword)); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("signing in to a closed account: %v", err)
		}
	})
}

func TestWrongTriesAreCountedAndForgottenInTheDatabase(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		for _, login := range []string{porterLogin, "nobody@example.com"} {
			for i := range 10 {
				if _, _, err := p.SignIn(t.Context(), porterAttempt(login, "wrong")); !errors.Is(err, accounts.ErrRefused) {
					t.Fatalf("try %d on %s: %v", i+1, login, err)
				}
			}
			_, _, err := p.SignIn(t.Context(), porterAttempt(login, porterPassword))
			var often *tasks.TooMany
			if !errors.As(err, &often) || often.After > 30*time.Second || often.After < time.Second {
				t.Fatalf("try 11 on %s: %v", login, err)
			}
		}
		p.pass(t, 31*time.Second)
		p.in(t)
		for i := range 7 { // the success gave all tries back; the address has few left
			if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, "wrong")); !errors.Is(err, accounts.ErrRefused) {
				t.Fatalf("try %d after a success: %v", i+1, err)
			}
		}
	})
}

func TestIdleAndOldSessionsEndByDatabaseTime(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token := p.in(t)
		for range 25 {
			p.pass(t, 55*time.Minute)
			if _, err := p.Session(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		p.pass(t, time.Hour+5*time.Minute)
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("after 24 hours: %v", err)
		}
		_, token = p.in(t)
		p.pass(t, time.Hour)
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("after an idle hour: %v", err)
		}
	})
}

func TestAnOwnerListsAndEndsItsSessionsInTheDatabase(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.insert(t, "acc-2", "lisi@example.com")
		if err := p.SetPassword(t.Context(), tasks.System(), "lisi@example.com", porterPassword); err != nil {
			t.Fatal(err)
		}
		_, theirs, err := p.SignIn(t.Context(), porterAttempt("lisi@example.com", porterPassword))
		if err != nil {
			t.Fatal(err)
		}
		one, _ := p.in(t)
		two, token := p.in(t)
		if all, err := p.Sessions(t.Context(), "acc-1"); err != nil || len(all) != 2 {
			t.Errorf("%+v, %v", all, err)
		}
		if err := p.End(t.Context(), "acc-2", one.ID); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		if err := p.End(t.Context(), "acc-1", one.ID); err != nil {
			t.Error(err)
		}
		if all, err := p.Sessions(t.Context(), "acc-1"); err != nil || len(all) != 1 || all[0].ID != two.ID {
			t.Errorf("%+v, %v", all, err)
		}
		if err := p.SignOutEverywhere(t.Context(), "acc-1"); err != nil {
			t.Error(err)
		}
		_, mine := p.Session(t.Context(), token)
		_, other := p.Session(t.Context(), theirs)
		if !errors.Is(mine, accounts.ErrNoSession) || other != nil {
			t.Errorf("%v, %v", mine, other)
		}
		if err := p.SignOut(t.Context(), theirs); err != nil {
			t.Error(err)
		}
		if _, err := p.Session(t.Context(), theirs); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("after signing out: %v", err)
		}
	})
}

func TestEndingSessionsWithoutSayingWhichEndsNone(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token := p.in(t)
		err := p.store.Accounts().Update(t.Context(), func(tx accounts.Tx) error {
			_, err := tx.EndSessions(t.Context(), accounts.Ending{})
			return err
		})
		if err == nil {
			t.Error("no error")
		}
		if _, err := p.Session(t.Context(), token); err != nil {
			t.Error(err)
		}
	})
}

func TestStaffChangesAreRowsOfTheJournal(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		operator := tasks.Actor{Kind: tasks.ActorOperator, ID: "op-1"}
		m, err := p.AddStaff(t.Context(), operator, accounts.NewStaff{Login: "wang.fang", Name: "王芳", Role: tasks.ActorReviewer, Password: porterPassword})
		if err != nil {
			t.Fatal(err)
		}
		session, token, err := p.StaffSignIn(t.Context(), porterAttempt("wang.fang", porterPassword))
		if err != nil || session.StaffID != m.ID || session.Name != "王芳" || session.Role != tasks.ActorReviewer {
			t.Fatalf("%+v, %v", session, err)
		}
		if err := p.SetRole(t.Context(), operator, "wang.fang", tasks.ActorAuditor); err != nil {
			t.Fatal(err)
		}
		if session, err := p.Session(t.Context(), token); err != nil || session.Role != tasks.ActorAuditor {
			t.Errorf("%+v, %v", session, err)
		}
		if err := p.DisableStaff(t.Context(), operator, "wang.fang"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("disabled: %v", err)
		}
		all, err := p.Staff(t.Context())
		if err != nil || len(all) != 1 || all[0].DisabledAt.IsZero() || all[0].Role != tasks.ActorAuditor || all[0].CreatedAt.IsZero() {
			t.Errorf("%d members, %v", len(all), err)
		}
		if diff := cmp.Diff([]string{"account.password acc-1 ", "staff.add " + m.ID + " as reviewer", "staff.sign_in " + m.ID + " ",
			"staff.role " + m.ID + " reviewer to auditor", "staff.disable " + m.ID + " "}, p.journal(t)); diff != "" {
			t.Error(diff)
		}
	})
}

// journal lists action, object and reason, oldest first.
func (p porter) journal(t *testing.T) []string {
	t.Helper()
	entries, err := p.store.AuditEntries(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := len(entries) - 1; i >= 0; i-- {
		out = append(out, strings.Join([]string{entries[i].Action, entries[i].Object, entries[i].Reason}, " "))
	}
	return out
}

func TestOneStaffLoginIsGivenOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		var all sync.WaitGroup
		var given, taken atomic.Int64
		for range 8 {
			all.Go(func() {
				_, err := p.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "li.si", Name: "李四", Role: tasks.ActorAuditor, Password: porterPassword})
				var invalid *tasks.Invalid
				switch {
				case err == nil:
					given.Add(1)
				case errors.As(err, &invalid):
					taken.Add(1)
				case !errors.Is(err, tasks.ErrConflict):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if staff, err := p.Staff(t.Context()); err != nil || len(staff) != 1 || given.Load() != 1 {
			t.Errorf("%d members, given %d, taken %d, %v", len(staff), given.Load(), taken.Load(), err)
		}
	})
}

func TestNoSessionOutlivesThePasswordItBeganWith(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		for round := range 20 {
			old, next := fmt.Sprintf("a quiet grey heron %d", round), fmt.Sprintf("a quiet grey heron %d", round+1)
			if err := p.SetPassword(t.Context(), tasks.System(), porterLogin, old); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			var token string
			all.Go(func() {
				in := porterAttempt(porterLogin, old)
				in.Client.Address = fmt.Sprint(round)
				_, token, _ = p.SignIn(t.Context(), in) // admitted before the change or refused after it
			})
			all.Go(func() {
				if err := p.SetPassword(t.Context(), tasks.System(), porterLogin, next); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}

func TestSessionsAndTriesShowNothingPersonalInTheDatabase(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token := p.in(t)
		if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, "wrong password")); !errors.Is(err, accounts.ErrRefused) {
			t.Fatal(err)
		}
		dump := p.dump(t, `SELECT id || token_hash || account_id FROM sessions`) + p.dump(t, `SELECT name || key FROM limits`)
		for _, planted := range []string{token, porterLogin, "203.0.113.9", "zhangsan"} {
			if strings.Contains(dump, planted) {
				t.Errorf("found %s in the database", planted)
			}
		}
	})
}

func (p porter) dump(t *testing.T, text string) string {
	t.Helper()
	var all strings.Builder
	err := p.store.view(t.Context(), func(tx *tx) error {
		return tx.each(t.Context(), func(scan func(...any) error) error {
			var line string
			err := scan(&line)
			all.WriteString(line + "\n")
			return err
		}, text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
