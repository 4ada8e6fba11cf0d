package sms

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

const (
	tencentAlgorithm = "TC3-HMAC-SHA256"
	tencentSigned    = "content-type;host"
)

// tencent signs a request as TC3-HMAC-SHA256 for a service (cloud.tencent.com,
// signature method v3): content type, host and the digest of the body.
func (s signing) tencent(r *http.Request, body []byte) {
	day, seconds := s.at.UTC().Format("2006-01-02"), strconv.FormatInt(s.at.Unix(), 10)
	scope := day + "/" + s.service + "/tc3_request"
	canonical := strings.Join([]string{r.Method, "/", "", headerLines(r, strings.Split(tencentSigned, ";")), tencentSigned, digest(body)}, "\n")
	toSign := strings.Join([]string{tencentAlgorithm, seconds, scope, digest([]byte(canonical))}, "\n")
	key := []byte("TC3" + s.keys.Secret)
	for _, part := range []string{day, s.service, "tc3_request"} {
		key = hmacOf(key, part)
	}
	r.Header.Set("X-TC-Timestamp", seconds)
	r.Header.Set("Authorization", tencentAlgorithm+" Credential="+s.keys.ID+"/"+scope+", SignedHeaders="+tencentSigned+
		", Signature="+hex.EncodeToString(hmacOf(key, toSign)))
}
