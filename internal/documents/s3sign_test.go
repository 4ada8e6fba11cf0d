package documents

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The examples of AWS's page "Signature Calculations for the Authorization
// Header: Transferring Payload in a Single Chunk".
func TestSignaturesAreThoseOfAWSsExamples(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, url, body, want string
		headers                 map[string]string
	}{
		"get an object": {"GET", "https://examplebucket.s3.amazonaws.com/test.txt", "", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
			map[string]string{"Range": "bytes=0-9"}},
		"put an object": {"PUT", "https://examplebucket.s3.amazonaws.com/test$file.text", "Welcome to Amazon S3.", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
			map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}},
		"a query without value": {"GET", "https://examplebucket.s3.amazonaws.com/?lifecycle", "", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", nil},
		"list objects":          {"GET", "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", "", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", nil},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range c.headers {
			req.Header.Set(k, v)
		}
		s := signature{key: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", region: "us-east-1", at: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)}
		s.sign(req, []byte(c.body))
		if got := req.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
