package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations says where goose works: the pool and the engine's dialect.
type migrations struct {
	pool    *sql.DB
	dialect goose.Dialect
}

func (d *sqliteDB) migrations() migrations {
	return migrations{pool: d.pool, dialect: goose.DialectSQLite3}
}

func (d *postgresDB) migrations() migrations {
	return migrations{pool: d.pool, dialect: goose.DialectPostgres}
}

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
	SQL     string
}

// ErrBehind: the schema is older than this program.
var ErrBehind = errors.New("the database schema is behind: run `beian migrate up`")

// Migrate brings the schema up to date and reports the steps taken.
func (s *Store) Migrate(ctx context.Context) ([]Migration, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	return s.taken(results), err
}

// MigrateDown takes the newest step back.
func (s *Store) MigrateDown(ctx context.Context) ([]Migration, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	result, err := p.Down(ctx)
	if err != nil {
		return nil, err
	}
	return s.taken([]*goose.MigrationResult{result}), nil
}

func (s *Store) taken(results []*goose.MigrationResult) []Migration {
	var out []Migration
	for _, r := range results {
		if r != nil && r.Source != nil {
			out = append(out, Migration{Version: r.Source.Version, Name: path.Base(r.Source.Path), Applied: r.Error == nil})
		}
	}
	return out
}

// Migrations lists every step with its state and text.
func (s *Store) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	status, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the schema's state: %w", err)
	}
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	var out []Migration
	for _, st := range status {
		text, err := fs.ReadFile(files, path.Base(st.Source.Path))
		if err != nil {
			return nil, err
		}
		out = append(out, Migration{Version: st.Source.Version, Name: path.Base(st.Source.Path),
			Applied: st.State == goose.StateApplied, SQL: string(text)})
	}
	return out, nil
}

// Current fails with ErrBehind unless every step was applied.
func (s *Store) Current(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's state: %w", err)
	}
	if pending {
		return ErrBehind
	}
	return nil
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := s.files()
	if err != nil {
		return nil, err
	}
	m := s.db.migrations()
	return goose.NewProvider(m.dialect, m.pool, files)
}

// files is the set for this engine: NNNNN_name.sql for both, and the ones named
// NNNNN_name.<engine>.sql.
func (s *Store) files() (fs.FS, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, n := range names {
		base := path.Base(n)
		engine := strings.TrimSuffix(base, ".sql")
		if i := strings.LastIndexByte(engine, '.'); i >= 0 {
			if engine[i+1:] != s.db.name() {
				continue
			}
			base = engine[:i] + ".sql"
		}
		text, err := migrationFiles.ReadFile(n)
		if err != nil {
			return nil, err
		}
		out[base] = &fstest.MapFile{Data: text, Mode: 0o444}
	}
	return out, nil
}
