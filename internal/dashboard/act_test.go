package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

const because = "stuck since this morning"

// after is what a task is when the action went through.
func after(c call) string {
	switch c.verb {
	case verbRun:
		return statePending
	case verbArchive:
		return stateArchived
	case verbDelete:
		return "gone"
	}
	return c.state
}

func (c call) target() (method, path string) {
	method, rest := c.request()
	if c.verb == verbDeleteQueue {
		method, rest = http.MethodDelete, "queues/"+string(c.queue)
	}
	return method, defaultRoot + "/api/" + rest
}

func TestEveryActionOfEveryRoleGoesThroughOrChangesNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, c := range everyCall() {
		for _, role := range staffRoles() {
			h.tryOut(c, role)
		}
	}
}

func (h *house) tryOut(c call, role tasks.ActorKind) {
	h.t.Helper()
	what := fmt.Sprintf("%s on a %q task of %s by %s", c.verb, c.state, c.queue, role)
	h.must(h.redis.FlushAll(h.t.Context()).Err())
	h.must(h.redis.SAdd(h.t.Context(), "asynq:queues", string(c.queue)).Err())
	if c.id != "" {
		h.put(c.queue, c.state, c.id)
	}
	if c.verb == verbResume {
		h.must(h.inspector.PauseQueue(string(c.queue)))
	}
	before := dump(h.t, h.redis)
	method, path := c.target()
	response := h.do(role, method, path, reasonHeader, because)
	if mayDo(c, role) {
		if response.StatusCode/100 != 2 {
			h.t.Errorf("%s: %d %s", what, response.StatusCode, read(h.t, response))
		}
		if c.id != "" && h.state(c.queue, c.id) != after(c) {
			h.t.Errorf("%s: the task is %s, want %s", what, h.state(c.queue, c.id), after(c))
		}
		if c.id == "" && h.paused(c.queue) != (c.verb == verbPause) {
			h.t.Errorf("%s: paused is %v", what, h.paused(c.queue))
		}
		return
	}
	if response.StatusCode != http.StatusForbidden || response.Header.Get("X-Beian-Refusal") == "" || read(h.t, response) == "" {
		h.t.Errorf("%s: not visibly refused: %d", what, response.StatusCode)
	}
	if diff := cmp.Diff(before, dump(h.t, h.redis)); diff != "" {
		h.t.Errorf("%s: refused, and yet Redis changed:\n%s", what, diff)
	}
}

func TestBulkActionsAreRefusedInBothLanguagesAndChangeNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, statePending, "transfer."+receipt+".apply.1")
	before := dump(t, h.redis)
	for _, path := range []string{"pending_tasks:delete_all", "pending_tasks:batch_archive", "scheduled_tasks:run_all"} {
		zh := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/"+path)
		en := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/"+path, "Test-Lang", english)
		if zh.StatusCode != http.StatusForbidden || zh.Header.Get("X-Beian-Refusal") != "BULK_NOT_ALLOWED" {
			t.Errorf("%s: %d %s", path, zh.StatusCode, zh.Header.Get("X-Beian-Refusal"))
		}
		if a, b := read(t, zh), read(t, en); a != refusalBulk.zh || b != refusalBulk.en {
			t.Errorf("%s: the sentences are %q and %q", path, a, b)
		}
	}
	if diff := cmp.Diff(before, dump(t, h.redis)); diff != "" {
		t.Errorf("Redis changed:\n%s", diff)
	}
}

// asynqmon goes by the id alone: run on a finished task, under the path of
// tasks to be retried, would carry it out again.
func TestAPathThatNamesTheWrongStateIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	id := "transfer." + receipt + ".apply.1"
	h.put(tasks.QueueAccount, stateCompleted, id)
	for _, c := range []call{
		{queue: tasks.QueueAccount, state: stateRetry, id: id, verb: verbRun},
		{queue: tasks.QueueAccount, state: statePending, id: id, verb: verbDelete},
		{queue: tasks.QueueAccount, state: stateScheduled, id: id, verb: verbArchive},
	} {
		method, path := c.target()
		response := h.do(tasks.ActorOperator, method, path, reasonHeader, because)
		if response.StatusCode != http.StatusConflict || h.state(tasks.QueueAccount, id) != stateCompleted {
			t.Errorf("%s: %d, the task is %s", c.verb, response.StatusCode, h.state(tasks.QueueAccount, id))
		}
	}
	response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/retry_tasks/none:run")
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("a task that does not exist: %d", response.StatusCode)
	}
}

func TestOtherSitesCannotPauseAQueue(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.redis.SAdd(t.Context(), "asynq:queues", "account").Err())
	for name, headers := range map[string][]string{
		"cross-site":     {"Sec-Fetch-Site", "cross-site"},
		"a sister site":  {"Sec-Fetch-Site", "same-site"},
		"another origin": {"Origin", "https://evil.example"},
	} {
		response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:pause", append(headers, reasonHeader, because)...)
		if response.StatusCode != http.StatusForbidden || h.paused(tasks.QueueAccount) {
			t.Errorf("%s: %d, paused %v", name, response.StatusCode, h.paused(tasks.QueueAccount))
		}
	}
	response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:pause", "Sec-Fetch-Site", "same-origin", reasonHeader, because)
	if response.StatusCode != http.StatusNoContent || !h.paused(tasks.QueueAccount) {
		t.Errorf("our own page: %d", response.StatusCode)
	}
}

func TestAnActionIsWrittenDownBeforeItHappensAndAfterwards(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, statePending, "transfer."+receipt+".apply.1")
	h.journal.dumping = t
	before := dump(t, h.redis)
	response := h.do(tasks.ActorOperator, http.MethodDelete, defaultRoot+"/api/queues/account/pending_tasks/transfer."+receipt+".apply.1",
		reasonHeader, url.PathEscape("重复提交，来电 138 0013 8000 确认 a@b.cn"), "X-Request-Id", "req-1")
	if response.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", response.StatusCode, read(t, response))
	}
	e := Entry{Actor: tasks.Actor{Kind: tasks.ActorOperator, ID: "staff-operator"}, Action: "dashboard.delete",
		Object: "account/transfer." + receipt + ".apply.1", Reason: "重复提交，来电 *** 确认 ***", Outcome: "asked", RequestID: "req-1"}
	done := e
	done.Outcome = "done"
	if diff := cmp.Diff([]Entry{e, done}, h.journal.entries); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, h.journal.dumps[0]); diff != "" {
		t.Errorf("Redis changed before the first row:\n%s", diff)
	}
	if cmp.Equal(before, h.journal.dumps[1]) {
		t.Error("the second row was written before the action")
	}
}

func TestAnActionThatTheQueueRefusesIsWrittenDownAsFailed(t *testing.T) {
	t.Parallel()
	id := "transfer." + receipt + ".apply.1"
	var h *house
	h = open(t, func(p *Parts) {
		write := p.Audit
		p.Audit = func(ctx context.Context, e Entry) error {
			if e.Outcome == outcomeAsked { // somebody else is faster
				return errors.Join(write(ctx, e), h.inspector.ArchiveTask("account", id), h.inspector.PauseQueue("account"))
			}
			return write(ctx, e)
		}
	})
	h.put(tasks.QueueAccount, statePending, id)
	response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/pending_tasks/"+id+":archive", reasonHeader, because)
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("X-Beian-Refusal") != "ACTION_FAILED" {
		t.Errorf("%d %s", response.StatusCode, read(t, response))
	}
	if diff := cmp.Diff([]string{"asked", "failed"}, h.journal.outcomes()); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestWithoutItsAuditRowAnActionIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, stateScheduled, "transfer."+receipt+".apply.1")
	h.journal.broken = errors.New("disk full")
	before := dump(t, h.redis)
	response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/scheduled_tasks/transfer."+receipt+".apply.1:run")
	if response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("%d", response.StatusCode)
	}
	if diff := cmp.Diff(before, dump(t, h.redis)); diff != "" {
		t.Errorf("Redis changed:\n%s", diff)
	}
}

func TestWhatSwitchesWorkOffNeedsAReason(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, statePending, "transfer."+receipt+".apply.1")
	for _, reason := range []string{"", "abc", "   a   ", "%zz", "%ff%ff%ff%ff"} {
		response := h.do(tasks.ActorOperator, http.MethodPost,
			defaultRoot+"/api/queues/account/pending_tasks/transfer."+receipt+".apply.1:archive", reasonHeader, reason)
		if response.StatusCode != http.StatusUnprocessableEntity || h.state(tasks.QueueAccount, "transfer."+receipt+".apply.1") != statePending {
			t.Errorf("reason %q: %d", reason, response.StatusCode)
		}
	}
	if last := h.journal.outcomes(); last[len(last)-1] != "denied: REASON_REQUIRED" {
		t.Errorf("the journal says %q", last)
	}
}

func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.redis.SAdd(t.Context(), "asynq:queues", "account", "notify").Err())
	response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:pause", reasonHeader, because)
	notice, err := url.PathUnescape(response.Header.Get(noticeHeader))
	if want := h.clock.read().Add(30 * time.Minute).In(chinaTime()).Format("15:04"); err != nil || !strings.Contains(notice, want) {
		t.Errorf("the notice %q does not say %s", notice, want)
	}
	again := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:pause", reasonHeader, because)
	if again.StatusCode != http.StatusConflict {
		t.Errorf("a second pause, which would prolong the first: %d", again.StatusCode)
	}
	restarted := NewPauses(h.parts)
	h.clock.advance(29 * time.Minute)
	h.must(restarted.ResumeOverdue(t.Context()))
	if !h.paused(tasks.QueueAccount) {
		t.Fatal("resumed too early")
	}
	h.clock.advance(time.Minute)
	h.must(restarted.ResumeOverdue(t.Context()))
	if h.paused(tasks.QueueAccount) || h.redis.Exists(t.Context(), pauseKey(tasks.QueueAccount)).Val() != 0 {
		t.Error("not resumed after 30 minutes")
	}
	last := h.journal.entries[len(h.journal.entries)-1]
	if diff := cmp.Diff(Entry{Actor: tasks.System(), Action: "dashboard.resume", Object: "account", Reason: "the pause was over", Outcome: "done"}, last); diff != "" {
		t.Errorf("last row (-want +got):\n%s", diff)
	}
}

func TestAPauseBySomebodyElseGetsAnEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.redis.SAdd(t.Context(), "asynq:queues", "review").Err())
	h.must(h.inspector.PauseQueue("review"))
	h.must(h.ResumeOverdue(t.Context()))
	if !h.paused(tasks.QueueReview) {
		t.Error("resumed at once: whoever paused it may be at work")
	}
	h.clock.advance(31 * time.Minute)
	h.must(h.ResumeOverdue(t.Context()))
	if h.paused(tasks.QueueReview) {
		t.Error("still paused")
	}
}

func TestAResumedQueueForgetsItsEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.redis.SAdd(t.Context(), "asynq:queues", "account").Err())
	for _, verb := range []string{"pause", "resume"} {
		response := h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:"+verb, reasonHeader, because)
		if response.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %d", verb, response.StatusCode)
		}
	}
	if h.redis.Exists(t.Context(), pauseKey(tasks.QueueAccount)).Val() != 0 {
		t.Error("the end of the pause is still kept")
	}
}

func TestAPauseEndsEvenWhenTheJournalIsDown(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.must(h.redis.SAdd(t.Context(), "asynq:queues", "account").Err())
	h.do(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account:pause", reasonHeader, because)
	h.clock.advance(time.Hour)
	h.journal.broken = errors.New("disk full")
	if err := h.ResumeOverdue(t.Context()); err == nil {
		t.Error("a missing audit row went unnoticed")
	}
	if h.paused(tasks.QueueAccount) {
		t.Error("still paused")
	}
}
