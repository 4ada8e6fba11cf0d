package api

import (
	"context"

	"beian/tasks"
)

// ReviewDesk is what the console and /v1/reviews ask of the office about manual
// reviews; *tasks.Desk satisfies it.
type ReviewDesk interface {
	Reviews(ctx context.Context, f tasks.ReviewFilter) ([]tasks.ReviewRow, tasks.ReviewCounts, error)
	ReviewOf(ctx context.Context, receipt string) (tasks.Review, error)
	Workbench(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Workbench, error)
	Claim(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Review, error)
	ClaimNext(ctx context.Context, staff tasks.Actor) (tasks.Review, error)
	Renew(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Review, error)
	Return(ctx context.Context, receipt string, staff tasks.Actor) error
	Rehearse(ctx context.Context, in tasks.Decide) error
	Decide(ctx context.Context, in tasks.Decide) (tasks.Review, error)
	Undo(ctx context.Context, receipt string, staff tasks.Actor) (tasks.Review, error)
	Unmask(ctx context.Context, receipt, field, reason string, staff tasks.Actor) (string, error)
	OpenPicture(ctx context.Context, p tasks.Picture, staff tasks.Actor) ([]byte, error)
}

// OpsReviews is ReviewDesk with what a browser needs to show the next picture at
// once.
type OpsReviews interface {
	ReviewDesk
	PrefetchPicture(ctx context.Context, p tasks.Picture, staff tasks.Actor) ([]byte, error)
	MarkOpened(ctx context.Context, p tasks.Picture, staff tasks.Actor) error
}

// ReviewParts is what the reviewers' console is made of besides the desk.
type ReviewParts struct {
	Desk OpsReviews
	// Calendar tells how much working time is left (V2).
	Calendar tasks.Calendar
	// Watermark draws lines of ASCII over a picture, so that a copy tells who took
	// it and when (trust.md).
	Watermark func(picture []byte, lines ...string) ([]byte, error)
	// Ticket is a keyed digest of a text: what lets one session see one picture for
	// a minute.
	Ticket func(text string) string
	// Views keeps named filters; nil leaves them out.
	Views OpsViews
	// Words puts a message into words, for the preview; nil shows none.
	Words func(m tasks.Message) (string, error)
}

// reviewRoles: who may see reviews, and who decides them. Operators run the
// machine and have no business with people's papers (V4).
func reviewReaders() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorAuditor}
}

func reviewers() []tasks.ActorKind {
	return []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor}
}
