package tasks

import (
	"context"
	"time"
)

// LegacyFacts is what a legacy import remembers in its job: masked values,
// moments and counts. Nothing personal in clear.
type LegacyFacts struct {
	Login       string       `json:"login"`                 // of the legacy platform, masked
	Target      string       `json:"target"`                // the account that receives, masked
	Subject     string       `json:"subject,omitempty"`     // there, masked; empty before it was read
	Certificate string       `json:"certificate,omitempty"` // there, masked
	ICP         string       `json:"icp,omitempty"`
	FiledAt     time.Time    `json:"filed_at,omitzero"`
	Merges      bool         `json:"merges,omitempty"`      // into the subject that the account holds
	CheckedAt   time.Time    `json:"checked_at,omitzero"`   // the credentials were right; the password is gone since
	ReadAt      time.Time    `json:"read_at,omitzero"`      // the differences are from then
	ConfirmedAt time.Time    `json:"confirmed_at,omitzero"` // by the applicant (I5)
	TiedAt      time.Time    `json:"tied_at,omitzero"`      // the first thing was written; no way back
	TicketUntil time.Time    `json:"ticket_until,omitzero"` // the legacy platform answers until then
	DownSince   time.Time    `json:"down_since,omitzero"`   // it does not answer since; zero when it does
	NextTry     time.Time    `json:"next_try,omitzero"`     // while it does not answer
	Tries       int          `json:"tries,omitempty"`       // without an answer, in a row
	Counts      LegacyCounts `json:"counts"`                // of the items, as they stand (I8)
	Conflicts   int          `json:"conflicts,omitempty"`   // rows that the applicant must choose about
	Equal       int          `json:"equal,omitempty"`       // rows that are the same on both sides
	Papers      string       `json:"papers,omitempty"`      // the receipt of the approved papers that it began with (I6, I7)
	HoldUntil   time.Time    `json:"hold_until,omitzero"`   // nothing comes before: the legacy filing's phones may object (A8)
}

// LegacyCounts is the reconciliation of an import (I8): every item is in exactly
// one of them.
type LegacyCounts struct {
	Pending  int `json:"pending"`
	Imported int `json:"imported"`
	Kept     int `json:"kept"` // was here already, and nothing of it changed
	Skipped  int `json:"skipped"`
	Failed   int `json:"failed"`
}

// Total counts the items.
func (c LegacyCounts) Total() int { return c.Pending + c.Imported + c.Kept + c.Skipped + c.Failed }

// Settled counts the items that are done with.
func (c LegacyCounts) Settled() int { return c.Total() - c.Pending }

// LegacyItemKind says what comes over; permanent strings.
type LegacyItemKind string

// The kinds of items. A fault is a record of the legacy platform that can't be
// read at all.
const (
	LegacySubject  LegacyItemKind = "subject"
	LegacySite     LegacyItemKind = "website"
	LegacyPicture  LegacyItemKind = "material"
	LegacyUnusable LegacyItemKind = "fault"
)

// LegacyItemState says what became of an item; permanent strings.
type LegacyItemState string

// The states of an item. Kept: it was here already and nothing of it changed.
const (
	LegacyPending  LegacyItemState = "pending"
	LegacyImported LegacyItemState = "imported"
	LegacyKept     LegacyItemState = "kept"
	LegacySkipped  LegacyItemState = "skipped"
	LegacyFailed   LegacyItemState = "failed"
)

// LegacyAction says what an import would do about an item; permanent strings.
type LegacyAction string

// Create: nothing like it is here. Merge: it is here, and rows tell the
// difference. Skip: it can't come, its Code says why; nothing is to be chosen.
const (
	LegacyCreate LegacyAction = "create"
	LegacyMerge  LegacyAction = "merge"
	LegacySkip   LegacyAction = "skip"
)

// LegacyRowState compares one field; permanent strings.
type LegacyRowState string

// New: nothing stands here yet. Fixed: they differ, and ours stays. Unreadable: the
// legacy platform's is broken; ours stays, or it comes empty.
const (
	LegacyEqual    LegacyRowState = "equal"
	LegacyNew      LegacyRowState = "new"
	LegacyConflict LegacyRowState = "conflict"
	LegacyFixed    LegacyRowState = "fixed"
	LegacyUnread   LegacyRowState = "unreadable"
)

// The answers to what differs, and to a website as a whole.
const (
	ChoiceKeep   = "keep"   // ours stays
	ChoiceTake   = "take"   // the legacy platform's comes
	ChoiceImport = "import" // this website comes; the default
	ChoiceSkip   = "skip"   // it does not
)

// LegacyRow is one field of an item on both sides (I5), masked. Two values that
// differ may look the same once masked: State tells.
type LegacyRow struct {
	Field  string         `json:"field"` // name | nature | certificate | icp_number | domain | suffix | principal_name | principal_phone
	Legacy string         `json:"legacy"`
	Here   string         `json:"here,omitempty"`
	State  LegacyRowState `json:"state"`
	Choice string         `json:"choice,omitempty"` // of a conflict: keep or take, once chosen
}

// LegacyItem is one thing that comes over, and what became of it (I8). No is its
// number in the report and in the names of choices.
type LegacyItem struct {
	No     int
	Parent int // of a material: the No of its subject or website
	Kind   LegacyItemKind
	ID     string // the legacy platform's, permanent (I5)
	Title  string // a website's domain, a material's kind, the masked subject
	Action LegacyAction
	State  LegacyItemState
	Code   string // why it is skipped or failed: a blocker code or a fault's
	Field  string // the field that Code is about, if one
	Choice string // of a website: skip, or empty
	Rows   []LegacyRow
	HereID string // our id of what it became
	At     time.Time
}

// Choosable reports whether the applicant may leave this item out.
func (i LegacyItem) Choosable() bool { return i.Kind == LegacySite && i.Action != LegacySkip }

// ChoiceField is the name of the form field that says what to do about an item,
// or about one field of it.
func (i LegacyItem) ChoiceField(field string) string { return choiceField(i.No, field) }

// LegacyView is a legacy import as its applicant sees it: masked.
type LegacyView struct {
	Facts LegacyFacts
	Items []LegacyItem // in the order of their No; empty before the account was read
}

// Waiting reports whether the legacy platform does not answer (I2).
func (v LegacyView) Waiting() bool { return !v.Facts.DownSince.IsZero() }

// Show fills the view of a legacy import.
func (l *LegacyImport) Show(ctx context.Context, tx Tx, v *View) error {
	f, err := legacyFacts(&v.Job)
	if err != nil {
		return err
	}
	v.Legacy = &LegacyView{Facts: f}
	if v.Role == RoleContact {
		return nil // who was warned learns what it is about, not what the account gets
	}
	v.Legacy.Items, err = tx.LegacyItems(ctx, v.Job.ID)
	return err
}

// Tracks: the account that imports submitted it.
func (l *LegacyImport) Tracks(r Role) bool { return r == RoleSource || r == RoleStaff }
