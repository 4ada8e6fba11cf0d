package store

import (
	"errors"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/internal/testenv"
	"beian/tasks"
)

// onTheWire is a store on PostgreSQL whose round trips are onTheWire. It has one
// connection, so that a statement is prepared once.
func onTheWire(t *testing.T) (*Store, *testenv.Trips) {
	t.Helper()
	trips := testenv.CountTrips(t, testenv.Postgres(t))
	s := migrated(t, openTest(t, trips.URL))
	s.db.(*postgresDB).pool.SetMaxOpenConns(1)
	return s, trips
}

// tripsOf is how often fn crosses the network once its statements are prepared.
func tripsOf(t *testing.T, trips *testenv.Trips, fn func() error) int64 {
	t.Helper()
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	before := trips.Number()
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	return trips.Number() - before
}

func TestASessionIsReadInOneTrip(t *testing.T) {
	t.Parallel()
	s, trips := onTheWire(t)
	n := tripsOf(t, trips, func() error {
		return s.Accounts().View(t.Context(), func(tx accounts.Tx) error {
			_, err := tx.SessionOf(t.Context(), "none")
			if !errors.Is(err, tasks.ErrNotFound) || time.Since(tx.Now()).Abs() > time.Hour {
				t.Errorf("%v at %s", err, tx.Now())
			}
			return nil
		})
	})
	if n != 1 {
		t.Errorf("%d round trips", n)
	}
}

func TestATransactionThatAsksNothingCrossesNoNetwork(t *testing.T) {
	t.Parallel()
	s, trips := onTheWire(t)
	if n := tripsOf(t, trips, func() error { return s.Update(t.Context(), func(tasks.Tx) error { return nil }) }); n != 0 {
		t.Errorf("%d round trips", n)
	}
}

func TestWritesThatNobodyWaitsForTravelWithTheCommit(t *testing.T) {
	t.Parallel()
	s, trips := onTheWire(t)
	n := tripsOf(t, trips, func() error {
		return s.update(t.Context(), func(x *tx) error {
			for range 20 {
				err := x.q.later(t.Context(), `INSERT INTO marks (name, value) VALUES ('m', 1) ON CONFLICT (name) DO UPDATE SET value = marks.value + 1`)
				if err != nil {
					return err
				}
			}
			return nil
		})
	})
	if n != 1 {
		t.Errorf("%d round trips", n)
	}
	if got := count(t, s, `SELECT value FROM marks WHERE name = 'm'`); got != 40 {
		t.Errorf("%d of 40 writes arrived", got)
	}
}

func TestAWaitingWriteThatFailsFailsTheTransaction(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		const ok, broken = `INSERT INTO marks (name, value) VALUES ($1, 1)`, `INSERT INTO marks (name, value) VALUES ($1, NULL)`
		for name, fn := range map[string]func(x *tx) error{
			"at the commit": func(x *tx) error { return x.q.later(t.Context(), broken, "b") },
			"at a later read, whose error is swallowed": func(x *tx) error {
				if err := x.q.later(t.Context(), broken, "b"); err != nil {
					return err
				}
				var n int
				if err := x.q.row(t.Context(), `SELECT count(*) FROM marks`).Scan(&n); err == nil {
					t.Error("the read does not tell")
				}
				return nil
			},
		} {
			err := s.update(t.Context(), func(x *tx) error {
				if err := x.q.later(t.Context(), ok, "a"); err != nil {
					return err
				}
				return fn(x)
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if n := count(t, s, `SELECT count(*) FROM marks`); n != 0 {
				t.Errorf("%s: %d rows were kept", name, n)
			}
		}
	})
}

func TestAWaitingWriteThatLosesARaceRunsAgain(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		mustRun(t, s, `INSERT INTO marks (name, value) VALUES ('m', 1)`)
		tries := 0
		err := s.update(t.Context(), func(x *tx) error {
			tries++
			name := "m"
			if tries > 1 {
				name = "n"
			}
			return x.q.later(t.Context(), `INSERT INTO marks (name, value) VALUES ($1, 1)`, name)
		})
		if err != nil || tries != 2 {
			t.Errorf("%v after %d tries", err, tries)
		}
	})
}

func TestATransactionsWritesComeBeforeItsReads(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, s *Store) {
		err := s.update(t.Context(), func(x *tx) error {
			for i := range 3 * pipelineMost {
				if err := x.q.later(t.Context(), `INSERT INTO marks (name, value) VALUES ($1, $2)`, time.Duration(i).String(), i); err != nil {
					return err
				}
			}
			var n int
			err := x.q.row(t.Context(), `SELECT count(*) FROM marks`).Scan(&n)
			if n != 3*pipelineMost {
				t.Errorf("%d rows are seen", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
