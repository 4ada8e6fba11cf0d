package worker_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/legacy/legacytest"
	"beian/internal/testenv"
	"beian/tasks"
)

// rows writes down every value of every table, bytes as they are.
func (h *house) rows(out *bytes.Buffer) {
	h.t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if h.store.Engine() == "postgres" {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`
	}
	for _, table := range h.column(list) {
		for _, value := range h.column(`SELECT * FROM "` + table + `"`) {
			out.WriteString(value)
			out.WriteByte('\n')
		}
	}
}

// column reads every value of a query's rows.
func (h *house) column(query string) (out []string) {
	h.t.Helper()
	found, err := h.raw.QueryContext(h.t.Context(), query)
	if err != nil {
		h.t.Fatal(err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		h.t.Fatal(err)
	}
	for found.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			h.t.Fatal(err)
		}
		for _, v := range values {
			switch v := v.(type) {
			case []byte:
				out = append(out, string(v), hex.EncodeToString(v))
			case string:
				out = append(out, v)
			}
		}
	}
	if err := found.Err(); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// files are the bytes of SQLite's files, the free pages among them.
func (h *house) files(out *bytes.Buffer) {
	h.t.Helper()
	path, ok := strings.CutPrefix(h.url, "sqlite://")
	if !ok {
		return
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err != nil && !os.IsNotExist(err) {
			h.t.Fatal(err)
		}
		out.Write(raw)
	}
}

// TestI3_TheLegacyPasswordIsNowhereInClear imports with right and wrong passwords
// and scans each key of Redis, each line of the log, each value of the record and
// SQLite's files: before the password was used, while it is, and at the end.
func TestI3_TheLegacyPasswordIsNowhereInClear(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		const wrong = "Wrong-Guess-4711"
		url, _ := simulate(t)
		server := testenv.StartRedis(t)
		h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: &scattering{ledger: *h.paper}, lease: leaseOfTests, legacy: connectLegacy(url)})
		options, err := redis.ParseURL(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		front := redis.NewClient(options)
		defer front.Close()
		var log sink
		seen, digests := &bytes.Buffer{}, []string{}
		look := func() {
			dump(t, front, seen)
			h.rows(seen)
			h.files(seen)
		}
		submit := func(account, password string) string {
			fields := map[string]string{tasks.FieldLegacyLogin: "hengda-2011", tasks.FieldLegacyPassword: password, tasks.FieldConsent: "yes"}
			once := key(account)
			once.Fingerprint = tasks.Fingerprint(fields)
			digests = append(digests, once.Fingerprint)
			acc, err := h.desk.Submit(t.Context(), tasks.Submission{Kind: tasks.KindLegacy, AccountID: account, Lang: "zh-CN", Once: once, Fields: fields})
			if err != nil {
				t.Fatal(err)
			}
			return acc.Receipt
		}
		good := h.newcomer("GOOD")
		receipt, guess := submit(good, legacytest.Password), submit(h.newcomer("GUESS"), wrong)
		look()
		if n := h.number(`SELECT count(*) FROM job_secrets WHERE name = 'credentials'`); n != 2 {
			t.Fatalf("%d passwords are sealed", n)
		}
		h.open(server.URL, zerolog.New(&log).Level(zerolog.DebugLevel))
		eventually(t, "both were checked", 30*time.Second, func() bool {
			look()
			return h.inState(receipt, tasks.StateDiff)() && h.inState(guess, tasks.StateFailed)()
		})
		if n := h.number(`SELECT count(*) FROM job_secrets WHERE name = 'credentials'`); n != 0 {
			t.Errorf("%d passwords are sealed after they were used", n)
		}
		h.confirm(good, receipt)
		eventually(t, "the import is done", 60*time.Second, h.inState(receipt, tasks.StateDone))
		look()
		if n := h.number(`SELECT count(*) FROM job_secrets`); n != 0 {
			t.Errorf("%d secrets are left", n)
		}
		if !strings.Contains(seen.String(), receipt) || !strings.Contains(log.String(), receipt) || !strings.Contains(seen.String(), "hengda.example.com") {
			t.Fatal("the scan would not find anything")
		}
		for what, secret := range map[string]string{"the password": legacytest.Password, "a guess": wrong, "a digest of the password": digests[0],
			"a digest of the guess": digests[1], "the principal": "沈国强", "its phone": "13906508842", "the certificate": "913301065743218905",
			"the organisation": "恒达纺织品"} {
			for _, form := range []string{secret, hex.EncodeToString([]byte(secret))} {
				if strings.Contains(seen.String(), form) {
					t.Errorf("the record or Redis holds %s", what)
				}
				if strings.Contains(log.String(), form) {
					t.Errorf("the log holds %s", what)
				}
			}
		}
		t.Logf("%s: scanned %d kB", h.store.Engine(), (seen.Len()+len(log.String()))/1000)
	})
}
