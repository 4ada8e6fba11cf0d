package testenv

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const portAttempts = 5

// RedisServer is a private Redis that a test may kill, freeze and start again on the same address. It keeps nothing
// on disk unless extra arguments say so.
type RedisServer struct {
	*Process
	Addr string // 127.0.0.1:port
	URL  string // redis://127.0.0.1:port/0
}

// Redis is the URL of an empty Redis server of the test's own, which ends with the test. Arguments are passed on to
// redis-server: Redis(t, "--maxmemory", "1mb").
func Redis(t testing.TB, args ...string) string {
	t.Helper()
	return StartRedis(t, args...).URL
}

// StartRedis is Redis for tests that disturb the server.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	program := need(t, "redis-server", "redis-server")
	sweep("redis")
	dir := tempDir(t, "redis")
	var err error
	for range portAttempts {
		server := newRedis(program, dir, FreePort(t), args)
		if err = server.Start(); err == nil {
			t.Cleanup(server.Kill)
			return server
		}
		if !errors.Is(err, errConflict) {
			break
		}
	}
	t.Fatal(err)
	return nil
}

func newRedis(program, dir string, port int, args []string) *RedisServer {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	settings := []string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir, "--daemonize", "no"}
	return &RedisServer{
		Addr: addr,
		URL:  "redis://" + addr + "/0",
		Process: &Process{
			program: program,
			args:    append(settings, args...),
			dir:     dir,
			attr:    attributes(syscall.SIGKILL, nil),
			ready:   func(pid int) error { return redisAnswers(addr, pid) },
		},
	}
}

// redisAnswers reports nil when the process with this id answers at addr, and errConflict when another one does.
func redisAnswers(addr string, pid int) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprint(conn, "INFO server\r\nQUIT\r\n"); err != nil {
		return err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == "process_id:"+strconv.Itoa(pid), strings.HasPrefix(line, "-NOAUTH"):
			return nil
		case strings.HasPrefix(line, "process_id:"):
			return errConflict
		}
	}
	return fmt.Errorf("no process id in the answer of %s", addr)
}

// tempDir is a folder any user may enter, for servers that refuse to run as root; the name tells whose it is.
func tempDir(t testing.TB, kind string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", tempName(kind))
	if err != nil {
		t.Fatalf("make a folder for %s: %v", kind, err)
	}
	t.Cleanup(func() { removeTemp(dir) })
	return dir
}

func tempName(kind string) string { return fmt.Sprintf("beian-%s-%d-*", kind, os.Getpid()) }

func removeTemp(dir string) {
	_ = os.RemoveAll(dir)
	_ = os.Remove(dir + ".log")
}

// sweep removes the folders of test processes that were killed before they could.
func sweep(kind string) {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "beian-"+kind+"-*-*"))
	for _, dir := range dirs {
		parts := strings.Split(filepath.Base(dir), "-")
		pid, err := strconv.Atoi(parts[2])
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}
