package legacy

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/sony/gobreaker/v2"

	"beian/tasks"
)

const (
	// tripAfter is how many failed tries in a row open the breaker.
	tripAfter = 5
	// openFor is how long it then stays open; one try tells whether it closes.
	openFor = 30 * time.Second
)

// breaker keeps the calls of a process away from a platform that is down (I2).
type breaker struct {
	circuit *gobreaker.CircuitBreaker[[]byte]
	opened  atomic.Int64 // when, by the wall, in milliseconds
}

func newBreaker(log zerolog.Logger) *breaker {
	b := &breaker{}
	b.circuit = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		Name: "legacy platform", Timeout: openFor,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return err == nil || classIn(err) != tasks.LegacyDown },
		IsExcluded:   isCancelled,
		OnStateChange: func(name string, from, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.opened.Store(time.Now().UnixMilli())
			}
			log.Warn().Stringer("from", from).Stringer("to", to).Msg(name + ": the breaker changed")
		},
	})
	return b
}

// try carries out a try unless the breaker is open.
func (b *breaker) try(once func() ([]byte, error)) ([]byte, error) {
	body, err := b.circuit.Execute(once)
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		wait := max(time.Until(time.UnixMilli(b.opened.Load()).Add(openFor)), time.Second)
		return nil, &failure{told: tasks.LegacyError{Class: tasks.LegacyDown, Code: codeOpen, After: wait}}
	}
	return body, err
}

// BreakerOpen tells whether calls are kept away from the platform at the moment.
func (c *Connector) BreakerOpen() bool { return c.breaker.circuit.State() == gobreaker.StateOpen }

func classIn(err error) tasks.LegacyClass {
	var f *failure
	if errors.As(err, &f) {
		return f.told.Class
	}
	return ""
}

// isCancelled: a caller who left says nothing about the platform.
func isCancelled(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.told.Code == codeLeft
}
