package tasks

import (
	"encoding/json"
	"time"

	"beian/internal/filing"
)

// Dossier is what an applicant told about itself, the subject and what it wants
// (L1). It names people, so it rests sealed with the job's own key: whoever
// deletes that key shreds it (L10). Everybody else sees the masked CaseFacts.
type Dossier struct {
	Nature      filing.SubjectNature
	Principal   bool // the applicant is the subject's or a website's principal (L2)
	SubjectName string
	Certificate filing.Certificate
	ICPNumber   filing.ICPNumber // of the subject; zero when a domain was given
	Domain      filing.Domain
	Applicant   string
	ApplicantID filing.IDNumber // zero for an individual: it is the certificate
	Phone       filing.Phone    // contact phone, confirmed by a code (L6)
	NewEmail    filing.Email    // confirmed by a link (L6)
	OldLogin    string          // as remembered, may be empty
	Reason      string          // one of ResetReasons
	Remark      string
	// Own are the fields that only this kind of job has, as typed.
	Own map[string]string
}

// FilingFacts name one subject (L1, F1). All of them must agree.
type FilingFacts struct {
	Name        string
	Certificate filing.Certificate
	ICPNumber   filing.ICPNumber
	Domain      filing.Domain
}

// filingFacts are the facts that a dossier claims.
func (d Dossier) filingFacts() FilingFacts {
	return FilingFacts{Name: d.SubjectName, Certificate: d.Certificate, ICPNumber: d.ICPNumber, Domain: d.Domain}
}

// ResetReasons are the reasons a login reset can be asked for; permanent strings.
func ResetReasons() []string {
	return []string{"mailbox_lost", "staff_left", "mailbox_forgotten", "other"}
}

// CaseFacts is what a job with papers remembers: masked values and
// moments. Nothing personal in clear.
type CaseFacts struct {
	Nature        filing.SubjectNature `json:"nature"`
	Principal     bool                 `json:"principal"`
	Subject       string               `json:"subject"`
	Certificate   string               `json:"certificate"`
	ICP           string               `json:"icp,omitempty"`
	Domain        string               `json:"domain,omitempty"`
	Applicant     string               `json:"applicant"`
	Phone         string               `json:"phone"`
	NewEmail      string               `json:"new_email"`
	Reason        string               `json:"reason"`
	Consent       time.Time            `json:"consent"`                  // to pictures being kept for this job
	PhoneAt       time.Time            `json:"phone_at,omitzero"`        // the contact phone was confirmed (L6)
	MailboxAt     time.Time            `json:"mailbox_at,omitzero"`      // the new mailbox was confirmed (L6)
	SubmittedAt   time.Time            `json:"submitted_at,omitzero"`    // the old channels were told then (A8)
	ApprovedAt    time.Time            `json:"approved_at,omitzero"`     // the last approval that was needed
	HoldUntil     time.Time            `json:"hold_until,omitzero"`      // no effect before (L8)
	HoldWhy       string               `json:"hold_why,omitempty"`       // usual | risk | unreached
	AppealedAt    time.Time            `json:"appealed_at,omitzero"`     // once per job
	MailboxNo     int                  `json:"mailbox_no,omitempty"`     // counts the addresses; part of the link
	MailboxSentAt time.Time            `json:"mailbox_sent_at,omitzero"` // the link is good for 24 h from then
	AppliedAt     time.Time            `json:"applied_at,omitzero"`      // the effect
	OldLogin      string               `json:"old_login,omitempty"`      // masked, as it was on record
	Remembered    string               `json:"remembered,omitempty"`     // the old login as the applicant remembers it, masked
	Contested     bool                 `json:"contested,omitempty"`      // disputed and released before its review began (L9)

	// Own is what only this kind of job remembers.
	Own json.RawMessage `json:"own,omitempty"`
}

// Related is another job that shares something with this one (V5): its subject,
// contact phone, new mailbox or a picture.
type Related struct {
	Receipt string
	State   State
	By      string // subject | phone | email | picture
	At      time.Time
}
