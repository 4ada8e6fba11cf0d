package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// sqliteDB is the embedded engine: one writer connection behind one goroutine
// that commits up to groupSize commands together (group commit: one fsync for
// all of them), and a few readers on snapshots of the write-ahead log.
type sqliteDB struct {
	s       *Store
	pool    *sql.DB
	clock   func() time.Time
	writes  chan *command
	readers chan *sqliteConn
	quit    chan struct{}
	done    sync.WaitGroup
}

// groupSize is how many commands share one commit at most.
const groupSize = 64

// command is one Update waiting for the writer.
type command struct {
	ctx  context.Context
	fn   func(*tx) error
	done chan error
}

func openSQLite(ctx context.Context, s *Store, o Options) (*sqliteDB, error) {
	path := strings.TrimPrefix(o.URL, "sqlite://")
	pool, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return nil, fmt.Errorf("opening SQLite: %w", err)
	}
	d := &sqliteDB{s: s, pool: pool, clock: o.Clock, writes: make(chan *command, groupSize), quit: make(chan struct{})}
	readers := min(max(runtime.NumCPU(), 2), 8)
	pool.SetMaxOpenConns(readers + 2) // one more for migrations
	d.readers = make(chan *sqliteConn, readers)
	writer, err := d.connect(ctx)
	if err != nil {
		pool.Close()
		return nil, err
	}
	for range readers {
		r, err := d.connect(ctx)
		if err != nil {
			pool.Close()
			return nil, err
		}
		d.readers <- r
	}
	d.done.Add(1)
	go d.write(writer)
	return d, nil
}

// sqliteDSN sets the pragmas that hold per connection. FULL makes a commit
// durable: an accepted job survives a power cut (A4). What is deleted or replaced
// is overwritten in its page, so that a shredded key is gone (L10).
func sqliteDSN(path string) string {
	v := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)",
		"temp_store(MEMORY)", "cache_size(-16000)", "secure_delete(FAST)"}}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + v.Encode()
}

// sqliteConn is one connection with its prepared statements.
type sqliteConn struct {
	conn *sql.Conn
	text map[string]*sql.Stmt
}

func (d *sqliteDB) connect(ctx context.Context) (*sqliteConn, error) {
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the SQLite file: %w", err)
	}
	return &sqliteConn{conn: conn, text: map[string]*sql.Stmt{}}, nil
}

func (c *sqliteConn) prepared(text string) (*sql.Stmt, error) {
	if st, ok := c.text[text]; ok {
		return st, nil
	}
	st, err := c.conn.PrepareContext(context.Background(), text)
	if err == nil {
		c.text[text] = st
	}
	return st, err
}

// The caller's context is not handed to statements: an interrupted write rolls
// the whole group back, other people's commands included.
func (c *sqliteConn) exec(_ context.Context, text string, args ...any) (int64, error) {
	st, err := c.prepared(text)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// later has nothing to wait for: nothing lies between us and the database.
func (c *sqliteConn) later(ctx context.Context, text string, args ...any) error {
	_, err := c.exec(ctx, text, args...)
	return err
}

func (c *sqliteConn) query(_ context.Context, reads ...read) error {
	for _, r := range reads {
		if err := c.read(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *sqliteConn) read(r read) error {
	st, err := c.prepared(r.text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(context.Background(), r.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := r.row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (c *sqliteConn) row(_ context.Context, text string, args ...any) scanner {
	st, err := c.prepared(text)
	if err != nil {
		return c.conn.QueryRowContext(context.Background(), text, args...)
	}
	return st.QueryRowContext(context.Background(), args...)
}

func (c *sqliteConn) run(text string) error {
	_, err := c.exec(context.Background(), text)
	return err
}

// view runs fn on a snapshot.
func (d *sqliteDB) view(ctx context.Context, fn func(*tx) error) error {
	var c *sqliteConn
	select {
	case c = <-d.readers:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return errClosed
	}
	defer func() { d.readers <- c }()
	if err := c.run("BEGIN"); err != nil {
		return err
	}
	defer c.run("COMMIT")
	return fn(d.at(c))
}

// at is a transaction on a connection, with its time.
func (d *sqliteDB) at(c *sqliteConn) *tx {
	return &tx{s: d.s, q: sqliteMoment{sqliteConn: c, time: d.now()}}
}

// sqliteMoment is a connection during one transaction.
type sqliteMoment struct {
	*sqliteConn
	time time.Time
}

func (m sqliteMoment) now() time.Time { return m.time }

func (sqliteMoment) locks() string { return "" } // one writes at a time

func (sqliteMoment) aheadOfWrites(string, ...any) {} // see locks

func (d *sqliteDB) now() time.Time { return d.clock().UTC().Truncate(time.Millisecond) }

var errClosed = errors.New("the store is closed")

// update hands fn to the writer and waits for its commit.
func (d *sqliteDB) update(ctx context.Context, fn func(*tx) error) error {
	c := &command{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case d.writes <- c:
	case <-ctx.Done():
		return ctx.Err()
	case <-d.quit:
		return errClosed
	}
	select {
	case err := <-c.done:
		var p panicked
		if errors.As(err, &p) {
			panic(p.value)
		}
		return err
	case <-d.quit:
		return errClosed
	}
}

// panicked carries a panic of fn back to the goroutine that asked.
type panicked struct{ value any }

func (panicked) Error() string { return "panic in a transaction" }

func (d *sqliteDB) write(c *sqliteConn) {
	defer d.done.Done()
	for {
		select {
		case <-d.quit:
			return
		case first := <-d.writes:
			d.commit(c, d.gather(first))
		}
	}
}

// gather takes what is waiting already; it never waits for more.
func (d *sqliteDB) gather(first *command) []*command {
	group := []*command{first}
	for len(group) < groupSize {
		select {
		case next := <-d.writes:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// commit runs a group in one transaction and answers every command.
func (d *sqliteDB) commit(c *sqliteConn, group []*command) {
	results := make([]error, len(group))
	err := d.together(c, group, results)
	for i, cmd := range group {
		if err != nil {
			results[i] = err
		}
		cmd.done <- results[i]
	}
}

// together gives each command a savepoint of its own, so that one that fails
// takes nothing of the others with it. Its own error means that nothing at all
// was kept: a full disk, for one, makes SQLite roll back the whole transaction,
// and a savepoint after that would commit on its own.
func (d *sqliteDB) together(c *sqliteConn, group []*command, results []error) error {
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for i, cmd := range group {
		var broken error
		if results[i], broken = d.inSavepoint(c, cmd); broken != nil {
			_ = c.run("ROLLBACK") // SQLite may have done so itself
			return fmt.Errorf("%w: %w", errBroken, broken)
		}
	}
	err := c.run("COMMIT")
	if err != nil {
		_ = c.run("ROLLBACK") // the commit's own error is the one that matters
	}
	return err
}

// errBroken: the transaction that a group shared is gone.
var errBroken = errors.New("the transaction was rolled back")

func (d *sqliteDB) inSavepoint(c *sqliteConn, cmd *command) (err, broken error) {
	if err := cmd.ctx.Err(); err != nil {
		return err, nil
	}
	if err := c.run("SAVEPOINT command"); err != nil {
		return err, err
	}
	err = d.guarded(c, cmd)
	if err != nil {
		if undo := c.run("ROLLBACK TO command"); undo != nil {
			return err, err
		}
	}
	return err, c.run("RELEASE command")
}

func (d *sqliteDB) guarded(c *sqliteConn, cmd *command) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked{p}
		}
	}()
	return cmd.fn(d.at(c))
}

func (d *sqliteDB) skipLocked() string { return "" }

func (d *sqliteDB) name() string { return "sqlite" }

func (d *sqliteDB) ping(ctx context.Context) error {
	return d.view(ctx, func(t *tx) error {
		var one int
		return t.q.row(ctx, "SELECT 1").Scan(&one)
	})
}

func (d *sqliteDB) close() error {
	close(d.quit)
	d.done.Wait()
	return d.pool.Close()
}

func (d *sqliteDB) classify(err error) failure {
	var e *sqlite.Error
	if errors.Is(err, errClosed) || errors.Is(err, errBroken) {
		return failureDown
	}
	if !errors.As(err, &e) {
		return failureOther
	}
	switch e.Code() {
	case sqlitelib.SQLITE_CONSTRAINT_UNIQUE, sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY:
		return failureRace
	}
	switch e.Code() & 0xff {
	case sqlitelib.SQLITE_BUSY, sqlitelib.SQLITE_LOCKED, sqlitelib.SQLITE_FULL, sqlitelib.SQLITE_IOERR,
		sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_READONLY:
		return failureDown
	}
	return failureOther
}
