package api

import (
	"context"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// OpsPorter signs staff in and knows them; *accounts.Service satisfies it.
type OpsPorter interface {
	StaffSignIn(ctx context.Context, in accounts.SignIn) (accounts.Session, string, error)
	StaffIdentitySignIn(ctx context.Context, i accounts.Identity, c accounts.Client) (accounts.Session, string, error)
	// PendingStaff reads a session that waits for a second factor.
	PendingStaff(ctx context.Context, token string) (accounts.Session, error)
	StaffCode(ctx context.Context, in accounts.Second) (accounts.Session, string, error)
	StaffEnrolment(ctx context.Context, token string) (accounts.Enrolment, error)
	StaffEnrol(ctx context.Context, in accounts.Second) (accounts.Session, string, []string, error)
	Session(ctx context.Context, token string) (accounts.Session, error)
	SignOut(ctx context.Context, token string) error
	Staff(ctx context.Context) ([]accounts.Member, error)
}

// OpsDesk is what the console asks of the office; *tasks.Desk satisfies it.
type OpsDesk interface {
	Act(ctx context.Context, a tasks.Action) (tasks.Accepted, error)
	Look(ctx context.Context, receipt string, by tasks.Viewer) (tasks.View, error)
	Glance(ctx context.Context, receipt string, by tasks.Viewer) (tasks.View, error)
	Precheck(ctx context.Context, s tasks.Submission) (tasks.Preview, error)
	Submit(ctx context.Context, s tasks.Submission) (tasks.Accepted, error)
	Jobs(ctx context.Context, f tasks.JobFilter) ([]tasks.Job, error)
}

// OpsWork is the outbox as the console shows it.
type OpsWork interface {
	// Queues counts every queue's open work by what SQL knows.
	Queues(ctx context.Context) ([]OpsQueue, error)
	// TasksOf lists a job's work; tasks.ErrNotFound when there is no such job.
	TasksOf(ctx context.Context, receipt string) ([]OpsTask, error)
}

// OpsDead is the dead letters and the way to give them another life.
type OpsDead interface {
	DeadGroups(ctx context.Context) ([]OpsDeadGroup, error)
	// DeadIn lists letters of a group by queue, type and reason, in the order of
	// their ids, behind the id after.
	DeadIn(ctx context.Context, g OpsDeadGroup, after string, limit int) ([]OpsDeadLetter, error)
	// Redrive gives one letter another life and journals who did so, in one
	// transaction; tasks.ErrNotFound when it is not dead.
	Redrive(ctx context.Context, id string, by OpsEntry) error
}

// OpsJournal is the house's journal.
type OpsJournal interface {
	// Audit writes one row, durably.
	Audit(ctx context.Context, e OpsEntry) error
	// FindAudit lists rows by a filter, newest first.
	FindAudit(ctx context.Context, f tasks.EntryFilter) ([]OpsEntry, error)
	// Verify recomputes every chain and tells progress how many events were read.
	Verify(ctx context.Context, progress func(events int64)) (OpsVerified, error)
}

// OpsQueue is one queue's open work. OldestDue is how long the oldest due row has
// waited.
type OpsQueue struct {
	Name                         tasks.Queue
	Waiting, Sent, Running, Dead int64
	OldestDue                    time.Duration
}

// OpsTask is one unit of work of a job. State is waiting, sent, running, done or
// dead.
type OpsTask struct {
	tasks.TaskRef
	Queue     tasks.Queue
	Type      string
	State     string
	Attempts  int
	Reason    string
	NotBefore time.Time
	EndedAt   time.Time
}

// OpsDeadGroup is the dead letters of one queue, type and reason.
type OpsDeadGroup struct {
	Queue          tasks.Queue
	Type, Reason   string
	Count          int64
	Oldest, Newest time.Time
}

// OpsDeadLetter is a task that was given up. Receipt is that of its job, if any.
type OpsDeadLetter struct {
	ID       string
	Ref      string
	Receipt  string
	Attempts int
	At       time.Time
}

// OpsEntry is one row of the journal.
type OpsEntry = tasks.Entry

// OpsVerified is what a verification found; Broken names places and faults.
type OpsVerified struct {
	Audit, Jobs, Events int64
	Broken              []OpsBroken
	LastHash            string
}

// OpsBroken is one place where the record was changed or damaged.
type OpsBroken struct{ Where, What string }
