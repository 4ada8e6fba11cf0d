package testenv_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"
)

// fatal is a test whose end is recorded instead of suffered.
type fatal struct {
	testing.TB
	failed, skipped string
}

func (f *fatal) Fatal(args ...any) {
	f.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

func (f *fatal) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

func (f *fatal) Skipf(format string, args ...any) {
	f.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// announce prints process ids for the parent and then waits for the end it will bring.
func announce(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		fmt.Printf("\npid %d\n", pid)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	<-ctx.Done()
}

// openTempDir takes what a killed child leaves behind; unlike t.TempDir, any user may enter it.
func openTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "beian-child-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func readPids(t *testing.T, output io.Reader) []int {
	t.Helper()
	var pids []int
	for lines := bufio.NewScanner(output); len(pids) < 2 && lines.Scan(); {
		var pid int
		if n, _ := fmt.Sscanf(lines.Text(), "pid %d", &pid); n == 1 {
			pids = append(pids, pid)
		}
	}
	if len(pids) < 2 {
		t.Fatal("the child did not name its servers")
	}
	return pids
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for isAlive(pid) && !isZombie(pid) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Errorf("process %d outlived the test process that started it", pid)
			return
		}
	}
}

// isZombie covers containers whose first process does not reap orphans.
func isZombie(pid int) bool {
	var id int
	var name, state string
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, _ = fmt.Sscan(string(stat), &id, &name, &state)
	return state == "Z"
}
