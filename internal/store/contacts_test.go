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

func TestL1ASubjectIsFoundWhenAllFactsAgreeAndOnlyThen(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		citizens(t, s, 2)
		base := func(n int) tasks.FilingFacts {
			d := told(t, n)
			return tasks.FilingFacts{Name: d.SubjectName, Certificate: d.Certificate, ICPNumber: d.ICPNumber}
		}
		domain := must(t, filing.ParseDomain, "w0-1.example.com")
		for name, c := range map[string]struct {
			change func(f *tasks.FilingFacts)
			found  bool
		}{
			"as filed":                  {func(*tasks.FilingFacts) {}, true},
			"name typed otherwise":      {func(f *tasks.FilingFacts) { f.Name = " 王 小明" }, true},
			"number of a website":       {func(f *tasks.FilingFacts) { f.ICPNumber = f.ICPNumber.WithSuffix(2) }, true},
			"a domain instead":          {func(f *tasks.FilingFacts) { f.ICPNumber, f.Domain = filing.ICPNumber{}, domain }, true},
			"both":                      {func(f *tasks.FilingFacts) { f.Domain = domain }, true},
			"another name":              {func(f *tasks.FilingFacts) { f.Name = "王大明" }, false},
			"no name":                   {func(f *tasks.FilingFacts) { f.Name = "" }, false},
			"another number":            {func(f *tasks.FilingFacts) { f.ICPNumber = base(1).ICPNumber }, false},
			"another one's domain":      {func(f *tasks.FilingFacts) { f.Domain = must(t, filing.ParseDomain, "w1-1.example.com") }, false},
			"an unknown domain":         {func(f *tasks.FilingFacts) { f.Domain = must(t, filing.ParseDomain, "nowhere.example.com") }, false},
			"another certificate":       {func(f *tasks.FilingFacts) { f.Certificate = base(1).Certificate }, false},
			"unknown certificate":       {func(f *tasks.FilingFacts) { f.Certificate = base(7).Certificate }, false},
			"no certificate":            {func(f *tasks.FilingFacts) { f.Certificate = filing.Certificate{} }, false},
			"neither number nor domain": {func(f *tasks.FilingFacts) { f.ICPNumber = filing.ICPNumber{} }, false},
		} {
			f := base(0)
			c.change(&f)
			err := s.View(t.Context(), func(x tasks.Tx) error {
				p, err := x.SubjectBy(t.Context(), f)
				if c.found && (p.Account.ExternalID != "A0" || p.Subject.ExternalID != "S0") {
					t.Errorf("%s: found %q %q", name, p.Account.ExternalID, p.Subject.ExternalID)
				}
				return err
			})
			if c.found && err != nil || !c.found && !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestA6OneOpenResetPerSubjectAndAnyNumberOfDraftsThatNameNone(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		citizens(t, s, 1)
		subject := partyOf(t, s, "A0").Subject.ID
		drafted(t, s, "j1", told(t, 0))
		second := drafted(t, s, "j2", told(t, 0))
		submitted(t, s, "j3", told(t, 0), partyOf(t, s, "A0").Account.ID, subject)
		second.SubjectID, second.State = subject, tasks.StateQueued
		err := s.Update(t.Context(), func(x tasks.Tx) error {
			job := *second
			return x.Record(t.Context(), &job, tasks.Change{}, nil)
		})
		if !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a second open reset of the subject: %v", err)
		}
		err = s.View(t.Context(), func(x tasks.Tx) error {
			open, err := x.OpenJob(t.Context(), subject, tasks.KindReset)
			if open != "LR-j3" {
				t.Errorf("the open reset is %q", open)
			}
			if _, none := x.OpenJob(t.Context(), subject, tasks.KindTransfer); !errors.Is(none, tasks.ErrNotFound) {
				t.Errorf("an open transfer: %v", none)
			}
			if _, none := x.OpenJob(t.Context(), "", tasks.KindReset); !errors.Is(none, tasks.ErrNotFound) {
				t.Errorf("an open reset of no subject: %v", none)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if open := partyOf(t, s, "A0").Open; open != "" {
			t.Errorf("a reset stands in a transfer's way: %s", open)
		}
	})
}

func TestTheHolderSeesALoginResetFromItsSubmissionOn(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		job := drafted(t, s, "j1", told(t, 1))
		job.SourceAccountID = "acc-1" // as no flow does before the submission
		goes(t, s, job, tasks.StateDraft, tasks.WhatRevised)
		look := func() (one error, all int) {
			err := s.View(t.Context(), func(x tasks.Tx) error {
				_, one = x.Job(t.Context(), job.Receipt, tasks.Viewer{AccountID: "acc-1"})
				jobs, err := x.JobsOf(t.Context(), tasks.JobFilter{AccountID: "acc-1"})
				all = len(jobs)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return one, all
		}
		if one, all := look(); !errors.Is(one, tasks.ErrNotFound) || all != 0 {
			t.Errorf("a draft: %v, %d", one, all)
		}
		job.TargetAccountID = "acc-1"
		goes(t, s, job, tasks.StateDraft, tasks.WhatVerified) // of a transfer this would be enough
		if one, all := look(); !errors.Is(one, tasks.ErrNotFound) || all != 0 {
			t.Errorf("a draft: %v, %d", one, all)
		}
		goes(t, s, job, tasks.StateQueued, tasks.WhatSubmitted)
		if one, all := look(); one != nil || all != 1 {
			t.Errorf("submitted: %v, %d", one, all)
		}
	})
}

func contactsOf(t testing.TB, s *Store, p tasks.Party) (c tasks.Contacts) {
	t.Helper()
	err := s.View(t.Context(), func(x tasks.Tx) (err error) {
		c, err = x.Contacts(t.Context(), p.Account.ID, p.Subject.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestA8ContactsAreAllChannelsOfAccountAndPrincipalsOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustTakeIn(t, s,
			`{"type":"account","external_id":"A","site":"china","status":"active","login_email":"owner@example.com","security_phone":"13900139001"}`,
			subjectLine("S", "A", `,"principal":{"name":"王五","phone":"13900139002"}`),
			`{"type":"website","external_id":"W1","subject":"S","name":"x","domain":"x.example.com","principal":{"name":"赵六","phone":"13900139003"}}`,
			`{"type":"website","external_id":"W2","subject":"S","name":"y","domain":"y.example.com","principal":{"name":"王五","phone":"13900139002"}}`,
			accountLine("B"))
		got := contactsOf(t, s, partyOf(t, s, "A"))
		var phones []string
		for _, p := range got.Phones {
			phones = append(phones, p.Reveal())
		}
		if diff := cmp.Diff([]string{"13900139001", "13900139002", "13900139003"}, phones); diff != "" {
			t.Error(diff)
		}
		if len(got.Mailboxes) != 1 || got.Mailboxes[0].Reveal() != "owner@example.com" || !got.ChangedAt.IsZero() {
			t.Errorf("mailboxes %d, changed at %v", len(got.Mailboxes), got.ChangedAt)
		}
		if bare := contactsOf(t, s, partyOf(t, s, "B")); len(bare.Phones)+len(bare.Mailboxes) != 0 {
			t.Errorf("an account without any has %d", len(bare.Phones)+len(bare.Mailboxes))
		}
		err := s.View(t.Context(), func(x tasks.Tx) error {
			_, err := x.Contacts(t.Context(), "nobody", "")
			return err
		})
		if !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("no account: %v", err)
		}
	})
}

func TestAChangedPhoneOrLoginIsDatedAndNothingElseIs(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		line := func(more string) string {
			return `{"type":"account","external_id":"A","site":"china",` + more + `}`
		}
		changed := func() time.Time { return contactsOf(t, s, partyOf(t, s, "A")).ChangedAt }
		mustTakeIn(t, s, line(`"status":"active","login_email":"a@example.com","security_phone":"13900139001"`))
		mustTakeIn(t, s, line(`"status":"frozen","login_email":"a@example.com","security_phone":"13900139001"`))
		if at := changed(); !at.IsZero() {
			t.Errorf("neither changed, dated %s", at)
		}
		mustTakeIn(t, s, line(`"status":"frozen","login_email":"a@example.com","security_phone":"13900139002"`))
		phone := changed()
		if since := time.Since(phone); since < -time.Minute || since > time.Hour {
			t.Errorf("a new phone is dated %s", phone)
		}
		mustRun(t, s, `UPDATE accounts SET contact_changed_at = 1`)
		mustTakeIn(t, s, line(`"status":"active","login_email":"a@example.com","security_phone":"13900139002"`))
		if at := changed(); at.UnixMilli() != 1 {
			t.Errorf("another field moved it to %s", at)
		}
		mustTakeIn(t, s, line(`"status":"active","login_email":"b@example.com","security_phone":"13900139002"`))
		if at := changed(); at.UnixMilli() == 1 {
			t.Error("a new login is not dated")
		}
	})
}

func replaceLogin(t testing.TB, s *Store, account, login string, hold time.Time) error {
	t.Helper()
	address := must(t, filing.ParseEmail, login)
	return s.Update(t.Context(), func(x tasks.Tx) error { return x.ReplaceLogin(t.Context(), account, address, hold) })
}

func TestL8ReplacingALoginEndsEveryOldWayIn(t *testing.T) {
	t.Parallel()
	withPorter(t, func(t *testing.T, p porter) {
		p.insert(t, "acc-2", "taken@example.com")
		_, token := p.in(t)
		at := time.UnixMilli(1_780_000_000_000).UTC()
		if err := saveRecovery(t, p.store, recovery("r-1", "acc-1", tasks.ChannelMail, at)); err != nil {
			t.Fatal(err)
		}
		if err := replaceLogin(t, p.store, "acc-1", "taken@example.com", at); !errors.Is(err, tasks.ErrConflict) {
			t.Errorf("a login of another account: %v", err)
		}
		hold := at.Add(7 * 24 * time.Hour)
		if err := replaceLogin(t, p.store, "acc-1", "new@example.com", hold); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Session(t.Context(), token); !errors.Is(err, accounts.ErrNoSession) {
			t.Errorf("the old session: %v", err)
		}
		for _, login := range []string{porterLogin, "new@example.com"} {
			if _, _, err := p.SignIn(t.Context(), porterAttempt(login, porterPassword)); err == nil {
				t.Errorf("%s signs in with the old password", login)
			}
		}
		if r, err := readRecovery(t, p.store, "r-1"); err != nil || r.UsedAt.IsZero() {
			t.Errorf("the old recovery is open: %v", err)
		}
		var party tasks.Party
		err := p.store.View(t.Context(), func(x tasks.Tx) (err error) {
			party, err = x.Party(t.Context(), tasks.AccountRef{Login: must(t, filing.ParseEmail, "new@example.com")})
			return err
		})
		if err != nil || party.Account.ID != "acc-1" || !party.Account.HoldUntil.Equal(hold) {
			t.Errorf("%v, %s, held until %s", err, party.Account.ID, party.Account.HoldUntil)
		}
		if err := replaceLogin(t, p.store, "acc-1", "newer@example.com", hold.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		if n := count(t, p.store, `SELECT count(*) FROM accounts WHERE id = 'acc-1' AND hold_until = $1`, hold.UnixMilli()); n != 1 {
			t.Error("a shorter hold took the place of a longer one")
		}
		p.status(t, "acc-1", "closed")
		for _, id := range []string{"acc-1", "nobody"} {
			if err := replaceLogin(t, p.store, id, "x@example.com", hold); !errors.Is(err, tasks.ErrNotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

func TestL6OneAddressGoesToOneOfManyAccountsAtOnce(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		citizens(t, s, 8)
		errs := atOnce(8, func(i int) error {
			return replaceLogin(t, s, partyOf(t, s, "A"+string(rune('0'+i))).Account.ID, "one@example.com", time.Now())
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, tasks.ErrConflict) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d accounts got the address", won)
		}
		err := s.View(t.Context(), func(x tasks.Tx) error {
			taken, err := x.LoginFree(t.Context(), must(t, filing.ParseEmail, "one@example.com"))
			if err != nil {
				return err
			}
			free, err := x.LoginFree(t.Context(), must(t, filing.ParseEmail, "two@example.com"))
			if taken || !free {
				t.Errorf("free: %t %t", taken, free)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestL8AnImportBringsNeitherTheOldLoginNorAnOldPasswordBack(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		line := func(login, more string) string {
			return `{"type":"account","external_id":"A","site":"china","status":"active","login_email":"` + login + `","password_hash":"` + someHash + `"` + more + `}`
		}
		mustTakeIn(t, s, line("old@example.com", ""))
		if err := replaceLogin(t, s, partyOf(t, s, "A").Account.ID, "new@example.com", time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, more := range []string{"", `,"as_of":"2026-01-01T00:00:00Z"`} {
			mustTakeIn(t, s, line("old@example.com", more))
			if got := partyOf(t, s, "A").Account.LoginEmail.Reveal(); got != "new@example.com" {
				t.Errorf("the login is %s again", got)
			}
		}
		if count(t, s, `SELECT count(*) FROM accounts WHERE password_hash IS NOT NULL`) != 0 {
			t.Error("the old password is back")
		}
	})
}
