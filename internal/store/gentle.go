package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"time"
)

// gentle lets a pool grow by connections that were opened beside it, one after the
// other; until then requests share those that stand. It halves the pool when one
// can't be opened. A server that is short of processor time would otherwise be asked
// for as many at once as there are requests, each would be given up after its
// timeout, and what that cost is taken from those that stand: five fresh processes
// on two cores refused 60 transfers in four seconds that way (docs/reliability.md).
type gentle struct {
	to    driver.Connector
	warm  func(context.Context, driver.Conn) // makes a spare connection ready
	size  int                                // of the pool, at most
	spare chan driver.Conn
	again chan struct{} // there is room to grow
	end   context.CancelFunc

	mu    sync.Mutex
	pool  *sql.DB
	today int // how many connections the pool may have now
}

const (
	spareTimeout = 10 * time.Second       // nobody waits for a spare connection
	spareRest    = 500 * time.Millisecond // after one that could not be opened
)

// gentlePool is a pool of at most size connections; closing it closes the spare one.
func gentlePool(to driver.Connector, size int, warm func(context.Context, driver.Conn)) *sql.DB {
	ctx, end := context.WithCancel(context.Background())
	g := &gentle{to: to, warm: warm, size: size, spare: make(chan driver.Conn, 1), again: make(chan struct{}, 1), end: end, today: 1}
	g.pool = sql.OpenDB(g)
	g.bound(0)
	go g.grow(ctx)
	return g.pool
}

// Connect gives the spare connection, or opens one.
func (g *gentle) Connect(ctx context.Context) (driver.Conn, error) {
	select {
	case c := <-g.spare:
		if v, ok := c.(driver.Pinger); ok && v.Ping(ctx) == nil { // it may have waited for hours
			return c, nil
		}
		c.Close()
	default:
	}
	c, err := g.to.Connect(ctx)
	if err != nil {
		g.shrink()
	}
	return c, err
}

// Driver is that of the connector.
func (g *gentle) Driver() driver.Driver { return g.to.Driver() }

// Close ends the growing, as the pool calls it when it is closed.
func (g *gentle) Close() error {
	g.end()
	return nil
}

func (g *gentle) grow(ctx context.Context) {
	defer g.drop()
	for ctx.Err() == nil {
		if !g.mayGrow() {
			select {
			case <-ctx.Done():
			case <-g.again:
			}
			continue
		}
		c, err := g.open(ctx)
		if err != nil {
			rest := time.NewTimer(spareRest)
			select {
			case <-ctx.Done():
			case <-rest.C:
			}
			continue
		}
		select {
		case <-ctx.Done():
			c.Close()
		case g.spare <- c: // the last one has been taken
			g.bound(1)
			g.wake(ctx)
		}
	}
}

// wake hands the spare connection to whoever waits: the pool looks for room only when
// it is asked for a connection, or given one back.
func (g *gentle) wake(ctx context.Context) {
	if s := g.pool.Stats(); s.InUse < s.OpenConnections {
		return
	}
	if c, err := g.pool.Conn(ctx); err == nil {
		c.Close()
	}
}

func (g *gentle) open(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, spareTimeout)
	defer cancel()
	c, err := g.to.Connect(ctx)
	if err == nil {
		g.warm(ctx, c)
	}
	return c, err
}

// drop closes a spare connection that nobody took.
func (g *gentle) drop() {
	select {
	case c := <-g.spare:
		c.Close()
	default:
	}
}

func (g *gentle) mayGrow() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.today < g.size
}

func (g *gentle) shrink() {
	g.mu.Lock()
	by := g.today / 2
	g.mu.Unlock()
	g.bound(-by)
	select {
	case g.again <- struct{}{}:
	default:
	}
}

// bound changes how many connections the pool may have. Idle ones stay open: to open
// one is what is dear.
func (g *gentle) bound(by int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.today = min(max(g.today+by, 1), g.size)
	g.pool.SetMaxOpenConns(g.today)
	g.pool.SetMaxIdleConns(g.today)
}
