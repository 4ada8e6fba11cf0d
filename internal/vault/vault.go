// Package vault keeps the keys that must not lie in the database: it seals
// fields, indexes them blindly, derives short codes and chains histories. Losing
// the key file loses every sealed value; whoever has it and the database has
// everything.
package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// Vault works with one set of keys, which only Reload changes. It is safe for
// concurrent use, and prints as "vault" under every verb and in JSON.
type Vault struct {
	held func() *ring // a function, since fmt's reflection follows a pointer in an unexported field
}

// ring holds the keys in force.
type ring struct{ atomic.Pointer[keys] }

func (v *Vault) keys() *keys { return v.held().Load() }

type keys struct {
	sealing             tink.AEAD
	index, codes, chain []byte
}

// indexBytes is the length of a blind index, 128 bit (trust reference 4.7).
const indexBytes = 16

// Seal encrypts a value with AES-256-GCM. The context, such as
// "accounts.login|<id>", says where the value lies; Open demands the same one, so
// that a sealed value can't be moved to another row or column.
func (v *Vault) Seal(context string, plain []byte) ([]byte, error) {
	sealed, err := v.keys().sealing.Encrypt(plain, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("sealing %s: %w", context, err)
	}
	return sealed, nil
}

// Open decrypts what Seal gave for the same context. It is an error when the
// value, the context or the key differs; nothing of the value is in the error.
func (v *Vault) Open(context string, sealed []byte) ([]byte, error) {
	plain, err := v.keys().sealing.Decrypt(sealed, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", context, err)
	}
	return plain, nil
}

// Index is the blind index of a normalised value: 32 hex digits, equal for equal
// values of one field, unrelated between fields (trust reference 4.7).
func (v *Vault) Index(field, value string) string {
	fieldKey := digest(v.keys().index, "field", field)
	return hex.EncodeToString(digest(fieldKey, value)[:indexBytes])
}

// Chain is the hash of a row that follows prev: an HMAC over prev and the parts
// with their lengths, 32 bytes (A7).
func (v *Vault) Chain(prev []byte, parts ...string) []byte {
	return digest(v.keys().chain, append([]string{string(prev)}, parts...)...)
}

// Format prints "vault" whatever the verb.
func (v Vault) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "vault") }

// MarshalText is "vault", so JSON shows no key.
func (v Vault) MarshalText() ([]byte, error) { return []byte("vault"), nil }

// digest is HMAC-SHA256 over the parts, each after its length, so that no two
// lists of parts run together to the same bytes.
func digest(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	var length [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}
