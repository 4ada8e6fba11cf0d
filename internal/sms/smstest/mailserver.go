package smstest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"
)

// What a fake mail server can play besides Fine.
const (
	NoSuchBox   Fault = "550 to RCPT"
	BoxIsFull   Fault = "452 to RCPT"
	BadContent  Fault = "554 to the content"
	NoRelay     Fault = "554 to MAIL"
	HangsAtData Fault = "hangs after the content, taken"
	CutAtData   Fault = "cut after the content, taken"
	HangsAtOnce Fault = "never greets"
)

// MailServer is the other side of SMTP: it keeps what it takes.
type MailServer struct {
	Addr  string
	Roots *x509.CertPool // who vouches for it

	user, secret string
	fault        Fault
	security     *tls.Config
	direct       bool
	done         chan struct{}

	mu    sync.Mutex
	taken []*Mail
}

// Mail is one mail as the server took it, and whether the way was encrypted.
type Mail struct {
	To, From  string
	Header    mail.Header
	Body      string
	Encrypted bool
}

// MailWay is how a fake mail server wants to be reached; zero asks for no sign-in
// and offers STARTTLS.
type MailWay struct {
	User, Secret string
	Direct       bool // TLS from the first byte
	Fault        Fault
}

// NewMailServer starts a fake mail server.
func NewMailServer(t testing.TB, way MailWay) *MailServer {
	t.Helper()
	web := httptest.NewTLSServer(nil) // whose certificate is good for 127.0.0.1
	t.Cleanup(web.Close)
	s := &MailServer{user: way.User, secret: way.Secret, fault: way.Fault, direct: way.Direct, done: make(chan struct{}),
		security: &tls.Config{Certificates: web.TLS.Certificates}, Roots: x509.NewCertPool()}
	s.Roots.AddCert(web.Certificate())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Addr = listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(connection) })
		}
	})
	t.Cleanup(func() {
		close(s.done)
		_ = listener.Close()
		running.Wait()
	})
	return s
}

// Taken lists the mails that the server took.
func (s *MailServer) Taken() []*Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Mail(nil), s.taken...)
}

// dialogue is one connection.
type dialogue struct {
	s         *MailServer
	raw       net.Conn
	in        *bufio.Reader
	out       io.Writer
	encrypted bool
	signedIn  bool
	mail      Mail
}

func (s *MailServer) serve(connection net.Conn) {
	ended := make(chan struct{})
	defer close(ended)
	go func() { // a test that ends does not wait for its server
		select {
		case <-s.done:
		case <-ended:
		}
		_ = connection.Close()
	}()
	d := &dialogue{s: s, raw: connection, in: bufio.NewReader(connection), out: connection}
	if s.direct {
		d.encrypt()
	}
	if s.fault == HangsAtOnce {
		<-s.done
		return
	}
	d.say("220 fake ESMTP")
	for {
		line, err := d.in.ReadString('\n')
		if err != nil || !d.hear(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (d *dialogue) encrypt() {
	secured := tls.Server(d.raw, d.s.security)
	d.in, d.out, d.encrypted = bufio.NewReader(secured), secured, true
}

func (d *dialogue) say(line string) { _, _ = io.WriteString(d.out, line+"\r\n") }

// hear answers one command; false ends the connection.
func (d *dialogue) hear(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		d.greet()
	case "STARTTLS":
		d.say("220 go ahead")
		d.encrypt()
	case "AUTH":
		d.auth(rest)
	case "MAIL":
		d.from(rest)
	case "RCPT":
		d.to(rest)
	case "DATA":
		return d.content()
	case "QUIT":
		d.say("221 bye")
		return false
	default:
		d.say("250 fine")
	}
	return true
}

func (d *dialogue) greet() {
	d.say("250-fake")
	if !d.encrypted {
		d.say("250-STARTTLS")
	}
	if d.s.user != "" {
		d.say("250-AUTH PLAIN LOGIN")
	}
	d.say("250 8BITMIME")
}

func (d *dialogue) auth(rest string) {
	_, encoded, _ := strings.Cut(rest, " ")
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || string(plain) != "\x00"+d.s.user+"\x00"+d.s.secret {
		d.say("535 5.7.8 no")
		return
	}
	d.signedIn = true
	d.say("235 welcome")
}

func (d *dialogue) from(rest string) {
	switch {
	case d.s.user != "" && !d.signedIn:
		d.say("530 sign in first")
	case d.s.fault == NoRelay:
		d.say("554 not for you")
	default:
		d.mail = Mail{From: address(rest), Encrypted: d.encrypted}
		d.say("250 fine")
	}
}

func (d *dialogue) to(rest string) {
	switch d.s.fault {
	case NoSuchBox:
		d.say("550 5.1.1 <" + address(rest) + "> no such user")
	case BoxIsFull:
		d.say("452 4.2.2 <" + address(rest) + "> is full")
	default:
		d.mail.To = address(rest)
		d.say("250 fine")
	}
}

func address(rest string) string {
	_, after, _ := strings.Cut(rest, "<")
	inside, _, _ := strings.Cut(after, ">")
	return inside
}

// content takes a mail, up to the lone dot.
func (d *dialogue) content() bool {
	d.say("354 go on")
	var text strings.Builder
	for {
		line, err := d.in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	if d.s.fault == BadContent {
		d.say("554 5.7.1 rejected")
		return true
	}
	d.take(text.String())
	switch d.s.fault {
	case HangsAtData:
		<-d.s.done
		return false
	case CutAtData:
		return false
	}
	d.say("250 taken")
	return true
}

func (d *dialogue) take(text string) {
	read, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(read.Body)
	taken := d.mail
	taken.Header, taken.Body = read.Header, string(body)
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.s.taken = append(d.s.taken, &taken)
}
