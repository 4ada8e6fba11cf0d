package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// ErrOwnTools: the engine has tools of its own for copies.
var ErrOwnTools = errors.New("this database is copied with its own tools")

// Copy writes the record as it is at one moment into a new SQLite file, while it
// is in use. On PostgreSQL it is ErrOwnTools: pg_dump does it.
func (s *Store) Copy(ctx context.Context, path string) error {
	d, ok := s.db.(*sqliteDB)
	if !ok {
		return ErrOwnTools
	}
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	if _, err := d.pool.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	return syncFile(path)
}

// PostgresPlace says where a PostgreSQL database is, as environment variables of its
// own programs: a password on a command line could be read by every user.
func PostgresPlace(url string) ([]string, error) {
	to, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL can't be parsed")
	}
	env := []string{"PGHOST=" + to.Host, "PGPORT=" + strconv.Itoa(int(to.Port)), "PGUSER=" + to.User, "PGPASSWORD=" + to.Password, "PGDATABASE=" + to.Database}
	if to.TLSConfig == nil {
		env = append(env, "PGSSLMODE=disable")
	}
	return env, nil
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
