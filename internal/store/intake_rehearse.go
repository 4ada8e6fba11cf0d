package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"beian/internal/intake"
)

// Rehearse gives fn a store whose changes vanish afterwards. On SQLite it is a
// copy of the file beside it, since its one writer must not wait for a slow
// source; on PostgreSQL one transaction that is rolled back, which makes other
// changes of rows that fn changed wait.
func (s *Store) Rehearse(ctx context.Context, fn func(intake.Store) error) error {
	switch d := s.db.(type) {
	case *sqliteDB:
		return s.onCopy(ctx, d, fn)
	case *postgresDB:
		return s.translate(s.rolledBack(ctx, d, fn))
	}
	return fmt.Errorf("the engine %s can't rehearse", s.db.name())
}

func (s *Store) onCopy(ctx context.Context, d *sqliteDB, fn func(intake.Store) error) (err error) {
	var file string
	if err := d.view(ctx, func(t *tx) error {
		return t.q.row(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file)
	}); err != nil {
		return s.translate(err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(file), ".rehearsal-")
	if err != nil {
		return fmt.Errorf("making room for a copy of the database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "copy.db")
	if _, err := d.pool.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	trial := &Store{vault: s.vault, posted: newPosted()}
	if trial.db, err = openSQLite(ctx, trial, Options{URL: "sqlite://" + path, Clock: d.clock}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, trial.Close()) }()
	return fn(trial)
}

func (s *Store) rolledBack(ctx context.Context, d *postgresDB, fn func(intake.Store) error) error {
	return d.on(ctx, func(c *pgx.Conn) error {
		q := &pipeline{ctx: ctx, conn: c, known: d.known, writes: true}
		defer q.rollback()
		return q.result(fn(rehearsal{&tx{s: s, q: q}}))
	})
}

// rehearsal is a store inside one transaction that nobody commits.
type rehearsal struct{ t *tx }

// TakeIn runs fn in a savepoint.
func (r rehearsal) TakeIn(ctx context.Context, fn func(intake.Tx) error) error {
	if _, err := r.t.q.exec(ctx, "SAVEPOINT batch"); err != nil {
		return err
	}
	if err := fn(&taking{tx: r.t, held: map[string]bool{}, alone: true}); err != nil {
		_, undo := r.t.q.exec(ctx, "ROLLBACK TO SAVEPOINT batch")
		return errors.Join(err, undo)
	}
	_, err := r.t.q.exec(ctx, "RELEASE SAVEPOINT batch")
	return err
}

// Rehearse runs fn on the same transaction; it is a rehearsal already.
func (r rehearsal) Rehearse(_ context.Context, fn func(intake.Store) error) error { return fn(r) }
