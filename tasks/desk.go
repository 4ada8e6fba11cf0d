package tasks

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"beian/internal/filing"
)

// Desk accepts jobs and moves them. Every step has the same three beats: a
// command comes in; one transaction records the facts, the timeline row and the
// tasks and messages they cause; a task goes out. There is no second path.
type Desk struct {
	store   Store
	sender  Sender
	secrets Secrets
	random  Random
	hashes  Passwords
	flows   map[Kind]Flow
	steps   map[string]step
	lease   time.Duration
	speed   float64
	cabinet Cabinet
	legacy  Legacy
	caller  Caller
	budget  Budget

	claimLease, undoFor time.Duration
}

// Flow is one kind of job. A new flow is one file and one line in Flows.
type Flow interface {
	Kind() Kind
	// Letters are the two letters its receipts begin with.
	Letters() string
	// Check finds every blocker at once and what a confirmation page shows; it
	// changes nothing (A5), and runs in a read transaction before the one of Open.
	// Faulty fields are an *Invalid.
	Check(ctx context.Context, tx Tx, s Submission) (Preview, []Blocker, error)
	// Open fills a new job whose Check found no blocker. What Check saw may have
	// changed since: the step that carries the effect out must look again.
	Open(ctx context.Context, tx Tx, job *Job, s Submission, p Preview) (Change, error)
	// Verbs are what people may do to a job afterwards.
	Verbs() map[Verb]VerbFunc
	// Offers lists the verbs open to a viewer in the job's present state.
	Offers(job Job, by Viewer, now time.Time) []Verb
	// Steps are what workers do, by step name.
	Steps() map[string]StepFunc
	// Show fills in what a viewer sees of a job, masked.
	Show(ctx context.Context, tx Tx, v *View) error
	// Tracks says who may be told the tracking code: whoever submitted the job.
	Tracks(r Role) bool
	// HoldsPhone reports whether a phone may open the job's status page by a code.
	HoldsPhone(ctx context.Context, tx Tx, job Job, phone filing.Phone) (bool, error)
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
	VerbApprove Verb = "approve" // the second supervisor's yes to a reversal (T14)
)

// The verbs of a legacy import.
const (
	VerbConfirm Verb = "confirm" // what the differences show, with a choice for each conflict (I5)
	VerbRetry   Verb = "retry"   // ask the legacy platform again before its time (I2)
)

// The verbs of a login reset's applicant.
const (
	VerbMailbox    Verb = "mailbox" // send the confirmation mail again
	VerbRevise     Verb = "revise"
	VerbKeep       Verb = "keep"   // a document with flags
	VerbRemove     Verb = "remove" // a document
	VerbSubmit     Verb = "submit"
	VerbSupplement Verb = "supplement"
	VerbNudge      Verb = "nudge"
	VerbAppeal     Verb = "appeal"
)

// The verbs of a contact change: the code from either phone.
const (
	VerbVerifyOld Verb = "verify-old"
	VerbVerifyNew Verb = "verify-new"
)

// Submission is what a form or an API call asks for before it is a job.
type Submission struct {
	Kind      Kind
	AccountID string // the signed-in account; empty for a login reset
	Staff     Actor  // the member of staff who asks, of a reversal
	Asker     string // a keyed digest of the caller's address: whom limits count when nobody is signed in
	Lang      string
	Fields    map[string]string
	Once      Once // zero for a precheck
}

// Accepted answers a submission or an action. It is stored under the
// idempotency key, so a replay gives the same answer (A6).
type Accepted struct {
	Receipt  string `json:"receipt"`
	State    State  `json:"state"`
	Version  int64  `json:"version"`
	Tracking string `json:"tracking,omitempty"`
	// ExpiresAt is when the job would end by itself, as it was then.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	Replayed  bool      `json:"-"`
	Job       *Job      `json:"-"` // as it was written; nil in a replay
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
	dossier  Dossier
	moved    *Job // which a reversal moves back
}

// asker is whom the limits of a submission count.
func (s Submission) asker() string { return cmp.Or(s.AccountID, s.Asker) }

// NewDesk wires the desk. The lease is how long a claimed step may stay silent.
func NewDesk(p DeskParts) *Desk {
	d := &Desk{store: p.Store, sender: p.Sender, secrets: p.Secrets, random: p.Random, hashes: p.Passwords,
		lease: stretch(p.Lease, p.Speed), speed: cmp.Or(p.Speed, 1), cabinet: p.Cabinet, legacy: p.Legacy, caller: p.Caller, budget: p.Budget, claimLease: cmp.Or(p.ClaimLease, 30*time.Minute), undoFor: p.Undo, flows: map[Kind]Flow{}, steps: map[string]step{}}
	for _, f := range p.Flows {
		d.flows[f.Kind()] = f
		for name, fn := range f.Steps() {
			d.steps[string(f.Kind())+":"+name] = d.flowStep(f, fn)
		}
		if e, ok := f.(Errands); ok {
			for name, fn := range e.Errands() {
				d.steps[string(f.Kind())+":"+name] = d.errand(f, fn)
			}
		}
		if r, ok := f.(Reviewed); ok {
			d.steps[cardType(f.Kind())] = d.cardStep(r)
		}
	}
	if d.legacy == nil {
		d.legacy = noLegacy{}
	}
	d.steps[typeNoticeSend] = d.sendNotice
	d.steps[typeNoticeCheck] = d.checkNotice
	d.steps[typeLookup] = d.findLogin
	d.steps[typeWebhookCall] = d.callWebhook
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
	// Passwords may be nil where nobody sets one (F2).
	Passwords Passwords
	Flows     []Flow
	Lease     time.Duration
	// Speed is how many times faster the record's clock runs than the wall's; 0 is
	// 1. Leases stay what they are on the wall.
	Speed float64
	// Cabinet examines and keeps uploads; nil where there are none.
	Cabinet Cabinet
	// ClaimLease is how long a reviewer's claim may stay silent (V1), Undo how long
	// a decision can be taken back.
	ClaimLease, Undo time.Duration
	// Legacy is the legacy platform; nil where none is configured (I2).
	Legacy Legacy
	// Caller reaches webhooks; nil where none can be (tests).
	Caller Caller
	// Budget bounds what the SMS provider is asked to carry; zero bounds nothing.
	Budget Budget
	// Chores are the recurring duties of the house by task type; each may run
	// twice.
	Chores map[string]func(context.Context) error
}

// Precheck runs a flow's rules and changes nothing but the limit's count. It
// returns the preview and, as *Blocked, every blocker at once (A5).
func (d *Desk) Precheck(ctx context.Context, s Submission) (Preview, error) {
	flow, err := d.accepting(s.Kind)
	if err != nil {
		return Preview{}, err
	}
	err = d.store.Update(ctx, func(tx Tx) error { return tx.Take(ctx, limitPrecheck, s.asker()) })
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
	flow, err := d.accepting(s.Kind)
	if err != nil {
		return Accepted{}, err
	}
	if s.Once.Key == "" {
		return Accepted{}, &Invalid{Faults: []Fault{{Field: "idempotency_key", Code: "REQUIRED"}}}
	}
	acc, err := d.submit(ctx, flow, s)
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

// checked is what a flow's Check found.
type checked struct {
	preview  Preview
	blockers []Blocker
}

// submit checks before the write transaction, since on SQLite everybody waits for
// that one. What changes in between and would make a second job is caught by the
// database (A6): then fn runs again, and checks inside. The rest is caught by the
// effect, which checks again on locked accounts (A5, ADR 14).
func (d *Desk) submit(ctx context.Context, flow Flow, s Submission) (Accepted, error) {
	check := func(tx Tx) (c checked, err error) {
		c.preview, c.blockers, err = flow.Check(ctx, tx, s)
		return c, err
	}
	var found checked
	err := d.store.View(ctx, func(tx Tx) (err error) {
		// Whoever asked too often learns nothing more, not even from how long it takes.
		if err := tx.Left(ctx, limitPrecheck, s.asker()); err != nil {
			return err
		}
		found, err = check(tx)
		return err
	})
	if err != nil {
		return d.twin(ctx, s.Once, err)
	}
	again := false
	return d.once(ctx, s.Once, func(tx Tx) (acc Accepted, err error) {
		if again {
			if found, err = check(tx); err != nil {
				return Accepted{}, err
			}
		}
		again = true
		return d.open(ctx, tx, flow, s, found)
	})
}

// open counts as a precheck, even when it is blocked: else submitting would be a
// way to guess a target's digits without end.
func (d *Desk) open(ctx context.Context, tx Tx, flow Flow, s Submission, found checked) (Accepted, error) {
	if len(found.blockers) > 0 {
		if err := tx.Take(ctx, limitPrecheck, s.asker()); err != nil {
			return Accepted{}, err
		}
		return Accepted{}, committed{&Blocked{Blockers: found.blockers}}
	}
	if err := tx.TakeEach(ctx, s.asker(), limitPrecheck, limitSubmit); err != nil {
		return Accepted{}, err
	}
	receipt, err := d.random.Receipt(flow.Letters())
	if err != nil {
		return Accepted{}, fmt.Errorf("drawing a receipt: %w", err)
	}
	job := &Job{ID: d.random.ID(), Receipt: receipt, Kind: s.Kind, Lang: s.Lang, CreatedAt: tx.Now()}
	change, err := flow.Open(ctx, tx, job, s, found.preview)
	if err != nil {
		return Accepted{}, err
	}
	if err := d.record(ctx, tx, job, change, nil); err != nil {
		return Accepted{}, err
	}
	acc := acceptedAs(job)
	acc.Tracking = d.Tracking(*job)
	return acc, nil
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
	if err := tx.Record(ctx, job, c, ack); err != nil {
		return err
	}
	for _, o := range c.Opens {
		if err := d.record(ctx, tx, o.Job, o.Change, nil); err != nil {
			return fmt.Errorf("opening a job: %w", err)
		}
	}
	return nil
}

// Tracking is the code that, with the receipt, opens a job's status page.
func (d *Desk) Tracking(j Job) string { return d.secrets.Word("tracking", j.ID) }

// Veto is the code that lets the receiver of a notice freeze its job (A8).
func (d *Desk) Veto(jobID string) string { return d.secrets.Word("veto", jobID) }

// Flows lists the flows of the office; a new one is added here.
func Flows(p Policy, s Secrets, r Random) []Flow {
	return []Flow{NewTransfer(p, s, r), NewReviewedTransfer(p, s, r), NewReversal(p), NewLegacyImport(p), NewLegacyPapers(p, s, r),
		NewLoginReset(p, s, r), NewContactChange(p, s, r), NewContactPapers(p, s, r)}
}

// ToldOf is the message to the applicant that a verdict on a job of a kind causes;
// empty when it causes none.
func ToldOf(k Kind, v Verdict) Template {
	for _, f := range Flows(Policy{}, nil, nil) {
		if flow, ok := f.(papers); ok && f.Kind() == k {
			m := flow.messages()
			return map[Verdict]Template{VerdictApprove: m.Held, VerdictReject: m.Rejected, VerdictNeedMore: m.Asked}[v]
		}
	}
	return ""
}

// Limits of the trust reference 4.8 that count per account.
var (
	limitPrecheck = Limit{Name: "precheck", Burst: 30, Period: 10 * time.Minute}
	limitSubmit   = Limit{Name: "submit", Burst: 10, Period: time.Hour}
	limitVerb     = Limit{Name: "verb", Burst: 60, Period: time.Hour}
)
