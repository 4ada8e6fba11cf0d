package api

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"strconv"

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
	done, err := p.s.enterStream()
	if err != nil {
		return err
	}
	defer done()
	patient(v.Response())
	head := v.Response().Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no")
	v.Response().WriteHeader(http.StatusOK)
	f := newFlow(v.Response())
	p.s.follow(v.ctx(), f, follower{
		look: func() {
			if next, err := p.s.parts.Desk.Look(v.ctx(), tv.Job.Receipt, by); err == nil {
				tv = next
			}
		},
		tell: func() bool { // whenever the page would look different
			now := markOf(tv)
			if now != mark && f.write("data: "+now+"\n\n") != nil {
				return false
			}
			mark = now
			return !settled(tv)
		},
	})
	return nil
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
