package sms_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"beian/internal/sms"
	"beian/internal/sms/smstest"
	"beian/internal/text"
	"beian/tasks"
)

// site has a host of 17 characters, the longest that keeps an SMS in one part.
func site() sms.Site { return sms.Site{PublicURL: "https://beian.example.com"} }

func catalog(t *testing.T) *text.Catalog {
	t.Helper()
	c, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newInbox(t *testing.T, box tasks.Inbox, now func() time.Time) *sms.Inbox {
	t.Helper()
	inbox, err := sms.NewInbox(box, catalog(t), sms.Options{Site: site(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return inbox
}

func TestTheInboxKeepsWhatEveryProviderPromises(t *testing.T) {
	t.Parallel()
	smstest.Exercise(t, func(t *testing.T) smstest.Provider {
		box := &smstest.Box{}
		return smstest.Provider{Sender: newInbox(t, box, nil), Copies: box.Copies, Mail: true,
			Bad: smstest.Phone(t, "13800138002"), Hanging: smstest.Phone(t, "13800138004"),
			Throttled: smstest.Phone(t, "13800138005")}
	})
}

// clock is a time that a test sets.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestAnOrdinaryNumberGetsItsMessageAtOnce(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"18600001402", "13800138001"} {
		m := message(t)
		m.Phone = smstest.Phone(t, number)
		sent, err := newInbox(t, &smstest.Box{}, nil).Send(t.Context(), m)
		if err != nil || !sent.Delivered {
			t.Errorf("%s: %+v, %v", number, sent, err)
		}
	}
}

func TestALateNumberGetsItsMessageAfterNinetySeconds(t *testing.T) {
	t.Parallel()
	sentAt := time.Now()
	c := &clock{at: sentAt}
	inbox, m := newInbox(t, &smstest.Box{}, c.now), message(t)
	m.Phone = smstest.Phone(t, "13800138003")
	if sent, err := inbox.Send(t.Context(), m); err != nil || sent.Delivered {
		t.Fatalf("at once: %+v, %v", sent, err)
	}
	for after, want := range map[time.Duration]bool{89 * time.Second: false, 90 * time.Second: true} {
		c.at = sentAt.Add(after)
		if sent, err := inbox.Find(t.Context(), m); err != nil || sent.Delivered != want {
			t.Errorf("after %s: %+v, %v", after, sent, err)
		}
	}
}

func TestAThrottledNumberIsServedThirtySecondsAfterTheMessageWasWritten(t *testing.T) {
	t.Parallel()
	m := message(t)
	m.Phone = smstest.Phone(t, "13800138005")
	for after, want := range map[time.Duration]time.Duration{0: 30 * time.Second, 29 * time.Second: time.Second, 30 * time.Second: 0} {
		c := &clock{at: m.At.Add(after)}
		_, err := newInbox(t, &smstest.Box{}, c.now).Send(t.Context(), m)
		var refusal *tasks.SendError
		errors.As(err, &refusal)
		if got := waitOf(refusal); got != want || (err == nil) != (want == 0) {
			t.Errorf("after %s: wait %s, %v; want %s", after, got, err, want)
		}
	}
}

func waitOf(refusal *tasks.SendError) time.Duration {
	if refusal == nil {
		return 0
	}
	return refusal.After
}

func TestSendingAgainGivesTheFirstAnswerAndOneLetter(t *testing.T) {
	t.Parallel()
	box, c := &smstest.Box{}, &clock{at: time.Now()}
	inbox, m := newInbox(t, box, c.now), message(t)
	first, err := inbox.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := box.Letter(t.Context(), m.OutID)
	c.at = c.at.Add(time.Hour)
	second, err := inbox.Send(t.Context(), m)
	if err != nil || first != second {
		t.Errorf("%+v, then %+v, %v", first, second, err)
	}
	if after, _ := box.Letter(t.Context(), m.OutID); after != before {
		t.Error("the letter changed")
	}
}

func TestALetterHoldsReceiverChannelAndWholeText(t *testing.T) {
	t.Parallel()
	box := &smstest.Box{}
	inbox := newInbox(t, box, nil)
	for _, m := range smstest.Samples(t) {
		m.Lang = "zh-CN"
		if _, err := inbox.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		letter, err := box.Letter(t.Context(), m.OutID)
		to := m.Phone.Reveal() + m.Email.Reveal()
		if err != nil || letter.To != to || letter.Channel != m.Channel || !strings.Contains(letter.Text, "备案服务台") {
			t.Errorf("%s: %s %s %q, %v", m.Template, letter.Channel, letter.To, letter.Text, err)
		}
	}
}

type brokenBox struct{ tasks.Inbox }

func (brokenBox) PutLetter(context.Context, tasks.Letter) error { return tasks.ErrUnavailable }

func TestAFailingBoxIsTriedAgain(t *testing.T) {
	t.Parallel()
	_, err := newInbox(t, brokenBox{}, nil).Send(t.Context(), message(t))
	var refusal *tasks.SendError
	if !errors.Is(err, tasks.ErrUnavailable) || errors.As(err, &refusal) {
		t.Errorf("got %v", err)
	}
}

func message(t *testing.T) tasks.Message {
	t.Helper()
	m := smstest.Samples(t)[0]
	m.Lang = "zh-CN"
	return m
}
