package worker_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/filing"
	"beian/internal/testenv"
	"beian/tasks"
)

// TestSecurityNothingPersonalOfAResetReachesRedisTheLogOrADump runs resets of every variant to
// every kind of end and scans each key of Redis and each line of the log.
func TestSecurityNothingPersonalOfAResetReachesRedisTheLogOrADump(t *testing.T) {
	t.Parallel()
	const jobs = 9
	h := newHouse(t, testenv.Postgres(t))
	server := testenv.StartRedis(t)
	h.settleLost(0, jobs)
	h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: &scattering{ledger: *h.paper}, lease: leaseOfTests})
	var log sink
	h.open(server.URL, zerolog.New(&log).Level(zerolog.DebugLevel))
	options, err := redis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	front := redis.NewClient(options)
	defer front.Close()
	var people []applicant
	for i := range jobs {
		a, err := h.queueUp(t.Context(), i)
		if err != nil {
			t.Fatal(err)
		}
		people = append(people, a)
	}
	seen := &bytes.Buffer{}
	dump(t, front, seen)
	for i, a := range people {
		h.endSomehow(a, i)
		if i%3 == 0 {
			dump(t, front, seen)
		}
	}
	eventually(t, "every reset that was approved took effect", 90*time.Second, func() bool { return h.done() == jobs/3 })
	dump(t, front, seen)
	if !strings.Contains(seen.String(), people[0].receipt) || !strings.Contains(log.String(), people[0].receipt) || !strings.Contains(seen.String(), "approved") {
		t.Fatal("the scan would not find anything")
	}
	record := h.scan(people[0].receipt)
	for what, secret := range h.plantedInResets(people) {
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

// endSomehow approves a third, sends a third back, and lets a third be frozen.
func (h *house) endSomehow(a applicant, i int) {
	h.t.Helper()
	ctx := h.t.Context()
	var err error
	switch {
	case i < 3:
		err = h.judge(ctx, a.receipt, i, reviewer("first"), tasks.VerdictApprove)
		if err == nil && i > 0 { // organisations: four eyes
			eventually(h.t, "the first approval is settled", 30*time.Second, func() bool {
				r, err := h.review(ctx, a.receipt)
				return err == nil && r.Stage == 2
			})
			err = h.judge(ctx, a.receipt, i, reviewer("second"), tasks.VerdictApprove)
		}
	case i < 6:
		err = h.judge(ctx, a.receipt, i, reviewer("first"), tasks.VerdictNeedMore)
	default:
		job, look := h.job(ctx, a.receipt)
		if err = look; err == nil {
			_, err = h.desk.Act(ctx, tasks.Action{Receipt: a.receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: h.desk.Veto(job.ID)}, Once: key("veto-" + a.receipt)})
		}
	}
	if err != nil {
		h.t.Fatalf("reset %d: %v", i, err)
	}
}

// plantedInResets are the values that must not be seen, as patterns.
func (h *house) plantedInResets(people []applicant) map[string]*regexp.Regexp {
	h.t.Helper()
	out := map[string]*regexp.Regexp{"a name or a remark": regexp.MustCompile("司马机密|机密备注"), "an address": regexp.MustCompile(`hidden\.example`)}
	for i, a := range people {
		job, err := h.job(h.t.Context(), a.receipt)
		if err != nil {
			h.t.Fatal(err)
		}
		l := lostLogin(i)
		out[fmt.Sprint("a phone of ", i)] = regexp.MustCompile(fmt.Sprintf("13[345]%08d", i))
		out[fmt.Sprint("the certificate of ", i)] = regexp.MustCompile(l.fields[tasks.FieldCertNumber])
		out[fmt.Sprint("the identity number of ", i)] = regexp.MustCompile(citizen(20000 + i))
		out[fmt.Sprint("the tracking word of ", i)] = regexp.MustCompile(h.desk.Tracking(job))
		out[fmt.Sprint("the veto word of ", i)] = regexp.MustCompile(h.desk.Veto(job.ID))
		out[fmt.Sprint("the mailbox link of ", i)] = regexp.MustCompile(regexp.QuoteMeta(h.vault.Token("mailbox", tasks.MailboxID(job.ID, 1))))
		icp, err := filing.ParseICPNumber(l.fields[tasks.FieldFiling])
		if err != nil {
			h.t.Fatal(err)
		}
		out[fmt.Sprint("the filing number of ", i)] = regexp.MustCompile(icp.String())
	}
	return out
}
