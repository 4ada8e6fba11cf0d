package store

import (
	"errors"
	"testing"

	"beian/internal/testenv"
	"beian/tasks"
)

func TestI3_a_secret_opens_under_its_job_and_name_only_until_it_is_wiped(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": sqliteURL, "postgres": testenv.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := openTest(t, url(t))
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			update := func(fn func(tx tasks.Tx) error) {
				t.Helper()
				if err := s.Update(t.Context(), fn); err != nil {
					t.Fatal(err)
				}
			}
			update(func(tx tasks.Tx) error {
				return errors.Join(tx.Seal(t.Context(), "job-1", "a", []byte("old")), tx.Seal(t.Context(), "job-1", "a", []byte("first")),
					tx.Seal(t.Context(), "job-1", "b", []byte("second")), tx.Seal(t.Context(), "job-2", "a", []byte("third")))
			})
			opens := func(job, name, want string) {
				t.Helper()
				update(func(tx tasks.Tx) error {
					got, err := tx.Unseal(t.Context(), job, name)
					if want == "" && !errors.Is(err, tasks.ErrNotFound) || want != "" && (err != nil || string(got) != want) {
						t.Errorf("%s of %s is %q, %v", name, job, got, err)
					}
					return nil
				})
			}
			opens("job-1", "a", "first")
			moved := s.update(t.Context(), func(x *tx) error { // a value and its key under another name
				_, err := x.q.exec(t.Context(), `UPDATE job_secrets SET name = 'c' WHERE job_id = 'job-2'`)
				return err
			})
			if moved != nil {
				t.Fatal(moved)
			}
			update(func(tx tasks.Tx) error {
				if got, err := tx.Unseal(t.Context(), "job-2", "c"); err == nil {
					t.Errorf("a secret opens under another name: %q", got)
				}
				return nil
			})
			update(func(tx tasks.Tx) error { return tx.Wipe(t.Context(), "job-1", "a") })
			opens("job-1", "a", "")
			opens("job-1", "b", "second")
			update(func(tx tasks.Tx) error { return tx.Wipe(t.Context(), "job-1") })
			opens("job-1", "b", "")
		})
	}
}
