package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"beian/tasks"
)

// tx is one transaction. Its methods are spread over the files of this package
// by what they are about; together they satisfy tasks.Tx.
type tx struct {
	s      *Store
	q      querier
	posted []tasks.Queue // that the relay has something to do for
}

// querier runs SQL inside the transaction.
type querier interface {
	// now is the time of the transaction, on PostgreSQL asked for when needed.
	now() time.Time
	// exec runs a statement and gives the number of rows it touched.
	exec(ctx context.Context, text string, args ...any) (int64, error)
	// later runs a statement before the commit at the latest, for callers who need
	// neither its count nor, until then, its error: that may come out of any later
	// statement, and of the commit at last.
	later(ctx context.Context, text string, args ...any) error
	// aheadOfWrites runs a SELECT that locks right before the transaction's first
	// write; nothing where nobody else can write.
	aheadOfWrites(text string, args ...any)
	// query runs reads one after the other, on PostgreSQL in one round trip.
	query(ctx context.Context, reads ...read) error
	row(ctx context.Context, text string, args ...any) scanner
	// locks ends a SELECT of rows that the transaction is about to change: until it
	// ends nobody else does. Empty where nobody else can, or nothing is written.
	locks() string
}

// read is a query and what is done with each of its rows.
type read struct {
	text string
	args []any
	row  func(scan func(...any) error) error
}

// scanner is the one row that a query promises.
type scanner interface{ Scan(dest ...any) error }

var _ tasks.Tx = (*tx)(nil)

// Now is database time, the same for the whole transaction.
func (t *tx) Now() time.Time { return t.q.now() }

// exactlyOne runs a guarded write; no row means that somebody else was there
// first, and otherwise is returned.
func (t *tx) exactlyOne(ctx context.Context, otherwise error, text string, args ...any) error {
	n, err := t.q.exec(ctx, text, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return otherwise
	}
	return nil
}

// scanOne reads one row; none is tasks.ErrNotFound.
func scanOne(row scanner, dest ...any) error {
	err := row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return tasks.ErrNotFound
	}
	return err
}

// each runs a query and calls fn for every row.
func (t *tx) each(ctx context.Context, fn func(scan func(...any) error) error, text string, args ...any) error {
	return t.q.query(ctx, read{text: text, args: args, row: fn})
}

// values writes "($1,$2),($3,$4)" for rows of width columns, beginning at $1.
func values(rows, width int) string {
	var b strings.Builder
	n := 0
	for r := range rows {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c := range width {
			if c > 0 {
				b.WriteByte(',')
			}
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(')')
	}
	return b.String()
}

// list writes "$3,$4,$5": n parameters after the first `after` ones.
func list(after, n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = "$" + strconv.Itoa(after+i+1)
	}
	return strings.Join(parts, ",")
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// seal and open bind every sealed value to its place, so that one can't be moved
// to another row.
func (t *tx) seal(place, id, plain string) ([]byte, error) {
	if plain == "" {
		return nil, nil
	}
	b, err := t.s.vault.Seal(place+"|"+id, []byte(plain))
	if err != nil {
		return nil, fmt.Errorf("sealing %s: %w", place, err)
	}
	return b, nil
}

func (t *tx) open(place, id string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	b, err := t.s.vault.Open(place+"|"+id, sealed)
	if err != nil {
		return "", fmt.Errorf("opening %s: %w", place, err)
	}
	return string(b), nil
}
