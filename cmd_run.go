package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"beian/config"
	"beian/internal/dashboard"
	"beian/internal/queue"
	"beian/worker"
)

// apiCommand serves the API, the pages and the dashboard, and relays what it
// accepted.
type apiCommand struct{}

func (c *apiCommand) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		if err := o.ready(ctx); err != nil {
			return err
		}
		if err := o.connect(ctx); err != nil {
			return err
		}
		return o.serve(ctx, (*office).runRelay, (*office).runAPI)
	})
}

// workerCommand carries out tasks, relays, reconciles and does the chores.
type workerCommand struct{}

func (c *workerCommand) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		if err := o.ready(ctx); err != nil {
			return err
		}
		if err := o.connect(ctx); err != nil {
			return err
		}
		return o.serve(ctx, (*office).runRelay, (*office).runWorker, (*office).runChores, (*office).runMetrics)
	})
}

// devCommand is the whole office in one process, for a first look and for
// development.
type devCommand struct {
	NoDemo bool    `help:"Do not add demo accounts on the first start."`
	Now    string  `placeholder:"MOMENT" help:"Begin at this date or moment (2026-03-02 or RFC 3339). SQLite only; meant for a data directory of its own."`
	Speed  float64 `default:"1" help:"Let time run so many times faster, up to 3600. SQLite only."`
}

func (c *devCommand) prepare(cfg *config.Config) { cfg.Environment = config.Development }

func (c *devCommand) run(ctx context.Context, s session) (err error) {
	if s.clock, err = clockOf(c.Now, c.Speed, s.cfg); err != nil {
		return err
	}
	s.cfg.Policy = withoutHold(s)
	sim, err := standIn(&s)
	if err != nil {
		return err
	}
	defer sim.close()
	return withOffice(ctx, s, func(o *office) error {
		steps, err := o.store.Migrate(ctx)
		if err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		if err := o.ready(ctx); err != nil {
			return err
		}
		if len(steps) > 0 && !c.NoDemo {
			if err := o.seed(ctx); err != nil {
				return fmt.Errorf("adding demo data: %w", err)
			}
		}
		if err := o.connect(ctx); err != nil {
			return err
		}
		if !c.NoDemo {
			o.welcome(s.err)
			sim.welcome(s.err)
		}
		parts := []func(*office, context.Context) error{(*office).runRelay, (*office).runWorker, (*office).runChores, (*office).runAPI,
			func(_ *office, ctx context.Context) error { return sim.run(ctx) }}
		if !c.NoDemo {
			parts = append(parts, (*office).runDemo)
		}
		return o.serve(ctx, parts...)
	})
}

// withoutHold: in development a reset takes effect at once, unless somebody said
// how long it waits (L8).
func withoutHold(s session) config.Policy {
	p := s.cfg.Policy
	if s.loader.IsDefault("BEIAN_POLICY_HOLD") && s.loader.IsDefault("BEIAN_POLICY_LONG_HOLD") {
		p.Hold, p.LongHold = 0, 0
	}
	return p
}

// serve runs the parts of a process until ctx ends or one of them fails. The
// second interrupt kills.
func (o *office) serve(ctx context.Context, parts ...func(*office, context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, part := range append(parts, (*office).keepKeys) {
		g.Go(func() error { return part(o, ctx) })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// runRelay carries the outbox to Redis and keeps both in agreement.
func (o *office) runRelay(ctx context.Context) error {
	relay := queue.NewRelay(o.store, o.redis.Front(), o.log).AtSpeed(o.time.speed)
	reconcile := queue.NewReconcile(o.store, o.redis.Front(), relay, o.log)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return relay.Run(ctx) })
	g.Go(func() error { return reconcile.Run(ctx) })
	return g.Wait()
}

// runChores posts what recurs, and looks after overdue reviews.
func (o *office) runChores(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return queue.RunChores(ctx, o.store, o.holder, duties(), o.log) })
	g.Go(func() error { return o.sweepCards(ctx) })
	g.Go(func() error { return o.keepCalendar(ctx) })
	return g.Wait()
}

// sweepEvery is how often overdue reviews are looked for, by the office's clock.
// A clock that runs fast is followed, but not faster than a database likes.
const (
	sweepEvery  = time.Minute
	sweepAtMost = time.Second
)

// sweepCards is the second path of every review's threshold (V3). It does not go
// through Redis, which is what may have failed; that several processes sweep is
// harmless.
func (o *office) sweepCards(ctx context.Context) error {
	tick := time.NewTicker(max(sweepAtMost, time.Duration(float64(sweepEvery)/o.time.speed)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			n, err := o.desk.SweepCards(ctx)
			if err != nil && ctx.Err() == nil {
				o.log.Warn().Err(err).Msg("overdue reviews were not looked at; the next minute does it")
			}
			if n > 0 {
				o.log.Warn().Int("cards", n).Msg("review cards were overdue and are moved by the sweep")
			}
		}
	}
}

// runWorker takes deliveries until ctx ends, then lets running steps finish.
func (o *office) runWorker(ctx context.Context) error {
	w := worker.New(worker.Parts{
		Desk: o.desk, Undertaker: o.store, Decode: queue.Decode, Redis: o.redis.Worker(), Log: o.log,
		AsynqLog: queue.AsynqLogger(o.log), Concurrency: o.cfg.Worker.Concurrency, Poll: o.cfg.Worker.QueuePoll,
		Grace: o.cfg.Worker.ShutdownTimeout * 6 / 10, Observe: o.delivered, Result: o.cardResult, Speed: o.time.speed, Tracer: o.tracer,
	})
	if err := w.Start(); err != nil {
		return err
	}
	<-ctx.Done()
	w.Stop()
	return nil
}

// runAPI listens until ctx ends, then lets running requests finish. Paused queues
// resume from here, so that the dashboard's promise does not depend on a queue.
func (o *office) runAPI(ctx context.Context) error {
	server, err := o.server()
	if err != nil {
		return err
	}
	listener, err := listen(o.cfg.HTTPAddr)
	if err != nil {
		return err
	}
	o.log.Info().Str("addr", listener.Addr().String()).Msg("listening")
	close(o.listening)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Serve(ctx, listener) })
	if o.cfg.MetricsAddr != "" {
		separate, err := listen(o.cfg.MetricsAddr)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		g.Go(func() error { return serveMetrics(ctx, separate, o.metrics.handler()) })
	}
	g.Go(func() error { return o.resumeQueues(ctx) })
	g.Go(func() error { return o.watchCalendar(ctx) })
	return g.Wait()
}

func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; choose another address with --http-addr or BEIAN_HTTP_ADDR", addr, err)
	}
	return l, nil
}

// runMetrics shows what a worker measures, where an address is set for it.
func (o *office) runMetrics(ctx context.Context) error {
	addr := o.cfg.Worker.MetricsAddr
	if addr == "" {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w; choose another address with --worker-metrics-addr or BEIAN_WORKER_METRICS_ADDR", addr, err)
	}
	return serveMetrics(ctx, l, o.metrics.handler())
}

func serveMetrics(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving metrics: %w", err)
	}
	return nil
}

func (o *office) resumeQueues(ctx context.Context) error {
	pauses := dashboard.NewPauses(dashboard.Parts{Redis: o.redis.Front(), Audit: o.auditDashboard, Log: o.log, Now: o.clock})
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := pauses.ResumeOverdue(ctx); err != nil && ctx.Err() == nil {
				o.log.Warn().Err(err).Msg("paused queues were not looked at; the next minute does it")
			}
		}
	}
}
