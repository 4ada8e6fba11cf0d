package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"beian/tasks"
)

// CalendarYear is a year that the console stored (V2). Data is the text of a
// year's file; Version rises with every save.
type CalendarYear struct {
	Year    int
	Version int64
	Data    string
	Source  string
	SavedBy string // id of the member of staff
	SavedAt time.Time
}

// CalendarChore is the task that a saved year posts: it brings the dates of open
// reviews up to the calendar.
const CalendarChore = "chore:calendar"

// CalendarYears lists the stored years, ascending.
func (s *Store) CalendarYears(ctx context.Context) ([]CalendarYear, error) {
	var out []CalendarYear
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var y CalendarYear
			var at int64
			err := scan(&y.Year, &y.Version, &y.Data, &y.Source, &y.SavedBy, &at)
			y.SavedAt = moment(at)
			out = append(out, y)
			return err
		}, `SELECT year, version, data, source, saved_by, saved_at FROM calendar_years ORDER BY year`)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the stored years: %w", err)
	}
	return out, nil
}

// SaveCalendarYear stores a year over the version that its saver saw, 0 when there
// was none, writes the journal and posts CalendarChore, in one transaction.
// tasks.ErrStale when somebody else saved it in between.
func (s *Store) SaveCalendarYear(ctx context.Context, y CalendarYear, by AuditEntry) error {
	err := s.update(ctx, func(t *tx) error {
		text := `INSERT INTO calendar_years (year, version, data, source, saved_by, saved_at) VALUES ($1, $2 + 1, $3, $4, $5, $6)
		  ON CONFLICT (year) DO NOTHING`
		if y.Version > 0 {
			text = `UPDATE calendar_years SET version = $2 + 1, data = $3, source = $4, saved_by = $5, saved_at = $6
			  WHERE year = $1 AND version = $2`
		}
		if err := t.exactlyOne(ctx, tasks.ErrStale, text, y.Year, y.Version, y.Data, y.Source, by.Actor.ID, millis(t.Now())); err != nil {
			return err
		}
		ref := strconv.Itoa(y.Year) + "." + strconv.FormatInt(y.Version+1, 10)
		chore := tasks.Task{ID: "chore.calendar." + ref, Queue: tasks.QueueOps, Type: CalendarChore, Ref: ref}
		if err := t.Post(ctx, chore); err != nil {
			return err
		}
		return t.audit(ctx, by)
	})
	if err != nil {
		return fmt.Errorf("storing a year: %w", err)
	}
	return nil
}

// CalendarApplied tells how often the dates of open reviews were counted by a
// version of the calendar, and since when; nothing when the last count was by
// another.
func (s *Store) CalendarApplied(ctx context.Context, version string) (passes int, since time.Time, err error) {
	err = s.view(ctx, func(t *tx) error {
		var at int64
		err := scanOne(t.q.row(ctx, `SELECT passes, since FROM calendar_applied WHERE version = $1`, version), &passes, &at)
		if errors.Is(err, tasks.ErrNotFound) {
			passes, err = 0, nil
		}
		since = moment(at)
		return err
	})
	return passes, since, err
}

// ApplyCalendar notes one more count by a version.
func (s *Store) ApplyCalendar(ctx context.Context, version string) error {
	return s.update(ctx, func(t *tx) error {
		_, err := t.q.exec(ctx, `INSERT INTO calendar_applied (id, version, since, passes) VALUES (1, $1, $2, 1)
		  ON CONFLICT (id) DO UPDATE SET passes = CASE WHEN calendar_applied.version = $1 THEN calendar_applied.passes + 1 ELSE 1 END,
		  since = CASE WHEN calendar_applied.version = $1 THEN calendar_applied.since ELSE $2 END, version = $1`, version, millis(t.Now()))
		return err
	})
}
