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

// The kinds of jobs. KindTransfer moves a subject to another account, KindReviewed
// does so on papers (T13), KindReversal moves it back (T14), KindLegacy brings over
// what an account of the legacy platform holds, KindReset gives an
// account whose login is lost a new one (product.md), KindContact gives an account
// another security phone by codes, KindContactPapers on papers (ADR 23).
const (
	KindTransfer Kind = "transfer"
	KindLegacy   Kind = "legacy_import"
	KindReset    Kind = "login_reset"
	KindReviewed Kind = "transfer_reviewed"
	KindReversal Kind = "reversal"
	KindContact  Kind = "contact_change"

	KindContactPapers Kind = "contact_papers"
	// KindLegacyPapers asks for a legacy import on papers (I6, I7).
	KindLegacyPapers Kind = "legacy_papers"
)

// State is where a job stands. The strings are permanent; pages.md gives the
// words that people read.
type State string

// The states a job can be in. The last five end it (A4).
const (
	StateDraft         State = "draft"
	StateEmailConfirm  State = "email_confirm"
	StateQueued        State = "queued"     // waits for a reviewer, or is with one
	StateSecondReview  State = "approved_1" // one reviewer approved, another one must (L9)
	StateNeedMore      State = "need_more"  // the applicant is on turn
	StateHold          State = "hold"       // approved, takes effect when the hold ends (L8)
	StateSourceVerify  State = "source_verify"
	StateTargetConfirm State = "target_confirm"
	StateOldPhone      State = "old_phone" // waits for the code to the phone on record
	StateNewPhone      State = "new_phone" // waits for the code to the phone to come
	StateApplying      State = "applying"
	StateChecking      State = "checking"  // the legacy platform is asked (I1)
	StateDiff          State = "diff"      // the applicant looks at the differences (I5)
	StateImporting     State = "importing" // item by item
	StateDisputed      State = "disputed"
	StateDone          State = "done"
	StateRejected      State = "rejected"
	StateWithdrawn     State = "withdrawn"
	StateExpired       State = "expired"
	StateFailed        State = "failed"
)

// States lists all of them: those that wait for somebody in the order of the flows,
// then those that end a job.
func States() []State {
	return []State{StateDraft, StateEmailConfirm, StateQueued, StateSecondReview, StateNeedMore, StateHold, StateSourceVerify, StateTargetConfirm,
		StateOldPhone, StateNewPhone, StateChecking, StateDiff, StateImporting, StateApplying, StateDisputed, StateDone, StateRejected, StateWithdrawn, StateExpired, StateFailed}
}

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

	WhatDrafted       What = "drafted"
	WhatRevised       What = "revised"
	WhatPhoneProved   What = "phone_proved"
	WhatMailSent      What = "mail_sent"
	WhatMailboxProved What = "mailbox_proved"
	WhatUploaded      What = "uploaded"
	WhatRemoved       What = "removed"
	WhatKept          What = "kept" // a document with flags, insisted on (L4)
	WhatQueued        What = "queued"
	WhatClaimed       What = "claimed"
	WhatReturned      What = "returned"
	WhatApprovedOnce  What = "approved_once"
	WhatLooked        What = "first_look" // in place of a verdict, for whoever looks second (L9); never recorded
	WhatApproved      What = "approved"
	WhatAsked         What = "asked" // for more, the clock stops
	WhatSupplemented  What = "supplemented"
	WhatEscalated     What = "escalated"
	WhatReminded      What = "reminded"
	WhatBreached      What = "breached"
	WhatDueChanged    What = "due_changed"
	WhatNudged        What = "nudged"
	WhatHeld          What = "held"
	WhatAppealed      What = "appealed"
	WhatReversed      What = "reversed" // by the job that the note names (T14)

	WhatOldProved  What = "old_phone_proved"
	WhatNewProved  What = "new_phone_proved"
	WhatRestored   What = "restored"          // a change that was not its owner's was undone
	WhatProved     What = "legacy_proved"     // the legacy login and password are right (I1)
	WhatRead       What = "legacy_read"       // the differences are known (I5)
	WhatUnanswered What = "legacy_unanswered" // the legacy platform does not answer (I2)
	WhatConfirmed  What = "legacy_confirmed"  // the applicant wants it (I5)
	WhatTied       What = "legacy_tied"       // the first thing was written (I4)
	WhatHoldOver   What = "legacy_hold_over"  // nobody objected (A8)
	WhatRetried    What = "legacy_retried"    // asked again before its time
)

// ActorKind says in which role somebody acted.
type ActorKind string

// The roles that appear on a timeline. V4 names the staff roles.
const (
	ActorSource     ActorKind = "source"
	ActorTarget     ActorKind = "target"
	ActorApplicant  ActorKind = "applicant"
	ActorContact    ActorKind = "contact" // a notified party, by "this was not me" (A8)
	ActorReviewer   ActorKind = "reviewer"
	ActorSupervisor ActorKind = "supervisor"
	ActorOperator   ActorKind = "operator"
	ActorAuditor    ActorKind = "auditor"
	ActorProgram    ActorKind = "program" // a program with a key (ADR 24)
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
	StaffID   string    // and which one (L9)
	Program   bool      // a program whose key may read jobs (ADR 24)
	System    bool      // the desk itself
}

// viewer is a member of staff at a job.
func (a Actor) viewer() Viewer { return Viewer{Staff: a.Kind, StaffID: a.ID} }

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
	OwnerSource    Owner = "source"
	OwnerTarget    Owner = "target"
	OwnerApplicant Owner = "applicant"
	OwnerPlatform  Owner = "platform"
)

// TaskID is the reference of one unit of work: <kind>.<receipt>.<step>, letters,
// digits, '.' and '_' only (queue.md, Outbox). The generation is kept apart.
func TaskID(kind Kind, receipt, step string) string {
	return strings.Join([]string{string(kind), receipt, step}, ".")
}

// Kinds are all kinds of jobs, in the order of Flows.
func Kinds() []Kind {
	flows := Flows(Policy{}, nil, nil)
	out := make([]Kind, len(flows))
	for i, f := range flows {
		out[i] = f.Kind()
	}
	return out
}

// ReviewedKinds are the kinds whose jobs a person looks at, in the order of Flows.
func ReviewedKinds() []Kind {
	var out []Kind
	for _, f := range Flows(Policy{}, nil, nil) {
		if _, ok := f.(Reviewed); ok {
			out = append(out, f.Kind())
		}
	}
	return out
}
