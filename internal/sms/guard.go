package sms

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"beian/tasks"
)

// A provider that fails tripAfter times in a row is left alone for restFor; then one
// message tries whether it is back.
const (
	tripAfter = 5
	restFor   = 30 * time.Second
	queueFor  = 5 * time.Second // behind the one that tries
)

// codeResting is our word for a provider that is not called at all.
const codeResting = "BREAKER_OPEN"

// Guard stands before a provider and stops calling one that does not answer.
type Guard struct {
	sender  tasks.Sender
	breaker *gobreaker.CircuitBreaker[tasks.Sent]
	restIn  time.Duration
}

// Rest says how a guard leaves a provider alone: for how long, 30 s unless a test
// says otherwise, and who hears of it.
type Rest struct {
	For  time.Duration
	Tell func(resting bool)
}

// NewGuard puts a guard before a provider.
func NewGuard(sender tasks.Sender, r Rest) *Guard {
	if r.Tell == nil {
		r.Tell = func(bool) {}
	}
	if r.For <= 0 {
		r.For = restFor
	}
	return &Guard{sender: sender, restIn: r.For, breaker: gobreaker.NewCircuitBreaker[tasks.Sent](gobreaker.Settings{
		Timeout:       r.For,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful:  answered,
		OnStateChange: func(_ string, _, to gobreaker.State) { r.Tell(to == gobreaker.StateOpen) },
	})}
}

// Send is the provider's Send, or tasks.SendRetry at once while it rests.
func (g *Guard) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	return g.guarded(func() (tasks.Sent, error) { return g.sender.Send(ctx, m) })
}

// Find is the provider's Find, or tasks.SendRetry at once while it rests.
func (g *Guard) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	return g.guarded(func() (tasks.Sent, error) { return g.sender.Find(ctx, m) })
}

func (g *Guard) guarded(call func() (tasks.Sent, error)) (tasks.Sent, error) {
	sent, err := g.breaker.Execute(call)
	switch {
	case errors.Is(err, gobreaker.ErrOpenState):
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendRetry, After: g.restIn, Code: codeResting}
	case errors.Is(err, gobreaker.ErrTooManyRequests):
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendRetry, After: min(queueFor, g.restIn), Code: codeResting}
	}
	return sent, err
}

// answered says that a provider is well, whatever it answered: a refusal is an
// answer, and so is not knowing a message, or not yet.
func answered(err error) bool {
	var refusal *tasks.SendError
	switch {
	case err == nil, errors.Is(err, tasks.ErrNotFound):
		return true
	case !errors.As(err, &refusal):
		return false
	}
	return refusal.Class != tasks.SendRetry && (refusal.Class != tasks.SendUnknown || refusal.Code == codeUnsettled)
}
