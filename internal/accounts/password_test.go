package accounts_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

func TestPasswordsAreJudgedByLengthAndByHowCommonTheyAre(t *testing.T) {
	t.Parallel()
	for pw, want := range map[string]string{
		"a quiet grey heron": "", strings.Repeat("ab1c备", 25): "", "正确的马电池订书钉啊啊": accounts.CodePasswordShort, "正确的马电池订书钉啊啊啊": "",
		"":            accounts.CodePasswordShort,
		"elevenchars": accounts.CodePasswordShort, strings.Repeat("ab1c备", 26): accounts.CodePasswordLong,
		"password1234": accounts.CodePasswordCommon, "WoAiNi1314520": accounts.CodePasswordCommon, "5201314520131": accounts.CodePasswordCommon,
		"aaaaaaaaaaaaaaa": accounts.CodePasswordCommon, "abababababab": accounts.CodePasswordCommon, "123412341234": accounts.CodePasswordCommon,
		"1234567890123": accounts.CodePasswordCommon, "210987654321": accounts.CodePasswordCommon, "abcdefghijkl": accounts.CodePasswordCommon,
		"qwertyuiopasdf": accounts.CodePasswordCommon, "mnbvcxzlkjhgf": accounts.CodePasswordCommon, "我爱你我爱你我爱你我爱你": accounts.CodePasswordCommon,
		"            ": accounts.CodePasswordCommon,
	} {
		err := accounts.CheckPassword(pw)
		var invalid *tasks.Invalid
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", pw, err)
		case want != "" && (!errors.As(err, &invalid) || invalid.Faults[0].Code != want || invalid.Faults[0].Field != "password"):
			t.Errorf("%q: %v, want %s", pw, err, want)
		case err != nil && len(pw) > 0 && strings.Contains(err.Error(), pw):
			t.Error("the error shows the password")
		}
	}
}

func TestTheListOfCommonPasswordsIsSortedFoldedAndLongEnoughToMatter(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("common.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if len(list) < 300 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
		t.Errorf("%d entries, sorted %t", len(list), slices.IsSorted(list))
	}
	for _, entry := range list {
		if utf8.RuneCountInString(entry) < 12 || strings.ToLower(entry) != entry {
			t.Errorf("%q can't match anything", entry)
		}
	}
}

func TestHashesAreSaltedPHCStringsAtTheFixedCost(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.accounts[login] = accounts.Credential{AccountID: "acc-1", Status: filing.AccountActive}
	s := accounts.New(accounts.Parts{Store: f, Random: &counter{}})
	var seen []string
	for range 2 {
		if err := s.SetPassword(t.Context(), tasks.System(), login, password); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, f.accounts[login].Hash)
	}
	if seen[0] == seen[1] || !strings.HasPrefix(seen[0], "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s and %s", seen[0], seen[1])
	}
	signedIn(t, s)
}

// The vector is of the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1.
func TestAHashOfAnotherProgramIsUnderstood(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	c := f.accounts[login]
	c.Hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	f.accounts[login] = c
	if _, _, err := s.SignIn(t.Context(), attempt(login, "password")); err != nil {
		t.Error(err)
	}
}

func TestADamagedHashRefusesAndNeverPanics(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	good := f.accounts[login].Hash
	for _, bad := range []string{"", "x", "$$$$$", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=4294967295", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "p=1", "p=1x", 1), good[:len(good)-4], good + "$", strings.Replace(good, "m=8", "m=-8", 1)} {
		s := accounts.New(accounts.Parts{Store: newFakeWith(bad), Random: &counter{}, Cost: cheap()})
		if _, _, err := s.SignIn(t.Context(), attempt(login, password)); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	signedIn(t, s)
}

func newFakeWith(hash string) *fake {
	f := newFake()
	f.accounts[login] = accounts.Credential{AccountID: "acc-1", Status: filing.AccountActive, Hash: hash}
	return f
}

func TestManyAtOnceAllGetIn(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	var all sync.WaitGroup
	errs := make(chan error, 10)
	for range 10 {
		all.Go(func() {
			_, _, err := s.SignIn(t.Context(), attempt(login, password))
			errs <- err
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestWhoeverLeavesDoesNotWaitForAHash(t *testing.T) {
	t.Parallel()
	s, _ := office(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// With a free slot the hash may still be computed; it must never hang.
	_, _, err := s.SignIn(ctx, attempt(login, "wrong"))
	if !errors.Is(err, context.Canceled) && !errors.Is(err, accounts.ErrRefused) {
		t.Errorf("got %v", err)
	}
}
