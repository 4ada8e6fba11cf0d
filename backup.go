package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"beian/config"
	"beian/internal/store"
)

// What a backup holds. The folder can be copied and packed with any tool.
const (
	backupNote      = "backup.json"
	backupSQLite    = "beian.db"
	backupPostgres  = "beian.pgdump"
	backupDocuments = "documents"
	backupKeys      = "keys.json"
)

// backupIndex says what a backup is and what its files must be.
type backupIndex struct {
	Version string       `json:"version"` // of the program that made it
	Engine  string       `json:"engine"`
	At      time.Time    `json:"at"`
	Files   []backupFile `json:"files"`
}

type backupFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// back makes a backup of an office that may be in use: first the record at one
// moment, then the pictures it names, which never change. Whatever was accepted
// before it began is in it.
func (o *office) back(ctx context.Context, dir string, withKeys bool) (backupIndex, error) {
	index := backupIndex{Version: version(), Engine: o.store.Engine(), At: o.clock().UTC()}
	if err := emptyDir(dir); err != nil {
		return index, err
	}
	if err := o.copyRecord(ctx, dir); err != nil {
		return index, err
	}
	if o.cfg.Blobs.URL.IsZero() {
		if err := copyTree(o.cfg.DocumentsPath(), filepath.Join(dir, backupDocuments)); err != nil {
			return index, fmt.Errorf("copying the documents: %w", err)
		}
	}
	if withKeys {
		if err := copyFile(o.cfg.KeysPath(), filepath.Join(dir, backupKeys)); err != nil {
			return index, fmt.Errorf("copying the keys: %w", err)
		}
	}
	var err error
	if index.Files, err = listed(dir); err != nil {
		return index, err
	}
	raw, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return index, err
	}
	return index, writeFile(filepath.Join(dir, backupNote), append(raw, '\n')) // last: a backup without it is half a one
}

func (o *office) copyRecord(ctx context.Context, dir string) error {
	if o.store.Engine() == "sqlite" {
		return o.store.Copy(ctx, filepath.Join(dir, backupSQLite))
	}
	return postgresTool(ctx, o.cfg, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file="+filepath.Join(dir, backupPostgres))
}

// postgresTool runs one of PostgreSQL's programs on the database.
func postgresTool(ctx context.Context, cfg config.Config, name string, args ...string) error {
	place, err := store.PostgresPlace(cfg.DatabaseURL.Reveal())
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(name); err != nil {
		return fmt.Errorf("%w: %s is not installed; it comes with PostgreSQL's client", errDown, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), place...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// readBackup reads a backup's index and checks every file against it.
func readBackup(dir string) (index backupIndex, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, backupNote))
	if err != nil {
		return index, fmt.Errorf("%s is no finished backup: it has no %s", dir, backupNote)
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return index, fmt.Errorf("the backup's %s is damaged", backupNote)
	}
	there, err := listed(dir)
	if err != nil {
		return index, err
	}
	found := map[string]backupFile{}
	for _, f := range there {
		found[f.Name] = f
	}
	var damaged []string
	for _, f := range index.Files {
		if found[f.Name] != f {
			damaged = append(damaged, f.Name)
		}
	}
	if len(damaged) > 0 {
		return index, fmt.Errorf("the backup is damaged: %s differ from what was written", strings.Join(damaged, ", "))
	}
	return index, nil
}

// restore puts a backup where the configuration says. It never overwrites.
func restore(ctx context.Context, cfg config.Config, dir string, index backupIndex) error {
	path, isSQLite := cfg.SQLitePath()
	if isSQLite != (index.Engine == "sqlite") {
		return usageError{"the backup is of a database on " + index.Engine + "; set BEIAN_DATABASE_URL accordingly"}
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return err
	}
	if isSQLite {
		if _, err := os.Stat(path); err == nil {
			return usageError{"there is a database already at " + path + "; move it away first"}
		}
	}
	if entries, err := os.ReadDir(cfg.DocumentsPath()); err == nil && len(entries) > 0 && cfg.Blobs.URL.IsZero() {
		return usageError{"there are documents already in " + cfg.DocumentsPath() + "; move them away first"}
	}
	if _, err := os.Stat(cfg.KeysPath()); errors.Is(err, os.ErrNotExist) {
		if err := copyFile(filepath.Join(dir, backupKeys), cfg.KeysPath()); err != nil {
			return usageError{"put the key file at " + cfg.KeysPath() + " first: the backup holds none"}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, backupDocuments)); err == nil && cfg.Blobs.URL.IsZero() {
		if err := copyTree(filepath.Join(dir, backupDocuments), cfg.DocumentsPath()); err != nil {
			return fmt.Errorf("copying the documents: %w", err)
		}
	}
	if isSQLite {
		return copyFile(filepath.Join(dir, backupSQLite), path)
	}
	return postgresTool(ctx, cfg, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--dbname=", filepath.Join(dir, backupPostgres))
}

// emptyDir makes a folder for the owner alone, or takes one that is empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the backup's folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return usageError{dir + " is not empty; each backup has a folder of its own"}
	}
	return nil
}

// listed are the files of a backup with their digests, in the order of their names.
func listed(dir string) (files []backupFile, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == backupNote {
			return err
		}
		f, err := digested(path)
		f.Name = filepath.ToSlash(name)
		files = append(files, f)
		return err
	})
	return files, err
}

func digested(path string) (f backupFile, err error) {
	in, err := os.Open(path)
	if err != nil {
		return f, err
	}
	defer in.Close()
	h := sha256.New()
	f.Size, err = io.Copy(h, in)
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	return f, err
}

// copyTree copies the files of a folder; one that disappears meanwhile was deleted
// by retention.
func copyTree(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		if err := copyFile(path, filepath.Join(to, name)); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	})
}

// copyFile copies to a new file that only its owner may read.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

func writeFile(path string, raw []byte) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(raw)
	return errors.Join(err, out.Sync(), out.Close())
}
