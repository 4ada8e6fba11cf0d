package tasks

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Webhook is an address of an integrator's that is told when jobs change, by the
// Standard Webhooks specification (ADR 26).
type Webhook struct {
	ID          string // 32 hex digits
	Name        string // what the journal calls it
	URL         string
	Secret      []byte // what messages are signed with
	Former      []byte // the secret before, which signs too until FormerUntil
	FormerUntil time.Time
	Kinds       []Kind // of jobs it hears of; none is all
	CreatedAt   time.Time
	AnsweredAt  time.Time // within a minute; zero: it never took a message
	DisabledAt  time.Time
	Reason      string // why it is disabled
}

// Why a webhook is disabled: by staff, or because its address answered 410.
const (
	WebhookOff  = "off"
	WebhookGone = "gone"
)

// Call is one message to a webhook. It says which job is in which state and nothing
// that is personal; a program reads the rest with its key (ADR 24).
type Call struct {
	Webhook Webhook
	ID      string // the same in every try, by which the receiver knows a message again
	Type    string // <kind>.<state>
	At      time.Time
	Receipt string // empty in a test
	Kind    Kind
	State   State
	Seq     int64 // the event's place in the job's timeline
}

// CallAnswer is what came of a call: a status, or why there is none.
type CallAnswer struct {
	Status int
	Reason string        // when Status is 0: a class, such as "timed out"
	After  time.Duration // how long the receiver asks to be left alone
}

// Took reports whether the receiver has the message.
func (a CallAnswer) Took() bool { return a.Status >= 200 && a.Status < 300 }

// String is the status or the reason.
func (a CallAnswer) String() string {
	if a.Status > 0 {
		return fmt.Sprintf("answer %d", a.Status)
	}
	return a.Reason
}

// Caller carries calls to webhooks.
type Caller interface {
	Call(ctx context.Context, c Call) CallAnswer
}

// Webhooks keeps webhooks and what they are told.
type Webhooks interface {
	// AddWebhook enters one; ErrConflict when its name is taken.
	AddWebhook(ctx context.Context, w Webhook) error
	// SaveWebhook writes its secrets and whether it is disabled.
	SaveWebhook(ctx context.Context, w Webhook) error
	// WebhookNamed reads one, else ErrNotFound.
	WebhookNamed(ctx context.Context, name string) (Webhook, error)
	// Webhooks lists all by name, disabled ones too.
	Webhooks(ctx context.Context) ([]Webhook, error)
	// Call reads the message of a task's reference; ErrNotFound when there is none.
	Call(ctx context.Context, ref string) (Call, error)
	// Answered notes that a webhook took a message Now.
	Answered(ctx context.Context, id string) error
	// Recall tells a webhook once more what it was, or would have been, told since.
	// What waits already stays as it is. It counts the messages.
	Recall(ctx context.Context, w Webhook, since time.Time) (int64, error)
	// Deliveries lists a webhook's messages, newest first.
	Deliveries(ctx context.Context, id string, limit int) ([]Delivery, error)
}

// Delivery is how far a message to a webhook came. Those that arrived are kept for a
// week.
type Delivery struct {
	TaskID   string // what re-drives a dead one
	Receipt  string
	Seq      int64
	State    string // of the outbox: waiting, sent, running, done, dead
	Attempts int
	Reason   string // what the last try came to
	At       time.Time
	Due      time.Time // of the next try
}

// Codes of a refused webhook.
const (
	CodeWebhookName  = "WEBHOOK_NAME_INVALID"
	CodeWebhookTaken = "WEBHOOK_NAME_TAKEN"
	CodeWebhookURL   = "WEBHOOK_URL_INVALID"
	CodeWebhookKind  = "WEBHOOK_KIND_UNKNOWN"
)

const (
	typeWebhookCall = "webhook:call"
	typeWebhookTest = "webhook.test"
	// secretMark begins a secret in writing, as the specification has it.
	secretMark = "whsec_"
	// formerLife is how long the secret before signs too, for receivers to change.
	formerLife    = 24 * time.Hour
	secretBytes   = 32
	maxWebhookURL = 2000
)

// webhookWaits are the waits between the tries of a message, those of the
// specification: ten tries in 75 hours and a half.
func webhookWaits() []time.Duration {
	return []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour,
		14 * time.Hour, 20 * time.Hour, 24 * time.Hour}
}

// NewWebhook describes a webhook to be. Plain allows http, for development.
type NewWebhook struct {
	Name  string // 3 to 64 of a-z 0-9 . _ -, in any case
	URL   string
	Kinds []Kind
	Plain bool
}

// AddWebhook enters a webhook and returns its secret in writing. Every fault comes at
// once as *Invalid.
func (d *Desk) AddWebhook(ctx context.Context, by Actor, n NewWebhook) (Webhook, string, error) {
	n.Name = strings.ToLower(strings.TrimSpace(n.Name))
	if faults := d.faultsOf(n); len(faults) > 0 {
		return Webhook{}, "", &Invalid{Faults: faults}
	}
	w := Webhook{Name: n.Name, URL: n.URL, Kinds: n.Kinds, Secret: newSecret(), ID: strings.ReplaceAll(d.random.ID(), "-", "")}
	err := d.store.Update(ctx, func(tx Tx) error {
		w.CreatedAt = tx.Now()
		if err := tx.AddWebhook(ctx, w); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "webhook.add", Object: w.Name, Reason: w.host()})
	})
	if errors.Is(err, ErrConflict) {
		return Webhook{}, "", &Invalid{Faults: []Fault{{Field: "name", Code: CodeWebhookTaken}}}
	}
	return w, w.secret(), err
}

func (d *Desk) faultsOf(n NewWebhook) (faults []Fault) {
	if !IsProgramName(n.Name) {
		faults = append(faults, Fault{Field: "name", Code: CodeWebhookName})
	}
	u, err := url.Parse(n.URL)
	if err != nil || len(n.URL) > maxWebhookURL || u.Hostname() == "" || u.User != nil || u.Fragment != "" ||
		u.Scheme != "https" && !(n.Plain && u.Scheme == "http") {
		faults = append(faults, Fault{Field: "url", Code: CodeWebhookURL})
	}
	if slices.ContainsFunc(n.Kinds, func(k Kind) bool { return d.flows[k] == nil }) {
		faults = append(faults, Fault{Field: "kind", Code: CodeWebhookKind})
	}
	return faults
}

// IsProgramName tells whether the journal can call a program so: 3 to 64 of a-z 0-9
// . _ -.
func IsProgramName(name string) bool {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{2,63}$`).MatchString(name)
}

func newSecret() []byte {
	secret := make([]byte, secretBytes)
	rand.Read(secret) //nolint:errcheck // it never fails
	return secret
}

func (w Webhook) secret() string { return secretMark + base64.StdEncoding.EncodeToString(w.Secret) }

// host is what the journal says of the address: a path may be a secret.
func (w Webhook) host() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Webhooks lists all webhooks.
func (d *Desk) Webhooks(ctx context.Context) (all []Webhook, err error) {
	err = d.store.View(ctx, func(tx Tx) (err error) {
		all, err = tx.Webhooks(ctx)
		return err
	})
	return all, err
}

// RotateWebhook gives a webhook a new secret, which it returns in writing. For a day
// messages carry both signatures.
func (d *Desk) RotateWebhook(ctx context.Context, by Actor, name string) (string, error) {
	secret := newSecret()
	w, err := d.changeWebhook(ctx, by, name, "webhook.rotate", func(w *Webhook, now time.Time) {
		w.Former, w.FormerUntil, w.Secret = w.Secret, now.Add(formerLife), secret
	})
	return w.secret(), err
}

// DisableWebhook ends the messages to a webhook; those that wait are dropped. One that
// is gone is off from then on, so that nobody is reminded of it any more.
func (d *Desk) DisableWebhook(ctx context.Context, by Actor, name string) error {
	_, err := d.changeWebhook(ctx, by, name, "webhook.disable", func(w *Webhook, now time.Time) { w.disable(WebhookOff, now) })
	return err
}

func (w *Webhook) disable(why string, now time.Time) {
	if w.DisabledAt.IsZero() {
		w.DisabledAt = now
	}
	w.Reason = why
}

// EnableWebhook lets it hear again of what happens from now on; RecallWebhook tells
// it what it missed.
func (d *Desk) EnableWebhook(ctx context.Context, by Actor, name string) error {
	_, err := d.changeWebhook(ctx, by, name, "webhook.enable", func(w *Webhook, _ time.Time) { w.DisabledAt, w.Reason = time.Time{}, "" })
	return err
}

func (d *Desk) changeWebhook(ctx context.Context, by Actor, name, action string, change func(w *Webhook, now time.Time)) (w Webhook, err error) {
	err = d.store.Update(ctx, func(tx Tx) error {
		if w, err = tx.WebhookNamed(ctx, name); err != nil {
			return err
		}
		change(&w, tx.Now())
		if err := tx.SaveWebhook(ctx, w); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: action, Object: w.Name, Reason: w.Reason})
	})
	return w, err
}

// RecallWebhook sends once more whatever happened since, and counts the messages.
func (d *Desk) RecallWebhook(ctx context.Context, by Actor, name string, since time.Time) (n int64, err error) {
	err = d.store.Update(ctx, func(tx Tx) error {
		w, err := tx.WebhookNamed(ctx, name)
		if err != nil {
			return err
		}
		if !w.DisabledAt.IsZero() {
			return fmt.Errorf("the webhook is disabled: %w", ErrConflict)
		}
		if n, err = tx.Recall(ctx, w, since); err != nil {
			return err
		}
		return tx.Audit(ctx, Entry{Actor: by, Action: "webhook.replay", Object: w.Name, Reason: "since " + since.UTC().Format(time.RFC3339)})
	})
	return n, err
}

// Deliveries lists a webhook's newest messages.
func (d *Desk) Deliveries(ctx context.Context, name string, limit int) (all []Delivery, err error) {
	err = d.store.View(ctx, func(tx Tx) error {
		w, err := tx.WebhookNamed(ctx, name)
		if err != nil {
			return err
		}
		all, err = tx.Deliveries(ctx, w.ID, limit)
		return err
	})
	return all, err
}

// TestWebhook calls a webhook at once with a message that is about no job.
func (d *Desk) TestWebhook(ctx context.Context, name string) (a CallAnswer, err error) {
	call := Call{ID: "test." + d.random.ID(), Type: typeWebhookTest}
	err = d.store.View(ctx, func(tx Tx) (err error) {
		call.At = tx.Now()
		call.Webhook, err = tx.WebhookNamed(ctx, name)
		return err
	})
	if err != nil {
		return CallAnswer{}, err
	}
	return d.caller.Call(ctx, call), nil
}

// callWebhook carries one message out. A webhook that is disabled, or whose address
// is gone, is told nothing more; another that does not take the message is tried
// again by the specification's schedule, and then people must look.
func (d *Desk) callWebhook(ctx context.Context, c Claim) error {
	var call Call
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		if err = tx.Renew(ctx, c, d.lease); err != nil { // who slept since the claim must not call (R13)
			return err
		}
		call, err = tx.Call(ctx, c.Ref)
		return err
	})
	if err != nil {
		return err
	}
	var answer CallAnswer
	if call.Webhook.DisabledAt.IsZero() {
		answer = d.caller.Call(ctx, call)
		if !answer.Took() && answer.Status != statusGone {
			return d.callAgain(ctx, c, answer)
		}
	}
	return d.store.Update(ctx, func(tx Tx) error { return called(ctx, tx, c, call.Webhook, answer) })
}

const statusGone = 410

// called books the end of a message.
func called(ctx context.Context, tx Tx, c Claim, w Webhook, answer CallAnswer) error {
	if answer.Took() {
		if err := tx.Answered(ctx, w.ID); err != nil {
			return err
		}
	}
	if answer.Status == statusGone {
		if err := gone(ctx, tx, w.Name); err != nil {
			return err
		}
	}
	return tx.Ack(ctx, c)
}

// gone disables a webhook by its address's own word, unless somebody did before.
func gone(ctx context.Context, tx Tx, name string) error {
	w, err := tx.WebhookNamed(ctx, name)
	if err != nil || !w.DisabledAt.IsZero() {
		return err
	}
	w.disable(WebhookGone, tx.Now())
	if err := tx.SaveWebhook(ctx, w); err != nil {
		return err
	}
	return tx.Audit(ctx, Entry{Actor: System(), Action: "webhook.disable", Object: w.Name, Reason: w.Reason})
}

// callAgain books a try that failed. A little luck keeps messages that failed
// together from coming back together.
func (d *Desk) callAgain(ctx context.Context, c Claim, answer CallAnswer) error {
	p := Postponed{Reason: answer.String()}
	waits := webhookWaits()
	if p.Dead = c.Attempts > len(waits); !p.Dead {
		wait := waits[c.Attempts-1]
		p.In = max(wait+mathrand.N(wait/10).Truncate(time.Millisecond), min(answer.After, waits[len(waits)-1]))
	}
	err := d.postpone(ctx, c, p)
	var again *Again
	if errors.As(err, &again) {
		again.booked = true
	}
	return err
}
