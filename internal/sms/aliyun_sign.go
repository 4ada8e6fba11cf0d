package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Keys are what a provider knows us by. They are never printed.
type Keys struct{ ID, Secret string }

// String says only that there are keys.
func (Keys) String() string { return "keys" }

// GoString is String.
func (k Keys) GoString() string { return k.String() }

const aliyunAlgorithm = "ACS3-HMAC-SHA256"

// signing is what a signature is made with besides the request.
type signing struct {
	keys    Keys
	at      time.Time
	nonce   string // Aliyun's
	service string // Tencent Cloud's
}

// aliyun signs a request as ACS3-HMAC-SHA256 (help.aliyun.com, V3 request body
// and signature): host, content type and every x-acs header are signed, the body by
// its digest. The action and version headers must be set.
func (s signing) aliyun(r *http.Request, body []byte) {
	r.Header.Set("x-acs-date", s.at.UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-signature-nonce", s.nonce)
	r.Header.Set("x-acs-content-sha256", digest(body))
	names := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, headerLines(r, names), signed, digest(body)}, "\n")
	signature := hex.EncodeToString(hmacOf([]byte(s.keys.Secret), aliyunAlgorithm+"\n"+digest([]byte(canonical))))
	r.Header.Set("Authorization", aliyunAlgorithm+" Credential="+s.keys.ID+",SignedHeaders="+signed+",Signature="+signature)
}

// headerLines lists headers as both providers' signatures want them.
func headerLines(r *http.Request, names []string) string {
	var out strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		out.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	return out.String()
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
