package store

import (
	"cmp"
	"context"
	"time"

	"beian/tasks"
)

// Hinted finds the messages that hints name, by our id or by the provider's.
func (t *tx) Hinted(ctx context.Context, hints []tasks.Hint) ([]string, error) {
	if len(hints) == 0 {
		return nil, nil
	}
	args := make([]any, 2*len(hints))
	for i, h := range hints {
		args[i], args[len(hints)+i] = h.OutID, h.ProviderID
	}
	var ids []string
	err := t.each(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM notices WHERE state = 'sent' AND id IN (`+list(0, len(hints))+`)
	  UNION SELECT id FROM notices WHERE state = 'sent' AND provider_id <> '' AND provider_id IN (`+list(len(hints), len(hints))+`)`, args...)
	return ids, err
}

// The retention of trust 4.6 for the ledger of messages.
const (
	keepReceivers = 30 * 24 * time.Hour
	keepNotices   = 365 * 24 * time.Hour
	forgetAtOnce  = 200 // rows a transaction; each is opened and written on its own
)

// ForgetReceivers leaves only the masked form of phones and addresses in messages
// of more than 30 days, and deletes those of more than a year (trust 4.6). It
// reports how many rows it changed.
func (s *Store) ForgetReceivers(ctx context.Context) (int64, error) {
	total, err := s.purge(ctx, `DELETE FROM notices WHERE id IN
	  (SELECT id FROM notices WHERE created_at < $1 AND receiver_masked <> '' LIMIT $2)`, keepNotices)
	for err == nil {
		var n int64
		n, err = s.forgetSome(ctx)
		total += n
		if n < forgetAtOnce {
			break
		}
	}
	return total, err
}

func (s *Store) forgetSome(ctx context.Context) (n int64, err error) {
	err = s.update(ctx, func(t *tx) error {
		n = 0
		var old []tasks.Notice
		err := t.each(ctx, func(scan func(...any) error) error {
			var notice tasks.Notice
			err := t.scanNotice(scan, &notice)
			old = append(old, notice)
			return err
		}, noticeColumns+"WHERE receiver_masked = '' AND created_at < $1 ORDER BY created_at LIMIT $2",
			millis(t.Now().Add(-keepReceivers)), forgetAtOnce)
		if err != nil {
			return err
		}
		for _, notice := range old {
			changed, err := t.q.exec(ctx, `UPDATE notices SET receiver_masked = $1, receiver_sealed = $2, receiver_index = '' WHERE id = $3`,
				cmp.Or(notice.Masked(), "-"), []byte{}, notice.ID)
			if err != nil {
				return err
			}
			n += changed
		}
		return nil
	})
	return n, err
}
