package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

// The test binary runs itself again as a process of its own under these names.
const (
	helperKey   = "BEIAN_QUEUE_TEST_HELPER"
	helperDir   = "BEIAN_QUEUE_TEST_DIR"
	helperHolds = "hold"
	helperLeaks = "leak"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(helperKey); mode != "" {
		if err := help(mode, os.Getenv(helperDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	redis.SetLogger(RedisLogger(zerolog.Nop()))
	os.Exit(m.Run())
}

// help connects in its own process and either holds the queue until it is
// killed or looks for goroutines left behind by Close.
func help(mode, dir string) error {
	ctx := context.Background()
	o := Options{DataDir: dir, Log: zerolog.Nop(), AllowMemory: true}
	if strings.HasSuffix(mode, "memory") {
		o.ServerBinary = "none"
	}
	r, err := Connect(ctx, o)
	if err != nil {
		return err
	}
	if mode == helperHolds {
		pid, err := processID(ctx, r.Front())
		if err != nil {
			return err
		}
		fmt.Println(pid)
		_, err = io.Copy(io.Discard, os.Stdin)
		return err
	}
	for _, f := range r.SelfTest(ctx) {
		if f.Level == LevelFault {
			return errors.New(f.Detail)
		}
	}
	if err := errors.Join(r.Worker().Ping(ctx).Err(), r.Close(ctx), r.Close(ctx)); err != nil {
		return err
	}
	return goleak.Find()
}

func helperCommand(mode, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperKey+"="+mode, helperDir+"="+dir)
	return cmd
}

// needServer names the redis-server binary, without which a test of the real
// server cannot run.
func needServer(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("this test needs the redis-server binary (6.2 or newer) in PATH")
	}
	return path
}

func connect(t *testing.T, o Options) *Redis {
	t.Helper()
	r, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func processID(ctx context.Context, client redis.UniversalClient) (int, error) {
	if err := client.Ping(ctx).Err(); err != nil {
		return 0, err
	}
	return strconv.Atoi(info(ctx, client, "server")["process_id"])
}

func pidOf(t *testing.T, r *Redis) int {
	t.Helper()
	pid, err := processID(t.Context(), r.Worker())
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := poll(ctx, done); err != nil {
		t.Fatalf("%s: did not happen in 20 s", what)
	}
}

func set(t *testing.T, r *Redis) {
	t.Helper()
	if err := r.Worker().Set(t.Context(), "kept", "yes", 0).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the append-only file is written", func() bool {
		fields := info(t.Context(), r.Worker(), "persistence")
		return fields["aof_buffer_length"] == "0" && fields["aof_pending_bio_fsync"] == "0"
	})
}

func checkKept(t *testing.T, r *Redis) {
	t.Helper()
	if got, err := r.Worker().Get(t.Context(), "kept").Result(); got != "yes" || err != nil {
		t.Errorf("after the restart the value is %q (%v)", got, err)
	}
}

func TestAnEmbeddedServerKeepsItsDataAcrossRestarts(t *testing.T) {
	t.Parallel()
	needServer(t)
	dir := t.TempDir()
	r := connect(t, Options{DataDir: dir})
	if r.Mode() != ModeEmbeddedServer || !strings.Contains(r.Describe(), dir) {
		t.Errorf("mode %s, %s", r.Mode(), r.Describe())
	}
	set(t, r)
	pid := pidOf(t, r)
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server is still there after Close: %v", err)
	}
	checkKept(t, connect(t, Options{DataDir: dir}))
}

func TestAKilledServerIsStartedAgainWithItsData(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: t.TempDir()})
	set(t, r)
	for range 2 {
		old := pidOf(t, r)
		if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		checkKept(t, r) // the worker waits for the next server
		eventually(t, "another server answers", func() bool {
			pid, err := processID(t.Context(), r.Front())
			return err == nil && pid != old
		})
		checkKept(t, r)
	}
}

func TestTheServerIsPrivate(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: t.TempDir()})
	for name, want := range map[string]string{"port": "0", "unixsocketperm": "700", "appendonly": "yes",
		"appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"} {
		if got := config(t.Context(), r.Front(), name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestOneDataDirectoryServesOneProcess(t *testing.T) {
	t.Parallel()
	for _, binary := range []string{"none", ""} {
		t.Run("binary "+binary, func(t *testing.T) {
			t.Parallel()
			if binary == "" {
				needServer(t)
			}
			o := Options{DataDir: t.TempDir(), ServerBinary: binary, AllowMemory: true}
			first := connect(t, o)
			_, err := Connect(t.Context(), o)
			want := fmt.Sprintf("in use by another process (pid %d)", os.Getpid())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the second got %v, want %q", err, want)
			}
			if err := first.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			connect(t, o)
		})
	}
}

func TestALongDataDirectoryPutsTheSocketElsewhere(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: filepath.Join(t.TempDir(), strings.Repeat("long", 40))})
	folder := filepath.Dir(config(t.Context(), r.Front(), "unixsocket"))
	if stat, err := os.Stat(folder); err != nil || stat.Mode().Perm() != 0o700 {
		t.Errorf("folder of the socket: %v, %v", stat, err)
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder of the socket after Close: %v", err)
	}
}

func TestAHungServerIsKilledWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: t.TempDir()})
	pid := pidOf(t, r)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the hung server is still there: %v", err)
	}
}

func TestAServerThatCannotStartIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The test binary refuses a server's flags with status 2.
	_, err := Connect(t.Context(), Options{DataDir: dir, ServerBinary: os.Args[0]})
	if err == nil || !strings.Contains(err.Error(), "exit status 2") || !strings.Contains(err.Error(), "redis.log") {
		t.Errorf("error %v", err)
	}
	connect(t, Options{DataDir: dir, ServerBinary: "none", AllowMemory: true})
}

func TestWithoutABinaryMemoryMustBeAllowed(t *testing.T) {
	t.Parallel()
	_, err := Connect(t.Context(), Options{DataDir: t.TempDir(), ServerBinary: "none"})
	if err == nil || !strings.Contains(err.Error(), "no redis-server binary") {
		t.Errorf("error %v", err)
	}
	if _, err := Connect(t.Context(), Options{ServerBinary: "none", AllowMemory: true}); err == nil {
		t.Error("an embedded queue without a data directory was accepted")
	}
}

func TestAQueueInMemorySaysSoOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := connect(t, Options{DataDir: t.TempDir(), ServerBinary: "none", AllowMemory: true, Log: zerolog.New(&out)})
	if r.Mode() != ModeEmbeddedMemory {
		t.Errorf("mode %s", r.Mode())
	}
	if lines := strings.Count(out.String(), "queue in memory: rebuilt from SQL"); lines != 1 {
		t.Errorf("%d warnings in %s", lines, out.String())
	}
}

func TestTimeToLivePassesInMemory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := connect(t, Options{DataDir: dir, ServerBinary: "none", AllowMemory: true})
		ctx, client := t.Context(), r.Worker()
		if err := client.Set(ctx, "short", "1", 90*time.Second).Err(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{1, 0} {
			<-time.After(time.Minute)
			if n, err := client.Exists(ctx, "short").Result(); err != nil || n != want {
				t.Errorf("exists: %d (%v), want %d", n, err, want)
			}
		}
	})
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{helperLeaks + "-server", helperLeaks + "-memory"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			if strings.HasSuffix(mode, "server") {
				needServer(t)
			}
			if out, err := helperCommand(mode, t.TempDir()).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
