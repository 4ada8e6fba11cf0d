package documents

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"beian/tasks"
)

func TestAFullDiskIsUnavailableAndKeepsNoHalf(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("a small disk can't be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	f, err := NewFolder(filepath.Join(disk, "documents"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), "0199-blob-a", make([]byte, 1<<20)); !errors.Is(err, tasks.ErrUnavailable) || !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("got %v", err)
	}
	if _, err := f.Get(t.Context(), "0199-blob-a"); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("half a blob: %v", err)
	}
	if halves, err := filepath.Glob(filepath.Join(f.root, unfinished+"*")); err != nil || len(halves) != 0 {
		t.Errorf("left %d halves, %v", len(halves), err)
	}
	small := bytes.Repeat([]byte("x"), 1000)
	put(t, f, "0199-blob-a", small)
}
