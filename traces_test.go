package main_test

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collected "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector is where traces go.
type collector struct {
	mu    sync.Mutex
	spans map[string]*collected.Span // by id
	raw   []byte
}

func collects(t *testing.T) (c *collector, url string) {
	t.Helper()
	c = &collector{spans: map[string]*collected.Span{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in collected.TracesData
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &in) != nil {
			t.Errorf("%s: not OTLP", r.URL.Path)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.raw = append(c.raw, body...)
		for _, of := range in.ResourceSpans {
			for _, by := range of.ScopeSpans {
				for _, span := range by.Spans {
					c.spans[hex.EncodeToString(span.SpanId)] = span
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	return c, server.URL
}

// below are the names of a span's descendants, each with its forebears'.
func (c *collector) below(name string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, span := range c.spans {
		path := span.Name
		for p := c.spans[hex.EncodeToString(span.ParentSpanId)]; p != nil; p = c.spans[hex.EncodeToString(p.ParentSpanId)] {
			path = p.Name + " > " + path
		}
		if strings.HasPrefix(path, name) {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

func TestATraceGoesWithTheTasksOfARequest(t *testing.T) {
	t.Parallel()
	spans, url := collects(t)
	base := startDev(t, "--traces-url", url)
	r, err := http.NewRequest(http.MethodPost, base+"/v1/login-lookups", strings.NewReader(`{"icp_or_domain":"xiaoming-notes.example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "a-key-of-this-test")
	r.Header.Set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %d", answer.StatusCode)
	}
	request := "POST /v1/login-lookups"
	want := []string{request, request + " > lookup:find", request + " > lookup:find > notice:send"}
	var got []string
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && !slices.Equal(got, want); <-tick.C {
		got = spans.below(request)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	spans.mu.Lock()
	defer spans.mu.Unlock()
	for _, span := range spans.spans {
		if hex.EncodeToString(span.TraceId) == "0af7651916cd43dd8448eb211c80319c" {
			t.Error("the caller decides what is traced")
		}
	}
	for _, personal := range []string{"xiaoming", "13900139101", "li@example.com"} {
		if strings.Contains(string(spans.raw), personal) {
			t.Errorf("the collector was told %s", personal)
		}
	}
}
