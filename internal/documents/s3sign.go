package documents

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signature is AWS Signature Version 4 in its header form
// (docs.aws.amazon.com, "Authenticating Requests: Using the Authorization Header").
type signature struct {
	key, secret, region string
	at                  time.Time
}

const (
	sigAlgorithm = "AWS4-HMAC-SHA256"
	sigService   = "s3"
	sigDay       = "20060102"
	sigTime      = "20060102T150405Z"
)

// sign adds the date, the body's digest and the authorization. Every header that
// the request has by then is signed, and the host.
func (s signature) sign(req *http.Request, body []byte) {
	digest := sha256.Sum256(body)
	req.Header.Set("x-amz-content-sha256", hex.EncodeToString(digest[:]))
	req.Header.Set("x-amz-date", s.at.UTC().Format(sigTime))
	names, headers := signedHeaders(req)
	canonical := strings.Join([]string{req.Method, s3Escape(req.URL.Path), canonicalQuery(req.URL), headers, names, hex.EncodeToString(digest[:])}, "\n")
	hashed := sha256.Sum256([]byte(canonical))
	scope := strings.Join([]string{s.at.UTC().Format(sigDay), s.region, sigService, "aws4_request"}, "/")
	toSign := strings.Join([]string{sigAlgorithm, s.at.UTC().Format(sigTime), scope, hex.EncodeToString(hashed[:])}, "\n")
	key := []byte("AWS4" + s.secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	req.Header.Set("Authorization", sigAlgorithm+" Credential="+s.key+"/"+scope+",SignedHeaders="+names+",Signature="+hex.EncodeToString(mac(key, toSign)))
}

func mac(key []byte, part string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(part))
	return h.Sum(nil)
}

func signedHeaders(req *http.Request) (names, lines string) {
	values := map[string]string{"host": req.URL.Host}
	for name, v := range req.Header {
		values[strings.ToLower(name)] = strings.TrimSpace(strings.Join(v, ","))
	}
	var sorted []string
	for name := range values {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var out strings.Builder
	for _, name := range sorted {
		out.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(sorted, ";"), out.String()
}

// canonicalQuery sorts by name, which url.Values.Encode does too, and writes
// blanks as %20 and an absent value as an empty one.
func canonicalQuery(u *url.URL) string { return strings.ReplaceAll(u.Query().Encode(), "+", "%20") }

// s3Escape is the service's own encoding of a path: all but letters, digits,
// - . _ ~ and / as %XX.
func s3Escape(path string) string {
	const hexDigits = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(path) {
		c := path[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/", c) >= 0 {
			out.WriteByte(c)
			continue
		}
		out.WriteString("%" + string(hexDigits[c>>4]) + string(hexDigits[c&15]))
	}
	return out.String()
}
