package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hibiken/asynq"
	"pgregory.net/rapid"

	"beian/internal/store"
	"beian/tasks"
)

// shakyStore is a record whose next transaction the schedule may spoil: the connection is cut before COMMIT, or after
// it, and the desk can't tell which (R9).
type shakyStore struct {
	*store.Store
	undone, unanswered bool
}

func (s *shakyStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	undone, unanswered := s.undone, s.unanswered
	s.undone, s.unanswered = false, false
	err := s.Store.Update(ctx, func(tx tasks.Tx) error {
		if err := fn(tx); err != nil || !undone {
			return err
		}
		return tasks.ErrUnavailable
	})
	if err == nil && unanswered {
		return tasks.ErrUnavailable
	}
	return err
}

// insist repeats what the record could not answer, as clients do with the same key.
func insist[T any](do func() (T, error)) (T, error) {
	for {
		answer, err := do()
		if !errors.Is(err, tasks.ErrUnavailable) {
			return answer, err
		}
	}
}

// replica is how far a copy of Redis came: what it holds and its marks.
type replica struct {
	ids   []string
	marks map[tasks.Queue]string
}

// brokerMoves are the faults that Asynq and Redis were seen to have (queue.md), beside those of moves.
func (s *schedule) brokerMoves() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"cut before commit":           func(*rapid.T) { s.shaky.undone = true },
		"cut after commit":            func(*rapid.T) { s.shaky.unanswered = true },
		"lose the reply of a dequeue": s.deliver(s.activate),
		"find what nobody claimed":    func(*rapid.T) { s.must(s.mend.FreeUnclaimed(s.ctx)) },
		"deliver what was done": func(*rapid.T) {
			if len(s.past) > 0 {
				s.again(s.past[rapid.IntRange(0, len(s.past)-1).Draw(s.t, "past")])
			}
		},
		"deliver early and late in turn": func(*rapid.T) {
			all := s.deliveries()
			slices.Reverse(all)
			for _, info := range all {
				s.work(info)
			}
		},
		"copy to the replica": func(*rapid.T) { s.copy() },
		"fail over":           func(*rapid.T) { s.failOver() },
	}
}

// again is a delivery of something that may be over since long.
func (s *schedule) again(ref tasks.TaskRef) {
	err := s.desk.Work(s.ctx, ref)
	var again *tasks.Again
	if err != nil && !errors.As(err, &again) && !errors.Is(err, tasks.ErrUnavailable) {
		s.t.Fatalf("a late delivery: %v", err)
	}
}

func asynqKey(q, what string) string { return fmt.Sprintf("asynq:{%s}:%s", q, what) }

// activate does what Asynq's dequeue does, and nobody gets the task: its reply was lost, or the worker died with it.
func (s *schedule) activate(info *asynq.TaskInfo) {
	if info.State != asynq.TaskStatePending {
		return
	}
	r := s.redis.Front()
	s.must(r.LRem(s.ctx, asynqKey(info.Queue, "pending"), 0, info.ID).Err())
	s.must(r.LPush(s.ctx, asynqKey(info.Queue, "active"), info.ID).Err())
	s.must(r.HSet(s.ctx, asynqKey(info.Queue, "t:"+info.ID), "state", "active").Err())
	s.must(r.Do(s.ctx, "ZADD", asynqKey(info.Queue, "lease"), time.Now().Add(30*time.Second).Unix(), info.ID).Err())
}

// copy is the replica that has everything by now.
func (s *schedule) copy() {
	s.replica = &replica{marks: map[tasks.Queue]string{}}
	for _, info := range s.deliveries() {
		s.replica.ids = append(s.replica.ids, info.ID)
	}
	for _, q := range tasks.Queues() {
		mark, err := s.redis.Front().Get(s.ctx, markOf(q)).Result()
		if err == nil {
			s.replica.marks[q] = mark
		}
	}
}

// failOver makes the replica the master: what came since is lost, without an error anywhere.
func (s *schedule) failOver() {
	if s.replica == nil {
		return
	}
	for _, info := range s.deliveries() {
		if !slices.Contains(s.replica.ids, info.ID) {
			s.drop(info)
		}
	}
	for _, q := range tasks.Queues() {
		if mark, known := s.replica.marks[q]; known {
			s.must(s.redis.Front().Set(s.ctx, markOf(q), mark, 0).Err())
		} else {
			s.must(s.redis.Front().Del(s.ctx, markOf(q)).Err())
		}
	}
	s.replica = nil
}

func markOf(q tasks.Queue) string { return "beian:mark:{" + string(q) + "}" }
