package vault

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
)

const (
	wordAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford base 32: no I L O U
	wordLength   = 8
	digitsRange  = 1_000_000
	tokenBytes   = 16
)

// Digits derives the 6 decimal digits of a confirmation code from its id (C1).
// Taking 64 bits modulo a million prefers no code by more than 2^-44.
func (v *Vault) Digits(id string) string {
	n := binary.BigEndian.Uint64(digest(v.keys().codes, "digits", id)) % digitsRange
	return fmt.Sprintf("%06d", n)
}

// Word derives 8 characters of Crockford base 32, 40 bits, from an id: a
// tracking or a veto code (A8). Two purposes give unrelated words.
func (v *Vault) Word(purpose, id string) string {
	bits := binary.BigEndian.Uint64(digest(v.keys().codes, "word", purpose, id))
	word := make([]byte, wordLength)
	for i := range word {
		word[i] = wordAlphabet[bits%32]
		bits /= 32
	}
	return string(word)
}

// Token derives 128 bits from an id for a link in a mail: 22 characters of
// base64url without padding. Two purposes give unrelated tokens.
func (v *Vault) Token(purpose, id string) string {
	return base64.RawURLEncoding.EncodeToString(digest(v.keys().codes, "token", purpose, id)[:tokenBytes])
}

// NormalizeWord turns a word as a person typed it into the form that Word gives:
// upper case, I and L as 1, O as 0, no blanks and hyphens. What is no word comes
// out as no word; nothing is refused here.
func NormalizeWord(typed string) string {
	out := strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' { // full-width forms, as Chinese keyboards give
			r -= '！' - '!'
		}
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, typed)
	return strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(out))
}
