package worker_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"beian/internal/store"
	"beian/tasks"
)

// ledger is a provider that keeps its books in a file which all processes append
// to, so that a message sent twice is seen whoever sent it.
type ledger struct {
	path  string
	delay time.Duration
}

func (l *ledger) note(words ...any) error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(strings.TrimSuffix(fmt.Sprintln(words...), "\n") + "\n")
	return err
}

// Send takes its time, and then the one write that counts.
func (l *ledger) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	if l.delay > 0 {
		select {
		case <-ctx.Done():
			return tasks.Sent{}, ctx.Err()
		case <-time.After(l.delay):
		}
	}
	if err := l.note("sent", m.OutID, m.Template, os.Getpid(), time.Now().UnixMilli()); err != nil {
		return tasks.Sent{}, err
	}
	return tasks.Sent{ProviderID: "p-" + m.OutID, Delivered: true}, nil
}

func (l *ledger) Find(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	raw, err := os.ReadFile(l.path)
	if err != nil && !os.IsNotExist(err) {
		return tasks.Sent{}, err
	}
	if strings.Contains(string(raw), "sent "+m.OutID+" ") {
		return tasks.Sent{ProviderID: "p-" + m.OutID, Delivered: true}, nil
	}
	return tasks.Sent{}, tasks.ErrNotFound
}

// lines reads the entries of one kind, split into words.
func (l *ledger) lines(t testing.TB, kind string) (out [][]string) {
	t.Helper()
	raw, err := os.ReadFile(l.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if words := strings.Fields(line); len(words) > 0 && words[0] == kind {
			out = append(out, words)
		}
	}
	return out
}

// watchedStore writes down who claims what and when, and can hold a step between
// its claim and its commit.
type watchedStore struct {
	*store.Store
	paper   *ledger
	pauseAt string
	mu      sync.Mutex
	paused  bool
}

func (w *watchedStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	var seen *watchedTx
	held := w.held(ctx)
	err := w.Store.Update(ctx, func(tx tasks.Tx) error {
		seen = &watchedTx{Tx: tx, store: w}
		return fn(seen)
	})
	if seen == nil || err != nil || seen.claim.Result != tasks.Claimed {
		if held {
			_ = w.paper.note("woke", os.Getpid(), "fenced:", isFenced(err))
		}
		return err
	}
	if seen.claim.Type == w.pauseAt {
		w.mu.Lock()
		w.paused = true
		w.mu.Unlock()
	}
	return w.paper.note("claim", seen.claim.ID, seen.claim.Generation, os.Getpid(), time.Now().UnixMilli())
}

// held waits at the first update after a claim of the paused type; it tells so in
// the ledger and goes on when the file is there.
func (w *watchedStore) held(context.Context) bool {
	w.mu.Lock()
	held := w.paused
	w.paused = false
	w.mu.Unlock()
	if !held {
		return false
	}
	_ = w.paper.note("holds", os.Getpid())
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(w.paper.path + ".go"); err == nil {
			return true
		}
		<-tick.C
	}
}

type watchedTx struct {
	tasks.Tx
	store *watchedStore
	claim tasks.Claim
}

func (x *watchedTx) Claim(ctx context.Context, ref tasks.TaskRef, lease time.Duration) (c tasks.Claim, err error) {
	c, err = x.Tx.Claim(ctx, ref, lease)
	x.claim = c
	return c, err
}
