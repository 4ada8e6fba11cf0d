package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"beian/config"
	"beian/internal/legacy/legacytest"
)

// legacySimCommand runs the made-up legacy platform by itself, for an API and workers
// in other processes.
type legacySimCommand struct {
	Port uint16 `default:"0" help:"Port on 127.0.0.1; 0 takes any."`
}

// prepare: it needs no keys and no public address, in whatever environment.
func (c *legacySimCommand) prepare(cfg *config.Config) { cfg.Environment = config.Development }

func (c *legacySimCommand) run(ctx context.Context, s session) error {
	sim, err := startLegacySim(net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.Port))), s.clock.now)
	if err != nil {
		return err
	}
	defer sim.close()
	key := legacytest.DemoKey()
	fmt.Fprintf(s.out, "BEIAN_LEGACY_URL=%s\nBEIAN_LEGACY_KEY_ID=%s\nBEIAN_LEGACY_SECRET=%s\n", sim.url(), key.ID, key.Secret())
	sim.welcome(s.err)
	return sim.run(ctx)
}
