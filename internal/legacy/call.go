package legacy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"beian/tasks"
)

// call is one question to the platform.
type call struct {
	name     string // for the log
	method   string
	path     []string // below the base address, unescaped
	ticket   string
	body     []byte
	patience patience
	most     int64 // bytes of the answer
	counts   bool  // there: a repeated one may count twice
}

// patience is how long one try and all of them together may take.
type patience struct{ try, all time.Duration }

const (
	tries      = 3
	firstPause = 250 * time.Millisecond
	// longestPause is what a call waits by itself; who is told to wait longer hears
	// so, and waits in the queue.
	longestPause = 2 * time.Second
)

// ask makes a call with its tries. The error is a *tasks.LegacyError; of a caller
// who left, the context's is joined to it.
func (c *Connector) ask(ctx context.Context, k call) ([]byte, error) {
	within, cancel := context.WithTimeout(ctx, k.patience.all)
	defer cancel()
	for n := 1; ; n++ {
		answer, err := c.breaker.try(func() ([]byte, error) { return c.once(within, k) })
		if err == nil {
			return answer, nil
		}
		var f *failure
		if !errors.As(err, &f) {
			return nil, err
		}
		c.note(k, n, f)
		wait := max(c.pause(n), f.told.After)
		if n == tries || !k.again(f) || wait > longestPause || !sleep(within, wait) {
			return nil, told(ctx, f)
		}
	}
}

// note writes down what is the platform's or the operator's matter. What it says about
// a login or a ticket is an answer like any other; the breaker writes for itself.
func (c *Connector) note(k call, n int, f *failure) {
	ours := []tasks.LegacyClass{tasks.LegacyDown, tasks.LegacyRefused, tasks.LegacyBroken}
	if f.told.Code == codeOpen || !slices.Contains(ours, f.told.Class) {
		return
	}
	c.log.Warn().Str("call", k.name).Int("try", n).Str("class", string(f.told.Class)).Str("code", f.told.Code).AnErr("cause", f.cause).
		Msg("the legacy platform did not answer as it should")
}

// again tells whether a call may be made again after a failure.
func (k call) again(f *failure) bool {
	return f.told.Class == tasks.LegacyDown && f.told.Code != codeLeft && f.told.Code != codeOpen && (!k.counts || !f.acted)
}

func told(ctx context.Context, f *failure) error {
	if err := ctx.Err(); err != nil {
		return errors.Join(&f.told, err)
	}
	return &f.told
}

// pause grows with each try and is never the same for two callers.
func (c *Connector) pause(n int) time.Duration {
	full := firstPause << (n - 1)
	return full/2 + time.Duration(c.jitter()*float64(full)/2)
}

// sleep reports false when there is no time for it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// once makes one try. Errors are *failure.
func (c *Connector) once(ctx context.Context, k call) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, k.patience.try)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, k.method, c.base.JoinPath(k.path...).String(), bytes.NewReader(k.body))
	if err != nil {
		return nil, broken("REQUEST")
	}
	if k.ticket != "" {
		r.Header.Set("Authorization", "Bearer "+k.ticket)
	}
	if k.body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	c.key.Sign(r, k.body, c.now())
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, failed(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, k.most+1))
	switch {
	case err != nil:
		return nil, failed(err)
	case answer.StatusCode/100 != 2:
		return nil, refused(answer.StatusCode, answer.Header, body)
	case int64(len(body)) > k.most:
		return nil, broken("TOO_LARGE")
	}
	return body, nil
}
