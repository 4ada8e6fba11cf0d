package documents

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"
)

const (
	childArgument = "examine-upload"
	childMark     = "BEIAN_EXAMINES_UPLOAD" // environment: a child starts no children
	childReady    = '.'
	childFault    = 3 // exit code: our fault, not the file's

	orderBytes = 4 << 10
)

// limits bound one child. Only Linux enforces all of them; Wall is the parent's.
type limits struct {
	CPU     uint64        `json:"cpu"`     // seconds
	Data    uint64        `json:"data"`    // bytes of private memory: what decoding may fill
	Address uint64        `json:"address"` // bytes of address space; the Go runtime alone reserves 1.2 GB and uses little of it
	Write   uint64        `json:"write"`   // bytes of a written file, for the PDF sandbox's cache; 0 forbids writing
	Wall    time.Duration `json:"wall"`
}

// A progressive picture of 25 megapixels fills about 500 MB while it is decoded.
// Letters are few, and compiling the PDF sandbox costs 4 s of CPU without a cache.
func pictureLimits() limits {
	return limits{CPU: 5, Data: 768 << 20, Address: 3 << 30, Wall: slower * 8 * time.Second}
}

func letterLimits() limits {
	return limits{CPU: 20, Data: 1 << 30, Address: 4 << 30, Write: 64 << 20, Wall: slower * 30 * time.Second}
}

// Child is the first thing main must call: when the process was started by an
// Examiner to decode one upload, it does that, from in to out, and returns the
// exit code to end with. Otherwise it touches nothing and ran is false.
func Child(args []string, in io.Reader, out io.Writer) (ran bool, code int) {
	if len(args) != 2 || args[1] != childArgument {
		return false, 0
	}
	if err := serve(in, out); err != nil {
		return true, childFault
	}
	return true, 0
}

func serve(in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, orderBytes)
	line, err := lines.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	var o order
	if err := json.Unmarshal(line, &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	if err := o.Limits.enforce(); err != nil {
		return fmt.Errorf("limiting this process: %w", err)
	}
	runtime.GOMAXPROCS(1)
	//nolint:gosec // a constant of ours, far below 2^63
	debug.SetMemoryLimit(int64(o.Limits.Data / 4 * 3))
	if _, err := out.Write([]byte{childReady}); err != nil {
		return fmt.Errorf("saying that decoding begins: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(lines, MaxBytes))
	if err != nil {
		return fmt.Errorf("reading the upload: %w", err)
	}
	a, bodies, err := answerOf(o.survive(data))
	if err != nil {
		return err
	}
	return a.write(out, bodies)
}

// survive makes a decoder's panic a damaged file.
func (o order) survive(data []byte) (pages []Page, err error) {
	defer func() {
		if recover() != nil {
			pages, err = nil, refuseFormat(o.Format, ReasonDamaged)
		}
	}()
	return o.pages(data)
}

func (a answer) write(out io.Writer, bodies [][]byte) error {
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	for _, body := range append([][]byte{append(line, '\n')}, bodies...) {
		if _, err := out.Write(body); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
	}
	return nil
}
