package tasks

import (
	"strings"
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

// The messages of the login reset.
const (
	TemplateMailbox       Template = "reset_mailbox"   // the link that confirms the new mailbox (L6)
	TemplateResetWarned   Template = "reset_submitted" // to every old channel, with the way to object (A8)
	TemplateResetQueued   Template = "reset_queued"    // receipt and dated promise
	TemplateResetAsked    Template = "reset_need_more"
	TemplateResetDelayed  Template = "reset_delayed"  // the promise was broken; a new date (V3)
	TemplateResetMoved    Template = "reset_moved"    // the calendar changed; a later date (V2)
	TemplateResetApproved Template = "reset_approved" // to every old channel, with the way to object (A8)
	TemplateResetHeld     Template = "reset_held"     // to the applicant: approved, effective from
	TemplateResetRejected Template = "reset_rejected"
	TemplateResetStopped  Template = "reset_stopped"  // withdrawn, expired, refused after a dispute
	TemplateResetFailed   Template = "reset_failed"   // T12's rule for a reset
	TemplateResetFrozen   Template = "reset_disputed" // A8
	TemplateResetDone     Template = "reset_done"     // to every old channel, with the way to object
	TemplateResetReady    Template = "reset_ready"    // to the applicant's phone: look into the new mailbox
)

// The messages of a contact change. Warned and Done carry the way to object (A8).
const (
	TemplateContactWarned   Template = "contact_submitted"
	TemplateContactDone     Template = "contact_done"
	TemplateContactStopped  Template = "contact_stopped" // cancelled, expired, refused after a dispute
	TemplateContactFailed   Template = "contact_failed"
	TemplateContactFrozen   Template = "contact_disputed"
	TemplateContactRestored Template = "contact_restored"
	TemplateContactApproved Template = "contact_approved" // on papers, with the way to object
	TemplateContactRefused  Template = "contact_refused"  // on papers, to the applicant
)

// The messages of the reviewed transfer (T13), beside those of a transfer, and of a
// reversal (T14).
const (
	TemplatePapersWarned   Template = "reviewed_submitted" // to every old channel, with the way to object (A8)
	TemplatePapersApproved Template = "reviewed_approved"  // to every old channel, with the way to object (A8)
	TemplatePapersRejected Template = "reviewed_rejected"
	TemplatePapersDone     Template = "reviewed_done" // to the applicant
	TemplateReversed       Template = "transfer_reversed"
	TemplateNotReversed    Template = "reversal_failed"
)

// The messages of a legacy import.
const (
	TemplateImportReady   Template = "import_ready"    // the differences wait for a yes (I5)
	TemplateImportStarted Template = "import_started"  // to every channel, the legacy principal's included, with the way to object (A8)
	TemplateImportTaken   Template = "import_taken"    // to the phones of the legacy filing, with the way to object (A8)
	TemplateImportDone    Template = "import_done"     // to the account: the result (I8)
	TemplateImportFailed  Template = "import_failed"   // nothing was imported
	TemplateImportStopped Template = "import_stopped"  // withdrawn, expired, refused after a dispute
	TemplateImportFrozen  Template = "import_disputed" // A8
	TemplateImportAsked   Template = "import_papers"   // asked for on papers, to the account, with the way to object (A8)
	TemplateImportGranted Template = "import_granted"  // the papers were approved, to the account, with the way to object (A8)
	TemplateImportGoes    Template = "import_goes"     // the same, to a contact phone that is not the account's
	TemplateImportHeld    Template = "import_held"     // until when the hold lasts, to the account
	TemplateImportRefused Template = "import_refused"  // the papers were not enough
)

// The messages of password recovery.
const (
	TemplateRecovery Template = "password_link"    // F2
	TemplatePassword Template = "password_changed" // F2
)

// TemplateLogin tells somebody's own login (F1).
const TemplateLogin Template = "login_found"

// Objects reports whether a message carries the way to say "this was not me" (A8).
func (t Template) Objects() bool {
	switch t {
	case TemplateWarned, TemplateDone, TemplateResetWarned, TemplateResetApproved, TemplateResetDone,
		TemplatePapersWarned, TemplatePapersApproved, TemplateContactWarned, TemplateContactDone, TemplateContactApproved,
		TemplateImportStarted, TemplateImportTaken, TemplateImportAsked, TemplateImportGranted:
		return true
	}
	return false
}

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
	JobID      string // of a message without a job: its account's id
	Channel    Channel
	Template   Template
	Purpose    Purpose // for codes
	CodeID     string  // for codes: which one; the digits are derived when sending
	Lang       string
	Phone      filing.Phone
	Email      filing.Email
	Params     map[string]string // masked values, receipts and references only
	State      NoticeState
	ProviderID string
	Reason     string // provider's class and code when it failed
	Forgotten  string // the receiver masked, once phone and address are gone (trust 4.6)
	CreatedAt  time.Time
	TriedAt    time.Time // when the provider was last called
	SentAt     time.Time
	UpdatedAt  time.Time
}

// Hint is a provider's unasked word that something became of a message: by our id
// or by its own. It is never believed, only a reason to ask (trust 4.2).
type Hint struct{ OutID, ProviderID string }

// Failure says whose matter it is that a message did not arrive (C2).
type Failure string

// The number or address can't take it: the applicant's matter. The provider
// refuses for good: the operator's. No try got through in time, or nobody knows
// and a code is not sent twice: it can be asked for again.
const (
	FailureAddress  Failure = "bad_address"
	FailureProvider Failure = "provider"
	FailureTime     Failure = "too_late"
)

// Codes of ours where a provider's would stand.
const (
	codeOutcomeUnknown = "OUTCOME_UNKNOWN"
	codeTooLate        = "TOO_LATE"
	codeBudget         = "BUDGET" // our own limits, see Budget
)

// failure reads why a message failed out of its reason, and the provider's code of
// the last try.
func (n Notice) failure() (why Failure, code string) {
	said, provider := strings.CutPrefix(n.Reason, reasonProvider)
	if !provider {
		said = ""
	}
	class, code, _ := strings.Cut(said, " ")
	if n.State != NoticeFailed {
		return "", code
	}
	switch {
	case SendClass(class) == SendBadNumber:
		return FailureAddress, code
	case SendClass(class) == SendHeld, SendClass(class) == SendPermanent && code != codeOutcomeUnknown && code != codeTooLate:
		return FailureProvider, code
	}
	return FailureTime, code
}

// Masked is the receiving phone or address as it may be shown.
func (n Notice) Masked() string {
	switch {
	case n.Forgotten != "":
		return n.Forgotten
	case n.Channel == ChannelMail:
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
	PurposeReset Purpose = "reset_contact" // the contact phone of a login reset (L6)
	// PurposePapers is the contact phone of a reviewed transfer (T13), PurposeLegacy
	// of an import on papers (I7).
	PurposePapers Purpose = "papers_contact"
	// PurposeOldPhone and PurposeNewPhone prove both phones of a contact change.
	PurposeOldPhone Purpose = "contact_old"
	PurposeNewPhone Purpose = "contact_new"
	PurposeLegacy   Purpose = "legacy_contact"
	// PurposePassword sets a new password (F2).
	PurposePassword Purpose = "password"
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
