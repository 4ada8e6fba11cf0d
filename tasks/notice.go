package tasks

import (
	"time"

	"beian/internal/filing"
)

// Channel is how a message travels.
type Channel string

// The channels of a notice.
const (
	ChannelSMS  Channel = "sms"
	ChannelMail Channel = "mail"
)

// Template names a message text; the catalogs hold it in both languages, the
// SMS provider under its own number. Permanent strings.
type Template string

// The messages of the transfer flow.
const (
	TemplateCode     Template = "code"               // C1
	TemplateWarned   Template = "transfer_submitted" // A8
	TemplateInvited  Template = "transfer_invited"   // T8
	TemplateDone     Template = "transfer_done"      // T10
	TemplateReceived Template = "transfer_received"  // T10
	TemplateStopped  Template = "transfer_stopped"   // cancelled, declined, expired
	TemplateFailed   Template = "transfer_failed"    // T12
	TemplateDisputed Template = "transfer_disputed"  // A8
)

// NoticeState says what became of a message (C3).
type NoticeState string

// Waiting, being handed over, accepted by the provider, at the phone, given up,
// outcome unknown.
const (
	NoticeWaiting   NoticeState = "waiting"
	NoticeSending   NoticeState = "sending"
	NoticeSent      NoticeState = "sent"
	NoticeDelivered NoticeState = "delivered"
	NoticeFailed    NoticeState = "failed"
	NoticeUnknown   NoticeState = "unknown"
)

// Notice is one message and its fate: a row written before the provider is
// called (C3). Phone and Email are sealed at rest and print masked.
type Notice struct {
	ID         string
	JobID      string
	Channel    Channel
	Template   Template
	Purpose    Purpose // for codes
	CodeID     string  // for codes: which one; the digits are derived when sending
	Lang       string
	Phone      filing.Phone
	Email      filing.Email
	Params     map[string]string // masked values and receipts only
	State      NoticeState
	ProviderID string
	Reason     string // provider's class and code when it failed
	CreatedAt  time.Time
	SentAt     time.Time
	UpdatedAt  time.Time
}

// Masked is the receiving phone or address as it may be shown.
func (n Notice) Masked() string {
	if n.Channel == ChannelMail {
		return n.Email.Masked()
	}
	return n.Phone.Masked()
}

// Purpose says what a code confirms; it is part of what is signed (C1).
type Purpose string

// The purposes of codes.
const (
	PurposeGive  Purpose = "transfer_give" // the source gives its subject away (T8)
	PurposeTake  Purpose = "transfer_take" // the target takes it (T8)
	PurposeTrack Purpose = "track"         // open the status page
)

// Code is one confirmation code (C1): bound to purpose, job and phone.
type Code struct {
	ID        string
	JobID     string
	Purpose   Purpose
	Phone     filing.Phone
	Tries     int
	CreatedAt time.Time
	ExpiresAt time.Time
	SentAt    time.Time // last time it was sent
	UsedAt    time.Time
}
