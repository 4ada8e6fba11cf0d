package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"beian/tasks"
)

// webhooksCommand manages who is told when jobs change (ADR 26).
type webhooksCommand struct {
	Add        webhooksAdd        `cmd:"" help:"Enter an address and print the secret its messages are signed with."`
	List       webhooksList       `cmd:"" help:"List the webhooks by name, without their secrets."`
	Test       webhooksTest       `cmd:"" help:"Call a webhook now and say what it answers."`
	Deliveries webhooksDeliveries `cmd:"" help:"List what a webhook was told and what came of it, newest first."`
	Replay     webhooksReplay     `cmd:"" help:"Tell a webhook once more what happened since."`
	Rotate     webhooksRotate     `cmd:"" help:"Print a new secret; for a day messages carry both signatures."`
	Disable    webhooksDisable    `cmd:"" help:"Tell a webhook nothing more."`
	Enable     webhooksEnable     `cmd:"" help:"Tell it again of what happens from now on."`
}

type (
	webhooksAdd struct {
		Name string   `arg:"" help:"What the journal calls it, such as the program's name."`
		URL  string   `arg:"" help:"Where messages go: an https address; http in development only."`
		Kind []string `help:"Only jobs of this kind, such as transfer; can be repeated. Without it all."`
	}
	webhooksList struct {
		JSON bool `help:"Print JSON lines."`
	}
	webhooksTest struct {
		Name string `arg:"" help:"Name of the webhook."`
	}
	webhooksDeliveries struct {
		Name  string `arg:"" help:"Name of the webhook."`
		JSON  bool   `help:"Print JSON lines."`
		Limit int    `default:"50" help:"At most this many, up to 1,000."`
	}
	webhooksReplay struct {
		Name  string        `arg:"" help:"Name of the webhook."`
		Since time.Duration `required:"" help:"How far back, such as 48h."`
	}
	webhooksRotate struct {
		Name string `arg:"" help:"Name of the webhook."`
	}
	webhooksDisable struct {
		Name string `arg:"" help:"Name of the webhook."`
	}
	webhooksEnable struct {
		Name string `arg:"" help:"Name of the webhook."`
	}
)

func (c *webhooksAdd) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		n := tasks.NewWebhook{Name: c.Name, URL: c.URL, Plain: o.cfg.IsDevelopment()}
		for _, k := range c.Kind {
			n.Kinds = append(n.Kinds, tasks.Kind(k))
		}
		_, secret, err := o.desk.AddWebhook(ctx, shellActor(), n)
		if err != nil {
			return o.usage(err)
		}
		fmt.Fprintln(s.out, secret)
		fmt.Fprintln(s.err, "Give it to the program that checks the signatures. It is not shown again.")
		return nil
	})
}

// webhookRow is a webhook as the command line prints it.
type webhookRow struct {
	Name       string       `json:"name"`
	URL        string       `json:"url"`
	Kinds      []tasks.Kind `json:"kinds,omitempty"`
	State      string       `json:"state"`
	CreatedAt  time.Time    `json:"created_at"`
	AnsweredAt *time.Time   `json:"answered_at,omitempty"`
}

func webhookRowOf(w tasks.Webhook) webhookRow {
	row := webhookRow{Name: w.Name, URL: w.URL, Kinds: w.Kinds, State: "active", CreatedAt: w.CreatedAt}
	if !w.DisabledAt.IsZero() {
		row.State = "disabled: " + w.Reason
	}
	if !w.AnsweredAt.IsZero() {
		row.AnsweredAt = &w.AnsweredAt
	}
	return row
}

func (r webhookRow) answered() string {
	if r.AnsweredAt == nil {
		return "never answered"
	}
	return "answered " + r.AnsweredAt.Local().Format(time.DateTime)
}

func (r webhookRow) kinds() string {
	return cmp.Or(tasks.Words(r.Kinds), "all kinds")
}

func (c *webhooksList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		all, err := o.desk.Webhooks(ctx)
		if err != nil {
			return err
		}
		rows := make([]webhookRow, len(all))
		for i, w := range all {
			rows[i] = webhookRowOf(w)
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.State, r.kinds(), r.answered(), r.URL)
		}
		return w.Flush()
	})
}

func (c *webhooksTest) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		answer, err := o.desk.TestWebhook(ctx, c.Name)
		if err != nil {
			return err
		}
		if !answer.Took() {
			return fmt.Errorf("%w: %s did not take the message: %s", errDown, c.Name, answer)
		}
		fmt.Fprintln(s.out, c.Name, answer)
		return nil
	})
}

// deliveryRow is a message to a webhook as the command line prints it.
type deliveryRow struct {
	Task     string     `json:"task"`
	Receipt  string     `json:"receipt"`
	Sequence int64      `json:"sequence"`
	State    string     `json:"state"`
	Tries    int        `json:"tries"`
	Reason   string     `json:"reason,omitempty"`
	At       time.Time  `json:"at"`
	Due      *time.Time `json:"due,omitempty"`
}

func deliveryRowOf(d tasks.Delivery) deliveryRow {
	row := deliveryRow{Task: d.TaskID, Receipt: d.Receipt, Sequence: d.Seq, State: d.State, Tries: d.Attempts, Reason: d.Reason, At: d.At}
	if d.State == "waiting" || d.State == "sent" {
		row.Due = &d.Due
	}
	return row
}

func (c *webhooksDeliveries) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		all, err := o.desk.Deliveries(ctx, c.Name, c.Limit)
		if err != nil {
			return err
		}
		rows := make([]deliveryRow, len(all))
		for i, d := range all {
			rows[i] = deliveryRowOf(d)
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s.%d\t%s\ttries %d\t%s\n", r.At.Local().Format(time.DateTime), r.Receipt, r.Sequence, r.State, r.Tries, r.Reason)
		}
		return w.Flush()
	})
}

// farthestReplay keeps a slip of the finger from telling a receiver of years.
const farthestReplay = 90 * 24 * time.Hour

func (c *webhooksReplay) run(ctx context.Context, s session) error {
	if c.Since <= 0 || c.Since > farthestReplay {
		return usageError{"--since is from 1s to 2160h, which are 90 days"}
	}
	return withOffice(ctx, s, func(o *office) error {
		n, err := o.desk.RecallWebhook(ctx, shellActor(), c.Name, o.clock().Add(-c.Since))
		if errors.Is(err, tasks.ErrConflict) {
			return usageError{c.Name + " is disabled; enable it first: beian webhooks enable " + c.Name}
		}
		if err == nil {
			fmt.Fprintln(s.out, n, "messages")
		}
		return err
	})
}

func (c *webhooksRotate) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		secret, err := o.desk.RotateWebhook(ctx, shellActor(), c.Name)
		if err == nil {
			fmt.Fprintln(s.out, secret)
		}
		return err
	})
}

func (c *webhooksDisable) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.desk.DisableWebhook(ctx, shellActor(), c.Name) })
}

func (c *webhooksEnable) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.desk.EnableWebhook(ctx, shellActor(), c.Name) })
}
