package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"beian/internal/store"
)

// migrateCommand looks at and changes the schema.
type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply every step that is missing."`
	Down   migrateDown   `cmd:"" help:"Take the newest step back; asks for --yes."`
	Status migrateStatus `cmd:"" help:"List the steps and which are applied."`
	Plan   migratePlan   `cmd:"" help:"Print the SQL that up would run."`
}

type (
	migrateUp   struct{}
	migrateDown struct {
		Yes bool `help:"Confirm: the newest step's tables and their rows go."`
	}
	migrateStatus struct{}
	migratePlan   struct{}
)

func withOffice(ctx context.Context, s session, fn func(*office) error) error {
	o, err := openOffice(ctx, s)
	if err != nil {
		return err
	}
	defer o.close()
	return fn(o)
}

func (c *migrateUp) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		steps, err := o.store.Migrate(ctx)
		for _, m := range steps {
			fmt.Fprintln(s.err, "applied", m.Name)
		}
		if err == nil && len(steps) == 0 {
			fmt.Fprintln(s.err, "the schema is up to date")
		}
		return err
	})
}

func (c *migrateDown) run(ctx context.Context, s session) error {
	if !c.Yes {
		return usageError{"migrate down deletes tables with their rows; repeat with --yes when a backup exists"}
	}
	return withOffice(ctx, s, func(o *office) error {
		steps, err := o.store.MigrateDown(ctx)
		for _, m := range steps {
			fmt.Fprintln(s.err, "took back", m.Name)
		}
		return err
	})
}

func (c *migrateStatus) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		steps, err := o.store.Migrations(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, m := range steps {
			state := "pending"
			if m.Applied {
				state = "applied"
			}
			fmt.Fprintf(w, "%05d\t%s\t%s\n", m.Version, state, m.Name)
		}
		return w.Flush()
	})
}

func (c *migratePlan) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		steps, err := o.store.Migrations(ctx)
		if err != nil {
			return err
		}
		printPlan(s, steps)
		return nil
	})
}

func printPlan(s session, steps []store.Migration) {
	for _, m := range steps {
		if !m.Applied {
			fmt.Fprintf(s.out, "-- %s\n%s\n", m.Name, m.SQL)
		}
	}
}
