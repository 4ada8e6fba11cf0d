package worker_test

import (
	"bytes"
	"fmt"
	"regexp"
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

// sink collects a log that several goroutines write.
type sink struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func TestSecurityNothingPersonalReachesRedisTheLogOrADump(t *testing.T) {
	t.Parallel()
	const jobs = 8
	h := newHouse(t, testenv.Postgres(t))
	server := testenv.StartRedis(t)
	h.settle(0, jobs)
	h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: &scattering{ledger: *h.paper}, lease: leaseOfTests})
	var log sink
	h.open(server.URL, zerolog.New(&log))
	options, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := redis.NewClient(options)
	defer front.Close()
	var receipts []string
	for i := range jobs {
		receipts = append(receipts, h.awkward(i))
	}
	h.enqueue(asynq.NewClientFromRedisClient(front), asynq.NewTask("forged", []byte("rubbish")), asynq.Queue("account"))
	seen := &bytes.Buffer{}
	looks := 0
	eventually(t, "the effects are done and messages were tried", 60*time.Second, func() bool {
		if looks++; looks < 10 || looks%50 == 0 { // while they wait, run, are retried and are done
			dump(t, front, seen)
		}
		return h.done() == jobs/2 && h.number(`SELECT count(*) FROM outbox WHERE type = 'notice:send' AND attempts > 1`) >= jobs
	})
	dump(t, front, seen)
	if !strings.Contains(seen.String(), receipts[1]) || !strings.Contains(log.String(), receipts[1]) {
		t.Fatal("the scan would not find anything")
	}
	record := h.scan(receipts[1])
	for what, secret := range h.planted(jobs, receipts) {
		h.absent(record, what, secret)
		if secret.MatchString(seen.String()) {
			t.Errorf("Redis holds %s", what)
		}
		if secret.MatchString(log.String()) {
			t.Errorf("the log holds %s", what)
		}
	}
	t.Logf("scanned %d kB of Redis and %d kB of log", seen.Len()/1000, len(log.String())/1000)
}

// scan is every value of the record, sealed ones as they lie there; it must find the
// receipt that it is told.
func (h *house) scan(receipt string) string {
	h.t.Helper()
	var record bytes.Buffer
	h.rows(&record)
	if !strings.Contains(record.String(), receipt) {
		h.t.Fatal("the scan of the record would not find anything")
	}
	return record.String()
}

// absent: the record holds a value nowhere. A masked address keeps its host, and a filing
// number is on its site for everybody; six digits within a digest are no code.
func (h *house) absent(record, what string, secret *regexp.Regexp) {
	h.t.Helper()
	switch {
	case what == "an address":
		secret = regexp.MustCompile(`[a-z0-9]@` + secret.String())
	case strings.HasPrefix(what, "the filing number of"), strings.HasPrefix(what, "the code of"):
		return
	}
	if secret.MatchString(record) {
		h.t.Errorf("the record holds %s", what)
	}
}

// awkward is a transfer with a wrong code first; every second one is frozen.
func (h *house) awkward(i int) (receipt string) {
	h.t.Helper()
	ctx := h.t.Context()
	receipt, err := h.submit(ctx, i)
	if err != nil {
		h.t.Fatal(err)
	}
	job, err := h.job(ctx, receipt)
	if err != nil {
		h.t.Fatal(err)
	}
	_, err = h.desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: tasks.VerbVerify, By: tasks.Viewer{AccountID: job.SourceAccountID},
		Fields: map[string]string{tasks.FieldCode: "000000"}, Once: key("wrong-" + receipt)})
	if err == nil {
		h.t.Error("a wrong code was taken")
	}
	if i%2 == 0 {
		_, err = h.desk.Act(ctx, tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: h.desk.Veto(job.ID)},
			Once: key("veto-" + receipt)})
	} else {
		err = h.verify(ctx, receipt)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return receipt
}

// planted are the values that must not be seen, as patterns.
func (h *house) planted(jobs int, receipts []string) map[string]*regexp.Regexp {
	h.t.Helper()
	out := map[string]*regexp.Regexp{"a name": regexp.MustCompile("欧阳秘密"), "an address": regexp.MustCompile(`secret\.example`)}
	for i := range jobs {
		job, err := h.job(h.t.Context(), receipts[i])
		if err != nil {
			h.t.Fatal(err)
		}
		digits, err := h.code(h.t.Context(), job)
		if err != nil {
			h.t.Fatal(err)
		}
		out[fmt.Sprint("a phone of ", i)] = regexp.MustCompile(fmt.Sprintf("13[789]%08d", i))
		out[fmt.Sprint("the identity number of ", i)] = regexp.MustCompile(citizen(i))
		out[fmt.Sprint("the veto word of ", i)] = regexp.MustCompile(h.desk.Veto(job.ID))
		out[fmt.Sprint("the tracking word of ", i)] = regexp.MustCompile(h.desk.Tracking(job))
		out[fmt.Sprint("the code of ", i)] = regexp.MustCompile(`(^|[^0-9.])` + digits + `($|[^0-9])`)
	}
	return out
}

// dump appends every key of Redis with everything in it.
func dump(t *testing.T, front *redis.Client, out *bytes.Buffer) {
	t.Helper()
	ctx := t.Context()
	keys := front.Scan(ctx, 0, "*", 100).Iterator()
	for keys.Next(ctx) {
		name := keys.Val()
		fmt.Fprintln(out, name)
		kind := front.Type(ctx, name).Val()
		switch kind {
		case "none": // it went away in between
		case "string":
			fmt.Fprintln(out, front.Get(ctx, name).Val())
		case "list":
			fmt.Fprintln(out, front.LRange(ctx, name, 0, -1).Val())
		case "set":
			fmt.Fprintln(out, front.SMembers(ctx, name).Val())
		case "zset":
			fmt.Fprintln(out, front.ZRange(ctx, name, 0, -1).Val())
		case "hash":
			for field, value := range front.HGetAll(ctx, name).Val() {
				fmt.Fprintf(out, "%s=%s\n", field, value)
			}
		default:
			t.Errorf("key %s is a %s, which this scan does not read", name, kind)
		}
	}
	if err := keys.Err(); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
}
