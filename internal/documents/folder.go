package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"beian/tasks"
)

const (
	folderMode = 0o700
	abandoned  = time.Hour
	unfinished = ".new-" // prefix of files being written: never a blob's name
)

// Folder keeps blobs as files on a local disk, spread over 256 folders by the
// hash of their names. A blob is written aside, forced to disk and then renamed,
// so a crash leaves a whole blob or none.
type Folder struct{ root string }

// NewFolder makes the folder for its owner alone and clears what a crash left
// half-written more than an hour ago; other processes may be writing.
func NewFolder(root string) (Folder, error) {
	if err := os.MkdirAll(root, folderMode); err != nil {
		return Folder{}, fmt.Errorf("making the folder of documents: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(root, unfinished+"*"))
	for _, path := range left {
		if info, gone := os.Stat(path); gone == nil && time.Since(info.ModTime()) > abandoned {
			err = errors.Join(err, os.Remove(path))
		}
	}
	if err != nil {
		return Folder{}, fmt.Errorf("clearing half-written documents: %w", err)
	}
	return Folder{root: root}, nil
}

func (f Folder) path(name string) string {
	sum := sha256.Sum256([]byte(name))
	return filepath.Join(f.root, hex.EncodeToString(sum[:1]), name)
}

// Put implements Blobs; the folder and the file are on disk when it returns.
func (f Folder) Put(ctx context.Context, name string, sealed []byte) error {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return err
	}
	if err := f.put(f.path(name), sealed); err != nil {
		return down("storing a document", err)
	}
	return nil
}

func (f Folder) put(path string, sealed []byte) (err error) {
	dir := filepath.Dir(path)
	if err := os.Mkdir(dir, folderMode); err == nil {
		if err := syncFolder(f.root); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	out, err := os.CreateTemp(f.root, unfinished+"*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	_, err = out.Write(sealed)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// Get implements Blobs.
func (f Folder) Get(ctx context.Context, name string) ([]byte, error) {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(f.path(name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading a document: %w", tasks.ErrNotFound)
	case err != nil:
		return nil, down("reading a document", err)
	}
	return sealed, nil
}

// Delete implements Blobs; the name is gone from disk when it returns.
func (f Folder) Delete(ctx context.Context, name string) error {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return err
	}
	path := f.path(name)
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return down("deleting a document", err)
	}
	return nil
}

// List implements Blobs. It reads all names each time: it is for sweeps.
func (f Folder) List(ctx context.Context, prefix, after string) ([]string, error) {
	dirs, err := os.ReadDir(f.root)
	if err != nil {
		return nil, down("listing documents", err)
	}
	var names []string
	for _, dir := range dirs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !dir.IsDir() {
			continue
		}
		files, err := os.ReadDir(filepath.Join(f.root, dir.Name()))
		if err != nil {
			return nil, down("listing documents", err)
		}
		for _, file := range files {
			if name := file.Name(); checkName(name) == nil && strings.HasPrefix(name, prefix) && name > after {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names[:min(len(names), ListAtMost)], nil
}

// syncFolder makes new and removed names durable; Windows can't and needn't.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
