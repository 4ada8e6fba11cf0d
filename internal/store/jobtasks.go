package store

import (
	"context"
	"time"

	"beian/tasks"
)

// JobTask is one unit of work of a job as the outbox knows it.
type JobTask struct {
	tasks.TaskRef
	Queue     tasks.Queue
	Type      string
	State     string // waiting, sent, running, done, dead
	Attempts  int
	Reason    string // of the last failure, nothing personal
	NotBefore time.Time
	CreatedAt time.Time
	SentAt    time.Time
	EndedAt   time.Time
}

// TasksOf lists the work of a job, its messages included, in the order in which
// it fell due; tasks.ErrNotFound when there is no such job. Delivered work is
// purged after a week.
func (s *Store) TasksOf(ctx context.Context, receipt string) ([]JobTask, error) {
	var out []JobTask
	err := s.view(ctx, func(t *tx) error {
		out = nil
		ids, err := t.taskIDs(ctx, receipt)
		if err != nil {
			return err
		}
		return t.each(ctx, func(scan func(...any) error) error {
			var j JobTask
			var notBefore, created, sent, ended int64
			err := scan(&j.ID, &j.Generation, &j.Queue, &j.Type, &j.State, &j.Attempts, &j.Reason, &notBefore, &created, &sent, &ended)
			j.NotBefore, j.CreatedAt, j.SentAt, j.EndedAt = moment(notBefore), moment(created), moment(sent), moment(ended)
			out = append(out, j)
			return err
		}, `SELECT id, generation, queue, type, state, attempts, reason, not_before, created_at, sent_at, ended_at FROM outbox
		  WHERE id IN (`+list(0, len(ids))+`) ORDER BY not_before, id`, ids...)
	})
	return out, err
}

// taskIDs names every task a job can have. They are looked up by key: the outbox
// may hold millions of rows and has no index by job.
func (t *tx) taskIDs(ctx context.Context, receipt string) (ids []any, err error) {
	var jobID string
	var kind tasks.Kind
	if err := scanOne(t.q.row(ctx, `SELECT id, kind FROM jobs WHERE receipt = $1`, receipt), &jobID, &kind); err != nil {
		return nil, err
	}
	// Without policy, secrets and randomness a flow can still name its steps.
	for _, flow := range tasks.Flows(tasks.Policy{}, nil, nil) {
		if flow.Kind() != kind {
			continue
		}
		for step := range flow.Steps() {
			ids = append(ids, tasks.TaskID(kind, receipt, step))
		}
	}
	cards, err := t.cardIDs(ctx, receipt)
	if err != nil {
		return nil, err
	}
	ids = append(ids, cards...)
	err = t.each(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		for _, task := range tasks.NoticeTaskIDs(id) {
			ids = append(ids, task)
		}
		return err
	}, `SELECT id FROM notices WHERE job_id = $1`, jobID)
	return ids, err
}

// cardIDs names the card of every review round so far.
func (t *tx) cardIDs(ctx context.Context, receipt string) (ids []any, err error) {
	var rounds int
	err = t.q.row(ctx, `SELECT coalesce(max(round), 0) FROM reviews WHERE receipt = $1`, receipt).Scan(&rounds)
	for round := 1; round <= rounds; round++ {
		ids = append(ids, tasks.CardID(receipt, round))
	}
	return ids, err
}

// DeadGroup is the dead letters of one queue, type and reason.
type DeadGroup struct {
	Queue          tasks.Queue
	Type           string
	Reason         string
	Count          int64
	Oldest, Newest time.Time
}

// maxDeadGroups bounds a look at the dead letters; reasons are classes, so there
// are few.
const maxDeadGroups = 200

// DeadGroups counts all dead letters by queue, type and reason, the newest first.
func (s *Store) DeadGroups(ctx context.Context) ([]DeadGroup, error) {
	var out []DeadGroup
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var g DeadGroup
			var oldest, newest int64
			err := scan(&g.Queue, &g.Type, &g.Reason, &g.Count, &oldest, &newest)
			g.Oldest, g.Newest = moment(oldest), moment(newest)
			out = append(out, g)
			return err
		}, `SELECT queue, type, reason, count(*), min(ended_at), max(ended_at) FROM outbox WHERE state = 'dead'
		  GROUP BY queue, type, reason ORDER BY max(ended_at) DESC, type, reason LIMIT $1`, maxDeadGroups)
	})
	return out, err
}

// DeadLetterOf is a dead letter with the receipt of the job it belongs to, empty
// when it belongs to none.
type DeadLetterOf struct {
	DeadLetter
	Receipt string
}

// DeadIn lists up to limit dead letters of a group by queue, type and reason, in
// the order of their ids, behind the id after.
func (s *Store) DeadIn(ctx context.Context, g DeadGroup, after string, limit int) ([]DeadLetterOf, error) {
	var out []DeadLetterOf
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			d := DeadLetterOf{DeadLetter: DeadLetter{Queue: g.Queue, Type: g.Type, Reason: g.Reason}}
			var at int64
			err := scan(&d.ID, &d.Generation, &d.Ref, &d.Attempts, &at, &d.Receipt)
			d.At = moment(at)
			out = append(out, d)
			return err
		}, `SELECT o.id, o.generation, o.ref, o.attempts, o.ended_at, coalesce((SELECT j.receipt FROM jobs j WHERE j.receipt = o.ref),
		  (SELECT j.receipt FROM notices n JOIN jobs j ON j.id = n.job_id WHERE n.id = o.ref), '') FROM outbox o
		  WHERE o.state = 'dead' AND o.queue = $1 AND o.type = $2 AND o.reason = $3 AND o.id > $4 ORDER BY o.id LIMIT $5`,
			string(g.Queue), g.Type, g.Reason, after, limit)
	})
	return out, err
}
