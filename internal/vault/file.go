package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

const (
	fileVersion = 1
	keyBytes    = 32
)

// keyFile is the file's form. Sealing is a Tink keyset, so that it can hold old
// keys beside the one that seals.
type keyFile struct {
	Version int             `json:"version"`
	Sealing json.RawMessage `json:"sealing"`
	Index   []byte          `json:"index"`
	Codes   []byte          `json:"codes"`
	Chain   []byte          `json:"chain"`
}

// New draws keys that are kept in memory only.
func New() (*Vault, error) {
	f, err := draw()
	if err != nil {
		return nil, err
	}
	return f.vault()
}

// Create draws keys and writes them to a new file that only its owner may read;
// missing directories are made for the owner alone. It never overwrites: an
// existing file is an error that matches fs.ErrExist.
func Create(path string) (*Vault, error) {
	f, err := draw()
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the key file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the key file's directory: %w", err)
	}
	if err := writeNew(path, append(raw, '\n')); err != nil {
		return nil, fmt.Errorf("writing the key file: %w", err)
	}
	return f.vault()
}

// Load reads a key file. It refuses one that is damaged, of a later version, or
// that other users of the machine can read or write; a missing one matches
// fs.ErrNotExist.
func Load(path string) (*Vault, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	if open := info.Mode().Perm() & 0o007; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("key file %s is open to every user of the machine (mode %#o): chmod 600 it", path, info.Mode().Perm())
	}
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	return f.vault()
}

func read(path string) (f keyFile, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return f, fmt.Errorf("reading the key file: %w", err)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, errors.New("the key file is no valid JSON") // the cause could quote a key
	}
	return f, nil
}

func draw() (keyFile, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return keyFile{}, fmt.Errorf("drawing the sealing key: %w", err)
	}
	f := keyFile{Version: fileVersion}
	if err := f.hold(handle); err != nil {
		return keyFile{}, err
	}
	for _, key := range []*[]byte{&f.Index, &f.Codes, &f.Chain} {
		*key = make([]byte, keyBytes)
		if _, err := rand.Read(*key); err != nil {
			return keyFile{}, fmt.Errorf("drawing a key: %w", err)
		}
	}
	return f, nil
}

// hold puts a keyset into the file's form.
func (f *keyFile) hold(handle *keyset.Handle) error {
	var sealing bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&sealing)); err != nil {
		return fmt.Errorf("encoding the sealing keys: %w", err)
	}
	f.Sealing = sealing.Bytes()
	return nil
}

func (f keyFile) vault() (*Vault, error) {
	if f.Version != fileVersion {
		return nil, fmt.Errorf("the key file has version %d, this program knows %d", f.Version, fileVersion)
	}
	for _, key := range [][]byte{f.Index, f.Codes, f.Chain} {
		if len(key) != keyBytes {
			return nil, fmt.Errorf("the key file holds a key of %d bytes instead of %d", len(key), keyBytes)
		}
	}
	handle, err := f.keyset()
	if err != nil {
		return nil, err
	}
	sealing, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("the key file's sealing keyset is of another kind")
	}
	held := &ring{}
	held.Store(&keys{sealing: sealing, index: f.Index, codes: f.Codes, chain: f.Chain})
	return &Vault{held: func() *ring { return held }}, nil
}

func (f keyFile) keyset() (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Sealing)))
	if err != nil {
		return nil, errors.New("the key file's sealing keyset is damaged")
	}
	return handle, nil
}

// writeNew writes a file that must not exist and forces it and its directory to
// disk; half a file is removed again.
func writeNew(path string, raw []byte) (err error) {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if _, err := out.Write(raw); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the new name durable; Windows can't and needn't.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
