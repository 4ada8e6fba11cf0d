package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"beian/internal/failpoint"
	"beian/internal/vault"
	"beian/tasks"
)

const jobColumns = `SELECT id, receipt, kind, state, before_state, version, subject_id, source_account_id, target_account_id,
  lang, facts, blockers, events, head, expires_at, disputed_at, created_at, updated_at, ended_at FROM jobs `

// Job reads one job; the viewer's right is part of the WHERE. A person whose act
// writes has the job to itself from here on: what is read of it afterwards, its
// review above all, is of the same moment, and of two people who act at once the
// second sees what the first did (R21). A step does not lock what it reads: a worker
// that freezes must hold nobody up (R13), and what it read too early it can't commit.
// It locks its job ahead of its first write: everybody writes to a job first and to
// what belongs to it afterwards, so that no two wait for each other.
func (t *tx) Job(ctx context.Context, receipt string, by tasks.Viewer) (tasks.Job, error) {
	var job tasks.Job
	clause, arg := t.right(by)
	args := []any{receipt}
	if arg != "" {
		args = append(args, arg)
	}
	locks := t.q.locks()
	if by.System {
		locks = ""
	}
	err := scanJob(t.q.row(ctx, jobColumns+"WHERE receipt = $1 AND "+clause+locks, args...).Scan, &job)
	if err == nil && locks == "" {
		t.q.aheadOfWrites("SELECT 1 FROM jobs WHERE id = $1 FOR NO KEY UPDATE", job.ID)
	}
	return job, notFound(err)
}

// asked: the target sees a job from when it was submitted, a transfer only from when
// the source proved itself; one that ended before that is none of its business. A
// draft that nobody signed in for is nobody's business but its applicant's, even if
// it named an account already.
const begun = `(kind NOT IN ('login_reset', 'transfer_reviewed') OR EXISTS (SELECT 1 FROM timeline e WHERE e.job_id = jobs.id AND e.what = 'submitted'))`

const asked = `EXISTS (SELECT 1 FROM timeline e WHERE e.job_id = jobs.id
  AND e.what = CASE jobs.kind WHEN 'transfer' THEN 'verified' ELSE 'submitted' END)`

func (t *tx) right(by tasks.Viewer) (clause, arg string) {
	switch {
	case by.System || by.Staff != "":
		return "1 = 1", ""
	case by.Program:
		return begun, ""
	case by.AccountID != "":
		return "((source_account_id = $2 AND " + begun + ") OR (target_account_id = $2 AND " + asked + "))", by.AccountID
	case by.Tracking != "":
		return "tracking_index = $2", t.s.vault.Index("tracking", vault.NormalizeWord(by.Tracking))
	case by.Veto != "":
		return "veto_index = $2", t.s.vault.Index("veto", vault.NormalizeWord(by.Veto))
	}
	return "1 = 0", ""
}

func scanJob(scan func(...any) error, j *tasks.Job) error {
	var facts, blockers string
	var expires, disputed, created, updated, ended int64
	err := scan(&j.ID, &j.Receipt, &j.Kind, &j.State, &j.Before, &j.Version, &j.SubjectID, &j.SourceAccountID,
		&j.TargetAccountID, &j.Lang, &facts, &blockers, &j.Events, &j.Head, &expires, &disputed, &created, &updated, &ended)
	if err != nil {
		return err
	}
	j.Facts = json.RawMessage(facts)
	j.ExpiresAt, j.DisputedAt, j.CreatedAt = moment(expires), moment(disputed), moment(created)
	j.UpdatedAt, j.EndedAt = moment(updated), moment(ended)
	if err := json.Unmarshal([]byte(blockers), &j.Blockers); err != nil {
		return fmt.Errorf("reading a job's blockers: %w", err)
	}
	return nil
}

// disputedClause: a supervisor has not decided yet.
const disputedClause = "disputed_at > 0 AND state <> 'rejected'"

// JobsOf lists jobs newest first; ids are UUIDv7, so their order is the order of
// submission.
func (t *tx) JobsOf(ctx context.Context, f tasks.JobFilter) ([]tasks.Job, error) {
	where := []string{"1 = 1"}
	var args []any
	add := func(clause string, v any) {
		args = append(args, v)
		where = append(where, strings.ReplaceAll(clause, "$?", "$"+strconv.Itoa(len(args))))
	}
	if f.AccountID != "" {
		add("((source_account_id = $? AND "+begun+") OR (target_account_id = $? AND "+asked+"))", f.AccountID)
	}
	if f.Begun {
		where = append(where, begun)
	}
	if f.Kind != "" {
		add("kind = $?", string(f.Kind))
	}
	if f.State != "" {
		add("state = $?", string(f.State))
	}
	if f.Disputed {
		where = append(where, disputedClause)
	}
	if f.Before != "" {
		add("id < $?", f.Before)
	}
	limit := f.Limit
	if limit < 1 || limit > 200 {
		limit = 200
	}
	var out []tasks.Job
	err := t.each(ctx, func(scan func(...any) error) error {
		var j tasks.Job
		if err := scanJob(scan, &j); err != nil {
			return err
		}
		out = append(out, j)
		return nil
	}, jobColumns+"WHERE "+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT "+strconv.Itoa(limit), args...)
	return out, err
}

// Timeline lists a job's events, oldest first.
func (t *tx) Timeline(ctx context.Context, jobID string) ([]tasks.Event, error) {
	var out []tasks.Event
	err := t.each(ctx, func(scan func(...any) error) error {
		e := tasks.Event{JobID: jobID}
		var at int64
		err := scan(&e.Seq, &at, &e.Actor.Kind, &e.Actor.ID, &e.What, &e.From, &e.To, &e.Note, &e.Prev, &e.Hash)
		e.At = moment(at)
		out = append(out, e)
		return err
	}, `SELECT seq, at, actor_kind, actor_id, what, from_state, to_state, note, prev, hash FROM timeline
	   WHERE job_id = $1 ORDER BY seq`, jobID)
	return out, err
}

// Record writes one step of a job; see tasks.Jobs. The acknowledgement comes
// first: a zombie learns early that it is one.
func (t *tx) Record(ctx context.Context, job *tasks.Job, c tasks.Change, ack *tasks.Claim) error {
	if ack != nil {
		if err := t.Ack(ctx, *ack); err != nil {
			return err
		}
	}
	t.chain(job, c.Events)
	if err := t.saveJob(ctx, job); err != nil {
		return err
	}
	if err := t.addEvents(ctx, c.Events); err != nil {
		return err
	}
	if err := t.announce(ctx, job, c.Events); err != nil {
		return err
	}
	if err := t.addNotices(ctx, c.Notices); err != nil {
		return err
	}
	defer failpoint.Hit(failpoint.RecordWritten)
	return t.Post(ctx, c.Tasks...)
}

func (t *tx) saveJob(ctx context.Context, j *tasks.Job) error {
	blockers, err := json.Marshal(j.Blockers)
	if err != nil {
		return fmt.Errorf("encoding a job's blockers: %w", err)
	}
	if j.Blockers == nil {
		blockers = []byte("[]")
	}
	j.UpdatedAt = t.Now()
	j.Version++
	if j.Version == 1 {
		return t.insertJob(ctx, j, string(blockers))
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, `UPDATE jobs SET state = $1, before_state = $2, version = $3, ended = $4,
	  facts = $5, blockers = $6, events = $7, head = $8, expires_at = $9, disputed_at = $10, updated_at = $11, ended_at = $12,
	  subject_id = $13, source_account_id = $14, target_account_id = $15 WHERE id = $16 AND version = $17`,
		string(j.State), string(j.Before), j.Version, flag(j.State.Ended()), string(j.Facts), string(blockers), j.Events, j.Head,
		millis(j.ExpiresAt), millis(j.DisputedAt), millis(j.UpdatedAt), millis(j.EndedAt),
		j.SubjectID, j.SourceAccountID, j.TargetAccountID, j.ID, j.Version-1)
}

func (t *tx) insertJob(ctx context.Context, j *tasks.Job, blockers string) error {
	v := t.s.vault
	return t.q.later(ctx, `INSERT INTO jobs (id, receipt, kind, state, before_state, version, ended, subject_id,
	  source_account_id, target_account_id, lang, facts, blockers, events, head, tracking_index, veto_index, expires_at,
	  disputed_at, created_at, updated_at, ended_at)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)`,
		j.ID, j.Receipt, string(j.Kind), string(j.State), string(j.Before), j.Version, flag(j.State.Ended()), j.SubjectID,
		j.SourceAccountID, j.TargetAccountID, j.Lang, string(j.Facts), blockers, j.Events, j.Head,
		v.Index("tracking", v.Word("tracking", j.ID)), v.Index("veto", v.Word("veto", j.ID)),
		millis(j.ExpiresAt), millis(j.DisputedAt), millis(j.CreatedAt), millis(j.UpdatedAt), millis(j.EndedAt))
}

// chain numbers, dates and hashes new events; each hash covers the one before it
// (A7).
func (t *tx) chain(j *tasks.Job, events []tasks.Event) {
	for i := range events {
		e := &events[i]
		j.Events++
		e.JobID, e.Seq, e.At, e.Prev = j.ID, j.Events, t.Now(), j.Head
		if e.Prev == nil {
			e.Prev = []byte{}
		}
		e.Hash = t.s.eventHash(*e)
		j.Head = e.Hash
	}
}

func (s *Store) eventHash(e tasks.Event) []byte {
	return s.vault.Chain(e.Prev, e.JobID, strconv.Itoa(e.Seq), strconv.FormatInt(millis(e.At), 10), string(e.Actor.Kind),
		e.Actor.ID, string(e.What), string(e.From), string(e.To), e.Note)
}

func (t *tx) addEvents(ctx context.Context, events []tasks.Event) error {
	if len(events) == 0 {
		return nil
	}
	var args []any
	for _, e := range events {
		args = append(args, e.JobID, e.Seq, millis(e.At), string(e.Actor.Kind), e.Actor.ID, string(e.What),
			string(e.From), string(e.To), e.Note, e.Prev, e.Hash)
	}
	return t.q.later(ctx, `INSERT INTO timeline (job_id, seq, at, actor_kind, actor_id, what, from_state, to_state, note,
	  prev, hash) VALUES `+values(len(events), 11), args...)
}
