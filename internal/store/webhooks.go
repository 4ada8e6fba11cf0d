package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"beian/internal/traces"
	"beian/tasks"
)

// webhookSealed is what of a webhook is sealed.
type webhookSealed struct {
	URL         string `json:"url"`
	Secret      []byte `json:"secret"`
	Former      []byte `json:"former,omitempty"`
	FormerUntil int64  `json:"former_until,omitempty"`
}

const placeWebhook = "webhooks"

func (t *tx) sealWebhook(w tasks.Webhook) ([]byte, error) {
	plain, err := json.Marshal(webhookSealed{URL: w.URL, Secret: w.Secret, Former: w.Former, FormerUntil: millis(w.FormerUntil)})
	if err != nil {
		return nil, fmt.Errorf("encoding a webhook: %w", err)
	}
	return t.seal(placeWebhook, w.ID, string(plain))
}

// AddWebhook enters a webhook.
func (t *tx) AddWebhook(ctx context.Context, w tasks.Webhook) error {
	sealed, err := t.sealWebhook(w)
	if err != nil {
		return err
	}
	return t.exactlyOne(ctx, tasks.ErrConflict, `INSERT INTO webhooks (id, name, sealed, kinds, created_at) VALUES ($1,$2,$3,$4,$5)
	  ON CONFLICT (name) DO NOTHING`, w.ID, w.Name, sealed, tasks.Words(w.Kinds), millis(w.CreatedAt))
}

// SaveWebhook writes what changes of one.
func (t *tx) SaveWebhook(ctx context.Context, w tasks.Webhook) error {
	sealed, err := t.sealWebhook(w)
	if err != nil {
		return err
	}
	return t.exactlyOne(ctx, tasks.ErrNotFound, `UPDATE webhooks SET sealed = $1, disabled_at = $2, reason = $3 WHERE id = $4`,
		sealed, millis(w.DisabledAt), w.Reason, w.ID)
}

const webhookColumns = `SELECT id, name, sealed, kinds, created_at, answered_at, disabled_at, reason FROM webhooks `

func (t *tx) scanWebhook(scan func(...any) error, w *tasks.Webhook) error {
	var sealed []byte
	var kinds string
	var created, answered, disabled int64
	if err := scan(&w.ID, &w.Name, &sealed, &kinds, &created, &answered, &disabled, &w.Reason); err != nil {
		return err
	}
	plain, err := t.open(placeWebhook, w.ID, sealed)
	if err != nil {
		return err
	}
	var in webhookSealed
	if err := json.Unmarshal([]byte(plain), &in); err != nil {
		return fmt.Errorf("reading a webhook: %w", err)
	}
	w.URL, w.Secret, w.Former, w.FormerUntil = in.URL, in.Secret, in.Former, moment(in.FormerUntil)
	w.Kinds = nil
	for _, k := range strings.Fields(kinds) {
		w.Kinds = append(w.Kinds, tasks.Kind(k))
	}
	w.CreatedAt, w.AnsweredAt, w.DisabledAt = moment(created), moment(answered), moment(disabled)
	return nil
}

// WebhookNamed reads one; of two changes at once the second waits for the first.
func (t *tx) WebhookNamed(ctx context.Context, name string) (w tasks.Webhook, err error) {
	err = t.scanWebhook(t.q.row(ctx, webhookColumns+`WHERE name = $1`+t.q.locks(), name).Scan, &w)
	return w, notFound(err)
}

// Webhooks lists them.
func (t *tx) Webhooks(ctx context.Context) ([]tasks.Webhook, error) {
	var out []tasks.Webhook
	err := t.each(ctx, func(scan func(...any) error) error {
		var w tasks.Webhook
		err := t.scanWebhook(scan, &w)
		out = append(out, w)
		return err
	}, webhookColumns+`ORDER BY name`)
	return out, err
}

// WebhookStates counts webhooks: active ones, and disabled ones by why they are.
func (s *Store) WebhookStates(ctx context.Context) (map[string]int64, error) {
	var out map[string]int64
	err := s.view(ctx, func(t *tx) error {
		out = map[string]int64{"active": 0, tasks.WebhookOff: 0, tasks.WebhookGone: 0}
		return t.each(ctx, func(scan func(...any) error) error {
			var state string
			var n int64
			err := scan(&state, &n)
			out[state] = n
			return err
		}, `SELECT CASE WHEN disabled_at = 0 THEN 'active' ELSE reason END AS state, count(*) FROM webhooks GROUP BY 1`)
	})
	return out, err
}

// Answered notes it at most once a minute: a busy webhook's row would be written by
// everybody at once.
func (t *tx) Answered(ctx context.Context, id string) error {
	return t.q.later(ctx, `UPDATE webhooks SET answered_at = $1 WHERE id = $2 AND answered_at < $3`,
		millis(t.Now()), id, millis(t.Now().Add(-time.Minute)))
}

// news selects what webhooks are told: every new state of a job that is more than
// somebody's draft, by the last of the events that led there at once. A message's
// reference is <webhook>.<receipt>.<event>.
const news = ` SELECT 'webhook.' || w.id || '.' || jobs.receipt || '.' || e.seq, 'webhook', 'webhook:call',
  w.id || '.' || jobs.receipt || '.' || e.seq, 'waiting', CAST($1 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS TEXT)
  FROM webhooks w CROSS JOIN jobs JOIN timeline e ON e.job_id = jobs.id
  WHERE e.from_state <> e.to_state AND e.to_state <> 'draft' AND ` + begun + `
  AND NOT EXISTS (SELECT 1 FROM timeline n WHERE n.job_id = e.job_id AND n.seq = e.seq + 1 AND n.from_state = e.from_state
    AND n.to_state = e.to_state)
  AND (w.kinds = '' OR ' ' || w.kinds || ' ' LIKE '% ' || jobs.kind || ' %') AND `

const tell = `INSERT INTO outbox (id, queue, type, ref, state, not_before, created_at, trace)` + news

// announce puts into the outbox what webhooks are told of a job's newest events. It
// is one statement that nobody waits for, and without webhooks it reads an empty table.
func (t *tx) announce(ctx context.Context, job *tasks.Job, events []tasks.Event) error {
	for _, e := range events {
		if e.From != e.To {
			return t.q.later(ctx, tell+`w.disabled_at = 0 AND jobs.id = $3 AND e.seq >= $4`, millis(t.Now()), traces.Carried(ctx), job.ID, events[0].Seq)
		}
	}
	return nil
}

// Recall tells a webhook again.
func (t *tx) Recall(ctx context.Context, w tasks.Webhook, since time.Time) (int64, error) {
	t.posted = append(t.posted, tasks.QueueWebhook)
	return t.q.exec(ctx, tell+`w.id = $3 AND e.at >= $4 ON CONFLICT (id) DO UPDATE SET state = 'waiting', fence = outbox.fence + 1,
	  generation = outbox.generation + 1, not_before = excluded.not_before, attempts = 0, lease_until = 0, reason = '', sent_at = 0,
	  ended_at = 0 WHERE outbox.state IN ('done', 'dead')`, millis(t.Now()), traces.Carried(ctx), w.ID, millis(since))
}

// Call reads a message.
func (t *tx) Call(ctx context.Context, ref string) (tasks.Call, error) {
	id, receipt, seq, ok := splitCall(ref)
	if !ok {
		return tasks.Call{}, tasks.ErrNotFound
	}
	c := tasks.Call{ID: receipt + "." + strconv.FormatInt(seq, 10), Receipt: receipt, Seq: seq}
	var at int64
	err := scanOne(t.q.row(ctx, `SELECT e.at, e.to_state, jobs.kind FROM jobs JOIN timeline e ON e.job_id = jobs.id
	  WHERE jobs.receipt = $1 AND e.seq = $2`, receipt, seq), &at, &c.State, &c.Kind)
	if err != nil {
		return c, err
	}
	c.At, c.Type = moment(at), string(c.Kind)+"."+string(c.State)
	err = t.scanWebhook(t.q.row(ctx, webhookColumns+`WHERE id = $1`, id).Scan, &c.Webhook)
	return c, notFound(err)
}

func splitCall(ref string) (id, receipt string, seq int64, ok bool) {
	parts := strings.Split(ref, ".")
	if len(parts) != 3 {
		return "", "", 0, false
	}
	seq, err := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], parts[1], seq, err == nil
}

// Deliveries lists a webhook's messages.
func (t *tx) Deliveries(ctx context.Context, id string, limit int) ([]tasks.Delivery, error) {
	var out []tasks.Delivery
	err := t.each(ctx, func(scan func(...any) error) error {
		var d tasks.Delivery
		var ref string
		var at, due int64
		err := scan(&d.TaskID, &ref, &d.State, &d.Attempts, &d.Reason, &at, &due)
		_, d.Receipt, d.Seq, _ = splitCall(ref)
		d.At, d.Due = moment(at), moment(due)
		out = append(out, d)
		return err
	}, `SELECT id, ref, state, attempts, reason, created_at, not_before FROM outbox
	  WHERE queue = 'webhook' AND id > $1 AND id < $2 ORDER BY created_at DESC, id DESC LIMIT $3`,
		"webhook."+id+".", "webhook."+id+"/", min(max(limit, 1), 1000))
	return out, err
}
