package tasks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// committed marks a refusal that keeps what was written.
type committed struct{ error }

// once runs fn under an idempotency key: a replay gets the first answer (R19).
// A refusal that was committed is not remembered; asking again is a new try. It
// is given only after the commit: else guesses that lost a race would be
// answered and not counted (C1).
func (d *Desk) once(ctx context.Context, o Once, fn func(Tx) (Accepted, error)) (Accepted, error) {
	var acc Accepted
	var refuse error
	err := d.store.Update(ctx, func(tx Tx) (err error) {
		refuse = nil
		if acc, err = recall(ctx, tx, o); !errors.Is(err, ErrNotFound) {
			return err
		}
		acc, err = fn(tx)
		var kept committed
		if errors.As(err, &kept) {
			refuse = kept.error
			return nil
		}
		if err != nil {
			return err
		}
		return remember(ctx, tx, o, acc)
	})
	if err == nil {
		err = refuse
	}
	if err != nil {
		return d.twin(ctx, o, err)
	}
	return acc, nil
}

// twin gives the answer of a request with the same key that was committed before
// or while this one ran, and so got this one refused (R19).
func (d *Desk) twin(ctx context.Context, o Once, refused error) (Accepted, error) {
	var acc Accepted
	err := d.store.View(ctx, func(tx Tx) (err error) {
		acc, err = recall(ctx, tx, o)
		return err
	})
	switch {
	case errors.Is(err, ErrKeyReused):
		return Accepted{}, err
	case err != nil:
		return Accepted{}, refused
	}
	return acc, nil
}

// recall reads the answer that a key got; ErrNotFound when it is new or none.
func recall(ctx context.Context, tx Tx, o Once) (Accepted, error) {
	if o.Key == "" {
		return Accepted{}, ErrNotFound
	}
	stored, err := tx.Remembered(ctx, o)
	if err != nil {
		return Accepted{}, err
	}
	acc := Accepted{Replayed: true}
	if err := json.Unmarshal(stored, &acc); err != nil {
		return Accepted{}, fmt.Errorf("decoding an answer: %w", err)
	}
	return acc, nil
}

// remember keeps an answer without its tracking code, which must not rest in the
// database.
func remember(ctx context.Context, tx Tx, o Once, acc Accepted) error {
	if o.Key == "" {
		return nil
	}
	acc.Tracking = ""
	answer, err := json.Marshal(acc)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	return tx.Remember(ctx, o, answer)
}

// Fingerprint digests what was asked, for idempotency keys: the same fields in
// any order give the same value.
func Fingerprint(parts map[string]string) string {
	names := make([]string, 0, len(parts))
	for n := range parts {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%d:%s=%d:%s;", len(n), n, len(parts[n]), parts[n])
	}
	return hex.EncodeToString(h.Sum(nil))
}
