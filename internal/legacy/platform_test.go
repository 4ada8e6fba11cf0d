package legacy_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"github.com/rs/zerolog"

	"beian/internal/legacy"
	"beian/internal/legacy/legacytest"
	"beian/tasks"
)

// pipes is a network inside a synctest bubble: real HTTP, no sockets, so that the
// clock of a test stands still unless everybody waits.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve runs a handler in the bubble and gives the way to it.
func serve(t *testing.T, h http.Handler) http.RoundTripper {
	t.Helper()
	p := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(p) }()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return transport
}

// connect gives a connector to a handler in the bubble.
func connect(t *testing.T, h http.Handler, change ...func(*legacy.Options)) *legacy.Connector {
	t.Helper()
	o := legacy.Options{URL: "http://legacy.example.com", Key: legacytest.DemoKey(), Transport: serve(t, h),
		Jitter: func() float64 { return 1 }, Log: zerolog.Nop()}
	for _, c := range change {
		c(&o)
	}
	c, err := legacy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// platform is a simulator without papers and a connector to it.
func platform(t *testing.T, change ...func(*legacy.Options)) (*legacytest.Simulator, *legacy.Connector) {
	t.Helper()
	sim := legacytest.New(legacytest.Options{Sketch: true})
	return sim, connect(t, sim, change...)
}

func login(name string) tasks.LegacyCredentials {
	return tasks.LegacyCredentials{Login: name, Password: legacytest.Password}
}

func open(t *testing.T, c *legacy.Connector, name string) tasks.LegacyTicket {
	t.Helper()
	ticket, err := c.Open(t.Context(), login(name))
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func wantError(t *testing.T, err error, class tasks.LegacyClass, code string) *tasks.LegacyError {
	t.Helper()
	var got *tasks.LegacyError
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want %s %s", err, class, code)
	}
	if got.Class != class || got.Code != code {
		t.Errorf("got %s %s, want %s %s", got.Class, got.Code, class, code)
	}
	return got
}
