package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/failpoint"
	"beian/tasks"
)

// The rhythm of reconcile (queue.md): lost leases every few seconds, the rest
// every minute, at once when Redis went back in time.
const (
	sweepEvery  = 2 * time.Second
	travelEvery = time.Second
	silentEvery = time.Minute
	silentAfter = time.Minute
	silentBatch = 500
	lostLimit   = 12 // lost workers before a task is a dead letter
)

// Reconcile makes Redis agree with SQL again, whatever happened to it.
type Reconcile struct {
	box   Outbox
	redis redis.UniversalClient
	relay *Relay
	log   zerolog.Logger
	seen  map[tasks.TaskRef]bool // active in Redis and claimed by nobody, at the last sweep
}

// NewReconcile builds it beside a relay.
func NewReconcile(box Outbox, front redis.UniversalClient, relay *Relay, log zerolog.Logger) *Reconcile {
	return &Reconcile{box: box, redis: front, relay: relay, log: log, seen: map[tasks.TaskRef]bool{}}
}

// Run keeps the rhythm until ctx ends.
func (r *Reconcile) Run(ctx context.Context) error {
	sweep, travel, silent := time.NewTicker(sweepEvery), time.NewTicker(travelEvery), time.NewTicker(silentEvery)
	defer sweep.Stop()
	defer travel.Stop()
	defer silent.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
			err = errors.Join(r.FreeLost(ctx), r.FreeUnclaimed(ctx))
		case <-travel.C:
			err = r.CheckTravel(ctx)
		case <-silent.C:
			r.relay.Rebuild()
			err = errors.Join(r.AskSilent(ctx), r.CheckCards(ctx))
		}
		if err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("reconcile could not look; it looks again soon")
		}
	}
}

// FreeLost gives the tasks of lost workers back. It needs SQL only.
func (r *Reconcile) FreeLost(ctx context.Context) error {
	freed, dead, err := r.box.FreeLost(ctx, lostLimit)
	if freed+dead > 0 {
		failpoint.Hit(failpoint.LeaseFreed)
		r.log.Warn().Int64("freed", freed).Int64("dead", dead).Msg("workers lost their tasks")
	}
	return err
}

// FreeUnclaimed finds tasks that Asynq gave to a worker which died before it
// claimed them: active there, unclaimed here, twice in a row. Asynq itself would
// notice after 60 to 120 seconds.
func (r *Reconcile) FreeUnclaimed(ctx context.Context) error {
	now := map[tasks.TaskRef]bool{}
	defer func() { r.seen = now }()
	for _, q := range tasks.Queues() {
		refs, err := r.active(q)
		if err != nil {
			return err
		}
		unclaimed, err := r.box.Unclaimed(ctx, refs)
		if err != nil {
			return err
		}
		for _, ref := range unclaimed {
			if !r.seen[ref] {
				now[ref] = true
				continue
			}
			r.log.Warn().Str("task", AsynqID(ref)).Msg("a worker died before its claim")
			if err := r.box.Supersede(ctx, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reconcile) active(q tasks.Queue) ([]tasks.TaskRef, error) {
	infos, err := inspectorOn(r.redis).ListActiveTasks(string(q), asynq.PageSize(500))
	if errors.Is(err, asynq.ErrQueueNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing active tasks: %w", err)
	}
	var refs []tasks.TaskRef
	for _, i := range infos {
		if ref, ok := ParseAsynqID(i.ID); ok {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// CheckTravel compares how far Redis knows it came with what SQL remembers, as
// every relay does before it publishes; this one also looks while nothing is
// published, and while a window is full.
func (r *Reconcile) CheckTravel(ctx context.Context) error {
	for _, q := range tasks.Queues() {
		known, err := r.box.Mark(ctx, q)
		if err != nil {
			return err
		}
		mark, err := r.redis.Get(ctx, markKey(q)).Int64()
		if err != nil && !errors.Is(err, redis.Nil) {
			return fmt.Errorf("reading the mark of queue %s: %w", q, err)
		}
		if mark >= known {
			continue
		}
		if err := r.relay.reoffer(ctx, q, known-mark); err != nil {
			return err
		}
	}
	return nil
}

// AskSilent asks Redis about tasks that it should have delivered long ago.
func (r *Reconcile) AskSilent(ctx context.Context) error {
	insp := inspectorOn(r.redis)
	for _, q := range tasks.Queues() {
		rows, err := r.box.Silent(ctx, q, silentAfter, silentBatch)
		if err != nil {
			return err
		}
		for _, o := range rows {
			info, err := insp.GetTaskInfo(string(q), AsynqID(o.TaskRef))
			switch {
			case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
				err = r.box.Reoffer(ctx, o.TaskRef)
			case err != nil:
				err = fmt.Errorf("asking about a silent task: %w", err)
			case info.State == asynq.TaskStateArchived, info.State == asynq.TaskStateCompleted:
				err = r.relay.unstick(ctx, insp, info, o.TaskRef)
			default: // it waits there for later than the record says
				err = r.relay.hasten(insp, info, 0)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckCards gives the dashboard its review cards back that somebody archived or
// deleted there before their time: their deadlines are far away, so AskSilent would
// notice late. When Redis holds as many as it should, nothing is asked one by one.
func (r *Reconcile) CheckCards(ctx context.Context) error {
	held, err := r.box.CountHeldCards(ctx)
	if err != nil || held == 0 {
		return err
	}
	insp := inspectorOn(r.redis)
	info, err := insp.GetQueueInfo(string(tasks.QueueReview))
	if err == nil && info.Pending+info.Active+info.Scheduled+info.Retry >= held {
		return nil
	}
	after := ""
	for {
		refs, err := r.box.HeldCards(ctx, after, silentBatch)
		if err != nil {
			return err
		}
		for _, ref := range refs {
			after = ref.ID
			if err := r.checkCard(ctx, insp, ref); err != nil {
				return err
			}
		}
		if len(refs) < silentBatch {
			return nil
		}
	}
}

func (r *Reconcile) checkCard(ctx context.Context, insp *asynq.Inspector, ref tasks.TaskRef) error {
	info, err := insp.GetTaskInfo(string(tasks.QueueReview), AsynqID(ref))
	switch {
	case errors.Is(err, asynq.ErrTaskNotFound), errors.Is(err, asynq.ErrQueueNotFound):
		return r.box.Reoffer(ctx, ref)
	case err != nil:
		return fmt.Errorf("asking about a review card: %w", err)
	case info.State == asynq.TaskStateArchived, info.State == asynq.TaskStateCompleted:
		return r.relay.unstick(ctx, insp, info, ref)
	}
	return nil
}
