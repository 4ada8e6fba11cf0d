package worker_test

import (
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/internal/testenv"
	"beian/tasks"
)

// hangVariable says for how long the provider hangs in R14; see
// docs/reliability.md for the promised ten minutes.
const hangVariable = "BEIAN_TEST_HANG"

// fewHang is how long when nobody says.
const fewHang = 6 * time.Second

// R14: while the SMS provider takes every call and answers none, transfers go
// through as fast as beside a healthy one. Both are measured in turns, so that
// whatever else the machine does meets both.
func TestR14_a_hanging_provider_slows_nothing_but_messages(t *testing.T) {
	t.Parallel()
	const turn = 20 // transfers
	hang := fewHang
	if said := os.Getenv(hangVariable); said != "" {
		var err error
		if hang, err = time.ParseDuration(said); err != nil {
			t.Fatal(err)
		}
	}
	forEachEngine(t, func(t *testing.T, h *house) {
		keys := sms.Keys{ID: "id", Secret: "secret"}
		templates, approved := smstest.Templates(t, keys)
		server := smstest.NewAliyun(t, approved)
		guard := sms.NewGuard(sms.NewAliyun(sms.Account{Keys: keys, Templates: templates, Endpoint: server.URL, Timeout: time.Second}), sms.Rest{For: time.Second})
		h.desk = newDesk(h.store, deskWith{keys: h.vault, lease: leaseOfTests,
			sender: sms.Router{tasks.ChannelSMS: guard, tasks.ChannelMail: h.paper}})
		h.open(testenv.StartRedis(t).URL, zerolog.Nop())
		var healthy, hanging time.Duration
		done := 0
		carry := func(fault smstest.Fault) (took time.Duration) {
			server.Always("", fault)
			h.settle(done, done+turn)
			began := time.Now()
			h.stream(done, done+turn, time.Microsecond)
			done += turn
			eventually(t, "the transfers of this turn are done", time.Minute, func() bool { return h.done() == done })
			return time.Since(began)
		}
		carry(smstest.Fine) // warm
		for hanging < hang {
			healthy += carry(smstest.Fine)
			hanging += carry(smstest.HangsTaken)
		}
		share := float64(healthy) / float64(hanging)
		turns := (done/turn - 1) / 2
		t.Logf("R14 %s: %d transfers beside a healthy provider in %s, as many beside a hanging one in %s: %.0f %% of the throughput; %d calls to send",
			h.store.Engine(), turns*turn, healthy.Round(time.Millisecond), hanging.Round(time.Millisecond), 100*share, server.Calls("SendSms"))
		if share < 0.8 { // promised are 90 %; a busy machine gets less on one of the two
			t.Errorf("beside a hanging provider the office reached %.0f %%", 100*share)
		}
	})
}
