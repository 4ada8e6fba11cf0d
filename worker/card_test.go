package worker_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/rs/zerolog"

	"beian/internal/dashboard"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
	"beian/tasks"
)

// cardHouse is a house on SQLite whose record's time the test moves, while Redis
// and Asynq go by the wall.
type cardHouse struct {
	*house
	clock  *clock
	server *testenv.RedisServer
	redis  *queue.Redis
	insp   *asynq.Inspector
	mend   *queue.Reconcile
}

// aMonday is ten in the morning in China on a day before two working days.
func aMonday() time.Time { return time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC) }

func newCardHouse(t *testing.T) *cardHouse {
	t.Helper()
	h := &cardHouse{house: newHouse(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db")), clock: &clock{now: aMonday()}}
	keys, err := vault.Load(h.keys)
	if err != nil {
		t.Fatal(err)
	}
	if h.store, err = store.Open(t.Context(), store.Options{URL: h.url, Vault: keys, Clock: h.clock.read}); err != nil {
		t.Fatal(err)
	}
	clocked := h.store
	t.Cleanup(func() { clocked.Close() })
	h.desk = newDesk(h.store, deskWith{keys: keys, sender: h.paper, lease: time.Minute})
	h.server = testenv.StartRedis(t)
	h.open(h.server.URL, zerolog.Nop())
	if h.redis, err = queue.Connect(t.Context(), queue.Options{URL: h.server.URL, Log: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.redis.Close(context.Background()) })
	h.insp = asynq.NewInspectorFromRedisClient(h.redis.Front())
	h.mend = queue.NewReconcile(h.store, h.redis.Front(), queue.NewRelay(h.store, h.redis.Front(), zerolog.Nop()), zerolog.Nop())
	return h
}

func (h *cardHouse) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// card waits until the card of a round stands in a state and says something.
func (h *cardHouse) card(receipt string, round int, state asynq.TaskState, says string) *asynq.TaskInfo {
	h.t.Helper()
	var info *asynq.TaskInfo
	eventually(h.t, "the card is "+state.String()+", "+says, 20*time.Second, func() (ok bool) {
		var err error
		info, err = h.insp.GetTaskInfo("review", queue.AsynqID(tasks.TaskRef{ID: tasks.CardID(receipt, round), Generation: 1}))
		return err == nil && info.State == state && strings.Contains(info.LastErr, says)
	})
	return info
}

// living are the cards that wait in Redis.
func (h *cardHouse) living() (ids []string) {
	h.t.Helper()
	for _, list := range []func(string, ...asynq.ListOption) ([]*asynq.TaskInfo, error){
		h.insp.ListPendingTasks, h.insp.ListActiveTasks, h.insp.ListScheduledTasks, h.insp.ListRetryTasks, h.insp.ListArchivedTasks} {
		infos, err := list("review")
		h.must(err)
		for _, info := range infos {
			if !slices.Contains(ids, info.ID) { // Asynq moved it to the next list
				ids = append(ids, info.ID)
			}
		}
	}
	return ids
}

// oneCard is the only card, once it is seen: while Asynq moves it from list to list,
// whoever reads one list after the other may miss it.
func (h *cardHouse) oneCard() (id string) {
	h.t.Helper()
	eventually(h.t, "the dashboard has one card", 20*time.Second, func() bool {
		left := h.living()
		if len(left) > 1 {
			h.t.Fatalf("the dashboard has %v", left)
		}
		if len(left) == 1 {
			id = left[0]
		}
		return len(left) == 1
	})
	return id
}

// until moves the record's clock to a moment; Asynq hears of it by reconcile, as
// it does when clocks differ.
func (h *cardHouse) until(at time.Time) {
	h.t.Helper()
	h.clock.pass(at.Sub(h.clock.read()) + time.Second)
	h.clock.pass(time.Minute + time.Second) // reconcile asks about what is overdue by a minute
	h.must(h.mend.AskSilent(h.t.Context()))
}

func (h *cardHouse) dueOf(receipt string) tasks.Review {
	h.t.Helper()
	r, err := h.review(h.t.Context(), receipt)
	h.must(err)
	return r
}

// failedToday is what the dashboard counts as the queue's failures of today.
func (h *cardHouse) failedToday() int {
	h.t.Helper()
	info, err := h.insp.GetQueueInfo("review")
	h.must(err)
	return info.Failed
}

func TestV3AReviewsCardTellsItsWholeStory(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 1)
	calendar := resetPolicy(tasks.Policy{}).Calendar
	a, err := h.queueUp(t.Context(), 0)
	h.must(err)
	r := h.dueOf(a.receipt)

	info := h.card(a.receipt, 1, asynq.TaskStateRetry, "due 2026-03-04 18:00")
	half := calendar.Share(r.StartedAt, r.DueAt, 50)
	if wait := time.Until(info.NextProcessAt); wait < half.Sub(r.StartedAt)-time.Minute || wait > half.Sub(r.StartedAt)+time.Minute {
		t.Errorf("the card comes back in %s, want about %s", wait, half.Sub(r.StartedAt))
	}

	h.must(h.insp.RunTask("review", info.ID)) // "Run" before its time
	if again := h.card(a.receipt, 1, asynq.TaskStateRetry, "due"); again.Retried != 0 {
		t.Errorf("an early run spent %d retries", again.Retried)
	}

	h.must(h.insp.ArchiveTask("review", info.ID)) // "Archive"
	h.must(h.mend.CheckCards(t.Context()))
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")

	h.until(half)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	eventually(t, "50 % is on record", 60*time.Second, func() bool { return h.dueOf(a.receipt).Reminded == 50 })
	h.until(calendar.Share(r.StartedAt, r.DueAt, 80))
	h.card(a.receipt, 1, asynq.TaskStateRetry, "at risk (80 %)")
	if h.failedToday() != 0 {
		t.Error("a reminder counts as a failure")
	}

	h.until(r.DueAt)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "SLA breached, tier 1")
	if n := h.failedToday(); n != 1 {
		t.Errorf("one breach, and the queue counts %d failures", n)
	}
	if n := h.number(`SELECT count(*) FROM notices WHERE template = 'reset_delayed'`); n != 2 {
		t.Errorf("%d messages tell the applicant of the delay, want one by SMS and one by mail", n)
	}
	h.until(h.dueOf(a.receipt).DueAt)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "SLA breached, tier 2")
	if n := h.failedToday(); n != 2 {
		t.Errorf("two breaches, and the queue counts %d failures", n)
	}

	h.must(h.judge(t.Context(), a.receipt, 0, supervisor(), tasks.VerdictNeedMore))
	info = h.card(a.receipt, 1, asynq.TaskStateRetry, "paused: waiting for the applicant")
	h.must(h.insp.DeleteTask("review", info.ID)) // "Delete"
	h.must(h.mend.CheckCards(t.Context()))
	h.card(a.receipt, 1, asynq.TaskStateScheduled, "")

	h.must(a.upload(t.Context(), tasks.SlotIDFront, 2))
	_, err = a.act(t.Context(), tasks.VerbSupplement, nil)
	h.must(err)
	h.finished(a.receipt, 1, `{"receipt":"`+a.receipt+`","outcome":"need_more"}`)
	h.card(a.receipt, 2, asynq.TaskStateRetry, "SLA breached, tier 2")
	h.must(h.judge(t.Context(), a.receipt, 0, supervisor(), tasks.VerdictApprove))
	h.finished(a.receipt, 2, `{"receipt":"`+a.receipt+`","outcome":"approved"}`)
	if left := h.living(); len(left) > 0 {
		t.Errorf("cards are left: %v", left)
	}
}

// finished waits for a card that is Completed for 30 days with a result.
func (h *cardHouse) finished(receipt string, round int, result string) {
	h.t.Helper()
	info := h.card(receipt, round, asynq.TaskStateCompleted, "")
	if string(info.Result) != result {
		h.t.Errorf("the card's result is %s, want %s", info.Result, result)
	}
	if info.Retention != 30*24*time.Hour {
		h.t.Errorf("the card stays for %s", info.Retention)
	}
}

func TestV3ANudgedCardStaysOneCard(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 1)
	a, err := h.queueUp(t.Context(), 0)
	h.must(err)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	var took []time.Duration
	for range 20 {
		before := h.number(`SELECT fence FROM outbox WHERE id = $1`, tasks.CardID(a.receipt, 1))
		start := time.Now()
		h.must(h.store.Update(t.Context(), func(tx tasks.Tx) error {
			return tx.Post(t.Context(), tasks.Task{ID: tasks.CardID(a.receipt, 1), Queue: tasks.QueueReview, Type: "login_reset:card", Ref: a.receipt})
		}))
		eventually(t, "the nudged card ran and is parked again", 20*time.Second, func() bool {
			return h.number(`SELECT count(*) FROM outbox WHERE id = $1 AND state = 'sent' AND not_before > $2 AND fence > $3 + 1`,
				tasks.CardID(a.receipt, 1), h.clock.read().UnixMilli(), before) == 1
		})
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	h.oneCard()
	t.Logf("from the nudge to the parked card: p50 %s, max %s", at(took, 50), at(took, 100))
}

func TestV3ANudgeAmidARunIsNotLost(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 1)
	a, err := h.queueUp(t.Context(), 0)
	h.must(err)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	ref := tasks.TaskRef{ID: tasks.CardID(a.receipt, 1), Generation: 1}
	h.exec(`UPDATE outbox SET not_before = 0 WHERE id = $1`, ref.ID)
	// A run that has read the review when somebody nudges the card.
	nudging := &nudgingStore{Store: h.store, ref: ref, receipt: a.receipt}
	slow := newDesk(nudging, deskWith{keys: h.vault, sender: h.paper, lease: time.Minute})
	err = slow.Work(t.Context(), ref)
	if err == nil || !strings.Contains(err.Error(), "again") {
		t.Fatalf("the fenced run ends with %v, and nobody would deliver the card again", err)
	}
	if nudging.nudges != 1 {
		t.Fatal("nothing was nudged")
	}
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	h.oneCard()
}

func TestV3AFlushedRedisShowsEveryDeadlineAgain(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 3)
	var receipts []string
	for i := range 3 {
		a, err := h.queueUp(t.Context(), i)
		h.must(err)
		h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
		receipts = append(receipts, a.receipt)
	}
	h.must(h.redis.Front().FlushAll(t.Context()).Err())
	for _, receipt := range receipts {
		info := h.card(receipt, 1, asynq.TaskStateScheduled, "")
		if time.Until(info.NextProcessAt) < time.Hour {
			t.Errorf("the card of %s is due at %s", receipt, info.NextProcessAt)
		}
	}
}

func TestV3ABreachBookedByTheSweepShowsInTheDashboardAtOnce(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 3)
	a, err := h.queueUp(t.Context(), 0)
	h.must(err)
	h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	h.clock.pass(h.dueOf(a.receipt).DueAt.Sub(h.clock.read()) + 61*time.Second) // Asynq, on the wall's clock, is late
	if moved, err := h.desk.SweepCards(t.Context()); err != nil || moved != 1 {
		t.Fatalf("%d cards moved, %v", moved, err)
	}
	h.card(a.receipt, 1, asynq.TaskStateRetry, "SLA breached, tier 1")
	if n := h.number(`SELECT count(*) FROM timeline WHERE what = 'breached'`); n != 1 {
		t.Errorf("%d breaches", n)
	}
}

func TestV3ABreachIsBookedWithoutRedis(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 3)
	var receipts []string
	for i := range 2 {
		a, err := h.queueUp(t.Context(), i)
		h.must(err)
		h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
		receipts = append(receipts, a.receipt)
	}
	h.server.Kill()
	h.exec(`UPDATE outbox SET state = 'dead' WHERE id = $1`, tasks.CardID(receipts[1], 1)) // and one card has no living task
	h.clock.pass(h.dueOf(receipts[0]).DueAt.Sub(h.clock.read()) + 61*time.Second)
	for sweep, want := range []int{1, 2, 2} { // the dead one is posted again first, and overdue a minute later; then its new words wait for Redis
		if _, err := h.desk.SweepCards(t.Context()); err != nil {
			t.Fatalf("sweep %d: %v", sweep, err)
		}
		if n := h.number(`SELECT count(*) FROM timeline WHERE what = 'breached'`); n != want {
			t.Errorf("after sweep %d there are %d breaches, want %d", sweep+1, n, want)
		}
		h.clock.pass(61 * time.Second)
	}
	if moved, err := h.desk.SweepCards(t.Context()); err != nil || moved != 0 {
		t.Errorf("a sweep with nothing to do moved %d cards, %v", moved, err)
	}
	h.must(h.server.Start())
	for _, receipt := range receipts { // and the dashboard catches up
		eventually(t, "the card of "+receipt+" is back", 30*time.Second, func() bool {
			_ = h.mend.CheckCards(t.Context())
			info, err := h.redis.Front().Exists(t.Context(), "asynq:{review}:t:"+tasks.CardID(receipt, 1)+".1",
				"asynq:{review}:t:"+tasks.CardID(receipt, 1)+".2").Result()
			return err == nil && info > 0
		})
	}
	late, err := h.queueUp(t.Context(), 2)
	h.must(err)
	eventually(t, "workers run cards again", time.Minute, func() bool {
		return h.number(`SELECT count(*) FROM outbox WHERE id = $1 AND state = 'sent' AND fence > 0 AND not_before > $2`,
			tasks.CardID(late.receipt, 1), h.clock.read().UnixMilli()) == 1
	})
}

// nudgingStore nudges a card once, between a run's claim and its end.
type nudgingStore struct {
	*store.Store
	ref     tasks.TaskRef
	receipt string
	claimed bool
	nudges  int
}

func (s *nudgingStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	if s.claimed && s.nudges == 0 {
		s.nudges++
		err := s.Store.Update(ctx, func(tx tasks.Tx) error {
			return tx.Post(ctx, tasks.Task{ID: s.ref.ID, Queue: tasks.QueueReview, Type: "login_reset:card", Ref: s.receipt})
		})
		if err != nil {
			return err
		}
	}
	err := s.Store.Update(ctx, fn)
	s.claimed = true
	return err
}

// guarded is the dashboard as a member of staff with a role uses it.
func (h *cardHouse) guarded(role tasks.ActorKind) (*dashboard.Dashboard, *[]dashboard.Entry) {
	h.t.Helper()
	var journal []dashboard.Entry
	var mu sync.Mutex
	d, err := dashboard.New(dashboard.Parts{Redis: h.redis.Front(), Now: time.Now, Decode: queue.Decode, Log: zerolog.Nop(),
		Staff: func(*http.Request) (dashboard.Staff, bool) { return dashboard.Staff{ID: "s1", Role: role}, true },
		Audit: func(_ context.Context, e dashboard.Entry) error {
			mu.Lock()
			defer mu.Unlock()
			journal = append(journal, e)
			return nil
		}})
	h.must(err)
	return d, &journal
}

func press(d http.Handler, method, path string) int {
	r := httptest.NewRequest(method, "/ops/queues/api/"+path, nil)
	r.Header.Set("X-Beian-Reason", url.PathEscape("reason enough"))
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}

// TestV6NoButtonOfTheDashboardHarmsAReview presses every button of asynqmon on a
// card, in every role: running is harmless and open to reviewers, everything else
// is refused on queue review, and afterwards the card is what it was.
func TestV6NoButtonOfTheDashboardHarmsAReview(t *testing.T) {
	t.Parallel()
	h := newCardHouse(t)
	h.settleLost(0, 1)
	a, err := h.queueUp(t.Context(), 0)
	h.must(err)
	info := h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	task := "queues/review/retry_tasks/" + info.ID
	buttons := []struct{ name, method, path string }{
		{"archive", http.MethodPost, task + ":archive"}, {"delete", http.MethodDelete, task},
		{"pause", http.MethodPost, "queues/review:pause"}, {"delete queue", http.MethodDelete, "queues/review"},
		{"cancel", http.MethodPost, "queues/review/active_tasks/" + info.ID + ":cancel"},
		{"run all", http.MethodPost, "queues/review/retry_tasks:run_all"}, {"archive all", http.MethodPost, "queues/review/retry_tasks:archive_all"},
		{"delete all", http.MethodDelete, "queues/review/retry_tasks:delete_all"}, {"batch run", http.MethodPost, "queues/review/retry_tasks:batch_run"},
		{"batch archive", http.MethodPost, "queues/review/retry_tasks:batch_archive"}, {"batch delete", http.MethodPost, "queues/review/retry_tasks:batch_delete"},
	}
	before := h.dueOf(a.receipt)
	for _, role := range []tasks.ActorKind{tasks.ActorReviewer, tasks.ActorSupervisor, tasks.ActorOperator, tasks.ActorAuditor} {
		d, journal := h.guarded(role)
		for _, b := range buttons {
			if status := press(d, b.method, b.path); status < 400 {
				t.Errorf("%s may %s: %d", role, b.name, status)
			}
		}
		if len(*journal) != len(buttons) {
			t.Errorf("%s pressed %d buttons, the journal has %d rows", role, len(buttons), len(*journal))
		}
		runs := role == tasks.ActorReviewer || role == tasks.ActorOperator
		if status := press(d, http.MethodPost, task+":run"); (status < 400) != runs {
			t.Errorf("%s runs a card: %d", role, status)
		}
		h.card(a.receipt, 1, asynq.TaskStateRetry, "due")
	}
	if left := h.oneCard(); left != info.ID {
		t.Errorf("the dashboard has %s", left)
	}
	if after := h.dueOf(a.receipt); after.Version != before.Version || h.failedToday() != 0 {
		t.Errorf("the review changed: %+v", after)
	}
}
