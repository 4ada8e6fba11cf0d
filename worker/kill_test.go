package worker_test

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

// process is one child of a test.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// spawn starts a process of the office; its log goes to <ledger>.log.
func (h *house) spawn(p part) *process {
	h.t.Helper()
	p.Database, p.Keys, p.Ledger = h.url, h.keys, h.paper.path
	told, err := json.Marshal(p)
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := os.OpenFile(h.paper.path+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(told))
	cmd.Stdout, cmd.Stderr = log, log
	if _, err := cmd.StdinPipe(); err != nil { // its end tells the child that we are gone
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	child := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(child.ended)
	}()
	h.t.Cleanup(child.kill)
	return child
}

// death is when a process was killed.
type death struct {
	pid int
	at  int64 // Unix milliseconds
}

const (
	killJobs  = 100
	killTimes = 22
)

func TestR1_KilledProcessesLoseNothing(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settle(0, killJobs)
		heard := h.listen("integrator")
		worker := part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests, Delay: 60 * time.Millisecond}
		submitter := part{Mode: modeSubmitter, Lease: leaseOfTests, Jobs: killJobs, Pace: 60 * time.Millisecond}
		parts := []part{worker, worker, worker, submitter}
		children := make([]*process, len(parts))
		for i, p := range parts {
			children[i] = h.spawn(p)
		}
		var deaths []death
		start := time.Now()
		for len(deaths) < killTimes {
			<-time.After(250*time.Millisecond + rand.N(350*time.Millisecond))
			i := rand.IntN(len(parts))
			if i == 3 && !children[i].running() {
				continue // it has submitted everything
			}
			at := time.Now().UnixMilli()
			children[i].kill()
			deaths = append(deaths, death{pid: children[i].pid(), at: at})
			children[i] = h.spawn(parts[i])
		}
		storm := time.Since(start)
		eventually(t, "everything is submitted", time.Minute, func() bool { return !children[3].running() })
		rest := h.quiet(killJobs, 40*time.Second)
		h.whole(killJobs)
		h.allHeard(heard)
		recoveries := h.recoveries(deaths)
		t.Logf("%s: %d kills in %s over %d jobs and %d messages; all done %s after the last", h.store.Engine(), len(deaths),
			storm.Round(time.Second/10), killJobs, len(h.paper.lines(t, "sent")), rest.Round(time.Second/10))
		h.reportRecoveries(recoveries)
		t.Logf("codes not sent again because their outcome was unknown: %d",
			h.number(`SELECT count(*) FROM notices WHERE state = 'failed' AND template = 'code'`))
	})
}

// messages is what a webhook's receiver got, by id.
type messages struct {
	mu   sync.Mutex
	byID map[string]string
	n    int
}

// listen enters a webhook with a receiver.
func (h *house) listen(name string) *messages {
	h.t.Helper()
	m := &messages{byID: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		id := r.Header.Get("webhook-id")
		body, err := io.ReadAll(r.Body)
		if before, twice := m.byID[id]; err != nil || twice && before != string(body) {
			h.t.Errorf("%s was %s and is %s: %v", id, before, body, err)
		}
		m.byID[id], m.n = string(body), m.n+1
	}))
	h.t.Cleanup(server.Close)
	_, _, err := h.desk.AddWebhook(h.t.Context(), tasks.System(), tasks.NewWebhook{Name: name, URL: server.URL, Plain: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// allHeard: every new state of every job was told, under an id of its own.
func (h *house) allHeard(m *messages) {
	h.t.Helper()
	eventually(h.t, "every message has an end", 30*time.Second, func() bool {
		return h.number(`SELECT count(*) FROM outbox WHERE queue = 'webhook' AND state <> 'done'`) == 0
	})
	states := h.number(`SELECT count(*) FROM outbox WHERE queue = 'webhook'`)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.byID) != states || states < 3*killJobs {
		h.t.Errorf("the receiver heard of %d new states, want %d", len(m.byID), states)
	}
	h.t.Logf("%s: the webhook's receiver took %d messages, %d of them a second time", h.store.Engine(), m.n, m.n-len(m.byID))
}

// recoveries are the times from a process's death to another claim of a task
// that it had claimed.
func (h *house) recoveries(deaths []death) (out []time.Duration) {
	h.t.Helper()
	type claim struct {
		pid int
		at  int64
	}
	claims := map[string][]claim{}
	for _, words := range h.paper.lines(h.t, "claim") {
		pid, _ := strconv.Atoi(words[3])
		at, _ := strconv.ParseInt(words[4], 10, 64)
		claims[words[1]] = append(claims[words[1]], claim{pid: pid, at: at})
	}
	for _, d := range deaths {
		for _, list := range claims {
			for i, c := range list[:len(list)-1] {
				if c.pid == d.pid && list[i+1].pid != d.pid {
					out = append(out, time.Duration(list[i+1].at-d.at)*time.Millisecond)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func (h *house) reportRecoveries(all []time.Duration) {
	h.t.Helper()
	if len(all) == 0 {
		h.t.Log("no kill hit a running step, so recovery was not measured")
		return
	}
	p50, p99, worst := all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	h.t.Logf("R3 %s: %d running steps were hit; from the kill to the next claim p50 %s, p99 %s, max %s (lease %s)",
		h.store.Engine(), len(all), p50, p99, worst, leaseOfTests)
	if p99 > 15*time.Second {
		h.t.Errorf("recovery takes %s, more than 15 s", p99)
	}
}
