package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Load is the line of /proc/loadavg, "unknown" where there is none.
func Load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(raw))
}

// Machine describes what the figures depend on most.
func Machine() string {
	return fmt.Sprintf("%d CPUs (%s), %s/%s, %s", runtime.NumCPU(), processor(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

func processor() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// syncTries and syncBytes are what SyncTime does: so many appends of so much.
const (
	syncTries = 200
	syncBytes = 8 << 10
)

// SyncTime is the median time in which dir's disk makes an append of 8 KiB
// durable. Below some 20 µs nothing reaches a disk: it is memory, or it lies.
func SyncTime(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, fmt.Errorf("creating a file to sync: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block, took := make([]byte, syncBytes), make([]time.Duration, syncTries)
	for i := range took {
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("appending to a file: %w", err)
		}
		start := time.Now()
		if err := syncData(f); err != nil {
			return 0, fmt.Errorf("syncing a file: %w", err)
		}
		took[i] = time.Since(start)
	}
	return Quantile(took, 0.5), nil
}
