package worker_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"beian/internal/intake"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
	"beian/tasks"
)

// leaseOfTests is shorter than the real one of six seconds, for speed.
const leaseOfTests = 2 * time.Second

// house is everything a test of the office needs: a record, a ledger and a clerk
// who submits.
type house struct {
	clerk
	t      testing.TB
	url    string
	keys   string
	paper  *ledger
	raw    *sql.DB
	accept bool
}

// forEachEngine runs a test on a record of its own in each engine.
func forEachEngine(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newHouse(t, testenv.Postgres(t)))
	})
}

func newHouse(t testing.TB, url string) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, url: url, keys: filepath.Join(dir, "keys.json"), paper: &ledger{path: filepath.Join(dir, "ledger")}}
	var err error
	if h.vault, err = vault.Create(h.keys); err != nil {
		t.Fatal(err)
	}
	if h.store, err = store.Open(t.Context(), store.Options{URL: url, Vault: h.vault}); err != nil {
		t.Fatal(err)
	}
	record := h.store
	t.Cleanup(func() { record.Close() })
	if _, err := h.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	driver, name := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	if h.raw, err = sql.Open(driver, name); err != nil {
		t.Fatal(err)
	}
	h.raw.SetMaxOpenConns(2)
	t.Cleanup(func() { h.raw.Close() })
	h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: h.paper, lease: leaseOfTests})
	return h
}

// Accounts A<i> with a subject each may give to accounts B<i>; every personal
// value says so, for the scan.
func (h *house) settle(from, to int) {
	h.t.Helper()
	var lines []string
	for i := from; i < to; i++ {
		lines = append(lines,
			fmt.Sprintf(`{"type":"account","external_id":"A%d","site":"china","status":"active","login_email":"giver%d@secret.example.com","security_phone":"139%08d"}`, i, i, i),
			fmt.Sprintf(`{"type":"subject","external_id":"S%d","account":"A%d","nature":"individual","name":"欧阳秘密%d","certificate":{"type":"id_card","number":"%s"},"icp_number":"京ICP备%08d号","principal":{"name":"欧阳秘密%d","phone":"138%08d"}}`, i, i, i, citizen(i), 20000000+i, i, i),
			fmt.Sprintf(`{"type":"website","external_id":"W%d","subject":"S%d","name":"site","domain":"d%d.example.com"}`, i, i, i),
			fmt.Sprintf(`{"type":"account","external_id":"B%d","site":"china","status":"active","login_email":"taker%d@secret.example.com","security_phone":"137%08d"}`, i, i, i))
	}
	report, err := intake.Run(h.t.Context(), h.store, strings.NewReader(strings.Join(lines, "\n")), intake.Options{})
	if err != nil || report.Refused > 0 {
		h.t.Fatalf("settling the accounts: %+v, %v", report, err)
	}
}

// citizen is a valid identity number.
func citizen(i int) string {
	born := time.Date(1950, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i/999)
	text := "110105" + born.Format("20060102") + fmt.Sprintf("%03d", i%999+1)
	sum := 0
	for at, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(text[at]-'0') * weight
	}
	return text + string("10X98765432"[sum%11])
}

// number reads one number with SQL.
func (h *house) number(text string, args ...any) (n int) {
	h.t.Helper()
	if err := h.raw.QueryRowContext(h.t.Context(), text, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) exec(text string, args ...any) {
	h.t.Helper()
	if _, err := h.raw.ExecContext(h.t.Context(), text, args...); err != nil {
		h.t.Fatal(err)
	}
}

// eventually waits for a condition; it returns how long that took.
func eventually(t testing.TB, what string, within time.Duration, done func() bool) time.Duration {
	t.Helper()
	start := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if time.Since(start) > within {
			t.Fatalf("%s: did not happen within %s", what, within)
		}
		<-tick.C
	}
	return time.Since(start)
}

// quiet waits until n jobs are done and nothing that is due is left.
func (h *house) quiet(n int, within time.Duration) time.Duration {
	h.t.Helper()
	defer func() {
		if h.t.Failed() {
			h.tellState()
		}
	}()
	return eventually(h.t, fmt.Sprintf("%d jobs are done and the outbox is empty", n), within, func() bool {
		return h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) == n && h.due() == 0
	})
}

// due counts tasks that should have run by now.
func (h *house) due() int {
	return h.number(`SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sent', 'running') AND not_before <= $1`,
		time.Now().UnixMilli())
}

// tellState writes down what is left, for a failed test.
func (h *house) tellState() {
	rows, err := h.raw.Query(`SELECT id, state, generation, attempts, reason FROM outbox WHERE state <> 'done' AND type NOT LIKE '%expire%' LIMIT 20`)
	if err != nil {
		h.t.Log(err)
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id, state, reason string
		var generation, attempts int
		if err := rows.Scan(&id, &state, &generation, &attempts, &reason); err == nil {
			h.t.Logf("left: %s %s generation %d attempts %d %q", id, state, generation, attempts, reason)
		}
	}
}

// whole checks what must hold after any run of n transfers: each done once, moved
// once, told once, the chain unbroken.
func (h *house) whole(n int) {
	h.t.Helper()
	for what, got := range map[string]int{
		"jobs":                      h.number(`SELECT count(*) FROM jobs`) - n,
		"jobs done":                 h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) - n,
		"subjects not moved":        h.number(`SELECT count(*) FROM jobs j JOIN subjects s ON s.id = j.subject_id WHERE s.account_id <> j.target_account_id`),
		"jobs not applied once":     h.number(`SELECT count(*) FROM jobs j WHERE (SELECT count(*) FROM timeline e WHERE e.job_id = j.id AND e.what = 'applied') <> 1`),
		"dead letters":              h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`),
		"messages without an end":   h.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`),
		"messages failed, no codes": h.number(`SELECT count(*) FROM notices WHERE state = 'failed' AND template <> 'code'`),
	} {
		if got != 0 {
			h.t.Errorf("%s: off by %d", what, got)
		}
	}
	h.once()
	h.chained()
}

// once checks that no message was sent twice, and none that the record does not
// know of.
func (h *house) once() {
	h.t.Helper()
	sent := map[string]int{}
	for _, words := range h.paper.lines(h.t, "sent") {
		sent[words[1]]++
	}
	for id, times := range sent {
		if times > 1 {
			h.t.Errorf("message %s was sent %d times", id, times)
		}
	}
	if told := h.number(`SELECT count(*) FROM notices WHERE state = 'delivered'`); told != len(sent) {
		h.t.Errorf("%d messages are booked as delivered, the provider has %d", told, len(sent))
	}
}

func (h *house) chained() {
	h.t.Helper()
	if _, err := h.store.Seal(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if v, err := h.store.Verify(h.t.Context(), nil); err != nil || len(v.Broken) > 0 {
		h.t.Errorf("the timelines: %+v, %v", v.Broken, err)
	}
}

func isFenced(err error) bool { return errors.Is(err, tasks.ErrFenced) }

func readFile(t testing.TB, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func background(t testing.TB) context.Context { return context.WithoutCancel(t.Context()) }
