package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"beian/tasks"
)

// waits is the words of V1: open, or claimed by somebody whose lease ran out. Its
// first half is that of the indexes, word by word, or SQLite would not use them.
const waits = `r.state IN ('open', 'claimed') AND (r.state = 'open' OR r.lease_until <= $now)`

// tabs are the console's lists; $now and $staff are filled in by tab.
func tabs(tab string) (where string, done bool) {
	switch tab {
	case "waiting":
		return waits + ` AND r.stage = 1 AND r.tier = 0`, false
	case "second":
		return waits + ` AND r.stage = 2`, false
	case "free":
		return waits + ` AND NOT (r.stage = 2 AND r.first_by = $staff)`, false
	case "mine":
		return `r.state IN ('claimed', 'deciding') AND (r.state = 'deciding' OR r.lease_until > $now) AND r.holder = $staff`, false
	case "escalated":
		return `r.tier > 0 AND r.ended = 0`, false
	case "done":
		return `r.ended = 1`, true
	}
	return `r.ended = 0`, false
}

// maxReviews bounds a list.
const maxReviews = 200

// ReviewsOf lists reviews in the order of their dates, one index per tab: a page
// costs what it shows, however long the queue is.
func (t *tx) ReviewsOf(ctx context.Context, f tasks.ReviewFilter) ([]tasks.ReviewRow, error) {
	q, err := t.reviewQuery(f)
	if err != nil {
		return nil, err
	}
	var out []tasks.ReviewRow
	err = t.each(ctx, func(scan func(...any) error) error {
		var row tasks.ReviewRow
		var facts string
		var at int64
		if err := scanReview(scan, &row.Review, &row.JobState, &facts, &row.Documents, &at); err != nil {
			return err
		}
		row.Cursor = strconv.FormatInt(at, 10) + "." + row.JobID
		out = append(out, row)
		return describe(&out[len(out)-1], facts)
	}, q.text(), q.args...)
	return out, err
}

// describe adds what the job's own masked facts say.
func describe(row *tasks.ReviewRow, facts string) error {
	if err := json.Unmarshal([]byte(facts), &row.Facts); err != nil {
		return fmt.Errorf("reading a job's facts: %w", err)
	}
	row.Subject = row.Facts.Subject
	return nil
}

// reviewQuery is a list in the making.
type reviewQuery struct {
	where []string
	args  []any
	by    string // the column of the order
	done  bool   // newest first
	limit int
}

func (t *tx) reviewQuery(f tasks.ReviewFilter) (*reviewQuery, error) {
	where, done := tabs(f.Tab)
	q := &reviewQuery{by: "r.due_at", done: done, limit: f.Limit}
	if done {
		q.by = "r.ended_at"
	}
	if q.limit < 1 || q.limit > maxReviews {
		q.limit = maxReviews
	}
	q.tab(where, "$now", millis(t.Now()))
	q.tab(q.where[0], "$staff", f.StaffID)
	if f.Kind != "" {
		q.add(`r.kind = $?`, string(f.Kind))
	}
	if f.Nature != "" {
		q.add(`r.nature = $?`, string(f.Nature))
	}
	if f.Plain {
		q.where = append(q.where, `r.tier = 0`)
	}
	if f.Risky {
		q.where = append(q.where, `r.risky = 1`)
	}
	if !f.DueBy.IsZero() {
		q.add(`r.due_at <= $?`, millis(f.DueBy))
	}
	if f.Receipt != "" {
		q.add(`r.receipt = $?`, f.Receipt)
	}
	if f.After != "" {
		return q, q.behind(f.After)
	}
	return q, nil
}

// tab puts the tab's own clause in the first place, with a value for its name.
func (q *reviewQuery) tab(where, name string, v any) {
	if strings.Contains(where, name) {
		q.args = append(q.args, v)
		where = strings.ReplaceAll(where, name, "$"+strconv.Itoa(len(q.args)))
	}
	q.where = []string{where}
}

func (q *reviewQuery) add(clause string, v any) {
	q.args = append(q.args, v)
	q.where = append(q.where, strings.ReplaceAll(clause, "$?", "$"+strconv.Itoa(len(q.args))))
}

// behind continues a list behind a row's cursor; what is none is not found.
func (q *reviewQuery) behind(cursor string) error {
	at, id, _ := strings.Cut(cursor, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" {
		return tasks.ErrNotFound
	}
	q.args = append(q.args, ms, id)
	n := len(q.args)
	sign := ">"
	if q.done {
		sign = "<"
	}
	q.where = append(q.where, fmt.Sprintf(`(%s, r.job_id) %s ($%d, $%d)`, q.by, sign, n-1, n))
	return nil
}

// text reads the page of reviews first and then looks their jobs up.
func (q *reviewQuery) text() string {
	direction := ""
	if q.done {
		direction = " DESC"
	}
	order := ` ORDER BY ` + q.by + direction + `, r.job_id` + direction
	return `SELECT ` + reviewColumns + `, j.state, j.facts,
	  (SELECT count(*) FROM documents d WHERE d.job_id = r.job_id AND d.replaced = 0), ` + q.by + `
	  FROM (SELECT * FROM reviews r WHERE ` + strings.Join(q.where, " AND ") + order + ` LIMIT ` + strconv.Itoa(q.limit) + `) AS r
	  JOIN jobs j ON j.id = r.job_id` + order
}
