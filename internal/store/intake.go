package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"beian/internal/intake"
	"beian/tasks"
)

var _ intake.Store = (*Store)(nil)

// TakeIn runs fn in one transaction, like Update.
func (s *Store) TakeIn(ctx context.Context, fn func(intake.Tx) error) error {
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	return s.update(ctx, func(t *tx) error {
		return fn(&taking{tx: t, held: map[string]bool{}})
	})
}

// taking is a transaction in which facts come in. held are the accounts that
// nobody else can change until it ends: locked, or made by itself.
type taking struct {
	*tx
	held map[string]bool
	// alone means that nothing will be committed, so nobody has to wait.
	alone bool
}

// errUnlocked: an object came to another account after the locks were chosen.
var errUnlocked = fmt.Errorf("an account changed hands while its batch was locked: %w", tasks.ErrConflict)

// asOfSlack is how far the filing system's clock may be ahead.
const asOfSlack = 5 * time.Minute

// chunk is how many external ids one look-up takes; a constant, so that each
// look-up is prepared once.
const chunk = 100

// lookUps finds the accounts that items touch, by the type of external id.
type lookUps struct{ accounts, subjects, websites, orders, records []any }

func (l *lookUps) add(item intake.Item) {
	switch f := item.Facts.(type) {
	case intake.Account:
		l.accounts = append(l.accounts, item.ExternalID)
	case intake.Subject:
		l.subjects = append(l.subjects, item.ExternalID)
		l.accounts = append(l.accounts, f.Account)
	case intake.Website:
		l.websites = append(l.websites, item.ExternalID)
		l.subjects = append(l.subjects, f.Subject)
	case intake.Order:
		l.orders = append(l.orders, item.ExternalID)
		l.accounts = append(l.accounts, f.Account)
	case intake.Record:
		l.records = append(l.records, item.ExternalID)
		l.subjects = append(l.subjects, f.Subject)
	}
}

// Lock touches every account that the items belong to, now or afterwards, in the
// order that all writers keep.
func (in *taking) Lock(ctx context.Context, items []intake.Item) error {
	if in.alone {
		return nil
	}
	var l lookUps
	for _, item := range items {
		l.add(item)
	}
	for _, look := range []struct {
		text string
		ids  []any
	}{
		{`SELECT id FROM accounts WHERE external_id IN (`, l.accounts},
		{`SELECT account_id FROM subjects WHERE external_id IN (`, l.subjects},
		{`SELECT s.account_id FROM websites w JOIN subjects s ON s.id = w.subject_id WHERE w.external_id IN (`, l.websites},
		{`SELECT account_id FROM filing_orders WHERE external_id IN (`, l.orders},
		{`SELECT account_id FROM records WHERE external_id IN (`, l.records},
	} {
		if err := in.find(ctx, look.text+list(0, chunk)+")", look.ids); err != nil {
			return err
		}
	}
	ids := make([]string, 0, len(in.held))
	for id := range in.held {
		ids = append(ids, id)
	}
	return in.LockAccounts(ctx, ids...)
}

func (in *taking) find(ctx context.Context, text string, ids []any) error {
	for len(ids) > 0 {
		n := min(chunk, len(ids))
		args := make([]any, chunk)
		for i := range args {
			args[i] = ids[min(i, n-1)]
		}
		ids = ids[n:]
		err := in.each(ctx, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			in.held[id] = true
			return err
		}, text, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (in *taking) own(accounts ...string) error {
	for _, id := range accounts {
		if !in.alone && id != "" && !in.held[id] {
			return errUnlocked
		}
	}
	return nil
}

// Put inserts or updates one object by its external id.
func (in *taking) Put(ctx context.Context, item intake.Item) (intake.Result, error) {
	if item.AsOf.After(in.Now().Add(asOfSlack)) {
		return intake.Refuse(intake.NewFault("as_of", intake.CodeFuture)), nil
	}
	switch f := item.Facts.(type) {
	case intake.Account:
		return in.putAccount(ctx, item, f)
	case intake.Subject:
		return in.putSubject(ctx, item, f)
	case intake.Website:
		return in.putWebsite(ctx, item, f)
	case intake.Order:
		return in.putOrder(ctx, item, f)
	case intake.Record:
		return in.putRecord(ctx, item, f)
	}
	return intake.Result{}, fmt.Errorf("an item of type %q can't be taken in", item.Type)
}

// row is what every imported table has: our id, and how old its facts are.
type row struct {
	id            string
	asOf, updated int64
}

// older reports whether the item says less than we know already.
func (r row) older(item intake.Item) bool {
	return !item.AsOf.IsZero() && millis(item.AsOf) < r.asOf
}

// age moves the row's times forward, never back. updated_at follows the filing
// system's time, so that only changes made here lie behind it.
func (r row) age(item intake.Item) (asOf, updated int64) {
	given := millis(item.AsOf)
	return max(r.asOf, given), max(r.updated, given)
}

// firstAge is when a new row's facts are from; now when nobody says.
func (in *taking) firstAge(item intake.Item) (asOf, updated int64) {
	if item.AsOf.IsZero() {
		return 0, millis(in.Now())
	}
	return millis(item.AsOf), millis(item.AsOf)
}

// settle ends an item whose facts are the same: at most its age is noted.
func (in *taking) settle(ctx context.Context, r row, item intake.Item, text string) (intake.Result, error) {
	done := intake.Result{Outcome: intake.Unchanged}
	asOf, updated := r.age(item)
	if asOf == r.asOf {
		return done, nil
	}
	_, err := in.q.exec(ctx, text, asOf, updated, r.id)
	return done, err
}

// absent turns "no row" into false.
func absent(err error) (bool, error) {
	if errors.Is(err, tasks.ErrNotFound) {
		return true, nil
	}
	return false, err
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return "", fmt.Errorf("drawing an id: %w", err)
	}
	return id.String(), nil
}

// indexOf is the blind index of a value, NULL for none.
func (t *tx) indexOf(field, plain string) any {
	if plain == "" {
		return nil
	}
	return t.s.vault.Index(field, plain)
}

// orNull is a text, NULL for none.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// Progress reads how far an import came; zero when there is none.
func (in *taking) Progress(ctx context.Context, name string) (intake.Progress, error) {
	p := intake.Progress{Name: name}
	_, err := absent(scanOne(in.q.row(ctx, `SELECT line, digest FROM imports WHERE name = $1`, name), &p.Line, &p.Digest))
	return p, err
}

// SaveProgress keeps how far an import came; line 0 forgets it.
func (in *taking) SaveProgress(ctx context.Context, p intake.Progress) error {
	if p.Line == 0 {
		_, err := in.q.exec(ctx, `DELETE FROM imports WHERE name = $1`, p.Name)
		return err
	}
	_, err := in.q.exec(ctx, `INSERT INTO imports (name, line, digest, updated_at) VALUES ($1, $2, $3, $4)
	  ON CONFLICT (name) DO UPDATE SET line = excluded.line, digest = excluded.digest, updated_at = excluded.updated_at`,
		p.Name, p.Line, p.Digest, millis(in.Now()))
	return err
}
