// Package smstest holds what providers of messages are tested with: samples of
// every message, a box in memory, and the promises all providers keep.
package smstest

import (
	"context"
	"fmt"
	"sync"

	"beian/tasks"
)

// Box is a tasks.Inbox in memory; the zero value is empty and ready.
type Box struct {
	mu      sync.Mutex
	letters map[string]tasks.Letter
	puts    map[string]int
}

// PutLetter keeps a letter; one that is there already stays as it is.
func (b *Box) PutLetter(ctx context.Context, l tasks.Letter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.letters == nil {
		b.letters, b.puts = map[string]tasks.Letter{}, map[string]int{}
	}
	b.puts[l.OutID]++
	if _, ok := b.letters[l.OutID]; !ok {
		b.letters[l.OutID] = l
	}
	return nil
}

// Letter reads a letter, or returns tasks.ErrNotFound.
func (b *Box) Letter(_ context.Context, outID string) (tasks.Letter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.letters[outID]
	if !ok {
		return tasks.Letter{}, fmt.Errorf("letter %s: %w", outID, tasks.ErrNotFound)
	}
	return l, nil
}

// Copies says how many letters a receiver has of one message: 0 or 1.
func (b *Box) Copies(outID string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return min(b.puts[outID], 1)
}
