package documents

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"beian/tasks"
)

const (
	answerBytes = 48 << 20 // of a child: five views and thumbnails are far less
	endAfter    = time.Second
)

// Examiner checks uploads, each in a child process of this very program (Child).
// It is safe for concurrent use; more uploads than it has children wait.
type Examiner struct {
	executable string
	cache      string
	slots      chan struct{}
	shared     atomic.Bool // the system gives no namespaces: children share ours
}

// Options of an Examiner.
type Options struct {
	Children int    // at once; default half the cores, at least one
	Cache    string // existing folder, writable by us alone, for the compiled PDF sandbox; empty compiles it for every letter
}

// NewExaminer finds this program's file and starts nothing yet. It is an error
// within a child, so that a program that forgot to call Child can't fork for ever.
func NewExaminer(o Options) (*Examiner, error) {
	if os.Getenv(childMark) != "" {
		return nil, errors.New("this process was started to decode one upload: main must call documents.Child first")
	}
	executable := ownExecutable
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("finding this program's file: %w", err)
		}
	}
	if o.Children < 1 {
		o.Children = max(1, runtime.NumCPU()/2)
	}
	return &Examiner{executable: executable, cache: o.Cache, slots: make(chan struct{}, o.Children)}, nil
}

// Examine checks one upload and draws it anew (L4). Quality never refuses, it
// gives flags. Errors: *Refusal for what the applicant must change, also for a
// file whose decoding crashes or passes its limits; tasks.ErrUnavailable when no
// child could be had, in time for ctx or at all, or the machine is too busy;
// ctx's error.
func (x *Examiner) Examine(ctx context.Context, u Upload) (Examined, error) {
	o, refused := u.precheck()
	if refused != nil {
		return Examined{}, refused
	}
	o.Cache = x.cache
	pages, err := x.decode(ctx, o, u.Data)
	if err != nil {
		return Examined{}, err
	}
	return u.examined(o, pages), nil
}

func (u Upload) examined(o order, pages []Page) Examined {
	found := Examined{Format: o.Format, Name: Label(u.Name), Digest: sha256.Sum256(u.Data), Pages: pages}
	for i, p := range pages {
		found.Flags = append(found.Flags, p.Measures.flags(i+1, o.Format == PDF)...)
	}
	return found
}

// precheck refuses what can be refused without decoding.
func (u Upload) precheck() (order, *Refusal) {
	format := Sniff(u.Data)
	claimed, contradicts := u.contradiction(format)
	switch {
	case len(u.Data) == 0:
		return order{}, refuseFormat(Unknown, ReasonEmpty)
	case len(u.Data) > MaxBytes:
		return order{}, refusal(CodeSize, "max", strconv.Itoa(MaxBytes>>20))
	case format == HEIC || format == AVIF:
		return order{}, refuseFormat(format, ReasonHEIC)
	case !u.Kind.takes(format):
		return order{}, refuseFormat(format, ReasonUnsupported)
	case contradicts:
		return order{}, refuseFormat(format, ReasonContradicts, "declared", string(claimed))
	case format == PDF:
		return order{Format: PDF, Limits: letterLimits()}, nil
	}
	found, refused := inspect(format, u.Data)
	return order{Format: format, Orientation: found.Orientation, Limits: pictureLimits()}, refused
}

func (k Kind) takes(f Format) bool {
	switch f {
	case JPEG, PNG, WebP:
		return k == KindPicture || k == KindLetter
	case PDF:
		return k == KindLetter
	}
	return false
}

// decode waits for a free child and hands it the upload.
func (x *Examiner) decode(ctx context.Context, o order, data []byte) ([]Page, error) {
	select {
	case x.slots <- struct{}{}:
		defer func() { <-x.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a picture decoder: %w: %w", tasks.ErrUnavailable, ctx.Err())
	}
	line, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encoding the order: %w", err)
	}
	limited, stop := context.WithTimeout(ctx, o.Limits.Wall)
	defer stop()
	said, err := x.child(limited, append(line, '\n'), data)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("decoding an upload: %w", ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("starting a picture decoder: %w: %w", tasks.ErrUnavailable, err)
	case limited.Err() != nil && said.ended != nil && said.worked < time.Duration(o.Limits.CPU)*time.Second/2:
		return nil, fmt.Errorf("the machine is too busy to decode an upload: %w", tasks.ErrUnavailable)
	}
	return o.understand(said)
}

// outcome is what one child said, how it ended, and its CPU time.
type outcome struct {
	out    []byte
	ended  error
	worked time.Duration
}

// child runs one child to its end. The thread is held, since Linux lets the child
// die with the thread that started it.
func (x *Examiner) child(ctx context.Context, head, data []byte) (outcome, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		shared := x.shared.Load()
		cmd := exec.CommandContext(ctx, x.executable) //nolint:gosec // our own program
		cmd.Args = []string{"beian", childArgument}
		cmd.Env = []string{childMark + "=1", "GOTRACEBACK=none"}
		cmd.Dir = os.TempDir()
		cmd.WaitDelay = endAfter
		confine(cmd, !shared)
		said := &bounded{left: answerBytes}
		cmd.Stdout = said
		cmd.Stdin = io.MultiReader(bytes.NewReader(head), bytes.NewReader(data))
		err := cmd.Start()
		if err == nil {
			ended := cmd.Wait()
			return outcome{said.data.Bytes(), ended, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
		}
		if shared || ctx.Err() != nil {
			return outcome{}, err
		}
		x.shared.Store(true)
	}
}

// understand turns what a child said into pages or a refusal. A child that began
// and gave no answer was ended by its limits or crashed: the file is to blame.
func (o order) understand(said outcome) ([]Page, error) {
	var exit *exec.ExitError
	out, ended := said.out, said.ended
	if len(out) == 0 || out[0] != childReady {
		return nil, fmt.Errorf("a picture decoder did not begin (%v): %w", ended, tasks.ErrUnavailable)
	}
	if errors.As(ended, &exit) && exit.ExitCode() == childFault {
		return nil, errors.New("a picture decoder ended with a fault of its own")
	}
	line, rest, whole := bytes.Cut(out[1:], []byte("\n"))
	var a answer
	if ended != nil || !whole || json.Unmarshal(line, &a) != nil {
		return nil, refuseFormat(o.Format, ReasonCostly)
	}
	if a.Refused != nil {
		return nil, a.Refused
	}
	return a.take(rest)
}

// bounded keeps what a child says, up to a limit; the pipe breaks behind it.
type bounded struct {
	data bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errors.New("a picture decoder said too much")
	}
	b.left -= len(p)
	return b.data.Write(p)
}
