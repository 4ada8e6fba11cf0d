package bench

import (
	"context"
	"fmt"
	"time"
)

// waitingRows are a job that waits for its receiver, the end of its wait within three
// days, and a message that is due now, for each number of a span.
func waitingRows() []string {
	const span = `WITH RECURSIVE n(i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST($2 AS BIGINT)) SELECT `
	const receipt, minute = `'TR' || substr(CAST(100000000 + i AS TEXT), 2)`, `60000`
	return []string{
		`INSERT INTO jobs (id, receipt, kind, state, version, subject_id, source_account_id, target_account_id, lang, facts, events, head,
		   tracking_index, veto_index, expires_at, created_at, updated_at, sealed_version) ` + span +
			`'00000000-0000-7000-8000-' || substr(CAST(1000000000000 + i AS TEXT), 2), ` + receipt + `, 'transfer', 'target_confirm', 1, 'waiting-s' || i, 'waiting-a' || i,
		   'waiting-b' || i, 'zh-CN', '{"subject":"样*"}', 0, CAST('' AS ` + bytesType + `), 'waiting-t' || i, 'waiting-v' || i,
		   CAST($3 AS BIGINT) + 2 * ` + minute + ` + i % 4320 * ` + minute + `, CAST($3 AS BIGINT) - 1000, CAST($3 AS BIGINT) - 1000, 1 FROM n WHERE i < CAST($2 AS BIGINT)`,
		`INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at) ` + span +
			`'transfer.' || ` + receipt + ` || '.expire_confirm', 'account', 'transfer:expire_confirm', ` + receipt + `, 'waiting',
		   CAST($3 AS BIGINT) + 2 * ` + minute + ` + i % 4320 * ` + minute + `, CAST($3 AS BIGINT) - 1000 FROM n WHERE i < CAST($2 AS BIGINT)`,
		`INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at) ` + span +
			`'notice.waiting-' || i || '.send', 'notify', 'notice:send', 'waiting-' || i, 'waiting', CAST($3 AS BIGINT) - 1000, CAST($3 AS BIGINT) - 1000 FROM n WHERE i < CAST($2 AS BIGINT)`,
	}
}

// bytesType is a type of bytes that both engines know: SQLite takes any name.
const bytesType = "BYTEA"

// Wait adds so many jobs that wait, each with a task for later and one that is due,
// and lets the engine count its rows.
func (p *Plain) Wait(ctx context.Context, s Span) error {
	for _, text := range waitingRows() {
		if _, err := p.db.ExecContext(ctx, text, s.From, s.From+s.Count, time.Now().UnixMilli()); err != nil {
			return fmt.Errorf("adding jobs that wait: %w", err)
		}
	}
	if _, err := p.db.ExecContext(ctx, `ANALYZE`); err != nil {
		return fmt.Errorf("counting rows: %w", err)
	}
	return nil
}
