package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Start says what it took to start `beian dev` and what it holds when idle.
// Children are its embedded Redis; 0 when the queue is in memory.
type Start struct {
	FirstPage        time.Duration
	Memory, Children int64 // resident bytes
}

const (
	startLimit = 30 * time.Second
	stopLimit  = 15 * time.Second
	firstPoll  = 5 * time.Millisecond
)

// StartDev runs a program's dev command on an empty directory, asks for its first
// page until that is there, lets it rest and looks at its memory.
func StartDev(ctx context.Context, program, dir string, rest time.Duration) (Start, error) {
	addr, err := freeAddress(ctx)
	if err != nil {
		return Start{}, err
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "dev", "--data-dir", dir, "--http-addr", addr)
	cmd.Env, cmd.Stdout, cmd.Stderr = withoutSettings(os.Environ()), &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return Start{}, fmt.Errorf("starting `dev`: %w", err)
	}
	s, err := watch(ctx, cmd.Process.Pid, watched{url: "http://" + addr + "/", began: began, rest: rest})
	stopErr := stop(cmd)
	if err != nil {
		return s, fmt.Errorf("%w; it said: %s", err, said.Bytes())
	}
	return s, stopErr
}

type watched struct {
	url   string
	began time.Time
	rest  time.Duration
}

func watch(ctx context.Context, pid int, w watched) (s Start, err error) {
	if err := firstPage(ctx, w.url); err != nil {
		return s, err
	}
	s.FirstPage = time.Since(w.began)
	select {
	case <-time.After(w.rest):
	case <-ctx.Done():
		return s, ctx.Err()
	}
	if s.Memory, err = resident(pid); err != nil {
		return s, err
	}
	s.Children, err = residentChildren(pid)
	return s, err
}

func firstPage(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking for the first page: %w", err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(firstPoll):
		case <-ctx.Done():
			return errors.New("`dev` showed no page in time")
		}
	}
}

// stop ends the process as an operator would; its embedded Redis goes with it.
func stop(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping `dev`: %w", err)
	}
	late := time.AfterFunc(stopLimit, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("stopping `dev`: %w", err)
	}
	return nil
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// withoutSettings keeps the operator's settings from a process that must touch
// nothing of theirs.
func withoutSettings(environ []string) []string {
	var kept []string
	for _, e := range environ {
		if !strings.HasPrefix(e, "BEIAN_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// resident reads a process's resident memory where there is /proc.
func resident(pid int) (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("reading a process's memory: %w", err)
	}
	return residentIn(string(raw))
}

// residentIn finds VmRSS, which is in kB, in the text of a status file.
func residentIn(status string) (int64, error) {
	for line := range strings.Lines(status) {
		value, ok := strings.CutPrefix(line, "VmRSS:")
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading a process's memory: %w", err)
		}
		return kilobytes << 10, nil
	}
	return 0, errors.New("the process has no resident memory")
}

func residentChildren(pid int) (total int64, err error) {
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, list := range lists {
		raw, err := os.ReadFile(list)
		if err != nil {
			return 0, fmt.Errorf("listing children: %w", err)
		}
		for word := range strings.FieldsSeq(string(raw)) {
			child, err := strconv.Atoi(word)
			if err != nil {
				return 0, fmt.Errorf("listing children: %w", err)
			}
			n, err := resident(child)
			if err != nil {
				return 0, err
			}
			total += n
		}
	}
	return total, nil
}
