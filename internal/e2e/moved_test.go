package e2e

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// another runs the program a second time, with data of its own and its clock moved. What it returns stops it.
func (s *stage) another(t *testing.T) *stage {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return &stage{addr: listener.Addr().String(), binary: s.binary, data: t.TempDir(), words: s.words, browser: s.browser, foreign: s.foreign, unknown: s.unknown}
}

// from runs the program at a moment, until the test ends or what it returns is called.
func (s *stage) from(t *testing.T, moment string, flags ...string) (stop func()) {
	t.Helper()
	stop, err := s.run(append(flags, "--no-demo", "--now", moment)...)
	t.Cleanup(stop)
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

// A reset comes in on a Monday morning and nobody looks at it until Wednesday, when the promise breaks two minutes after
// the second start; the clock runs a minute a second then.
func TestABrokenPromiseIsToldEverywhere(t *testing.T) {
	t.Parallel()
	inEach(t, ofTwo(), brokenPromise)
}

func brokenPromise(t *testing.T, first *stage, m manner) {
	s := first.another(t)
	stop := s.from(t, "2026-03-02T09:00:00+08:00")
	a, v := newApplicant(t, s, false), s.visitor(t, m)
	receipt := a.begin(v)
	a.prove(v, receipt)
	a.handIn(v, receipt)
	v.promises(time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)) // Wednesday at 18:00
	tracking := ask[string](v, `[...document.querySelectorAll("[data-copy]")].at(-1).dataset.copy`)
	v.call("leaving", chromedp.Navigate("about:blank"))
	stop()

	stop = s.from(t, "2026-03-04T17:58:00+08:00", "--speed", "60")
	v.open("/jobs")
	v.fill("#receipt", receipt)
	v.fill("#tracking", tracking)
	v.press("main form .actions .button")
	v.sees("reset.head.late.say")
	v.promises(time.Date(2026, 3, 6, 10, 0, 0, 0, time.UTC)) // Friday
	v.look("reset-late")
	v.call("leaving", chromedp.Navigate("about:blank"))
	stop()

	// The address of a picture is good for a minute, which is a second while the clock runs; staff work at its usual pace.
	s.from(t, "2026-03-04T18:30:00+08:00")
	boss := s.reviewer(t, m.lang, s.hire(t, "shift-lead", "supervisor"))
	boss.open("/ops/reviews?tab=escalated")
	boss.holds(`document.querySelector("tr.over a[href='/ops/reviews/` + receipt + `']") !== null`)
	boss.sees("review.escalated")
	boss.look("review-escalated")
	boss.open("/ops/queues/queues/review?status=retry")
	boss.holds(`document.body.innerText.includes("已超时")`)
	boss.picture("asynqmon-card")
	boss.press(`a.beian-link[href="/ops/reviews/` + receipt + `"]`)
	boss.atWork()
	boss.sees("review.escalated")
	boss.look("review-late")

	s.reviewer(t, m.lang, s.hire(t, "day-shift", "reviewer")).cannotClaim(receipt)
}

// promises waits for a day and a time in the card of the promise.
func (v *visitor) promises(when time.Time) {
	v.t.Helper()
	words := strings.Join(strings.Fields(v.s.words.Promise(v.lang, when)), "")
	v.holds(`document.querySelector("#job-promise")?.innerText.replace(/\s+/g, "").includes(` + quoted(words) + `)`)
}
