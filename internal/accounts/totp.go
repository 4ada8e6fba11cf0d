package accounts

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticators speak; HMAC does not need its collision resistance
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// The numbers of RFC 6238 that every authenticator knows without being told.
const (
	totpPeriod = 30 * time.Second
	totpDrift  = 1 // steps, either way
	totpRange  = 1_000_000
	totpBytes  = 20 // as long as SHA-1's output (RFC 4226 4)
)

// totpCode is RFC 4226's HOTP of a step.
func totpCode(secret []byte, step int64) string {
	h := hmac.New(sha1.New, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	h.Write(counter[:])
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff)%totpRange)
}

// matchStep finds the step of a typed code, one to either side of now. A step at
// or before the newest used one is refused: who looks over a shoulder must not be
// able to use what was seen (RFC 6238 5.2).
func matchStep(secret []byte, typed string, now time.Time, used int64) (step int64, ok bool) {
	present := now.Unix() / int64(totpPeriod/time.Second)
	for s := present - totpDrift; s <= present+totpDrift; s++ {
		if subtle.ConstantTimeCompare([]byte(typed), []byte(totpCode(secret, s))) == 1 && s > used {
			step, ok = s, true
		}
	}
	return step, ok
}

// otpauth is what an authenticator reads from a QR code.
func otpauth(issuer, login string, secret []byte) string {
	query := url.Values{"secret": {base32Text(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(login) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

func base32Text(b []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

// foldCode reads a code as people type it: full-width forms become ASCII, blanks
// and hyphens go.
func foldCode(typed string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if '！' <= r && r <= '～' {
			r -= '！' - '!'
		}
		if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, typed))
}
