package tasks

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kinds of failure that somebody acts on. A plain error means internal. One
// function in api turns these into answers, one in worker into retries.
var (
	// ErrNotFound: no such thing, or none that the asker may know of.
	ErrNotFound = errors.New("not found")
	// ErrForbidden: the asker is known and may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrGone: it was there, and is used or over.
	ErrGone = errors.New("used or over")
	// ErrConflict: the record changed in between; read again and retry.
	ErrConflict = errors.New("changed in between")
	// ErrStale: the job has another version than the one that was decided on.
	ErrStale = errors.New("the job moved on")
	// ErrKeyReused: the idempotency key was used for another request (R19).
	ErrKeyReused = errors.New("idempotency key was used for another request")
	// ErrInFlight: the first request with this key still runs (R19).
	ErrInFlight = errors.New("a request with this idempotency key is still running")
	// ErrUnavailable: a dependency is down; nothing was changed (R8).
	ErrUnavailable = errors.New("temporarily unavailable")
	// ErrFenced: another attempt owns the step now; what this one did is void (R13).
	ErrFenced = errors.New("another attempt owns this step")
)

// Invalid lists every fault of the submitted fields at once. It never holds
// what was submitted.
type Invalid struct{ Faults []Fault }

// Fault is one wrong field: its name, a code, and parameters for the message
// (counts and positions, never the value).
type Fault struct {
	Field  string
	Code   string
	Reason string // refines the code, as in filing.FormatError
	Params map[string]string
}

func (e *Invalid) Error() string {
	codes := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		codes[i] = f.Field + " " + f.Code
	}
	return "invalid: " + strings.Join(codes, ", ")
}

// Blocked lists every blocker at once (A5).
type Blocked struct{ Blockers []Blocker }

func (e *Blocked) Error() string {
	codes := make([]string, len(e.Blockers))
	for i, b := range e.Blockers {
		codes[i] = b.Code
	}
	return "blocked: " + strings.Join(codes, ", ")
}

// WrongState says that a verb does not fit the job's state.
type WrongState struct {
	Verb  Verb
	State State
}

func (e *WrongState) Error() string {
	return fmt.Sprintf("%s is not possible in state %s", e.Verb, e.State)
}

// TooMany says that a limit was reached, and how long to wait.
type TooMany struct {
	Limit string // name of the limit
	After time.Duration
}

func (e *TooMany) Error() string {
	return fmt.Sprintf("limit %s reached, try again in %s", e.Limit, e.After.Round(time.Second))
}

// SendError classes what an SMS or mail provider refused (C2).
type SendError struct {
	Class SendClass
	After time.Duration // when the next try makes sense; zero leaves it to the desk
	Code  string        // the provider's code, nothing personal
}

func (e *SendError) Error() string { return fmt.Sprintf("provider %s: %s", e.Class, e.Code) }

// SendClass says what to do about a refused message.
type SendClass string

// The classes of C2. SendUnknown means the provider may have accepted it;
// SendHeld that it refuses until the operator mends something, such as a balance:
// the message is kept and tried again while it is worth sending.
const (
	SendRetry     SendClass = "retry"
	SendThrottled SendClass = "throttled"
	SendHeld      SendClass = "held"
	SendPermanent SendClass = "permanent"
	SendBadNumber SendClass = "bad_number"
	SendUnknown   SendClass = "unknown"
)

// Again is what Desk.Work returns when the step must be delivered again, In from
// database now. Failure tells a real failure from "too early" or "busy"; a
// breached promise is one too, so that the dashboard counts it (V3).
type Again struct {
	In      time.Duration
	Why     string
	Failure bool
	booked  bool // the record knows already
}

func (e *Again) Error() string { return "again: " + e.Why }
