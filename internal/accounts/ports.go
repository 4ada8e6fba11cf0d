package accounts

import (
	"context"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// Store runs transactions, under the same terms as tasks.Store.
type Store interface {
	View(ctx context.Context, fn func(Tx) error) error
	Update(ctx context.Context, fn func(Tx) error) error
}

// Tx is one transaction. Now is database time, the same for its whole length.
type Tx interface {
	Now() time.Time
	Tries
	Credentials
	Sessions
	Presence
	Roster
	SetUps
	Factors
	Identities
	APIKeys
	Journal
}

// Tries counts sign-in attempts (trust reference 4.8).
type Tries interface {
	// Take spends one token for key, or returns *tasks.TooMany.
	Take(ctx context.Context, l tasks.Limit, key string) error
	// Forget fills the limit's bucket for key again.
	Forget(ctx context.Context, l tasks.Limit, key string) error
}

// Credentials are what applicants sign in with.
type Credentials interface {
	// Credential reads an account's by its login, else tasks.ErrNotFound.
	Credential(ctx context.Context, login filing.Email) (Credential, error)
	// SetHash replaces an account's password hash; tasks.ErrNotFound when there
	// is no such account.
	SetHash(ctx context.Context, accountID, hash string) error
}

// Credential is an account as the porter knows it. Hash is empty when no
// password was ever set.
type Credential struct {
	AccountID string
	Status    filing.AccountStatus
	Hash      string
}

// Sessions are begun and ended. A token is known by its SHA-256 only.
type Sessions interface {
	AddSession(ctx context.Context, s Session, tokenHash string) error
	// SessionOf reads the session of a token with its owner's present name, role
	// and status. It is tasks.ErrNotFound when there is none, or when its owner
	// was closed or disabled.
	SessionOf(ctx context.Context, tokenHash string) (Session, error)
	// SessionsOf lists an account's sessions, the last seen first.
	SessionsOf(ctx context.Context, accountID string) ([]Session, error)
	// EndSessions deletes the sessions of a filter and counts them.
	EndSessions(ctx context.Context, f Ending) (int, error)
}

// Ending selects sessions to end; fields that are set must all match, and one
// must be set.
type Ending struct{ TokenHash, ID, AccountID, StaffID string }

// Presence notes when a session was last used.
type Presence interface {
	// Touch sets a session's SeenAt to Now.
	Touch(ctx context.Context, sessionID string) error
}

// Roster keeps the staff.
type Roster interface {
	// Member reads one by login, else tasks.ErrNotFound.
	Member(ctx context.Context, login string) (Member, error)
	// Members lists all, disabled ones too, by login.
	Members(ctx context.Context) ([]Member, error)
	AddMember(ctx context.Context, m Member) error
	// SaveMember replaces role, password hash and DisabledAt.
	SaveMember(ctx context.Context, m Member) error
	// AbleStaff lists the supervisors and operators who can sign in, with id and
	// role; until the transaction ends nobody else changes them.
	AbleStaff(ctx context.Context) ([]Member, error)
	// Profiles lists all as the staff's page shows them, by login. Sessions last
	// seen before `since` do not count.
	Profiles(ctx context.Context, since time.Time) ([]Profile, error)
	// SignedIn notes that a member signs in Now.
	SignedIn(ctx context.Context, staffID string) error
}

// SetUps keeps the links by which members set a password. A token is known by its
// SHA-256 only.
type SetUps interface {
	// SaveSetUp gives a member a link in the place of an older one.
	SaveSetUp(ctx context.Context, staffID, tokenHash string, until time.Time) error
	// SetUpOf reads whose link it is, else tasks.ErrNotFound; also when it is over
	// or the member disabled.
	SetUpOf(ctx context.Context, tokenHash string) (Member, error)
	// DropSetUp deletes it; tasks.ErrNotFound when there is none.
	DropSetUp(ctx context.Context, staffID string) error
}

// Factors keeps the second factors of staff.
type Factors interface {
	// Factor reads a member's, else tasks.ErrNotFound.
	Factor(ctx context.Context, staffID string) (Factor, error)
	// SaveFactor inserts one of version 0 or replaces it; tasks.ErrConflict when it
	// changed in between.
	SaveFactor(ctx context.Context, f Factor) error
	// DropFactor deletes it; tasks.ErrNotFound when there is none.
	DropFactor(ctx context.Context, staffID string) error
}

// Journal writes the house's audit journal, in the same transaction.
type Journal interface {
	Audit(ctx context.Context, e Entry) error
}

// Entry is one row of the journal. Object is an id; nothing personal is in it.
type Entry struct {
	Actor  tasks.Actor
	Action string
	Object string
	Reason string
}
