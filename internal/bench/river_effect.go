package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// effect runs the statements of the store for T9, in their order: the sealed
// values are read and not opened, which spares River that cost.
type effect struct{ tx pgx.Tx }

const readJob = `SELECT id, receipt, kind, state, before_state, version, subject_id, source_account_id, target_account_id,
  lang, facts, blockers, events, head, expires_at, disputed_at, created_at, updated_at, ended_at FROM jobs WHERE receipt = $1`

const readParty = `SELECT a.id, a.external_id, a.site, a.status, a.login_sealed, a.phone_sealed, a.real_certificate_sealed,
  a.real_verified, a.hold_until,
  (SELECT count(*) FROM filing_orders o WHERE o.account_id = a.id AND o.in_progress = 1),
  (SELECT count(*) FROM subjects x WHERE x.account_id = a.id) < (SELECT count(*) FROM subject_slots),
  coalesce(s.id, ''), coalesce(s.external_id, ''), coalesce(s.nature, ''), s.name_sealed, coalesce(s.certificate_type, ''),
  s.certificate_sealed, coalesce(s.icp_number, ''), s.principal_sealed,
  coalesce((SELECT j.receipt FROM jobs j WHERE j.subject_id = s.id AND j.ended = 0 LIMIT 1), '')
FROM accounts a LEFT JOIN subjects s ON s.account_id = a.id WHERE a.id = $1 ORDER BY s.slot LIMIT 1`

const moveSubject = `UPDATE subjects SET account_id = $1, version = version + 1, updated_at = $2,
    slot = (SELECT min(f.slot) FROM subject_slots f WHERE NOT EXISTS
      (SELECT 1 FROM subjects x WHERE x.account_id = $1 AND x.slot = f.slot))
  WHERE id = $3 AND account_id = $4
    AND (SELECT count(*) FROM subjects x WHERE x.account_id = $1) < (SELECT count(*) FROM subject_slots)`

// riverJob is what the effect needs to know of a job's row.
type riverJob struct {
	id, subject, source, target string
	facts                       string
	version, events             int64
}

// apply moves the subject and returns the jobs of the messages.
func (e effect) apply(ctx context.Context, receipt string) ([]river.InsertManyParams, error) {
	j, err := e.job(ctx, receipt)
	if err != nil {
		return nil, err
	}
	if err := e.check(ctx, j); err != nil {
		return nil, err
	}
	now := time.Now().UnixMilli()
	if err := e.one(ctx, moveSubject, j.target, now, j.subject, j.source); err != nil {
		return nil, err
	}
	if _, err := e.tx.Exec(ctx, `UPDATE records SET account_id = $1, updated_at = $2 WHERE subject_id = $3`, j.target, now, j.subject); err != nil {
		return nil, err
	}
	if err := e.save(ctx, j, now); err != nil {
		return nil, err
	}
	return e.tell(ctx, j, now)
}

func (e effect) job(ctx context.Context, receipt string) (j riverJob, err error) {
	rows, err := e.tx.Query(ctx, readJob, receipt)
	if err != nil {
		return j, err
	}
	all, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	if err != nil {
		return j, fmt.Errorf("reading a job: %w", err)
	}
	texts := make([]string, len(all))
	numbers := make([]int64, len(all))
	for i, v := range all {
		texts[i], _ = v.(string)
		numbers[i], _ = v.(int64)
	}
	return riverJob{id: texts[0], subject: texts[6], source: texts[7], target: texts[8], facts: texts[10],
		version: numbers[5], events: numbers[12]}, nil
}

// check locks and reads everything that the rules look at (T12).
func (e effect) check(ctx context.Context, j riverJob) error {
	accounts := []string{j.source, j.target}
	slices.Sort(accounts)
	for _, id := range accounts {
		if err := e.one(ctx, `UPDATE accounts SET version = version + 1 WHERE id = $1`, id); err != nil {
			return err
		}
	}
	for _, q := range []struct{ text, arg string }{
		{readParty, j.source}, {readParty, j.target},
		{`SELECT id, external_id, name, domain, suffix, domain_account, server_account FROM websites WHERE subject_id = $1 ORDER BY suffix, id`, j.subject},
		{`SELECT id, external_id, account_id, kind, title FROM records WHERE subject_id = $1 ORDER BY id`, j.subject},
	} {
		rows, err := e.tx.Query(ctx, q.text, q.arg)
		if err != nil {
			return err
		}
		if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() }); err != nil {
			return err
		}
	}
	return nil
}

func (e effect) save(ctx context.Context, j riverJob, now int64) error {
	hash := make([]byte, 32)
	err := e.one(ctx, `UPDATE jobs SET state = $1, before_state = $2, version = $3, ended = $4,
	  facts = $5, blockers = $6, events = $7, head = $8, expires_at = $9, disputed_at = $10, updated_at = $11, ended_at = $12
	  WHERE id = $13 AND version = $14`, "done", "", j.version+1, 1, j.facts, "[]", j.events+1, hash, 0, 0, now, now, j.id, j.version)
	if err != nil {
		return err
	}
	_, err = e.tx.Exec(ctx, `INSERT INTO timeline (job_id, seq, at, actor_kind, actor_id, what, from_state, to_state, note, prev, hash)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)`, j.id, j.events+1, now, "system", "", "applied", "applying", "done", "", hash, hash)
	return err
}

// tell writes the five messages of T10 and A8.
func (e effect) tell(ctx context.Context, j riverJob, now int64) ([]river.InsertManyParams, error) {
	const params = `{"icp":"京ICP备20240011号","receipt":"TR8F4KQX7M","source":"giv***@bench.example.com","target":"tak***@bench.example.com"}`
	var jobs []river.InsertManyParams
	var args []any
	for _, channel := range []string{"sms", "mail", "sms", "sms", "mail"} {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, fmt.Errorf("drawing an id: %w", err)
		}
		jobs = append(jobs, river.InsertManyParams{Args: noticeArgs{ID: id.String()}})
		args = append(args, id.String(), j.id, channel, "transfer_done", "", "", "zh-CN", make([]byte, 64), j.id, params, "waiting", now, now)
	}
	_, err := e.tx.Exec(ctx, `INSERT INTO notices (id, job_id, channel, template, purpose, code_id, lang, receiver_sealed,
	  receiver_index, params, state, created_at, updated_at) VALUES `+places(len(args)/13, 13), args...)
	return jobs, err
}

// one runs a guarded write that must find its row.
func (e effect) one(ctx context.Context, text string, args ...any) error {
	tag, err := e.tx.Exec(ctx, text, args...)
	if err == nil && tag.RowsAffected() != 1 {
		return fmt.Errorf("%d rows were changed instead of one", tag.RowsAffected())
	}
	return err
}
