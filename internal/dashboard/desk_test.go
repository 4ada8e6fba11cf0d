package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/testenv"
	"beian/tasks"
)

const receipt = "TR8F4KQX7M"

// house is a dashboard on a Redis of its own, with the people around it played
// by the test.
type house struct {
	*Dashboard
	t       *testing.T
	redis   *redis.Client
	journal *journal
	clock   *clock
	client  *asynq.Client
	asked   *questions
}

func open(t *testing.T, change ...func(*Parts)) *house {
	t.Helper()
	options, err := redis.ParseURL(testenv.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	h := &house{t: t, redis: client, journal: &journal{redis: client}, clock: &clock{now: time.Now()},
		client: asynq.NewClientFromRedisClient(client), asked: &questions{}}
	p := closedParts(client)
	p.Audit, p.Now, p.State = h.journal.write, h.clock.read, h.asked.answer
	for _, c := range change {
		c(&p)
	}
	if h.Dashboard, err = New(p); err != nil {
		t.Fatal(err)
	}
	return h
}

// closedParts do for pages and files without a Redis that answers.
func closedParts(client redis.UniversalClient) Parts {
	return Parts{
		Redis: client,
		Staff: func(r *http.Request) (Staff, bool) {
			role := r.Header.Get("Test-Role")
			return Staff{ID: "staff-" + role, Role: tasks.ActorKind(role)}, role != ""
		},
		Audit:  func(context.Context, Entry) error { return nil },
		Decode: decode,
		Lang:   func(r *http.Request) string { return r.Header.Get("Test-Lang") },
		Log:    zerolog.Nop(),
		Now:    time.Now,
	}
}

func decode(payload []byte) (tasks.TaskRef, error) {
	var ref struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(payload, &ref); err != nil || ref.ID == "" {
		return tasks.TaskRef{}, errors.New("not a reference")
	}
	return tasks.TaskRef{ID: ref.ID, Generation: 1}, nil
}

// journal keeps entries, and what Redis looked like when each was written.
type journal struct {
	mu      sync.Mutex
	entries []Entry
	dumps   []map[string]string
	broken  error
	redis   *redis.Client
	dumping *testing.T
}

func (j *journal) write(_ context.Context, e Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return j.broken
	}
	j.entries = append(j.entries, e)
	if j.dumping != nil {
		j.dumps = append(j.dumps, dump(j.dumping, j.redis))
	}
	return nil
}

func (j *journal) outcomes() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.entries {
		out = append(out, e.Outcome)
	}
	return out
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// questions plays SQL: it counts what it is asked and knows one state.
type questions struct {
	mu    sync.Mutex
	asked [][]string
	fail  error
	live  Live
}

func (q *questions) answer(_ context.Context, ids []string) (map[string]Live, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked = append(q.asked, ids)
	out := map[string]Live{}
	for _, id := range ids {
		out[id] = q.live
	}
	return out, q.fail
}

// put makes a task in a state, the way Asynq's scripts leave it in Redis.
func (h *house) put(q tasks.Queue, state, id string) {
	h.t.Helper()
	ctx := h.t.Context()
	opts := []asynq.Option{asynq.Queue(string(q)), asynq.TaskID(id), asynq.Retention(time.Hour)}
	if state == stateScheduled {
		opts = append(opts, asynq.ProcessIn(time.Hour))
	}
	payload := []byte(`{"id":"` + strings.TrimSuffix(id, ".1") + `","gen":1}`)
	if _, err := h.client.Enqueue(asynq.NewTask("transfer:apply", payload), opts...); err != nil {
		h.t.Fatal(err)
	}
	if state == statePending || state == stateScheduled {
		return
	}
	prefix, later := "asynq:{"+string(q)+"}:", float64(time.Now().Add(time.Hour).Unix())
	h.must(h.redis.LRem(ctx, prefix+"pending", 0, id).Err())
	h.must(h.redis.HSet(ctx, prefix+"t:"+id, "state", state).Err())
	if state == stateActive {
		h.must(h.redis.LPush(ctx, prefix+"active", id).Err())
		h.must(h.redis.ZAdd(ctx, prefix+"lease", redis.Z{Score: later, Member: id}).Err())
		return
	}
	h.must(h.redis.ZAdd(ctx, prefix+state, redis.Z{Score: later, Member: id}).Err())
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) state(q tasks.Queue, id string) string {
	h.t.Helper()
	info, err := h.inspector.GetTaskInfo(string(q), id)
	if errors.Is(err, asynq.ErrTaskNotFound) {
		return "gone"
	}
	h.must(err)
	return info.State.String()
}

func (h *house) paused(q tasks.Queue) bool {
	h.t.Helper()
	info, err := h.inspector.GetQueueInfo(string(q))
	h.must(err)
	return info.Paused
}

// do asks as a role; headers come in pairs.
func (h *house) do(role tasks.ActorKind, method, target string, headers ...string) *http.Response {
	h.t.Helper()
	return send(h.t, h.Dashboard, request(role, method, target, headers...))
}

func request(role tasks.ActorKind, method, target string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "https://desk.example"+target, nil)
	r.Header.Set("Test-Role", string(role))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func send(t *testing.T, handler http.Handler, r *http.Request) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// dump is everything in Redis.
func dump(t *testing.T, client *redis.Client) map[string]string {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, key := range keys {
		value, err := client.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = value
	}
	return all
}
