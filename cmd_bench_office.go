package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"beian/config"
	"beian/internal/accounts"
	"beian/internal/bench"
	"beian/internal/filing"
	"beian/internal/intake"
	"beian/tasks"
)

// engine is a database to measure on.
type engine struct {
	name string // sqlite or postgres
	goal float64
}

// engines are those that can be measured here, with the least part of the limit
// that submitting must reach.
func (b *workbench) engines() []engine {
	list := []engine{{"sqlite", 0.5}}
	if b.admin != "" {
		list = append(list, engine{"postgres", 0.7})
	}
	return list
}

// database makes an empty database of an engine, and says how to remove it.
func (b *workbench) database(ctx context.Context, engine, name string) (url string, drop func(context.Context) error, err error) {
	if engine == "sqlite" {
		return "sqlite://" + filepath.Join(b.dir, name+".db"), func(context.Context) error { return nil }, nil
	}
	return bench.CreateDatabase(ctx, b.admin)
}

// withOffice opens an office on a database of its own and migrates it. Nothing of
// the operator's settings but the pace of the workers counts: a benchmark must
// touch neither their data nor their queue.
func (b *workbench) withOffice(ctx context.Context, engine, name string, fn func(*office, string) error) (err error) {
	url, drop, err := b.database(ctx, engine, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop(context.WithoutCancel(ctx))) }()
	s := b.session
	s.cfg = config.Config{
		Environment: config.Development, HTTPAddr: "127.0.0.1:0", DataDir: filepath.Join(b.dir, name), DatabaseURL: config.NewURL(url),
		SMSProvider: "inbox", LogLevel: "error", LogFormat: "json", Worker: s.cfg.Worker,
		Policy: config.Policy{RealName: "off", TargetAcceptance: "off", TargetWindow: 72 * time.Hour, SubjectsPerAccount: 1},
	}
	return withOffice(ctx, s, func(o *office) error {
		if _, err := o.store.Migrate(ctx); err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		if err := o.ready(ctx); err != nil {
			return err
		}
		return fn(o, url)
	})
}

// while runs parts of a process beside fn and ends them after it.
func (o *office) while(ctx context.Context, fn func(context.Context) error, parts ...func(*office, context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, running := errgroup.WithContext(ctx)
	for _, part := range parts {
		g.Go(func() error { return part(o, running) })
	}
	err := fn(running)
	stop()
	return errors.Join(err, g.Wait())
}

// open opens the API and the pages on a free port.
func (o *office) open() (address string, serve func(*office, context.Context) error, err error) {
	server, err := o.server()
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", o.cfg.HTTPAddr)
	if err != nil {
		return "", nil, fmt.Errorf("listening: %w", err)
	}
	return listener.Addr().String(), func(_ *office, ctx context.Context) error { return server.Serve(ctx, listener) }, nil
}

// counter opens the API, and so many connections to it.
func (o *office) counter(connections int) (wire *bench.Wire, serve func(*office, context.Context) error, err error) {
	address, serve, err := o.open()
	if err != nil {
		return nil, nil, err
	}
	return bench.NewWire(address, connections), serve, nil
}

// crowd are made-up people with a session each.
type crowd struct {
	span   bench.Span
	ids    []string // of the givers' accounts
	tokens []string
}

// sessionsAtOnce is how many sessions one transaction begins.
const sessionsAtOnce = 500

// welcomeCrowd imports people, and lets each giver sign in.
func (o *office) welcomeCrowd(ctx context.Context, span bench.Span) (crowd, error) {
	c := crowd{span: span, ids: make([]string, span.Count), tokens: make([]string, span.Count)}
	report, err := intake.Run(ctx, o.store, bench.People(span), intake.Options{})
	if err != nil {
		return c, fmt.Errorf("importing made-up people: %w", err)
	}
	if report.Refused > 0 {
		return c, fmt.Errorf("%d made-up lines were refused, the first: %+v", report.Refused, report.Faults[0])
	}
	for from := 0; from < span.Count; from += sessionsAtOnce {
		err := o.store.Accounts().Update(ctx, func(tx accounts.Tx) error {
			return c.signIn(ctx, tx, bench.Span{From: from, Count: min(sessionsAtOnce, span.Count-from)})
		})
		if err != nil {
			return c, fmt.Errorf("beginning sessions: %w", err)
		}
	}
	return c, nil
}

// signIn begins a session for some of the givers.
func (c *crowd) signIn(ctx context.Context, tx accounts.Tx, some bench.Span) error {
	for i := some.From; i < some.From+some.Count; i++ {
		login, err := filing.ParseEmail(bench.Person(c.span.From + i).Giver())
		if err != nil {
			return err
		}
		account, err := tx.Credential(ctx, login)
		if err != nil {
			return err
		}
		c.ids[i], c.tokens[i] = account.AccountID, rand.Text()
		sum := sha256.Sum256([]byte(c.tokens[i]))
		err = tx.AddSession(ctx, accounts.Session{ID: random{}.ID(), AccountID: account.AccountID, CreatedAt: tx.Now(), SeenAt: tx.Now(),
			ExpiresAt: tx.Now().Add(time.Hour)}, hex.EncodeToString(sum[:]))
		if err != nil {
			return err
		}
	}
	return nil
}

// submit makes the i-th giver's request.
func (c crowd) submit(i int) bench.Call {
	p := bench.Person(c.span.From + i)
	return bench.Call{Path: "/v1/transfers", Token: c.tokens[i], Key: rand.Text(),
		Body: fmt.Sprintf(`{"target":%q,"target_phone4":%q,"consent":true}`, p.Taker(), p.TakerDigits())}
}

// code reads the code that went to a giver's phone the way the house derives it.
func (o *office) code(ctx context.Context, receipt string) (digits string, err error) {
	err = o.store.View(ctx, func(tx tasks.Tx) error {
		job, err := tx.Job(ctx, receipt, tasks.Viewer{System: true})
		if err != nil {
			return err
		}
		code, err := tx.Code(ctx, job.ID, tasks.PurposeGive)
		digits = o.vault.Digits(code.ID)
		return err
	})
	return digits, err
}
