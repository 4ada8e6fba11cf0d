package sms

import (
	"context"
	"errors"

	"beian/tasks"
)

// Watched tells what a provider answered to each message: "ok" or the class of its
// refusal, and its code, which is empty where there is none.
type Watched struct {
	tasks.Sender
	Told func(outcome, code string)
}

// Send is the provider's Send.
func (w Watched) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	sent, err := w.Sender.Send(ctx, m)
	var refusal *tasks.SendError
	switch {
	case err == nil:
		w.Told("ok", "")
	case errors.As(err, &refusal):
		w.Told(string(refusal.Class), refusal.Code)
	default:
		w.Told(string(tasks.SendUnknown), "")
	}
	return sent, err
}
