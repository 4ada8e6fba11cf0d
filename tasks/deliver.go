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

// A provider is asked after checkAfter whether an accepted message arrived, then
// every checkAgain.
const (
	checkAfter = 2 * time.Minute
	checkAgain = 10 * time.Minute
)

// life is how long a message is worth sending; a code's is its own (C1).
func (n Notice) life() time.Duration {
	if n.CodeID != "" {
		return codeLife
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
	var n Notice
	var unknown bool
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		if err = tx.Renew(ctx, c, d.lease); err != nil { // who slept since the claim must not send (R13)
			return err
		}
		if n, err = tx.Notice(ctx, c.Ref); err != nil {
			return err
		}
		unknown = n.State == NoticeSending || n.State == NoticeUnknown
		n.State = NoticeSending
		n.UpdatedAt = tx.Now()
		return tx.SaveNotice(ctx, n)
	})
	if err != nil {
		return err
	}
	sent, err := d.handOver(ctx, n, unknown)
	return d.bookNotice(ctx, c, n, sent, err)
}

func (d *Desk) handOver(ctx context.Context, n Notice, unknown bool) (Sent, error) {
	m := d.message(n)
	if unknown {
		sent, err := d.sender.Find(ctx, m)
		switch {
		case err == nil:
			return sent, nil
		case !errors.Is(err, ErrNotFound):
			return Sent{}, unanswered(err)
		case n.CodeID != "":
			return Sent{}, &SendError{Class: SendPermanent, Code: "OUTCOME_UNKNOWN"}
		}
	}
	if n.CodeID != "" && n.UpdatedAt.Sub(n.CreatedAt) > n.life() {
		return Sent{}, &SendError{Class: SendPermanent, Code: "TOO_LATE"}
	}
	return d.sender.Send(ctx, m)
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

// message fills in what is derived only now, so that no code and no veto word
// rests in the database or in Redis.
func (d *Desk) message(n Notice) Message {
	params := maps.Clone(n.Params)
	if params == nil {
		params = map[string]string{}
	}
	if n.CodeID != "" {
		params["code"] = d.secrets.Digits(n.CodeID)
		params["purpose"] = string(n.Purpose)
	}
	if n.Template == TemplateWarned || n.Template == TemplateDone {
		params["veto"] = d.Veto(n.JobID)
	}
	return Message{OutID: n.ID, Channel: n.Channel, Template: n.Template, Lang: n.Lang,
		Phone: n.Phone, Email: n.Email, Params: params, At: n.CreatedAt}
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
		if n.State == NoticeSent {
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
		if sent.Delivered {
			n.State = NoticeDelivered
		}
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
		case SendRetry, SendThrottled:
			n.State = NoticeWaiting
		}
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
		if sent.Delivered {
			n.State, n.UpdatedAt = NoticeDelivered, tx.Now()
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
