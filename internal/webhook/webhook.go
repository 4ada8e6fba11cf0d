// Package webhook calls the webhooks of integrators by the Standard Webhooks
// specification 1.0.0 (github.com/standard-webhooks/standard-webhooks, spec): three
// headers, HMAC-SHA256 over id, time and body, and nothing personal in a thin body.
package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"code.dny.dev/ssrf"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"beian/internal/traces"
	"beian/tasks"
)

const (
	patience    = 10 * time.Second // for the whole answer
	mostAnswer  = 64 << 10         // bytes of an answer that are read, for the connection's sake
	longestRest = 24 * time.Hour   // that a receiver can ask to be left alone
)

// Options say how to call. Networks are those that may be called although they are
// not public, such as the operator's own. Jobs is where the API shows a job,
// "https://beian.example.com/v1/jobs/".
type Options struct {
	Networks []netip.Prefix
	Jobs     string
	Version  string
	Now      func() time.Time
}

// Caller calls webhooks.
type Caller struct {
	client *http.Client
	jobs   string
	agent  string
	now    func() time.Time
}

var _ tasks.Caller = (*Caller)(nil)

// New makes a caller. It reaches public addresses and Networks only: the address is
// judged when it is dialled, after the name was resolved, so that a name that changes
// its mind reaches nothing else. It follows no redirect and knows no proxy.
func New(o Options) *Caller {
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithNetworks("tcp4", "tcp6"), ssrf.WithAllowedV4Prefixes(ofFamily(o.Networks, true)...),
		ssrf.WithAllowedV6Prefixes(ofFamily(o.Networks, false)...))
	dialer := &net.Dialer{Timeout: patience / 2, Control: guard.Safe}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Caller{jobs: o.Jobs, agent: "beian/" + o.Version, now: o.Now, client: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: traces.Outgoing(&http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: patience / 2, MaxIdleConnsPerHost: 4,
			IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}),
	}}
}

func ofFamily(all []netip.Prefix, v4 bool) (out []netip.Prefix) {
	for _, p := range all {
		if p.Addr().Is4() == v4 {
			out = append(out, p)
		}
	}
	return out
}

// message is the body.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Receipt  string      `json:"receipt,omitempty"`
	Kind     tasks.Kind  `json:"kind,omitempty"`
	State    tasks.State `json:"state,omitempty"`
	Sequence int64       `json:"sequence,omitempty"`
	URL      string      `json:"url,omitempty"`
}

// Call implements tasks.Caller.
func (c *Caller) Call(ctx context.Context, call tasks.Call) tasks.CallAnswer {
	request, err := c.request(ctx, call)
	if err != nil {
		return tasks.CallAnswer{Reason: "the message can't be made"}
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return tasks.CallAnswer{Reason: classOf(err)}
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, mostAnswer)) // the status is the answer
	return tasks.CallAnswer{Status: answer.StatusCode, After: c.retryAfter(answer.Header)}
}

func (c *Caller) request(ctx context.Context, call tasks.Call) (*http.Request, error) {
	m := message{Type: call.Type, Timestamp: call.At.UTC(), Data: data{Receipt: call.Receipt, Kind: call.Kind, State: call.State, Sequence: call.Seq}}
	if call.Receipt != "" {
		m.Data.URL = c.jobs + call.Receipt
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding a message: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, call.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the webhook's address is no URL")
	}
	now := c.now()
	signatures, err := sign(call, now, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set(standardwebhooks.HeaderWebhookID, call.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, signatures)
	return request, nil
}

// sign signs with the secret and, while it lives, with the one before.
func sign(call tasks.Call, now time.Time, body []byte) (string, error) {
	secrets := [][]byte{call.Webhook.Secret}
	if len(call.Webhook.Former) > 0 && now.Before(call.Webhook.FormerUntil) {
		secrets = append(secrets, call.Webhook.Former)
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signer, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			return "", fmt.Errorf("signing a message: %w", err)
		}
		if signatures[i], err = signer.Sign(call.ID, now, body); err != nil {
			return "", fmt.Errorf("signing a message: %w", err)
		}
	}
	return strings.Join(signatures, " "), nil
}

// classOf names why there is no answer; the error's own text holds the address.
func classOf(err error) string {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.Is(err, ssrf.ErrProhibitedIP), errors.Is(err, ssrf.ErrProhibitedNetwork), errors.Is(err, ssrf.ErrProhibitedPort):
		return "address not allowed"
	case errors.As(err, &certificate):
		return "certificate not accepted"
	case errors.As(err, &name) && name.IsNotFound:
		return "name not found"
	case errors.As(err, &network) && network.Timeout():
		return "timed out"
	}
	return "no answer"
}

// retryAfter reads the header of RFC 9110, 10.2.3, in either form.
func (c *Caller) retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	after := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		after = time.Duration(min(seconds, int(longestRest/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = at.Sub(c.now())
	}
	return min(max(after, 0), longestRest)
}
