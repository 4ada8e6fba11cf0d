package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynq"

	"beian/api"
	"beian/internal/dashboard"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/tasks"
)

// inspector reads Asynq's queues for the console, and beside each task what SQL
// says about it.
type inspector struct {
	asynq *asynq.Inspector
	store *store.Store
}

var _ api.OpsInspector = inspector{}

func (o *office) inspector() inspector {
	return inspector{asynq: asynq.NewInspectorFromRedisClient(o.redis.Front()), store: o.store}
}

func (i inspector) QueueInfos(ctx context.Context) ([]api.OpsQueueInfo, error) {
	known, err := i.asynq.Queues() // one that nothing was ever put into is not among them
	if err != nil {
		return nil, fmt.Errorf("listing the queues: %w", err)
	}
	var out []api.OpsQueueInfo
	for _, q := range tasks.Queues() {
		if !slices.Contains(known, string(q)) {
			continue
		}
		info, err := i.asynq.GetQueueInfo(string(q))
		if err != nil {
			return nil, fmt.Errorf("reading queue %s: %w", q, err)
		}
		out = append(out, api.OpsQueueInfo{Name: q, Size: info.Size, Latency: info.Latency, Paused: info.Paused,
			Processed: info.Processed, Failed: info.Failed, Tasks: map[string]int{"active": info.Active, "pending": info.Pending,
				"scheduled": info.Scheduled, "retry": info.Retry, "archived": info.Archived, "completed": info.Completed}})
	}
	return out, ctx.Err()
}

func (i inspector) QueueTasks(ctx context.Context, q tasks.Queue, state string, page, size int) ([]api.OpsQueueTask, error) {
	list := map[string]func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
		"active": i.asynq.ListActiveTasks, "pending": i.asynq.ListPendingTasks, "scheduled": i.asynq.ListScheduledTasks,
		"retry": i.asynq.ListRetryTasks, "archived": i.asynq.ListArchivedTasks, "completed": i.asynq.ListCompletedTasks,
	}[state]
	infos, err := list(string(q), asynq.Page(page), asynq.PageSize(size))
	if err != nil {
		return nil, fmt.Errorf("listing tasks of queue %s: %w", q, err)
	}
	out, ids := make([]api.OpsQueueTask, len(infos)), make([]string, len(infos))
	for n, info := range infos {
		out[n] = api.OpsQueueTask{ID: info.ID, Type: info.Type, Retried: info.Retried, Error: short(info.LastErr), Next: waits(info.NextProcessAt)}
		if ref, err := queue.Decode(info.Payload); err == nil {
			ids[n] = ref.ID
		}
	}
	return out, i.describe(ctx, out, ids)
}

// describe adds what SQL says about the tasks.
func (i inspector) describe(ctx context.Context, out []api.OpsQueueTask, ids []string) error {
	rows, err := i.store.LiveTasks(ctx, ids)
	if err != nil {
		return err
	}
	byID := map[string]store.LiveTask{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	var receipts []string
	for n, id := range ids {
		out[n].State, out[n].Receipt = byID[id].State, byID[id].Receipt
		if receipt, _, ok := tasks.ParseCardID(id); ok {
			out[n].Receipt = receipt
			receipts = append(receipts, receipt)
		}
	}
	cards, err := i.store.LiveCards(ctx, receipts)
	if err != nil {
		return err
	}
	for n, id := range ids {
		if receipt, _, ok := tasks.ParseCardID(id); ok {
			out[n].Review = cards[receipt].Review.State
		}
	}
	return nil
}

// short keeps the class of a failure, which is all that a worker writes.
func short(text string) string {
	const most = 160
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// waits drops the moment that Asynq gives to what has none.
func waits(at time.Time) time.Time {
	if at.Unix() <= 0 {
		return time.Time{}
	}
	return at
}

func (i inspector) Offers(role tasks.ActorKind, q tasks.Queue, state string) []api.OpsOffer {
	offers := dashboard.Offers(role, q, state)
	out := make([]api.OpsOffer, len(offers))
	for n, offer := range offers {
		out[n] = api.OpsOffer(offer)
	}
	return out
}
