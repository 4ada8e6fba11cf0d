package store

import (
	"context"
	"fmt"
	"time"

	"beian/tasks"
)

// loginIndex is the keyed digest of a login at the legacy platform.
func (t *tx) loginIndex(login string) string { return t.s.vault.Index("legacy_login", login) }

// BeginTry books a try and counts the others. The row without a job is touched
// first: whoever tries the same login waits for it until we commit.
func (t *tx) BeginTry(ctx context.Context, jobID, login string, since time.Time) (tasks.LegacyTried, error) {
	index, now := t.loginIndex(login), millis(t.Now())
	for _, job := range []string{"", jobID} {
		_, err := t.q.exec(ctx, `INSERT INTO legacy_tries (login_index, job_id, wrong, at) VALUES ($1,$2,0,$3)
		  ON CONFLICT (login_index, job_id) DO UPDATE SET at = excluded.at, wrong = 0`, index, job, now)
		if err != nil {
			return tasks.LegacyTried{}, err
		}
	}
	return t.tried(ctx, index, jobID, since)
}

// EndTry keeps a wrong try and forgets any other.
func (t *tx) EndTry(ctx context.Context, jobID, login string, wrong bool) error {
	text, args := `DELETE FROM legacy_tries WHERE login_index = $1 AND job_id = $2`, []any{t.loginIndex(login), jobID}
	if wrong {
		text, args = `UPDATE legacy_tries SET wrong = 1, at = $3 WHERE login_index = $1 AND job_id = $2`, append(args, millis(t.Now()))
	}
	_, err := t.q.exec(ctx, text, args...)
	return err
}

// Tried counts the tries at a login.
func (t *tx) Tried(ctx context.Context, login string, since time.Time) (tasks.LegacyTried, error) {
	return t.tried(ctx, t.loginIndex(login), "", since)
}

// tryTakes is longer than any question takes; a try that is older was cut off.
const tryTakes = 5 * time.Minute

func (t *tx) tried(ctx context.Context, index, except string, since time.Time) (tasks.LegacyTried, error) {
	var out tasks.LegacyTried
	var oldest int64
	err := t.q.row(ctx, `SELECT count(CASE WHEN wrong = 1 THEN 1 END), count(CASE WHEN wrong = 0 AND at > $4 THEN 1 END),
	  coalesce(min(CASE WHEN wrong = 1 THEN at END), 0) FROM legacy_tries
	  WHERE login_index = $1 AND job_id <> '' AND job_id <> $2 AND at > $3`, index, except, millis(since), millis(t.Now().Add(-tryTakes))).
		Scan(&out.Wrong, &out.Running, &oldest)
	out.Oldest = moment(oldest)
	return out, err
}

// OpenImport finds an account's open import, or its papers for one (A6).
func (t *tx) OpenImport(ctx context.Context, accountID string, k tasks.Kind) (receipt string, err error) {
	err = scanOne(t.q.row(ctx, `SELECT receipt FROM jobs WHERE source_account_id = $1 AND kind = $2 AND ended = 0`, accountID, string(k)), &receipt)
	return receipt, err
}

// ImportedInto finds the account that a legacy account went into (I4).
func (t *tx) ImportedInto(ctx context.Context, legacyID string) (accountID string, err error) {
	err = scanOne(t.q.row(ctx, `SELECT account_id FROM legacy_ties WHERE legacy_id = $1`, legacyID), &accountID)
	return accountID, err
}

// Imported reports whether a legacy account went into this one (I4).
func (t *tx) Imported(ctx context.Context, accountID string) (bool, error) {
	var n int
	err := t.q.row(ctx, `SELECT count(*) FROM legacy_ties WHERE account_id = $1`, accountID).Scan(&n)
	return n > 0, err
}

// Misfit opens what an import sealed for the review of papers (I6).
func (t *tx) Misfit(ctx context.Context, accountID string) (tasks.Dossier, error) {
	var job string
	err := scanOne(t.q.row(ctx, `SELECT j.id FROM jobs j JOIN dossiers d ON d.job_id = j.id
	  WHERE j.source_account_id = $1 AND j.kind = $2 ORDER BY j.created_at DESC, j.id DESC LIMIT 1`, accountID, string(tasks.KindLegacy)), &job)
	if err != nil {
		return tasks.Dossier{}, err
	}
	return t.Dossier(ctx, job)
}

// Tie notes it for good.
func (t *tx) Tie(ctx context.Context, legacyID, accountID, jobID string) error {
	_, err := t.q.exec(ctx, `INSERT INTO legacy_ties (legacy_id, account_id, job_id, at) VALUES ($1,$2,$3,$4)`,
		legacyID, accountID, jobID, millis(t.Now()))
	return err
}

const itemColumns = `SELECT no, parent, kind, legacy_id, title, action, state, code, field, choice, field_rows, here_id, at FROM legacy_items `

func scanItem(scan func(...any) error) (tasks.LegacyItem, error) {
	var i tasks.LegacyItem
	var rows string
	var at int64
	err := scan(&i.No, &i.Parent, &i.Kind, &i.ID, &i.Title, &i.Action, &i.State, &i.Code, &i.Field, &i.Choice, &rows, &i.HereID, &at)
	if err != nil {
		return i, err
	}
	i.At = moment(at)
	if err := readJSON(rows, &i.Rows); err != nil {
		return i, fmt.Errorf("reading an item's rows: %w", err)
	}
	return i, nil
}

// LegacyItems lists what an import brings.
func (t *tx) LegacyItems(ctx context.Context, jobID string) ([]tasks.LegacyItem, error) {
	var out []tasks.LegacyItem
	err := t.each(ctx, func(scan func(...any) error) error {
		item, err := scanItem(scan)
		out = append(out, item)
		return err
	}, itemColumns+`WHERE job_id = $1 ORDER BY no`, jobID)
	return out, err
}

// NextLegacyItem is the first that is still to come.
func (t *tx) NextLegacyItem(ctx context.Context, jobID string, kinds ...tasks.LegacyItemKind) (tasks.LegacyItem, error) {
	args := []any{jobID}
	for _, kind := range kinds {
		args = append(args, string(kind))
	}
	row := t.q.row(ctx, itemColumns+`WHERE job_id = $1 AND state = 'pending' AND kind IN (`+list(1, len(kinds))+`) ORDER BY no LIMIT 1`, args...)
	item, err := scanItem(row.Scan)
	return item, notFound(err)
}

// itemChunk bounds the parameters of one statement.
const itemChunk = 50

// AddLegacyItems replaces a job's items.
func (t *tx) AddLegacyItems(ctx context.Context, jobID string, items []tasks.LegacyItem) error {
	if _, err := t.q.exec(ctx, `DELETE FROM legacy_items WHERE job_id = $1`, jobID); err != nil {
		return err
	}
	for len(items) > 0 {
		n := min(itemChunk, len(items))
		var args []any
		for _, i := range items[:n] {
			rows, err := writeJSON(i.Rows)
			if err != nil {
				return fmt.Errorf("encoding an item's rows: %w", err)
			}
			args = append(args, jobID, i.No, i.Parent, string(i.Kind), i.ID, i.Title, string(i.Action), string(i.State), i.Code, i.Field,
				i.Choice, rows, i.HereID, millis(i.At))
		}
		_, err := t.q.exec(ctx, `INSERT INTO legacy_items (job_id, no, parent, kind, legacy_id, title, action, state, code, field,
		  choice, field_rows, here_id, at) VALUES `+values(n, 14), args...)
		if err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// SaveLegacyItems updates what became of items.
func (t *tx) SaveLegacyItems(ctx context.Context, jobID string, items ...tasks.LegacyItem) error {
	for _, i := range items {
		rows, err := writeJSON(i.Rows)
		if err != nil {
			return fmt.Errorf("encoding an item's rows: %w", err)
		}
		err = t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE legacy_items SET state = $1, code = $2, field = $3, choice = $4,
		  field_rows = $5, here_id = $6, at = $7 WHERE job_id = $8 AND no = $9`,
			string(i.State), i.Code, i.Field, i.Choice, rows, i.HereID, millis(i.At), jobID, i.No)
		if err != nil {
			return err
		}
	}
	return nil
}
