package accounts

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"beian/tasks"
)

// Scope is one thing that a key opens (ADR 24). Scopes are permanent strings.
type Scope string

// The scopes: facts of the filing system, jobs, the journal, service levels, queues.
const (
	ScopeFactsWrite Scope = "facts:write"
	ScopeJobsRead   Scope = "jobs:read"
	ScopeAuditRead  Scope = "audit:read"
	ScopeStatsRead  Scope = "stats:read"
	ScopeQueuesRead Scope = "queues:read"
)

// Scopes lists every scope.
func Scopes() []Scope {
	return []Scope{ScopeFactsWrite, ScopeJobsRead, ScopeAuditRead, ScopeStatsRead, ScopeQueuesRead}
}

// Codes of a refused key.
const (
	CodeKeyName  = "KEY_NAME_INVALID"
	CodeKeyTaken = "KEY_NAME_TAKEN"
	CodeKeyScope = "KEY_SCOPE_INVALID"
	CodeKeyDays  = "KEY_DAYS_INVALID"
)

// ErrNoKey: no key has this token, or it is disabled or over.
var ErrNoKey = errors.New("no such API key")

// APIKeyMark begins every token, so that scanners for leaked secrets find it and no
// session is looked for behind one.
const APIKeyMark = "beian_"

const maxKeyDays = 3650

// APIKey is what a program signs in with. Its token is told once and known by its
// SHA-256 only.
type APIKey struct {
	ID         string
	Name       string // what the journal calls it
	Prefix     string // how its token begins
	Scopes     []Scope
	CreatedAt  time.Time
	UsedAt     time.Time // within five minutes; zero: never
	ExpiresAt  time.Time // zero: never
	DisabledAt time.Time
}

// May tells whether the key opens what wants a scope.
func (k APIKey) May(s Scope) bool { return slices.Contains(k.Scopes, s) }

func (k APIKey) valid(now time.Time) bool {
	return k.DisabledAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// NewAPIKey describes a key to be. Days is how long it opens anything, 0 for ever.
type NewAPIKey struct {
	Name   string // 3 to 64 of a-z 0-9 . _ -, in any case
	Scopes []Scope
	Days   int
}

// APIKeys keeps the keys of programs.
type APIKeys interface {
	// AddAPIKey enters a key; tasks.ErrConflict when its name is taken.
	AddAPIKey(ctx context.Context, k APIKey, tokenHash string) error
	// APIKeyOf reads the key of a token, else tasks.ErrNotFound.
	APIKeyOf(ctx context.Context, tokenHash string) (APIKey, error)
	// APIKeys lists all, disabled ones too, by name.
	APIKeys(ctx context.Context) ([]APIKey, error)
	// UsedAPIKey notes that it was used Now.
	UsedAPIKey(ctx context.Context, id string) error
	// DisableAPIKey ends a key by its name and tells whether it was open before;
	// tasks.ErrNotFound when there is none.
	DisableAPIKey(ctx context.Context, name string) (bool, error)
}

// AddAPIKey makes a key and tells its token, which nobody can read again. Every
// fault comes at once as *tasks.Invalid.
func (s *Service) AddAPIKey(ctx context.Context, by tasks.Actor, n NewAPIKey) (k APIKey, token string, err error) {
	n.Name = fold(n.Name)
	if faults := n.faults(); len(faults) > 0 {
		return APIKey{}, "", &tasks.Invalid{Faults: faults}
	}
	prefix, token, err := s.apiToken()
	if err != nil {
		return APIKey{}, "", err
	}
	k = APIKey{ID: s.random.ID(), Name: n.Name, Prefix: prefix, Scopes: n.scopes()}
	err = s.store.Update(ctx, func(tx Tx) error {
		k.CreatedAt = tx.Now()
		if n.Days > 0 {
			k.ExpiresAt = k.CreatedAt.AddDate(0, 0, n.Days)
		}
		if err := tx.AddAPIKey(ctx, k, tokenHash(token)); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "apikey.add", Object: k.Name, Reason: k.told()})
	})
	if errors.Is(err, tasks.ErrConflict) {
		return APIKey{}, "", staffFault("name", CodeKeyTaken)
	}
	if err != nil {
		return APIKey{}, "", fmt.Errorf("adding an API key: %w", err)
	}
	return k, token, nil
}

// told is what the journal says about a new key.
func (k APIKey) told() string {
	told := tasks.Words(k.Scopes)
	if !k.ExpiresAt.IsZero() {
		told += " until " + k.ExpiresAt.UTC().Format(time.DateOnly)
	}
	return told
}

func (n NewAPIKey) faults() []tasks.Fault {
	var faults []tasks.Fault
	if !tasks.IsProgramName(n.Name) {
		faults = append(faults, tasks.Fault{Field: "name", Code: CodeKeyName})
	}
	unknown := func(s Scope) bool { return !slices.Contains(Scopes(), s) }
	if len(n.Scopes) == 0 || slices.ContainsFunc(n.Scopes, unknown) {
		faults = append(faults, tasks.Fault{Field: "scope", Code: CodeKeyScope})
	}
	if n.Days < 0 || n.Days > maxKeyDays {
		faults = append(faults, tasks.Fault{Field: "days", Code: CodeKeyDays})
	}
	return faults
}

// scopes are those asked for, each once, in the order of Scopes.
func (n NewAPIKey) scopes() []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return !slices.Contains(n.Scopes, s) })
}

// apiToken draws 256 bits, and 32 more that say which key it is.
func (s *Service) apiToken() (prefix, token string, err error) {
	mark := make([]byte, 4)
	if _, err := io.ReadFull(s.entropy, mark); err != nil {
		return "", "", fmt.Errorf("drawing an API key: %w", err)
	}
	secret, err := s.token()
	prefix = APIKeyMark + hex.EncodeToString(mark)
	return prefix, prefix + "_" + secret, err
}

// APIKey reads the key of a token and notes its use. Errors: ErrNoKey,
// tasks.ErrUnavailable.
func (s *Service) APIKey(ctx context.Context, token string) (APIKey, error) {
	var found APIKey
	var now time.Time
	err := s.store.View(ctx, func(tx Tx) (err error) {
		found, err = tx.APIKeyOf(ctx, tokenHash(token))
		now = tx.Now()
		return err
	})
	if errors.Is(err, tasks.ErrNotFound) || (err == nil && !found.valid(now)) {
		return APIKey{}, ErrNoKey
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("reading an API key: %w", err)
	}
	if now.Sub(found.UsedAt) < touchEvery {
		return found, nil
	}
	err = s.store.Update(ctx, func(tx Tx) error { return tx.UsedAPIKey(ctx, found.ID) })
	if err != nil && !errors.Is(err, tasks.ErrUnavailable) && !errors.Is(err, tasks.ErrInFlight) { // it can be noted later
		return APIKey{}, fmt.Errorf("noting an API key's use: %w", err)
	}
	return found, nil
}

// APIKeys lists every key, disabled ones too, by name.
func (s *Service) APIKeys(ctx context.Context) (all []APIKey, err error) {
	err = s.store.View(ctx, func(tx Tx) error {
		all, err = tx.APIKeys(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	return all, nil
}

// DisableAPIKey ends a key for good, from the next request on; once is as good as
// twice. tasks.ErrNotFound when there is none of this name.
func (s *Service) DisableAPIKey(ctx context.Context, by tasks.Actor, name string) error {
	return s.store.Update(ctx, func(tx Tx) error {
		was, err := tx.DisableAPIKey(ctx, fold(name))
		if err != nil || !was {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "apikey.disable", Object: fold(name)})
	})
}
