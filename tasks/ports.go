package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Store keeps the record. Both methods run fn in one transaction; Update
// commits when fn returns nil. fn may run more than once (a lost race is run
// again), so it must not act outside the transaction. When the database can't
// be reached the error is ErrUnavailable.
type Store interface {
	View(ctx context.Context, fn func(Tx) error) error
	Update(ctx context.Context, fn func(Tx) error) error
}

// Tx is one transaction. Now is database time, the same for its whole length.
type Tx interface {
	Now() time.Time
	Facts
	Jobs
	Codes
	Tasks
	Ledger
	Limits
	Dossiers
	Documents
	Reviews
	Recoveries
	Lookups
	Journal
	Sealed
	LegacyTries
	LegacyTies
	LegacyItems
	LegacyEffects
	Webhooks
}

// Facts is what the filing system told us, and the effect of a transfer on it.
type Facts interface {
	// Party reads an account with everything a flow asks about it. It returns
	// ErrNotFound when there is none.
	Party(ctx context.Context, ref AccountRef) (Party, error)
	// Subjects lists an account's subjects in the order of their slots (A1).
	Subjects(ctx context.Context, accountID string) ([]filing.Subject, error)
	// Parties reads several accounts in one go, in the order asked for. One that
	// does not exist is zero.
	Parties(ctx context.Context, refs ...AccountRef) ([]Party, error)
	// Holdings lists what hangs on a subject, for previews and snapshots.
	Holdings(ctx context.Context, subjectID string) (Holdings, error)
	// LockAccounts keeps every other change to these accounts, their subjects
	// and orders waiting until the transaction ends.
	LockAccounts(ctx context.Context, ids ...string) error
	// MoveSubject gives the subject and all its records to another account
	// (T9); ErrConflict when the subject is not with from, or to is full (A1).
	MoveSubject(ctx context.Context, subjectID, from, to string) error
	// SubjectBy finds the account that holds the subject on which all of the
	// facts agree (L1); ErrNotFound when there is none. Name and numbers are
	// compared as they were normalised; the ICP number by its subject part.
	SubjectBy(ctx context.Context, f FilingFacts) (Party, error)
	// OpenJob is the receipt of the subject's open job of a kind (A6), else
	// ErrNotFound.
	OpenJob(ctx context.Context, subjectID string, k Kind) (string, error)
	// OpenJobOf is the receipt of an account's open job of a kind that asks for one
	// per account, else ErrNotFound.
	OpenJobOf(ctx context.Context, accountID string, k Kind) (string, error)
	// Contacts are all phones and mailboxes we hold for an account and a subject of
	// it: security phone, login, principals of subject and websites (A8).
	Contacts(ctx context.Context, accountID, subjectID string) (Contacts, error)
	// LoginFree reports whether no account signs in with this address.
	LoginFree(ctx context.Context, login filing.Email) (bool, error)
	// ReplaceLogin is the effect of L8: the account signs in with login from now
	// on, its password is unusable, its sessions are gone, and its subject can't be
	// transferred before hold. ErrConflict when the address is taken.
	ReplaceLogin(ctx context.Context, accountID string, login filing.Email, hold time.Time) error
	// SetPhone gives an account its security phone and voids its password recoveries.
	// ErrNotFound when there is no such account, or it is closed.
	SetPhone(ctx context.Context, accountID string, phone filing.Phone) error
	// HoldTransfers keeps an account from giving and taking until a moment (T6); a
	// longer hold stays.
	HoldTransfers(ctx context.Context, accountID string, until time.Time) error
}

// Contacts are channels without repetition. ChangedAt is when phone or login of
// the account last changed, zero when they never did.
type Contacts struct {
	Phones    []filing.Phone
	Mailboxes []filing.Email
	ChangedAt time.Time
}

// AccountRef names an account by exactly one of its first three fields. Subject,
// an id or an ICP number, says which of several subjects is meant (A1); without
// it, it is the one in the lowest slot.
type AccountRef struct {
	ID         string
	ExternalID string
	Login      filing.Email
	Subject    string
}

// Party is an account as a flow sees it.
type Party struct {
	Account filing.Account
	Subject filing.Subject // zero when it holds none, or not the one that was asked for
	Held    int            // how many subjects it holds
	Orders  int            // orders in progress
	Free    bool           // room for one more subject (A1)
	Open    string         // receipt of an open job on its subject, if any (A6)
}

// HasSubject reports whether the account holds a subject.
func (p Party) HasSubject() bool { return p.Subject.ID != "" }

// Holdings is what hangs on a subject.
type Holdings struct {
	Websites []filing.Website
	Records  []filing.Record
}

// Jobs reads and writes jobs and their timelines.
type Jobs interface {
	// Job reads one job that the viewer may see, else ErrNotFound.
	Job(ctx context.Context, receipt string, by Viewer) (Job, error)
	// JobsOf lists the jobs of a filter, newest first.
	JobsOf(ctx context.Context, f JobFilter) ([]Job, error)
	// Timeline lists a job's events, oldest first.
	Timeline(ctx context.Context, jobID string) ([]Event, error)
	// Record writes one step of a job: the job itself (new when its version is
	// 0), timeline rows, tasks and notices they cause, and the acknowledgement
	// of the task that led here. ErrConflict when the job changed in between,
	// ErrFenced when the claim is no longer ours.
	Record(ctx context.Context, job *Job, c Change, ack *Claim) error
}

// JobFilter selects jobs. Zero fields do not restrict; Limit is at most 200 and
// Before, a job id, continues an earlier list.
type JobFilter struct {
	AccountID string // either party
	Kind      Kind
	State     State
	Disputed  bool // a dispute waits for a supervisor
	Begun     bool // no drafts that nobody signed in for
	Before    string
	Limit     int
}

// Change is what one step writes besides the job's own fields.
type Change struct {
	To      State // empty: the state stays
	Events  []Event
	Tasks   []Task
	Notices []Notice
	// Park keeps the task that led here for later instead of ending it (V3).
	Park *Again
	// Opens are jobs that this step begins, each with what its opening causes.
	Opens []Opening
	// Touched says that the job's own fields changed, when nothing else did.
	Touched bool
	// Refuse is returned to the asker although the change is committed: a wrong
	// code counts even though the answer is no.
	Refuse error
}

// Opening is a new job and its first change.
type Opening struct {
	Job    *Job
	Change Change
}

// Codes keeps confirmation codes (C1). The digits are derived from the code's
// id with a key outside the database; only tries and times are stored.
type Codes interface {
	// Code reads the newest code of a job and purpose, else ErrNotFound.
	Code(ctx context.Context, jobID string, p Purpose) (Code, error)
	// SaveCode inserts or updates a code.
	SaveCode(ctx context.Context, c Code) error
	// CodesSent counts the code messages of the last 24 hours: to this phone
	// over all jobs, and for this job and purpose.
	CodesSent(ctx context.Context, jobID string, p Purpose, to filing.Phone) (perPhone, perJob int, err error)
}

// Tasks is the outbox: work that was decided and must be delivered.
type Tasks interface {
	// Claim takes one task for a lease; see ClaimResult.
	Claim(ctx context.Context, ref TaskRef, lease time.Duration) (Claim, error)
	// Renew prolongs a lease; ErrFenced when it is lost.
	Renew(ctx context.Context, c Claim, lease time.Duration) error
	// Ack ends a task; ErrFenced when another attempt owns it.
	Ack(ctx context.Context, c Claim) error
	// Postpone keeps a task for a later time after a failure or a limit;
	// a dead one keeps its reason for people (queue.md, principle 3).
	Postpone(ctx context.Context, c Claim, p Postponed) error
}

// Ledger is the record of every message (C3).
type Ledger interface {
	Notice(ctx context.Context, id string) (Notice, error)
	Notices(ctx context.Context, jobID string) ([]Notice, error)
	SaveNotice(ctx context.Context, n Notice) error
	// AddNotices writes messages that no job's change carries; their tasks are
	// posted apart.
	AddNotices(ctx context.Context, notices ...Notice) error
	// Hinted finds the ids of messages that hints name and whose receipt is still
	// waited for; whatever else they name is left out.
	Hinted(ctx context.Context, hints []Hint) ([]string, error)
	// Post puts tasks into the outbox; one that is there already starts over
	// with a new generation.
	Post(ctx context.Context, tasks ...Task) error
}

// Recoveries keeps password recoveries and carries out their effect (F2). No
// secret is among what is stored.
type Recoveries interface {
	// Recovery reads one, else ErrNotFound.
	Recovery(ctx context.Context, id string) (Recovery, error)
	// LastRecovery reads the newest of an account by one way, else ErrNotFound.
	LastRecovery(ctx context.Context, accountID string, by Channel) (Recovery, error)
	// SaveRecovery inserts one of version 0 or books its sends, tries and use;
	// ErrConflict when it changed in between.
	SaveRecovery(ctx context.Context, r Recovery) error
	// VoidRecoveries ends every recovery of an account that was not used.
	VoidRecoveries(ctx context.Context, accountID string) error
	// AccountsOf lists up to limit accounts that are not closed and have this
	// security phone.
	AccountsOf(ctx context.Context, phone filing.Phone, limit int) ([]string, error)
	// SetPassword replaces an account's password hash and ends its sessions;
	// ErrNotFound when there is none or it is closed.
	SetPassword(ctx context.Context, accountID, hash string) error
	// EndWait lets a login try at once that had to wait after wrong passwords.
	EndWait(ctx context.Context, login filing.Email) error
	// TakeKeys takes away whatever opened an account: its password, its sessions
	// and its identities at other providers (L8). ErrNotFound as SetPassword.
	TakeKeys(ctx context.Context, accountID string) error
}

// Lookups keeps questions for a login until they are answered (F1), sealed.
type Lookups interface {
	// AddLookup keeps a new one.
	AddLookup(ctx context.Context, l Lookup) error
	// Lookup reads one, else ErrNotFound.
	Lookup(ctx context.Context, id string) (Lookup, error)
	// DropLookup forgets one.
	DropLookup(ctx context.Context, id string) error
	// HolderBy finds the account that holds the one subject which all of the facts
	// fit; ErrNotFound when there is none, or more than one.
	HolderBy(ctx context.Context, f LookupFacts) (Party, error)
}

// Journal is the house's own journal.
type Journal interface {
	// Audit writes one row.
	Audit(ctx context.Context, e Entry) error
}

// Passwords turns new passwords into what may be stored.
type Passwords interface {
	// NewHash judges a password and hashes it, which takes long and runs outside
	// of any transaction. *Invalid says why it is refused.
	NewHash(ctx context.Context, password string) (string, error)
}

// Limits counts attempts with the generic cell rate algorithm.
type Limits interface {
	// Take spends one of the limit's tokens for key, or returns *TooMany.
	Take(ctx context.Context, l Limit, key string) error
	// TakeEach is Take of several limits for one key in one go: all of them or,
	// with *TooMany for one that is spent, none.
	TakeEach(ctx context.Context, key string, limits ...Limit) error
	// Left is Take that spends nothing: *TooMany when no token is left.
	Left(ctx context.Context, l Limit, key string) error
	// Remembered looks an idempotency key up: the stored answer, ErrNotFound
	// when it is new, ErrKeyReused when it was used for another request.
	Remembered(ctx context.Context, o Once) ([]byte, error)
	// Remember stores the answer of an idempotency key for 7 days.
	Remember(ctx context.Context, o Once, answer []byte) error
}

// Limit allows Burst events at once and then Burst per Period, evenly.
type Limit struct {
	Name   string
	Burst  int
	Period time.Duration
}

// Once is an idempotency key: who asked, the key, and what was asked (R19).
type Once struct {
	Scope       string // user and route
	Key         string
	Fingerprint string // of the request's content
}

// Sender hands a message to a provider (C2). Find asks what became of a message
// whose outcome is unknown, by its OutID; ErrNotFound when the provider never
// saw it and none is on its way: until that is sure the error is a *SendError of
// class SendUnknown that says when to ask again.
type Sender interface {
	Send(ctx context.Context, m Message) (Sent, error)
	Find(ctx context.Context, m Message) (Sent, error)
}

// Message is what a Sender gets. It renders the template in Lang; To and Params
// never appear in errors.
type Message struct {
	OutID    string // our id; the provider's de-duplication key
	Channel  Channel
	Template Template
	Lang     string
	Phone    filing.Phone // for SMS
	Email    filing.Email // for mail
	Params   map[string]string
	At       time.Time
	TriedAt  time.Time // when it was last handed over; zero: never
}

// Sent is a provider's word on a message it accepted.
type Sent struct {
	ProviderID string
	Delivered  bool
	// Refused says that it did not arrive, and whose matter that is.
	Refused *SendError
	// Final says that nothing more will be known, so nobody asks.
	Final bool
}

// Inbox is the embedded provider's box of sent messages, shown by a page.
type Inbox interface {
	PutLetter(ctx context.Context, l Letter) error
	Letter(ctx context.Context, outID string) (Letter, error)
}

// Letter is one message in the inbox; DeliveredAt may lie in the future for a
// number that plays "late", and is zero for one that never arrives.
type Letter struct {
	OutID       string
	Channel     Channel
	To          string // in clear; sealed at rest
	Text        string
	At          time.Time
	DeliveredAt time.Time
}

// Secrets derives short codes from ids with a key that is not in the database.
type Secrets interface {
	// Digits gives the 6 digits of a confirmation code (C1).
	Digits(id string) string
	// Word gives 8 characters of Crockford base 32 for tracking and veto codes.
	Word(purpose, id string) string
	// Token gives 128 bits as base64url, for links.
	Token(purpose, id string) string
}

// Random is where ids and receipts come from.
type Random interface {
	ID() string
	Receipt(letters string) (string, error)
}
