package legacy

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"beian/internal/filing"
	"beian/internal/traces"
	"beian/tasks"
)

// MaxMaterial is the largest picture that is taken, in bytes (L4).
const MaxMaterial = 10 << 20

const (
	maxSession  = 16 << 10
	maxHoldings = 4 << 20
)

// How long the calls may take. A sign-in has somebody waiting before a page.
func signInPatience() patience   { return patience{try: 5 * time.Second, all: 8 * time.Second} }
func holdingsPatience() patience { return patience{try: 10 * time.Second, all: 20 * time.Second} }
func materialPatience() patience { return patience{try: 15 * time.Second, all: 30 * time.Second} }

// Connector is a tasks.Legacy over HTTP. One serves a whole process: its calls share
// connections and the breaker.
type Connector struct {
	base    *url.URL
	key     Key
	client  *http.Client
	breaker *breaker
	now     func() time.Time
	jitter  func() float64
	log     zerolog.Logger
}

var _ tasks.Legacy = (*Connector)(nil)

// Options say where the platform is. URL is absolute http or https and may have a
// path. Transport is Go's by default. Now is the clock that requests are signed by,
// time.Now by default; Jitter gives numbers from 0 to 1, random ones by default.
type Options struct {
	URL       string
	Key       Key
	Transport http.RoundTripper
	Now       func() time.Time
	Jitter    func() float64
	Log       zerolog.Logger
}

// New checks the options; it asks the platform nothing.
func New(o Options) (*Connector, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the legacy platform's address must be an absolute http or https URL")
	}
	if o.Key.ID == "" || o.Key.Secret == nil || o.Key.Secret() == "" {
		return nil, errors.New("the legacy platform needs a key")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a password goes nowhere else
	return &Connector{base: base, key: o.Key, client: &http.Client{Transport: traces.Outgoing(o.Transport), CheckRedirect: stay},
		breaker: newBreaker(o.Log), now: o.Now, jitter: o.Jitter, log: o.Log}, nil
}

// Open implements tasks.Legacy. It is tried again only when the platform did not look
// at the password (I3).
func (c *Connector) Open(ctx context.Context, given tasks.LegacyCredentials) (tasks.LegacyTicket, error) {
	return c.ticket(ctx, call{name: "sessions", path: []string{"v1", "sessions"}, counts: true}, map[string]any{
		"login": given.Login, "password": given.Password})
}

// Find implements tasks.Legacy.
func (c *Connector) Find(ctx context.Context, certificate filing.Certificate) (tasks.LegacyTicket, error) {
	return c.ticket(ctx, call{name: "grants", path: []string{"v1", "grants"}}, map[string]any{
		"certificate": map[string]string{"type": string(certificate.Type), "number": certificate.Reveal()}})
}

func (c *Connector) ticket(ctx context.Context, k call, question map[string]any) (tasks.LegacyTicket, error) {
	var err error
	if k.body, err = json.Marshal(question); err != nil {
		return tasks.LegacyTicket{}, &broken("REQUEST").told
	}
	k.method, k.patience, k.most = http.MethodPost, signInPatience(), maxSession
	answer, err := c.ask(ctx, k)
	if err != nil {
		return tasks.LegacyTicket{}, err
	}
	t, ok := decodeTicket(answer)
	if !ok || !t.ExpiresAt.After(c.now()) {
		return tasks.LegacyTicket{}, &broken("ANSWER_INVALID").told
	}
	return t, nil
}

// Holdings implements tasks.Legacy. Records that can't be read are faults of it.
func (c *Connector) Holdings(ctx context.Context, t tasks.LegacyTicket) (tasks.LegacyHoldings, error) {
	answer, err := c.ask(ctx, call{name: "holdings", method: http.MethodGet, path: []string{"v1", "holdings"}, ticket: t.Token,
		patience: holdingsPatience(), most: maxHoldings})
	if err != nil {
		return tasks.LegacyHoldings{}, err
	}
	h, code := decodeHoldings(answer, t.Account)
	if code != "" {
		return tasks.LegacyHoldings{}, &broken(code).told
	}
	return h, nil
}

// Material implements tasks.Legacy.
func (c *Connector) Material(ctx context.Context, t tasks.LegacyTicket, m tasks.LegacyMaterial) ([]byte, error) {
	picture, err := c.ask(ctx, call{name: "materials", method: http.MethodGet, path: []string{"v1", "materials", m.ID}, ticket: t.Token,
		patience: materialPatience(), most: MaxMaterial})
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(picture); subtle.ConstantTimeCompare(sum[:], m.SHA256) != 1 {
		return nil, &broken("DIGEST_DIFFERS").told
	}
	return picture, nil
}

// Check asks the platform for nothing: it is well when it answers, trusts our key,
// and does not know a ticket that does not exist.
func (c *Connector) Check(ctx context.Context) error {
	_, err := c.Holdings(ctx, tasks.LegacyTicket{Token: "no-ticket-at-all"})
	var told *tasks.LegacyError
	if errors.As(err, &told) && told.Class == tasks.LegacyUnknown {
		return nil
	}
	return err
}
