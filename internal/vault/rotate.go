package vault

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// SealingKey is one of the keys that open sealed values; the primary one seals.
type SealingKey struct {
	ID      uint32
	Primary bool
}

// SealingKeys lists the sealing keys of a key file, the oldest first.
func SealingKeys(path string) ([]SealingKey, error) {
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	handle, err := f.keyset()
	if err != nil {
		return nil, err
	}
	info := handle.KeysetInfo()
	var out []SealingKey
	for _, k := range info.GetKeyInfo() {
		out = append(out, SealingKey{ID: k.GetKeyId(), Primary: k.GetKeyId() == info.GetPrimaryKeyId()})
	}
	return out, nil
}

// AddSealingKey draws one more key that opens and does not seal yet: every process
// must know it before the first value is sealed with it.
func AddSealingKey(path string) (id uint32, err error) {
	err = rewrite(path, func(m *keyset.Manager) error {
		id, err = m.Add(aead.AES256GCMKeyTemplate())
		return err
	})
	return id, err
}

// PromoteSealingKey makes a key of the file the one that seals; the others go on
// opening what they sealed.
func PromoteSealingKey(path string, id uint32) error {
	return rewrite(path, func(m *keyset.Manager) error { return m.SetPrimary(id) })
}

// rewrite changes the sealing keys of a file and replaces it in one step, so that
// a reader sees the old one or the new one.
func rewrite(path string, change func(*keyset.Manager) error) error {
	f, err := read(path)
	if err != nil {
		return err
	}
	handle, err := f.keyset()
	if err != nil {
		return err
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := change(manager); err != nil {
		return errors.New("the key file has no such sealing key, or it can't be used") // the cause could quote a key
	}
	if handle, err = manager.Handle(); err != nil {
		return errors.New("the changed sealing keys don't fit together")
	}
	if err := f.hold(handle); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the key file: %w", err)
	}
	return replace(path, append(raw, '\n'))
}

// replace keeps the file's mode and owner where it may.
func replace(path string, raw []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading the key file: %w", err)
	}
	next := path + ".new"
	if err := writeNew(next, raw); err != nil {
		return fmt.Errorf("writing the key file anew: %w", err)
	}
	if err := errors.Join(os.Chmod(next, info.Mode().Perm()), sameOwner(next, info)); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	if err := os.Rename(next, path); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return syncDir(filepath.Dir(path))
}

// ErrOtherKeys: a key file that belongs to another database.
var ErrOtherKeys = errors.New("the key file holds other keys for indexes, codes and chains: it is another installation's")

// Reload takes the sealing keys of a file that was changed; on an error the vault
// goes on with those it has. Only sealing keys can change: blind indexes, codes
// and chains are in the database as they are.
func (v *Vault) Reload(path string) error {
	fresh, err := Load(path)
	if err != nil {
		return err
	}
	was, is := v.keys(), fresh.keys()
	for _, pair := range [][2][]byte{{was.index, is.index}, {was.codes, is.codes}, {was.chain, is.chain}} {
		if subtle.ConstantTimeCompare(pair[0], pair[1]) != 1 {
			return ErrOtherKeys
		}
	}
	v.held().Store(is)
	return nil
}
