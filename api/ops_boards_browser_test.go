package api_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"beian/api"
	"beian/tasks"
)

func TestTheBoardsBreakNoRuleInARealBrowser(t *testing.T) {
	t.Parallel()
	q := &queuesOfTests{}
	w := newOpsWorld(t, withBoards, func(p *api.OpsParts) { p.Inspector, p.Dashboard = q, &guardOfTests{} })
	q.receipt = w.transfer()
	one := w.reset(1)
	w.holds("reviewer", one)
	w.now = w.now.Add(40 * time.Second)
	w.approves("reviewer", one)
	w.settle()
	w.resets(3)
	w.must(w.store.Audit(t.Context(), api.OpsEntry{Actor: w.member("reviewer"), Action: "review.open", Object: one, Outcome: "done"}))
	for _, lang := range []string{"zh-CN", "en"} {
		b := w.window(tasks.ActorSupervisor, lang)
		for name, path := range map[string]string{
			"calendar": "/ops/calendar?year=2026&at=2026-09-30T18:01&days=2", "calendar-unknown": "/ops/calendar?year=2027",
			"calendar-faults": "/ops/calendar?at=nonsense&days=99", "sla": "/ops/sla", "sla-week": "/ops/sla?days=7", "audit": "/ops/audit?action=review.",
		} {
			b.do(chromedp.Navigate(b.base + path))
			b.until(`document.readyState === "complete"`)
			b.look("boards-" + name + "." + lang)
		}
		b = w.window(tasks.ActorOperator, lang)
		for name, path := range map[string]string{"queue": "/ops/queue?queue=notify&state=retry", "queue-act": "/ops/queue/act?queue=notify&state=retry&id=notice.1.1&verb=delete"} {
			b.do(chromedp.Navigate(b.base + path))
			b.until(`document.readyState === "complete"`)
			b.look("boards-" + name + "." + lang)
		}
	}
}
