package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

func (t *tx) addNotices(ctx context.Context, notices []tasks.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	var args []any
	for _, n := range notices {
		row, err := t.noticeRow(n)
		if err != nil {
			return err
		}
		args = append(args, row...)
	}
	return t.q.later(ctx, `INSERT INTO notices (id, job_id, channel, template, purpose, code_id, lang, receiver_sealed,
	  receiver_index, params, state, created_at, updated_at) VALUES `+values(len(notices), 13), args...)
}

// AddNotices writes messages without a job.
func (t *tx) AddNotices(ctx context.Context, notices ...tasks.Notice) error {
	return t.addNotices(ctx, notices)
}

func (t *tx) noticeRow(n tasks.Notice) ([]any, error) {
	receiver := n.Phone.Reveal()
	index := t.s.vault.Index("phone", receiver)
	if n.Channel == tasks.ChannelMail {
		receiver = n.Email.Reveal()
		index = t.s.vault.Index("login", receiver)
	}
	sealed, err := t.seal("notices.receiver", n.ID, receiver)
	if err != nil {
		return nil, err
	}
	params, err := json.Marshal(n.Params)
	if err != nil {
		return nil, fmt.Errorf("encoding a notice's parameters: %w", err)
	}
	return []any{n.ID, n.JobID, string(n.Channel), string(n.Template), string(n.Purpose), n.CodeID, n.Lang, sealed, index,
		string(params), string(n.State), millis(t.Now()), millis(t.Now())}, nil
}

const noticeColumns = `SELECT id, job_id, channel, template, purpose, code_id, lang, receiver_sealed, params, state,
  provider_id, reason, created_at, sent_at, updated_at, tried_at, receiver_masked FROM notices `

// Notice reads one message.
func (t *tx) Notice(ctx context.Context, id string) (tasks.Notice, error) {
	var n tasks.Notice
	err := t.scanNotice(t.q.row(ctx, noticeColumns+"WHERE id = $1", id).Scan, &n)
	return n, notFound(err)
}

// Notices lists a job's messages, oldest first.
func (t *tx) Notices(ctx context.Context, jobID string) ([]tasks.Notice, error) {
	var out []tasks.Notice
	err := t.each(ctx, func(scan func(...any) error) error {
		var n tasks.Notice
		err := t.scanNotice(scan, &n)
		out = append(out, n)
		return err
	}, noticeColumns+"WHERE job_id = $1 ORDER BY id", jobID)
	return out, err
}

func (t *tx) scanNotice(scan func(...any) error, n *tasks.Notice) error {
	var sealed []byte
	var params string
	var created, sent, updated, tried int64
	err := scan(&n.ID, &n.JobID, &n.Channel, &n.Template, &n.Purpose, &n.CodeID, &n.Lang, &sealed, &params, &n.State,
		&n.ProviderID, &n.Reason, &created, &sent, &updated, &tried, &n.Forgotten)
	if err != nil {
		return err
	}
	n.CreatedAt, n.SentAt, n.UpdatedAt, n.TriedAt = moment(created), moment(sent), moment(updated), moment(tried)
	if err := json.Unmarshal([]byte(params), &n.Params); err != nil {
		return fmt.Errorf("reading a notice's parameters: %w", err)
	}
	if n.Forgotten != "" {
		return nil
	}
	if n.Channel == tasks.ChannelMail {
		n.Email, err = openValue(t, "notices.receiver", n.ID, sealed, filing.ParseEmail)
		return err
	}
	n.Phone, err = openValue(t, "notices.receiver", n.ID, sealed, filing.ParsePhone)
	return err
}

// SaveNotice books what became of a message.
func (t *tx) SaveNotice(ctx context.Context, n tasks.Notice) error {
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE notices SET state = $1, provider_id = $2, reason = $3, sent_at = $4,
	  updated_at = $5, tried_at = $6 WHERE id = $7`, string(n.State), n.ProviderID, n.Reason, millis(n.SentAt), millis(t.Now()), millis(n.TriedAt), n.ID)
}

// Code reads the newest code of a job and purpose.
func (t *tx) Code(ctx context.Context, jobID string, p tasks.Purpose) (tasks.Code, error) {
	c := tasks.Code{JobID: jobID, Purpose: p}
	var sealed []byte
	var created, expires, sent, used int64
	err := scanOne(t.q.row(ctx, `SELECT id, phone_sealed, tries, created_at, expires_at, sent_at, used_at FROM codes
	  WHERE job_id = $1 AND purpose = $2 ORDER BY created_at DESC, id DESC LIMIT 1`, jobID, string(p)),
		&c.ID, &sealed, &c.Tries, &created, &expires, &sent, &used)
	if err != nil {
		return tasks.Code{}, err
	}
	c.CreatedAt, c.ExpiresAt, c.SentAt, c.UsedAt = moment(created), moment(expires), moment(sent), moment(used)
	c.Phone, err = openValue(t, "codes.phone", c.ID, sealed, filing.ParsePhone)
	return c, err
}

// SaveCode inserts a code or books tries, sends and its use. Tries never fall.
// One that was sent when it was made, and never typed since, is new.
func (t *tx) SaveCode(ctx context.Context, c tasks.Code) error {
	sealed, err := t.seal("codes.phone", c.ID, c.Phone.Reveal())
	if err != nil {
		return err
	}
	const insert = `INSERT INTO codes (id, job_id, purpose, phone_sealed, tries, created_at, expires_at, sent_at, used_at)
	  VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)`
	args := []any{c.ID, c.JobID, string(c.Purpose), sealed, c.Tries, millis(c.CreatedAt), millis(c.ExpiresAt), millis(c.SentAt), millis(c.UsedAt)}
	if c.SentAt.Equal(c.CreatedAt) && c.Tries == 0 && c.UsedAt.IsZero() {
		return t.q.later(ctx, insert, args...)
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, insert+` ON CONFLICT (id) DO UPDATE
	  SET tries = excluded.tries, sent_at = excluded.sent_at, used_at = excluded.used_at
	  WHERE codes.tries <= excluded.tries AND codes.used_at = 0`, args...)
}

// CodesSent counts code messages of the last 24 hours from the ledger (C1).
func (t *tx) CodesSent(ctx context.Context, jobID string, p tasks.Purpose, to filing.Phone) (perPhone, perJob int, err error) {
	since := millis(t.Now().Add(-24 * time.Hour))
	err = t.q.row(ctx, `SELECT
	  (SELECT count(*) FROM notices WHERE receiver_index = $1 AND created_at > $2 AND code_id <> ''),
	  (SELECT count(*) FROM notices WHERE job_id = $3 AND purpose = $4 AND created_at > $2 AND code_id <> '')`,
		t.s.vault.Index("phone", to.Reveal()), since, jobID, string(p)).Scan(&perPhone, &perJob)
	return perPhone, perJob, err
}
