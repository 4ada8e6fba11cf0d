package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	_ "modernc.org/sqlite"             // registers "sqlite"
)

// Plain looks at a migrated database by plain SQL, past the store.
type Plain struct {
	db     *sql.DB
	sqlite bool
}

// OpenPlain connects to a database by its URL, sqlite:// or postgres://, with as
// many connections as asked on PostgreSQL and one on SQLite. Commits are as
// durable as the store's.
func OpenPlain(address string, connections int) (*Plain, error) {
	p := &Plain{}
	driver, name := "pgx", address
	if path, ok := strings.CutPrefix(address, "sqlite://"); ok {
		p.sqlite, connections = true, 1
		driver = "sqlite"
		name = "file:" + path + "?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)"
	}
	var err error
	if p.db, err = sql.Open(driver, name); err != nil {
		return nil, errors.New("the database URL can't be parsed")
	}
	p.db.SetMaxOpenConns(connections)
	p.db.SetMaxIdleConns(connections)
	return p, nil
}

// Close ends the connections.
func (p *Plain) Close() error { return p.db.Close() }

// relayHorizon is the relay's: rows that fall due later stay in SQL.
const relayHorizon = time.Minute

// Unsent counts the outbox rows that the relay should hand over now.
func (p *Plain) Unsent(ctx context.Context) (int, error) {
	return p.count(ctx, `SELECT count(*) FROM outbox WHERE state = 'waiting' AND not_before <= $1`,
		time.Now().Add(relayHorizon).UnixMilli())
}

// InState counts the jobs in a state.
func (p *Plain) InState(ctx context.Context, state string) (int, error) {
	return p.count(ctx, `SELECT count(*) FROM jobs WHERE state = $1`, state)
}

// Sent counts the messages of a template that a provider has accepted.
func (p *Plain) Sent(ctx context.Context, template string) (int, error) {
	return p.count(ctx, `SELECT count(*) FROM notices WHERE template = $1 AND sent_at > 0`, template)
}

func (p *Plain) count(ctx context.Context, text string, args ...any) (n int, err error) {
	if err := p.db.QueryRowContext(ctx, text, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting rows: %w", err)
	}
	return n, nil
}

// EndSent books what Redis holds as done, as a worker elsewhere would have.
func (p *Plain) EndSent(ctx context.Context) error {
	_, err := p.db.ExecContext(ctx, `UPDATE outbox SET state = 'done', ended_at = $1 WHERE state = 'sent'`, time.Now().UnixMilli())
	if err != nil {
		return fmt.Errorf("ending sent tasks: %w", err)
	}
	return nil
}

// ForgetLimits gives everybody all their tries back.
func (p *Plain) ForgetLimits(ctx context.Context) error {
	if _, err := p.db.ExecContext(ctx, `DELETE FROM limits`); err != nil {
		return fmt.Errorf("forgetting limits: %w", err)
	}
	return nil
}

// KeepOnly forgets every task of other types, and tidies the tables.
func (p *Plain) KeepOnly(ctx context.Context, taskType string) error {
	if _, err := p.db.ExecContext(ctx, `DELETE FROM outbox WHERE type <> $1`, taskType); err != nil {
		return fmt.Errorf("forgetting tasks: %w", err)
	}
	if _, err := p.db.ExecContext(ctx, `VACUUM ANALYZE`); err != nil && !p.sqlite {
		return fmt.Errorf("tidying the tables: %w", err)
	}
	return nil
}

// Receipts lists the receipts of the jobs in a state.
func (p *Plain) Receipts(ctx context.Context, state string) ([]string, error) {
	rows, err := p.db.QueryContext(ctx, `SELECT receipt FROM jobs WHERE state = $1 ORDER BY id`, state)
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var receipt string
		if err := rows.Scan(&receipt); err != nil {
			return nil, fmt.Errorf("listing jobs: %w", err)
		}
		out = append(out, receipt)
	}
	return out, rows.Err()
}

// Durable says whether a PostgreSQL server syncs its commits to disk; figures of
// one that does not are worth nothing.
func (p *Plain) Durable(ctx context.Context) (bool, error) {
	n, err := p.count(ctx, `SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND setting <> 'off'`)
	return n == 2, err
}

// CreateDatabase makes an empty database on a PostgreSQL server and says how to
// drop it again. No error repeats the URL.
func CreateDatabase(ctx context.Context, admin string) (address string, drop func(context.Context) error, err error) {
	parsed, err := url.Parse(admin)
	if err != nil || !strings.HasPrefix(parsed.Scheme, "postgres") {
		return "", nil, errors.New("the PostgreSQL URL must look like postgres://user@host/database")
	}
	name := "beian_bench_" + strings.ToLower(rand.Text())
	if err := administer(ctx, admin, "CREATE DATABASE "+name); err != nil {
		return "", nil, fmt.Errorf("creating a database: %w", err)
	}
	parsed.Path = "/" + name
	return parsed.String(), func(ctx context.Context) error {
		if err := administer(ctx, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("dropping the database %s: %w", name, err)
		}
		return nil
	}, nil
}

func administer(ctx context.Context, admin, text string) error {
	p, err := OpenPlain(admin, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.db.ExecContext(ctx, text)
	return err
}
