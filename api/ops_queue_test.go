package api_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"beian/api"
	"beian/tasks"
)

// queuesOfTests is one queue with a task in retry.
type queuesOfTests struct {
	down    bool
	receipt string
	offers  []api.OpsOffer
}

func (q *queuesOfTests) QueueInfos(context.Context) ([]api.OpsQueueInfo, error) {
	if q.down {
		return nil, tasks.ErrUnavailable
	}
	return []api.OpsQueueInfo{{Name: tasks.QueueNotify, Size: 61, Tasks: map[string]int{"retry": 61}, Latency: 90 * time.Second, Processed: 7, Failed: 2}}, nil
}

func (q *queuesOfTests) QueueTasks(_ context.Context, _ tasks.Queue, state string, page, size int) ([]api.OpsQueueTask, error) {
	if state != "retry" || page > 1 {
		return nil, nil
	}
	out := make([]api.OpsQueueTask, size)
	for i := range out {
		out[i] = api.OpsQueueTask{ID: "notice.1.1", Type: "notice:send", Retried: 3, Error: "provider: throttled", State: "sent", Receipt: q.receipt,
			Next: time.Date(2026, 11, 25, 11, 0, 0, 0, time.UTC)}
	}
	return out, nil
}

func (q *queuesOfTests) Offers(role tasks.ActorKind, _ tasks.Queue, state string) []api.OpsOffer {
	if role != tasks.ActorOperator {
		return nil
	}
	if state == "" {
		return []api.OpsOffer{{Verb: "pause", Reason: true}, {Verb: "resume"}}
	}
	return []api.OpsOffer{{Verb: "run"}, {Verb: "delete", Reason: true}}
}

// guardOfTests notes what comes in, and refuses when told to.
type guardOfTests struct {
	seen   []string
	refuse bool
}

func (g *guardOfTests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reason, _ := url.PathUnescape(r.Header.Get("X-Beian-Reason"))
	g.seen = append(g.seen, r.Method+" "+r.URL.Path+" "+reason+string(body))
	if g.refuse {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "Not done: the task has moved on.")
	}
}

func newQueueWorld(t *testing.T) (*opsWorld, *queuesOfTests, *guardOfTests) {
	t.Helper()
	q, g := &queuesOfTests{}, &guardOfTests{}
	w := newOpsWorld(t, func(p *api.OpsParts) { p.Inspector, p.Dashboard = q, g })
	return w, q, g
}

func TestTheQueuePageSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	w, q, _ := newQueueWorld(t)
	q.receipt = w.transfer()
	b := w.as(tasks.ActorOperator)
	for _, lang := range []string{"zh-CN", "en"} {
		b.lang = lang
		opsGolden(t, "queue."+lang+".html", firstRows(b.get("/ops/queue?queue=notify&state=retry").body))
		opsGolden(t, "queue-act."+lang+".html", b.get("/ops/queue/act?queue=notify&state=retry&id=notice.1.1&verb=delete").body)
	}
	if got := w.as(tasks.ActorAuditor).get("/ops/queue?queue=notify&state=retry"); got.status != 200 || strings.Contains(got.body, "/ops/queue/act") {
		t.Errorf("an auditor: %d, or is offered an act", got.status)
	}
	for _, bad := range []string{"?queue=other", "?queue=notify&state=nonsense", "?page=0", "?page=x"} {
		if got := b.get("/ops/queue" + bad); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", bad, got.status)
		}
	}
	q.down = true
	if got := b.get("/ops/queue?queue=notify&state=retry"); got.status != 200 || !strings.Contains(got.body, "does not answer") {
		t.Errorf("without Redis: %d", got.status)
	}
}

// firstRows keeps the golden file short: the fifty rows are alike.
func firstRows(page string) string {
	rows := strings.SplitAfter(page, "</tr>\n")
	if len(rows) < 10 {
		return page
	}
	return strings.Join(append(rows[:4:4], rows[len(rows)-1]), "")
}

func TestAnActOnTheQueuePageGoesThroughTheGuard(t *testing.T) {
	t.Parallel()
	w, _, g := newQueueWorld(t)
	b := w.as(tasks.ActorOperator)
	act := func(verb, state, id, reason string) opsAnswer {
		return b.post("/ops/queue/act", url.Values{"queue": {"notify"}, "state": {state}, "id": {id}, "verb": {verb}, "ops_reason": {reason}})
	}
	if got := act("run", "retry", "notice.1.1", ""); got.status != 303 || got.to != "/ops/queue?done=run&queue=notify&state=retry" {
		t.Errorf("run: %d %s", got.status, got.to)
	}
	if got := act("delete", "retry", "notice.1.1", "重复 13800138000"); got.status != 303 {
		t.Errorf("delete: %d", got.status)
	}
	if got := act("pause", "", "", "provider outage"); got.status != 303 || got.to != "/ops/queue?done=pause" {
		t.Errorf("pause: %d %s", got.status, got.to)
	}
	want := []string{"POST /ops/queues/api/queues/notify/retry_tasks/notice.1.1:run ", "DELETE /ops/queues/api/queues/notify/retry_tasks/notice.1.1 重复 ***",
		"POST /ops/queues/api/queues/notify:pause provider outage"}
	if strings.Join(g.seen, "\n") != strings.Join(want, "\n") {
		t.Errorf("the guard saw %q", g.seen)
	}
	g.seen = nil
	if got := act("delete", "retry", "notice.1.1", "no"); got.status != http.StatusUnprocessableEntity || len(g.seen) > 0 {
		t.Errorf("without a reason: %d, %q", got.status, g.seen)
	}
	for _, bad := range [][3]string{{"archive", "retry", "notice.1.1"}, {"run", "retry", "a/../../b"}, {"run", "", "notice.1.1"}, {"run", "retry", ""}, {"pause", "", "x"}} {
		if got := act(bad[0], bad[1], bad[2], "a good reason"); got.status != http.StatusForbidden || len(g.seen) > 0 {
			t.Errorf("%v: %d, %q", bad, got.status, g.seen)
		}
	}
	if got := w.as(tasks.ActorReviewer).post("/ops/queue/act", url.Values{"queue": {"notify"}, "verb": {"resume"}}); got.status != http.StatusForbidden {
		t.Errorf("a reviewer: %d", got.status)
	}
	g.refuse = true
	if got := act("run", "retry", "notice.1.1", ""); got.status != http.StatusConflict || !strings.Contains(got.body, "the task has moved on") {
		t.Errorf("refused: %d", got.status)
	}
}
