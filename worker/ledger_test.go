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

// watchedStore writes down who claims what and when, and can hold a worker
// between a claim and its step.
type watchedStore struct {
	*store.Store
	paper   *ledger
	pauseAt string
	mortal  mortal
}

func (w *watchedStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	var seen *watchedTx
	err := w.Store.Update(ctx, func(tx tasks.Tx) error {
		seen = &watchedTx{Tx: tx, store: w}
		return fn(seen)
	})
	if seen != nil && err == nil {
		w.mortal.committed(seen.wrote)
	}
	if seen == nil || err != nil || seen.claim.Result != tasks.Claimed {
		return err
	}
	err = w.paper.note("claim", seen.claim.ID, seen.claim.Generation, os.Getpid(), time.Now().UnixMilli())
	if seen.claim.Type == w.pauseAt {
		w.hold()
	}
	return err
}

// hold waits until the file is there; the ledger tells so.
func (w *watchedStore) hold() {
	_ = w.paper.note("holds", os.Getpid())
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(w.paper.path + ".go"); err == nil {
			return
		}
		<-tick.C
	}
}

type watchedTx struct {
	tasks.Tx
	store *watchedStore
	claim tasks.Claim
	wrote string // of an import
}

func (x *watchedTx) Claim(ctx context.Context, ref tasks.TaskRef, lease time.Duration) (c tasks.Claim, err error) {
	c, err = x.Tx.Claim(ctx, ref, lease)
	x.claim = c
	return c, err
}

// Ack and Record write down how a step that was held ended.
func (x *watchedTx) Ack(ctx context.Context, c tasks.Claim) error {
	err := x.Tx.Ack(ctx, c)
	x.woke(c, err)
	return err
}

func (x *watchedTx) Record(ctx context.Context, job *tasks.Job, change tasks.Change, ack *tasks.Claim) error {
	err := x.Tx.Record(ctx, job, change, ack)
	if ack != nil {
		x.woke(*ack, err)
	}
	return err
}

func (x *watchedTx) woke(c tasks.Claim, err error) {
	if c.Type == x.store.pauseAt {
		_ = x.store.paper.note("woke", os.Getpid(), "fenced:", isFenced(err))
	}
}

// slowStore holds the first transaction that reads a job and is no claim, and
// keeps its lease from being renewed.
type slowStore struct {
	*store.Store
	read, wake chan struct{}
	once       sync.Once
	answer     error
}

func (s *slowStore) Update(ctx context.Context, fn func(tasks.Tx) error) error {
	slow := &slowTx{store: s}
	err := s.Store.Update(ctx, func(tx tasks.Tx) error {
		slow.Tx = tx
		return fn(slow)
	})
	if slow.held {
		s.answer = err
	}
	return err
}

type slowTx struct {
	tasks.Tx
	store *slowStore
	held  bool
}

func (x *slowTx) Job(ctx context.Context, receipt string, by tasks.Viewer) (tasks.Job, error) {
	job, err := x.Tx.Job(ctx, receipt, by)
	x.store.once.Do(func() {
		x.held = true
		close(x.store.read)
		<-x.store.wake
	})
	return job, err
}

func (x *slowTx) Renew(context.Context, tasks.Claim, time.Duration) error {
	return tasks.ErrUnavailable
}
