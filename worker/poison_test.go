package worker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/testenv"
	"beian/tasks"
)

// poison is 500 deliveries that can't be carried out, by what must be said of
// them.
func poison() map[string]int {
	return map[string]int{
		"the payload is not a reference": 150,
		"the record has no such task":    150,
		"unknown task type":              100,
		"panic":                          75,
		"worker lost":                    25,
	}
}

func TestR15_EveryPoisonTaskIsADeadLetterWithAReason(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settle(0, 10)
		forever := make(chan struct{})
		defer close(forever)
		h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: h.paper, lease: time.Second, chores: map[string]func(context.Context) error{
			"chore:panic": func(context.Context) error { panic("on purpose") },
			"chore:deaf":  func(context.Context) error { <-forever; return nil }, // ignores its context
		}})
		options, err := redis.ParseURL(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		front := redis.NewClient(options)
		defer front.Close()
		h.poisonQueues(asynq.NewClientFromRedisClient(front))
		h.open(server.URL, zerolog.Nop())
		took := h.stream(0, 10, time.Millisecond)
		healthy := eventually(t, "ten healthy transfers are done beside them", 30*time.Second, func() bool { return h.done() == 10 })
		all := eventually(t, "all 500 are dead letters", 60*time.Second, func() bool {
			return h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`) == 500
		})
		t.Logf("R15 %s: healthy transfers done after %s (submit and verify p99 %s), 500 dead letters after %s more", h.store.Engine(),
			healthy.Round(time.Second/10), at(took, 99), all.Round(time.Second/10))
		h.expectReasons()
		eventually(t, "every message has its end", 60*time.Second, func() bool {
			return h.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`) == 0
		})
		if receipt, err := h.submit(t.Context(), 9); err != nil || receipt == "" {
			t.Errorf("afterwards the office answers %v", err)
		}
		h.once()
	})
}

// poisonQueues puts rubbish into Redis and hopeless rows into SQL, each one try
// before its end.
func (h *house) poisonQueues(client *asynq.Client) {
	h.t.Helper()
	all := poison()
	rubbish := []string{"", "{}", "null", "\xff\xfe", `{"id":"a","gen":0}`, `{"id":7,"gen":1}`, strings.Repeat("x", 5000)}
	for i := range all["the payload is not a reference"] {
		h.enqueue(client, asynq.NewTask(fmt.Sprintf("forged:%d", i%7), []byte(rubbish[i%len(rubbish)])), asynq.Queue("account"))
	}
	for i := range all["the record has no such task"] {
		h.enqueue(client, asynq.NewTask("transfer:apply", fmt.Appendf(nil, `{"id":"transfer.TR%08d.apply","gen":1}`, i)), asynq.Queue("account"))
	}
	for i := range all["unknown task type"] {
		h.hopeless(fmt.Sprintf("future.%d", i), "account", "future:step", 199)
	}
	for i := range all["panic"] {
		h.hopeless(fmt.Sprintf("panic.%d", i), "account", "chore:panic", 11)
	}
	for i := range all["worker lost"] {
		id := fmt.Sprintf("deaf.%d", i)
		h.hopeless(id, "review", "chore:deaf", 11)
		h.exec(`UPDATE outbox SET state = 'sent', sent_at = $1 WHERE id = $2`, time.Now().UnixMilli(), id)
		h.enqueue(client, asynq.NewTask("chore:deaf", fmt.Appendf(nil, `{"id":"%s","gen":1}`, id)), asynq.TaskID(id+".1"),
			asynq.Queue("review"), asynq.Timeout(time.Second))
	}
}

func (h *house) enqueue(client *asynq.Client, task *asynq.Task, options ...asynq.Option) {
	h.t.Helper()
	if _, err := client.EnqueueContext(h.t.Context(), task, options...); err != nil {
		h.t.Fatal(err)
	}
}

// hopeless posts a task that has been tried so often.
func (h *house) hopeless(id, queue, kind string, attempts int) {
	h.t.Helper()
	h.exec(`INSERT INTO outbox (id, queue, type, ref, state, not_before, attempts, created_at) VALUES ($1, $2, $3, $1, 'waiting', $4, $5, $4)`,
		id, queue, kind, time.Now().UnixMilli(), attempts)
}

func (h *house) expectReasons() {
	h.t.Helper()
	letters, err := h.store.DeadLetters(h.t.Context(), 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	got := map[string]int{}
	for _, l := range letters {
		got[l.Reason]++
	}
	if diff := cmp.Diff(poison(), got); diff != "" {
		h.t.Errorf("dead letters by reason (-want +got):\n%s", diff)
	}
}

// scattering is a provider that refuses with texts that quote what they got.
type scattering struct {
	ledger
	mu sync.Mutex
	n  int
}

func (s *scattering) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	s.mu.Lock()
	s.n++
	n := s.n
	s.mu.Unlock()
	switch n % 4 {
	case 1:
		return tasks.Sent{}, fmt.Errorf("cannot reach %s %s with %v", m.Phone.Reveal(), m.Email.Reveal(), m.Params)
	case 2:
		panic(m.Phone.Reveal() + m.Params["veto"] + m.Params["code"])
	case 3:
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendRetry, Code: "BUSY"}
	}
	return s.ledger.Send(ctx, m)
}
