package api

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"beian/tasks"
)

// fences are limits in memory for people without a session, in front of the
// limits in SQL, which hold over all processes. They keep guesses at tracking
// and freeze codes (40 bits) slow and spare the database.
type fences struct {
	now    func() time.Time
	mu     sync.Mutex
	freeAt map[string]time.Time
	sweep  time.Time
}

// maxFences bounds the memory; beyond it everybody unknown has to wait.
const maxFences = 100_000

func newFences(now func() time.Time) *fences {
	return &fences{now: now, freeAt: map[string]time.Time{}}
}

// check returns *tasks.TooMany when no token is left, by the generic cell rate
// algorithm. It spends nothing: only failures cost (spend).
func (f *fences) check(l tasks.Limit, key string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, step := f.now(), l.Period/time.Duration(l.Burst)
	free, known := f.freeAt[l.Name+" "+key]
	if !known && len(f.freeAt) >= maxFences {
		return &tasks.TooMany{Limit: l.Name, After: step}
	}
	if free.Before(now) {
		free = now
	}
	if wait := free.Add(step).Sub(now) - l.Period; wait > 0 {
		return &tasks.TooMany{Limit: l.Name, After: wait}
	}
	return nil
}

// spend takes one token.
func (f *fences) spend(l tasks.Limit, key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, step := f.now(), l.Period/time.Duration(l.Burst)
	f.forget(now)
	free := f.freeAt[l.Name+" "+key]
	if free.Before(now) {
		free = now
	}
	f.freeAt[l.Name+" "+key] = free.Add(step)
}

// fenced runs fn for somebody who presents a code; a wrong one costs a token.
func (s *Server) fenced(ctx context.Context, fn func() error) error {
	key := prefixOf(callOf(ctx).client)
	if err := s.fences.check(guessLimit(), key); err != nil {
		return err
	}
	err := fn()
	var wrong *tasks.Invalid
	if errors.Is(err, tasks.ErrNotFound) || errors.As(err, &wrong) {
		s.fences.spend(guessLimit(), key)
	}
	return err
}

// forget drops full buckets, once a minute.
func (f *fences) forget(now time.Time) {
	if now.Sub(f.sweep) < time.Minute {
		return
	}
	f.sweep = now
	for key, free := range f.freeAt {
		if free.Before(now) {
			delete(f.freeAt, key)
		}
	}
}

// guessLimit is for whoever presents a code without being signed in.
func guessLimit() tasks.Limit {
	return tasks.Limit{Name: "guess", Burst: 30, Period: 10 * time.Minute}
}

// prefixOf is what an address counts as: itself, or its /64 when it is IPv6.
func prefixOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// networkOf is an address without what tells one household from the next.
func networkOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 48
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

// wholeSeconds rounds up, so that whoever obeys is not refused again.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}
