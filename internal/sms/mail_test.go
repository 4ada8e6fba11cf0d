package sms_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/tasks"
)

func newMail(t *testing.T, server *smstest.MailServer, change func(*sms.Mailbox)) *sms.Mail {
	t.Helper()
	box := sms.Mailbox{Server: server.Addr, TLS: sms.TLSStart, From: "备案服务台 <noreply@example.cn>",
		Roots: &tls.Config{RootCAs: server.Roots}, Timeout: 5 * time.Second}
	if change != nil {
		change(&box)
	}
	p, err := sms.NewMail(box, words(t, site()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// link is the mail with a link, which no SMS carries.
func link(t *testing.T) tasks.Message {
	t.Helper()
	for _, m := range smstest.Samples(t) {
		if m.Template == tasks.TemplateRecovery {
			m.Lang = "zh-CN"
			return m
		}
	}
	t.Fatal("no mail with a link")
	return tasks.Message{}
}

func TestEveryMailIsTakenOnceWithItsWholeText(t *testing.T) {
	t.Parallel()
	server := smstest.NewMailServer(t, smstest.MailWay{})
	p, sent := newMail(t, server, nil), 0
	each(t, words(t, site()), func(m tasks.Message, said sms.Text) {
		if m.Channel != tasks.ChannelMail {
			return
		}
		got, err := p.Send(t.Context(), m)
		if err != nil || !got.Final || got.ProviderID != m.OutID+"@example.cn" {
			t.Fatalf("%s: %+v, %v", m.Template, got, err)
		}
		sent++
		all := server.Taken()
		if len(all) != sent {
			t.Fatalf("%d mails taken, want %d", len(all), sent)
		}
		mail := all[sent-1]
		body, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(mail.Body)))
		subject, subjectErr := new(mime.WordDecoder).DecodeHeader(mail.Header.Get("Subject"))
		if err != nil || subjectErr != nil || strings.ReplaceAll(strings.TrimSpace(string(body)), "\r\n", "\n") != said.Body || subject != said.Subject {
			t.Errorf("%s in %s: %q\n%s", m.Template, m.Lang, subject, body)
		}
		if mail.To != m.Email.Reveal() || mail.From != "noreply@example.cn" || !mail.Encrypted || mail.Header.Get("Auto-Submitted") != "auto-generated" ||
			mail.Header.Get("Message-ID") != "<"+m.OutID+"@example.cn>" {
			t.Errorf("%s: %+v", m.Template, mail)
		}
	})
	if sent < 20 {
		t.Errorf("only %d mails", sent)
	}
}

func TestMailSignsInOnEveryWay(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]string{"STARTTLS": sms.TLSStart, "TLS": sms.TLSDirect} {
		server := smstest.NewMailServer(t, smstest.MailWay{User: "beian", Secret: "s3cret", Direct: way == sms.TLSDirect})
		for secret, ok := range map[string]bool{"s3cret": true, "wrong": false} {
			p := newMail(t, server, func(b *sms.Mailbox) { b.TLS, b.User, b.Secret = way, "beian", secret })
			_, err := p.Send(t.Context(), link(t))
			var refusal *tasks.SendError
			if (err == nil) != ok || err != nil && (!errors.As(err, &refusal) || refusal.Class != tasks.SendHeld || refusal.Code != "SMTP_535") {
				t.Errorf("%s, %t: %v", name, ok, err)
			}
		}
		if taken := server.Taken(); len(taken) != 1 || !taken[0].Encrypted {
			t.Errorf("%s: %+v", name, taken)
		}
	}
}

func TestMailNeverLeavesInClearWhereTLSIsAskedFor(t *testing.T) {
	t.Parallel()
	server := smstest.NewMailServer(t, smstest.MailWay{})
	p := newMail(t, server, func(b *sms.Mailbox) { b.Roots = nil }) // the certificate is nobody's we know
	_, err := p.Send(t.Context(), link(t))
	var refusal *tasks.SendError
	if !errors.As(err, &refusal) || refusal.Class != tasks.SendRetry || len(server.Taken()) != 0 {
		t.Errorf("%v, %d taken", err, len(server.Taken()))
	}
}

func TestC2_mail_has_the_same_classes(t *testing.T) {
	t.Parallel()
	for fault, want := range map[smstest.Fault]struct {
		class  tasks.SendClass
		copies int
	}{
		smstest.NoSuchBox: {tasks.SendBadNumber, 0}, smstest.BoxIsFull: {tasks.SendRetry, 0}, smstest.BadContent: {tasks.SendPermanent, 0},
		smstest.NoRelay: {tasks.SendHeld, 0}, smstest.HangsAtData: {tasks.SendUnknown, 1}, smstest.CutAtData: {tasks.SendUnknown, 1},
		smstest.HangsAtOnce: {tasks.SendRetry, 0},
	} {
		server := smstest.NewMailServer(t, smstest.MailWay{Fault: fault})
		p := newMail(t, server, func(b *sms.Mailbox) { b.Timeout = time.Second })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		m := link(t)
		_, err := p.Send(ctx, m)
		cancel()
		var refusal *tasks.SendError
		if !errors.As(err, &refusal) || refusal.Class != want.class || len(server.Taken()) != want.copies {
			t.Errorf("%s: %v, %d taken, want %s and %d", fault, err, len(server.Taken()), want.class, want.copies)
		}
		if err != nil && strings.Contains(err.Error(), m.Email.Reveal()) {
			t.Errorf("%s: the error shows the address", fault)
		}
		if _, err := p.Find(t.Context(), m); !errors.Is(err, tasks.ErrNotFound) {
			t.Errorf("a mail server was asked: %v", err)
		}
	}
	gone, err := sms.NewMail(sms.Mailbox{Server: "127.0.0.1:1", TLS: sms.TLSWithout, From: "a@b.cn"}, words(t, site()))
	if err != nil {
		t.Fatal(err)
	}
	_, err = gone.Send(t.Context(), link(t))
	var refusal *tasks.SendError
	if !errors.As(err, &refusal) || refusal.Class != tasks.SendRetry {
		t.Errorf("no server: %v", err)
	}
}

func TestAMailServerThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, box := range []sms.Mailbox{{Server: "mail.example.cn", From: "a@b.cn"}, {Server: "mail.example.cn:smtp", From: "a@b.cn"},
		{Server: "mail.example.cn:25", From: "nobody"}, {}} {
		if _, err := sms.NewMail(box, words(t, site())); err == nil {
			t.Errorf("%+v is accepted", box)
		}
	}
}

func TestEachChannelGoesToItsProvider(t *testing.T) {
	t.Parallel()
	box := &smstest.Box{}
	router := sms.Router{tasks.ChannelSMS: newInbox(t, box, nil)}
	if _, err := router.Send(t.Context(), message(t)); err != nil || box.Copies(message(t).OutID) != 1 {
		t.Error("the SMS did not arrive")
	}
	if found, err := router.Find(t.Context(), message(t)); err != nil || !found.Delivered {
		t.Errorf("%+v, %v", found, err)
	}
	var refusal *tasks.SendError
	if _, err := router.Send(t.Context(), link(t)); !errors.As(err, &refusal) || refusal.Class != tasks.SendPermanent {
		t.Errorf("a channel without a provider: %v", err)
	}
	if _, err := router.Find(t.Context(), link(t)); !errors.As(err, &refusal) {
		t.Errorf("a channel without a provider: %v", err)
	}
}
