package e2e

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// command runs the program beside the one that serves, as an operator does.
func (s *stage) command(t *testing.T, in string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.binary, append(args, "--data-dir", s.data, "--env", "development")...)
	command.Stdin = strings.NewReader(in)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return string(out)
}

// hire adds a member of staff, who signs in with the password of the demonstration.
func (s *stage) hire(t *testing.T, login, role string) string {
	t.Helper()
	s.command(t, demoPassword, "staff", "add", login, "--name", login, "--role", role)
	return login
}

// staffOf adds a member of staff with an authenticator and returns its secret and recovery codes.
func (s *stage) staffOf(t *testing.T, login string) (secret string, codes []string) {
	t.Helper()
	s.hire(t, login, "auditor")
	lines := strings.Fields(s.command(t, "", "staff", "totp", login))
	address, err := url.Parse(lines[0])
	if err != nil || len(lines) != 11 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	return address.Query().Get("secret"), lines[1:]
}

// shown is what an authenticator shows now (RFC 6238).
func shown(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha1.New, key)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := h.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

func TestStaffWithAnAuthenticatorNeedItsCode(t *testing.T) {
	t.Parallel()
	inEach(t, []manner{{"zh-CN", true, 360}, {"en", false, 1280}}, func(t *testing.T, s *stage, m manner) {
		login := "factor-" + strings.ToLower(string(m.lang))
		secret, codes := s.staffOf(t, login)
		for _, code := range []func() string{func() string { return shown(t, secret) }, func() string { return codes[7] }} {
			v := s.visitor(t, m)
			v.open("/ops/sign-in")
			v.fill("#staff_login", login)
			v.fill("#password", demoPassword)
			v.press(`main form .actions .button`)
			v.sees("ops.second.lead")
			v.look("ops-second")
			v.fill("#staff_code", "000000")
			v.press(`main form .actions .button`)
			v.wrong("staff_code")
			v.look("ops-second-wrong")
			v.fill("#staff_code", code())
			v.press(`main form .actions .button`)
			v.holds(`location.pathname === "/ops"`)
		}
	})
}
