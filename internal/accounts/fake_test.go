package accounts_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/tasks"
)

// fake is the port in memory, with a clock that tests move.
type fake struct {
	mu       sync.Mutex
	now      time.Time
	accounts map[string]accounts.Credential // by login
	members  map[string]accounts.Member     // by login
	sessions map[string]accounts.Session    // by token hash
	free     map[string]time.Time           // by limit and key
	factors  map[string]accounts.Factor     // by staff id
	external map[string]string              // login by external id
	tied     map[string]string              // owner by issuer and subject
	signedIn map[string]time.Time           // by staff id
	setUps   map[string]fakeSetUp           // by staff id
	keys     map[string]accounts.APIKey     // by token hash
	journal  []accounts.Entry
	touches  int
	down     error // what Update answers instead of working
}

func newFake() *fake {
	return &fake{now: time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC), accounts: map[string]accounts.Credential{},
		members: map[string]accounts.Member{}, sessions: map[string]accounts.Session{}, free: map[string]time.Time{}, factors: map[string]accounts.Factor{}, external: map[string]string{}, tied: map[string]string{},
		signedIn: map[string]time.Time{}, setUps: map[string]fakeSetUp{}, keys: map[string]accounts.APIKey{}}
}

func (f *fake) View(_ context.Context, fn func(accounts.Tx) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fn(fakeTx{f})
}

// Update undoes everything when fn fails.
func (f *fake) Update(_ context.Context, fn func(accounts.Tx) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down != nil {
		return f.down
	}
	k, u, p := maps.Clone(f.factors), maps.Clone(f.setUps), maps.Clone(f.keys)
	a, m, s, l, j := maps.Clone(f.accounts), maps.Clone(f.members), maps.Clone(f.sessions), maps.Clone(f.free), slices.Clone(f.journal)
	err := fn(fakeTx{f})
	if err != nil {
		f.accounts, f.members, f.sessions, f.free, f.journal = a, m, s, l, j
		f.factors, f.setUps, f.keys = k, u, p
	}
	return err
}

func (f *fake) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// edit changes the fake's content under its lock.
func (f *fake) edit(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

type fakeTx struct{ f *fake }

func (t fakeTx) Now() time.Time { return t.f.now }

func (t fakeTx) Take(_ context.Context, l tasks.Limit, key string) error {
	at, step := t.f.free[l.Name+key], l.Period/time.Duration(l.Burst)
	if at.Before(t.f.now) {
		at = t.f.now
	}
	if wait := at.Add(step).Sub(t.f.now) - l.Period; wait > 0 {
		return &tasks.TooMany{Limit: l.Name, After: wait}
	}
	t.f.free[l.Name+key] = at.Add(step)
	return nil
}

func (t fakeTx) Forget(_ context.Context, l tasks.Limit, key string) error {
	delete(t.f.free, l.Name+key)
	return nil
}

func (t fakeTx) Credential(_ context.Context, login filing.Email) (accounts.Credential, error) {
	c, ok := t.f.accounts[login.Reveal()]
	if !ok {
		return c, tasks.ErrNotFound
	}
	return c, nil
}

func (t fakeTx) SetHash(_ context.Context, accountID, hash string) error {
	for login, c := range t.f.accounts {
		if c.AccountID == accountID {
			c.Hash = hash
			t.f.accounts[login] = c
			return nil
		}
	}
	return tasks.ErrNotFound
}

func (t fakeTx) AddSession(_ context.Context, s accounts.Session, tokenHash string) error {
	t.f.sessions[tokenHash] = s
	return nil
}

func (t fakeTx) SessionOf(_ context.Context, tokenHash string) (accounts.Session, error) {
	s, ok := t.f.sessions[tokenHash]
	if !ok {
		return s, tasks.ErrNotFound
	}
	for login, c := range t.f.accounts {
		if c.AccountID == s.AccountID && c.Status != filing.AccountClosed {
			s.Name, s.Frozen = login, c.Status == filing.AccountFrozen
			return s, nil
		}
	}
	for _, m := range t.f.members {
		if m.ID == s.StaffID && m.DisabledAt.IsZero() {
			s.Name, s.Role, s.Login = m.Name, m.Role, m.Login
			return s, nil
		}
	}
	return accounts.Session{}, tasks.ErrNotFound
}

func (t fakeTx) SessionsOf(_ context.Context, accountID string) ([]accounts.Session, error) {
	var out []accounts.Session
	for _, s := range t.f.sessions {
		if s.AccountID == accountID {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b accounts.Session) int { return b.SeenAt.Compare(a.SeenAt) })
	return out, nil
}

func (t fakeTx) EndSessions(_ context.Context, e accounts.Ending) (int, error) {
	n := len(t.f.sessions)
	maps.DeleteFunc(t.f.sessions, func(hash string, s accounts.Session) bool {
		return (e.TokenHash == "" || e.TokenHash == hash) && (e.ID == "" || e.ID == s.ID) &&
			(e.AccountID == "" || e.AccountID == s.AccountID) && (e.StaffID == "" || e.StaffID == s.StaffID)
	})
	return n - len(t.f.sessions), nil
}

func (t fakeTx) Touch(_ context.Context, id string) error {
	t.f.touches++
	for hash, s := range t.f.sessions {
		if s.ID == id {
			s.SeenAt = t.f.now
			t.f.sessions[hash] = s
		}
	}
	return nil
}

func (t fakeTx) Member(_ context.Context, login string) (accounts.Member, error) {
	m, ok := t.f.members[login]
	if !ok {
		return m, tasks.ErrNotFound
	}
	return m, nil
}

func (t fakeTx) Members(context.Context) ([]accounts.Member, error) {
	return slices.SortedFunc(maps.Values(t.f.members), func(a, b accounts.Member) int { return strings.Compare(a.Login, b.Login) }), nil
}

func (t fakeTx) AddMember(ctx context.Context, m accounts.Member) error { return t.SaveMember(ctx, m) }

func (t fakeTx) SaveMember(_ context.Context, m accounts.Member) error {
	t.f.members[m.Login] = m
	return nil
}

type fakeSetUp struct {
	hash  string
	until time.Time
}

func (t fakeTx) SaveSetUp(_ context.Context, staffID, tokenHash string, until time.Time) error {
	t.f.setUps[staffID] = fakeSetUp{tokenHash, until}
	return nil
}

func (t fakeTx) SetUpOf(_ context.Context, tokenHash string) (accounts.Member, error) {
	for _, m := range t.f.members {
		if s, ok := t.f.setUps[m.ID]; ok && s.hash == tokenHash && t.f.now.Before(s.until) && m.DisabledAt.IsZero() {
			return m, nil
		}
	}
	return accounts.Member{}, tasks.ErrNotFound
}

func (t fakeTx) DropSetUp(_ context.Context, staffID string) error {
	if _, ok := t.f.setUps[staffID]; !ok {
		return tasks.ErrNotFound
	}
	delete(t.f.setUps, staffID)
	return nil
}

func (t fakeTx) AbleStaff(context.Context) ([]accounts.Member, error) {
	var able []accounts.Member
	for _, m := range t.f.members {
		if m.DisabledAt.IsZero() && m.Hash != "" && (m.Role == tasks.ActorSupervisor || m.Role == tasks.ActorOperator) {
			able = append(able, m)
		}
	}
	return able, nil
}

func (t fakeTx) Profiles(ctx context.Context, since time.Time) ([]accounts.Profile, error) {
	all, err := t.Members(ctx)
	out := make([]accounts.Profile, len(all))
	for i, m := range all {
		out[i] = accounts.Profile{Member: m, SignedInAt: t.f.signedIn[m.ID], SetUpUntil: t.f.setUps[m.ID].until,
			HasPassword: m.Hash != "", Factor: t.f.factors[m.ID].Confirmed}
		for _, s := range t.f.sessions {
			if s.StaffID == m.ID && s.Pending == "" && s.SeenAt.After(since) {
				out[i].Sessions++
			}
		}
	}
	return out, err
}

func (t fakeTx) SignedIn(_ context.Context, staffID string) error {
	t.f.signedIn[staffID] = t.f.now
	return nil
}

func (t fakeTx) Factor(_ context.Context, staffID string) (accounts.Factor, error) {
	f, ok := t.f.factors[staffID]
	if !ok {
		return f, tasks.ErrNotFound
	}
	f.Codes = slices.Clone(f.Codes)
	return f, nil
}

func (t fakeTx) SaveFactor(_ context.Context, f accounts.Factor) error {
	if t.f.factors[f.StaffID].Version != f.Version {
		return tasks.ErrConflict
	}
	f.Version++
	t.f.factors[f.StaffID] = f
	return nil
}

func (t fakeTx) DropFactor(_ context.Context, staffID string) error {
	if _, ok := t.f.factors[staffID]; !ok {
		return tasks.ErrNotFound
	}
	delete(t.f.factors, staffID)
	return nil
}

func (t fakeTx) CredentialOf(_ context.Context, externalID string) (accounts.Credential, error) {
	c, ok := t.f.accounts[t.f.external[externalID]]
	if !ok {
		return c, tasks.ErrNotFound
	}
	return c, nil
}

func (t fakeTx) Tie(_ context.Context, i accounts.Identity, owner string) error {
	for key, other := range t.f.tied {
		mine := key == i.Issuer+" "+i.Subject
		if mine != (other == owner) && (mine || strings.HasPrefix(key, i.Issuer+" ")) {
			return tasks.ErrConflict
		}
	}
	t.f.tied[i.Issuer+" "+i.Subject] = owner
	return nil
}

func (t fakeTx) Untie(_ context.Context, owner string) (int, error) {
	n := len(t.f.tied)
	maps.DeleteFunc(t.f.tied, func(_, o string) bool { return o == owner })
	return n - len(t.f.tied), nil
}

func (t fakeTx) AddAPIKey(_ context.Context, k accounts.APIKey, tokenHash string) error {
	for _, other := range t.f.keys {
		if other.Name == k.Name {
			return tasks.ErrConflict
		}
	}
	t.f.keys[tokenHash] = k
	return nil
}

func (t fakeTx) APIKeyOf(_ context.Context, tokenHash string) (accounts.APIKey, error) {
	k, ok := t.f.keys[tokenHash]
	if !ok {
		return k, tasks.ErrNotFound
	}
	return k, nil
}

func (t fakeTx) APIKeys(context.Context) ([]accounts.APIKey, error) {
	return slices.SortedFunc(maps.Values(t.f.keys), func(a, b accounts.APIKey) int { return strings.Compare(a.Name, b.Name) }), nil
}

func (t fakeTx) UsedAPIKey(_ context.Context, id string) error {
	t.f.touches++
	return t.editKey(func(k accounts.APIKey) bool { return k.ID == id }, func(k *accounts.APIKey) { k.UsedAt = t.f.now })
}

func (t fakeTx) DisableAPIKey(_ context.Context, name string) (was bool, err error) {
	err = t.editKey(func(k accounts.APIKey) bool { return k.Name == name }, func(k *accounts.APIKey) {
		if was = k.DisabledAt.IsZero(); was {
			k.DisabledAt = t.f.now
		}
	})
	return was, err
}

func (t fakeTx) editKey(which func(accounts.APIKey) bool, edit func(*accounts.APIKey)) error {
	for hash, k := range t.f.keys {
		if which(k) {
			edit(&k)
			t.f.keys[hash] = k
			return nil
		}
	}
	return tasks.ErrNotFound
}

func (t fakeTx) Audit(_ context.Context, e accounts.Entry) error {
	t.f.journal = append(t.f.journal, e)
	return nil
}

// counter hands out ids.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) ID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	return fmt.Sprintf("id-%d", c.n)
}

func (c *counter) Receipt(letters string) (string, error) { return letters + c.ID(), nil }

// cheap keeps tests fast; hashing at the real cost is tested by itself.
func cheap() accounts.Cost { return accounts.Cost{Memory: 8, Passes: 1, Lanes: 1} }

const (
	login    = "zhangsan@example.com"
	password = "a quiet grey heron"
)

// office is a service on a fake that knows one account, with a password.
func office(t *testing.T) (*accounts.Service, *fake) {
	t.Helper()
	f := newFake()
	f.accounts[login] = accounts.Credential{AccountID: "acc-1", Status: filing.AccountActive}
	s := accounts.New(accounts.Parts{Store: f, Random: &counter{}, Cost: cheap()})
	if err := s.SetPassword(t.Context(), tasks.System(), login, password); err != nil {
		t.Fatal(err)
	}
	f.journal = nil
	return s, f
}

func attempt(loginAs, pw string) accounts.SignIn {
	return accounts.SignIn{Login: loginAs, Password: pw, Client: accounts.Client{Address: "203.0.113.9", Label: "Firefox, 203.0.113.*"}}
}

func signedIn(t *testing.T, s *accounts.Service) (accounts.Session, string) {
	t.Helper()
	session, token, err := s.SignIn(t.Context(), attempt(login, password))
	if err != nil {
		t.Fatal(err)
	}
	return session, token
}
