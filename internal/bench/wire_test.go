package bench_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"beian/internal/bench"
)

func TestWirePostsOnConnectionsThatStayOpen(t *testing.T) {
	t.Parallel()
	var fresh atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.Header.Get("Authorization") != "Bearer t" || r.Header.Get("Idempotency-Key") != "k" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", r.Header)
		}
		if _, err := w.Write(append([]byte("got "), body...)); err != nil {
			t.Error(err)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			fresh.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	wire := bench.NewWire(server.Listener.Addr().String(), 1)
	defer wire.Close()
	for range 3 {
		got, err := wire.Post(t.Context(), bench.Call{Path: "/x", Token: "t", Key: "k", Body: `{"a":1}`})
		if err != nil || string(got) != `got {"a":1}` {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := fresh.Load(); n != 1 {
		t.Errorf("%d connections were opened for three calls", n)
	}
}

func TestWireReportsARefusalWithItsText(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too many", http.StatusTooManyRequests)
	}))
	defer server.Close()
	wire := bench.NewWire(server.Listener.Addr().String(), 1)
	defer wire.Close()
	_, err := wire.Post(t.Context(), bench.Call{Path: "/x"})
	if err == nil || !strings.Contains(err.Error(), "429") || !strings.Contains(err.Error(), "too many") {
		t.Errorf("got %v", err)
	}
}
