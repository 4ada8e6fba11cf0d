package api

import (
	"context"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"beian/internal/filing"
	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

// oldPlatform is the legacy platform's simulator behind the real connector; it begins
// to listen when it is first asked.
type oldPlatform struct {
	sim  *legacytest.Simulator
	open func() *legacy.Connector
}

func newOldPlatform(t testing.TB) *oldPlatform {
	p := &oldPlatform{sim: legacytest.New(legacytest.Options{Sketch: true})}
	p.open = sync.OnceValue(func() *legacy.Connector {
		server := httptest.NewServer(p.sim)
		t.Cleanup(server.Close)
		c, err := legacy.New(legacy.Options{URL: server.URL, Key: legacytest.DemoKey(), Log: zerolog.Nop(), Jitter: func() float64 { return 0 }})
		if err != nil {
			panic(err) // the options are those above
		}
		return c
	})
	return p
}

func (p *oldPlatform) Open(ctx context.Context, c tasks.LegacyCredentials) (tasks.LegacyTicket, error) {
	return p.open().Open(ctx, c)
}

func (p *oldPlatform) Find(ctx context.Context, c filing.Certificate) (tasks.LegacyTicket, error) {
	return p.open().Find(ctx, c)
}

func (p *oldPlatform) Holdings(ctx context.Context, t tasks.LegacyTicket) (tasks.LegacyHoldings, error) {
	return p.open().Holdings(ctx, t)
}

func (p *oldPlatform) Material(ctx context.Context, t tasks.LegacyTicket, m tasks.LegacyMaterial) ([]byte, error) {
	return p.open().Material(ctx, t, m)
}

// away makes the platform refuse a route for as many tries as one call makes.
func (p *oldPlatform) away(route string) {
	p.sim.Inject(route, legacytest.Fault{Status: 503, Code: "UNAVAILABLE", RetryAfter: 60})
}
