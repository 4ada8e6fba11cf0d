// Package store keeps the record in SQL: SQLite or PostgreSQL, one text. It is
// the only package that knows database/sql. Values that identify people are
// sealed on the way in and opened on the way out; look-ups go through keyed
// digests, so a stolen database tells nothing without its keys.
package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"beian/internal/failpoint"
	"beian/internal/vault"
	"beian/tasks"
)

// Options say where the record is and what guards it.
type Options struct {
	URL   string       // sqlite:///path/file.db or postgres://…
	Vault *vault.Vault // seals what is personal
	// Clock replaces SQLite's time, for tests and for `dev --now`; PostgreSQL
	// always uses its own.
	Clock func() time.Time
	// Connections is the size of PostgreSQL's pool; 0 means 16.
	Connections int
}

// Store is the record. It satisfies tasks.Store.
type Store struct {
	db      database
	vault   *vault.Vault
	posted  posted
	closing sync.Once
}

// posted collects the queues that got work since somebody asked.
type posted struct {
	mu     sync.Mutex
	queues map[tasks.Queue]bool
	signal chan struct{}
}

func newPosted() posted {
	return posted{queues: map[tasks.Queue]bool{}, signal: make(chan struct{}, 1)}
}

func (p *posted) tell(queues []tasks.Queue) {
	if len(queues) == 0 {
		return
	}
	p.mu.Lock()
	for _, q := range queues {
		p.queues[q] = true
	}
	p.mu.Unlock()
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

func (p *posted) take() []tasks.Queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	queues := slices.Collect(maps.Keys(p.queues))
	clear(p.queues)
	return queues
}

// database is what differs between the two engines: how a transaction runs, what
// time it is, and two clauses of SQL.
type database interface {
	view(ctx context.Context, fn func(*tx) error) error
	update(ctx context.Context, fn func(*tx) error) error
	// skipLocked is the clause that lets claimers pass each other.
	skipLocked() string
	classify(err error) failure
	ping(ctx context.Context) error
	close() error
	migrations() migrations
	name() string
}

// failure is what a database error means to us.
type failure int

const (
	failureOther failure = iota
	failureRace          // a constraint or a serialisation lost against another transaction
	failureLock          // waited too long for another transaction
	failureDown          // the database can't be reached or is full
)

// updateTries is how often a lost race is run again before it is a conflict.
const updateTries = 4

// Open connects to the record; it does not migrate it. Errors never hold the
// URL, which may hold a password.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{vault: o.Vault, posted: newPosted()}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite://"):
		s.db, err = openSQLite(ctx, s, o)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		s.db, err = openPostgres(ctx, s, o)
	default:
		return nil, errors.New("the database URL must begin with sqlite:// or postgres://")
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends every connection; once is as good as twice.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() { err = s.db.close() })
	return err
}

// Ping says whether the database answers; ErrUnavailable when not.
func (s *Store) Ping(ctx context.Context) error { return s.translate(s.db.ping(ctx)) }

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.db.name() }

// Posted receives a signal soon after work was committed to the outbox by this
// process, so that the relay beside it need not wait for its poll.
func (s *Store) Posted() <-chan struct{} { return s.posted.signal }

// PostedTo lists the queues that this was about, and forgets them.
func (s *Store) PostedTo() []tasks.Queue { return s.posted.take() }

// View runs fn on a consistent moment of SQLite; on PostgreSQL each statement
// sees its own.
func (s *Store) View(ctx context.Context, fn func(tasks.Tx) error) error {
	return s.translate(s.db.view(ctx, func(t *tx) error { return fn(t) }))
}

// Update runs fn in one transaction and commits it when fn returns nil. A lost
// race runs fn again.
func (s *Store) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	return s.update(ctx, func(t *tx) error { return fn(t) })
}

func (s *Store) update(ctx context.Context, fn func(*tx) error) error {
	var posted []tasks.Queue
	var err error
	for range updateTries {
		err = s.db.update(ctx, func(t *tx) error {
			err := fn(t)
			posted = t.posted
			failpoint.Hit(failpoint.BeforeCommit)
			return err
		})
		if err == nil || ctx.Err() != nil || s.db.classify(err) != failureRace {
			break
		}
	}
	if err == nil {
		failpoint.Hit(failpoint.AfterCommit)
		s.posted.tell(posted)
	}
	return s.translate(err)
}

// translate turns database errors into the kinds that callers act on.
func (s *Store) translate(err error) error {
	if err == nil || errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	switch s.db.classify(err) {
	case failureRace:
		return fmt.Errorf("%w: %w", tasks.ErrConflict, errRace)
	case failureLock:
		return tasks.ErrInFlight
	case failureDown:
		return tasks.ErrUnavailable
	}
	return err
}

// errRace replaces the driver's text, which may quote a value.
var errRace = errors.New("a concurrent transaction won")

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
