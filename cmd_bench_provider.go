package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"beian/internal/bench"
	"beian/internal/sms"
	"beian/tasks"
)

const (
	leastBesideHanging = 0.9             // the part of the throughput that R14 promises
	callPatience       = 5 * time.Second // for one call, as for real providers
)

// provider compares how fast transfers are carried out beside an SMS provider that
// takes every call and answers none with beside a healthy one (R14), in alternate
// rounds. Their messages are sent meanwhile.
func (b *workbench) provider(ctx context.Context) ([]bench.Section, error) {
	s := bench.Section{Name: "Carrying out transfers beside an SMS provider that answers nothing",
		Head: []string{"", "healthy /s", "hanging /s", "ratio (lowest to highest)", "healthy moved by"}}
	for _, e := range b.engines() {
		err := b.withOffice(ctx, e.name, "provider-"+e.name, func(o *office, url string) error {
			w := workshop{office: o, jobs: b.Jobs}
			healthy, hanging, err := w.besideProviders(ctx, url, b.Rounds)
			if err != nil {
				return err
			}
			out := bench.Compare(e.name, healthy, hanging)
			s.Add(append(out.Cells()[:4], bench.Percent(out.Drift))...)
			s.Goals = append(s.Goals, out.Goal(leastBesideHanging))
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("on %s: %w", e.name, err)
		}
	}
	s.Notes = append(s.Notes, fmt.Sprintf("%d jobs a round, %d rounds after one to warm up; a call is given up after %s, and behind the breaker of production the provider is then left alone",
		b.Jobs, b.Rounds, callPatience))
	return []bench.Section{s}, nil
}

// besideProviders takes both speeds in turns; the first pair warms up.
func (w *workshop) besideProviders(ctx context.Context, url string, rounds int) (healthy, hanging []float64, err error) {
	if err := w.connect(ctx); err != nil {
		return nil, nil, err
	}
	if w.plain, err = bench.OpenPlain(url, 2); err != nil {
		return nil, nil, err
	}
	defer w.plain.Close()
	gateway, err := openGateway()
	if err != nil {
		return nil, nil, err
	}
	defer gateway.close()
	for round := range rounds + 1 {
		var pair [2]float64
		for i, hangs := range []bool{false, true} {
			gateway.hangs.Store(hangs)
			// Each turn has a breaker of its own, so that none begins with a rest.
			w.desk = w.newDesk(sms.Router{tasks.ChannelSMS: sms.NewGuard(gateway, sms.Rest{}), tasks.ChannelMail: mailman{}})
			if pair[i], err = w.turn(ctx, typeApply, w.carryOut); err != nil {
				return nil, nil, err
			}
		}
		if round > 0 {
			healthy, hanging = append(healthy, pair[0]), append(hanging, pair[1])
		}
	}
	return healthy, hanging, nil
}

// gateway is a provider of SMS over HTTP, and the client that asks it. While it hangs
// it takes every call and answers none.
type gateway struct {
	hangs  atomic.Bool
	url    string
	client *http.Client
	server *http.Server
}

func openGateway() (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a provider: %w", err)
	}
	g := &gateway{url: "http://" + listener.Addr().String(), client: &http.Client{Timeout: callPatience}}
	g.server = &http.Server{Handler: http.HandlerFunc(g.answer), ReadHeaderTimeout: callPatience}
	go func() { _ = g.server.Serve(listener) }() // ends when it is closed
	return g, nil
}

func (g *gateway) close() {
	_ = g.server.Close()
	g.client.CloseIdleConnections()
}

func (g *gateway) answer(w http.ResponseWriter, r *http.Request) {
	if g.hangs.Load() {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Send hands a message over; what becomes of a call without an answer nobody knows.
func (g *gateway) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	return g.call(ctx, "/send?id="+m.OutID)
}

// Find asks for a message.
func (g *gateway) Find(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	return g.call(ctx, "/find?id="+m.OutID)
}

func (g *gateway) call(ctx context.Context, path string) (tasks.Sent, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+path, http.NoBody)
	if err != nil {
		return tasks.Sent{}, fmt.Errorf("asking a provider: %w", err)
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return tasks.Sent{}, errors.Join(&tasks.SendError{Class: tasks.SendUnknown, Code: "NO_ANSWER"}, err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return tasks.Sent{ProviderID: path, Delivered: true}, answer.Body.Close()
}

// mailman delivers mail at once: R14 is about SMS.
type mailman struct{}

func (mailman) Send(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	return tasks.Sent{ProviderID: m.OutID, Delivered: true}, nil
}

func (mailman) Find(_ context.Context, m tasks.Message) (tasks.Sent, error) {
	return tasks.Sent{ProviderID: m.OutID, Delivered: true}, nil
}
