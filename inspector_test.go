package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"beian/config"
	"beian/internal/accounts"
	"beian/internal/testenv"
	"beian/tasks"
)

// The console's queue page, the guard and a real Redis together.
func TestTheConsolesQueuePageActsOnRealTasksAndJournalsEachActTwice(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	cfg, err := config.FromEnv([]string{"BEIAN_ENV=development", "BEIAN_DATA_DIR=" + t.TempDir(), "BEIAN_REDIS_URL=" + redis.URL})
	if err != nil {
		t.Fatal(err)
	}
	o, err := openOffice(t.Context(), session{program: program{out: io.Discard, err: io.Discard}, cfg: cfg, clock: wallClock()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	if _, err := o.store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := o.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	const password = "a quiet grey heron"
	_, err = o.accounts.AddStaff(t.Context(), tasks.System(), accounts.NewStaff{Login: "op-one", Name: "Op", Role: tasks.ActorOperator, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	server, err := o.server()
	if err != nil {
		t.Fatal(err)
	}
	site := httptest.NewServer(server.Handler())
	t.Cleanup(site.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	post := func(path string, form url.Values) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Accept-Language", "en")
		res, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	if code, _ := post("/ops/sign-in", url.Values{"staff_login": {"op-one"}, "password": {password}}); code != http.StatusOK {
		t.Fatalf("signing in: %d", code)
	}
	client := asynq.NewClientFromRedisClient(o.redis.Front())
	if _, err := client.Enqueue(asynq.NewTask("notice:send", nil), asynq.Queue("notify"), asynq.TaskID("notice.n1.1"), asynq.ProcessIn(time.Hour)); err != nil {
		t.Fatal(err)
	}
	target := url.Values{"queue": {"notify"}, "state": {"scheduled"}, "id": {"notice.n1.1"}, "verb": {"delete"}, "ops_reason": {"sent by hand"}}
	if code, page := post("/ops/queue/act", target); code != http.StatusOK || !strings.Contains(page, "The task is deleted.") {
		t.Errorf("deleting: %d %.400s", code, page)
	}
	if code, page := post("/ops/queue/act", target); code != http.StatusNotFound || !strings.Contains(page, "is gone") {
		t.Errorf("deleting again: %d", code)
	}
	if code, page := post("/ops/queue/act", url.Values{"queue": {"notify"}, "verb": {"pause"}, "ops_reason": {"provider outage"}}); code != http.StatusOK || !strings.Contains(page, ">paused<") {
		t.Errorf("pausing: %d", code)
	}
	entries, err := o.store.AuditEntries(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, e := range slices.Backward(entries) {
		if strings.HasPrefix(e.Action, "dashboard.") {
			rows = append(rows, e.Action+" "+e.Object+" "+e.Reason+" "+e.Outcome)
		}
	}
	want := []string{"dashboard.delete notify/notice.n1.1 sent by hand asked", "dashboard.delete notify/notice.n1.1 sent by hand done",
		"dashboard.delete notify/notice.n1.1 sent by hand denied: TASK_NOT_FOUND", "dashboard.pause notify provider outage asked", "dashboard.pause notify provider outage done"}
	if !slices.Equal(rows, want) {
		t.Errorf("journal:\n%s", strings.Join(rows, "\n"))
	}
}
