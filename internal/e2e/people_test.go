package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
)

const password = "correct-horse-battery-2026"

// parties are the two accounts of one transfer. No two tests share any.
type parties struct {
	s                                *stage
	source, target                   string // logins
	sourcePhone, targetPhone, holder string // holder is the phone of the subject's principal
	icp, id                          string // id is the filing system's for the source
}

var partiesMade atomic.Int64

// newParties has the filing system tell the program of a source with one subject and a target with none.
func newParties(t *testing.T, s *stage) *parties {
	t.Helper()
	n := partiesMade.Add(1)
	p := &parties{s: s, source: fmt.Sprintf("source%d@example.com", n), target: fmt.Sprintf("target%d@example.com", n),
		sourcePhone: fmt.Sprintf("137000%05d", n), targetPhone: fmt.Sprintf("136000%05d", n), holder: fmt.Sprintf("135000%05d", n),
		icp: fmt.Sprintf("京ICP备2025%04d号", n), id: fmt.Sprintf("EA%d", n)}
	principal := map[string]any{"name": "林晓", "phone": p.holder}
	site := func(i int) map[string]any {
		return map[string]any{"type": "website", "external_id": fmt.Sprintf("EW%d-%d", n, i), "subject": fmt.Sprintf("ES%d", n), "name": "晓的网站",
			"domain": fmt.Sprintf("site%d-%d.example.com", n, i), "suffix": i, "principal": principal,
			"domain_account": p.id, "server_account": fmt.Sprintf("EX%d", n)}
	}
	s.tell(t,
		account(p.id, p.source, p.sourcePhone), account(fmt.Sprintf("EB%d", n), p.target, p.targetPhone),
		map[string]any{"type": "subject", "external_id": fmt.Sprintf("ES%d", n), "account": p.id, "nature": "individual",
			"name": "林晓", "certificate": map[string]any{"type": "id_card", "number": idNumber(n)}, "icp_number": p.icp, "principal": principal},
		site(1), site(2),
		map[string]any{"type": "record", "external_id": fmt.Sprintf("ER%d", n), "subject": fmt.Sprintf("ES%d", n), "kind": "document", "title": "身份证正面"})
	return p
}

func account(id, login, phone string) map[string]any {
	return map[string]any{"type": "account", "external_id": id, "site": "china", "status": "active", "login_email": login,
		"security_phone": phone, "lang": "zh-CN", "password_hash": passwordHash()}
}

// passwordHash is of low cost: the program accepts it and makes it dearer at the first sign-in.
func passwordHash() string {
	salt := sha256.Sum256([]byte("e2e"))
	key := argon2.IDKey([]byte(password), salt[:16], 1, 64, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", encode(salt[:16]), encode(key))
}

// idNumber is a made-up citizen's number with a right check digit (GB 11643).
func idNumber(n int64) string {
	born := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n))
	digits := "110105" + born.Format("20060102") + fmt.Sprintf("%03d", n%999+1)
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// tell hands facts to the program as the filing system does.
func (s *stage) tell(t *testing.T, facts ...map[string]any) {
	t.Helper()
	var lines strings.Builder
	for _, fact := range facts {
		line, err := json.Marshal(fact)
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/v1/accounts", strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Authorization", "Bearer "+apiKey)
	ask.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(body), `"refused":0,`) {
		t.Fatalf("the facts were not taken in: %v: %s", err, body)
	}
}

var (
	letterCode  = regexp.MustCompile(`data-copy="([0-9]{6})"`)
	freezeWord  = regexp.MustCompile(`data-copy="([0-9A-HJKMNP-TV-Z]{8})"`)
	letterWords = regexp.MustCompile(`(?s)<p class="words">(.*?)</p>`)
	marks       = regexp.MustCompile(`<[^>]*>`)
)

// inbox is everything one phone or mailbox received, as a page.
func (s *stage) inbox(t *testing.T, to string) string {
	t.Helper()
	answer, err := http.Get(s.base + "/inbox?to=" + url.QueryEscape(to))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the inbox answers %d: %v", answer.StatusCode, err)
	}
	return string(body)
}

// read waits for the newest thing of a kind in somebody's inbox.
func (s *stage) read(t *testing.T, to string, what *regexp.Regexp) string {
	t.Helper()
	found := ""
	until(t, what.String()+" in the inbox of "+to, func() bool {
		if m := what.FindStringSubmatch(s.inbox(t, to)); m != nil {
			found = m[1]
		}
		return found != ""
	})
	return found
}

// code is the newest security code that a phone received, once it received as many as said.
func (s *stage) code(t *testing.T, phone string, count int) string {
	t.Helper()
	var all [][]string
	until(t, fmt.Sprintf("%d codes for %s", count, phone), func() bool {
		all = letterCode.FindAllStringSubmatch(s.inbox(t, phone), -1)
		return len(all) >= count
	})
	return all[0][1]
}

// received waits for a message with these words.
func (s *stage) received(t *testing.T, to, words string) {
	t.Helper()
	until(t, words+" in the inbox of "+to, func() bool {
		for _, m := range letterWords.FindAllStringSubmatch(s.inbox(t, to), -1) {
			if strings.Contains(html.UnescapeString(marks.ReplaceAllString(m[1], "")), words) {
				return true
			}
		}
		return false
	})
}

// message is how a message begins in the visitor's language.
func (v *visitor) message(key string) string {
	words, _, _ := strings.Cut(v.says(key), "!{") // a value that is not given
	return strings.TrimSpace(words)
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
