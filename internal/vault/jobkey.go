package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Key seals what belongs to one job. Only its wrapped form is kept, beside the
// job; deleting that shreds everything the key ever sealed, in backups and blob
// stores too (L10). It is immutable, safe for concurrent use, and prints as
// "key" under every verb and in JSON. The zero Key is not usable.
type Key struct{ sealing func() tink.AEAD } // a function for the same reason as in Vault

// NewKey draws a job's key, an AES-256-GCM keyset of its own, and gives it both
// usable and wrapped by the vault's sealing key. The context, such as
// "jobs.key|<id>", binds the wrapped form to its row; OpenKey demands the same.
func (v *Vault) NewKey(context string) (wrapped []byte, key Key, err error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, Key{}, fmt.Errorf("drawing the key of %s: %w", context, err)
	}
	var out bytes.Buffer
	if err := handle.WriteWithAssociatedData(keyset.NewBinaryWriter(&out), v.keys().sealing, []byte(context)); err != nil {
		return nil, Key{}, fmt.Errorf("wrapping the key of %s: %w", context, err)
	}
	key, err = newKey(handle)
	return out.Bytes(), key, err
}

// OpenKey unwraps what NewKey gave for the same context. It is an error when the
// wrapped form, the context or the vault differs; nothing of the key is in it.
func (v *Vault) OpenKey(context string, wrapped []byte) (Key, error) {
	handle, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(wrapped)), v.keys().sealing, []byte(context))
	if err != nil {
		return Key{}, fmt.Errorf("unwrapping the key of %s failed", context) // the cause could quote key material
	}
	return newKey(handle)
}

func newKey(handle *keyset.Handle) (Key, error) {
	sealing, err := aead.New(handle)
	if err != nil {
		return Key{}, errors.New("a job's keyset is of another kind")
	}
	return Key{sealing: func() tink.AEAD { return sealing }}, nil
}

// Seal encrypts like Vault.Seal, with the job's key.
func (k Key) Seal(context string, plain []byte) ([]byte, error) {
	if k.sealing == nil {
		return nil, fmt.Errorf("sealing %s without a key", context)
	}
	sealed, err := k.sealing().Encrypt(plain, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("sealing %s: %w", context, err)
	}
	return sealed, nil
}

// Open decrypts what Seal gave for the same context; errors as in Vault.Open.
func (k Key) Open(context string, sealed []byte) ([]byte, error) {
	if k.sealing == nil {
		return nil, fmt.Errorf("opening %s without a key", context)
	}
	plain, err := k.sealing().Decrypt(sealed, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", context, err)
	}
	return plain, nil
}

// Format prints "key" whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "key") }

// MarshalText is "key", so JSON shows none.
func (k Key) MarshalText() ([]byte, error) { return []byte("key"), nil }
