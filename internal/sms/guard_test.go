package sms_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"beian/internal/sms"
	"beian/tasks"
)

// moody is a provider that answers as it is told.
type moody struct {
	mu    sync.Mutex
	err   error
	calls int
}

func (m *moody) Send(context.Context, tasks.Message) (tasks.Sent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	return tasks.Sent{}, m.err
}

func (m *moody) Find(ctx context.Context, msg tasks.Message) (tasks.Sent, error) {
	return m.Send(ctx, msg)
}

func TestAProviderThatDoesNotAnswerIsLeftAloneAndTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{
		"unknown":  &tasks.SendError{Class: tasks.SendUnknown, Code: "X"},
		"retry":    &tasks.SendError{Class: tasks.SendRetry, Code: "X"},
		"no class": errors.New("?"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { leftAlone(t, fault) })
		})
	}
}

func leftAlone(t *testing.T, fault error) {
	p := &moody{err: fault}
	var rests []bool
	g := sms.NewGuard(p, sms.Rest{Tell: func(resting bool) { rests = append(rests, resting) }})
	for range 5 {
		if _, err := g.Send(t.Context(), tasks.Message{}); !errors.Is(err, fault) {
			t.Fatalf("got %v", err)
		}
	}
	for _, ask := range []func(context.Context, tasks.Message) (tasks.Sent, error){g.Send, g.Find} {
		_, err := ask(t.Context(), tasks.Message{})
		var refusal *tasks.SendError
		if !errors.As(err, &refusal) || refusal.Class != tasks.SendRetry || refusal.After <= 0 || refusal.Code != "BREAKER_OPEN" {
			t.Errorf("while it rests: %v", err)
		}
	}
	if p.calls != 5 {
		t.Errorf("called %d times", p.calls)
	}
	time.Sleep(31 * time.Second)
	_, _ = g.Send(t.Context(), tasks.Message{}) // still ill: it rests again
	_, _ = g.Send(t.Context(), tasks.Message{})
	if p.calls != 6 {
		t.Errorf("called %d times, want one try", p.calls)
	}
	time.Sleep(31 * time.Second)
	p.err = nil
	for range 3 {
		if _, err := g.Send(t.Context(), tasks.Message{}); err != nil {
			t.Errorf("after it came back: %v", err)
		}
	}
	if want := []bool{true, false, true, false, false}; len(rests) != len(want) {
		t.Errorf("told %v", rests)
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	t.Parallel()
	p := &moody{}
	seen := map[string]int{}
	g := sms.Watched{Sender: sms.NewGuard(p, sms.Rest{}), Told: func(outcome, _ string) { seen[outcome]++ }}
	for _, class := range []tasks.SendClass{tasks.SendBadNumber, tasks.SendHeld, tasks.SendPermanent, tasks.SendThrottled} {
		p.err = &tasks.SendError{Class: class, Code: "X"}
		for range 10 {
			_, _ = g.Send(t.Context(), tasks.Message{})
		}
	}
	p.err = tasks.ErrNotFound
	for range 10 {
		_, _ = g.Find(t.Context(), tasks.Message{})
	}
	p.err = nil
	if _, err := g.Send(t.Context(), tasks.Message{}); err != nil || p.calls != 51 {
		t.Errorf("%v after %d calls", err, p.calls)
	}
	if seen["held"] != 10 || seen["bad_number"] != 10 || seen["ok"] != 1 {
		t.Errorf("told %v", seen)
	}
}
