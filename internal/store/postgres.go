package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresDB is the engine for several machines.
type postgresDB struct {
	s     *Store
	pool  *sql.DB
	known *phrases
}

func openPostgres(ctx context.Context, s *Store, o Options) (*postgresDB, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL can't be parsed")
	}
	cfg.RuntimeParams["lock_timeout"] = "3s"
	cfg.RuntimeParams["idle_in_transaction_session_timeout"] = "10s" // a frozen worker must not hold locks (R13)
	cfg.RuntimeParams["statement_timeout"] = "30s"
	cfg.ConnectTimeout = 2 * time.Second
	size := o.Connections
	if size == 0 {
		size = 16
	}
	d := &postgresDB{s: s, known: &phrases{}}
	pool := gentlePool(stdlib.GetConnector(*cfg), size, d.known.teach)
	d.pool = pool
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, errors.New("PostgreSQL does not answer")
	}
	return d, nil
}

// dbTimeout is how long a transaction may wait for a connection and run when its
// caller set no time of its own: a request is answered within three seconds
// although the database is frozen (R8).
const dbTimeout = 2500 * time.Millisecond

// slowTimeout is for work on many rows: imports, purges, verification.
const slowTimeout = 10 * time.Minute

func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, set := ctx.Deadline(); set {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

func (d *postgresDB) view(ctx context.Context, fn func(*tx) error) error {
	ctx, cancel := bounded(ctx, dbTimeout)
	defer cancel()
	return d.on(ctx, func(c *pgx.Conn) error {
		q := &pipeline{ctx: ctx, conn: c, known: d.known}
		return q.result(fn(&tx{s: d.s, q: q}))
	})
}

func (d *postgresDB) update(ctx context.Context, fn func(*tx) error) error {
	ctx, cancel := bounded(ctx, dbTimeout)
	defer cancel()
	return d.on(ctx, func(c *pgx.Conn) error {
		q := &pipeline{ctx: ctx, conn: c, known: d.known, writes: true}
		// After a commit this does nothing; otherwise it must work although ctx ended.
		defer q.rollback()
		if err := q.result(fn(&tx{s: d.s, q: q})); err != nil {
			return err
		}
		return q.commit()
	})
}

// on runs fn with a connection of the pool. One that fn leaves in the middle of a
// transaction, or broken, is not used again.
func (d *postgresDB) on(ctx context.Context, fn func(*pgx.Conn) error) error {
	c, err := d.pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Raw(func(driver any) error { return fn(driver.(*stdlib.Conn).Conn()) })
}

func (d *postgresDB) skipLocked() string { return " FOR UPDATE SKIP LOCKED" }

func (d *postgresDB) name() string { return "postgres" }

func (d *postgresDB) ping(ctx context.Context) error { return d.pool.PingContext(ctx) }

func (d *postgresDB) close() error { return d.pool.Close() }

// classify goes by SQLSTATE: classes 40 and 23505 are lost races, 55P03 and
// 57014 waits, classes 08, 53 and 57P an engine that is away or full.
func (d *postgresDB) classify(err error) failure {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		var network net.Error
		if errors.As(err, &network) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) || pgconn.SafeToRetry(err) || isConnectError(err) {
			return failureDown
		}
		return failureOther
	}
	switch {
	case pg.Code == "23505" || strings.HasPrefix(pg.Code, "40"):
		return failureRace
	case pg.Code == "55P03":
		return failureLock
	case strings.HasPrefix(pg.Code, "08"), strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57P"),
		pg.Code == "57014", pg.Code == "25P03", pg.Code == "25006":
		return failureDown
	}
	return failureOther
}

func isConnectError(err error) bool {
	var c *pgconn.ConnectError
	return errors.As(err, &c) || strings.Contains(fmt.Sprint(err), "unexpected EOF") || errors.Is(err, context.DeadlineExceeded)
}
