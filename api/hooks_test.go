package api

import (
	"net/http"
	"strings"
	"testing"

	"beian/internal/sms"
	"beian/tasks"
)

const hookSecret = "secret-of-the-provider-0123456789"

// hooked is a bench whose provider pushes receipts, with a message that waits for
// one.
func hooked(t *testing.T) (b *bench, waiting string) {
	t.Helper()
	receipts := sms.AliyunReceipts()
	b = newBench(t, func(p *Parts) {
		p.Hooks = map[string]Hook{"aliyun": {Secret: hookSecret, Read: receipts.Read, Thanks: receipts.Thanks}}
	})
	receipt := b.verified(t).Receipt
	err := b.store.Update(t.Context(), func(tx tasks.Tx) error {
		job, err := tx.Job(t.Context(), receipt, tasks.Viewer{System: true})
		if err != nil {
			return err
		}
		notices, err := tx.Notices(t.Context(), job.ID)
		if err != nil {
			return err
		}
		n := notices[0]
		n.State, n.ProviderID = tasks.NoticeSent, "biz-1"
		waiting = n.ID
		return tx.SaveNotice(t.Context(), n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return b, waiting
}

// checks counts the questions that are due about a message.
func (b *bench) checks(t *testing.T, noticeID string) (n int) {
	t.Helper()
	rows, err := b.store.TakeOutgoing(t.Context(), tasks.QueueNotify, 200, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.ID == tasks.NoticeTaskIDs(noticeID)[1] {
			n++
		}
	}
	return n
}

func TestC3_a_providers_push_makes_the_desk_ask(t *testing.T) {
	t.Parallel()
	for name, push := range map[string]ask{
		"by the address": {method: http.MethodPost, path: "/hooks/sms/aliyun/" + hookSecret},
		"by a token":     {method: http.MethodPost, path: "/hooks/sms/aliyun", head: map[string]string{"Authorization": "Bearer " + hookSecret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, waiting := hooked(t)
			push.body = `[{"out_id":"` + waiting + `","biz_id":"other","phone_number":"13900000000","success":true},{"out_id":"nobody's","biz_id":""}]`
			for range 2 { // idempotent
				got := b.do(t, push)
				if got.status != http.StatusOK || got.raw != `{"code":0,"msg":"成功"}` {
					t.Fatalf("%d %s", got.status, got.raw)
				}
			}
			if n := b.checks(t, waiting); n != 1 {
				t.Errorf("%d questions are due, want 1", n)
			}
		})
	}
}

func TestC3_a_push_without_the_secret_finds_nothing(t *testing.T) {
	t.Parallel()
	b, waiting := hooked(t)
	body := `[{"out_id":"` + waiting + `"}]`
	for _, a := range []ask{
		{method: http.MethodPost, path: "/hooks/sms/aliyun/" + strings.Repeat("x", len(hookSecret)), body: body},
		{method: http.MethodPost, path: "/hooks/sms/aliyun", body: body},
		{method: http.MethodPost, path: "/hooks/sms/tencent/" + hookSecret, body: body},
		{method: http.MethodPost, path: "/hooks/sms/aliyun", body: body, head: map[string]string{"Authorization": "Bearer wrong"}},
	} {
		b.do(t, a).problem(t, http.StatusNotFound, "NOT_FOUND")
	}
	if n := b.checks(t, waiting); n != 0 {
		t.Errorf("%d questions are due", n)
	}
	var last reply
	for range guessLimit().Burst + 1 {
		last = b.do(t, ask{method: http.MethodPost, path: "/hooks/sms/aliyun/wrong", body: body})
	}
	last.problem(t, http.StatusTooManyRequests, "TOO_MANY_REQUESTS")
}

func TestC3_a_push_that_is_none_is_refused(t *testing.T) {
	t.Parallel()
	b, _ := hooked(t)
	b.do(t, ask{method: http.MethodPost, path: "/hooks/sms/aliyun/" + hookSecret, body: `{"phone_number":"13900000000"}`}).
		problem(t, http.StatusBadRequest, "MALFORMED")
	big := "[" + strings.Repeat(`{"out_id":"x"},`, maxBody/15) + `{"out_id":"x"}]`
	b.do(t, ask{method: http.MethodPost, path: "/hooks/sms/aliyun/" + hookSecret, body: big}).problem(t, http.StatusRequestEntityTooLarge, "TOO_LARGE")
	if logged := b.log.String(); strings.Contains(logged, hookSecret) || strings.Contains(logged, "13900000000") || !strings.Contains(logged, `"route":"/hooks/sms/:provider/:secret"`) {
		t.Errorf("the log says %s", logged)
	}
}
