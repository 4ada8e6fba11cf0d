package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"beian/tasks"
)

func saved(s *Store, t *testing.T, y CalendarYear) error {
	t.Helper()
	return s.SaveCalendarYear(t.Context(), y, AuditEntry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "op-1"}, Action: "calendar.save",
		Object: fmt.Sprint(y.Year), Outcome: "done"})
}

func TestV2AYearIsStoredJournaledAndPostsItsChore(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		first := CalendarYear{Year: 2027, Data: `{"year":2027}`, Source: "国办发明电〔2026〕1号"}
		if err := saved(s, t, first); err != nil {
			t.Fatal(err)
		}
		if err := saved(s, t, first); !errors.Is(err, tasks.ErrStale) {
			t.Errorf("a second first save gave %v", err)
		}
		first.Version, first.Data = 1, `{"year": 2027}`
		if err := saved(s, t, first); err != nil {
			t.Fatal(err)
		}
		if err := saved(s, t, first); !errors.Is(err, tasks.ErrStale) {
			t.Errorf("a save over an older version gave %v", err)
		}
		years, err := s.CalendarYears(t.Context())
		if err != nil || len(years) != 1 || years[0].Version != 2 || years[0].Data != first.Data || years[0].SavedBy != "op-1" || years[0].SavedAt.IsZero() {
			t.Fatalf("%+v, %v", years, err)
		}
		if n := count(t, s, `SELECT count(*) FROM audit WHERE action = 'calendar.save' AND object = '2027'`); n != 2 {
			t.Errorf("%d journal rows for two saves", n)
		}
		if n := count(t, s, `SELECT count(*) FROM outbox WHERE type = 'chore:calendar' AND state = 'waiting'`); n != 2 {
			t.Errorf("%d chores for two saves", n)
		}
	})
}

func TestV2OfTwentySaversOfAYearOneWins(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		won := 0
		for i, err := range atOnce(20, func(i int) error { return saved(s, t, CalendarYear{Year: 2027, Data: fmt.Sprint(i)}) }) {
			if err == nil {
				won++
			} else if !errors.Is(err, tasks.ErrStale) {
				t.Errorf("%d: %v", i, err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestACalendarIsAppliedUntilAnotherComes(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		passes := func(version string, want int) time.Time {
			t.Helper()
			n, since, err := s.CalendarApplied(t.Context(), version)
			if err != nil || n != want || since.IsZero() != (want == 0) {
				t.Fatalf("%s: %d since %s, %v; want %d", version, n, since, err, want)
			}
			return since
		}
		passes("a", 0)
		for range 2 {
			if err := s.ApplyCalendar(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
		}
		passes("a", 2)
		if err := s.ApplyCalendar(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		passes("b", 1)
		passes("a", 0)
	})
}
