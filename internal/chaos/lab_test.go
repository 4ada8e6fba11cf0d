package chaos

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/accounts"
	"beian/internal/bench"
	"beian/internal/failpoint"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
	"beian/tasks"
)

// lab is an office of real processes with a bad network between them. The test itself goes past that network.
type lab struct {
	t        *testing.T
	dir      string
	vault    *vault.Vault
	store    *store.Store
	raw      *sql.DB
	redis    *testenv.RedisServer
	direct   *redis.Client
	toRedis  *testenv.Proxy
	toRecord *testenv.Proxy // nil on SQLite, which has no network
	staff    []*member
	fronts   []*testenv.Proxy // what clients call
	doors    []string         // the same without a network between
	tokens   []string         // of the givers' sessions
	armed    string           // the folder of fail points
}

// member is a process that somebody starts again when it ends.
type member struct {
	*testenv.Process
	name   string
	frozen bool
}

// firstPerson keeps the made-up phones away from those the inbox plays faults for.
const firstPerson = 5000

// newLab opens an office of such processes, each a command of the program and what is in its environment besides; without
// any named, of the engine's usual ones.
func newLab(t *testing.T, engine string, people int, crew ...string) *lab {
	t.Helper()
	program := theProgram
	if strings.Contains(strings.Join(crew, " "), aheadVariable) {
		program = theProgramAhead
	}
	path := program.build(t)
	l := &lab{t: t, dir: t.TempDir(), redis: testenv.StartRedis(t)}
	l.armed = filepath.Join(l.dir, "armed")
	if err := os.Mkdir(l.armed, 0o700); err != nil {
		t.Fatal(err)
	}
	redis.SetLogger(queue.RedisLogger(zerolog.Nop()))
	l.direct = redis.NewClient(&redis.Options{Addr: l.redis.Addr})
	t.Cleanup(func() { l.direct.Close() })
	l.toRedis = testenv.StartProxy(t, l.redis.Addr)
	given := l.openRecord(engine)
	l.settle(people)
	switch {
	case len(crew) > 0:
		l.hire(path, given, crew...)
	case engine == "postgres":
		l.hire(path, given, "api", "api", "worker", "worker", "worker")
	default:
		l.hire(path, given, "dev") // a frozen writer would hold every other process back (docs/reliability.md)
	}
	l.await("the office is open", time.Minute, l.isOpen)
	return l
}

// openRecord makes an empty record and gives the address that the processes are told.
func (l *lab) openRecord(engine string) (given string) {
	l.t.Helper()
	own, driver, dsn := "sqlite://"+filepath.Join(l.dir, "record.db"), "sqlite", "file:"+filepath.Join(l.dir, "record.db")+"?_pragma=busy_timeout(10000)"
	given = own
	if engine == "postgres" {
		own = testenv.Postgres(l.t)
		driver, dsn = "pgx", own
		address, err := url.Parse(own)
		if err != nil {
			l.t.Fatal(err)
		}
		to := address.Host
		if dir := address.Query().Get("host"); dir != "" { // a server that listens on a socket alone
			to, address.RawQuery = filepath.Join(dir, ".s.PGSQL.5432"), ""
		}
		l.toRecord = testenv.StartProxy(l.t, to)
		address.Host = l.toRecord.Addr()
		given = address.String()
	}
	var err error
	if l.vault, err = vault.Create(filepath.Join(l.dir, "keys.json")); err != nil {
		l.t.Fatal(err)
	}
	if l.store, err = store.Open(l.t.Context(), store.Options{URL: own, Vault: l.vault, Connections: 4}); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { l.store.Close() })
	if _, err := l.store.Migrate(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
	if l.raw, err = sql.Open(driver, dsn); err != nil {
		l.t.Fatal(err)
	}
	l.raw.SetMaxOpenConns(2)
	l.t.Cleanup(func() { l.raw.Close() })
	return given
}

// settle makes people up, and signs their givers in.
func (l *lab) settle(people int) {
	l.t.Helper()
	report, err := intake.Run(l.t.Context(), l.store, bench.People(bench.Span{From: firstPerson, Count: people}), intake.Options{})
	if err != nil || report.Refused > 0 {
		l.t.Fatalf("settling people: %+v, %v", report, err)
	}
	l.tokens = make([]string, people)
	err = l.store.Accounts().Update(l.t.Context(), func(tx accounts.Tx) error {
		for i := range l.tokens {
			if err := l.signIn(tx, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) signIn(tx accounts.Tx, i int) error {
	login, err := filing.ParseEmail(bench.Person(firstPerson + i).Giver())
	if err != nil {
		return err
	}
	account, err := tx.Credential(l.t.Context(), login)
	if err != nil {
		return err
	}
	l.tokens[i] = rand.Text()
	sum := sha256.Sum256([]byte(l.tokens[i]))
	return tx.AddSession(l.t.Context(), accounts.Session{ID: uuid.NewString(), AccountID: account.AccountID, CreatedAt: tx.Now(),
		SeenAt:    tx.Now().Add(2 * time.Hour), // a clock that jumps makes nobody idle
		ExpiresAt: tx.Now().Add(24 * time.Hour)}, hex.EncodeToString(sum[:]))
}

// hire starts one process for each command.
func (l *lab) hire(path, record string, commands ...string) {
	l.t.Helper()
	environ := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "BEIAN_") })
	environ = append(environ, "BEIAN_ENV=development", "BEIAN_DATA_DIR="+l.dir, "BEIAN_DATABASE_URL="+record, "BEIAN_KEYS_FILE="+filepath.Join(l.dir, "keys.json"),
		"BEIAN_REDIS_URL=redis://"+l.toRedis.Addr()+"/0", "BEIAN_LEASE=2s", "BEIAN_POLICY_TARGET_ACCEPTANCE=off", "BEIAN_LOG_LEVEL=warn",
		"BEIAN_LOG_FORMAT=json", failpoint.Variable+"="+l.armed)
	for i, line := range commands {
		words := strings.Fields(line)
		command, args, own := words[0], words[:1:1], slices.Concat(environ, words[1:])
		if command == "dev" {
			args = append(args, "--no-demo")
		}
		if command != "worker" {
			addr := fmt.Sprintf("127.0.0.1:%d", testenv.FreePort(l.t))
			own = append(own, "BEIAN_HTTP_ADDR="+addr)
			l.doors = append(l.doors, addr)
			l.fronts = append(l.fronts, testenv.StartProxy(l.t, addr))
		}
		l.staff = append(l.staff, &member{name: fmt.Sprintf("%s %d", command, i),
			Process: testenv.StartProgram(l.t, testenv.Program{Path: path, Args: args, Env: own})})
	}
}

func (l *lab) isOpen() bool {
	l.revive()
	for _, front := range l.fronts {
		answer, err := http.Get("http://" + front.Addr() + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return false
		}
	}
	return true
}

// revive starts again what ended, as systemd would: a process that finds no database may end, and one that met a fail
// point did. It gives their number.
func (l *lab) revive() (ended int) {
	l.t.Helper()
	for _, m := range l.staff {
		if !m.HasEnded() {
			continue
		}
		ended++
		m.Kill() // reaps
		if err := m.Start(); err != nil {
			l.t.Fatal(err)
		}
	}
	return ended
}

// await keeps the processes alive until something holds.
func (l *lab) await(what string, within time.Duration, holds func() bool) time.Duration {
	l.t.Helper()
	start := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(start) > within {
			for _, m := range l.staff {
				l.t.Logf("%s said: %s", m.name, m.Said())
			}
			l.tellState()
			l.t.Fatalf("%s: did not happen within %s", what, within)
		}
		<-tick.C
	}
	return time.Since(start)
}

// code is what a giver would read on the phone.
func (l *lab) code(ctx context.Context, receipt string) (digits string, err error) {
	err = l.store.View(ctx, func(tx tasks.Tx) error {
		job, err := tx.Job(ctx, receipt, tasks.Viewer{System: true})
		if err != nil {
			return err
		}
		code, err := tx.Code(ctx, job.ID, tasks.PurposeGive)
		digits = l.vault.Digits(code.ID)
		return err
	})
	return digits, err
}
