package tasks

import (
	"context"
	"time"

	"beian/internal/filing"
)

// ReviewState is where the manual step of a job stands (V1); permanent strings.
type ReviewState string

// The states of V1. A claim whose lease ran out counts as open.
const (
	ReviewOpen     ReviewState = "open"
	ReviewClaimed  ReviewState = "claimed"
	ReviewDeciding ReviewState = "deciding" // decided, and can still be taken back
	ReviewPaused   ReviewState = "paused"   // the applicant is on turn (need_more), or the job is frozen
	ReviewApproved ReviewState = "approved"
	ReviewRejected ReviewState = "rejected"
	ReviewClosed   ReviewState = "closed" // withdrawn, expired
)

// Ended reports whether nobody has to look any more.
func (s ReviewState) Ended() bool {
	return s == ReviewApproved || s == ReviewRejected || s == ReviewClosed
}

// Review is the manual step of a job: claimed, decided, against a dated promise
// (V1, V2). A job has at most one.
type Review struct {
	JobID      string
	Receipt    string
	Kind       Kind
	Nature     filing.SubjectNature
	State      ReviewState
	Version    int64 // rises with every change; guards concurrent ones
	Round      int   // 1, then one more for each supplement (L7)
	Stage      int   // 1, or 2 when a first reviewer approved (L9)
	Tier       int   // 0, or higher once escalated: supervisors only
	NeedsTwo   bool  // two different reviewers (L9)
	FirstBy    string
	Holder     string
	LeaseUntil time.Time
	Risk       []string  // flags of the trust reference 1.4
	StartedAt  time.Time // the clock's start (L6)
	Days       int       // working days that the promise was given for (L7); 0 is the policy's
	DueAt      time.Time // the promise, moved by pauses and by the calendar
	Promised   time.Time // the first promise
	PausedAt   time.Time
	Reminded   int       // 0, 50 or 80 percent (V3)
	BreachedAt time.Time // the last breach
	Breaches   int
	NudgedAt   time.Time // by the applicant
	WorkedFrom time.Time // first claim of this stage, for handling time (V7)
	DecidedAt  time.Time
	DecidedBy  string
	UndoUntil  time.Time // while deciding
}

// held reports whether somebody holds a live claim.
func (r Review) held(now time.Time) bool {
	return r.State == ReviewClaimed && now.Before(r.LeaseUntil)
}

// Verdict is what a reviewer decides; permanent strings.
type Verdict string

// The verdicts of V1.
const (
	VerdictApprove  Verdict = "approve"
	VerdictReject   Verdict = "reject"
	VerdictNeedMore Verdict = "need_more"
	VerdictEscalate Verdict = "escalate"
)

// Finding is one reason of a decision, about a document slot or a field, from the
// catalogue (L7). Box marks the place on the picture in thousandths of its sides:
// left, top, right, bottom; empty when nothing is marked.
type Finding struct {
	About  string `json:"about"` // a slot, a field or "request"
	Reason string `json:"reason"`
	Box    []int  `json:"box,omitempty"`
	Page   int    `json:"page,omitempty"`
}

// Decision is a verdict with everything that led to it. Note is internal and
// rests sealed; the applicant reads Findings only.
type Decision struct {
	ID       string
	JobID    string
	Round    int
	Stage    int
	Staff    Actor
	Verdict  Verdict
	Findings []Finding
	Checks   []string // the checklist items that were ticked
	Note     string
	At       time.Time
	Settled  time.Time // when it took effect; zero while it can be taken back
	Undone   time.Time
}

// Dossiers keeps what applicants told, sealed with each job's own key (L10).
type Dossiers interface {
	// Dossier opens a job's; ErrNotFound when there is none or it was shredded.
	Dossier(ctx context.Context, jobID string) (Dossier, error)
	// SaveDossier replaces it, and notes keyed digests of phone, mailbox and
	// certificate for Related. The job's key is made at the first time.
	SaveDossier(ctx context.Context, jobID string, d Dossier) error
	// Related lists other jobs of the last year with the same subject, phone,
	// mailbox or picture, newest first, at most 50 (V5).
	Related(ctx context.Context, job Job) ([]Related, error)
}

// Documents keeps the rows of uploaded documents; pictures lie in the Cabinet.
type Documents interface {
	// Documents lists a job's, replaced ones too, oldest first.
	Documents(ctx context.Context, jobID string) ([]Document, error)
	// AddDocument inserts one and marks the slot's earlier ones replaced.
	AddDocument(ctx context.Context, d Document) error
	// RemoveDocument marks a slot's document replaced without a new one.
	RemoveDocument(ctx context.Context, jobID string, slot Slot) error
	// InsistOn notes that the applicant keeps a document although it has flags.
	InsistOn(ctx context.Context, documentID string) error
	// Viewed lists the documents of a job that a member of staff has opened;
	// MarkViewed notes one more.
	Viewed(ctx context.Context, jobID, staffID string) ([]string, error)
	MarkViewed(ctx context.Context, documentID, staffID string) error
	// Lookalikes counts pictures of other jobs of the last 90 days with the same
	// digest, or with a likeness that differs in at most 4 bits.
	Lookalikes(ctx context.Context, d Document) (int, error)
}

// Reviews keeps the manual steps.
type Reviews interface {
	// Review reads a job's by receipt, else ErrNotFound.
	Review(ctx context.Context, receipt string) (Review, error)
	// SaveReview inserts (Version 0) or replaces one; ErrConflict when it changed
	// in between. It sets the new Version.
	SaveReview(ctx context.Context, r *Review) error
	// ReviewsOf lists reviews by a filter, the earliest due first.
	ReviewsOf(ctx context.Context, f ReviewFilter) ([]ReviewRow, error)
	// CountReviews counts the tabs of the console for a member of staff.
	CountReviews(ctx context.Context, staffID string) (ReviewCounts, error)
	// OverdueCards lists up to limit cards of open reviews that should have run
	// longer ago than late and did not, and reviews without a living card (V3).
	OverdueCards(ctx context.Context, late time.Duration, limit int) ([]OverdueCard, error)
	// Decisions lists a job's, undone ones too, oldest first.
	Decisions(ctx context.Context, jobID string) ([]Decision, error)
	// SaveDecision inserts a decision or books that it was settled or undone.
	SaveDecision(ctx context.Context, d Decision) error
	// ReviewStats measures the reviews of a time span (V7).
	ReviewStats(ctx context.Context, from, to time.Time) (ReviewStats, error)
}

// ReviewFilter selects reviews; zero fields do not restrict. Limit is at most
// 200; After continues an earlier list behind a row's Cursor.
type ReviewFilter struct {
	Tab     string // waiting | mine | second | escalated | free | done; empty: all that are not ended
	StaffID string // for mine, and free: who never looks twice (L9)
	Plain   bool   // leaves out what was escalated
	Kind    Kind
	Nature  filing.SubjectNature
	Risky   bool
	DueBy   time.Time
	Receipt string // exact
	After   string
	Limit   int
}

// ReviewRow is a line of the console's queue, masked.
type ReviewRow struct {
	Review
	JobState  State
	Subject   string // masked
	Facts     CaseFacts
	Documents int
	Wanted    int // how many documents it needs; the desk knows
	Cursor    string
}

// MaxCounted is where a count on the console's tabs stops: so many or more. Nobody
// counts a queue of that length on every page.
const MaxCounted = 10_000

// ReviewCounts are the numbers on the console's tabs, and of today (V7); each is at
// most MaxCounted.
type ReviewCounts struct {
	Waiting, Mine, Second, Escalated, Paused int
	DueToday, Breached                       int
	DoneToday, OnTimeToday                   int
}

// ReviewStats are the figures of V7 for a span, one DayStats per day in
// Asia/Shanghai and kind.
type ReviewStats struct {
	Open, AtRisk, Breached, Paused int // now
	Days                           []DayStats
	Hours                          [24]HourStats // of the day in Asia/Shanghai, all days of the span together
	MedianHandling, P90Handling    time.Duration // from first claim to decision
	ByStaff                        map[string]int
}

// HourStats counts what happened in one hour of the day.
type HourStats struct{ Received, Decided int }

// DayStats counts one day of one kind.
type DayStats struct {
	Day      string // 2006-01-02
	Kind     Kind
	Received int
	Decided  int
	OnTime   int
	Approved int
	Rejected int
	NeedMore int
}

// Calendar counts Chinese working days and hours (V2).
type Calendar interface {
	// Due is the end of the days-th working day after start.
	Due(start time.Time, days int) time.Time
	// Share is when that percentage of the working time from start to due is over.
	Share(start, due time.Time, percent int) time.Time
	// Shift is the due date after a pause: as much working time is left on resuming
	// as there was when the clock stopped.
	Shift(due, pausedAt, resumedAt time.Time) time.Time
	// Between is the working time from a to b, negative when b is earlier.
	Between(a, b time.Time) time.Duration
}
