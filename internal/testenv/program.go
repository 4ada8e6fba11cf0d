package testenv

import (
	"syscall"
	"testing"
)

// Program is one of our own, run as a process that a test may disturb.
type Program struct {
	Path string
	Args []string
	Env  []string // all of its environment
}

// StartProgram runs a program in an empty folder until the test ends. It returns at once: when the program is ready is
// for the test to find out.
func StartProgram(t testing.TB, p Program) *Process {
	t.Helper()
	child := &Process{program: p.Path, args: p.Args, env: p.Env, dir: tempDir(t, "program"), attr: attributes(syscall.SIGKILL, nil),
		ready: func(int) error { return nil }}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.Kill)
	return child
}

// HasEnded reports whether the program ended by itself.
func (p *Process) HasEnded() bool { return p.cmd != nil && hasEnded(p.Pid()) }

// Said is the end of what the program wrote.
func (p *Process) Said() string { return string(p.logTail()) }
