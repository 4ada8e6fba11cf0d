package sms

import (
	"context"

	"beian/tasks"
)

// Router gives each channel to its own provider.
type Router map[tasks.Channel]tasks.Sender

// Send hands a message to its channel's provider; tasks.SendPermanent when there is
// none.
func (r Router) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	provider, ok := r[m.Channel]
	if !ok {
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendPermanent, Code: codeNoProvider}
	}
	return provider.Send(ctx, m)
}

// Find asks its channel's provider what became of a message.
func (r Router) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	provider, ok := r[m.Channel]
	if !ok {
		return tasks.Sent{}, &tasks.SendError{Class: tasks.SendPermanent, Code: codeNoProvider}
	}
	return provider.Find(ctx, m)
}

const codeNoProvider = "NO_PROVIDER"
