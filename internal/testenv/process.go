package testenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	startLimit = 30 * time.Second
	stopLimit  = 10 * time.Second
	pollEvery  = 5 * time.Millisecond
)

// Process is a server that a test may disturb: freeze, kill, start again.
type Process struct {
	program string
	args    []string
	env     []string // nil is that of the test
	dir     string   // also where its log goes
	attr    *syscall.SysProcAttr
	ready   func(pid int) error
	cmd     *exec.Cmd
}

var errConflict = errors.New("the server ended while starting")

// Start launches the program and returns when it answers.
func (p *Process) Start() error {
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.program, p.args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.dir, p.env, log, log, p.attr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(p.program), err)
	}
	p.cmd = cmd
	if err := p.awaitReady(); err != nil {
		p.Kill()
		return fmt.Errorf("start %s: %w\n%s", filepath.Base(p.program), err, p.logTail())
	}
	return nil
}

func (p *Process) awaitReady() error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for deadline := time.Now().Add(startLimit); ; <-ticker.C {
		err := p.ready(p.Pid())
		switch {
		case err == nil || errors.Is(err, errConflict):
			return err
		case hasEnded(p.Pid()):
			return errConflict
		case time.Now().After(deadline):
			return err
		}
	}
}

// Pid is the process id of the running server, 0 when it is stopped.
func (p *Process) Pid() int {
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Kill ends the server at once and waits until it is gone. Killing a stopped server does nothing.
func (p *Process) Kill() { _ = p.end(syscall.SIGKILL) }

// Stop asks the program to end, as a service manager does, and waits. It is an error when the program ends with a failure,
// or not within ten seconds, when it is killed.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

// Freeze stops the server in its tracks: connections stay open, nothing answers.
func (p *Process) Freeze() error { return p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (p *Process) Thaw() error { return p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) error {
	if p.cmd == nil {
		return os.ErrProcessDone
	}
	return p.cmd.Process.Signal(s)
}

// end sends a signal, and SIGKILL when that did not help in time.
func (p *Process) end(s syscall.Signal) error {
	if p.cmd == nil {
		return nil
	}
	_ = p.cmd.Process.Signal(syscall.SIGCONT)
	_ = p.cmd.Process.Signal(s)
	reaper := time.AfterFunc(stopLimit, func() { _ = p.cmd.Process.Kill() })
	err := p.cmd.Wait()
	reaper.Stop()
	p.cmd = nil
	return err
}

func (p *Process) logPath() string { return p.dir + ".log" }

func (p *Process) logTail() []byte {
	const most = 4000
	log, _ := os.ReadFile(p.logPath())
	return bytes.TrimSpace(log[max(0, len(log)-most):])
}
