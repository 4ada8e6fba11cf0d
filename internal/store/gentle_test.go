package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"beian/internal/testenv"
)

// narrow is a server that opens one connection at a time and takes a moment for it.
type narrow struct {
	driver.Connector
	door   sync.Mutex
	asking atomic.Int32
	most   atomic.Int32
	opened atomic.Int32
	shut   atomic.Bool
}

func (n *narrow) Connect(ctx context.Context) (driver.Conn, error) {
	n.most.Store(max(n.most.Load(), n.asking.Add(1)))
	defer n.asking.Add(-1)
	if n.shut.Load() {
		return nil, errors.New("nobody listens")
	}
	n.door.Lock()
	defer n.door.Unlock()
	n.opened.Add(1)
	return n.Connector.Connect(ctx)
}

func narrowPool(t *testing.T, size int) (*narrow, *sql.DB) {
	t.Helper()
	return narrowPoolOf(t, size, &phrases{})
}

func narrowPoolOf(t *testing.T, size int, known *phrases) (*narrow, *sql.DB) {
	t.Helper()
	cfg, err := pgx.ParseConfig(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	n := &narrow{Connector: stdlib.GetConnector(*cfg)}
	pool := gentlePool(n, size, known.teach)
	t.Cleanup(func() { pool.Close() })
	return n, pool
}

// busy has as many transactions at once, and gives the errors.
func busy(ctx context.Context, pool *sql.DB, many int) error {
	return errors.Join(atOnce(many, func(int) error {
		_, err := pool.ExecContext(ctx, `SELECT pg_sleep(0.005)`)
		return err
	})...)
}

func TestAPoolGrowsByOneConnectionAtATime(t *testing.T) {
	t.Parallel()
	const size = 6
	n, pool := narrowPool(t, size)
	for range 50 { // until it has grown
		if err := busy(t.Context(), pool, 40); err != nil {
			t.Fatal(err)
		}
		if pool.Stats().OpenConnections == size {
			break
		}
	}
	if open, most := pool.Stats().OpenConnections, n.most.Load(); open != size || most > 2 {
		t.Errorf("%d connections of %d stand; %d were asked for at once", open, size, most)
	}
	if err := busy(t.Context(), pool, 40); err != nil || n.opened.Load() > size+1 {
		t.Errorf("%d connections were opened for %d, %v", n.opened.Load(), size, err)
	}
}

func TestAPoolThatIsRefusedStartsSmallAgain(t *testing.T) {
	t.Parallel()
	n, pool := narrowPool(t, 8)
	for pool.Stats().OpenConnections < 8 {
		if err := busy(t.Context(), pool, 40); err != nil {
			t.Fatal(err)
		}
	}
	n.shut.Store(true)
	if _, err := pool.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	for pool.Stats().MaxOpenConnections > 1 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_ = busy(ctx, pool, 10)
		cancel()
		if t.Context().Err() != nil {
			t.Fatal("it stays large")
		}
	}
	n.shut.Store(false)
	n.most.Store(0)
	if err := busy(t.Context(), pool, 40); err != nil || n.most.Load() > 2 {
		t.Errorf("%d connections were asked for at once, %v", n.most.Load(), err)
	}
}

// A connection that nobody waited for knows what the others have said.
func TestASpareConnectionKnowsTheStatements(t *testing.T) {
	t.Parallel()
	known := &phrases{}
	for _, text := range []string{`SELECT 1 AS one`, `SELECT 1 AS one`, `SELECT nothing FROM nowhere`, strings.Repeat(" ", longestPhrase+1)} {
		known.hear(text)
	}
	_, pool := narrowPoolOf(t, 3, known)
	knows := 0
	for range 3 { // the first was opened by who needed it
		c, err := pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var n int
		if err := c.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 1 AS one'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		knows += n
	}
	if knows != 2 && knows != 3 || known.count.Load() != 2 {
		t.Errorf("%d of 3 connections know the statement, %d are known", knows, known.count.Load())
	}
}
