package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// The drill: an office at work is backed up, then everything of it is lost, its
// Redis included. What it had accepted is carried out by the restored one.
func TestABackupHoldsEveryAcceptedJobAndTheQueueIsBuiltAnew(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return testenv.Postgres(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			const jobs = 25
			settings := []string{"BEIAN_POLICY_TARGET_ACCEPTANCE=off", "BEIAN_LOG_LEVEL=error"}
			database := func() []string {
				if u := url(t); u != "" {
					return append([]string{"BEIAN_DATABASE_URL=" + u}, settings...)
				}
				return settings
			}
			lost := newPatient(t, database()...)
			lost.sees("--fix")
			busy := &workshop{office: lost.opened(), jobs: jobs}
			if err := busy.connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := busy.makeReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			busy.relayAll(t)
			if err := busy.cabinet.blobs.Put(t.Context(), "picture-0001", []byte("sealed")); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(t.TempDir(), "copy")
			if code, _ := lost.runs("backup", dir, "--with-keys"); code != exitOK {
				t.Fatal("no backup")
			}
			if err := os.RemoveAll(filepath.Join(lost.dir, "documents")); err != nil {
				t.Fatal(err)
			}

			found := newPatient(t, database()...)
			if code, out := found.runs("restore", dir); code != exitOK || !strings.Contains(out, "25 jobs") {
				t.Fatalf("restored: %d\n%s", code, out)
			}
			again := &workshop{office: found.opened(), jobs: jobs}
			if picture, err := again.cabinet.blobs.Get(t.Context(), "picture-0001"); err != nil || string(picture) != "sealed" {
				t.Errorf("the picture is %q, %v", picture, err)
			}
			if err := again.connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			again.workUntil(t, func() bool { return again.count(t, tasks.StateDone) == jobs })
			if code, out := found.runs("audit", "verify"); code != exitOK {
				t.Errorf("the record is not whole:\n%s", out)
			}
			if code, _ := found.runs("restore", dir); code != exitUsage && engine == "sqlite" {
				t.Errorf("a restore over a database exits with %d", code)
			}
		})
	}
}

func (w *workshop) count(t *testing.T, state tasks.State) int {
	t.Helper()
	n := 0
	err := w.store.View(t.Context(), func(tx tasks.Tx) error {
		found, err := tx.JobsOf(t.Context(), tasks.JobFilter{State: state, Limit: 200})
		n = len(found)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// relayAll carries the work that is due to Redis, where it then stays: nobody works.
func (w *workshop) relayAll(t *testing.T) {
	t.Helper()
	w.until(t, func() bool {
		figures, err := w.store.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range figures {
			if f.Queue == tasks.QueueAccount && f.Sent >= int64(w.jobs) {
				return true
			}
		}
		return false
	}, (*office).runRelay)
}

func (w *workshop) workUntil(t *testing.T, done func() bool) {
	t.Helper()
	w.until(t, done, (*office).runRelay, (*office).runWorker)
}

func (w *workshop) until(t *testing.T, done func() bool, parts ...func(*office, context.Context) error) {
	t.Helper()
	err := w.while(t.Context(), func(ctx context.Context) error {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		late := time.After(time.Minute)
		for !done() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			case <-late:
				return context.DeadlineExceeded
			}
		}
		return nil
	}, parts...)
	if err != nil {
		t.Fatal(err)
	}
}

func TestADamagedOrHalfBackupIsRefused(t *testing.T) {
	t.Parallel()
	p := newPatient(t)
	p.sees("--fix")
	dir := filepath.Join(t.TempDir(), "copy")
	if code, _ := p.runs("backup", dir); code != exitOK {
		t.Fatal("no backup")
	}
	if code, _ := p.runs("backup", dir); code != exitUsage {
		t.Errorf("a second backup into one folder exits with %d", code)
	}
	fresh := newPatient(t)
	if code, _ := fresh.runs("restore", dir); code != exitUsage {
		t.Errorf("a restore without keys exits with %d", code)
	}
	if err := os.WriteFile(filepath.Join(dir, backupSQLite), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := fresh.runs("restore", dir); code != exitFailed {
		t.Errorf("a damaged backup exits with %d", code)
	}
	if err := os.Remove(filepath.Join(dir, backupNote)); err != nil {
		t.Fatal(err)
	}
	if code, _ := fresh.runs("restore", dir); code != exitFailed {
		t.Errorf("half a backup exits with %d", code)
	}
	if _, err := os.Stat(filepath.Join(fresh.dir, "beian.db")); err == nil {
		t.Error("something of it was put in place")
	}
}
