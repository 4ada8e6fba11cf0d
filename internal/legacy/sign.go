package legacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Key is what we sign requests with at the legacy platform: HTTP Message Signatures
// (RFC 9421) with one fixed list of components, HMAC-SHA-256 and the digest of the
// body (RFC 9530). The secret never travels, and a ticket alone opens nothing.
type Key struct {
	ID     string
	Secret func() string // a function, so that printing a key shows none
}

// SignatureLife is how far a signature's time and the receiver's may be apart.
const SignatureLife = 5 * time.Minute

const signatureLabel = "beian="

// Sign adds Content-Digest, Signature-Input and Signature, so set everything else
// before. The body is what the request will send.
func (k Key) Sign(r *http.Request, body []byte, at time.Time) {
	r.Header.Set("Content-Digest", contentDigest(body))
	params := k.params(r, strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Signature-Input", signatureLabel+params)
	r.Header.Set("Signature", signatureLabel+":"+k.signature(r, params)+":")
}

var signatureInput = regexp.MustCompile(`^beian=\([a-z@" -]+\);created=([0-9]{1,12});keyid="([!#-\[\]-~]{1,64})";alg="hmac-sha256"$`)

// Verify is the receiver's side of Sign. It returns the protocol's code of what is
// wrong, or nothing.
func (k Key) Verify(r *http.Request, body []byte, now time.Time) (code string) {
	said := r.Header.Get("Signature-Input")
	found := signatureInput.FindStringSubmatch(said)
	switch {
	case found == nil:
		return "SIGNATURE_WRONG"
	case found[2] != k.ID:
		return "KEY_UNKNOWN"
	}
	params := k.params(r, found[1])
	want := signatureLabel + ":" + k.signature(r, params) + ":"
	if said != signatureLabel+params || !hmac.Equal([]byte(want), []byte(r.Header.Get("Signature"))) {
		return "SIGNATURE_WRONG"
	}
	if r.Header.Get("Content-Digest") != contentDigest(body) {
		return "DIGEST_WRONG"
	}
	created, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil || now.Sub(time.Unix(created, 0)).Abs() > SignatureLife {
		return "SIGNATURE_STALE"
	}
	return ""
}

func (k Key) params(r *http.Request, created string) string {
	return "(" + strings.Join(components(r), " ") + `);created=` + created + `;keyid="` + k.ID + `";alg="hmac-sha256"`
}

// components is the one list that the protocol knows; a ticket is part of it.
func components(r *http.Request) []string {
	list := []string{`"@method"`, `"@authority"`, `"@path"`, `"content-digest"`}
	if r.Header.Get("Authorization") != "" {
		list = append(list, `"authorization"`)
	}
	return list
}

func (k Key) signature(r *http.Request, params string) string {
	var base strings.Builder
	for _, name := range components(r) {
		base.WriteString(name + ": " + component(r, name) + "\n")
	}
	base.WriteString(`"@signature-params": ` + params)
	mac := hmac.New(sha256.New, []byte(k.Secret()))
	mac.Write([]byte(base.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func component(r *http.Request, name string) string {
	switch name {
	case `"@method"`:
		return r.Method
	case `"@authority"`:
		if r.Host != "" {
			return strings.ToLower(r.Host)
		}
		return strings.ToLower(r.URL.Host)
	case `"@path"`:
		return r.URL.EscapedPath()
	}
	return r.Header.Get(strings.Trim(name, `"`))
}

func contentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}
