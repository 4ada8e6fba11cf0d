package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"beian/config"
	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/internal/queue"
	"beian/internal/text"
	"beian/tasks"
)

// openLegacy prepares the connector to the legacy platform; nil without one (I2).
func (o *office) openLegacy() (*legacy.Connector, error) {
	if o.cfg.Legacy.URL == "" {
		return nil, nil //nolint:nilnil // legacy imports are then not offered
	}
	return legacy.New(legacy.Options{URL: o.cfg.Legacy.URL, Key: legacy.Key{ID: o.cfg.Legacy.KeyID, Secret: o.cfg.Legacy.Secret.Reveal},
		Now: o.clock, Log: o.log})
}

// examineLegacy asks whether the legacy platform answers and knows our key. It is
// away at times, so nothing about it is a fault.
func (o *office) examineLegacy(ctx context.Context) finding {
	if o.legacy == nil {
		return finding{Code: "LEGACY", Level: queue.LevelOK, Case: "none"}
	}
	values := text.Params{"url": o.cfg.Legacy.URL}
	err := o.legacy.Check(ctx)
	if err == nil {
		return healthy("LEGACY", values)
	}
	values["why"] = rootCause(err)
	var told *tasks.LegacyError
	if errors.As(err, &told) && told.Class == tasks.LegacyDown {
		return warned("LEGACY", "away", values)
	}
	return warned("LEGACY", "refused", values)
}

// legacyGauge is 1 while calls are kept away from the legacy platform.
func (o *office) legacyGauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "beian_legacy_breaker_open",
		Help: "1 while this process keeps calls away from a legacy platform that is down."}, func() float64 {
		if o.legacy != nil && o.legacy.BreakerOpen() {
			return 1
		}
		return 0
	})
}

// legacySim is a made-up legacy platform that listens.
type legacySim struct {
	listener net.Listener
	server   *http.Server
}

func startLegacySim(addr string, now func() time.Time) (*legacySim, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s for the made-up legacy platform: %w", addr, err)
	}
	return &legacySim{listener: l, server: &http.Server{Handler: legacytest.New(legacytest.Options{Now: now}), ReadHeaderTimeout: 5 * time.Second}}, nil
}

// standIn gives development a legacy platform where none is configured; nil
// otherwise.
func standIn(s *session) (*legacySim, error) {
	if s.cfg.Legacy.URL != "" {
		return nil, nil //nolint:nilnil // there is a real one
	}
	sim, err := startLegacySim("127.0.0.1:0", s.clock.now)
	if err != nil {
		return nil, err
	}
	key := legacytest.DemoKey()
	s.cfg.Legacy = config.Legacy{URL: sim.url(), KeyID: key.ID, Secret: config.NewSecret(key.Secret())}
	return sim, nil
}

func (l *legacySim) url() string { return "http://" + l.listener.Addr().String() }

func (l *legacySim) close() {
	if l != nil {
		_ = l.listener.Close() // it is closed already once run was
	}
}

// run answers until ctx ends.
func (l *legacySim) run(ctx context.Context) error {
	if l == nil {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { _ = l.server.Close() })
	defer stop()
	if err := l.server.Serve(l.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the made-up legacy platform: %w", err)
	}
	return nil
}

// welcome lists what can be tried.
func (l *legacySim) welcome(w io.Writer) {
	if l == nil {
		return
	}
	fmt.Fprintf(w, "a made-up legacy platform is at %s\npassword of all its logins: %s\n", l.url(), legacytest.Password)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, login := range legacytest.Logins() {
		fmt.Fprintf(table, "  %s\t%s\n", login.Name, login.English)
	}
	table.Flush()
	fmt.Fprintln(w)
}
