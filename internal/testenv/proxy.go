package testenv

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy forwards TCP to a server and can do what bad networks do: swallow, hold back, cut, reset.
type Proxy struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	fault    NetFault
	withheld int
	conns    map[net.Conn]bool
}

// NetFault is what a Proxy does to everything that passes; the zero value is a sound network.
type NetFault struct {
	Blackhole bool          // take everything and give nothing: connections stand, and nobody is told
	Delay     time.Duration // hold every piece back for so long
	Cut       int           // after so many more bytes, in the middle of a piece, reset everything, once
	Withhold  []byte        // a piece with these bytes is not passed on: its connection is reset instead
	Refuse    bool          // end every connection, those that stand and new ones, as if nobody listened
}

// networkOf: a path is a socket's.
func networkOf(to string) string {
	if strings.HasPrefix(to, "/") {
		return "unix"
	}
	return "tcp"
}

// StartProxy forwards to host:port, or to the path of a socket, until the test ends.
func StartProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, to: to, conns: map[net.Conn]bool{}}
	go p.accept()
	t.Cleanup(func() { listener.Close(); p.Reset() })
	return p
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Spoil begins a fault, for connections that stand as well as for new ones.
func (p *Proxy) Spoil(f NetFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault = f; f.Refuse {
		p.hangUp()
	}
}

// Withheld is how often a piece was withheld.
func (p *Proxy) Withheld() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.withheld
}

// Heal ends the fault. What a black hole swallowed is gone, and with it the connections that carried it.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault.Blackhole {
		p.hangUp()
	}
	p.fault = NetFault{}
}

// Reset ends every connection at once, as a router that restarts does.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangUp()
}

// hangUp sends RST, not FIN: both sides must see an error. Call it with the lock.
func (p *Proxy) hangUp() {
	for conn := range p.conns {
		reset(conn)
	}
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.forward(conn)
	}
}

// forward joins a connection with the server. One that can't be reached is a connection that ends, as without the
// proxy.
func (p *Proxy) forward(front net.Conn) {
	defer p.keep(front)()
	switch fault := p.now(); {
	case fault.Refuse:
		return
	case fault.Blackhole:
		_, _ = io.Copy(io.Discard, front)
		return
	}
	back, err := net.Dial(networkOf(p.to), p.to)
	if err != nil {
		return
	}
	defer p.keep(back)()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{front, back}, {back, front}} {
		go func() {
			defer func() { ended <- struct{}{} }()
			_, _ = io.Copy(valve{p, way[1]}, way[0])
		}()
	}
	<-ended
}

func (p *Proxy) now() NetFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// keep remembers a connection until it is done with.
func (p *Proxy) keep(conn net.Conn) (done func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, conn)
		conn.Close()
	}
}

// pass counts a piece against Cut: how much of it may still go, and whether that was the end.
func (p *Proxy) pass(size int) (goes int, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.fault.Cut == 0:
		return size, false
	case size < p.fault.Cut:
		p.fault.Cut -= size
		return size, false
	}
	goes, p.fault.Cut = p.fault.Cut, 0
	return goes, true
}

// withholds tells whether a piece is the one to withhold.
func (p *Proxy) withholds(piece []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fault.Withhold) == 0 || !bytes.Contains(piece, p.fault.Withhold) {
		return false
	}
	p.withheld++
	return true
}

// valve is the way through a proxy, in either direction.
type valve struct {
	*Proxy
	out net.Conn
}

// Write lets a piece through as the fault of the moment allows.
func (v valve) Write(piece []byte) (int, error) {
	fault := v.now()
	if fault.Delay > 0 {
		<-time.After(fault.Delay)
	}
	if fault.Blackhole {
		return len(piece), nil
	}
	if v.withholds(piece) {
		reset(v.out)
		return 0, io.ErrClosedPipe
	}
	goes, cut := v.pass(len(piece))
	n, err := v.out.Write(piece[:goes])
	if cut {
		v.Reset()
		return n, io.ErrClosedPipe
	}
	return n, err
}
