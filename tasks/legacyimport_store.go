package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// Sealed keeps values of a job, each under a key of its own until it is wiped:
// then no copy of the database can open it any more (I3).
type Sealed interface {
	// MakeKey gives a job the key that its pictures are sealed with, or leaves the
	// one it has.
	MakeKey(ctx context.Context, jobID string) error
	// Seal keeps a value in place of an earlier one of that name.
	Seal(ctx context.Context, jobID, name string, value []byte) error
	// Unseal opens it; ErrNotFound when there is none or it was wiped.
	Unseal(ctx context.Context, jobID, name string) ([]byte, error)
	// Wipe takes values away for good; without names all of the job's.
	Wipe(ctx context.Context, jobID string, names ...string) error
}

// LegacyTries counts wrong passwords per legacy login (I3). The login itself is
// stored as a keyed digest.
type LegacyTries interface {
	// BeginTry books a job's try before the platform is asked, and counts the other
	// jobs' at the same login: refused ones since a moment, and ones under way.
	BeginTry(ctx context.Context, jobID, login string, since time.Time) (LegacyTried, error)
	// EndTry keeps a wrong try and forgets any other.
	EndTry(ctx context.Context, jobID, login string, wrong bool) error
	// Tried counts without booking.
	Tried(ctx context.Context, login string, since time.Time) (LegacyTried, error)
}

// LegacyTried is how often a login was tried. Oldest is when the first of the
// wrong ones was.
type LegacyTried struct {
	Wrong, Running int
	Oldest         time.Time
}

// LegacyTies keeps which legacy account went into which account: one to one, by
// constraints of the database (I4).
type LegacyTies interface {
	// OpenImport is the receipt of an account's open job of a kind, import or papers
	// for one (A6), else ErrNotFound.
	OpenImport(ctx context.Context, accountID string, k Kind) (string, error)
	// ImportedInto is the account that a legacy account went into, else ErrNotFound.
	ImportedInto(ctx context.Context, legacyID string) (accountID string, err error)
	// Imported reports whether a legacy account went into this account.
	Imported(ctx context.Context, accountID string) (bool, error)
	// Misfit is what the account's newest import read that people must judge (I6),
	// until it is shredded (L10), else ErrNotFound.
	Misfit(ctx context.Context, accountID string) (Dossier, error)
	// Tie notes that one went into an account; either of them tied before fails as
	// a lost race.
	Tie(ctx context.Context, legacyID, accountID, jobID string) error
}

// LegacyItems keeps the items of an import: its differences first, then its
// report (I5, I8).
type LegacyItems interface {
	// LegacyItems lists a job's in the order of their No.
	LegacyItems(ctx context.Context, jobID string) ([]LegacyItem, error)
	// NextLegacyItem is the pending one of these kinds with the lowest No, else
	// ErrNotFound.
	NextLegacyItem(ctx context.Context, jobID string, kinds ...LegacyItemKind) (LegacyItem, error)
	// AddLegacyItems inserts them, in place of all that the job had.
	AddLegacyItems(ctx context.Context, jobID string, items []LegacyItem) error
	// SaveLegacyItems updates what became of items, choices and rows included.
	SaveLegacyItems(ctx context.Context, jobID string, items ...LegacyItem) error
}

// LegacyEffects are what an import looks up and writes. New rows carry the legacy
// id in their external id, which is unique: nothing comes twice (I5).
type LegacyEffects interface {
	// HolderOf finds the subject with this certificate and its account (A2), else
	// ErrNotFound.
	HolderOf(ctx context.Context, c filing.Certificate) (filing.Subject, error)
	// ICPHolder finds the subject with this number, else ErrNotFound.
	ICPHolder(ctx context.Context, n filing.ICPNumber) (filing.Subject, error)
	// WebsiteOf finds the website with this domain and the account that holds it,
	// else ErrNotFound.
	WebsiteOf(ctx context.Context, d filing.Domain) (w filing.Website, accountID string, err error)
	// AddSubject gives an account a subject in its lowest free slot; ErrConflict
	// when it is full (A1).
	AddSubject(ctx context.Context, s filing.Subject) (id string, err error)
	// ReviseSubject writes name, number and principal of a subject.
	ReviseSubject(ctx context.Context, s filing.Subject) error
	// AddWebsite adds a website to its subject.
	AddWebsite(ctx context.Context, w filing.Website) (id string, err error)
	// ReviseWebsite writes name, suffix and principal of a website.
	ReviseWebsite(ctx context.Context, w filing.Website) error
	// AddRecord adds a record to its subject; one that is there stays.
	AddRecord(ctx context.Context, r filing.Record) error
}
