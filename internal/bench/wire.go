package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Wire posts over HTTP/1.1 connections that stay open. It is lean on purpose: the
// one who asks shares the machine with the one who answers.
type Wire struct {
	addr string
	idle chan *line
}

type line struct {
	conn net.Conn // nil before the first call
	used time.Time
	in   *bufio.Reader
	out  []byte
}

// answerLimit is how long one answer may take. A connection that was not used for
// staleAfter is replaced, before the server ends it.
const (
	answerLimit = 30 * time.Second
	staleAfter  = 5 * time.Second
)

// NewWire makes so many connections, each when it is first needed.
func NewWire(addr string, connections int) *Wire {
	w := &Wire{addr: addr, idle: make(chan *line, connections)}
	for range connections {
		w.idle <- &line{}
	}
	return w
}

// Close ends the connections that are idle.
func (w *Wire) Close() {
	for {
		select {
		case l := <-w.idle:
			l.hangUp()
		default:
			return
		}
	}
}

func (l *line) hangUp() {
	if l.conn != nil {
		_ = l.conn.Close() // nothing is on its way
	}
}

// ready dials when there is no fresh connection.
func (l *line) ready(ctx context.Context, addr string) error {
	if time.Since(l.used) < staleAfter {
		return nil
	}
	l.hangUp()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("dialling the API: %w", err)
	}
	l.conn, l.in = conn, bufio.NewReader(conn)
	return nil
}

// Call is one POST of JSON with an Idempotency-Key, and a session's token unless
// nobody is signed in.
type Call struct{ Path, Token, Key, Body string }

// Post sends a call on a free connection and returns the answer's body. An answer
// that is not 2xx is an error that quotes it.
func (w *Wire) Post(ctx context.Context, c Call) ([]byte, error) {
	var l *line
	select {
	case l = <-w.idle:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { w.idle <- l }()
	if err := l.ready(ctx, w.addr); err != nil {
		return nil, err
	}
	if err := l.conn.SetDeadline(time.Now().Add(answerLimit)); err != nil {
		return nil, fmt.Errorf("posting to %s: %w", c.Path, err)
	}
	l.out = c.appendTo(l.out[:0], w.addr)
	if _, err := l.conn.Write(l.out); err != nil {
		return nil, fmt.Errorf("posting to %s: %w", c.Path, err)
	}
	l.used = time.Now()
	return l.read(c.Path)
}

func (l *line) read(path string) ([]byte, error) {
	answer, err := http.ReadResponse(l.in, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", path, err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, fmt.Errorf("POST %s: %s: %s", path, answer.Status, body)
	}
	return body, nil
}

func (c Call) appendTo(b []byte, host string) []byte {
	b = append(b, "POST "+c.Path+" HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\n"...)
	if c.Token != "" {
		b = append(b, "Authorization: Bearer "+c.Token+"\r\n"...)
	}
	b = append(b, "Idempotency-Key: "+c.Key+"\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.Body)), 10)
	return append(append(b, "\r\n\r\n"...), c.Body...)
}
