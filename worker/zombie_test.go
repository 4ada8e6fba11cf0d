package worker_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"

	"beian/internal/testenv"
	"beian/tasks"
)

func TestR13_AWorkerThatSleptPastItsLeaseIsFencedOff(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		server := testenv.StartRedis(t)
		h.settle(0, 1)
		sleeper := h.spawn(part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests, PauseAt: "transfer:apply"})
		receipt, err := h.carry(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the worker is inside the step", 20*time.Second, func() bool { return len(h.paper.lines(t, "holds")) == 1 })
		// Whoever sleeps between telling the record and telling the provider may
		// send late; only the provider can see that. So the messages go first.
		eventually(t, "its messages are sent", 20*time.Second, func() bool { return h.due() <= 1 && len(h.paper.lines(t, "sent")) >= 3 })
		h.freeze(sleeper)
		slept := time.Now()
		h.spawn(part{Mode: modeWorker, Redis: server.URL, Lease: leaseOfTests})
		eventually(t, "another worker carries the step out", 20*time.Second, func() bool {
			return h.number(`SELECT count(*) FROM jobs WHERE state = 'done'`) == 1
		})
		t.Logf("%s: taken over after %s", h.store.Engine(), time.Since(slept).Round(time.Second/10))
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
		h.quiet(1, 20*time.Second)
		h.whole(1)
		if !sleeper.running() {
			t.Errorf("the sleeper ended: %s", readFile(t, h.paper.path+".log"))
		}
		if _, err := h.job(t.Context(), receipt); err != nil {
			t.Error(err)
		}
	})
}

// freeze stops a process in its tracks. On SQLite one that stops amid a write
// keeps every other from writing until it goes on, which is not what is tested.
func (h *house) freeze(p *process) {
	h.t.Helper()
	eventually(h.t, "the process stands still and holds no lock", 60*time.Second, func() bool {
		if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			h.t.Fatal(err)
		}
		if h.store.Engine() == "postgres" || h.writable() {
			return true
		}
		if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			h.t.Fatal(err)
		}
		return false
	})
}

// writable tries for a while to begin a write on SQLite.
func (h *house) writable() bool {
	h.t.Helper()
	conn, err := h.raw.Conn(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range []string{"PRAGMA busy_timeout = 300", "BEGIN IMMEDIATE", "ROLLBACK", "PRAGMA busy_timeout = 10000"} {
		if _, err := conn.ExecContext(h.t.Context(), text); err != nil {
			return false
		}
	}
	return true
}

func TestR13_AStepThatReadBeforeItSleptCannotCommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, testenv.Postgres(t)) // on SQLite nobody else writes while a step's transaction is open
	h.settle(0, 1)
	receipt, err := h.carry(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	ref := tasks.TaskRef{ID: tasks.TaskID(tasks.KindTransfer, receipt, "apply"), Generation: 1}
	read, wake := make(chan struct{}), make(chan struct{})
	slow := &slowStore{Store: h.store, read: read, wake: wake}
	sleeper := newDesk(slow, deskWith{keys: h.vault, sender: h.paper, lease: 50 * time.Millisecond})
	ended := make(chan error, 1)
	go func() { ended <- sleeper.Work(background(t), ref) }()
	<-read // the sleeper has read the job inside its transaction
	eventually(t, "its lease is over", 60*time.Second, func() bool {
		freed, _, err := h.store.FreeLost(t.Context(), 12)
		return err == nil && freed == 1
	})
	if err := h.desk.Work(t.Context(), tasks.TaskRef{ID: ref.ID, Generation: 2}); err != nil {
		t.Fatal(err)
	}
	close(wake)
	if err := <-ended; err != nil {
		t.Errorf("the sleeper reports %v, want nothing left to do", err)
	}
	if !isFenced(slow.answer) && !errors.Is(slow.answer, tasks.ErrConflict) {
		t.Errorf("the sleeper's transaction ended with %v", slow.answer)
	}
	after, err := h.job(t.Context(), receipt)
	if err != nil || after.State != tasks.StateDone {
		t.Errorf("the job is %s, %v", after.State, err)
	}
	h.applied(after, true)
	h.chained()
}
