package api

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAStreamTellsEventsAsTheyHappenAndEndsWithTheJob(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	next := b.follow(t, j.Receipt, "")
	if got := next(); got != "retry: 5000" {
		t.Errorf("got %q", got)
	}
	if got := next(); got != "id: 1" {
		t.Errorf("got %q", got)
	}
	for !strings.HasPrefix(next(), ": ping") { //nolint:revive // reads on
	}
	b.act(t, "source", j.Receipt, "cancel", "").job(t, 200)
	var rest []string
	for line := next(); line != "EOF"; line = next() {
		rest = append(rest, line)
	}
	all := strings.Join(rest, "\n")
	if !strings.Contains(all, "id: 2") || !strings.Contains(all, `"to":"withdrawn"`) || strings.Contains(all, "id: 1") {
		t.Errorf("got %s", all)
	}
	again := b.follow(t, j.Receipt, "2")
	if first, second := again(), again(); first != "retry: 5000" || second != "EOF" {
		t.Errorf("got %q %q", first, second)
	}
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	j := b.submit(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx, l) }()
	b.http.URL = "http://" + l.Addr().String()
	next := b.follow(t, j.Receipt, "")
	next()
	began := time.Now()
	stop()
	for next() != "EOF" { //nolint:revive // reads on
	}
	must(t, <-ended)
	if took := time.Since(began); took > stopTime/2 {
		t.Errorf("took %s", took)
	}
	if b.streams.Load() != 0 {
		t.Error("a stream is still counted")
	}
}

// The deadline for reading a request would otherwise cancel one that waits.
func TestAWaitingRequestOutlivesTheReadDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.pace.body = time.Second })
	j := b.verified(t)
	slow := httptest.NewUnstartedServer(b.Handler())
	slow.Config.ReadTimeout, slow.Config.WriteTimeout = time.Second, time.Second
	slow.Start()
	t.Cleanup(slow.Close)
	b.http.URL = slow.URL
	answered := make(chan reply, 1)
	go func() {
		out, err := b.try(t.Context(), ask{as: "target", method: "POST", path: "/v1/transfers/" + j.Receipt + "/accept", key: "k",
			head: map[string]string{"Prefer": "wait=20"}})
		if err != nil {
			t.Error(err)
		}
		answered <- out
	}()
	<-time.After(1500 * time.Millisecond) // longer than the deadlines
	b.work(t)
	if got := (<-answered).job(t, 200); got.State != "done" {
		t.Errorf("state %s", got.State)
	}
}

// follow opens a stream; each call of the result gives the next line that is not
// blank, and EOF in the end.
func (b *bench) follow(t testing.TB, receipt, last string) func() string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.http.URL+"/v1/jobs/"+receipt+"/stream", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+b.tokens["source"])
	req.Header.Set("Last-Event-ID", last)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("got %d %v", res.StatusCode, res.Header)
	}
	scan := bufio.NewScanner(res.Body)
	return func() string {
		for scan.Scan() {
			if scan.Text() != "" {
				return scan.Text()
			}
		}
		return "EOF"
	}
}
