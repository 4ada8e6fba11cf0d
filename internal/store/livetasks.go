package store

import (
	"context"
	"time"

	"beian/tasks"
)

// LiveTask is a task as the dashboard shows it: masked, read from SQL.
type LiveTask struct {
	ID, Type, State, Reason string
	Receipt, JobKind        string
	Attempts                int
	NotBefore               time.Time
}

// LiveTasks reads tasks by their ids; unknown ones are left out.
func (s *Store) LiveTasks(ctx context.Context, ids []string) ([]LiveTask, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	var out []LiveTask
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var l LiveTask
			var notBefore int64
			err := scan(&l.ID, &l.Type, &l.State, &l.Reason, &l.Attempts, &notBefore, &l.Receipt, &l.JobKind)
			l.NotBefore = moment(notBefore)
			out = append(out, l)
			return err
		}, `SELECT o.id, o.type, o.state, o.reason, o.attempts, o.not_before, coalesce(j.receipt, ''), coalesce(j.kind, '')
		  FROM outbox o LEFT JOIN notices n ON o.queue = 'notify' AND n.id = o.ref
		  LEFT JOIN jobs j ON j.receipt = o.ref OR j.id = n.job_id WHERE o.id IN (`+list(0, len(ids))+`)`, args...)
	})
	return out, err
}

var _ tasks.Store = (*Store)(nil)
