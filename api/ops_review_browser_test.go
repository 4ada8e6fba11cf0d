package api_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"beian/internal/testenv"
	"beian/tasks"
)

// desk is a reviewer's real browser.
type window struct {
	t    *testing.T
	ctx  context.Context
	base string
}

// window opens a browser in which a member of staff is signed in.
func (w *opsWorld) window(role tasks.ActorKind, lang string) *window {
	w.t.Helper()
	b := w.pane(lang)
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.http.URL+"/ops", nil)
	w.must(err)
	for _, cookie := range w.as(role).client.Jar.Cookies(r.URL) {
		b.do(request(network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: w.http.URL}))
	}
	return b
}

// pane opens a browser in which nobody is signed in.
func (w *opsWorld) pane(lang string) *window {
	w.t.Helper()
	ctx, stop := context.WithTimeout(theBrowser.lent(w.t), 8*time.Minute)
	w.t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	w.t.Cleanup(end)
	b := &window{t: w.t, ctx: ctx, base: w.http.URL}
	b.do(request(network.Enable, network.EnableParams{}),
		request(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}),
		request(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": lang}}))
	return b
}

// theBrowser is one program for all tests that run at the same time; each has cookies and windows of its own in it.
var theBrowser sharedBrowser

type sharedBrowser struct {
	mu    sync.Mutex
	users int
	ctx   context.Context
	end   func()
}

// lent starts the browser for its first user and ends it after the last.
func (s *sharedBrowser) lent(t *testing.T) context.Context {
	t.Helper()
	program := testenv.Chromium(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		if err := s.start(program); err != nil {
			t.Fatalf("starting the browser: %v", err)
		}
	}
	s.users++
	t.Cleanup(s.back)
	return s.ctx
}

func (s *sharedBrowser) back() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.end()
	}
}

func (s *sharedBrowser) start(program string) error {
	dir, err := os.MkdirTemp("", "beian-api-browser-*")
	if err != nil {
		return err
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(dir), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true), chromedp.WindowSize(1280, 900))
	ctx, closeAll := chromedp.NewExecAllocator(context.Background(), flags...)
	ctx, end := chromedp.NewContext(ctx)
	s.ctx, s.end = ctx, func() { end(); closeAll(); os.RemoveAll(dir) }
	if err := chromedp.Do(ctx); err != nil {
		s.end()
		return err
	}
	return nil
}

func request[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

func (b *window) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to a page and waits for its script.
func (b *window) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
	b.until(`document.documentElement.dataset.reviews === "ready"`)
}

// until waits for a condition, also over a change of pages.
func (b *window) until(condition string) {
	b.t.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+condition+")")); err == nil && yes {
			return
		}
		select {
		case <-late:
			b.picture("stuck")
			seen, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.pathname + "\n" + document.body.innerText.slice(0, 1500)`))
			b.t.Fatalf("waited in vain for %s on\n%s", condition, seen)
		case <-tick.C:
		}
	}
}

func (b *window) ask(expression string) string {
	b.t.Helper()
	said, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	return said
}

// press types on the keyboard, nothing else.
func (b *window) press(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys, func(k *input.DispatchKeyEventParams) {
		if k.Type == input.DispatchKeyEventTypeKeyDown { // so that the page can keep the letter to itself
			k.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	}))
}

func (b *window) size(width int64) {
	b.t.Helper()
	b.do(request(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600}))
}

// picture is kept when BEIAN_TEST_PICTURES names a folder.
func (b *window) picture(name string) {
	dir := os.Getenv("BEIAN_TEST_PICTURES")
	if dir == "" {
		return
	}
	raw, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if name != "stuck" {
		raw, err = chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "review-"+name+".png"), raw, 0o600)
	}
	if err != nil {
		b.t.Errorf("taking a picture: %v", err)
	}
}

// look examines the page at both widths, by day and by night: no rule of axe is
// broken and nothing runs out of the screen.
func (b *window) look(name string) {
	b.t.Helper()
	axe, err := os.ReadFile("../internal/e2e/testdata/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatal(err)
	}
	b.ask(string(axe) + `; "there"`)
	b.scheme("light")
	for _, width := range []int64{360, 1280} {
		b.size(width)
		b.obeys(fmt.Sprintf("%s at %d px", name, width), "")
		if over := b.ask(`document.scrollingElement.scrollWidth <= innerWidth ? "" : [...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n")`); over != "" {
			b.t.Errorf("%s at %d px is too wide: %s", name, width, over)
		}
		b.picture(fmt.Sprintf("%s.%d", name, width))
	}
	b.scheme("dark")
	b.obeys(name+" by night", `, runOnly: ["color-contrast"]`)
	b.scheme("light")
	b.size(1280)
}

func (b *window) scheme(name string) {
	b.t.Helper()
	b.do(request(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
}

func (b *window) obeys(what, only string) {
	b.t.Helper()
	broken := b.ask(`axe.run(document, {resultTypes: ["violations"]` + only + `}).then(r => r.violations.map(v => v.id + ": " +
		v.nodes.map(n => n.html.slice(0, 160) + " " + n.failureSummary).join(" | ")).join("\n"))`)
	if broken != "" {
		b.t.Errorf("%s breaks %s", what, broken)
	}
}

func TestTheReviewersPagesObeyTheRules(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"zh-CN", "en"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			w := newOpsWorld(t)
			unit := w.unit()
			w.resets(3)
			one := w.reset(1)
			w.now = w.now.Add(21 * time.Hour)
			b := w.window(tasks.ActorReviewer, lang)
			b.open("/ops/reviews")
			b.look("queue." + lang)
			b.open("/ops/reviews?tab=mine")
			b.look("empty." + lang)
			b.open("/ops/reviews/" + one)
			b.look("open." + lang)
			w.holds("reviewer", unit)
			b.open("/ops/reviews/" + unit)
			b.look("bench." + lang)
			b.press("?")
			b.until(`document.querySelector("dialog[open]")`)
			b.look("keys." + lang)
			b.press(kb.Escape)
			b.press("m")
			b.until(`document.querySelector("[data-findings]").open`)
			b.ask(`(s => { s.value = "DOC_BLURRED"; s.dispatchEvent(new Event("change", {bubbles: true})); return "" })(document.querySelector("select[name='finding.holding_certificate']"))`)
			b.ask(`(s => { s.value = "FACT_DIFFERS"; s.dispatchEvent(new Event("change", {bubbles: true})); return "" })(document.querySelector("select[name='finding.subject_name']"))`)
			b.look("reasons." + lang)
			b.ask(`(document.activeElement.blur(), "")`)
			b.press("m")
			b.until(`document.querySelector("[value=confirm]")`)
			b.look("confirm." + lang)
			b.press(kb.Enter)
			b.until(`document.querySelector("[data-undo]")`)
			b.look("undo." + lang)
		})
	}
}

// Two hundred a day: nothing but keys, from the queue to the next review.
func TestAReviewNeedsNoMouse(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	receipts := w.resets(2)
	b := w.window(tasks.ActorReviewer, "zh-CN")
	b.open("/ops/reviews")
	b.press("n")
	b.until(`document.documentElement.dataset.reviews === "ready" && document.querySelector("[data-decision]")`)
	first := b.ask(`location.pathname.split("/").pop()`)
	for range 2 {
		b.until(`document.querySelector("[data-thumb][aria-current] [data-seen]:not([hidden])")`)
		b.press("]")
	}
	b.until(`document.querySelectorAll("[data-seen]:not([hidden])").length === 3`)
	b.press("a") // not yet: it tells what is missing
	b.until(`document.activeElement.matches("[data-lacks]")`)
	for i := range 5 {
		b.press(fmt.Sprint(i + 1))
	}
	b.press("t")
	b.until(`document.activeElement.matches("[data-typed]")`)
	b.press(citizen(1 + strings.Index(strings.Join(receipts, " "), first)/11))
	b.press(kb.Enter)
	b.until(`document.querySelector("[data-approve]").getAttribute("aria-disabled") === "false"`)
	b.press("a")
	b.until(`document.activeElement && document.activeElement.matches("[value=confirm]")`)
	b.press(kb.Enter)
	b.until(`document.querySelector("[data-undo]") && document.documentElement.dataset.reviews === "ready"`)
	b.press("n")
	b.until(`document.querySelector("[data-decision]") && !location.pathname.endsWith(` + "`" + first + "`" + `)`)
	r, err := w.desk.ReviewOf(t.Context(), first)
	w.must(err)
	if r.State != tasks.ReviewDeciding || !strings.Contains(strings.Join(receipts, " "), first) {
		t.Errorf("%s is %s", first, r.State)
	}
}

// WCAG 2.1.4: single keys do nothing in fields or with modifiers, and one switch
// turns them off for good.
func TestKeysAreQuietWhereTheyMustBe(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.window(tasks.ActorReviewer, "en")
	b.open("/ops/reviews/" + one)
	b.press("t")
	b.until(`document.activeElement.matches("[data-typed]")`)
	b.press("1e")
	b.until(`document.activeElement.value === "1e" && !document.querySelector("[data-key='1']").checked`)
	b.press(kb.Escape)
	b.until(`document.activeElement === document.body`)
	b.do(chromedp.KeyEvent("1", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
	b.press("2")
	b.until(`document.querySelector("[data-key='2']").checked`)
	if b.ask(`String(document.querySelector("[data-key='1']").checked)`) != "false" {
		t.Error("a key with a modifier was taken")
	}
	b.press("?")
	b.until(`document.querySelector("dialog[open]")`)
	b.press("3")
	b.ask(`(document.querySelector("#keys-on").click(), "")`)
	b.press(kb.Escape)
	b.until(`!document.querySelector("dialog[open]")`)
	b.press("4")
	b.open("/ops/reviews/" + one) // the switch outlives the page
	b.press("5")
	if got := b.ask(`String(document.querySelectorAll("input[name=check]:checked").length) + getComputedStyle(document.querySelector(".bench-acts kbd")).display`); got != "0none" {
		t.Errorf("switched off, keys still act or are printed: %s", got)
	}
}

// The viewer's tools, and a mark in thousandths of the upright picture whatever
// way it is turned.
func TestTheViewerZoomsTurnsComparesAndMarks(t *testing.T) {
	t.Parallel()
	w := newOpsWorld(t)
	one := w.reset(1)
	w.holds("reviewer", one)
	b := w.window(tasks.ActorReviewer, "zh-CN")
	b.open("/ops/reviews/" + one)
	b.until(`document.querySelector(".paper img") && document.querySelector("[data-zoom]").textContent !== ""`)
	fit := b.ask(`document.querySelector("[data-zoom]").textContent`)
	b.press("+")
	b.until(`document.querySelector("[data-zoom]").textContent !== "` + fit + `"`)
	b.press("0")
	b.until(`document.querySelector("[data-zoom]").textContent === "` + fit + `"`)
	b.press("v")
	b.until(`document.querySelectorAll("[data-figure]").length === 2`)
	b.press("v")
	b.until(`document.querySelectorAll("[data-figure]").length === 1`)
	b.press(".")
	b.until(`document.querySelector(".paper").style.transform.includes("rotate(90deg)")`)
	b.press("b")
	b.until(`document.querySelector("[data-stage].marking")`)
	b.ask(`(() => {
		const turn = document.querySelector(".turn"), box = turn.getBoundingClientRect(), paper = document.querySelector(".paper");
		const at = (kind, u, v) => paper.dispatchEvent(new PointerEvent(kind, {bubbles: true, cancelable: true, pointerId: 1, clientX: box.left + u * box.width, clientY: box.top + v * box.height}));
		const stage = document.querySelector("[data-stage]");
		stage.setPointerCapture = () => {};
		at("pointerdown", 0.1, 0.2); at("pointermove", 0.5, 0.6); at("pointerup", 0.5, 0.6);
		return "";
	})()`)
	// A quarter to the right: across is up, down is across.
	b.until(`document.querySelector("[name='left.id_front']").value !== ""`)
	if got := b.ask(`["left", "top", "right", "bottom", "page"].map(s => document.querySelector("[name='" + s + ".id_front']").value).join(" ")`); got != "200 500 600 900 1" {
		t.Errorf("the mark is %s", got)
	}
	b.until(`document.activeElement.name === "finding.id_front"`)
}
