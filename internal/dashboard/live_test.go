package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hibiken/asynq"

	"beian/tasks"
)

type listed struct {
	Tasks []struct {
		ID      string `json:"id"`
		Payload string `json:"payload"`
		Result  string `json:"result"`
	} `json:"tasks"`
}

func (h *house) list(rest string) listed {
	h.t.Helper()
	response := h.do(tasks.ActorReviewer, http.MethodGet, defaultRoot+"/api/queues/"+rest)
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		h.t.Errorf("%s: content type %q", rest, got)
	}
	var l listed
	h.must(json.Unmarshal([]byte(read(h.t, response)), &l))
	return l
}

func TestAListShowsTheLiveStateWithOneQuery(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 30 {
		h.put(tasks.QueueAccount, stateScheduled, "transfer."+receipt+".step"+strconv.Itoa(i)+".1")
	}
	h.asked.live = Live{Receipt: receipt, Kind: "备案转移", State: "待对方确认", Attempts: 2, Due: h.clock.read().Add(90 * time.Minute)}
	for range 2 {
		l := h.list("account/scheduled_tasks?size=30")
		if len(l.Tasks) != 30 {
			t.Fatalf("%d tasks", len(l.Tasks))
		}
		due := h.clock.read().Add(90 * time.Minute).In(chinaTime()).Format("2006-01-02 15:04")
		want := `{"受理编号":"TR8F4KQX7M","类型":"备案转移","状态":"待对方确认","次数":2,"截止":"` + due + `","剩余":"1小时30分"}`
		if diff := cmp.Diff(want, l.Tasks[7].Payload); diff != "" {
			t.Fatalf("payload (-want +got):\n%s", diff)
		}
	}
	if len(h.asked.asked) != 1 || len(h.asked.asked[0]) != 30 {
		t.Errorf("asked %d times", len(h.asked.asked))
	}
	h.clock.advance(liveFor)
	h.list("account/scheduled_tasks?size=30")
	if len(h.asked.asked) != 2 {
		t.Errorf("asked %d times after the state grew old", len(h.asked.asked))
	}
}

func TestNoMoreThanAHundredTasksAreListed(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 120 {
		h.put(tasks.QueueAccount, stateScheduled, "transfer."+receipt+".step"+strconv.Itoa(i)+".1")
	}
	if got := len(h.list("account/scheduled_tasks?size=100000").Tasks); got != 100 {
		t.Errorf("%d tasks", got)
	}
}

func TestTheDetailPageOfADoneTaskShowsItsStateToo(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, stateCompleted, "transfer."+receipt+".apply.1")
	h.asked.live = Live{Receipt: receipt, State: "已完成"}
	var detail struct{ Payload, Result string }
	response := h.do(tasks.ActorAuditor, http.MethodGet, defaultRoot+"/api/queues/account/tasks/transfer."+receipt+".apply.1")
	h.must(json.Unmarshal([]byte(read(t, response)), &detail))
	if detail.Payload != `{"受理编号":"TR8F4KQX7M","状态":"已完成"}` || detail.Result != lineNoResult {
		t.Errorf("%+v", detail)
	}
}

func TestWhatIsNotKnownIsSaidToBeUnknown(t *testing.T) {
	t.Parallel()
	h := open(t, func(p *Parts) { p.PauseFor = time.Minute })
	h.put(tasks.QueueAccount, statePending, "transfer."+receipt+".apply.1")
	h.asked.fail = errors.New("database down")
	if got := h.list("account/pending_tasks").Tasks[0].Payload; got != lineUnknown {
		t.Errorf("database down: %q", got)
	}
	_, err := h.client.Enqueue(asynq.NewTask("x", []byte("13800138000\n")), asynq.Queue("notify"))
	h.must(err)
	if got := h.list("notify/pending_tasks").Tasks[0].Payload; got != lineUnknown {
		t.Errorf("a foreign payload: %q", got)
	}
}

func TestNothingPersonalIsShownEvenWhenItIsHandedIn(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"13800138000", "138 0013 8000", "11010519491231002X", "li@example.cn", "010-62770001", "1101051949123"} {
		l := Live{Receipt: secret, Kind: "k " + secret, State: "s：" + secret, Claimed: secret, Note: "(" + secret + ")"}
		line := l.line(time.Now())
		for _, part := range []string{secret, "0013", "4912", "example", "6277"} {
			if strings.Contains(line, part) {
				t.Errorf("%q is shown in %s", secret, line)
			}
		}
	}
	if note := "截止 2026-11-25 18:00，第 2 轮"; scrub(note) != note {
		t.Errorf("a date was blotted out: %s", scrub(note))
	}
}

func TestErrorsOfTheQueueDoNotReachThePage(t *testing.T) {
	t.Parallel()
	d := shut(t)
	response := send(t, d, request(tasks.ActorOperator, http.MethodGet, defaultRoot+"/api/queues"))
	if body := read(t, response); response.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "127.0.0.1") {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	act := send(t, d, request(tasks.ActorOperator, http.MethodPost, defaultRoot+"/api/queues/account/retry_tasks/x:run"))
	if body := read(t, act); act.StatusCode != http.StatusServiceUnavailable || strings.Contains(body, "127.0.0.1") {
		t.Errorf("%d %s", act.StatusCode, body)
	}
}

func TestTimeLeftIsSaidInWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		time.Minute: "1分", 61 * time.Minute: "1小时1分", 47 * time.Hour: "47小时0分", 50 * time.Hour: "2天", -90 * time.Minute: "已超1小时30分",
	} {
		if got := Span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestEveryViewOfTheDashboardIsAnswered(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.put(tasks.QueueAccount, statePending, "transfer."+receipt+".apply.1")
	for _, rest := range []string{"queues", "queue_stats", "servers", "scheduler_entries", "redis_info", "queues/account",
		"queues/account/groups", "queues/account/active_tasks", "queues/account/pending_tasks", "queues/account/scheduled_tasks",
		"queues/account/retry_tasks", "queues/account/archived_tasks", "queues/account/completed_tasks",
		"queues/account/tasks/transfer." + receipt + ".apply.1"} {
		for _, role := range staffRoles() {
			response := h.do(role, http.MethodGet, defaultRoot+"/api/"+rest)
			body := read(t, response)
			if response.StatusCode != http.StatusOK || !json.Valid([]byte(body)) || response.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s for a %s: %d %s", rest, role, response.StatusCode, body)
			}
		}
	}
}

func TestV3ACardsLineBeginsWithWhatAReviewerLooksFor(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)
	l := Live{Card: true, Receipt: receipt, Kind: "not shown", State: "审核中", Claimed: "审核员", Attempts: 3, Due: due, Left: "8小时0分", Note: "not shown"}
	want := `{"状态":"审核中","认领":"审核员","截止":"2026-03-04 18:00","剩余":"8小时0分","受理编号":"TR8F4KQX7M"}`
	if got := l.line(due.Add(-24 * time.Hour)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestAFinishedCardShowsItsOutcomeAndNothingThatSomebodyPlanted(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, outcome := range tasks.CardOutcomes() {
		got := h.board.result("", fmt.Appendf(nil, `{"receipt":"%s","outcome":"%s","name":"李晓明"}`, receipt, outcome))
		if !strings.Contains(got, `"结论":"`) || !strings.Contains(got, receipt) || strings.Contains(got, "李") {
			t.Errorf("%s: %s", outcome, got)
		}
	}
	for _, planted := range []string{`{"receipt":"13800138000","outcome":"approved"}`, `{"receipt":"` + receipt + `","outcome":"李晓明"}`, `{}`, `李晓明`} {
		if got := h.board.result("", []byte(planted)); got != lineUnknown {
			t.Errorf("%s is shown as %s", planted, got)
		}
	}
}
