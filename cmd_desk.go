package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hibiken/asynq"

	"beian/internal/filing"
	"beian/internal/store"
	"beian/tasks"
)

// jobsCommand is the operator's and supervisor's hand on jobs.
type jobsCommand struct {
	List    jobsList    `cmd:"" help:"List jobs, newest first."`
	Show    jobsShow    `cmd:"" help:"Show one job with its timeline and messages."`
	Release jobsRelease `cmd:"" help:"Let a disputed job go on."`
	Reject  jobsReject  `cmd:"" help:"End a disputed job for good."`
	Dead    jobsDead    `cmd:"" help:"List dead letters with their reasons."`
	Redrive jobsRedrive `cmd:"" help:"Give a dead letter another life."`
}

type jobsList struct {
	State    string `help:"Only this state."`
	Disputed bool   `help:"Only jobs that wait for a supervisor."`
	Limit    int    `default:"50" help:"At most this many, up to 200."`
	JSON     bool   `help:"Print JSON lines."`
}

// jobRow is a job as the command line prints it.
type jobRow struct {
	Receipt   string    `json:"receipt"`
	Kind      string    `json:"kind"`
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

func (c *jobsList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		jobs, err := o.desk.Jobs(ctx, tasks.JobFilter{State: tasks.State(c.State), Disputed: c.Disputed, Limit: c.Limit})
		if err != nil {
			return err
		}
		rows := make([]jobRow, len(jobs))
		for i, j := range jobs {
			rows[i] = jobRow{j.Receipt, string(j.Kind), string(j.State), j.CreatedAt, j.UpdatedAt}
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Receipt, r.Kind, r.State, r.CreatedAt.Local().Format(time.DateTime))
		}
		return w.Flush()
	})
}

type jobsShow struct {
	Receipt string `arg:"" help:"Receipt number."`
}

func (c *jobsShow) run(ctx context.Context, s session) error {
	receipt, err := filing.ParseReceipt(c.Receipt)
	if err != nil {
		return usageError{"this is not a receipt number"}
	}
	return withOffice(ctx, s, func(o *office) error {
		v, err := o.desk.Look(ctx, receipt.String(), tasks.Viewer{Staff: tasks.ActorOperator})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%s  %s  %s\n%s  %s -> %s\n", v.Job.Receipt, v.Job.Kind, v.Job.State, v.Preview.ICP, v.Preview.Source, v.Preview.Target)
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, e := range v.Timeline {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.At.Local().Format(time.DateTime), e.Actor.Kind, e.What, e.To, e.Note)
		}
		for _, n := range v.Notices {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", n.CreatedAt.Local().Format(time.DateTime), n.Channel, n.Template, n.State, n.To)
		}
		return w.Flush()
	})
}

// jobsRelease and jobsReject are a supervisor's two answers to a dispute.
type (
	jobsRelease struct {
		Receipt string `arg:"" help:"Receipt number."`
	}
	jobsReject struct {
		Receipt string `arg:"" help:"Receipt number."`
	}
)

func (c *jobsRelease) run(ctx context.Context, s session) error {
	return decide(ctx, s, c.Receipt, tasks.VerbRelease)
}

func (c *jobsReject) run(ctx context.Context, s session) error {
	return decide(ctx, s, c.Receipt, tasks.VerbReject)
}

// decide acts as a supervisor: whoever has the keys and the database is trusted;
// the timeline and the journal name the operating-system user.
func decide(ctx context.Context, s session, typed string, verb tasks.Verb) error {
	receipt, err := filing.ParseReceipt(typed)
	if err != nil {
		return usageError{"this is not a receipt number"}
	}
	return withOffice(ctx, s, func(o *office) error {
		acc, err := o.desk.Act(ctx, tasks.Action{Receipt: receipt.String(), Verb: verb, By: tasks.Viewer{Staff: tasks.ActorSupervisor},
			StaffID: shellUser(), Once: tasks.Once{Scope: "cli", Key: random{}.ID()}})
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, acc.Receipt, acc.State)
		return o.store.Audit(ctx, store.AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorSupervisor, ID: shellUser()},
			Action: "job." + string(verb), Object: acc.Receipt, Reason: "command line", Outcome: string(acc.State)})
	})
}

func shellUser() string {
	u, err := user.Current()
	if err != nil {
		return "shell"
	}
	return "shell:" + u.Username
}

type jobsDead struct {
	JSON  bool `help:"Print JSON lines."`
	Limit int  `default:"100" help:"At most this many."`
}

func (c *jobsDead) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		dead, err := o.store.DeadLetters(ctx, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s, dead)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, d := range dead {
			fmt.Fprintf(w, "%s\t%s\t%d tries\t%s\t%s\n", d.At.Local().Format(time.DateTime), d.ID, d.Attempts, d.Type, d.Reason)
		}
		return w.Flush()
	})
}

type jobsRedrive struct {
	ID     []string `arg:"" help:"Task ids as listed by jobs dead."`
	Reason string   `required:"" help:"Why; kept in the journal."`
}

func (c *jobsRedrive) run(ctx context.Context, s session) error {
	if strings.TrimSpace(c.Reason) == "" {
		return usageError{"a reason is needed"}
	}
	return withOffice(ctx, s, func(o *office) error {
		for _, id := range c.ID {
			err := o.store.Redrive(ctx, id, store.AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: shellUser()}, Reason: c.Reason})
			if err != nil {
				return fmt.Errorf("re-driving %s: %w", id, err)
			}
			fmt.Fprintln(s.out, id, "waiting")
		}
		return nil
	})
}

// queuesCommand shows the queues as SQL and Redis see them.
type queuesCommand struct {
	List   queuesList   `cmd:"" help:"List queues with their work."`
	Pause  queuesPause  `cmd:"" help:"Stop delivery of a queue until it is resumed."`
	Resume queuesResume `cmd:"" help:"Deliver again."`
}

type queuesList struct {
	JSON bool `help:"Print JSON lines."`
}

func (c *queuesList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		figures, err := o.store.Figures(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s, figures)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "queue\twaiting\tin redis\trunning\tdead\toldest due")
		for _, f := range figures {
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\n", f.Queue, f.Waiting, f.Sent, f.Running, f.Dead, f.OldestDue.Round(time.Second))
		}
		return w.Flush()
	})
}

type (
	queuesPause struct {
		Queue  string `arg:"" enum:"account,notify,webhook" help:"account, notify or webhook; review and ops carry deadlines and never pause."`
		Reason string `required:"" help:"Why; kept in the journal."`
	}
	queuesResume struct {
		Queue string `arg:"" enum:"account,notify,review,ops,webhook" help:"Queue."`
	}
)

func (c *queuesPause) run(ctx context.Context, s session) error {
	return switchQueue(ctx, s, c.Queue, c.Reason, (*asynq.Inspector).PauseQueue)
}

func (c *queuesResume) run(ctx context.Context, s session) error {
	return switchQueue(ctx, s, c.Queue, "resume", (*asynq.Inspector).UnpauseQueue)
}

// switchQueue writes the journal before the action: one that can't be written
// down is not done.
func switchQueue(ctx context.Context, s session, q, reason string, do func(*asynq.Inspector, string) error) error {
	if s.cfg.RedisURL.IsZero() {
		return usageError{"the embedded queue belongs to the running process; use the dashboard there, or set BEIAN_REDIS_URL"}
	}
	return withOffice(ctx, s, func(o *office) error {
		if err := o.connect(ctx); err != nil {
			return err
		}
		entry := store.AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: shellUser()}, Action: "queue.switch", Object: q, Reason: reason}
		if err := o.store.Audit(ctx, entry); err != nil {
			return err
		}
		err := do(asynq.NewInspectorFromRedisClient(o.redis.Front()), q)
		if err != nil && !errors.Is(err, asynq.ErrQueueNotFound) {
			return fmt.Errorf("switching the queue: %w", err)
		}
		fmt.Fprintln(s.out, q, reason)
		return nil
	})
}

// auditCommand reads the journal.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Recompute every chain and report what was changed."`
	List   auditList   `cmd:"" help:"List the journal, newest first."`
}

type (
	auditVerify struct{}
	auditList   struct {
		Limit int  `default:"50" help:"At most this many."`
		JSON  bool `help:"Print JSON lines."`
	}
)

func (c *auditVerify) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		v, err := o.store.Verify(ctx, nil)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "journal %d rows, %d jobs, %d events\nlast hash %s\n", v.Audit, v.Jobs, v.Events, v.LastHash)
		for _, b := range v.Broken {
			fmt.Fprintf(s.out, "%s: %s\n", b.Where, b.What)
		}
		if len(v.Broken) > 0 {
			return errors.New("the record was changed behind the program's back")
		}
		fmt.Fprintln(s.out, "whole")
		return nil
	})
}

func (c *auditList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		entries, err := o.store.AuditEntries(ctx, 0, c.Limit)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s, entries)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, e := range entries {
			object, _, _ := strings.Cut(e.Object, "\n")
			fmt.Fprintf(w, "%d\t%s\t%s %s\t%s\t%s\t%s\n", e.Seq, e.At.Local().Format(time.DateTime), e.Actor.Kind, e.Actor.ID, e.Action, object, e.Outcome)
		}
		return w.Flush()
	})
}
