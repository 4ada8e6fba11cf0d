package dashboard

import (
	"context"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"beian/internal/testenv"
	"beian/tasks"
)

// TestAnOperatorsDayInTheBrowser walks through the page as an operator does:
// it renders without a complaint, shows why an action was refused, asks for a
// reason where one is needed, and leads from a task to its job.
func TestAnOperatorsDayInTheBrowser(t *testing.T) {
	t.Parallel()
	program := testenv.Chromium(t)
	var reviewing atomic.Bool
	h := open(t, func(p *Parts) {
		p.Staff = func(*http.Request) (Staff, bool) {
			if reviewing.Load() {
				return Staff{ID: "re", Role: tasks.ActorReviewer}, true
			}
			return Staff{ID: "op", Role: tasks.ActorOperator}, true
		}
	})
	h.asked.live = Live{Receipt: receipt, Kind: "备案转移", State: "办理中", Attempts: 1}
	card := "rv." + receipt + ".1.1"
	h.put(tasks.QueueAccount, stateScheduled, "transfer."+receipt+".apply.1")
	h.put(tasks.QueueReview, stateScheduled, card)
	server := httptest.NewServer(h.Dashboard)
	t.Cleanup(server.Close)
	b := browse(t, program)
	complaints := chromedp.Console(b.ctx)

	b.do(chromedp.Navigate(server.URL + defaultRoot + "/"))
	b.until(`document.body.innerText.includes("返回审核台") && [...document.querySelectorAll("a")].some(a => a.textContent === "review")`)
	b.picture("queues")

	b.do(chromedp.Navigate(server.URL + defaultRoot + "/queues/review?status=scheduled"))
	b.until(`document.querySelector('a.beian-link[href="/ops/reviews/` + receipt + `"]')`)
	b.press("Delete", card)
	b.until(`document.querySelector(".beian-banner p")?.textContent === ` + quote(refusalProtected.zh))
	b.picture("refused")
	if got := h.state(tasks.QueueReview, card); got != stateScheduled {
		t.Errorf("the review card is %s", got)
	}

	b.do(chromedp.Navigate(server.URL + defaultRoot + "/queues/account?status=scheduled"))
	b.until(`document.querySelector('a.beian-link[href="/ops/jobs/` + receipt + `"]')`)
	b.press("Delete", "transfer."+receipt+".apply.1")
	b.until(`document.querySelector("dialog.beian-dialog[open]")`)
	b.do(chromedp.Click(chromedp.CSS(`.beian-dialog button[type="button"]`)))
	b.until(`!document.querySelector("dialog") && !document.querySelector('td [title="Delete"]').disabled`)
	b.press("Archive", "transfer."+receipt+".apply.1")
	b.until(`document.querySelector("dialog.beian-dialog[open] textarea") === document.activeElement`)
	b.do(chromedp.SendKeys(chromedp.CSS("#beian-reason"), "对方要求暂缓"))
	b.picture("reason")
	b.do(chromedp.Click(chromedp.CSS(`.beian-dialog button[type="submit"]`)))
	b.until(`!document.querySelector("dialog.beian-dialog")`)
	b.until(`document.body.innerText.includes("Archived") && !document.querySelector("a.beian-link")`)
	if got := h.state(tasks.QueueAccount, "transfer."+receipt+".apply.1"); got != stateArchived {
		t.Errorf("the task is %s", got)
	}
	if last := h.journal.entries[len(h.journal.entries)-1]; last.Reason != "对方要求暂缓" || last.Outcome != outcomeDone {
		t.Errorf("the last row is %+v", last)
	}

	reviewing.Store(true)
	b.do(chromedp.Navigate(server.URL + defaultRoot + "/queues/review/tasks/" + card))
	b.until(`document.querySelector('.beian-bar a[href="/ops/reviews/` + receipt + `"]') && document.querySelector(".beian-bar button")`)
	b.do(chromedp.Click(chromedp.CSS(".beian-bar button")))
	b.until(`document.querySelector(".beian-banner.beian-info")`)
	b.picture("reviewer")
	if got := h.state(tasks.QueueReview, card); got != statePending {
		t.Errorf("the review card is %s", got)
	}
	b.do(chromedp.Evaluate[chromedp.Void](`console.log("` + lastWord + `")`))
	complained(t, complaints)
}

const lastWord = "the day is over"

// complained fails the test for every complaint but those about the refused and
// the cancelled action: the browser notes a 403, asynqmon what it was told.
func complained(t *testing.T, console iter.Seq2[chromedp.ConsoleMessage, error]) {
	t.Helper()
	heard := false
	for m, err := range console {
		if err != nil {
			t.Fatal(err)
		}
		if m.Text == lastWord {
			break
		}
		refused := m.Source == "network" && strings.Contains(m.Text, "403") && strings.Contains(m.URL, "/review/")
		heard = heard || refused
		told := strings.HasPrefix(m.Text, "deleteScheduledTaskAsync: ")
		if (m.Type == "error" || m.IsException()) && !refused && !told {
			t.Errorf("the page complained: %s (%s)", m.Text, m.URL)
		}
	}
	if !heard {
		t.Error("the console was not heard: even the refused action left no trace")
	}
}

func quote(text string) string { return `"` + string(quoted(text)) + `"` }

type browser struct {
	t   *testing.T
	ctx context.Context
}

func browse(t *testing.T, program string) *browser {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(stop)
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 800))
	ctx, closeAll := chromedp.NewExecAllocator(ctx, flags...)
	t.Cleanup(closeAll)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	return &browser{t: t, ctx: ctx}
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) until(condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool]("Boolean("+condition+")")); err != nil {
		b.picture("stuck")
		b.t.Fatalf("waiting for %s: %v", condition, err)
	}
}

// press clicks a button in a task's row; the last cell's own button shows them.
func (b *browser) press(title, id string) {
	b.t.Helper()
	row := `[...document.querySelectorAll("tr")].find(r => r.textContent.includes(` + quote(id) + `))`
	button := row + `.querySelector('[title="` + title + `"], [aria-label="` + title + `"]')`
	b.do(chromedp.Evaluate[chromedp.Void]("void (" + button + ` || ` + row + `.querySelector("td:last-child button").click())`))
	b.until(button)
	b.do(chromedp.Evaluate[chromedp.Void](`(b => (b.closest("button") || b.querySelector("button") || b).click())(` + button + `)`))
}

// picture is kept when BEIAN_TEST_PICTURES names a folder.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("BEIAN_TEST_PICTURES")
	if dir == "" {
		return
	}
	image, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "dashboard-"+name+".png"), image, 0o600)
	}
	if err != nil {
		b.t.Errorf("taking a picture: %v", err)
	}
}
