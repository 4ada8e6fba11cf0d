package store

import (
	"context"
	"errors"
	"time"

	"beian/tasks"
)

// DeadLetter is a task that was given up, with the reason; it stays until people
// decide (queue.md, principle 3).
type DeadLetter struct {
	tasks.TaskRef
	Queue    tasks.Queue
	Type     string
	Ref      string
	Attempts int
	Reason   string
	At       time.Time
}

// DeadLetters lists dead letters, newest first.
func (s *Store) DeadLetters(ctx context.Context, limit int) ([]DeadLetter, error) {
	var out []DeadLetter
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var d DeadLetter
			var at int64
			err := scan(&d.ID, &d.Generation, &d.Queue, &d.Type, &d.Ref, &d.Attempts, &d.Reason, &at)
			d.At = moment(at)
			out = append(out, d)
			return err
		}, `SELECT id, generation, queue, type, ref, attempts, reason, ended_at FROM outbox WHERE state = 'dead'
		  ORDER BY ended_at DESC LIMIT $1`, limit)
	})
	return out, err
}

// Redrive gives a dead letter another life under a new generation, and says who
// did so in the audit journal and on its job's timeline. ErrNotFound when it is
// not dead.
func (s *Store) Redrive(ctx context.Context, id string, by AuditEntry) error {
	return s.update(ctx, func(t *tx) error {
		var ref string
		err := scanOne(t.q.row(ctx, `UPDATE outbox SET state = 'waiting', generation = generation + 1, attempts = 0,
		  not_before = $1, reason = '', ended_at = 0, lease_until = 0 WHERE id = $2 AND state = 'dead' RETURNING ref`,
			millis(t.Now()), id), &ref)
		if err != nil {
			return err
		}
		t.posted = tasks.Queues()
		by.Action, by.Object, by.Outcome = "task.redrive", id, "done"
		if err := t.audit(ctx, by); err != nil {
			return err
		}
		job, err := t.Job(ctx, ref, tasks.Viewer{System: true})
		if errors.Is(err, tasks.ErrNotFound) { // a message's or a chore's
			return nil
		}
		if err != nil {
			return err
		}
		return t.Record(ctx, &job, tasks.Change{Events: []tasks.Event{{Actor: by.Actor, What: tasks.WhatRedriven, From: job.State, To: job.State}}}, nil)
	})
}

// Disputed counts the jobs whose dispute waits for a supervisor (A8).
func (s *Store) Disputed(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, func(t *tx) error {
		return t.q.row(ctx, "SELECT count(*) FROM jobs WHERE "+disputedClause).Scan(&n)
	})
	return n, err
}

// QueueFigures counts a queue's work by what SQL knows.
type QueueFigures struct {
	Queue                        tasks.Queue
	Waiting, Sent, Running, Dead int64
	OldestDue                    time.Duration // how long the oldest due row has waited
}

// Figures counts every queue's open work.
func (s *Store) Figures(ctx context.Context) ([]QueueFigures, error) {
	var out []QueueFigures
	err := s.view(ctx, func(t *tx) error {
		out = nil
		for _, q := range tasks.Queues() {
			f := QueueFigures{Queue: q}
			var oldest int64
			err := t.q.row(ctx, `SELECT
			  (SELECT count(*) FROM outbox WHERE state = 'waiting' AND queue = $1),
			  (SELECT count(*) FROM outbox WHERE state = 'sent' AND queue = $1),
			  (SELECT count(*) FROM outbox WHERE state = 'running' AND queue = $1),
			  (SELECT count(*) FROM outbox WHERE state = 'dead' AND queue = $1),
			  (SELECT coalesce(min(not_before), 0) FROM outbox WHERE state IN ('waiting', 'sent') AND queue = $1)`,
				string(q)).Scan(&f.Waiting, &f.Sent, &f.Running, &f.Dead, &oldest)
			if err != nil {
				return err
			}
			if oldest > 0 {
				f.OldestDue = max(0, t.Now().Sub(moment(oldest)))
			}
			out = append(out, f)
		}
		return nil
	})
	return out, err
}
