package api

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"beian/tasks"
)

// stream tells an open status page when to fetch itself again. Its path is below
// the page's, so that the cookie of a tracking code reaches it.
func (p *pages) stream(v *visit) error {
	tv, by, err := p.look(v)
	if errors.Is(err, errLookFirst) {
		return errSignIn
	}
	if err != nil {
		return err
	}
	mark := v.QueryParam("mark")
	if settled(tv) && mark == markOf(tv) {
		return v.NoContent(http.StatusNoContent) // the browser then stops asking
	}
	if p.s.streams.Add(1) > maxStreams {
		p.s.streams.Add(-1)
		return tasks.ErrUnavailable
	}
	defer p.s.streams.Add(-1)
	patient(v.Response())
	head := v.Response().Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	v.Response().WriteHeader(http.StatusOK)
	f := flow{w: v.Response(), control: http.NewResponseController(v.Response()), receipt: tv.Job.Receipt, by: by}
	p.follow(v, f, follower{tv: tv, mark: mark})
	return nil
}

// follower is what an open page shows, and its mark.
type follower struct {
	tv   tasks.View
	mark string
}

// follow writes a line whenever the page would look different, until the job has
// settled, half an hour is over, or somebody leaves.
func (p *pages) follow(v *visit, f flow, at follower) {
	if f.write("retry: 5000\n\n") != nil {
		return
	}
	over := time.After(p.s.pace.stream)
	poll, ping := time.NewTicker(p.s.pace.poll), time.NewTicker(p.s.pace.ping)
	defer poll.Stop()
	defer ping.Stop()
	for {
		if now := markOf(at.tv); now != at.mark {
			if f.write("data: "+now+"\n\n") != nil {
				return
			}
			at.mark = now
		}
		if settled(at.tv) {
			return
		}
		select {
		case <-v.ctx().Done():
			return
		case <-p.s.ending:
			return
		case <-over:
			return
		case <-ping.C:
			if f.write(": ping\n\n") != nil {
				return
			}
		case <-poll.C:
			if next, err := p.s.parts.Desk.Look(v.ctx(), f.receipt, f.by); err == nil {
				at.tv = next
			}
		}
	}
}

// settled tells that nothing on a job's page will change by itself: it has ended
// and every message is on its way.
func settled(tv tasks.View) bool {
	return tv.Job.State.Ended() && !slices.ContainsFunc(tv.Notices, func(n tasks.NoticeView) bool {
		return n.State == tasks.NoticeWaiting || n.State == tasks.NoticeSending
	})
}

// markOf changes with everything that a job's page shows.
func markOf(tv tasks.View) string {
	sum := fnv.New32a()
	fmt.Fprint(sum, tv.Job.Version)
	for _, n := range tv.Notices {
		fmt.Fprint(sum, " ", n.State)
	}
	return strconv.FormatUint(uint64(sum.Sum32()), 16)
}
