// Package testenv gives tests real services: private PostgreSQL and Redis servers and a browser. Only _test files
// import it.
//
// Where a program is missing the test is skipped, so that a plain `go test ./...` needs nothing; with
// BEIAN_TEST_SERVICES=required it fails instead. Nothing started here outlives the test process.
package testenv

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	requiredVariable = "BEIAN_TEST_SERVICES"
	requiredValue    = "required"
)

// Main runs a package's tests and then stops the PostgreSQL server they shared; call it as
// os.Exit(testenv.Main(m)) in TestMain. Without it every Postgres call starts a server of its own, which is slower.
func Main(m *testing.M) int {
	shared.offer()
	defer shared.withdraw()
	return m.Run()
}

// Chromium is the path of a Chromium or Chrome program.
func Chromium(t testing.TB) string {
	t.Helper()
	return need(t, "a Chromium browser", "chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
}

// FreePort is a TCP port on 127.0.0.1 that was free a moment ago. Someone else may take it first, so whoever listens
// on it should be ready to try another.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	return port
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// need finds the first of the programs, or ends the test as missing does.
func need(t testing.TB, what string, programs ...string) string {
	t.Helper()
	for _, program := range programs {
		if path := find(program); path != "" {
			return path
		}
	}
	missing(t, what)
	return ""
}

// find looks where Debian keeps PostgreSQL's server programs before the PATH, newest version first.
func find(program string) string {
	packaged, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	for i := len(packaged) - 1; i >= 0; i-- {
		if path, err := exec.LookPath(packaged[i]); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(program)
	if err != nil {
		return ""
	}
	return path
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv(requiredVariable) == requiredValue {
		t.Fatalf("this test needs %s, which is not installed (scripts/install-test-deps.sh installs it)", what)
	}
	t.Skipf("this test needs %s, which is not installed (`make test` installs it and runs this test too)", what)
}
