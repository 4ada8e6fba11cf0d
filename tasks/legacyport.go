package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Legacy is the legacy platform, a remote system that may be slow, down or wrong
// (I2). Every method is one call with its own time-out and its own tries; the
// errors are *LegacyError.
type Legacy interface {
	// Open checks a login and gives a ticket to read what it holds.
	Open(ctx context.Context, c LegacyCredentials) (LegacyTicket, error)
	// Find gives a ticket for the legacy account of a certificate, for the
	// documents route: only after a reviewer approved it (I7).
	Find(ctx context.Context, certificate filing.Certificate) (LegacyTicket, error)
	// Holdings reads everything that the account holds, pictures excepted.
	Holdings(ctx context.Context, t LegacyTicket) (LegacyHoldings, error)
	// Material reads one picture, at most 10 MB, and checks its digest.
	Material(ctx context.Context, t LegacyTicket, m LegacyMaterial) ([]byte, error)
}

// LegacyCredentials open a legacy account. They print as nothing, rest sealed
// only, and are wiped once used (I3).
type LegacyCredentials struct{ Login, Password string }

// String hides both.
func (LegacyCredentials) String() string { return "legacy credentials" }

// GoString hides both.
func (LegacyCredentials) GoString() string { return "legacy credentials" }

// LegacyTicket lets its holder read one legacy account for a few days, so that an
// import that was interrupted goes on without the password. It is a secret.
type LegacyTicket struct {
	Account   string // the legacy platform's permanent id of the account (I4)
	Token     string
	ExpiresAt time.Time
}

// String hides the token.
func (LegacyTicket) String() string { return "legacy ticket" }

// GoString hides the token.
func (LegacyTicket) GoString() string { return "legacy ticket" }

// LegacyHoldings is what a legacy account holds. Ids are the legacy platform's and
// permanent: imports are idempotent by them (I5).
type LegacyHoldings struct {
	ID        string
	FiledAt   time.Time // of the subject; 2017-01 or later is not importable (I1)
	Subject   filing.Subject
	Websites  []LegacyWebsite
	Materials []LegacyMaterial // of the subject
	Faults    []LegacyFault    // what could not be read
}

// LegacyWebsite is one website there.
type LegacyWebsite struct {
	ID        string
	Website   filing.Website
	Materials []LegacyMaterial
}

// LegacyMaterial describes one picture there.
type LegacyMaterial struct {
	ID     string
	Kind   string // id_front, id_back, licence, site_photo, …; as the platform calls it
	SHA256 []byte // of its bytes
	Bytes  int
}

// LegacyFault is a record there that is broken: which, and which field of it. It
// carries no value.
type LegacyFault struct {
	ID    string
	Field string
	Code  string // REQUIRED, or the code of the value's check
}

// LegacyClass says what to do about a failed call (I2).
type LegacyClass string

// The classes: only the first is worth another try.
const (
	LegacyDown    LegacyClass = "down"    // away, slow, throttling or broken: later
	LegacyWrong   LegacyClass = "wrong"   // login and password do not fit; never tried again
	LegacyLocked  LegacyClass = "locked"  // the legacy platform locked the login
	LegacyUnknown LegacyClass = "unknown" // no such account, material or ticket
	LegacyRefused LegacyClass = "refused" // it refuses us: configuration, for the operator
	LegacyBroken  LegacyClass = "broken"  // its answer can't be read at all
)

// LegacyError is the legacy platform's answer, without any value.
type LegacyError struct {
	Class LegacyClass
	Code  string        // the platform's own code, or ours for the wire
	After time.Duration // not before; 0 is as one likes
}

// Error names class and code.
func (e *LegacyError) Error() string { return "legacy platform: " + string(e.Class) + " " + e.Code }
