package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"
)

// Desk accepts jobs and moves them. Every step has the same three beats: a
// command comes in; one transaction records the facts, the timeline row and the
// tasks and messages they cause; a task goes out. There is no second path.
type Desk struct {
	store   Store
	sender  Sender
	secrets Secrets
	random  Random
	flows   map[Kind]Flow
	steps   map[string]step
	lease   time.Duration
}

// Flow is one kind of job. A new flow is one file and one line in Flows.
type Flow interface {
	Kind() Kind
	// Letters are the two letters its receipts begin with.
	Letters() string
	// Check finds every blocker at once and what a confirmation page shows; it
	// changes nothing (A5). Faulty fields are an *Invalid.
	Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error)
	// Open fills a new job whose Check found no blocker.
	Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error)
	// Verbs are what people may do to a job afterwards.
	Verbs() map[Verb]VerbFunc
	// Offers lists the verbs open to a viewer in the job's present state.
	Offers(job Job, by Viewer, now time.Time) []Verb
	// Steps are what workers do, by step name.
	Steps() map[string]StepFunc
}

// VerbFunc carries out a verb on a job that the asker may see.
type VerbFunc func(ctx context.Context, tx Tx, job *Job, a Action) (Change, error)

// StepFunc carries out one step inside the transaction that acknowledges it. It
// may run twice; the second run finds nothing to do.
type StepFunc func(ctx context.Context, tx Tx, job *Job) (Change, error)

// Verb is an action on a job; permanent strings, part of the API's paths.
type Verb string

// The verbs of a transfer and of its disputes.
const (
	VerbVerify  Verb = "verify"
	VerbResend  Verb = "resend"
	VerbInvite  Verb = "invite"
	VerbAccept  Verb = "accept"
	VerbDecline Verb = "decline"
	VerbCancel  Verb = "cancel"
	VerbDispute Verb = "dispute"
	VerbRelease Verb = "release"
	VerbReject  Verb = "reject"
)

// Submission is what a form or an API call asks for before it is a job.
type Submission struct {
	Kind      Kind
	AccountID string // the signed-in account
	Lang      string
	Fields    map[string]string
	Once      Once // zero for a precheck
}

// Action is a verb on a job, by somebody.
type Action struct {
	Receipt string
	Verb    Verb
	By      Viewer
	StaffID string // with By.Staff
	Fields  map[string]string
	Once    Once
}

// Accepted answers a submission or an action. It is stored under the
// idempotency key, so a replay gives the same answer (A6).
type Accepted struct {
	Receipt  string `json:"receipt"`
	State    State  `json:"state"`
	Version  int64  `json:"version"`
	Tracking string `json:"tracking,omitempty"`
	Replayed bool   `json:"-"`
}

// Preview is what a precheck shows before anybody confirms (T1): masked only.
type Preview struct {
	Source   string   `json:"source"`
	Target   string   `json:"target"`
	Subject  string   `json:"subject"`
	ICP      string   `json:"icp"`
	Domains  []string `json:"domains,omitempty"`
	Websites int      `json:"websites"`
	Records  int      `json:"records"`
	Foreign  int      `json:"foreign"` // websites whose domain or server another account bought (A3)
	CodeTo   string   `json:"code_to"`
	source   Party
	target   Party
}

// NewDesk wires the desk. The lease is how long a claimed step may stay silent.
func NewDesk(p DeskParts) *Desk {
	d := &Desk{store: p.Store, sender: p.Sender, secrets: p.Secrets, random: p.Random, lease: p.Lease,
		flows: map[Kind]Flow{}, steps: map[string]step{}}
	for _, f := range p.Flows {
		d.flows[f.Kind()] = f
		for name, fn := range f.Steps() {
			d.steps[string(f.Kind())+":"+name] = d.flowStep(f, fn)
		}
	}
	d.steps[typeNoticeSend] = d.sendNotice
	d.steps[typeNoticeCheck] = d.checkNotice
	for name, chore := range p.Chores {
		d.steps[name] = d.chore(chore)
	}
	return d
}

// Knows tells whether a task type is one of the desk's: a step of a flow, a
// message, a chore.
func (d *Desk) Knows(taskType string) bool {
	_, ok := d.steps[taskType]
	return ok
}

// DeskParts is what a desk is made of.
type DeskParts struct {
	Store   Store
	Sender  Sender
	Secrets Secrets
	Random  Random
	Flows   []Flow
	Lease   time.Duration
	// Chores are the recurring duties of the house by task type; each may run
	// twice.
	Chores map[string]func(context.Context) error
}

// Precheck runs a flow's rules and changes nothing but the limit's count. It
// returns the preview and, as *Blocked, every blocker at once (A5).
func (d *Desk) Precheck(ctx context.Context, s Submission) (Preview, error) {
	flow, ok := d.flows[s.Kind]
	if !ok {
		return Preview{}, fmt.Errorf("precheck of kind %q: %w", s.Kind, ErrNotFound)
	}
	err := d.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitPrecheck, s.AccountID) })
	if err != nil {
		return Preview{}, err
	}
	var p Preview
	var blockers []Blocker
	err = d.store.View(ctx, func(tx Tx) (err error) {
		p, blockers, err = flow.Check(ctx, tx, s)
		return err
	})
	if err == nil && len(blockers) > 0 {
		err = &Blocked{Blockers: blockers}
	}
	return p, err
}

// Submit accepts a job: it is committed, with its timeline, tasks and notices,
// before a receipt is given (A4). Errors: *Invalid, *Blocked, *TooMany,
// ErrKeyReused, ErrInFlight, ErrUnavailable.
func (d *Desk) Submit(ctx context.Context, s Submission) (Accepted, error) {
	flow, ok := d.flows[s.Kind]
	if !ok {
		return Accepted{}, fmt.Errorf("submission of kind %q: %w", s.Kind, ErrNotFound)
	}
	if s.Once.Key == "" {
		return Accepted{}, &Invalid{Faults: []Fault{{Field: "idempotency_key", Code: "REQUIRED"}}}
	}
	acc, err := d.once(ctx, s.Once, func(tx Tx) (Accepted, error) { return d.open(ctx, tx, flow, s) })
	if err != nil || !acc.Replayed {
		return acc, err
	}
	err = d.store.View(ctx, func(tx Tx) error {
		job, err := tx.Job(ctx, acc.Receipt, Viewer{System: true})
		acc.Tracking = d.Tracking(job)
		return err
	})
	return acc, err
}

// open counts as a precheck first, even when it is blocked: else submitting
// would be a way to guess a target's digits without end.
func (d *Desk) open(ctx context.Context, tx Tx, flow Flow, s Submission) (Accepted, error) {
	if err := tx.Take(ctx, limitPrecheck, s.AccountID); err != nil {
		return Accepted{}, err
	}
	preview, blockers, err := flow.Check(ctx, tx, s)
	if err != nil {
		return Accepted{}, err
	}
	if len(blockers) > 0 {
		return Accepted{}, committed{&Blocked{Blockers: blockers}}
	}
	if err := tx.Take(ctx, limitSubmit, s.AccountID); err != nil {
		return Accepted{}, err
	}
	receipt, err := d.random.Receipt(flow.Letters())
	if err != nil {
		return Accepted{}, fmt.Errorf("drawing a receipt: %w", err)
	}
	job := &Job{ID: d.random.ID(), Receipt: receipt, Kind: s.Kind, Lang: s.Lang, CreatedAt: tx.Now()}
	change, err := flow.Open(ctx, tx, job, s, preview)
	if err != nil {
		return Accepted{}, err
	}
	if err := d.record(ctx, tx, job, change, nil); err != nil {
		return Accepted{}, err
	}
	return Accepted{Receipt: job.Receipt, State: job.State, Version: job.Version, Tracking: d.Tracking(*job)}, nil
}

// Act carries out a verb on a job. Errors: those of Submit, ErrNotFound for a
// stranger, *WrongState, ErrForbidden.
func (d *Desk) Act(ctx context.Context, a Action) (Accepted, error) {
	return d.once(ctx, a.Once, func(tx Tx) (Accepted, error) {
		job, err := tx.Job(ctx, a.Receipt, a.By)
		if err != nil {
			return Accepted{}, err
		}
		fn, ok := d.flows[job.Kind].Verbs()[a.Verb]
		if !ok {
			return Accepted{}, fmt.Errorf("verb %q on a %s: %w", a.Verb, job.Kind, ErrNotFound)
		}
		if a.By.AccountID != "" {
			if err := tx.Take(ctx, limitVerb, a.By.AccountID); err != nil {
				return Accepted{}, err
			}
		}
		change, err := fn(ctx, tx, &job, a)
		if err != nil {
			return Accepted{}, err
		}
		if err := d.record(ctx, tx, &job, change, nil); err != nil {
			return Accepted{}, err
		}
		if change.Refuse != nil {
			return Accepted{}, committed{change.Refuse}
		}
		return Accepted{Receipt: job.Receipt, State: job.State, Version: job.Version}, nil
	})
}

// committed marks a refusal that keeps what was written.
type committed struct{ error }

// once runs fn under an idempotency key: a replay gets the first answer (R19).
// A refusal that was committed is not remembered; asking again is a new try. It
// is given only after the commit: else guesses that lost a race would be
// answered and not counted (C1).
func (d *Desk) once(ctx context.Context, o Once, fn func(Tx) (Accepted, error)) (Accepted, error) {
	var acc Accepted
	var refuse error
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		refuse = nil
		if acc, err = recall(ctx, tx, o); !errors.Is(err, ErrNotFound) {
			return err
		}
		acc, err = fn(tx)
		var kept committed
		if errors.As(err, &kept) {
			refuse = kept.error
			return nil
		}
		if err != nil {
			return err
		}
		return remember(ctx, tx, o, acc)
	})
	if err == nil {
		err = refuse
	}
	if err != nil {
		return d.twin(ctx, o, err)
	}
	return acc, nil
}

// twin gives the answer of a request with the same key that was committed while
// this one ran, and so got this one refused (R19).
func (d *Desk) twin(ctx context.Context, o Once, refused error) (Accepted, error) {
	var acc Accepted
	err := d.store.View(ctx, func(tx Tx) (err error) {
		acc, err = recall(ctx, tx, o)
		return err
	})
	if err != nil {
		return Accepted{}, refused
	}
	return acc, nil
}

// recall reads the answer that a key got; ErrNotFound when it is new or none.
func recall(ctx context.Context, tx Tx, o Once) (Accepted, error) {
	if o.Key == "" {
		return Accepted{}, ErrNotFound
	}
	stored, err := tx.Remembered(ctx, o)
	if err != nil {
		return Accepted{}, err
	}
	acc := Accepted{Replayed: true}
	if err := json.Unmarshal(stored, &acc); err != nil {
		return Accepted{}, fmt.Errorf("decoding an answer: %w", err)
	}
	return acc, nil
}

// remember keeps an answer without its tracking code, which must not rest in the
// database.
func remember(ctx context.Context, tx Tx, o Once, acc Accepted) error {
	if o.Key == "" {
		return nil
	}
	acc.Tracking = ""
	answer, err := json.Marshal(acc)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return tx.Remember(ctx, o, answer)
}

// record completes a change and writes it: from-states, then one Record.
func (d *Desk) record(ctx context.Context, tx Tx, job *Job, c Change, ack *Claim) error {
	from := job.State
	if c.To != "" {
		job.State = c.To
	}
	for i := range c.Events {
		c.Events[i].JobID = job.ID
		c.Events[i].From, c.Events[i].To = from, job.State
	}
	if job.State.Ended() && job.EndedAt.IsZero() {
		job.EndedAt = tx.Now()
	}
	for i := range c.Notices {
		n := &c.Notices[i]
		n.ID, n.JobID, n.Lang, n.State = d.random.ID(), job.ID, job.Lang, NoticeWaiting
		c.Tasks = append(c.Tasks, noticeTask(n.ID, typeNoticeSend))
	}
	return tx.Record(ctx, job, c, ack)
}

// Tracking is the code that, with the receipt, opens a job's status page.
func (d *Desk) Tracking(j Job) string { return d.secrets.Word("tracking", j.ID) }

// Veto is the code that lets the receiver of a notice freeze its job (A8).
func (d *Desk) Veto(jobID string) string { return d.secrets.Word("veto", jobID) }

// Flows lists the flows of the office; a new one is added here.
func Flows(p Policy, s Secrets, r Random) []Flow { return []Flow{NewTransfer(p, s, r)} }

// Policy is what an operator may decide about the rules.
type Policy struct {
	RealName         string        // off | target_verified | must_match (T7)
	TargetAcceptance bool          // T8; default true
	TargetWindow     time.Duration // T8; default 72 h
	VerifyWindow     time.Duration // how long an unverified job stays open
}

// Limits of the trust reference 4.8 that count per account.
var (
	limitPrecheck = Limit{Name: "precheck", Burst: 30, Period: 10 * time.Minute}
	limitSubmit   = Limit{Name: "submit", Burst: 10, Period: time.Hour}
	limitVerb     = Limit{Name: "verb", Burst: 60, Period: time.Hour}
)

// Fingerprint digests what was asked, for idempotency keys: the same fields in
// any order give the same value.
func Fingerprint(parts map[string]string) string {
	names := make([]string, 0, len(parts))
	for n := range parts {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%d:%s=%d:%s;", len(n), n, len(parts[n]), parts[n])
	}
	return hex.EncodeToString(h.Sum(nil))
}
