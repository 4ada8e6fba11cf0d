package api

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"beian/internal/text"
)

// opsCheck is a verification of the journal: running, whole, broken or failed.
type opsCheck struct {
	OpsVerified
	Started, Ended time.Time
	Running        bool
	Failed         bool
	Read           int64 // events read so far
	State          string
}

func (c opsCheck) outcome() string {
	switch {
	case c.Failed:
		return "failed"
	case len(c.Broken) > 0:
		return fmt.Sprintf("broken: %d places", len(c.Broken))
	}
	return fmt.Sprintf("whole: %d rows, %d jobs, %d events", c.Audit, c.Jobs, c.Events)
}

// verifier runs one verification at a time and remembers the last one; each
// process has its own.
type verifier struct {
	mu   sync.Mutex
	last opsCheck
	done sync.WaitGroup
}

func (x *verifier) busy() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.last.Running
}

// Wait returns when no verification is running; for the end of a process, before
// the record is closed.
func (o *Ops) Wait() { o.verifier.done.Wait() }

// start begins a verification that outlives the request; ended hears the result.
func (x *verifier) start(ctx context.Context, p OpsParts, ended func(opsCheck)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.last.Running {
		return
	}
	x.last = opsCheck{Running: true, Started: p.Now()}
	x.done.Go(func() { x.run(context.WithoutCancel(ctx), p, ended) })
}

func (x *verifier) run(ctx context.Context, p OpsParts, ended func(opsCheck)) {
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	found, err := p.Journal.Verify(ctx, func(events int64) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.last.Read = events
	})
	if err != nil {
		p.Log.Error().Err(err).Msg("the journal could not be verified")
	}
	x.mu.Lock()
	x.last.OpsVerified, x.last.Failed, x.last.Running, x.last.Ended = found, err != nil, false, p.Now()
	result := x.last
	x.mu.Unlock()
	ended(result)
}

// look is the last verification with its state in words, for announcements.
func (x *verifier) look(lang text.Lang, c *text.Catalog) opsCheck {
	x.mu.Lock()
	defer x.mu.Unlock()
	found := x.last
	switch {
	case found.Running:
		found.State = c.T(lang, "ops.verify.running", text.Params{"n": found.Read})
	case found.Started.IsZero():
		found.State = c.T(lang, "ops.verify.never")
	case found.Failed:
		found.State = c.T(lang, "ops.verify.failed")
	case len(found.Broken) > 0:
		found.State = c.T(lang, "ops.verify.broken", text.Params{"n": len(found.Broken)})
	default:
		found.State = c.T(lang, "ops.verify.whole")
	}
	return found
}

// watchEvery is how often a watched thing is looked at, watchPing how often a
// silent stream shows that it lives.
const (
	watchEvery = time.Second
	watchPing  = 15 * time.Second
)

// watch sends an event whenever the look of something changes, until the page goes
// away or the server stops. It carries nothing: the page fetches itself again. A
// final look leaves the stream open and silent, because a page that loses its
// stream begins to poll, which would keep a session awake.
func watch(v *opsVisit, ending <-chan struct{}, look func() (mark string, goesOn bool)) {
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.w.Header().Set("Cache-Control", "no-store")
	v.w.Header().Set("X-Accel-Buffering", "no")
	if v.r.Method == http.MethodHead {
		return
	}
	patient(v.w)
	f := newFlow(v.w)
	tick, ping := time.NewTicker(watchEvery), time.NewTicker(watchPing)
	defer tick.Stop()
	defer ping.Stop()
	before, goesOn := look()
	said := "retry: 5000\n\n"
	if !goesOn { // it ended between the page and this stream
		said += "data: changed\n\n"
	}
	for f.write(said) == nil {
		said = ""
		for said == "" {
			select {
			case <-v.r.Context().Done():
				return
			case <-ending:
				return
			case <-ping.C:
				said = ": ping\n\n"
			case <-tick.C:
				said, before, goesOn = looked(look, before, goesOn)
			}
		}
	}
}

func looked(look func() (string, bool), before string, goesOn bool) (said, mark string, more bool) {
	if !goesOn {
		return "", before, false
	}
	mark, more = look()
	if mark != before {
		said = "data: changed\n\n"
	}
	return said, mark, more
}
