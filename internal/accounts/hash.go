package accounts

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one Argon2id hash costs.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// DefaultCost is the minimum of OWASP's password storage sheet: 19 MiB, two
// passes, one lane (trust.md, fixed numbers).
func DefaultCost() Cost { return Cost{Memory: 19456, Passes: 2, Lanes: 1} }

const (
	saltBytes = 16
	hashBytes = 32
	// A longer password is no password of ours; hashing it would only cost time.
	maxPasswordBytes = 1024
	// Bounds for stored parameters, against a row that asks for all memory.
	maxMemory, maxPasses, maxLanes = 1 << 18, 16, 16
)

// hasher hashes at most as many passwords at once as there are processors, since
// each takes a core and its memory.
type hasher struct {
	cost    Cost
	slots   chan struct{}
	entropy io.Reader
}

func newHasher(c Cost, entropy io.Reader) *hasher {
	return &hasher{cost: c, slots: make(chan struct{}, runtime.NumCPU()), entropy: entropy}
}

// hash gives the PHC string of a password with a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.entropy, salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	p := phc{cost: h.cost, salt: salt}
	var err error
	p.sum, err = h.run(ctx, p, password)
	return p.String(), err
}

// check compares a password with a PHC string. Without a readable one it works
// as long and says no, so that time does not tell whether a password is set.
// Stale asks for a new hash at the present cost.
func (h *hasher) check(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	p, known := parsePHC(stored)
	if !known || len(password) > maxPasswordBytes {
		password = password[:min(len(password), maxPasswordBytes)]
		p, known = phc{cost: h.cost, salt: make([]byte, saltBytes), sum: make([]byte, hashBytes)}, false
	}
	sum, err := h.run(ctx, p, password)
	if err != nil {
		return false, false, err
	}
	same := subtle.ConstantTimeCompare(sum, p.sum) == 1
	return same && known, p.cost != h.cost, nil
}

func (h *hasher) run(ctx context.Context, p phc, password string) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), p.salt, p.cost.Passes, p.cost.Memory, p.cost.Lanes, hashBytes), nil
}

// phc is a hash with its parameters, in the form of the PHC string format.
type phc struct {
	cost      Cost
	salt, sum []byte
}

// String is $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func (p phc) String() string {
	text := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.cost.Memory, p.cost.Passes, p.cost.Lanes,
		text(p.salt), text(p.sum))
}

func parsePHC(s string) (phc, bool) {
	var p phc
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, false
	}
	n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.cost.Memory, &p.cost.Passes, &p.cost.Lanes)
	if err != nil || n != 3 || !p.cost.bounded() {
		return p, false
	}
	var saltErr, sumErr error
	p.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[4])
	p.sum, sumErr = base64.RawStdEncoding.DecodeString(parts[5])
	return p, saltErr == nil && sumErr == nil && len(p.salt) >= 8 && len(p.sum) == hashBytes && p.String() == s
}

func (c Cost) bounded() bool {
	return c.Memory > 0 && c.Memory <= maxMemory && c.Passes > 0 && c.Passes <= maxPasses && c.Lanes > 0 && c.Lanes <= maxLanes
}
