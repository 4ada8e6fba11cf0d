package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"beian/internal/traces"
	"beian/tasks"
)

// What we say where a provider gave no code of its own.
const (
	codeNoReceiver = "NO_RECEIVER"
	codeNoText     = "NO_TEXT"
	codeNoConnect  = "NO_CONNECTION"
	codeNoAnswer   = "NO_ANSWER"
	codeMalformed  = "MALFORMED_ANSWER"
	codeUnsettled  = "NOT_SETTLED"
)

// A message that a provider does not list may be on its way into the list: only
// after the second of these spans nobody ever saw it (trust 4.2, class U).
const (
	settleFirst = time.Minute
	settleLast  = 10 * time.Minute
)

// heldFor is how long a message rests that the provider refuses until the operator
// mends something (classes C and M).
const heldFor = 10 * time.Minute

// usualTimeout bounds one call; Aliyun asks for one second or more.
const usualTimeout = 5 * time.Second

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 20

// caller makes one attempt of a call that is not idempotent: no retries, no
// redirects, and an error that says whether the provider may have seen it.
type caller struct {
	client  *http.Client
	timeout time.Duration
}

func newCaller(timeout time.Duration) caller {
	if timeout <= 0 {
		timeout = usualTimeout
	}
	return caller{timeout: timeout, client: &http.Client{
		Transport:     traces.Outgoing(&http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 32, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do sends a request and reads the answer into out, whatever its status is. Errors
// are *tasks.SendError: SendRetry when nothing can have arrived, SendUnknown when
// it may have, SendHeld for a refusal that is not the provider's JSON.
func (c caller) do(ctx context.Context, r *http.Request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var reached atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { reached.Store(true) }})
	answer, err := c.client.Do(r.WithContext(ctx))
	if err != nil && !reached.Load() {
		return errors.Join(&tasks.SendError{Class: tasks.SendRetry, Code: codeNoConnect}, err)
	}
	if err != nil {
		return errors.Join(&tasks.SendError{Class: tasks.SendUnknown, Code: codeNoAnswer}, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if err != nil {
		return errors.Join(&tasks.SendError{Class: tasks.SendUnknown, Code: codeNoAnswer}, err)
	}
	if json.Unmarshal(body, out) == nil {
		return nil
	}
	switch {
	case answer.StatusCode >= 500:
		return &tasks.SendError{Class: tasks.SendUnknown, Code: "HTTP_" + strconv.Itoa(answer.StatusCode)}
	case answer.StatusCode >= 300:
		return &tasks.SendError{Class: tasks.SendHeld, After: heldFor, Code: "HTTP_" + strconv.Itoa(answer.StatusCode)}
	}
	return &tasks.SendError{Class: tasks.SendUnknown, Code: codeMalformed}
}

// unseen is what a provider means that does not list a message: too early to say,
// or tasks.ErrNotFound.
func unseen(m tasks.Message, now time.Time) error {
	if m.TriedAt.IsZero() {
		return tasks.ErrNotFound
	}
	age := now.Sub(m.TriedAt)
	for _, settled := range []time.Duration{settleFirst, settleLast} {
		if age < settled {
			return &tasks.SendError{Class: tasks.SendUnknown, After: settled - age, Code: codeUnsettled}
		}
	}
	return fmt.Errorf("asking for a message by our id: %w", tasks.ErrNotFound)
}

// sendable refuses what no SMS provider can carry.
func sendable(m tasks.Message) error {
	switch {
	case m.Channel != tasks.ChannelSMS:
		return &tasks.SendError{Class: tasks.SendPermanent, Code: codeNoText}
	case m.Phone.IsZero():
		return &tasks.SendError{Class: tasks.SendBadNumber, Code: codeNoReceiver}
	}
	return nil
}

// shanghai is the time by which both providers date what they list.
func shanghai(at time.Time) time.Time { return at.In(time.FixedZone("CST", 8*60*60)) }
