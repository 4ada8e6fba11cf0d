package worker_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"beian/internal/filing"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/vault"
	"beian/internal/webhook"
	"beian/tasks"
	"beian/worker"
)

// office is the working half of a process: relay, reconcile and the servers.
type office struct {
	record *store.Store
	redis  *queue.Redis
	desk   *tasks.Desk
	log    zerolog.Logger
	speed  float64
}

// run works until ctx ends.
func (o *office) run(ctx context.Context) error {
	relay := queue.NewRelay(o.record, o.redis.Front(), o.log)
	mend := queue.NewReconcile(o.record, o.redis.Front(), relay, o.log)
	w := worker.New(worker.Parts{Desk: o.desk, Undertaker: o.record, Decode: queue.Decode, Redis: o.redis.Worker(), Log: o.log,
		AsynqLog: queue.AsynqLogger(o.log), Concurrency: 8, Poll: 20 * time.Millisecond, Grace: 2 * time.Second,
		Result: o.result, Speed: o.speed})
	if err := w.Start(); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return relay.Run(ctx) })
	g.Go(func() error { return mend.Run(ctx) })
	err := g.Wait()
	w.Stop()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = o.redis.Close(closing) // the test may have taken the server away
	return err
}

// result is what the root package wires.
func (o *office) result(ctx context.Context, ref tasks.TaskRef) []byte {
	found, err := o.desk.CardResult(ctx, ref)
	if err != nil {
		return nil
	}
	encoded, err := json.Marshal(found)
	if err != nil {
		return nil
	}
	return encoded
}

// longHoldOfTests is for risky resets, where there is a hold at all.
const longHoldOfTests = 72 * time.Hour

type deskWith struct {
	keys   *vault.Vault
	sender tasks.Sender
	lease  time.Duration
	accept bool // the target must accept
	hold   time.Duration
	chores map[string]func(context.Context) error
	legacy tasks.Legacy
}

func newDesk(s tasks.Store, w deskWith) *tasks.Desk {
	p := resetPolicy(tasks.Policy{RealName: "off", TargetAcceptance: w.accept, TargetWindow: 72 * time.Hour, VerifyWindow: 24 * time.Hour})
	if p.Hold = w.hold; w.hold > 0 {
		p.LongHold = longHoldOfTests
	}
	return tasks.NewDesk(tasks.DeskParts{Store: s, Sender: w.sender, Secrets: w.keys, Random: random{},
		Flows: tasks.Flows(p, w.keys, random{}), Lease: w.lease, Chores: w.chores, Cabinet: newShelf(), Legacy: w.legacy,
		Caller: webhook.New(webhook.Options{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})})
}

type random struct{}

func (random) ID() string { return uuid.Must(uuid.NewV7()).String() }

func (random) Receipt(letters string) (string, error) {
	r, err := filing.NewReceipt(letters, rand.Reader)
	return r.String(), err
}
