package testenv

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// adminVariable names a running server on which databases may be created, so that one serves the whole test run.
const adminVariable = "BEIAN_TEST_POSTGRES_URL"

const (
	databaseLimit    = 30 * time.Second
	leftoverWait     = 100 * time.Millisecond
	leftoverAttempts = 50
)

// fast trades safety on power loss, which no test pulls, for speed.
func fast() []string {
	return []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}
}

// shared is the server of this test process, running only between Main's beginning and end.
var shared = &sharedServer{}

type sharedServer struct {
	mu      sync.Mutex
	offered bool
	server  *PostgresServer
}

func (s *sharedServer) offer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered = true
}

func (s *sharedServer) withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered = false
	if s.server != nil {
		s.server.stop()
		s.server = nil
	}
}

// get starts the server for the first test that asks; nil when Main is not in charge.
func (s *sharedServer) get(t testing.TB) *PostgresServer {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.offered && s.server == nil {
		s.server = launchPostgres(t, fast())
	}
	return s.server
}

// Postgres is the URL of an empty database of the test's own, dropped when the test ends. The server is the one
// BEIAN_TEST_POSTGRES_URL names, else one shared by the package (see Main), else the test's own. Servers started here
// do not sync to disk.
func Postgres(t testing.TB) string {
	t.Helper()
	if admin := os.Getenv(adminVariable); admin != "" {
		return createDatabase(t, admin)
	}
	if server := shared.get(t); server != nil {
		return createDatabase(t, server.URL)
	}
	return createDatabase(t, StartPostgres(t, fast()...).URL)
}

// PostgresServer is a private PostgreSQL that a test may kill, freeze and start again on the same address.
type PostgresServer struct {
	*Process
	URL string // the database "postgres", as superuser
}

// Start starts the server again after Kill, as soon as what is left of the killed one has let go of its files.
func (s *PostgresServer) Start() error {
	ticker := time.NewTicker(leftoverWait)
	defer ticker.Stop()
	var err error
	for range leftoverAttempts {
		if err = s.Process.Start(); !errors.Is(err, errConflict) {
			return err
		}
		<-ticker.C
	}
	return err
}

// Database is the URL of an empty database on this server, dropped when the test ends.
func (s *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	return createDatabase(t, s.URL)
}

// StartPostgres is a server of the test's own, with settings such as "max_connections=5" on top of the factory's,
// syncing to disk included.
func StartPostgres(t testing.TB, settings ...string) *PostgresServer {
	t.Helper()
	server := launchPostgres(t, settings)
	t.Cleanup(server.stop)
	return server
}

func (s *PostgresServer) stop() {
	s.end(syscall.SIGINT) // "fast shutdown": open connections are cut
	removeTemp(s.dir)
}

func launchPostgres(t testing.TB, settings []string) *PostgresServer {
	t.Helper()
	initdb, postgres := need(t, "PostgreSQL", "initdb"), need(t, "PostgreSQL", "postgres")
	user, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	sweep("postgres")
	dir, err := makeCluster(initdb, user)
	if err != nil {
		t.Fatal(err)
	}
	for range portAttempts {
		server := newPostgres(postgres, dir, FreePort(t), settings)
		server.attr = attributes(syscall.SIGQUIT, user)
		if err = server.Process.Start(); err == nil {
			return server
		}
		if !errors.Is(err, errConflict) {
			break
		}
	}
	removeTemp(dir)
	t.Fatal(err)
	return nil
}

// makeCluster is initdb in a folder that belongs to the server's user.
func makeCluster(initdb string, user *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", tempName("postgres"))
	if err != nil {
		return "", fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	if user != nil {
		err = os.Chown(dir, int(user.Uid), int(user.Gid))
	}
	if err == nil {
		err = runInitdb(initdb, dir, user)
	}
	if err != nil {
		removeTemp(dir)
	}
	return dir, err
}

func runInitdb(initdb, dir string, user *syscall.Credential) error {
	cmd := exec.Command(initdb, "--pgdata", filepath.Join(dir, "data"), "--username", "postgres", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = dir, attributes(syscall.SIGKILL, user)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run initdb: %w\n%s", err, output)
	}
	return nil
}

func newPostgres(program, dir string, port int, settings []string) *PostgresServer {
	args := []string{
		"-D", filepath.Join(dir, "data"), "-k", dir, "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "log_min_messages=fatal",
	}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	bySocket := fmt.Sprintf("postgres://postgres@/postgres?host=%s&port=%d", url.QueryEscape(dir), port)
	return &PostgresServer{
		URL: fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port),
		Process: &Process{
			program: program,
			args:    args,
			dir:     dir,
			ready:   func(int) error { return execute(bySocket, "SELECT 1") },
		},
	}
}

func createDatabase(t testing.TB, admin string) string {
	t.Helper()
	name := "beian_test_" + rand.Text()
	if err := execute(admin, "CREATE DATABASE "+quoteName(name)); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		// The test may have stopped the server on purpose; a database left there goes with it.
		_ = execute(admin, "DROP DATABASE IF EXISTS "+quoteName(name)+" WITH (FORCE)")
	})
	database, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("%s is not a URL", adminVariable)
	}
	database.Path = "/" + name
	return database.String()
}

func quoteName(name string) string { return pgx.Identifier{name}.Sanitize() }

func execute(address, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), databaseLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}
