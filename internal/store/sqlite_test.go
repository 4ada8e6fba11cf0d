package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/internal/vault"
	"beian/tasks"
)

// held keeps the writer busy until release is called, so that what follows ends
// up in one group.
func held(t testing.TB, s *Store) (release func()) {
	t.Helper()
	inside, gate, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- s.update(context.WithoutCancel(t.Context()), func(*tx) error {
			close(inside)
			<-gate
			return nil
		})
	}()
	<-inside
	return func() {
		close(gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// queued waits until n commands stand before the writer.
func queued(t testing.TB, s *Store, n int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); len(s.db.(*sqliteDB).writes) < n; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d commands are waiting, want %d", len(s.db.(*sqliteDB).writes), n)
		}
	}
}

func mark(ctx context.Context, x *tx, name string, value int) error {
	_, err := x.q.exec(ctx, `INSERT INTO marks (name, value) VALUES ($1, $2)`, name, value)
	return err
}

func marks(t testing.TB, s *Store) string {
	t.Helper()
	var names []string
	err := s.db.view(t.Context(), func(x *tx) error {
		return x.each(t.Context(), func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		}, `SELECT name FROM marks ORDER BY rowid`)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

var errOnPurpose = errors.New("on purpose")

func TestAFailingCommandTakesNothingOfItsGroupWithIt(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, sqliteURL(t)))
	release := held(t, s)
	results := make([]string, 64)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = outcome(t, s, i) })
	}
	queued(t, s, 64)
	release()
	group.Wait()
	var want, kept int
	for i, result := range results {
		expected := "nil"
		switch i {
		case 10:
			expected = errOnPurpose.Error()
		case 20:
			expected = "panic: on purpose"
		case 30:
			expected = tasks.ErrConflict.Error()
		default:
			want++
		}
		if !strings.HasPrefix(result, expected) {
			t.Errorf("command %d ended with %q, want %q", i, result, expected)
		}
	}
	kept = count(t, s, `SELECT count(*) FROM marks WHERE name <> 'taken'`)
	if kept != want {
		t.Errorf("%d rows were kept, want %d", kept, want)
	}
}

// outcome runs one command of the group: one fails, one panics, one meets a key
// that is taken, all after they wrote something.
func outcome(t *testing.T, s *Store, i int) (result string) {
	defer func() {
		if p := recover(); p != nil {
			result = fmt.Sprintf("panic: %v", p)
		}
	}()
	err := s.update(t.Context(), func(x *tx) error {
		if err := mark(t.Context(), x, "m"+strconv.Itoa(i), i); err != nil {
			return err
		}
		switch i {
		case 10:
			return errOnPurpose
		case 20:
			panic("on purpose")
		case 30:
			return mark(t.Context(), x, "m30", 0)
		}
		return nil
	})
	if err == nil {
		return "nil"
	}
	return err.Error()
}

func TestCommandsCommitInTheOrderTheyCame(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, sqliteURL(t)))
	release := held(t, s)
	var group sync.WaitGroup
	var want []string
	for i := range 20 {
		name := fmt.Sprintf("m%02d", 19-i)
		want = append(want, name)
		group.Go(func() {
			if err := s.update(t.Context(), func(x *tx) error { return mark(t.Context(), x, name, i) }); err != nil {
				t.Error(err)
			}
		})
		queued(t, s, i+1)
	}
	release()
	group.Wait()
	if diff := cmp.Diff(strings.Join(want, " "), marks(t, s)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestACommandWhoseAskerLeftIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, sqliteURL(t)))
	release := held(t, s)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		left <- s.update(ctx, func(x *tx) error { return mark(ctx, x, "left", 1) })
	}()
	queued(t, s, 1)
	leave()
	release()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the asker got %v", err)
	}
	mustRun(t, s, `INSERT INTO marks (name, value) VALUES ('stayed', 1)`)
	if got := marks(t, s); got != "stayed" {
		t.Errorf("kept: %s", got)
	}
}

func TestR10_AFullDiskRefusesCleanlyAndIsSurvived(t *testing.T) {
	t.Parallel()
	s := migrated(t, openTest(t, sqliteURL(t)))
	big := strings.Repeat("x", 1<<20)
	limit := func(pages int) {
		err := s.update(t.Context(), func(x *tx) error {
			return x.q.row(t.Context(), "PRAGMA max_page_count = "+strconv.Itoa(pages)).Scan(&pages)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size instead
	release := held(t, s)
	errs := make([]error, 30)
	var group sync.WaitGroup
	for i := range errs {
		group.Go(func() {
			errs[i] = s.update(t.Context(), func(x *tx) error {
				name := "m" + strconv.Itoa(i)
				if i%10 == 5 {
					name += big
				}
				return mark(t.Context(), x, name, i)
			})
		})
	}
	queued(t, s, 30)
	release()
	group.Wait()
	limit(1 << 20)
	for i, err := range errs {
		kept := count(t, s, `SELECT count(*) FROM marks WHERE value = $1`, i) == 1
		if kept != (err == nil) {
			t.Errorf("command %d was answered %v, kept: %v", i, err, kept)
		}
		if err != nil && !errors.Is(err, tasks.ErrUnavailable) {
			t.Errorf("command %d: %v, want ErrUnavailable", i, err)
		}
	}
	mustRun(t, s, `INSERT INTO marks (name, value) VALUES ('after', 99)`)
}

const (
	commitsChild = "BEIAN_STORE_TEST_COMMITS"
	commitsKeys  = "BEIAN_STORE_TEST_KEYS"
)

// TestHelperThatCommitsUntilItIsKilled is no test: another test runs it as a
// process of its own. It prints a number after the commit of its row.
func TestHelperThatCommitsUntilItIsKilled(t *testing.T) {
	url := os.Getenv(commitsChild)
	if url == "" {
		return
	}
	keys, err := vault.Load(os.Getenv(commitsKeys))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{URL: url, Vault: keys})
	if err != nil {
		t.Fatal(err)
	}
	start := count(t, s, `SELECT count(*) FROM marks`)
	var out sync.Mutex
	for worker := range 16 {
		go func() {
			for n := 0; ; n++ {
				name := fmt.Sprintf("%d-%d-%d", start, worker, n)
				if err := s.update(context.Background(), func(x *tx) error { return mark(context.Background(), x, name, n) }); err != nil {
					return
				}
				out.Lock()
				fmt.Println("acknowledged", name)
				out.Unlock()
			}
		}()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until killed, or until the parent is gone
}

func TestR1_EveryAcknowledgedCommitSurvivesAKill(t *testing.T) {
	t.Parallel()
	url, keys := sqliteURL(t), t.TempDir()+"/keys.json"
	if _, err := vault.Create(keys); err != nil {
		t.Fatal(err)
	}
	s := migrated(t, openTest(t, url))
	var acknowledged []string
	for _, after := range []int{1, 40, 300} {
		acknowledged = append(acknowledged, killedAfter(t, after, url, keys)...)
	}
	for _, name := range acknowledged {
		if count(t, s, `SELECT count(*) FROM marks WHERE name = $1`, name) != 1 {
			t.Errorf("%s was acknowledged and is gone", name)
		}
	}
	var check string
	err := s.db.view(t.Context(), func(x *tx) error {
		return x.q.row(t.Context(), "PRAGMA integrity_check").Scan(&check)
	})
	if check != "ok" || err != nil {
		t.Errorf("integrity: %s, %v", check, err)
	}
	t.Logf("%d acknowledged commits over 3 kills, none lost", len(acknowledged))
}

// killedAfter lets a child commit and kills it after so many acknowledgements.
func killedAfter(t *testing.T, n int, url, keys string) (acknowledged []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperThatCommitsUntilItIsKilled$")
	cmd.Env = append(os.Environ(), commitsChild+"="+url, commitsKeys+"="+keys)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			acknowledged = append(acknowledged, name)
		}
		if len(acknowledged) == n {
			_ = cmd.Process.Kill() // what it still wrote is read to the end
		}
	}
	_ = cmd.Wait()
	if len(acknowledged) < n {
		t.Fatalf("the child acknowledged %d commits, want %d", len(acknowledged), n)
	}
	return acknowledged
}
