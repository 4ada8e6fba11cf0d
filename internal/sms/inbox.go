package sms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"beian/internal/failpoint"
	"beian/internal/text"
	"beian/tasks"
)

const (
	numberBlocked   = "13800138002"
	numberLate      = "13800138003"
	numberHangs     = "13800138004"
	numberThrottled = "13800138005"

	lateBy      = 90 * time.Second
	throttleFor = 30 * time.Second
)

// Inbox is the embedded provider: it delivers SMS and mail into a box. Sending
// the same OutID again gives the first letter's answer (C3).
type Inbox struct {
	box   tasks.Inbox
	words *Words
	now   func() time.Time
}

// Options of the inbox. Now is the clock it goes by, time.Now by default.
type Options struct {
	Site
	Now func() time.Time
}

// NewInbox builds the provider over a box; the options' PublicURL must be absolute.
func NewInbox(box tasks.Inbox, catalog *text.Catalog, o Options) (*Inbox, error) {
	words, err := NewWords(catalog, o.Site)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Inbox{box: box, words: words, now: o.Now}, nil
}

// Send puts a message into the box. Errors: *tasks.SendError for what a magic
// number plays and for a message without a text; anything else is the box's and
// may be tried again.
func (i *Inbox) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	said, err := i.words.Text(m)
	if err != nil {
		return tasks.Sent{}, errors.Join(&tasks.SendError{Class: tasks.SendPermanent, Code: "NO_TEXT"}, err)
	}
	letter := tasks.Letter{OutID: m.OutID, Channel: m.Channel, Text: said.String(), At: i.now()}
	letter.DeliveredAt = letter.At
	switch m.Channel {
	case tasks.ChannelSMS:
		letter.To = m.Phone.Reveal()
		if err := i.play(ctx, m, &letter); err != nil {
			return tasks.Sent{}, err
		}
	case tasks.ChannelMail:
		letter.To = m.Email.Reveal()
	}
	if letter.To == "" {
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendBadNumber, Code: "NO_RECEIVER"}
	}
	failpoint.Hit(failpoint.MessageLeaving)
	if err := i.box.PutLetter(ctx, letter); err != nil {
		return tasks.Sent{}, fmt.Errorf("putting a letter into the inbox: %w", err)
	}
	failpoint.Hit(failpoint.MessageAccepted)
	return i.Find(ctx, m)
}

// Find reads what became of a message; tasks.ErrNotFound when the box has none.
func (i *Inbox) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	letter, err := i.box.Letter(ctx, m.OutID)
	if err != nil {
		return tasks.Sent{}, fmt.Errorf("looking a letter up: %w", err)
	}
	arrived := !letter.DeliveredAt.IsZero() && !i.now().Before(letter.DeliveredAt)
	return tasks.Sent{ProviderID: "inbox-" + letter.OutID, Delivered: arrived}, nil
}

// play acts the provider's faults of doc.go.
func (i *Inbox) play(ctx context.Context, m tasks.Message, l *tasks.Letter) error {
	switch l.To {
	case numberBlocked:
		return &tasks.SendError{Class: tasks.SendBadNumber, Code: "INBOX_BLOCKED"}
	case numberLate:
		l.DeliveredAt = l.At.Add(lateBy)
	case numberHangs:
		<-ctx.Done()
		return errors.Join(&tasks.SendError{Class: tasks.SendUnknown, Code: "INBOX_HANGS"}, ctx.Err())
	case numberThrottled:
		if wait := m.At.Add(throttleFor).Sub(l.At); wait > 0 {
			return &tasks.SendError{Class: tasks.SendThrottled, After: wait, Code: "INBOX_THROTTLED"}
		}
	}
	return nil
}

// String is the text as one reads it: the subject, an empty line, the body.
func (t Text) String() string {
	if t.Subject == "" {
		return t.Body
	}
	return t.Subject + "\n\n" + t.Body
}
