package smstest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"beian/internal/filing"
	"beian/tasks"
)

// Provider is a sender under test, with the other side of the wire: how many
// copies of a message a receiver got, and numbers that play faults.
type Provider struct {
	Sender tasks.Sender
	Copies func(outID string) int
	// Bad is refused, Throttled must wait, Hanging never answers; a zero number
	// means that this provider's fake can't play it.
	Bad, Throttled, Hanging filing.Phone
	// Mail says that the provider takes mail too.
	Mail bool
}

// Exercise checks what every provider promises (C2, C3); open gives a fresh one.
func Exercise(t *testing.T, open func(t *testing.T) Provider) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Provider){
		"every message is accepted once and can be found":         exerciseAccepted,
		"a message it never saw is not found":                     exerciseUnseen,
		"a bad number is classed as one":                          exerciseBad,
		"a limit says how long to wait":                           exerciseThrottled,
		"a call without an answer ends with its context, unknown": exerciseHanging,
		"a template without a text is refused for good":           exerciseNoText,
		"a message without a receiver is refused for good":        exerciseNoReceiver,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t))
		})
	}
}

func exerciseAccepted(t *testing.T, p Provider) {
	for _, m := range Samples(t) {
		if m.Channel == tasks.ChannelMail && !p.Mail {
			continue
		}
		for _, lang := range []string{"zh-CN", "en"} {
			m.OutID, m.Lang = m.OutID+lang, lang
			sent, err := p.Sender.Send(t.Context(), m)
			if err != nil || sent.ProviderID == "" {
				t.Fatalf("%s by %s in %s: %+v, %v", m.Template, m.Channel, lang, sent, err)
			}
			found, err := p.Sender.Find(t.Context(), m)
			if err != nil || found.ProviderID != "" && found.ProviderID != sent.ProviderID {
				t.Errorf("%s: found %+v, %v; sent %+v", m.Template, found, err, sent)
			}
			if n := p.Copies(m.OutID); n != 1 {
				t.Errorf("%s: %d copies arrived", m.Template, n)
			}
		}
	}
}

func exerciseUnseen(t *testing.T, p Provider) {
	if _, err := p.Sender.Find(t.Context(), sample(t)); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func exerciseBad(t *testing.T, p Provider) {
	if p.Bad.IsZero() {
		return
	}
	m := sample(t)
	m.Phone = p.Bad
	refused(t, p, m, tasks.SendBadNumber)
}

func exerciseThrottled(t *testing.T, p Provider) {
	if p.Throttled.IsZero() {
		return
	}
	m := sample(t)
	m.Phone, m.At = p.Throttled, time.Now()
	if err := refused(t, p, m, tasks.SendThrottled); err != nil && err.After <= 0 {
		t.Errorf("wait %s", err.After)
	}
}

func exerciseHanging(t *testing.T, p Provider) {
	if p.Hanging.IsZero() {
		return
	}
	m := sample(t)
	m.Phone = p.Hanging
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := p.Sender.Send(ctx, m)
	var class *tasks.SendError
	if err == nil || errors.As(err, &class) && class.Class != tasks.SendUnknown {
		t.Errorf("got %v, want an unknown outcome", err)
	}
	noPersonalData(t, m, err)
}

func exerciseNoText(t *testing.T, p Provider) {
	m := sample(t)
	m.Template = "no_such_template"
	refused(t, p, m, tasks.SendPermanent)
}

func exerciseNoReceiver(t *testing.T, p Provider) {
	m := sample(t)
	m.Phone = filing.Phone{}
	refused(t, p, m, tasks.SendBadNumber)
}

func sample(t *testing.T) tasks.Message {
	m := Samples(t)[0]
	m.Lang = "zh-CN"
	return m
}

// refused demands an error of a class, nothing delivered and nothing told.
func refused(t *testing.T, p Provider, m tasks.Message, want tasks.SendClass) *tasks.SendError {
	t.Helper()
	_, err := p.Sender.Send(t.Context(), m)
	var refusal *tasks.SendError
	if !errors.As(err, &refusal) || refusal.Class != want || refusal.Code == "" {
		t.Errorf("got %v, want class %s with a code", err, want)
		return nil
	}
	if n := p.Copies(m.OutID); n != 0 {
		t.Errorf("refused, and %d copies arrived", n)
	}
	noPersonalData(t, m, err)
	return refusal
}

func noPersonalData(t *testing.T, m tasks.Message, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, value := range []string{m.Phone.Reveal(), m.Email.Reveal(), m.Params["code"], m.Params["target"]} {
		if value != "" && strings.Contains(err.Error(), value) {
			t.Error("the error shows the receiver or a parameter")
		}
	}
}
