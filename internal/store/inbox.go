package store

import (
	"context"

	"beian/tasks"
)

// PutLetter keeps a message of the embedded provider; a second one with the same
// OutID changes nothing.
func (s *Store) PutLetter(ctx context.Context, l tasks.Letter) error {
	return s.update(ctx, func(t *tx) error {
		to, err := t.seal("inbox.receiver", l.OutID, l.To)
		if err != nil {
			return err
		}
		text, err := t.seal("inbox.text", l.OutID, l.Text)
		if err != nil {
			return err
		}
		_, err = t.q.exec(ctx, `INSERT INTO inbox (id, channel, receiver_sealed, text_sealed, at, delivered_at)
		  VALUES ($1,$2,$3,$4,$5,$6) ON CONFLICT (id) DO NOTHING`, l.OutID, string(l.Channel), to, text, millis(t.Now()), millis(l.DeliveredAt))
		return err
	})
}

const letterColumns = `SELECT id, channel, receiver_sealed, text_sealed, at, delivered_at FROM inbox `

// Letter reads one message of the inbox, else tasks.ErrNotFound.
func (s *Store) Letter(ctx context.Context, outID string) (l tasks.Letter, err error) {
	err = s.view(ctx, func(t *tx) error {
		return notFound(t.scanLetter(t.q.row(ctx, letterColumns+"WHERE id = $1", outID).Scan, &l))
	})
	return l, err
}

// Letters lists the newest messages of the inbox.
func (s *Store) Letters(ctx context.Context, limit int) ([]tasks.Letter, error) {
	var out []tasks.Letter
	err := s.view(ctx, func(t *tx) error {
		out = nil
		return t.each(ctx, func(scan func(...any) error) error {
			var l tasks.Letter
			err := t.scanLetter(scan, &l)
			out = append(out, l)
			return err
		}, letterColumns+"ORDER BY at DESC, id DESC LIMIT $1", limit)
	})
	return out, err
}

func (t *tx) scanLetter(scan func(...any) error, l *tasks.Letter) error {
	var to, text []byte
	var at, delivered int64
	err := scan(&l.OutID, &l.Channel, &to, &text, &at, &delivered)
	if err != nil {
		return err
	}
	l.At, l.DeliveredAt = moment(at), moment(delivered)
	if l.To, err = t.open("inbox.receiver", l.OutID, to); err != nil {
		return err
	}
	l.Text, err = t.open("inbox.text", l.OutID, text)
	return err
}
