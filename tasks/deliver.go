package tasks

import (
	"context"
	"errors"
	"maps"
	"time"
)

const (
	typeNoticeSend  = "notice:send"
	typeNoticeCheck = "notice:check"
)

// noticeLife ends the tries for a message nobody could use any more.
const noticeLife = 24 * time.Hour

// checkAfter is when a provider is asked whether an accepted message arrived.
const checkAfter = 2 * time.Minute

func noticeTask(noticeID, kind string) Task {
	step := "send"
	if kind == typeNoticeCheck {
		step = "check"
	}
	return Task{ID: "notice." + noticeID + "." + step, Queue: QueueNotify, Type: kind, Ref: noticeID}
}

// sendNotice hands one message to its provider (C3). The row says "sending"
// before the call; finding it so means an attempt died with the outcome unknown:
// the provider is asked by our id first, and a code is never sent again by
// machine. A failing provider delays nobody else (C4).
func (d *Desk) sendNotice(ctx context.Context, c Claim) error {
	var n Notice
	var unknown bool
	err := d.store.Update(ctx, func(tx Tx) (err error) {
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
		if err == nil || !errors.Is(err, ErrNotFound) {
			return sent, err
		}
		if n.Template == TemplateCode {
			return Sent{}, &SendError{Class: SendPermanent, Code: "OUTCOME_UNKNOWN"}
		}
	}
	return d.sender.Send(ctx, m)
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
		again = n.book(tx.Now(), sent, cause)
		if err := tx.SaveNotice(ctx, n); err != nil || again != nil {
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
	var refused *SendError
	if errors.As(cause, &refused) {
		switch refused.Class {
		case SendBadNumber, SendPermanent:
			n.State = NoticeFailed
			return nil
		case SendThrottled:
			n.State = NoticeWaiting
			return &Again{In: refused.After, Why: n.Reason}
		case SendRetry:
			n.State = NoticeWaiting
		}
	}
	if now.Sub(n.CreatedAt) > noticeLife {
		n.State = NoticeFailed
		return nil
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
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
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
			again = &Again{In: 10 * time.Minute, Why: "no receipt yet"}
			return nil
		}
		return tx.Ack(ctx, c)
	})
	if err != nil {
		return err
	}
	return again
}
