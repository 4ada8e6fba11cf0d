package sms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"beian/tasks"
)

// Encryption of the way to a mail server.
const (
	TLSStart    = "starttls" // required, on the usual port 587
	TLSDirect   = "tls"      // from the first byte, on the usual port 465
	TLSWithout  = "none"     // a relay on this machine or its network
	usualDomain = "localhost"
)

// Mailbox is the mail server that our mail leaves by.
type Mailbox struct {
	Server string // host:port
	TLS    string // TLSStart, TLSDirect or TLSWithout
	User   string // empty: the server asks for none
	Secret string
	From   string // as in a header: 备案服务台 <noreply@example.cn>
	// Roots are who vouches for the server; nil is the system's.
	Roots   *tls.Config
	Timeout time.Duration
}

// String says only which server it is.
func (m Mailbox) String() string { return m.Server }

// GoString is String.
func (m Mailbox) GoString() string { return m.String() }

// Mail sends by SMTP. A mail server can't be asked afterwards: what it accepted is
// sent, and a mail whose answer was lost is sent once more under the same
// Message-ID, by which mailboxes tell copies (C3).
type Mail struct {
	box        Mailbox
	words      *Words
	host, name string
	port       int
}

// NewMail builds the provider; the server must be host:port and the sender an address.
func NewMail(box Mailbox, words *Words) (*Mail, error) {
	host, text, err := net.SplitHostPort(box.Server)
	if err != nil {
		return nil, fmt.Errorf("the mail server is not host:port: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, errors.New("the mail server's port is not a number")
	}
	if err := mail.NewMsg().From(box.From); err != nil {
		return nil, errors.New("the sender of mail is not an address")
	}
	if box.Timeout <= 0 {
		box.Timeout = 3 * usualTimeout
	}
	return &Mail{box: box, words: words, host: host, port: port, name: domainOf(box.From)}, nil
}

// domainOf is the domain of an address that was checked.
func domainOf(from string) string {
	m := mail.NewMsg()
	if err := m.From(from); err != nil || len(m.GetFrom()) != 1 {
		return usualDomain
	}
	address := m.GetFrom()[0].Address
	for i := len(address) - 1; i >= 0; i-- {
		if address[i] == '@' {
			return address[i+1:]
		}
	}
	return usualDomain
}

// Send hands one mail over. Errors are *tasks.SendError and never carry the
// library's text, which names the receiver.
func (p *Mail) Send(ctx context.Context, m tasks.Message) (tasks.Sent, error) {
	letter, id, err := p.compose(m)
	if err != nil {
		return tasks.Sent{}, err
	}
	client, stop, err := p.client(ctx)
	if err != nil {
		return tasks.Sent{}, err
	}
	defer stop()
	err = client.DialAndSendWithContext(ctx, letter)
	if err == nil || letter.IsDelivered() { // a farewell that fails changes nothing
		return tasks.Sent{ProviderID: id, Final: true}, nil
	}
	return tasks.Sent{}, mailRefusal(err)
}

// Find: nobody can be asked, so the mail may be sent again.
func (p *Mail) Find(context.Context, tasks.Message) (tasks.Sent, error) {
	return tasks.Sent{}, tasks.ErrNotFound
}

func (p *Mail) compose(m tasks.Message) (letter *mail.Msg, id string, err error) {
	if m.Channel != tasks.ChannelMail {
		return nil, "", &tasks.SendError{Class: tasks.SendPermanent, Code: codeNoText}
	}
	said, err := p.words.Text(m)
	if err != nil {
		return nil, "", errors.Join(&tasks.SendError{Class: tasks.SendPermanent, Code: codeNoText}, err)
	}
	letter = mail.NewMsg(mail.WithNoDefaultUserAgent())
	if letter.From(p.box.From) != nil || letter.To(m.Email.Reveal()) != nil {
		return nil, "", &tasks.SendError{Class: tasks.SendBadNumber, Code: codeNoReceiver}
	}
	id = m.OutID + "@" + p.name
	letter.SetMessageIDWithValue(id)
	letter.SetDate()
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetGenHeader(mail.HeaderContentLang, m.Lang)
	letter.Subject(said.Subject)
	letter.SetBodyString(mail.TypeTextPlain, said.Body)
	return letter, id, nil
}

// client prepares a connection that ends with ctx, which the library heeds only
// while it dials.
func (p *Mail) client(ctx context.Context) (client *mail.Client, stop func() bool, err error) {
	end := func() bool { return true }
	security := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.box.Roots != nil {
		security = p.box.Roots.Clone()
	}
	security.ServerName = p.host
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		connection, err := dialer.DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		end = context.AfterFunc(ctx, func() { _ = connection.Close() })
		if p.box.TLS == TLSDirect {
			return tls.Client(connection, security), nil
		}
		return connection, nil
	}
	policy := mail.TLSMandatory
	if p.box.TLS != TLSStart {
		policy = mail.NoTLS
	}
	options := []mail.Option{mail.WithPort(p.port), mail.WithTimeout(p.box.Timeout), mail.WithTLSConfig(security),
		mail.WithTLSPolicy(policy), mail.WithDialContextFunc(dial), mail.WithHELO(p.name), mail.WithoutNoop()}
	if p.box.User != "" {
		options = append(options, mail.WithUsername(p.box.User), mail.WithPassword(p.box.Secret),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	client, err = mail.NewClient(p.host, options...)
	if err != nil {
		return nil, nil, &tasks.SendError{Class: tasks.SendHeld, After: heldFor, Code: "SMTP_CLIENT"}
	}
	return client, func() bool { return end() }, nil
}

// mailRefusal classes what a mail server said, or where it fell silent.
func mailRefusal(err error) *tasks.SendError {
	var refused *mail.SendError
	if !errors.As(err, &refused) {
		return beforeMail(err)
	}
	code := "SMTP_" + strconv.Itoa(refused.ErrorCode())
	silent := refused.ErrorCode() == 0
	written := refused.Reason == mail.ErrSMTPDataClose || refused.Reason == mail.ErrWriteContent
	switch {
	case silent && refused.Reason == mail.ErrSMTPDataClose:
		return &tasks.SendError{Class: tasks.SendUnknown, Code: codeNoAnswer}
	case silent:
		return &tasks.SendError{Class: tasks.SendRetry, Code: codeNoAnswer}
	case refused.IsTemp():
		return &tasks.SendError{Class: tasks.SendRetry, Code: code}
	case refused.Reason == mail.ErrSMTPRcptTo:
		return &tasks.SendError{Class: tasks.SendBadNumber, Code: code}
	case written: // this mail, not the server
		return &tasks.SendError{Class: tasks.SendPermanent, Code: code}
	}
	return &tasks.SendError{Class: tasks.SendHeld, After: heldFor, Code: code}
}

// beforeMail classes a failure to get as far as the mail itself: a refused sign-in
// is the operator's matter, all else may pass.
func beforeMail(err error) *tasks.SendError {
	var said *textproto.Error
	if errors.As(err, &said) && said.Code >= 500 {
		return &tasks.SendError{Class: tasks.SendHeld, After: heldFor, Code: "SMTP_" + strconv.Itoa(said.Code)}
	}
	return &tasks.SendError{Class: tasks.SendRetry, Code: codeNoConnect}
}
