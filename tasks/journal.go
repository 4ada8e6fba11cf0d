package tasks

import (
	"strings"
	"time"
)

// Entry is one row of the house's journal: who did what to which object, why, and
// what came of it. Nothing personal belongs in it. Seq, At and the hashes of the
// chain are the store's.
type Entry struct {
	Seq       int64
	At        time.Time
	Actor     Actor
	Action    string
	Object    string
	Reason    string
	Outcome   string
	RequestID string
	Prev      []byte
	Hash      []byte
}

// EntryFilter selects rows of the journal; zero fields do not restrict. Limit is at
// most 1000, and Below continues an earlier list under its last Seq.
type EntryFilter struct {
	ActorID   string
	ActorKind ActorKind
	Action    string // one that ends with a dot stands for all that begin with it
	Object    string
	From, To  time.Time // To is not included
	Below     int64
	// BlindTo is the member of staff who must not learn what a first look came to while
	// the second is open (L9): rows about it that somebody else caused are left out.
	BlindTo string
	Limit   int
}

// Words writes permanent strings with blanks between them, as record and journal keep
// several of them.
func Words[T ~string](names []T) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = string(name)
	}
	return strings.Join(out, " ")
}
