package testenv_test

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"beian/internal/testenv"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

func TestEachPostgresIsAnEmptyDatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := testenv.Postgres(t), testenv.Postgres(t)
	if first == second {
		t.Fatalf("two calls gave the same database %s", first)
	}
	query(t, first, "CREATE TABLE seen (id integer)")
	if got := query(t, second, "SELECT count(*)::text FROM pg_tables WHERE tablename = 'seen'"); got != "0" {
		t.Error("the second database holds the first one's table")
	}
	if a, b := host(t, first), host(t, second); a != b {
		t.Errorf("two servers, %s and %s, where one would do", a, b)
	}
}

func TestADatabaseIsDroppedWithItsTest(t *testing.T) {
	t.Parallel()
	var dropped string
	t.Run("while it runs", func(t *testing.T) { dropped = testenv.Postgres(t) })
	if dropped == "" {
		testenv.Postgres(t) // skips or fails, as the inner test did
	}
	_, err := pgx.Connect(t.Context(), dropped)
	if err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("the database outlived its test: %v", err)
	}
}

func TestPostgresCanBeKilledFrozenAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := testenv.StartPostgres(t, "max_connections=7")
	database := server.Database(t)
	query(t, database, "CREATE TABLE kept (id integer)")
	if got := query(t, database, "SHOW max_connections"); got != "7" {
		t.Errorf("the setting did not arrive: %s", got)
	}
	if got := query(t, database, "SHOW fsync"); got != "on" {
		t.Errorf("a server of one's own must be safe unless told otherwise, fsync is %s", got)
	}
	server.Kill()
	if _, err := pgx.Connect(t.Context(), database); err == nil {
		t.Error("a killed server answers")
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if got := query(t, database, "SELECT count(*)::text FROM kept"); got != "0" {
		t.Errorf("the restarted server forgot the table: %s", got)
	}
}

func TestRedisCanBeKilledFrozenAndStartedAgain(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t, "--maxmemory", "20mb")
	client := redisClient(t, server.URL)
	if got := client.ConfigGet(t.Context(), "maxmemory").Val()["maxmemory"]; got != "20971520" {
		t.Errorf("the argument did not arrive: %q", got)
	}
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Freeze(), server.Thaw()); err != nil {
		t.Error(err)
	}
	if got := client.Get(t.Context(), "k").Val(); got != "v" {
		t.Errorf("a thawed server answers %q", got)
	}
	server.Kill()
	server.Kill()
	if err := server.Freeze(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("freezing a killed server: %v", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if got := client.DBSize(t.Context()).Val(); got != 0 {
		t.Errorf("a server without a disk kept %d keys", got)
	}
}

func TestEachRedisIsItsOwn(t *testing.T) {
	t.Parallel()
	if first, second := testenv.Redis(t), testenv.Redis(t); first == second {
		t.Errorf("two calls gave the same server %s", first)
	}
}

func TestAFailedStartShowsTheServersWords(t *testing.T) {
	t.Parallel()
	recorder := &fatal{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		testenv.StartRedis(recorder, "--no-such-setting", "1")
	}()
	<-done
	if recorder.skipped == "" && !strings.Contains(recorder.failed, "no-such-setting") {
		t.Errorf("got %q", recorder.failed)
	}
}

func TestAMissingProgramSkipsUnlessServicesAreRequired(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, required := range []bool{false, true} {
		if required {
			t.Setenv("BEIAN_TEST_SERVICES", "required")
		} else {
			t.Setenv("BEIAN_TEST_SERVICES", "")
		}
		recorder := &fatal{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			testenv.Redis(recorder)
		}()
		<-done
		if (recorder.failed != "") != required || (recorder.skipped != "") == required {
			t.Errorf("required %v: failed with %q, skipped with %q", required, recorder.failed, recorder.skipped)
		}
	}
}

func TestFreePortCanBeListenedOn(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(testenv.FreePort(t))))
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
}

func TestChromiumRuns(t *testing.T) {
	t.Parallel()
	path := testenv.Chromium(t)
	output, err := exec.CommandContext(t.Context(), path, "--version").Output()
	if err != nil || !strings.Contains(string(output), "Chrom") {
		t.Errorf("%s --version says %q, %v", path, output, err)
	}
}

// The parent runs this test again as a child, which starts servers, names their processes and is killed.
func TestServersEndWithAKilledTestProcess(t *testing.T) {
	t.Parallel()
	const child = "BEIAN_TEST_CHILD"
	redis, postgres := testenv.StartRedis(t), testenv.StartPostgres(t)
	if os.Getenv(child) != "" {
		announce(t, redis.Pid(), postgres.Pid())
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), child+"=1", "TMPDIR="+openTempDir(t))
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pids := readPids(t, output)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range pids {
		awaitGone(t, pid)
	}
}

func query(t *testing.T, address, statement string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var answer string
	if err := conn.QueryRow(t.Context(), statement).Scan(&answer); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", statement, err)
	}
	return answer
}

func host(t *testing.T, address string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Host
}

func redisClient(t *testing.T, address string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func isAlive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
