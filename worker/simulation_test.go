package worker_test

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"beian/internal/store"
	"beian/internal/vault"
	"beian/tasks"
)

// simulatedResets is enough to meet every kind of life several times within a
// minute; BEIAN_SIMULATION=10000 runs the promised number.
const simulatedResets = 150

func simulationSize(t *testing.T) int {
	t.Helper()
	text := os.Getenv("BEIAN_SIMULATION")
	if text == "" {
		return simulatedResets
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("BEIAN_SIMULATION must be a number of resets, not %q", text)
	}
	return n
}

// simulation is an office of weeks within seconds: people act at random, tasks run
// at their moment, and time goes from one to the next.
type simulation struct {
	*house
	ctx    context.Context
	clock  *clock
	dice   *rand.Rand
	agenda agenda
	lives  map[int]*applicant
	said   map[string]int // what people did, for the log
}

// turn is something that somebody does at a time.
type turn struct {
	at time.Time
	i  int
	do func(i int)
}

type agenda []turn

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(turn)) }
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	t.Helper()
	s := &simulation{house: newHouse(t, "sqlite://"+filepath.Join(t.TempDir(), "record.db")), ctx: background(t),
		clock: &clock{now: aMonday()}, dice: rand.New(rand.NewPCG(seed, 1)), lives: map[int]*applicant{}, said: map[string]int{}}
	keys, err := vault.Load(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	if s.store, err = store.Open(t.Context(), store.Options{URL: s.url, Vault: keys, Clock: s.clock.read}); err != nil {
		t.Fatal(err)
	}
	clocked := s.store
	t.Cleanup(func() { clocked.Close() })
	s.desk = newDesk(s.store, deskWith{keys: keys, sender: &memory{sent: map[string]int{}}, lease: time.Hour, hold: 24 * time.Hour})
	return s
}

// chance is true so many times in a hundred.
func (s *simulation) chance(percent int) bool { return s.dice.IntN(100) < percent }

// within plans something for a random moment of a span from now.
func (s *simulation) within(span time.Duration, i int, do func(int)) {
	at := s.clock.read().Add(time.Duration(s.dice.Int64N(int64(span))) + time.Minute)
	heap.Push(&s.agenda, turn{at: at, i: i, do: do})
}

// expect fails on what is no part of life: that somebody was faster, or that a job
// is past it, is.
func (s *simulation) expect(what string, err error) bool {
	var wrong *tasks.WrongState
	switch {
	case err == nil:
		s.said[what]++
		return true
	case passing(err), errors.As(err, &wrong), errors.Is(err, tasks.ErrForbidden):
		s.said[what+", refused"]++
	default:
		s.t.Errorf("%s: %v", what, err)
	}
	return false
}

// born is an applicant handing in; what else will happen to the job is drawn here.
func (s *simulation) born(i int) {
	a, err := s.queueUp(s.ctx, i)
	if !s.expect("submitted", err) {
		return
	}
	s.lives[i] = &a
	s.within(60*time.Hour, i, s.looked)
	if s.chance(8) {
		s.within(6*24*time.Hour, i, s.vetoed)
	}
	if s.chance(6) {
		s.within(5*24*time.Hour, i, s.withdrawn)
	}
}

func (s *simulation) staff(tier int) tasks.Actor {
	if tier > 0 || s.chance(5) {
		return tasks.Actor{Kind: tasks.ActorSupervisor, ID: fmt.Sprintf("supervisor-%d", s.dice.IntN(3))}
	}
	return reviewer(fmt.Sprintf("reviewer-%d", s.dice.IntN(5)))
}

// looked is somebody of the staff taking the job up, if it waits for one.
func (s *simulation) looked(i int) {
	a := s.lives[i]
	job, err := s.job(s.ctx, a.receipt)
	if err != nil {
		s.t.Fatal(err)
	}
	if job.State.Ended() || job.State == tasks.StateHold || job.State == tasks.StateDisputed {
		return
	}
	s.within(48*time.Hour, i, s.looked) // somebody looks again, whatever comes of this
	if job.State == tasks.StateNeedMore {
		return
	}
	r, err := s.review(s.ctx, a.receipt)
	if err != nil {
		s.t.Fatal(err)
	}
	who := s.staff(r.Tier)
	if s.chance(6) {
		_, err := s.desk.Claim(s.ctx, a.receipt, who)
		s.expect("claimed and left", err)
		return
	}
	verdict := tasks.VerdictApprove
	switch p := s.dice.IntN(100); {
	case p < 8:
		verdict = tasks.VerdictReject
	case p < 20 && r.Round <= 6:
		verdict = tasks.VerdictNeedMore
	case p < 24:
		verdict = tasks.VerdictEscalate
	}
	if !s.expect(string(verdict), s.judge(s.ctx, a.receipt, i, who, verdict)) {
		return
	}
	if s.chance(4) {
		_, err := s.desk.Undo(s.ctx, a.receipt, who)
		s.expect("undone", err)
		return
	}
	if verdict == tasks.VerdictNeedMore {
		s.within(17*24*time.Hour, i, s.supplemented) // some too late
	}
	if verdict == tasks.VerdictReject && s.chance(40) {
		s.within(10*24*time.Hour, i, s.appealed)
	}
}

func (s *simulation) supplemented(i int) {
	a := s.lives[i]
	view, err := a.desk.Look(s.ctx, a.receipt, a.by)
	if err != nil {
		s.t.Fatal(err)
	}
	if view.Job.State != tasks.StateNeedMore {
		return
	}
	for _, slot := range view.Case.Slots {
		if slot.Wanted {
			s.expect("uploaded again", a.upload(s.ctx, slot.Slot, view.Case.Round+1))
		}
	}
	_, err = a.act(s.ctx, tasks.VerbSupplement, nil)
	s.expect("supplemented", err)
}

func (s *simulation) withdrawn(i int) {
	_, err := s.lives[i].act(s.ctx, tasks.VerbCancel, nil)
	s.expect("withdrawn", err)
}

func (s *simulation) appealed(i int) {
	_, err := s.lives[i].act(s.ctx, tasks.VerbAppeal, nil)
	if s.expect("appealed", err) {
		s.within(48*time.Hour, i, s.looked)
	}
}

// vetoed is an owner's "this was not me"; a supervisor answers within two days.
func (s *simulation) vetoed(i int) {
	a := s.lives[i]
	job, err := s.job(s.ctx, a.receipt)
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.desk.Act(s.ctx, tasks.Action{Receipt: a.receipt, Verb: tasks.VerbDispute, By: tasks.Viewer{Veto: s.desk.Veto(job.ID)}, Once: key(random{}.ID())})
	if !s.expect("vetoed", err) {
		return
	}
	verb := tasks.VerbRelease
	if s.chance(60) {
		verb = tasks.VerbReject
	}
	s.within(48*time.Hour, i, func(i int) {
		_, err := s.desk.Act(s.ctx, tasks.Action{Receipt: a.receipt, Verb: verb, By: tasks.Viewer{Staff: tasks.ActorSupervisor}, StaffID: "supervisor-0", Once: key(random{}.ID())})
		if s.expect("dispute: "+string(verb), err) && verb == tasks.VerbRelease {
			s.within(48*time.Hour, i, s.looked)
			if s.chance(30) {
				s.within(4*24*time.Hour, i, s.vetoed)
			}
		}
	})
}

// run lets time pass until nobody has anything to do any more.
func (s *simulation) run(n int) {
	// The relay's place is taken by one query over all queues, for which the record
	// has no index.
	s.exec(`CREATE INDEX simulated_due ON outbox (not_before) WHERE state IN ('waiting', 'sent')`)
	for i := 0; i < n; i += 500 {
		s.settleLost(i, min(i+500, n))
	}
	for i := range n {
		heap.Push(&s.agenda, turn{at: aMonday().Add(time.Duration(i) * 4 * time.Minute), i: i, do: s.born})
	}
	for !s.t.Failed() {
		s.workDue()
		next := time.UnixMilli(int64(s.number(`SELECT coalesce(min(not_before), 0) FROM outbox WHERE state IN ('waiting', 'sent')`)))
		if next.UnixMilli() == 0 && len(s.agenda) == 0 {
			return
		}
		if len(s.agenda) > 0 && (next.UnixMilli() == 0 || s.agenda[0].at.Before(next)) {
			t := heap.Pop(&s.agenda).(turn)
			s.moveTo(t.at)
			t.do(t.i)
			s.recounted(t.i)
			continue
		}
		s.moveTo(next)
	}
}

// recounted: while the calendar stays as it is, counting every date anew from the
// timeline moves none, whatever pauses, breaches and appeals a review has seen (V2).
func (s *simulation) recounted(i int) {
	if i%25 != 0 {
		return
	}
	if sum, err := s.desk.Recalculate(s.ctx); err != nil || sum.Moved > 0 {
		s.t.Fatalf("counting the dates anew: %+v, %v", sum, err)
	}
}

func (s *simulation) moveTo(at time.Time) {
	if ahead := at.Sub(s.clock.read()); ahead > 0 {
		s.clock.pass(ahead)
	}
}

// workDue carries out everything that is due, in the place of relay, Redis and
// workers.
func (s *simulation) workDue() {
	for {
		var refs []tasks.TaskRef
		rows, err := s.raw.QueryContext(s.ctx, `SELECT id, generation FROM outbox WHERE state IN ('waiting', 'sent') AND not_before <= $1
		  ORDER BY not_before LIMIT 200`, s.clock.read().UnixMilli())
		if err != nil {
			s.t.Fatal(err)
		}
		for rows.Next() {
			var ref tasks.TaskRef
			if err := rows.Scan(&ref.ID, &ref.Generation); err != nil {
				s.t.Fatal(err)
			}
			refs = append(refs, ref)
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			s.t.Fatal(err)
		}
		if len(refs) == 0 {
			return
		}
		for _, ref := range refs {
			var again *tasks.Again
			if err := s.desk.Work(s.ctx, ref); err != nil && !errors.As(err, &again) {
				s.t.Fatalf("working on %s: %v", ref.ID, err)
			}
		}
	}
}

// TestEverySimulatedResetKeepsItsPromises lives through thousands of resets with
// random decisions, vetoes, withdrawals, supplements, appeals and breaches, and
// asks afterwards whether any promise was broken.
func TestEverySimulatedResetKeepsItsPromises(t *testing.T) {
	t.Parallel()
	n := simulationSize(t)
	s := newSimulation(t, uint64(n))
	began := time.Now()
	s.run(n)
	s.sound()
	s.held()
	s.chained()
	for what, want := range map[string]int{
		"jobs":         s.number(`SELECT count(*) FROM jobs`) - n,
		"open jobs":    s.number(`SELECT count(*) FROM jobs WHERE ended = 0`),
		"dead letters": s.number(`SELECT count(*) FROM outbox WHERE state = 'dead'`),
		"silent notices to old channels of executed resets": s.number(`SELECT count(*) FROM notices n JOIN jobs j ON j.id = n.job_id
		  JOIN timeline e ON e.job_id = j.id AND e.what = 'applied' WHERE n.template IN ('reset_submitted', 'reset_approved')
		  AND (n.sent_at = 0 OR n.sent_at > e.at)`),
	} {
		if want != 0 {
			t.Errorf("%s: off by %d", what, want)
		}
	}
	ends := map[string]int{}
	for _, state := range []tasks.State{tasks.StateDone, tasks.StateRejected, tasks.StateWithdrawn, tasks.StateExpired, tasks.StateFailed} {
		ends[string(state)] = s.number(`SELECT count(*) FROM jobs WHERE state = $1`, string(state))
	}
	t.Logf("%d resets over %s of office time in %s: %v", n, s.clock.read().Sub(aMonday()).Round(time.Hour), time.Since(began).Round(time.Second), ends)
	t.Logf("what people did: %v; breaches %d, reminders %d", s.said, s.number(`SELECT count(*) FROM timeline WHERE what = 'breached'`),
		s.number(`SELECT count(*) FROM timeline WHERE what = 'reminded'`))
	for _, what := range []string{"vetoed", "withdrawn", "supplemented", "approve", "reject", "undone"} {
		if s.said[what] == 0 && n >= simulatedResets {
			t.Errorf("nobody %s: the simulation proves less than it says", what)
		}
	}
}

// held checks the hold and the warned channels of every executed reset (L8, A8).
func (s *simulation) held() {
	s.t.Helper()
	rows, err := s.raw.QueryContext(s.ctx, `SELECT j.receipt, j.facts, e.at, r.risky,
	    (SELECT count(*) FROM notices n WHERE n.job_id = j.id AND n.template = 'reset_submitted')
	  FROM jobs j JOIN timeline e ON e.job_id = j.id AND e.what = 'applied' JOIN reviews r ON r.job_id = j.id`)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	const oldChannels = 3 // security phone, principal's phone, login
	executed := 0
	for rows.Next() {
		var receipt, text string
		var at int64
		var risky, warned int
		if err := rows.Scan(&receipt, &text, &at, &risky, &warned); err != nil {
			s.t.Fatal(err)
		}
		var f tasks.CaseFacts
		if err := json.Unmarshal([]byte(text), &f); err != nil {
			s.t.Fatal(err)
		}
		least := 24 * time.Hour
		if risky == 1 {
			least = longHoldOfTests
		}
		applied := time.UnixMilli(at)
		if applied.Before(f.HoldUntil) || f.HoldUntil.Sub(f.SubmittedAt) < least || f.ApprovedAt.IsZero() {
			s.t.Errorf("%s took effect at %s, approved at %s, held until %s, submitted at %s", receipt, applied, f.ApprovedAt, f.HoldUntil, f.SubmittedAt)
		}
		if warned != oldChannels {
			s.t.Errorf("%s: %d of %d old channels were warned", receipt, warned, oldChannels)
		}
		executed++
	}
	if err := rows.Err(); err != nil || executed == 0 {
		s.t.Errorf("%d resets took effect, %v", executed, err)
	}
}
