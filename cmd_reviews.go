package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/store"
	"beian/tasks"
)

// reviewsCommand looks at the queue of manual reviews. Deciding is the console's
// alone: it needs the pictures.
type reviewsCommand struct {
	List   reviewsList   `cmd:"" help:"List reviews, the earliest due first."`
	Show   reviewsShow   `cmd:"" help:"Show one review: its promise, its risk, who decided what."`
	Claim  reviewsClaim  `cmd:"" help:"Take a review as a member of staff, so that nobody else does."`
	Return reviewsReturn `cmd:"" help:"Give a review back to the queue, whoever holds it."`
}

type reviewsList struct {
	Tab   string `enum:"all,waiting,second,escalated,done" default:"all" help:"all open ones, waiting, second, escalated or done."`
	Risky bool   `help:"Only those with a risk flag."`
	Limit int    `default:"50" help:"At most this many, up to 200."`
	JSON  bool   `help:"Print JSON lines."`
}

// reviewRow is a review as the command line prints it: no names.
type reviewRow struct {
	Receipt  string     `json:"receipt"`
	Kind     string     `json:"kind"`
	Nature   string     `json:"nature"`
	State    string     `json:"state"`
	Held     bool       `json:"held"`
	Round    int        `json:"round"`
	Stage    int        `json:"stage"`
	Tier     int        `json:"tier"`
	Risk     []string   `json:"risk,omitempty"`
	DueAt    time.Time  `json:"due_at"`
	Left     float64    `json:"working_seconds_left"`
	Breaches int        `json:"breaches"`
	PausedAt *time.Time `json:"paused_at,omitempty"`
}

func (o *office) reviewRow(r tasks.Review) reviewRow {
	now := o.clock()
	row := reviewRow{Receipt: r.Receipt, Kind: string(r.Kind), Nature: string(r.Nature), State: string(r.State),
		Held: r.State == tasks.ReviewClaimed && now.Before(r.LeaseUntil), Round: r.Round, Stage: r.Stage, Tier: r.Tier, Risk: r.Risk,
		DueAt: r.DueAt, Breaches: r.Breaches}
	switch {
	case !r.PausedAt.IsZero():
		row.PausedAt, row.Left = &r.PausedAt, o.calendar.Between(r.PausedAt, r.DueAt).Seconds()
	case !r.State.Ended():
		row.Left = o.calendar.Between(now, r.DueAt).Seconds()
	}
	return row
}

func (c *reviewsList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		tab := c.Tab
		if tab == "all" {
			tab = ""
		}
		found, counts, err := o.desk.Reviews(ctx, tasks.ReviewFilter{Tab: tab, Risky: c.Risky, Limit: c.Limit})
		if err != nil {
			return err
		}
		rows := make([]reviewRow, len(found))
		for i, r := range found {
			rows[i] = o.reviewRow(r.Review)
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\tround %d\ttier %d\tdue %s\t%s\t%s\n", r.Receipt, r.Nature, r.State, r.Round, r.Tier,
				r.DueAt.Local().Format("2006-01-02 15:04"), spanLeft(r), strings.Join(r.Risk, " "))
		}
		fmt.Fprintf(s.err, "%d waiting, %d second looks, %d escalated, %d paused, %d breached\n",
			counts.Waiting, counts.Second, counts.Escalated, counts.Paused, counts.Breached)
		return w.Flush()
	})
}

func spanLeft(r reviewRow) string {
	left := time.Duration(r.Left * float64(time.Second)).Round(time.Minute)
	switch {
	case r.PausedAt != nil:
		return "paused, " + left.String() + " of work left"
	case r.State == string(tasks.ReviewApproved), r.State == string(tasks.ReviewRejected), r.State == string(tasks.ReviewClosed):
		return ""
	case left < 0:
		return (-left).String() + " of work late"
	}
	return left.String() + " of work left"
}

type reviewsShow struct {
	Receipt string `arg:"" help:"Receipt number."`
	JSON    bool   `help:"Print JSON."`
}

// decisionRow is a decision without its note, which may name people.
type decisionRow struct {
	At       time.Time  `json:"at"`
	Staff    string     `json:"staff"`
	Verdict  string     `json:"verdict"`
	Reasons  []string   `json:"reasons,omitempty"`
	Settled  *time.Time `json:"settled,omitempty"`
	TakenOff bool       `json:"undone"`
}

func (c *reviewsShow) run(ctx context.Context, s session) error {
	receipt, err := filing.ParseReceipt(c.Receipt)
	if err != nil {
		return usageError{"this is not a receipt number"}
	}
	return withOffice(ctx, s, func(o *office) error {
		r, err := o.desk.ReviewOf(ctx, receipt.String())
		if err != nil {
			return err
		}
		decisions, err := o.decisionsOf(ctx, r.JobID)
		if err != nil {
			return err
		}
		row := o.reviewRow(r)
		if c.JSON {
			return printJSON(s, []any{struct {
				reviewRow
				Decisions []decisionRow `json:"decisions"`
			}{row, decisions}})
		}
		fmt.Fprintf(s.out, "%s  %s  %s  round %d, stage %d, tier %d\ndue %s (first promised %s), %s\nbreaches %d, reminded at %d %%, risk: %s\n",
			row.Receipt, row.Nature, row.State, row.Round, row.Stage, row.Tier, r.DueAt.Local().Format(time.DateTime),
			r.Promised.Local().Format(time.DateTime), spanLeft(row), r.Breaches, r.Reminded, strings.Join(r.Risk, " "))
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, d := range decisions {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.At.Local().Format(time.DateTime), d.Staff, d.Verdict, strings.Join(d.Reasons, " "))
		}
		return w.Flush()
	})
}

func (o *office) decisionsOf(ctx context.Context, jobID string) ([]decisionRow, error) {
	var decisions []tasks.Decision
	err := o.store.View(ctx, func(tx tasks.Tx) (err error) {
		decisions, err = tx.Decisions(ctx, jobID)
		return err
	})
	rows := make([]decisionRow, len(decisions))
	for i, d := range decisions {
		rows[i] = decisionRow{At: d.At, Staff: string(d.Staff.Kind) + " " + d.Staff.ID, Verdict: string(d.Verdict), TakenOff: !d.Undone.IsZero()}
		for _, f := range d.Findings {
			rows[i].Reasons = append(rows[i].Reasons, f.About+":"+f.Reason)
		}
		if !d.Settled.IsZero() {
			rows[i].Settled = &d.Settled
		}
	}
	return rows, err
}

type (
	reviewsClaim struct {
		Receipt string `arg:"" help:"Receipt number."`
		Staff   string `required:"" help:"Login of the reviewer or supervisor who gets it."`
	}
	reviewsReturn struct {
		Receipt string `arg:"" help:"Receipt number."`
		Reason  string `required:"" help:"Why; kept in the journal."`
	}
)

func (c *reviewsClaim) run(ctx context.Context, s session) error {
	receipt, err := filing.ParseReceipt(c.Receipt)
	if err != nil {
		return usageError{"this is not a receipt number"}
	}
	return withOffice(ctx, s, func(o *office) error {
		member, err := o.member(ctx, func(m accounts.Member) bool { return m.Login == strings.ToLower(strings.TrimSpace(c.Staff)) })
		if err != nil {
			return fmt.Errorf("looking for the member of staff: %w", err)
		}
		if err := o.store.Audit(ctx, shellEntry("review.claim", receipt.String(), "for "+string(member.Role)+" "+member.ID)); err != nil {
			return err
		}
		r, err := o.desk.Claim(ctx, receipt.String(), tasks.Actor{Kind: member.Role, ID: member.ID})
		if err != nil {
			return err
		}
		fmt.Fprintln(s.out, r.Receipt, r.State, r.LeaseUntil.Local().Format(time.DateTime))
		return nil
	})
}

// run gives back in the name of whoever holds it: the shell is trusted, the journal
// says that it was the shell.
func (c *reviewsReturn) run(ctx context.Context, s session) error {
	receipt, err := filing.ParseReceipt(c.Receipt)
	switch {
	case err != nil:
		return usageError{"this is not a receipt number"}
	case strings.TrimSpace(c.Reason) == "":
		return usageError{"a reason is needed"}
	}
	return withOffice(ctx, s, func(o *office) error {
		r, err := o.desk.ReviewOf(ctx, receipt.String())
		if err != nil {
			return err
		}
		if err := o.store.Audit(ctx, shellEntry("review.return", r.Receipt, c.Reason)); err != nil {
			return err
		}
		holder, err := o.member(ctx, func(m accounts.Member) bool { return m.ID == r.Holder })
		if err != nil {
			return fmt.Errorf("looking for who holds it: %w", err)
		}
		if err := o.desk.Return(ctx, r.Receipt, tasks.Actor{Kind: holder.Role, ID: holder.ID}); err != nil {
			return err
		}
		fmt.Fprintln(s.out, r.Receipt, tasks.ReviewOpen)
		return nil
	})
}

// member finds one of the staff who still works here.
func (o *office) member(ctx context.Context, is func(accounts.Member) bool) (accounts.Member, error) {
	all, err := o.accounts.Staff(ctx)
	if err != nil {
		return accounts.Member{}, err
	}
	for _, m := range all {
		if m.DisabledAt.IsZero() && is(m) {
			return m, nil
		}
	}
	return accounts.Member{}, tasks.ErrNotFound
}

// shellEntry is a journal row of somebody at the machine's shell.
func shellEntry(action, object, reason string) store.AuditEntry {
	return store.AuditEntry{Actor: shellActor(), Action: action, Object: object, Reason: reason, Outcome: "asked"}
}
