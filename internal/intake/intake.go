// Package intake takes the filing system's facts in: accounts, subjects,
// websites, orders and records, one JSON object a line (NDJSON). A line is the
// whole truth about its object, so what it leaves out is cleared; exceptions are
// named at the fields. Accounts come before their subjects and orders, subjects
// before their websites and records.
package intake

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Type is what a line is about.
type Type string

// The types; their strings are permanent.
const (
	TypeAccount Type = "account"
	TypeSubject Type = "subject"
	TypeWebsite Type = "website"
	TypeOrder   Type = "order"
	TypeRecord  Type = "record"
)

// Item is one checked line. AsOf is when the filing system last changed the
// object, not when it exported it; zero when the line did not say.
type Item struct {
	Type       Type
	ExternalID string
	AsOf       time.Time
	Facts      Facts
}

// Facts is an Account, Subject, Website, Order or Record.
type Facts interface{ about() Type }

// Account is what a line says about an account. A PasswordHash is taken only
// while we hold none, since passwords are changed here (S1), and a hold is only
// ever prolonged (L8).
type Account struct {
	Site            filing.Site
	Status          filing.AccountStatus
	LoginEmail      filing.Email
	SecurityPhone   filing.Phone
	RealName        string
	RealCertificate filing.Certificate
	RealVerified    bool
	HoldUntil       time.Time
	Lang            string
	PasswordHash    string
}

// Subject is what a line says about a subject; Account is an external id.
type Subject struct {
	Account     string
	Nature      filing.SubjectNature
	Name        string
	Certificate filing.Certificate
	ICPNumber   filing.ICPNumber
	Principal   filing.Principal
}

// Website is what a line says about a website. Subject is an external id; the
// purchasing accounts need not be known here (A3).
type Website struct {
	Subject       string
	Name          string
	Domain        filing.Domain
	Suffix        int
	DomainAccount string
	ServerAccount string
	Principal     filing.Principal
}

// Order is what a line says about a filing order; Account is an external id.
type Order struct {
	Account    string
	Kind       string
	InProgress bool
}

// Record is what a line says about a document or a review of the filing system;
// Subject is an external id.
type Record struct {
	Subject string
	Kind    string
	Title   string
}

func (Account) about() Type { return TypeAccount }
func (Subject) about() Type { return TypeSubject }
func (Website) about() Type { return TypeWebsite }
func (Order) about() Type   { return TypeOrder }
func (Record) about() Type  { return TypeRecord }

// Store keeps what comes in.
type Store interface {
	// TakeIn runs fn in one transaction and commits it when fn returns nil. fn
	// may run more than once.
	TakeIn(ctx context.Context, fn func(Tx) error) error
	// Rehearse gives fn a store that knows everything this one knows, and
	// forgets afterwards whatever fn did to it.
	Rehearse(ctx context.Context, fn func(Store) error) error
}

// Tx is one transaction of a Store.
type Tx interface {
	// Lock keeps every other change to the accounts that these items touch
	// waiting until the transaction ends. It comes before Put.
	Lock(ctx context.Context, items []Item) error
	// Put inserts or updates one object by its external id. What the rules
	// forbid is in the result's faults and changes nothing; the error is for
	// the store's own trouble, tasks.ErrConflict when the object changed
	// meanwhile.
	Put(ctx context.Context, item Item) (Result, error)
	// Progress reads how far an import came; zero when there is none.
	Progress(ctx context.Context, name string) (Progress, error)
	// SaveProgress keeps it; line 0 forgets it.
	SaveProgress(ctx context.Context, p Progress) error
}

// Outcome is what became of an item.
type Outcome string

// The outcomes. MovedHere is a subject that the line wants in another account
// although it was moved here since, or at an unknown time (see Item.AsOf).
const (
	Refused   Outcome = "refused"
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Stale     Outcome = "stale"
	MovedHere Outcome = "moved_here"
)

// Result is the outcome of one item; Refused comes with every reason.
type Result struct {
	Outcome Outcome
	Faults  []Fault
}

// Refuse makes the result of an item with faults.
func Refuse(faults ...Fault) Result { return Result{Outcome: Refused, Faults: faults} }

// Progress is how far an import came: after Line lines of the source Name, whose
// bytes up to there have this Digest.
type Progress struct {
	Name   string
	Line   int64
	Digest string
}
