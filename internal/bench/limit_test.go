package bench_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"beian/internal/bench"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
	"beian/tasks"
)

// TestTheLimitWritesTheRowsOfOneSubmission keeps the comparison honest: what bare
// SQL writes for one transfer is what the desk writes, table by table, and every
// constraint holds.
func TestTheLimitWritesTheRowsOfOneSubmission(t *testing.T) {
	t.Parallel()
	for name, address := range engines(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := address(t)
			desk, record := openDesk(t, address)
			before := rows(t, address)
			submit(t, desk, record)
			submitted := rows(t, address)
			bare, err := bench.OpenBare(address, 4)
			if err != nil {
				t.Fatal(err)
			}
			if err := bare.Write(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if err := bare.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(added(before, submitted), added(submitted, rows(t, address))); diff != "" {
				t.Errorf("rows of a submission (-) and of the limit (+):\n%s", diff)
			}
		})
	}
}

func TestTheLimitTakesWritesFromManyAtOnce(t *testing.T) {
	t.Parallel()
	address := "sqlite://" + filepath.Join(t.TempDir(), "record.db")
	openDesk(t, address)
	bare, err := bench.OpenBare(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bench.Measure(t.Context(), 16, bench.Span{Count: 200}, bare.Write); err != nil {
		t.Fatal(err)
	}
	if err := bare.Close(); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, address)["jobs"]; got != 200 {
		t.Errorf("%d jobs were written, not 200", got)
	}
}

func engines(t *testing.T) map[string]func(*testing.T) string {
	t.Helper()
	return map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite://" + filepath.Join(t.TempDir(), "record.db") },
		"postgres": func(t *testing.T) string { return testenv.Postgres(t) },
	}
}

func openDesk(t *testing.T, address string) (*tasks.Desk, *store.Store) {
	t.Helper()
	keys, err := vault.New()
	if err != nil {
		t.Fatal(err)
	}
	record, err := store.Open(t.Context(), store.Options{URL: address, Vault: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { record.Close() })
	if _, err := record.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := tasks.Policy{VerifyWindow: time.Hour, TargetWindow: time.Hour}
	return tasks.NewDesk(tasks.DeskParts{Store: record, Secrets: keys, Random: drawing{}, Lease: time.Minute,
		Flows: tasks.Flows(policy, keys, drawing{})}), record
}

type drawing struct{}

func (drawing) ID() string { return uuid.NewString() }

func (drawing) Receipt(letters string) (string, error) {
	r, err := filing.NewReceipt(letters, rand.Reader)
	return r.String(), err
}

// submit takes one made-up person's transfer through the desk.
func submit(t *testing.T, desk *tasks.Desk, record *store.Store) {
	t.Helper()
	report, err := intake.Run(t.Context(), record, bench.People(bench.Span{From: 7, Count: 1}), intake.Options{})
	if err != nil || report.Refused > 0 || report.Created != 6 {
		t.Fatalf("importing made-up people: %+v, %v", report, err)
	}
	var giver tasks.Party
	err = record.View(t.Context(), func(tx tasks.Tx) (err error) {
		giver, err = tx.Party(t.Context(), tasks.AccountRef{ExternalID: "G7"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p := bench.Person(7)
	_, err = desk.Submit(t.Context(), tasks.Submission{Kind: tasks.KindTransfer, AccountID: giver.Account.ID, Lang: "zh-CN",
		Fields: map[string]string{tasks.FieldTarget: p.Taker(), tasks.FieldPhone4: p.TakerDigits(), tasks.FieldConsent: "yes"},
		Once:   tasks.Once{Scope: "test", Key: "one"}})
	if err != nil {
		t.Fatal(err)
	}
}

// rows counts the rows of every table that submitting may write to.
func rows(t *testing.T, address string) map[string]int {
	t.Helper()
	driver, name := "pgx", address
	if path, ok := strings.CutPrefix(address, "sqlite://"); ok {
		driver, name = "sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	out := map[string]int{}
	for _, table := range []string{"jobs", "timeline", "notices", "outbox", "codes", "limits", "idempotency", "audit", "drafts", "inbox"} {
		var n int
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out[table] = n
	}
	return out
}

// added is how many rows each table gained.
func added(before, after map[string]int) map[string]int {
	out := map[string]int{}
	for table := range after {
		out[table] = after[table] - before[table]
	}
	return out
}

// TestRiverCarriesOutTheEffect makes sure that the rival does the whole work: an
// effect that moved nothing would look fast.
func TestRiverCarriesOutTheEffect(t *testing.T) {
	t.Parallel()
	address := testenv.Postgres(t)
	desk, record := openDesk(t, address)
	submit(t, desk, record)
	plain, err := bench.OpenPlain(address, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { plain.Close() })
	receipts, err := plain.Receipts(t.Context(), string(tasks.StateSourceVerify))
	if err != nil || len(receipts) != 1 {
		t.Fatalf("receipts %v, %v", receipts, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rival, err := bench.OpenRiver(ctx, bench.RiverOptions{URL: address, Workers: 2, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rival.Close)
	if _, err := rival.Drain(ctx, receipts); err != nil {
		t.Fatal(err)
	}
	err = record.View(t.Context(), func(tx tasks.Tx) error {
		taker, err := tx.Party(t.Context(), tasks.AccountRef{ExternalID: "T7"})
		if err == nil && !taker.HasSubject() {
			err = errors.New("the subject did not move")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if n, err := plain.InState(t.Context(), string(tasks.StateDone)); n != 1 || err != nil {
		t.Errorf("%d jobs are done, %v", n, err)
	}
}
