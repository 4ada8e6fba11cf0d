// Package tasks is the office: the flows of the account desk, the desk that
// accepts and moves jobs, and the ports it needs from the outside world.
//
// Read desk.go first, then one flow (transfer.go). A flow is one story, top to
// bottom. Everything that touches a technology lives in another package and
// depends inwards, on the ports of ports.go.
package tasks

import (
	"encoding/json"
	"strings"
	"time"
)

// Kind is one kind of job. The strings are permanent: they stand in databases,
// queues and receipts.
type Kind string

// KindTransfer moves a subject to another account (product.md, Transfer).
const KindTransfer Kind = "transfer"

// State is where a job stands. The strings are permanent; pages.md gives the
// words that people read.
type State string

// The states a job can be in. The last five end it (A4).
const (
	StateSourceVerify  State = "source_verify"
	StateTargetConfirm State = "target_confirm"
	StateApplying      State = "applying"
	StateDisputed      State = "disputed"
	StateDone          State = "done"
	StateRejected      State = "rejected"
	StateWithdrawn     State = "withdrawn"
	StateExpired       State = "expired"
	StateFailed        State = "failed"
)

// Ended reports whether the state is terminal: nothing moves the job any more.
func (s State) Ended() bool {
	switch s {
	case StateDone, StateRejected, StateWithdrawn, StateExpired, StateFailed:
		return true
	}
	return false
}

// Job is the record of one accepted request (product.md, Vocabulary). Times are
// database time; a zero time means "not yet" or "does not apply".
type Job struct {
	ID              string
	Receipt         string // 10 characters, no hyphen
	Kind            Kind
	State           State
	Before          State // where a disputed job goes back to on release
	Version         int64 // rises with every change; guards concurrent ones
	SubjectID       string
	SourceAccountID string
	TargetAccountID string
	Lang            string          // language of the messages, "zh-CN" or "en"
	Facts           json.RawMessage // the flow's own record; nothing personal in clear
	Blockers        []Blocker       // why it failed, when it did (T12)
	Events          int             // length of the timeline
	Head            []byte          // hash of the newest timeline row (A7)
	ExpiresAt       time.Time
	DisputedAt      time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	EndedAt         time.Time
}

// Event is one row of a job's timeline: when, who, what, why (A7). The store
// numbers, dates and chains it. Note is a permanent key or code, never a
// person's words, so that nothing personal can enter the chain.
type Event struct {
	JobID string
	Seq   int
	At    time.Time
	Actor Actor
	What  What
	From  State
	To    State
	Note  string
	Prev  []byte
	Hash  []byte
}

// What names the kind of a timeline row; permanent strings.
type What string

// The kinds of timeline rows.
const (
	WhatSubmitted  What = "submitted"
	WhatVerified   What = "verified"
	WhatCodeWrong  What = "code_wrong"
	WhatCodeSent   What = "code_sent"
	WhatAccepted   What = "accepted"
	WhatDeclined   What = "declined"
	WhatCancelled  What = "cancelled"
	WhatExpired    What = "expired"
	WhatDisputed   What = "disputed"
	WhatReleased   What = "released"
	WhatRejected   What = "rejected"
	WhatApplied    What = "applied"
	WhatBlocked    What = "blocked"
	WhatDeadLetter What = "dead_letter"
	WhatRedriven   What = "redriven"
)

// ActorKind says in which role somebody acted.
type ActorKind string

// The roles that appear on a timeline. V4 names the staff roles.
const (
	ActorSource     ActorKind = "source"
	ActorTarget     ActorKind = "target"
	ActorContact    ActorKind = "contact" // a notified party, by "this was not me" (A8)
	ActorReviewer   ActorKind = "reviewer"
	ActorSupervisor ActorKind = "supervisor"
	ActorOperator   ActorKind = "operator"
	ActorAuditor    ActorKind = "auditor"
	ActorSystem     ActorKind = "system"
)

// Actor is who did something. ID is an account or staff id, empty for the
// system and for contacts without a sign-in.
type Actor struct {
	Kind ActorKind
	ID   string
}

// System is the actor of everything no person did.
func System() Actor { return Actor{Kind: ActorSystem} }

// Viewer says by which right somebody asks for a job; the store puts it into
// the query's WHERE (trust.md, broken access). Exactly one field is set.
type Viewer struct {
	AccountID string    // a party of the job
	Tracking  string    // the job's tracking code, as typed
	Veto      string    // a notified contact's code, as typed (A8)
	Staff     ActorKind // a member of staff, in this role
	System    bool      // the desk itself
}

// Blocker is one reason why a job can't go on (A5): a code of product.md, whose
// matter it is, and the field it concerns. Words come from the catalog.
type Blocker struct {
	Code   string            `json:"code"`
	Owner  Owner             `json:"owner"`
	Field  string            `json:"field,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// Owner says who can clear a blocker.
type Owner string

// The possible owners of a blocker.
const (
	OwnerSource   Owner = "source"
	OwnerTarget   Owner = "target"
	OwnerPlatform Owner = "platform"
)

// TaskID is the reference of one unit of work: <kind>.<receipt>.<step>, letters,
// digits, '.' and '_' only (queue.md, Outbox). The generation is kept apart.
func TaskID(kind Kind, receipt, step string) string {
	return strings.Join([]string{string(kind), receipt, step}, ".")
}
