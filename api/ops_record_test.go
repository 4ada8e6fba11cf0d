package api_test

import (
	"context"

	"beian/api"
	"beian/internal/accounts"
	"beian/internal/store"
	"beian/tasks"
)

// opsRecord is the store as the console's ports. A broken journal writes nothing.
type opsRecord struct {
	store  *store.Store
	broken bool
}

// opsJournal is the journal for programs.
type opsJournal struct {
	*opsRecord
	porter *accounts.Service
}

func (j opsJournal) Staff(ctx context.Context) ([]accounts.Member, error) { return j.porter.Staff(ctx) }

func (r *opsRecord) Queues(ctx context.Context) ([]api.OpsQueue, error) {
	figures, err := r.store.Figures(ctx)
	out := make([]api.OpsQueue, len(figures))
	for i, f := range figures {
		out[i] = api.OpsQueue{Name: f.Queue, Waiting: f.Waiting, Sent: f.Sent, Running: f.Running, Dead: f.Dead, OldestDue: f.OldestDue}
	}
	return out, err
}

func (r *opsRecord) TasksOf(ctx context.Context, receipt string) ([]api.OpsTask, error) {
	work, err := r.store.TasksOf(ctx, receipt)
	out := make([]api.OpsTask, len(work))
	for i, t := range work {
		out[i] = api.OpsTask{TaskRef: t.TaskRef, Queue: t.Queue, Type: t.Type, State: t.State, Attempts: t.Attempts,
			Reason: t.Reason, NotBefore: t.NotBefore, EndedAt: t.EndedAt}
	}
	return out, err
}

func (r *opsRecord) DeadGroups(ctx context.Context) ([]api.OpsDeadGroup, error) {
	groups, err := r.store.DeadGroups(ctx)
	out := make([]api.OpsDeadGroup, len(groups))
	for i, g := range groups {
		out[i] = api.OpsDeadGroup(g)
	}
	return out, err
}

func (r *opsRecord) DeadIn(ctx context.Context, g api.OpsDeadGroup, after string, limit int) ([]api.OpsDeadLetter, error) {
	letters, err := r.store.DeadIn(ctx, store.DeadGroup(g), after, limit)
	out := make([]api.OpsDeadLetter, len(letters))
	for i, l := range letters {
		out[i] = api.OpsDeadLetter{ID: l.ID, Ref: l.Ref, Receipt: l.Receipt, Attempts: l.Attempts, At: l.At}
	}
	return out, err
}

func (r *opsRecord) Redrive(ctx context.Context, id string, by api.OpsEntry) error {
	return r.store.Redrive(ctx, id, by)
}

func (r *opsRecord) Audit(ctx context.Context, e api.OpsEntry) error {
	if r.broken {
		return tasks.ErrUnavailable
	}
	return r.store.Audit(ctx, e)
}

func (r *opsRecord) FindAudit(ctx context.Context, f tasks.EntryFilter) ([]api.OpsEntry, error) {
	return r.store.FindAudit(ctx, f)
}

func (r *opsRecord) Verify(ctx context.Context, progress func(int64)) (api.OpsVerified, error) {
	v, err := r.store.Verify(ctx, progress)
	out := api.OpsVerified{Audit: v.Audit, Jobs: v.Jobs, Events: v.Events, LastHash: v.LastHash}
	for _, b := range v.Broken {
		out.Broken = append(out.Broken, api.OpsBroken(b))
	}
	return out, err
}
