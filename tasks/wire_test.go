package tasks_test

import (
	"context"
	"slices"
	"sync"

	"beian/tasks"
)

// wire is the provider's side: it keeps what it was handed, and answers by a
// script per receiver. A hook runs during the call.
type wire struct {
	mu       sync.Mutex
	handed   []tasks.Message
	accepted map[string]tasks.Sent
	sends    map[string][]answer
	finds    map[string][]answer
	asked    int
}

// answer is one scripted reply. loses says that the message is accepted although
// the answer is an error: the reply was lost.
type answer struct {
	sent  tasks.Sent
	err   error
	loses bool
	hook  func()
}

func newWire() *wire {
	return &wire{accepted: map[string]tasks.Sent{}, sends: map[string][]answer{}, finds: map[string][]answer{}}
}

func receiver(m tasks.Message) string {
	if m.Channel == tasks.ChannelMail {
		return m.Email.Reveal()
	}
	return m.Phone.Reveal()
}

// Send takes a message; without a script it is delivered at once.
func (w *wire) Send(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	a := w.hand(m)
	if a.hook != nil {
		a.hook()
	}
	return a.sent, a.err
}

func (w *wire) hand(m tasks.Message) answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = append(w.handed, m)
	a := w.next(w.sends, receiver(m), answer{sent: tasks.Sent{ProviderID: "p." + m.OutID, Delivered: true}})
	if a.err == nil || a.loses {
		w.accepted[m.OutID] = tasks.Sent{ProviderID: "p." + m.OutID, Delivered: a.sent.Delivered}
	}
	return a
}

// Find answers by what was accepted.
func (w *wire) Find(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	known, ok := w.accepted[m.OutID]
	usual := answer{sent: known}
	if !ok {
		usual.err = tasks.ErrNotFound
	}
	a := w.next(w.finds, receiver(m), usual)
	return a.sent, a.err
}

func (w *wire) next(script map[string][]answer, to string, usual answer) answer {
	todo := script[to]
	if len(todo) == 0 {
		return usual
	}
	script[to] = todo[1:]
	return todo[0]
}

// plays scripts the next answers to messages for a receiver.
func (w *wire) plays(to string, answers ...answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sends[to] = append(w.sends[to], answers...)
}

// tells scripts the next answers to questions about a receiver's messages.
func (w *wire) tells(to string, answers ...answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.finds[to] = append(w.finds[to], answers...)
}

// arrives lets a message that was accepted reach its phone.
func (w *wire) arrives(outID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted[outID] = tasks.Sent{ProviderID: "p." + outID, Delivered: true}
}

// to lists what was handed over for a receiver, of one template or of any.
func (w *wire) to(receiving string, tpl ...tasks.Template) []tasks.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []tasks.Message
	for _, m := range w.handed {
		if receiver(m) == receiving && (len(tpl) == 0 || slices.Contains(tpl, m.Template)) {
			out = append(out, m)
		}
	}
	return out
}

func refusal(class tasks.SendClass) answer {
	return answer{err: &tasks.SendError{Class: class, Code: "TEST"}}
}

// forget drops what was handed over for a receiver.
func (w *wire) forget(receiving string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handed = slices.DeleteFunc(w.handed, func(m tasks.Message) bool { return receiver(m) == receiving })
}
