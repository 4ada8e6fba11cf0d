package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"beian/internal/accounts"
	"beian/tasks"
)

// apiKeysCommand manages the keys by which programs use /v1 (ADR 24).
type apiKeysCommand struct {
	Add     apiKeysAdd     `cmd:"" help:"Make a key and print it; it is not shown again."`
	List    apiKeysList    `cmd:"" help:"List the keys by name; keys themselves are never printed."`
	Disable apiKeysDisable `cmd:"" help:"End a key for good, from the next request on."`
}

type (
	apiKeysAdd struct {
		Name  string   `arg:"" help:"What the journal calls the key, such as the program's name."`
		Scope []string `required:"" enum:"facts:write,jobs:read,audit:read,stats:read,queues:read" help:"What the key opens; can be repeated: facts:write, jobs:read, audit:read, stats:read, queues:read."`
		Days  int      `help:"How many days it opens anything; 0 is for ever."`
	}
	apiKeysList struct {
		JSON bool `help:"Print JSON lines."`
	}
	apiKeysDisable struct {
		Name string `arg:"" help:"Name of the key, from beian apikeys list."`
	}
)

func (c *apiKeysAdd) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		n := accounts.NewAPIKey{Name: c.Name, Days: c.Days}
		for _, scope := range c.Scope {
			n.Scopes = append(n.Scopes, accounts.Scope(scope))
		}
		_, token, err := o.accounts.AddAPIKey(ctx, shellActor(), n)
		if err != nil {
			return o.usage(err)
		}
		fmt.Fprintln(s.out, token)
		fmt.Fprintln(s.err, "Give it to the program as Authorization: Bearer. It is not shown again.")
		return nil
	})
}

// apiKeyRow is a key as the command line prints it.
type apiKeyRow struct {
	Name      string           `json:"name"`
	Prefix    string           `json:"prefix"`
	Scopes    []accounts.Scope `json:"scopes"`
	State     string           `json:"state"`
	CreatedAt time.Time        `json:"created_at"`
	UsedAt    *time.Time       `json:"used_at,omitempty"`
	ExpiresAt *time.Time       `json:"expires_at,omitempty"`
}

func apiKeyRowOf(k accounts.APIKey, now time.Time) apiKeyRow {
	row := apiKeyRow{Name: k.Name, Prefix: k.Prefix, Scopes: k.Scopes, State: "active", CreatedAt: k.CreatedAt}
	if !k.UsedAt.IsZero() {
		row.UsedAt = &k.UsedAt
	}
	if !k.ExpiresAt.IsZero() {
		row.ExpiresAt = &k.ExpiresAt
		if !now.Before(k.ExpiresAt) {
			row.State = "over"
		}
	}
	if !k.DisabledAt.IsZero() {
		row.State = "disabled"
	}
	return row
}

func (r apiKeyRow) used() string {
	if r.UsedAt == nil {
		return "never used"
	}
	return "used " + r.UsedAt.Local().Format(time.DateTime)
}

func (c *apiKeysList) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		keys, err := o.accounts.APIKeys(ctx)
		if err != nil {
			return err
		}
		rows := make([]apiKeyRow, len(keys))
		for i, k := range keys {
			rows[i] = apiKeyRowOf(k, o.clock())
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s…\t%s\t%s\t%s\n", r.Name, r.Prefix, r.State, tasks.Words(r.Scopes), r.used())
		}
		return w.Flush()
	})
}

func (c *apiKeysDisable) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error { return o.accounts.DisableAPIKey(ctx, shellActor(), c.Name) })
}
