package tasks

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"
)

const (
	typeNoticeSend  = "notice:send"
	typeNoticeCheck = "notice:check"
)

// noticeLife ends the tries for a message nobody could use any more.
const noticeLife = 24 * time.Hour

// seldom is how far tries grow apart that a provider puts off: a message that is
// kept must not use up its deliveries before its life ends.
const seldom = 12 * time.Minute

// A provider is asked after checkAfter whether an accepted message arrived, then
// every checkAgain.
const (
	checkAfter = 2 * time.Minute
	checkAgain = 10 * time.Minute
)

// life is how long a message is worth sending; a code's and a link's are their
// own (C1, F2).
func (n Notice) life() time.Duration {
	switch {
	case n.CodeID != "":
		return codeLife
	case n.Template == TemplateRecovery:
		return recoveryLife
	}
	return noticeLife
}

func noticeTask(noticeID, kind string) Task {
	step := "send"
	if kind == typeNoticeCheck {
		step = "check"
	}
	return Task{ID: noticeTaskID(noticeID, step), Queue: QueueNotify, Type: kind, Ref: noticeID}
}

// noticeTaskID has no hyphen: asynqmon cuts a task's id at the first one.
func noticeTaskID(noticeID, step string) string {
	return "notice." + strings.ReplaceAll(noticeID, "-", "") + "." + step
}

// NoticeTaskIDs names the tasks that a message can have.
func NoticeTaskIDs(noticeID string) []string {
	return []string{noticeTaskID(noticeID, "send"), noticeTaskID(noticeID, "check")}
}

// sendNotice hands one message to its provider (C3). The row says "sending"
// before the call; finding it so means an attempt died with the outcome unknown:
// the provider is asked by our id first, and a code is never sent again by
// machine. A failing provider delays nobody else (C4).
func (d *Desk) sendNotice(ctx context.Context, c Claim) error {
	n, unknown, err := d.takeUp(ctx, c)
	var spent *TooMany
	switch {
	case errors.As(err, &spent):
		return d.bookNotice(ctx, c, n, Sent{}, overBudget(n, spent))
	case err != nil:
		return err
	case unknown:
		sent, err := d.recall(ctx, n)
		if !errors.Is(err, ErrNotFound) {
			return d.bookNotice(ctx, c, n, sent, err)
		}
		if err := d.mark(ctx, c, &n); err != nil {
			return err
		}
	}
	sent, err := d.handOver(ctx, n)
	return d.bookNotice(ctx, c, n, sent, err)
}

// takeUp reads a message and, unless its outcome is unknown, spends its budget and
// marks it as being sent.
func (d *Desk) takeUp(ctx context.Context, c Claim) (n Notice, unknown bool, err error) {
	err = d.store.Update(ctx, func(tx Tx) (err error) {
		if err = tx.Renew(ctx, c, d.lease); err != nil { // who slept since the claim must not send (R13)
			return err
		}
		if n, err = tx.Notice(ctx, c.Ref); err != nil {
			return err
		}
		if unknown = n.State == NoticeSending || n.State == NoticeUnknown; unknown {
			return nil
		}
		if err := d.budget.spend(ctx, tx, n); err != nil {
			return err
		}
		return n.tried(ctx, tx)
	})
	return n, unknown, err
}

// mark is takeUp for a message that the provider never saw, before it is sent once
// more: what is asked about it later is counted from this try.
func (d *Desk) mark(ctx context.Context, c Claim, n *Notice) error {
	return d.store.Update(ctx, func(tx Tx) error {
		if err := tx.Renew(ctx, c, d.lease); err != nil {
			return err
		}
		return n.tried(ctx, tx)
	})
}

func (n *Notice) tried(ctx context.Context, tx Tx) error {
	n.State, n.TriedAt, n.UpdatedAt = NoticeSending, tx.Now(), tx.Now()
	if err := tx.SaveNotice(ctx, *n); err != nil {
		return err
	}
	params, err := ownLogin(ctx, tx, *n)
	n.Params = params
	return err
}

// recall asks what became of a message whose outcome is unknown; ErrNotFound means
// that it may be sent again.
func (d *Desk) recall(ctx context.Context, n Notice) (Sent, error) {
	sent, err := d.sender.Find(ctx, d.message(n))
	switch {
	case err == nil:
		return sent, nil
	case !errors.Is(err, ErrNotFound):
		return Sent{}, unanswered(err)
	case n.CodeID != "":
		return Sent{}, &SendError{Class: SendPermanent, Code: codeOutcomeUnknown}
	}
	return Sent{}, ErrNotFound
}

func (d *Desk) handOver(ctx context.Context, n Notice) (Sent, error) {
	if n.life() != noticeLife && n.TriedAt.Sub(n.CreatedAt) > n.life() {
		return Sent{}, &SendError{Class: SendPermanent, Code: codeTooLate}
	}
	return d.sender.Send(ctx, d.message(n))
}

// unanswered: when a provider refuses to be asked, the message's outcome stays as
// unknown as it was, whatever the class; taking it for unsent would send twice (C3).
func unanswered(err error) *SendError {
	out := &SendError{Class: SendUnknown, Code: "NOT_ANSWERED"}
	var refused *SendError
	if errors.As(err, &refused) {
		out.After, out.Code = refused.After, refused.Code
	}
	return out
}

// message fills in what is derived only now, so that no code, no veto word and no
// link rests in the database or in Redis.
func (d *Desk) message(n Notice) Message {
	params := maps.Clone(n.Params)
	if params == nil {
		params = map[string]string{}
	}
	if n.CodeID != "" {
		params["code"] = d.secrets.Digits(n.CodeID)
		params["purpose"] = string(n.Purpose)
	}
	if n.Template.Objects() {
		params["veto"] = d.Veto(n.JobID)
	}
	switch n.Template {
	case TemplateMailbox:
		params["token"] = d.secrets.Token("mailbox", n.Params["mailbox"])
	case TemplateRecovery:
		params["key"] = recoveryKey(d.secrets, n.Params[paramRecovery], n.Email.Reveal())
	}
	return Message{OutID: n.ID, Channel: n.Channel, Template: n.Template, Lang: n.Lang,
		Phone: n.Phone, Email: n.Email, Params: params, At: n.CreatedAt, TriedAt: n.TriedAt}
}

// bookNotice writes what came of it. What must be tried again keeps its row and
// goes back to carryOut as an error, which books the time of the next try.
func (d *Desk) bookNotice(ctx context.Context, c Claim, n Notice, sent Sent, cause error) error {
	ctx = context.WithoutCancel(ctx)
	again := cause
	err := d.store.Update(ctx, func(tx Tx) error {
		n.UpdatedAt = tx.Now()
		if again = n.book(tx.Now(), sent, cause); again != nil {
			if n.State == NoticeWaiting && c.last(again) {
				n.State = NoticeFailed
			}
			if err := tx.Renew(ctx, c, d.lease); err != nil {
				return err
			}
			return tx.SaveNotice(ctx, n)
		}
		if err := tx.SaveNotice(ctx, n); err != nil {
			return err
		}
		if n.State == NoticeSent && !sent.Final {
			check := noticeTask(n.ID, typeNoticeCheck)
			check.NotBefore = tx.Now().Add(checkAfter)
			if err := tx.Post(ctx, check); err != nil {
				return err
			}
		}
		return tx.Ack(ctx, c)
	})
	if err != nil {
		return err
	}
	return again
}

// book sets the notice's state from a provider's answer; the result is the error
// to try again with, nil when the matter is settled (C2).
func (n *Notice) book(now time.Time, sent Sent, cause error) error {
	if cause == nil {
		n.State, n.ProviderID, n.SentAt, n.Reason = NoticeSent, sent.ProviderID, now, ""
		n.receive(sent)
		return nil
	}
	n.State, n.Reason = NoticeUnknown, reason(cause)
	var wait time.Duration
	var refused *SendError
	if errors.As(cause, &refused) {
		wait = refused.After
		switch refused.Class {
		case SendBadNumber, SendPermanent:
			n.State = NoticeFailed
			return nil
		case SendRetry, SendThrottled, SendHeld:
			n.State = NoticeWaiting
		}
	}
	if wait > 0 {
		wait = max(wait, min(now.Sub(n.CreatedAt)/10, seldom).Truncate(time.Second))
	}
	if now.Add(wait).Sub(n.CreatedAt) > n.life() {
		n.State = NoticeFailed
		return nil
	}
	if wait > 0 {
		return &Again{In: wait, Why: n.Reason}
	}
	return cause
}

// receive takes over what a receipt says of an accepted message, and whether it
// said anything.
func (n *Notice) receive(sent Sent) bool {
	switch {
	case sent.Refused != nil:
		n.State, n.Reason = NoticeFailed, reason(sent.Refused)
	case sent.Delivered:
		n.State = NoticeDelivered
	default:
		return false
	}
	return true
}

// checkNotice asks the provider for the receipt of an accepted message.
func (d *Desk) checkNotice(ctx context.Context, c Claim) error {
	var n Notice
	err := d.store.View(ctx, func(tx Tx) (err error) {
		n, err = tx.Notice(ctx, c.Ref)
		return err
	})
	if err != nil {
		return err
	}
	sent, err := d.sender.Find(ctx, d.message(n))
	why := "no receipt yet"
	if err != nil && !errors.Is(err, ErrNotFound) {
		why = reason(err)
	}
	var again error
	err = d.store.Update(ctx, func(tx Tx) error {
		again = nil
		if n.receive(sent) {
			n.UpdatedAt = tx.Now()
			if err := tx.SaveNotice(ctx, n); err != nil {
				return err
			}
		} else if tx.Now().Sub(n.SentAt) < noticeLife {
			again = &Again{In: checkAgain, Why: why}
			return nil
		}
		return tx.Ack(ctx, c)
	})
	if err != nil {
		return err
	}
	return again
}
