package api

import (
	"context"
	"slices"

	"beian/internal/accounts"
	"beian/internal/store"
	"beian/internal/workday"
	"beian/tasks"
)

// CalendarOfTests is the shipped years and what was stored.
type CalendarOfTests struct{ Store *store.Store }

func (c CalendarOfTests) InForce() *workday.Calendar {
	var years []workday.Year
	for _, y := range c.Years() {
		years = append(years, y.Year)
	}
	return workday.New(years...)
}

func (c CalendarOfTests) Years() []CalendarYear {
	shipped, err := workday.Shipped()
	if err != nil {
		panic(err)
	}
	stored, err := c.Store.CalendarYears(context.Background())
	if err != nil {
		panic(err)
	}
	var out []CalendarYear
	for _, y := range shipped {
		if !slices.ContainsFunc(stored, func(s store.CalendarYear) bool { return s.Year == y.Number() }) {
			out = append(out, CalendarYear{Year: y, Origin: CalendarShipped})
		}
	}
	for _, row := range stored {
		y, err := workday.ParseYear([]byte(row.Data))
		if err != nil {
			panic(err)
		}
		out = append(out, CalendarYear{Year: y, Origin: CalendarConsole, Version: row.Version, SavedBy: row.SavedBy, SavedAt: row.SavedAt})
	}
	slices.SortFunc(out, func(a, b CalendarYear) int { return a.Year.Number() - b.Year.Number() })
	return out
}

func (c CalendarOfTests) Save(ctx context.Context, y workday.Year, version int64, by tasks.Entry) error {
	return c.Store.SaveCalendarYear(ctx, store.CalendarYear{Year: y.Number(), Version: version, Data: string(y.Text()), Source: y.Source()}, by)
}

// journalOfTests is the record's journal with the porter's staff.
type journalOfTests struct {
	*store.Store
	porter *accounts.Service
}

func (j journalOfTests) Staff(ctx context.Context) ([]accounts.Member, error) {
	return j.porter.Staff(ctx)
}
