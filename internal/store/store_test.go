package store

import (
	"os"
	"path/filepath"
	"testing"

	"beian/internal/testenv"
	"beian/internal/vault"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

// forEachEngine runs one suite on both engines, each on an empty record of the
// test's own with the newest schema.
func forEachEngine(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, migrated(t, openTest(t, sqliteURL(t))))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, migrated(t, openTest(t, testenv.Postgres(t))))
	})
}

func sqliteURL(t testing.TB) string {
	t.Helper()
	return "sqlite://" + filepath.Join(t.TempDir(), "record.db")
}

// openTest opens a record without a schema, with keys of its own, and closes it
// when the test ends.
func openTest(t testing.TB, url string) *Store {
	t.Helper()
	keys, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{URL: url, Vault: keys, Connections: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

func migrated(t testing.TB, s *Store) *Store {
	t.Helper()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// run executes one statement in a transaction of its own.
func run(t testing.TB, s *Store, text string, args ...any) error {
	t.Helper()
	return s.update(t.Context(), func(x *tx) error {
		_, err := x.q.exec(t.Context(), text, args...)
		return err
	})
}

func mustRun(t testing.TB, s *Store, text string, args ...any) {
	t.Helper()
	if err := run(t, s, text, args...); err != nil {
		t.Fatal(err)
	}
}

// count reads one number.
func count(t testing.TB, s *Store, text string, args ...any) (n int) {
	t.Helper()
	err := s.db.view(t.Context(), func(x *tx) error { return x.q.row(t.Context(), text, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
