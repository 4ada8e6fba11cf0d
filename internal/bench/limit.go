package bench

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
)

// Bare writes the rows of one accepted transfer by plain SQL and nothing else:
// the limit of what accepting transfers can reach on a database.
type Bare struct {
	plain *Plain
	group chan *bareWrite // SQLite: one writer that commits many together
	ended chan struct{}
}

type bareWrite struct {
	id   string
	done chan error
}

// bareGroup is how many writes share a commit on SQLite at most, as in the store.
const bareGroup = 64

// OpenBare connects to a migrated database by its URL.
func OpenBare(url string, connections int) (*Bare, error) {
	plain, err := OpenPlain(url, connections)
	if err != nil {
		return nil, err
	}
	b := &Bare{plain: plain}
	if plain.sqlite {
		b.group, b.ended = make(chan *bareWrite, bareGroup), make(chan struct{})
		go b.write()
	}
	return b, nil
}

// Close ends the connections; no write may be under way.
func (b *Bare) Close() error {
	if b.group != nil {
		close(b.group)
		<-b.ended
	}
	return b.plain.Close()
}

// Write commits one transfer's rows; it is a Work.
func (b *Bare) Write(ctx context.Context, _ int) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("drawing an id: %w", err)
	}
	if b.group != nil {
		w := &bareWrite{id: id.String(), done: make(chan error, 1)}
		b.group <- w
		return <-w.done
	}
	tx, err := b.plain.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, st := range transferRows(id.String()) {
		if _, err := tx.ExecContext(ctx, st.text, st.args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// write is SQLite's writer: what waits is committed together.
func (b *Bare) write() {
	defer close(b.ended)
	prepared := map[string]*sql.Stmt{}
	for first := range b.group {
		group := b.gather(first)
		err := b.commit(group, prepared)
		for _, w := range group {
			w.done <- err
		}
	}
	for _, st := range prepared {
		_ = st.Close() // the connection goes as well
	}
}

func (b *Bare) gather(first *bareWrite) []*bareWrite {
	group := []*bareWrite{first}
	for len(group) < bareGroup {
		select {
		case w, open := <-b.group:
			if !open {
				return group
			}
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

func (b *Bare) commit(group []*bareWrite, prepared map[string]*sql.Stmt) error {
	tx, err := b.plain.db.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, w := range group {
		for _, st := range transferRows(w.id) {
			if prepared[st.text] == nil {
				if prepared[st.text], err = tx.Prepare(st.text); err != nil {
					return err
				}
			}
			if _, err := tx.Stmt(prepared[st.text]).Exec(st.args...); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
