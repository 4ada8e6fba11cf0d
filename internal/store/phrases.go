package store

import (
	"context"
	"database/sql/driver"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/stdlib"
)

// phrases are the statements that this process has used. A spare connection learns
// them before anybody waits for it: to parse each for the first time, and to read
// the catalogue for it, makes a request several times slower.
type phrases struct {
	texts sync.Map
	count atomic.Int64
}

// Texts are constants, but for inserts of several rows.
const (
	mostPhrases   = 200
	longestPhrase = 4 << 10 // bytes
)

// hear remembers a statement.
func (p *phrases) hear(text string) {
	if _, known := p.texts.Load(text); known || len(text) > longestPhrase || p.count.Load() >= mostPhrases {
		return
	}
	if _, known := p.texts.LoadOrStore(text, true); !known {
		p.count.Add(1)
	}
}

// teach prepares all of them. What fails is told to whoever uses the connection.
func (p *phrases) teach(ctx context.Context, c driver.Conn) {
	conn := c.(*stdlib.Conn).Conn()
	p.texts.Range(func(text, _ any) bool {
		_, _ = conn.Prepare(ctx, text.(string), text.(string)) // so named, it is used for this text
		return !conn.IsClosed()
	})
}
