package store

import (
	"context"
	"errors"
	"strconv"

	"beian/tasks"
)

// AuditEntry is one row of the house's journal.
type AuditEntry = tasks.Entry

// Audit appends one entry to the journal in a transaction of its own.
func (s *Store) Audit(ctx context.Context, e AuditEntry) error {
	return s.update(ctx, func(t *tx) error { return t.audit(ctx, e) })
}

// audit appends to the chain. The row in marks makes writers wait for each other
// until they commit: a dozen at once would otherwise lose on the primary key more
// often than update runs again.
func (t *tx) audit(ctx context.Context, e AuditEntry) error {
	_, err := t.q.exec(ctx, `INSERT INTO marks (name, value) VALUES ('audit', 1)
	  ON CONFLICT (name) DO UPDATE SET value = marks.value + 1`)
	if err != nil {
		return err
	}
	err = scanOne(t.q.row(ctx, `SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`), &e.Seq, &e.Prev)
	if err != nil && !errors.Is(err, tasks.ErrNotFound) {
		return err
	}
	if e.Prev == nil {
		e.Prev = []byte{}
	}
	e.Seq++
	e.At = t.Now()
	e.Hash = t.s.auditHash(e)
	_, err = t.q.exec(ctx, `INSERT INTO audit (seq, at, actor_kind, actor_id, action, object, reason, outcome, request_id, prev, hash)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, e.Seq, millis(e.At), string(e.Actor.Kind), e.Actor.ID, e.Action, e.Object,
		e.Reason, e.Outcome, e.RequestID, e.Prev, e.Hash)
	return err
}

func (s *Store) auditHash(e AuditEntry) []byte {
	return s.vault.Chain(e.Prev, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(millis(e.At), 10), string(e.Actor.Kind),
		e.Actor.ID, e.Action, e.Object, e.Reason, e.Outcome, e.RequestID)
}

// AuditEntries lists the journal, newest first, below a sequence number (0 = from
// the end).
func (s *Store) AuditEntries(ctx context.Context, below int64, limit int) ([]AuditEntry, error) {
	var out []AuditEntry
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var e AuditEntry
			if err := scanAudit(scan, &e); err != nil {
				return err
			}
			out = append(out, e)
			return nil
		}, auditColumns+`WHERE $1 = 0 OR seq < $1 ORDER BY seq DESC LIMIT $2`, below, limit)
	})
	return out, err
}

const auditColumns = `SELECT seq, at, actor_kind, actor_id, action, object, reason, outcome, request_id, prev, hash FROM audit `

func scanAudit(scan func(...any) error, e *AuditEntry) error {
	var at int64
	err := scan(&e.Seq, &at, &e.Actor.Kind, &e.Actor.ID, &e.Action, &e.Object, &e.Reason, &e.Outcome, &e.RequestID, &e.Prev, &e.Hash)
	e.At = moment(at)
	return err
}

// sealBatch is how many jobs one seal covers.
const sealBatch = 500

// Seal anchors the heads of changed timelines in the journal, so that a cut tail
// or a vanished job is found by Verify. It reports how many it sealed.
func (s *Store) Seal(ctx context.Context) (n int, err error) {
	ctx, cancel := bounded(ctx, slowTimeout)
	defer cancel()
	err = s.update(ctx, func(t *tx) error {
		n = 0
		var heads []jobHead
		err := t.each(ctx, func(scan func(...any) error) error {
			var h jobHead
			err := scan(&h.id, &h.receipt, &h.version, &h.events, &h.hash)
			heads = append(heads, h)
			return err
		}, `SELECT id, receipt, version, events, head FROM jobs WHERE sealed_version < version ORDER BY updated_at LIMIT $1`, sealBatch)
		if err != nil || len(heads) == 0 {
			return err
		}
		for _, h := range heads {
			_, err := t.q.exec(ctx, `UPDATE jobs SET sealed_version = $1 WHERE id = $2`, h.version, h.id)
			if err != nil {
				return err
			}
		}
		n = len(heads)
		return t.audit(ctx, AuditEntry{Actor: tasks.System(), Action: "timeline.seal", Object: sealText(heads), Outcome: "done"})
	})
	return n, err
}
