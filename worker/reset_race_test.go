package worker_test

import (
	"errors"
	"testing"

	"beian/tasks"
)

// step delivers a reset's step until nothing is left to do.
func (h *house) step(receipt, step string) {
	ref := tasks.TaskRef{ID: tasks.TaskID(tasks.KindReset, receipt, step), Generation: 1}
	for range 100 {
		err := h.desk.Work(background(h.t), ref)
		var again *tasks.Again
		if !errors.As(err, &again) {
			if err != nil && !errors.Is(err, tasks.ErrNotFound) {
				h.t.Errorf("%s: %v", step, err)
			}
			return
		}
	}
}

// one is an individual's reset in the queue; individuals need one approval.
func (h *house) one(i int) applicant {
	h.t.Helper()
	a, err := h.queueUp(h.t.Context(), 3*i)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) approveNow(a applicant, i int) {
	h.t.Helper()
	if err := h.judge(h.t.Context(), a.receipt, 3*i, reviewer("first"), tasks.VerdictApprove); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) stateOf(receipt string) tasks.Job {
	h.t.Helper()
	job, err := h.job(h.t.Context(), receipt)
	if err != nil {
		h.t.Fatal(err)
	}
	return job
}

// replaced reports whether the account of a job signs in with another login now.
func (h *house) replaced(job tasks.Job) bool {
	return h.number(`SELECT count(*) FROM accounts WHERE id = $1 AND login_replaced_at > 0`, job.SourceAccountID) == 1
}

func (h *house) settleIndividuals(n int) {
	for i := range n {
		h.settleLost(3*i, 3*i+1)
	}
}

func TestR21_AVetoAgainstTheEffectOfAReset(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settleIndividuals(racesEach)
		frozen, done := 0, 0
		for i := range racesEach {
			a := h.one(i)
			h.approveNow(a, i)
			h.step(a.receipt, "settle")
			job := h.stateOf(a.receipt)
			if job.State != tasks.StateHold {
				t.Fatalf("the reset is %s", job.State)
			}
			var answer tasks.Accepted
			var refused error
			together(2, func(who int) {
				if who == 0 {
					answer, refused = h.desk.Act(t.Context(), tasks.Action{Receipt: a.receipt, Verb: tasks.VerbDispute,
						By: tasks.Viewer{Veto: h.desk.Veto(job.ID)}, Once: key("veto-" + a.receipt)})
					return
				}
				h.step(a.receipt, "apply")
			})
			h.step(a.receipt, "apply") // whatever came first, another delivery changes nothing
			after := h.stateOf(a.receipt)
			switch {
			case refused == nil && answer.State == tasks.StateDisputed:
				frozen++
				if after.State != tasks.StateDisputed || h.replaced(after) {
					t.Errorf("a veto was committed, and yet the job is %s, replaced: %v", after.State, h.replaced(after))
				}
			case refused == nil, passing(refused): // it came after the effect, which it marks, or lost the race
				done++
				if after.State != tasks.StateDone || !h.replaced(after) {
					t.Errorf("the veto came late (%v), and yet the job is %s, replaced: %v", refused, after.State, h.replaced(after))
				}
			default:
				t.Errorf("the veto was answered %v", refused)
			}
			h.applied(after, h.replaced(after))
		}
		h.sound()
		h.chained()
		t.Logf("veto against effect: %d frozen, %d took effect", frozen, done)
	})
}

func TestR21_AnApprovalAgainstAWithdrawal(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settleIndividuals(racesEach)
		ends := map[tasks.State]int{}
		for i := range racesEach {
			a := h.one(i)
			if i%2 == 0 { // against the approval that settles, else against the decision itself
				h.approveNow(a, i)
			} else if _, err := h.claimAndLook(t.Context(), a.receipt, reviewer("first")); err != nil {
				t.Fatal(err)
			}
			var withdrawn error
			together(2, func(who int) {
				switch {
				case who == 0:
					_, withdrawn = a.act(background(t), tasks.VerbCancel, nil)
				case i%2 == 0:
					h.step(a.receipt, "settle")
				default:
					err := h.judge(background(t), a.receipt, 3*i, reviewer("first"), tasks.VerdictApprove)
					var moved *tasks.WrongState
					if err != nil && !passing(err) && !errors.As(err, &moved) {
						t.Errorf("deciding: %v", err)
					}
				}
			})
			h.step(a.receipt, "settle")
			h.step(a.receipt, "apply")
			after := h.stateOf(a.receipt)
			ends[after.State]++
			if (withdrawn == nil) != (after.State == tasks.StateWithdrawn) || h.replaced(after) != (after.State == tasks.StateDone) {
				t.Errorf("the withdrawal was answered %v, the job is %s, replaced: %v", withdrawn, after.State, h.replaced(after))
			}
		}
		h.sound()
		h.chained()
		t.Logf("approval against withdrawal: %v", ends)
	})
}

func TestR21_OfTwoReviewersOneHasTheReview(t *testing.T) {
	t.Parallel()
	forEachEngine(t, func(t *testing.T, h *house) {
		h.settleIndividuals(racesEach)
		for i := range racesEach {
			a := h.one(i)
			errs := make([]error, 2)
			people := []tasks.Actor{reviewer("first"), reviewer("second")}
			together(2, func(who int) {
				errs[who] = h.judge(background(t), a.receipt, 3*i, people[who], tasks.VerdictApprove)
			})
			won := 0
			for who := range people {
				switch {
				case errs[who] == nil:
					won++
				case !passing(errs[who]):
					t.Errorf("the slower one was answered %v", errs[who])
				}
			}
			// Both may be told to try again, but never both that they decided.
			if decided := h.number(`SELECT count(*) FROM decisions d JOIN jobs j ON j.id = d.job_id WHERE j.receipt = $1`, a.receipt); decided != won || won > 1 {
				t.Errorf("%d of two were told yes, the record has %d decisions", won, decided)
			}
		}
		h.sound()
	})
}
