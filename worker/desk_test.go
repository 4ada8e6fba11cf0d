package worker_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/tasks"
)

func TestR19_AHundredEqualRequestsAreOneJob(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settle(0, 2)
		s, err := h.submission(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		answers := make([]tasks.Accepted, 100)
		together(100, func(i int) {
			acc, err := h.desk.Submit(t.Context(), s)
			if err != nil {
				t.Errorf("request %d: %v", i, err)
			}
			acc.Replayed, acc.Job = false, nil
			answers[i] = acc
		})
		for i, acc := range answers {
			if diff := cmp.Diff(answers[0], acc); diff != "" || acc.Receipt == "" {
				t.Errorf("answer %d differs (-first +this):\n%s", i, diff)
			}
		}
		if n := h.number(`SELECT count(*) FROM jobs`); n != 1 {
			t.Errorf("%d jobs", n)
		}
		if n := h.number(`SELECT count(*) FROM notices WHERE template = 'code'`); n != 1 {
			t.Errorf("%d codes were ordered", n)
		}
		s.Once.Fingerprint = "another"
		if _, err := h.desk.Submit(t.Context(), s); !errors.Is(err, tasks.ErrKeyReused) {
			t.Errorf("the key with other content: %v", err)
		}
	})
}

func TestR19_AHundredEqualVerbsAreOneStep(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settle(0, 1)
		receipt, err := h.submit(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		together(50, func(i int) {
			if err := h.verify(t.Context(), receipt); err != nil {
				t.Errorf("request %d: %v", i, err)
			}
		})
		if n := h.number(`SELECT count(*) FROM timeline WHERE what = 'verified'`); n != 1 {
			t.Errorf("verified %d times", n)
		}
	})
}

// together runs n calls that begin at the same moment.
func together(n int, do func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	group.Wait()
}

// racesEach is how often each race is run per engine.
const racesEach = 100

func TestR21_AVetoThatWasCommittedBeforeTheEffectAlwaysWins(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settle(0, racesEach)
		var frozen, moved int
		for i := range racesEach {
			receipt, err := h.carry(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			job, err := h.job(t.Context(), receipt)
			if err != nil {
				t.Fatal(err)
			}
			var answer tasks.Accepted
			var refused error
			together(2, func(who int) {
				if who == 0 {
					answer, refused = h.desk.Act(t.Context(), tasks.Action{Receipt: receipt, Verb: tasks.VerbDispute,
						By: tasks.Viewer{Veto: h.desk.Veto(job.ID)}, Once: key("veto-" + receipt)})
					return
				}
				h.work(receipt)
			})
			h.work(receipt) // whatever came first, another delivery changes nothing
			after, err := h.job(t.Context(), receipt)
			if err != nil {
				t.Fatal(err)
			}
			isMoved := h.holder(after) == after.TargetAccountID
			switch {
			case refused == nil && answer.State == tasks.StateDisputed:
				frozen++
				if after.State != tasks.StateDisputed || isMoved {
					t.Errorf("a veto was committed, and yet the job is %s, moved: %v", after.State, isMoved)
				}
			case refused == nil, errors.Is(refused, tasks.ErrConflict), errors.Is(refused, tasks.ErrInFlight):
				moved++
				if after.State != tasks.StateDone || !isMoved {
					t.Errorf("the veto came late (%v, %s), and yet the job is %s, moved: %v", refused, answer.State, after.State, isMoved)
				}
			default:
				t.Errorf("the veto was answered %v", refused)
			}
			h.applied(after, isMoved)
		}
		h.chained()
		t.Logf("veto against effect: %d frozen, %d moved", frozen, moved)
	})
}

// work delivers a job's effect until nothing is left to do.
func (h *house) work(receipt string) {
	ref := tasks.TaskRef{ID: tasks.TaskID(tasks.KindTransfer, receipt, "apply"), Generation: 1}
	for range 100 {
		err := h.desk.Work(background(h.t), ref)
		var again *tasks.Again
		if !errors.As(err, &again) {
			if err != nil && !errors.Is(err, tasks.ErrNotFound) {
				h.t.Error(err)
			}
			return
		}
	}
}

func (h *house) holder(job tasks.Job) (account string) {
	h.t.Helper()
	err := h.raw.QueryRowContext(h.t.Context(), `SELECT account_id FROM subjects WHERE id = $1`, job.SubjectID).Scan(&account)
	if err != nil {
		h.t.Fatal(err)
	}
	return account
}

// applied checks that the timeline tells of an effect exactly when there was one.
func (h *house) applied(job tasks.Job, moved bool) {
	h.t.Helper()
	want := 0
	if moved {
		want = 1
	}
	if n := h.number(`SELECT count(*) FROM timeline WHERE job_id = $1 AND what = 'applied'`, job.ID); n != want {
		h.t.Errorf("the timeline tells %d times of an effect, want %d", n, want)
	}
}

// race is two people at once on a transfer that waits for its target.
type race struct {
	name          string
	first, second tasks.Verb
}

func TestR21_OfTwoDecisionsAtOnceExactlyOneCounts(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.desk = newDesk(h.store, deskWith{keys: h.vault, sender: h.paper, lease: leaseOfTests, accept: true})
		races := []race{{"cancel against accept", tasks.VerbCancel, tasks.VerbAccept}, {"two accepts", tasks.VerbAccept, tasks.VerbAccept}}
		h.settle(0, len(races)*racesEach)
		for n, r := range races {
			wins := map[tasks.State]int{}
			for i := range racesEach {
				wins[h.decide(n*racesEach+i, r)]++
			}
			t.Logf("%s: %v", r.name, wins)
		}
		h.chained()
	})
}

// decide runs one race and tells how the job ended.
func (h *house) decide(i int, r race) tasks.State {
	h.t.Helper()
	receipt, err := h.carry(h.t.Context(), i)
	if err != nil {
		h.t.Fatal(err)
	}
	job, err := h.job(h.t.Context(), receipt)
	if err != nil {
		h.t.Fatal(err)
	}
	answers, errs := make([]tasks.Accepted, 2), make([]error, 2)
	together(2, func(who int) {
		verb, by := []tasks.Verb{r.first, r.second}[who], job.TargetAccountID
		if verb == tasks.VerbCancel {
			by = job.SourceAccountID
		}
		answers[who], errs[who] = h.desk.Act(background(h.t), tasks.Action{Receipt: receipt, Verb: verb,
			By: tasks.Viewer{AccountID: by}, Once: key(fmt.Sprintf("%s-%d", receipt, who))})
	})
	won := 0
	for who := range 2 {
		var moved *tasks.WrongState
		switch {
		case errs[who] == nil:
			won++
		case !errors.As(errs[who], &moved) && !errors.Is(errs[who], tasks.ErrConflict) && !errors.Is(errs[who], tasks.ErrInFlight):
			h.t.Errorf("%s: the loser was answered %v", r.name, errs[who])
		}
	}
	if won != 1 {
		h.t.Errorf("%s: %d of two were told yes (%v, %v)", r.name, won, errs[0], errs[1])
	}
	h.work(receipt)
	after, err := h.job(h.t.Context(), receipt)
	if err != nil {
		h.t.Fatal(err)
	}
	isMoved := h.holder(after) == after.TargetAccountID
	if isMoved != (after.State == tasks.StateDone) || (!isMoved && after.State != tasks.StateWithdrawn) {
		h.t.Errorf("%s: the job is %s, moved: %v", r.name, after.State, isMoved)
	}
	h.applied(after, isMoved)
	return after.State
}
