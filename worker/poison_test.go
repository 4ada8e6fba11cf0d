package worker_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
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

// poisonVariable says how many hopeless deliveries R15 makes; see
// docs/reliability.md for the full number.
const poisonVariable = "BEIAN_TEST_POISON"

// fewPoison is how many there are when nobody says: what two processors shared by
// many and the race detector get through in a minute.
const fewPoison = 2000

// deaf is how many of them ignore their context: each costs a place and a lease.
const deaf = 25

// poison is so many deliveries that can't be carried out, by what must be said of
// them.
func poison(t testing.TB) (total int, reasons map[string]int) {
	t.Helper()
	total = fewPoison
	if said := os.Getenv(poisonVariable); said != "" {
		var err error
		if total, err = strconv.Atoi(said); err != nil || total < 10*deaf {
			t.Fatalf("%s must be a number of at least %d", poisonVariable, 10*deaf)
		}
	}
	reasons = map[string]int{
		"the payload is not a reference": total * 3 / 10,
		"the record has no such task":    total * 3 / 10,
		"unknown task type":              total * 2 / 10,
		"worker lost":                    deaf,
	}
	rest := total
	for _, n := range reasons {
		rest -= n
	}
	reasons["panic"] = rest
	return total, reasons
}

func TestR15_EveryPoisonTaskIsADeadLetterWithAReason(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		total, reasons := poison(t)
		patience := time.Minute + time.Duration(total)*20*time.Millisecond
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
		h.poisonQueues(reasons, asynq.NewClientFromRedisClient(front))
		h.open(server.URL, zerolog.Nop())
		took := h.stream(0, 10, time.Millisecond)
		healthy := eventually(t, "ten healthy transfers are done beside them", patience, func() bool { return h.done() == 10 })
		buried := h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`)
		all := eventually(t, "all are dead letters", patience, func() bool {
			return h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`) == total
		})
		t.Logf("R15 %s: healthy transfers done after %s (submit and verify p99 %s), %d of %d dead letters by then, the others after %s more",
			h.store.Engine(), healthy.Round(time.Second/10), at(took, 99), buried, total, all.Round(time.Second/10))
		h.expectReasons(reasons)
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
func (h *house) poisonQueues(all map[string]int, client *asynq.Client) {
	h.t.Helper()
	rubbish := []string{"", "{}", "null", "\xff\xfe", `{"id":"a","gen":0}`, `{"id":7,"gen":1}`, strings.Repeat("x", 5000)}
	for i := range all["the payload is not a reference"] {
		h.enqueue(client, asynq.NewTask(fmt.Sprintf("forged:%d", i%7), []byte(rubbish[i%len(rubbish)])), asynq.Queue("account"))
	}
	for i := range all["the record has no such task"] {
		h.enqueue(client, asynq.NewTask("transfer:apply", fmt.Appendf(nil, `{"id":"transfer.TR%08d.apply","gen":1}`, i)), asynq.Queue("account"))
	}
	h.hopeless(all["unknown task type"], hopeless{id: "future", queue: "account", kind: "future:step", state: "waiting", attempts: 199})
	h.hopeless(all["panic"], hopeless{id: "panic", queue: "account", kind: "chore:panic", state: "waiting", attempts: 11})
	h.hopeless(all["worker lost"], hopeless{id: "deaf", queue: "review", kind: "chore:deaf", state: "sent", attempts: 11})
	for i := range all["worker lost"] {
		id := fmt.Sprintf("deaf.%d", i)
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

// hopeless is a task that has been tried so often.
type hopeless struct {
	id, queue, kind, state string
	attempts               int
}

// hopeless posts n such tasks.
func (h *house) hopeless(n int, as hopeless) {
	h.t.Helper()
	now := time.Now().UnixMilli()
	sent := int64(0)
	if as.state == "sent" {
		sent = now
	}
	h.exec(`WITH RECURSIVE all_of(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM all_of WHERE i + 1 < $1)
	  INSERT INTO outbox (id, queue, type, ref, state, not_before, attempts, created_at, sent_at)
	  SELECT $2 || '.' || i, $3, $4, $2 || '.' || i, $5, $6, $7, $6, $8 FROM all_of`,
		n, as.id, as.queue, as.kind, as.state, now, as.attempts, sent)
}

func (h *house) expectReasons(want map[string]int) {
	h.t.Helper()
	rows, err := h.raw.QueryContext(h.t.Context(), `SELECT reason, count(*) FROM outbox WHERE state = 'dead' GROUP BY reason`)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]int{}
	for rows.Next() {
		var reason string
		var n int
		if err := rows.Scan(&reason, &n); err != nil {
			h.t.Fatal(err)
		}
		got[reason] = n
	}
	if diff := cmp.Diff(want, got); diff != "" || rows.Err() != nil {
		h.t.Errorf("dead letters by reason, %v (-want +got):\n%s", rows.Err(), diff)
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
