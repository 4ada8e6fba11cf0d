package queue

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestTheServerDiesWithItsKilledParent(t *testing.T) {
	t.Parallel()
	needServer(t)
	dir := t.TempDir()
	parent := helperCommand(helperHolds, dir)
	input, err := parent.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close() })
	child := readPid(t, output)
	t.Cleanup(func() {
		if !gone(child) {
			_ = syscall.Kill(child, syscall.SIGKILL)
		}
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the killed parent ended well")
	}
	eventually(t, "the server is gone", func() bool { return gone(child) })
	connect(t, Options{DataDir: dir})
}

func readPid(t *testing.T, output io.Reader) int {
	t.Helper()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// gone counts a zombie as gone: not every container reaps orphans.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}

func TestTheServerOutlivesEveryOtherThread(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: t.TempDir()})
	pid := pidOf(t, r)
	threads := endThreads(64)
	eventually(t, "the threads are gone", func() bool { return !slices.ContainsFunc(threads, alive) })
	if now := pidOf(t, r); now != pid {
		t.Errorf("the server changed from %d to %d", pid, now)
	}
}

// endThreads takes n threads at the same moment, the idle ones among them, and
// lets them end: a thread ends with a goroutine that is still locked to it.
func endThreads(n int) []int {
	taken, release := make(chan int, n), make(chan struct{})
	for range n {
		go func() {
			runtime.LockOSThread()
			taken <- syscall.Gettid()
			<-release
		}()
	}
	threads := make([]int, n)
	for i := range threads {
		threads[i] = <-taken
	}
	close(release)
	return threads
}

// alive is never true for the first thread, which the runtime cannot end.
func alive(thread int) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread))
	return err == nil && thread != os.Getpid()
}

func TestTheServerSeesNothingOfOurEnvironment(t *testing.T) {
	t.Parallel()
	needServer(t)
	r := connect(t, Options{DataDir: t.TempDir()})
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pidOf(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(environ, []byte("PATH=")) {
		t.Errorf("environment of the server: %q", environ)
	}
}
