package store

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

func saveRecovery(t *testing.T, s *Store, r tasks.Recovery) error {
	t.Helper()
	return s.Update(t.Context(), func(x tasks.Tx) error { return x.SaveRecovery(t.Context(), r) })
}

func readRecovery(t *testing.T, s *Store, id string) (r tasks.Recovery, err error) {
	t.Helper()
	err = s.View(t.Context(), func(x tasks.Tx) (err error) {
		r, err = x.Recovery(t.Context(), id)
		return err
	})
	return r, err
}

func recovery(id, account string, by tasks.Channel, at time.Time) tasks.Recovery {
	return tasks.Recovery{ID: id, AccountID: account, Channel: by, CreatedAt: at, SentAt: at, ExpiresAt: at.Add(20 * time.Minute)}
}

func TestF2_a_recovery_is_kept_and_changes_one_version_at_a_time(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := time.UnixMilli(1_780_000_000_000).UTC()
		r := recovery("r-1", "acc-1", tasks.ChannelSMS, at)
		if err := saveRecovery(t, s, r); err != nil {
			t.Fatal(err)
		}
		r.Version = 1
		got, err := readRecovery(t, s, "r-1")
		if diff := cmp.Diff(r, got); diff != "" || err != nil {
			t.Fatalf("%v %s", err, diff)
		}
		r.Tries = 1
		if err := saveRecovery(t, s, r); err != nil {
			t.Fatal(err)
		}
		if err := saveRecovery(t, s, r); !errors.Is(err, tasks.ErrConflict) { // read before the change
			t.Errorf("a stale write gave %v", err)
		}
		if _, err := readRecovery(t, s, "r-2"); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("nothing gave %v", err)
		}
	})
}

func TestF2_a_new_password_ends_the_wait_of_its_login_only(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.insert(t, "acc-2", "lisi@example.com")
		var often *tasks.TooMany
		for _, login := range []string{porterLogin, "lisi@example.com"} {
			for i := range 10 {
				in := porterAttempt(login, "wrong password")
				in.Client.Address = login + string(rune('a'+i))
				if _, _, err := p.SignIn(t.Context(), in); !errors.Is(err, accounts.ErrRefused) {
					t.Fatal(err)
				}
			}
		}
		if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, porterPassword)); !errors.As(err, &often) {
			t.Fatalf("ten wrong passwords: %v", err)
		}
		login, err := filing.ParseEmail(porterLogin)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.store.Update(t.Context(), func(x tasks.Tx) error { return x.EndWait(t.Context(), login) }); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, porterPassword)); err != nil {
			t.Error(err)
		}
		if _, _, err := p.SignIn(t.Context(), porterAttempt("lisi@example.com", porterPassword)); !errors.As(err, &often) {
			t.Errorf("somebody else's wait ended, too: %v", err)
		}
	})
}

func TestF2_voiding_ends_the_open_recoveries_of_one_account(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		at := time.UnixMilli(1_780_000_000_000).UTC()
		for _, r := range []tasks.Recovery{recovery("a", "acc-1", tasks.ChannelSMS, at), recovery("b", "acc-1", tasks.ChannelMail, at.Add(time.Second)),
			recovery("c", "acc-1", tasks.ChannelMail, at.Add(2*time.Second)), recovery("d", "acc-2", tasks.ChannelMail, at)} {
			if err := saveRecovery(t, s, r); err != nil {
				t.Fatal(err)
			}
		}
		err := s.Update(t.Context(), func(x tasks.Tx) error {
			last, err := x.LastRecovery(t.Context(), "acc-1", tasks.ChannelMail)
			if err != nil || last.ID != "c" {
				t.Errorf("the newest is %q, %v", last.ID, err)
			}
			return x.VoidRecoveries(t.Context(), "acc-1")
		})
		if err != nil {
			t.Fatal(err)
		}
		for id, open := range map[string]bool{"a": false, "b": false, "c": false, "d": true} {
			r, err := readRecovery(t, s, id)
			if err != nil || r.UsedAt.IsZero() != open {
				t.Errorf("%s is open: %t, %v", id, r.UsedAt.IsZero(), err)
			}
			if err := saveRecovery(t, s, r); !open && !errors.Is(err, tasks.ErrConflict) {
				t.Errorf("%s was used again: %v", id, err)
			}
		}
	})
}

func TestF2_a_new_password_and_the_end_of_all_sessions_commit_together(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token := p.in(t)
		hash, err := p.NewHash(t.Context(), "a loud white goose")
		if err != nil {
			t.Fatal(err)
		}
		set := func(id string, otherwise error) error {
			return p.store.Update(t.Context(), func(x tasks.Tx) error {
				if err := x.SetPassword(t.Context(), id, hash); err != nil {
					return err
				}
				return otherwise
			})
		}
		undo := errors.New("undone")
		if err := set("acc-1", undo); !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); err != nil {
			t.Errorf("the session of an undone change: %v", err)
		}
		if err := set("acc-1", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("the session: %v", err)
		}
		if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, "a loud white goose")); err != nil {
			t.Errorf("the new password: %v", err)
		}
		p.status(t, "acc-1", "closed")
		for _, id := range []string{"acc-1", "nobody"} {
			if err := set(id, nil); !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// L8: after a login reset nothing of before opens the account.
func TestTakingTheKeysLeavesPasswordSessionsAndIdentitiesUseless(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		_, token := p.in(t)
		tied := accounts.Identity{Issuer: "https://a.cn", Subject: "s-1", Email: porterLogin}
		other := accounts.Identity{Issuer: "https://a.cn", Subject: "s-2", Email: porterLogin}
		if _, _, err := p.IdentitySignIn(t.Context(), tied, accounts.Client{Address: "a"}); err != nil {
			t.Fatal(err)
		}
		take := func(id string) error {
			return p.store.Update(t.Context(), func(x tasks.Tx) error { return x.TakeKeys(t.Context(), id) })
		}
		if err := take("acc-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("the session: %v", err)
		}
		for _, password := range []string{porterPassword, ""} {
			if _, _, err := p.SignIn(t.Context(), porterAttempt(porterLogin, password)); !errors.Is(err, accounts.ErrRefused) {
				t.Errorf("a password of %d characters: %v", len(password), err)
			}
		}
		if _, _, err := p.IdentitySignIn(t.Context(), other, accounts.Client{Address: "a"}); err != nil {
			t.Errorf("the mailbox's new owner is not tied: %v", err)
		}
		if err := take("nobody"); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}

func TestAccountsAreFoundByTheirPhoneUnlessTheyAreClosed(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.insert(t, "acc-2", "lisi@example.com")
		p.insert(t, "acc-3", "wangwu@example.com")
		phone, err := filing.ParsePhone("13800138001")
		if err != nil {
			t.Fatal(err)
		}
		mustRun(t, p.store, `UPDATE accounts SET phone_index = $1 WHERE id <> 'acc-1'`, p.store.vault.Index("phone", phone.Reveal()))
		p.status(t, "acc-3", "closed")
		err = p.store.View(t.Context(), func(x tasks.Tx) error {
			ids, err := x.AccountsOf(t.Context(), phone, 2)
			if diff := cmp.Diff([]string{"acc-2"}, ids); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A message without a job is kept, dies and is shown like any other.
func TestAMessageWithoutAJobCanBeADeadLetter(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mail, err := filing.ParseEmail("zhangsan@example.com")
		if err != nil {
			t.Fatal(err)
		}
		n := tasks.Notice{ID: "n-1", JobID: "acc-1", Channel: tasks.ChannelMail, Template: tasks.TemplateRecovery, Email: mail,
			Lang: "en", State: tasks.NoticeWaiting, Params: map[string]string{"recovery": "r-1"}}
		err = s.Update(t.Context(), func(x tasks.Tx) error {
			if err := x.AddNotices(t.Context(), n); err != nil {
				return err
			}
			return x.Post(t.Context(), tasks.Task{ID: "notice.n1.send", Queue: tasks.QueueNotify, Type: "notice:send", Ref: "n-1"})
		})
		if err != nil {
			t.Fatal(err)
		}
		c := claim(t, s, first("notice.n1.send"), time.Minute)
		err = s.Update(t.Context(), func(x tasks.Tx) error {
			got, err := x.Notice(t.Context(), "n-1")
			if err != nil || !got.Email.Equal(mail) || got.Params["recovery"] != "r-1" {
				t.Errorf("read back %v, %v", got.Params, err)
			}
			return x.Postpone(t.Context(), c, tasks.Postponed{Reason: "internal error", Dead: true})
		})
		if err != nil {
			t.Fatal(err)
		}
		dead, err := s.DeadIn(t.Context(), DeadGroup{Queue: tasks.QueueNotify, Type: "notice:send", Reason: "internal error"}, "", 10)
		if err != nil || len(dead) != 1 || dead[0].Receipt != "" || dead[0].Ref != "n-1" {
			t.Errorf("dead letters %+v, %v", dead, err)
		}
		live, err := s.LiveTasks(t.Context(), []string{"notice.n1.send"})
		if err != nil || len(live) != 1 || live[0].JobKind != "" || live[0].Type != "notice:send" {
			t.Errorf("live tasks %+v, %v", live, err)
		}
		if err := s.Redrive(t.Context(), "notice.n1.send", AuditEntry{Actor: tasks.System(), Reason: "test"}); err != nil {
			t.Error(err)
		}
	})
}
