package testenv

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Trips counts how often whoever connects by URL waits for PostgreSQL: every Sync of the extended protocol and every
// simple query is one round trip, however many statements it carries.
type Trips struct {
	URL   string
	count atomic.Int64
}

// Number is the count so far.
func (c *Trips) Number() int64 { return c.count.Load() }

// CountTrips stands between a test and the database of an address until the test ends.
func CountTrips(t testing.TB, address string) *Trips {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal("the database's address can't be parsed")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() }) // nobody connects any more
	through := url.URL{Scheme: "postgres", User: url.UserPassword(config.User, config.Password), Host: listener.Addr().String(),
		Path: config.Database, RawQuery: "sslmode=disable"}
	c := &Trips{URL: through.String()}
	network, server := pgconn.NetworkAddress(config.Host, config.Port)
	go c.accept(listener, func() (net.Conn, error) { return net.Dial(network, server) })
	return c
}

func (c *Trips) accept(listener net.Listener, dial func() (net.Conn, error)) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		server, err := dial()
		if err != nil {
			_ = client.Close() // the test sees a broken connection
			continue
		}
		go func() {
			defer server.Close()
			_ = c.forward(server, client) // ends with the connection
		}()
		go func() {
			defer client.Close()
			_, _ = io.Copy(client, server) // ends with the connection
		}()
	}
}

// forward carries what a client says, message by message. The first one, of the protocol's version, has no type.
func (c *Trips) forward(server io.Writer, client io.Reader) error {
	in := bufio.NewReader(client)
	for head := 4; ; head = 5 {
		start, err := in.Peek(head)
		if err != nil {
			return err
		}
		if head == 5 && (start[0] == 'S' || start[0] == 'Q') {
			c.count.Add(1)
		}
		size := int64(binary.BigEndian.Uint32(start[head-4:]))
		if _, err := io.CopyN(server, in, size+int64(head-4)); err != nil {
			return fmt.Errorf("forwarding to PostgreSQL: %w", err)
		}
	}
}
