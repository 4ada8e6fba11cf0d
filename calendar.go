package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"beian/api"
	"beian/internal/store"
	"beian/internal/workday"
	"beian/tasks"
)

// calendars is the calendar in force (V2): the shipped years, over them the files
// of BEIAN_CALENDAR_DIR, over them what the console stored. Who asks gets the one
// of this moment; reload swaps it whole. Safe for concurrent use.
type calendars struct {
	dir     string
	store   *store.Store // nil until the record is open
	clock   func() time.Time
	mu      sync.Mutex // of reload
	current atomic.Pointer[calendarInForce]
}

// calendarInForce never changes.
type calendarInForce struct {
	*workday.Calendar
	years []api.CalendarYear
}

var (
	_ tasks.Calendar   = (*calendars)(nil)
	_ api.CalendarDesk = (*calendars)(nil)
)

// openCalendar reads what lies in files; the stored years come with the first
// reload. A broken file stops the start.
func openCalendar(dir string, clock func() time.Time) (*calendars, error) {
	c := &calendars{dir: dir, clock: clock}
	return c, c.reload(context.Background())
}

// reload reads every source anew. After an error the calendar stays as it was.
func (c *calendars) reload(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	years, err := c.inFiles()
	if err != nil {
		return err
	}
	if c.store != nil {
		stored, err := c.stored(ctx)
		if err != nil {
			return err
		}
		years = append(years, stored...)
	}
	next := &calendarInForce{}
	var data []workday.Year
	for _, y := range years {
		data = append(data, y.Year)
	}
	next.Calendar = workday.New(data...)
	for i, y := range years { // the last of a number is in force
		if !slices.ContainsFunc(years[i+1:], func(o api.CalendarYear) bool { return o.Year.Number() == y.Year.Number() }) {
			next.years = append(next.years, y)
		}
	}
	slices.SortFunc(next.years, func(a, b api.CalendarYear) int { return a.Year.Number() - b.Year.Number() })
	c.current.Store(next)
	return nil
}

func (c *calendars) inFiles() ([]api.CalendarYear, error) {
	shipped, err := workday.Shipped()
	if err != nil {
		return nil, fmt.Errorf("reading the calendar: %w", err)
	}
	years := originOf(shipped, api.CalendarShipped)
	if c.dir == "" {
		return years, nil
	}
	files, err := workday.Load(os.DirFS(c.dir))
	if err != nil {
		return nil, fmt.Errorf("reading BEIAN_CALENDAR_DIR: %w", err)
	}
	return append(years, originOf(files, api.CalendarFile)...), nil
}

func originOf(years []workday.Year, origin api.CalendarOrigin) []api.CalendarYear {
	out := make([]api.CalendarYear, len(years))
	for i, y := range years {
		out[i] = api.CalendarYear{Year: y, Origin: origin}
	}
	return out
}

// stored reads the console's years. A schema that is behind has none yet.
func (c *calendars) stored(ctx context.Context) ([]api.CalendarYear, error) {
	if err := c.store.Current(ctx); errors.Is(err, store.ErrBehind) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	rows, err := c.store.CalendarYears(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.CalendarYear, len(rows))
	for i, row := range rows {
		year, err := workday.ParseYear([]byte(row.Data))
		if err != nil {
			return nil, fmt.Errorf("reading the stored year %d: %w", row.Year, err)
		}
		out[i] = api.CalendarYear{Year: year, Origin: api.CalendarConsole, Version: row.Version, SavedBy: row.SavedBy, SavedAt: row.SavedAt}
	}
	return out, nil
}

// InForce is the calendar of this moment.
func (c *calendars) InForce() *workday.Calendar { return c.current.Load().Calendar }

// Years lists the years in force, ascending, each with where it comes from.
func (c *calendars) Years() []api.CalendarYear { return c.current.Load().years }

// Save stores a year over the version that its saver saw. This process counts by
// it at once, the others within a minute; a chore moves the dates of open reviews.
func (c *calendars) Save(ctx context.Context, y workday.Year, version int64, by tasks.Entry) error {
	row := store.CalendarYear{Year: y.Number(), Version: version, Data: string(y.Text()), Source: y.Source()}
	if err := c.store.SaveCalendarYear(ctx, row, by); err != nil {
		return err
	}
	return c.reload(ctx)
}

// calendarParts are what pages and API show of it.
func (o *office) calendarParts() api.CalendarParts {
	return api.CalendarParts{Desk: o.calendar, Days: o.cfg.Policy.ReviewDays, Now: o.clock}
}

// Due satisfies tasks.Calendar.
func (c *calendars) Due(start time.Time, days int) time.Time { return c.InForce().Due(start, days) }

// Share satisfies tasks.Calendar.
func (c *calendars) Share(start, due time.Time, percent int) time.Time {
	return c.InForce().Share(start, due, percent)
}

// Shift satisfies tasks.Calendar.
func (c *calendars) Shift(due, pausedAt, resumedAt time.Time) time.Time {
	return c.InForce().Shift(due, pausedAt, resumedAt)
}

// Between satisfies tasks.Calendar.
func (c *calendars) Between(a, b time.Time) time.Duration { return c.InForce().Between(a, b) }

// complete names the years that a promise may touch and that have no data (V2).
func (c *calendars) complete(context.Context) error {
	missing := c.InForce().Missing(c.clock())
	if len(missing) == 0 {
		return nil
	}
	names := make([]string, len(missing))
	for i, year := range missing {
		names[i] = strconv.Itoa(year)
	}
	return fmt.Errorf("no holidays are known for %s: due dates there count weekends only; add them on /ops/calendar or with `beian calendar add`", strings.Join(names, ", "))
}

// calendarEvery is how often each process reads the calendar anew, and
// calendarSpread by when all of them have: until then one of them may still count
// by the old one.
const (
	calendarEvery  = time.Minute
	calendarSpread = 2 * calendarEvery
	calendarPasses = 2
)

// watchCalendar keeps a process that moves no dates on the newest calendar.
func (o *office) watchCalendar(ctx context.Context) error {
	return o.everyMinute(ctx, o.calendar.reload)
}

// keepCalendar keeps a process on the newest calendar, and the dates of open
// reviews with it, whatever changed it: the console, a file, a release.
func (o *office) keepCalendar(ctx context.Context) error {
	return o.everyMinute(ctx, o.applyCalendar)
}

func (o *office) everyMinute(ctx context.Context, do func(context.Context) error) error {
	tick := time.NewTicker(calendarEvery)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			o.log.Warn().Err(err).Msg("the calendar was not read anew; the one before holds until the next minute")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// applyCalendar moves the dates of open reviews once for a new calendar, and once
// more when every process has it.
func (o *office) applyCalendar(ctx context.Context) error {
	if err := o.calendar.reload(ctx); err != nil {
		return err
	}
	version := o.calendar.InForce().Version()
	passes, since, err := o.store.CalendarApplied(ctx, version)
	if err != nil || passes >= calendarPasses || passes > 0 && o.clock().Sub(since) < o.time.stretch(calendarSpread) {
		return err
	}
	sum, err := o.desk.Recalculate(ctx)
	if err != nil {
		return err
	}
	if sum.Moved > 0 {
		o.log.Info().Int("reviews", sum.Looked).Int("moved", sum.Moved).Msg("due dates follow the new calendar")
	}
	return o.store.ApplyCalendar(ctx, version)
}
