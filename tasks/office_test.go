package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
	"beian/internal/workday"
	"beian/tasks"
)

func TestMain(m *testing.M) { os.Exit(testenv.Main(m)) }

// office is the whole desk on a real record, with the provider's side of the wire
// played by a test and the time moved by hand.
type office struct {
	tb     testing.TB
	store  *store.Store
	vault  *vault.Vault
	parts  tasks.DeskParts
	desk   *tasks.Desk
	porter *accounts.Service
	wire   *wire
	clock  *clock
	people int
	keys   int
	parked []delivery
	closed bool
}

// delivery is a task that Asynq would deliver at a time.
type delivery struct {
	ref tasks.TaskRef
	due time.Time
}

func policy() tasks.Policy {
	return tasks.Policy{RealName: "off", TargetAcceptance: true, TargetWindow: 72 * time.Hour, VerifyWindow: 24 * time.Hour,
		Calendar: workday.New(), ReviewDays: 2, FourEyes: true, Rounds: 3, DraftLife: 7 * 24 * time.Hour, MoreLife: 15 * 24 * time.Hour,
		AppealWindow: 15 * 24 * time.Hour, Hold: 24 * time.Hour, LongHold: 72 * time.Hour, TransferHold: 7 * 24 * time.Hour, ContactHold: 72 * time.Hour}
}

// openOffice opens an office on SQLite.
func openOffice(tb testing.TB, change ...func(*tasks.Policy)) *office {
	tb.Helper()
	return openOn(tb, "sqlite://"+filepath.Join(tb.TempDir(), "record.db"), change...)
}

func openOn(tb testing.TB, url string, change ...func(*tasks.Policy)) *office {
	tb.Helper()
	keys, err := vault.New()
	if err != nil {
		tb.Fatal(err)
	}
	o := &office{tb: tb, vault: keys, clock: &clock{now: time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)}, wire: newWire()}
	o.store, err = store.Open(tb.Context(), store.Options{URL: url, Vault: keys, Clock: o.clock.Now, Connections: 12})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if o.closed {
			return
		}
		if err := o.store.Close(); err != nil {
			tb.Errorf("closing the store: %v", err)
		}
	})
	if _, err := o.store.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	p := policy()
	for _, c := range change {
		c(&p)
	}
	draws := newDraws()
	o.porter = accounts.New(accounts.Parts{Store: o.store.Accounts(), Random: draws, Cost: accounts.Cost{Memory: 8, Passes: 1, Lanes: 1}})
	o.parts = tasks.DeskParts{Store: o.store, Sender: o.wire, Secrets: keys, Random: draws, Passwords: o.porter,
		Flows: tasks.Flows(p, keys, draws), Lease: time.Minute}
	o.desk = tasks.NewDesk(o.parts)
	return o
}

// eachEngine runs a test that needs no jumps in time on both engines.
func eachEngine(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, openOffice(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, openOn(t, testenv.Postgres(t)))
	})
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// draws gives ids that count up, with the hyphens that real ones have, and
// receipts from a seed.
type draws struct {
	mu   sync.Mutex
	n    int
	seed *rand.ChaCha8
}

func newDraws() *draws { return &draws{seed: rand.NewChaCha8([32]byte{7})} }

func (d *draws) ID() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	return fmt.Sprintf("01970000-0000-7000-8000-%012d", d.n)
}

func (d *draws) Receipt(letters string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := filing.NewReceipt(letters, d.seed)
	return r.String(), err
}

// now is the record's time, which on PostgreSQL is its own.
func (o *office) now() time.Time {
	o.tb.Helper()
	var now time.Time
	o.view(func(tx tasks.Tx) error {
		now = tx.Now()
		return nil
	})
	return now
}

func (o *office) view(fn func(tasks.Tx) error) {
	o.tb.Helper()
	if err := o.store.View(o.ctx(), fn); err != nil {
		o.tb.Fatal(err)
	}
}

func (o *office) ctx() context.Context { return o.tb.Context() }

// run plays relay and Asynq: it delivers everything that is due, and what that
// causes, until nothing is due any more.
func (o *office) run() {
	o.tb.Helper()
	for {
		o.relay(0)
		now := o.now()
		i := slices.IndexFunc(o.parked, func(d delivery) bool { return !d.due.After(now) })
		if i < 0 {
			return
		}
		ref := o.parked[i].ref
		o.parked = slices.Delete(o.parked, i, i+1)
		o.work(ref)
	}
}

// relay takes what falls due within the horizon out of the record.
func (o *office) relay(horizon time.Duration) {
	o.tb.Helper()
	for _, q := range tasks.Queues() {
		rows, err := o.store.TakeOutgoing(o.ctx(), q, 200, horizon)
		if err != nil {
			o.tb.Fatal(err)
		}
		var refs []tasks.TaskRef
		for _, r := range rows {
			refs = append(refs, r.TaskRef)
			o.parked = append(o.parked, delivery{r.TaskRef, o.now().Add(r.In)})
		}
		if err := o.store.MarkSent(o.ctx(), q, 1, refs); err != nil {
			o.tb.Fatal(err)
		}
	}
}

func (o *office) work(ref tasks.TaskRef) {
	o.tb.Helper()
	err := o.desk.Work(o.ctx(), ref)
	var again *tasks.Again
	switch {
	case errors.As(err, &again):
		o.parked = append(o.parked, delivery{ref, o.now().Add(max(again.In, time.Millisecond))})
	case err != nil:
		o.tb.Fatalf("working on %s: %v", ref.ID, err)
	}
}

// pass lets time go by, with every delivery at its moment.
func (o *office) pass(d time.Duration) {
	o.tb.Helper()
	end := o.clock.Now().Add(d)
	for {
		o.run()
		o.relay(end.Sub(o.clock.Now()))
		next := end
		for _, p := range o.parked {
			if p.due.Before(next) {
				next = p.due
			}
		}
		if !next.Before(end) {
			break
		}
		if next.After(o.clock.Now()) {
			o.clock.set(next)
		}
	}
	o.clock.set(end)
	o.run()
}

// jump moves the clock without delivering anything.
func (o *office) jump(d time.Duration) { o.clock.set(o.clock.Now().Add(d)) }
