package accounts_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/accounts"
	"beian/tasks"
)

func newKey(t *testing.T, s *accounts.Service, n accounts.NewAPIKey) string {
	t.Helper()
	_, token, err := s.AddAPIKey(t.Context(), tasks.System(), n)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func jobsKey(name string, days int) accounts.NewAPIKey {
	return accounts.NewAPIKey{Name: name, Scopes: []accounts.Scope{accounts.ScopeJobsRead}, Days: days}
}

func TestAKeyOpensUntilItIsOverOrDisabled(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	short, long := newKey(t, s, jobsKey("Short", 1)), newKey(t, s, jobsKey("long", 0))
	for _, token := range []string{short, long} {
		if k, err := s.APIKey(t.Context(), token); err != nil || !k.May(accounts.ScopeJobsRead) || k.May(accounts.ScopeFactsWrite) {
			t.Errorf("%+v, %v", k, err)
		}
	}
	f.pass(24*time.Hour - time.Minute)
	if _, err := s.APIKey(t.Context(), short); err != nil {
		t.Error(err)
	}
	f.pass(time.Minute)
	if _, err := s.APIKey(t.Context(), short); !errors.Is(err, accounts.ErrNoKey) {
		t.Errorf("over: %v", err)
	}
	for range 2 { // once is as good as twice
		if err := s.DisableAPIKey(t.Context(), tasks.System(), "LONG"); err != nil {
			t.Fatal(err)
		}
	}
	for _, token := range []string{long, "", "beian_", long[:len(long)-1]} {
		if _, err := s.APIKey(t.Context(), token); !errors.Is(err, accounts.ErrNoKey) {
			t.Errorf("disabled or unknown: %v", err)
		}
	}
	if err := s.DisableAPIKey(t.Context(), tasks.System(), "none"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("a name that is not there: %v", err)
	}
	want := []accounts.Entry{
		{Actor: tasks.System(), Action: "apikey.add", Object: "short", Reason: "jobs:read until 2026-11-26"},
		{Actor: tasks.System(), Action: "apikey.add", Object: "long", Reason: "jobs:read"},
		{Actor: tasks.System(), Action: "apikey.disable", Object: "long"},
	}
	if diff := cmp.Diff(want, f.journal); diff != "" {
		t.Error(diff)
	}
}

func TestAKeyIsKnownByItsDigestOnly(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	one, two := newKey(t, s, jobsKey("one", 0)), newKey(t, s, jobsKey("two", 0))
	if one == two || !strings.HasPrefix(one, accounts.APIKeyMark) {
		t.Error("tokens are not drawn")
	}
	for hash, k := range f.keys {
		if len(hash) != 64 || strings.Contains(one+two, hash) || len(k.Prefix) != 14 || k.Prefix == "" {
			t.Errorf("%s is kept as %s", k.Name, hash)
		}
	}
}

func TestTheUseOfAKeyIsNotedEveryFiveMinutes(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	token := newKey(t, s, jobsKey("one", 0))
	for range 11 {
		if _, err := s.APIKey(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		f.pass(time.Minute)
	}
	if f.touches != 3 {
		t.Errorf("noted %d times", f.touches)
	}
	f.edit(func() { f.down = tasks.ErrUnavailable })
	f.pass(time.Hour)
	if _, err := s.APIKey(t.Context(), token); err != nil {
		t.Errorf("a database that takes no writes shuts readers out: %v", err)
	}
}

func TestEveryFaultOfAKeyIsTold(t *testing.T) {
	t.Parallel()
	s, f := office(t)
	_, _, err := s.AddAPIKey(t.Context(), tasks.System(), accounts.NewAPIKey{Name: "a b", Scopes: []accounts.Scope{"jobs:write"}, Days: -1})
	if want := "invalid: name KEY_NAME_INVALID, scope KEY_SCOPE_INVALID, days KEY_DAYS_INVALID"; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	newKey(t, s, jobsKey("one", 0))
	_, _, err = s.AddAPIKey(t.Context(), tasks.System(), jobsKey("ONE", 0))
	if err == nil || !strings.Contains(err.Error(), accounts.CodeKeyTaken) {
		t.Errorf("a second of one name: %v", err)
	}
	if len(f.keys) != 1 || len(f.journal) != 1 {
		t.Errorf("%d keys, %d rows", len(f.keys), len(f.journal))
	}
}
