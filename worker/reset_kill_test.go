package worker_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

const (
	resetKillJobs  = 60
	resetKillTimes = 16
)

// TestR1_KilledWorkersLoseNoReset kills workers while resets of all three variants
// run from their form to their effect, applicants and reviewers never pausing.
func TestR1_KilledWorkersLoseNoReset(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settleLost(0, resetKillJobs)
		worker := part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests, Delay: 30 * time.Millisecond}
		children := []*process{h.spawn(worker), h.spawn(worker), h.spawn(worker)}
		people, stopPeople := context.WithCancel(background(t))
		defer stopPeople()
		var group sync.WaitGroup
		defer group.Wait()
		defer stopPeople()
		group.Go(func() { h.applyAll(people, resetKillJobs) })
		for _, name := range []string{"first", "second", "third"} {
			group.Go(func() { h.reviewAll(people, reviewer(name)) })
		}
		var deaths []death
		for len(deaths) < resetKillTimes {
			<-time.After(250*time.Millisecond + rand.N(350*time.Millisecond))
			i := rand.IntN(len(children))
			at := time.Now().UnixMilli()
			children[i].kill()
			deaths = append(deaths, death{pid: children[i].pid(), at: at})
			children[i] = h.spawn(worker)
		}
		rest := h.quiet(resetKillJobs, 120*time.Second)
		h.wholeResets(resetKillJobs)
		t.Logf("%s: %d kills over %d resets and %d messages; all done %s after the last", h.store.Engine(), len(deaths),
			resetKillJobs, len(h.paper.lines(t, "sent")), rest.Round(time.Second/10))
		h.reportRecoveries(h.recoveries(deaths))
	})
}

// applyAll plays n applicants, each until its reset is handed in.
func (h *house) applyAll(ctx context.Context, n int) {
	for i := range n {
		if _, err := h.queueUp(ctx, i); err != nil && ctx.Err() == nil {
			h.t.Errorf("reset %d: %v", i, err)
		}
	}
}

// reviewAll plays a reviewer who approves whatever comes, until ctx ends.
func (h *house) reviewAll(ctx context.Context, who tasks.Actor) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		r, err := h.desk.ClaimNext(ctx, who)
		if errors.Is(err, tasks.ErrNotFound) || passing(err) || ctx.Err() != nil {
			continue
		}
		if err == nil {
			err = h.judge(ctx, r.Receipt, h.numberOf(ctx, r.JobID), who, tasks.VerdictApprove)
		}
		var moved *tasks.WrongState
		if err != nil && !passing(err) && !errors.As(err, &moved) && ctx.Err() == nil {
			h.t.Errorf("reviewing: %v", err)
		}
	}
}

// numberOf tells which applicant a reset is of, by the account it is about.
func (h *house) numberOf(ctx context.Context, jobID string) (i int) {
	var external string
	err := h.raw.QueryRowContext(ctx, `SELECT a.external_id FROM jobs j JOIN accounts a ON a.id = j.source_account_id WHERE j.id = $1`, jobID).Scan(&external)
	if err != nil {
		return -1
	}
	for _, c := range external[1:] {
		i = i*10 + int(c-'0')
	}
	return i
}

// wholeResets checks what must hold after any run of n resets that were all
// approved.
func (h *house) wholeResets(n int) {
	h.t.Helper()
	for what, got := range map[string]int{
		"jobs":                    h.number(`SELECT count(*) FROM jobs`) - n,
		"jobs done":               h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) - n,
		"jobs not applied once":   h.number(`SELECT count(*) FROM jobs j WHERE (SELECT count(*) FROM timeline e WHERE e.job_id = j.id AND e.what = 'applied') <> 1`),
		"dead letters":            h.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`),
		"messages without an end": h.number(`SELECT count(*) FROM notices WHERE state IN ('waiting', 'sending', 'unknown')`),
		"logins not replaced":     n - h.number(`SELECT count(*) FROM accounts WHERE login_replaced_at > 0`),
		"reviews open":            h.number(`SELECT count(*) FROM reviews WHERE ended = 0`),
	} {
		if got != 0 {
			h.t.Errorf("%s: off by %d", what, got)
		}
	}
	h.sound()
	h.once()
	h.chained()
}

func TestR13_AResetsEffectThatSleptPastItsLeaseIsFencedOff(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settleLost(0, 1)
		sleeper := h.spawn(part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests, PauseAt: "login_reset:apply"})
		a, err := h.queueUp(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.judge(t.Context(), a.receipt, 0, reviewer("first"), tasks.VerdictApprove); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the worker is inside the step", 30*time.Second, func() bool { return len(h.paper.lines(t, "holds")) == 1 })
		h.freeze(sleeper)
		h.spawn(part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests})
		eventually(t, "another worker carries the step out", 30*time.Second, func() bool {
			return h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) == 1
		})
		if err := os.WriteFile(h.paper.path+".go", nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := sleeper.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the sleeper goes on", 60*time.Second, func() bool { return len(h.paper.lines(t, "woke")) == 1 })
		if woke := h.paper.lines(t, "woke")[0]; woke[3] != "true" {
			t.Errorf("the sleeper's commit was not fenced: %v", woke)
		}
		h.quiet(1, 30*time.Second)
		if n := h.number(`SELECT count(*) FROM timeline WHERE what = 'applied'`); n != 1 {
			t.Errorf("the effect is %d times on record", n)
		}
		h.sound()
		h.chained()
	})
}
