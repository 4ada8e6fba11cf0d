package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// pipeline runs the statements of one transaction on a PostgreSQL connection. What
// is asked of it crosses the network as late as it can and as much at once as it
// can, since a round trip costs more than the statement it carries: BEGIN and the
// database's time travel with the first statement, writes that nobody waits for
// with the next read, the last ones with COMMIT (ADR 14). When a statement of one
// trip fails, the server skips the rest of it, COMMIT included.
type pipeline struct {
	ctx    context.Context // of the whole transaction; it bounds every statement
	conn   *pgx.Conn
	known  *phrases
	writes bool // between BEGIN and COMMIT; else every statement for itself

	opened  bool
	time    time.Time
	ahead   []statement // of the first write
	waiting []statement
	failed  error // what broke the transaction
}

// statement is SQL with its arguments.
type statement struct {
	text string
	args []any
}

// pipelineMost bounds what waits, for the sake of memory.
const pipelineMost = 64

const askTime = "SELECT (extract(epoch from clock_timestamp()) * 1000)::bigint"

// now asks for the time when no statement has brought it yet. Should that fail, the
// transaction fails with it: see result.
func (p *pipeline) now() time.Time {
	if !p.opened {
		_ = p.flush() // kept in failed
	}
	return p.time
}

// locks leaves alone who inserts rows that refer to these.
func (p *pipeline) locks() string {
	if p.writes {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

func (p *pipeline) aheadOfWrites(text string, args ...any) {
	if p.writes {
		p.ahead = append(p.ahead, statement{text, args})
	}
}

func (p *pipeline) exec(_ context.Context, text string, args ...any) (n int64, err error) {
	p.writing()
	err = p.trip([]statement{{text, args}}, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (p *pipeline) later(_ context.Context, text string, args ...any) error {
	p.writing()
	p.waiting = append(p.waiting, statement{text, args})
	if len(p.waiting) < pipelineMost {
		return nil
	}
	return p.flush()
}

// writing sends what must go ahead of the first write along with it.
func (p *pipeline) writing() {
	p.waiting = append(p.waiting, p.ahead...)
	p.ahead = nil
}

// flush sends what waits and nothing more.
func (p *pipeline) flush() error {
	return p.trip(nil, func(pgx.BatchResults) error { return nil })
}

func (p *pipeline) query(_ context.Context, reads ...read) error {
	asked := make([]statement, len(reads))
	for i, r := range reads {
		asked[i] = statement{r.text, r.args}
	}
	return p.trip(asked, func(results pgx.BatchResults) error {
		for _, r := range reads {
			if err := r.from(results); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r read) from(results pgx.BatchResults) error {
	rows, err := results.Query()
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

func (p *pipeline) row(_ context.Context, text string, args ...any) scanner {
	return scanFunc(func(dest ...any) error {
		return p.trip([]statement{{text, args}}, func(r pgx.BatchResults) error { return r.QueryRow().Scan(dest...) })
	})
}

// scanFunc asks for its row when it is scanned.
type scanFunc func(dest ...any) error

// Scan reads the row.
func (f scanFunc) Scan(dest ...any) error { return f(dest...) }

// trip is one round trip: it opens the transaction, carries what waits and what is
// asked, and hands the answers to the latter to fn.
func (p *pipeline) trip(asked []statement, fn func(pgx.BatchResults) error) error {
	batch, opening := &pgx.Batch{}, !p.opened
	if opening && p.writes {
		batch.Queue("BEGIN")
	}
	if opening {
		batch.Queue(askTime)
	}
	waited := len(p.waiting)
	for _, s := range append(p.waiting, asked...) {
		p.known.hear(s.text)
		batch.Queue(s.text, s.args...)
	}
	p.waiting = nil
	if batch.Len() == 0 {
		return nil
	}
	results := p.conn.SendBatch(p.ctx, batch)
	err := p.answers(results, opening, waited)
	if err == nil {
		err = fn(results)
	}
	if closed := results.Close(); err == nil {
		err = closed
	}
	if p.failed == nil && (!p.opened || p.broken()) {
		p.failed = err
	}
	return err
}

// broken says that the server refuses everything but a rollback.
func (p *pipeline) broken() bool { return p.conn.PgConn().TxStatus() == 'E' }

// answers reads what came before the answers that somebody waits for.
func (p *pipeline) answers(results pgx.BatchResults, opening bool, waited int) error {
	if opening {
		if err := p.open(results); err != nil {
			return err
		}
	}
	for range waited {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipeline) open(results pgx.BatchResults) error {
	if p.writes {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	var ms int64
	if err := results.QueryRow().Scan(&ms); err != nil {
		return err
	}
	p.opened, p.time = true, moment(ms)
	return nil
}

// result is what came of a transaction's function: without the time it was asked
// for, whatever it says was said at a wrong moment.
func (p *pipeline) result(err error) error {
	if p.failed != nil && !p.opened {
		return p.failed
	}
	if err == nil && !p.writes && len(p.waiting) > 0 {
		return p.flush()
	}
	return err
}

// errRolledBack: COMMIT was answered by a rollback.
var errRolledBack = errors.New("the transaction was rolled back by the database")

// commit sends the last writes together with COMMIT. A transaction that asked
// nothing of the database has nothing to commit.
func (p *pipeline) commit() error {
	if !p.opened && len(p.waiting) == 0 {
		return nil
	}
	if p.broken() { // an error that fn took for no failure
		return p.failed
	}
	return p.trip([]statement{{text: "COMMIT"}}, func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		if err == nil && tag.String() != "COMMIT" {
			err = errRolledBack
		}
		return err
	})
}

// rollback ends a transaction that was not committed. A connection on which that
// fails is thrown away by the pool, and the server then rolls back.
func (p *pipeline) rollback() {
	if p.conn.IsClosed() || p.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), time.Second)
	defer cancel()
	_, _ = p.conn.Exec(ctx, "ROLLBACK") // see above
}
