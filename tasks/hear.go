package tasks

import (
	"context"
	"slices"
)

// hearAtOnce bounds the messages of one transaction.
const hearAtOnce = 500

// Hear takes a provider's unasked word that something became of messages (C3). It
// believes none of it: whoever is named and still waits for a receipt is asked
// about at once. The same word twice, and unknown ids, change nothing.
func (d *Desk) Hear(ctx context.Context, hints []Hint) error {
	for some := range slices.Chunk(hints, hearAtOnce) {
		err := d.store.Update(ctx, func(tx Tx) error {
			ids, err := tx.Hinted(ctx, some)
			if err != nil {
				return err
			}
			checks := make([]Task, len(ids))
			for i, id := range ids {
				checks[i] = noticeTask(id, typeNoticeCheck)
			}
			return tx.Post(ctx, checks...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
