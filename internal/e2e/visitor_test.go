package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"beian/internal/text"
)

// manner is how somebody visits: in which language, with or without JavaScript, on how wide a screen.
type manner struct {
	lang   text.Lang
	script bool
	width  int64
}

func (m manner) String() string {
	script := "with JavaScript"
	if !m.script {
		script = "without JavaScript"
	}
	return fmt.Sprintf("%s %s at %d px", m.lang, script, m.width)
}

// manners are four of the eight combinations, in which every pair of values meets.
func manners() []manner {
	return []manner{{text.Chinese, true, 360}, {text.English, true, 1280}, {text.Chinese, false, 1280}, {text.English, false, 360}}
}

// bothLangs are for what does not depend on the rest.
func bothLangs() []manner {
	return []manner{{text.Chinese, true, 360}, {text.English, true, 1280}}
}

// ofTwo are the two languages, one with JavaScript and one without.
func ofTwo() []manner {
	return []manner{{text.Chinese, true, 360}, {text.English, false, 1280}}
}

// inEach runs a test in several manners.
func inEach(t *testing.T, all []manner, test func(t *testing.T, s *stage, m manner)) {
	t.Helper()
	s := onStage(t)
	for _, m := range all {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			test(t, s, m)
		})
	}
}

// visitor is one person with a browser window and cookies of their own.
type visitor struct {
	t   *testing.T
	s   *stage
	ctx context.Context
	manner
	notes *notes
}

var visitors atomic.Int64

// visitor opens a window. Each has an address of its own, as the limits count by it.
func (s *stage) visitor(t *testing.T, m manner) *visitor {
	t.Helper()
	n := visitors.Add(1)
	v := s.stranger(t, m)
	v.call("headers", call(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{
		"Accept-Language": string(m.lang), "X-Forwarded-For": fmt.Sprintf("10.%d.%d.%d", n/62500, n/250%250, n%250+1)}}))
	return v
}

// stranger is a visitor whose requests are as the browser makes them.
func (s *stage) stranger(t *testing.T, m manner) *visitor {
	t.Helper()
	v := &visitor{t: t, s: s, manner: m, notes: &notes{host: s.base}}
	ctx, end := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(v.notes.hear))
	t.Cleanup(func() {
		end()
		v.notes.check(t)
	})
	v.ctx = ctx
	v.call("network", call(network.Enable, network.EnableParams{}))
	v.call("focus", call(emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}))
	v.wide(m.width)
	v.scripts(m.script)
	return v
}

func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

func (v *visitor) call(what string, steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := v.patiently(steps...); err != nil {
		v.t.Fatalf("%s: %v", what, err)
	}
}

// patiently begins with no limit, as the first step opens the window and its end would close it.
func (v *visitor) patiently(steps ...chromedp.Action[chromedp.Void]) error {
	if err := chromedp.Do(v.ctx); err != nil {
		return err
	}
	ctx, end := context.WithTimeout(v.ctx, patience)
	defer end()
	return chromedp.Do(ctx, steps...)
}

func (v *visitor) wide(width int64) {
	v.t.Helper()
	v.call("width", call(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 600}))
}

func (v *visitor) scripts(on bool) {
	v.t.Helper()
	v.call("scripts", call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}))
}

// ask evaluates an expression in the page; between two pages it waits for the next.
func ask[T any](v *visitor, expression string) T {
	v.t.Helper()
	var answer T
	until(v.t, "an answer to "+expression, func() bool {
		got, err := try[T](v, expression)
		if _, wrong := err.(*chromedp.ExceptionError); wrong {
			v.t.Fatalf("%s: %v", expression, err)
		}
		answer = got
		return err == nil
	})
	return answer
}

func try[T any](v *visitor, expression string) (T, error) {
	ctx, end := context.WithTimeout(v.ctx, 10*time.Second)
	defer end()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// holds waits until an expression is true, also over a change of pages.
func (v *visitor) holds(expression string) {
	v.t.Helper()
	late := time.After(patience)
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := try[bool](v, expression); err == nil && yes {
			return
		}
		select {
		case <-late:
			v.t.Fatalf("waited in vain for %s on\n%s", expression, v.glance())
		case <-tick.C:
		}
	}
}

// glance is where the visitor is and what is there, for messages.
func (v *visitor) glance() string {
	words, err := try[string](v, `location.href + "\n" + document.title + "\n" + document.body.innerText.slice(0, 1500) +
		[...document.querySelectorAll("main input")].map(e => "\n" + e.name + "=" + e.value).join("")`)
	if err != nil {
		return err.Error()
	}
	return words
}

// open goes to a page by its address and waits until it is whole.
func (v *visitor) open(path string) {
	v.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = v.s.base + path
	}
	v.call("opening "+path, chromedp.Navigate(path))
	v.whole()
}

func (v *visitor) whole() {
	v.t.Helper()
	v.holds(`document.readyState === "complete" && document.body !== null`)
}

// fill types into a field, in the place of what is there.
func (v *visitor) fill(selector, words string) {
	v.t.Helper()
	v.tap(selector)
	v.holds(fmt.Sprintf(`(e => { if (document.activeElement !== e) e.focus(); e.select(); return document.activeElement === e })(document.querySelector(%s))`, quoted(selector)))
	v.call("typing", call(input.InsertText, input.InsertTextParams{Text: words}))
	v.holds(fmt.Sprintf(`document.querySelector(%s).value === %s`, quoted(selector), quoted(words)))
}

// tap clicks the middle of what a finger or a mouse can reach.
func (v *visitor) tap(selector string) { v.taps(selector, 1) }

// taps clicks several times in a row, as fast as it goes.
func (v *visitor) taps(selector string, times int) {
	v.t.Helper()
	place := fmt.Sprintf(`(e => {
		if (!e) return null;
		e.scrollIntoView({ block: "center", behavior: "instant" });
		const lines = e.getClientRects(), box = lines[0];
		if (!box) return null;
		const x = box.x + Math.min(box.width / 2, 120), y = box.y + box.height / 2, top = document.elementFromPoint(x, y);
		return top && (e === top || e.contains(top) || top.contains(e)) ? [x, y] : null;
	})(document.querySelector(%s))`, quoted(selector))
	v.holds("!!(" + place + ")")
	at := ask[[]float64](v, place)
	if len(at) != 2 {
		v.t.Fatalf("%s can't be reached on\n%s", selector, v.glance())
	}
	for n := range times {
		for _, kind := range []input.DispatchMouseEventType{"mousePressed", "mouseReleased"} {
			v.call("click on "+selector, call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: kind, X: at[0], Y: at[1],
				Button: "left", ClickCount: int64(n + 1)}))
		}
	}
}

// press clicks and waits for the page that follows.
func (v *visitor) press(selector string) {
	v.t.Helper()
	v.leave(func() { v.tap(selector) })
}

// leave waits until what it does has led to another page.
func (v *visitor) leave(how func()) {
	v.t.Helper()
	ask[bool](v, `(window.beianWasHere = true)`)
	how()
	v.holds(`window.beianWasHere === undefined && document.readyState === "complete" && document.body !== null`)
}

// path is where the visitor is.
func (v *visitor) path() string {
	v.t.Helper()
	return ask[string](v, "location.pathname")
}

// says are the words of a key in the visitor's language.
func (v *visitor) says(key string, params ...text.Params) string {
	return v.s.words.T(v.lang, key, params...)
}

// sees waits until the page shows the words of a key.
func (v *visitor) sees(key string, params ...text.Params) {
	v.t.Helper()
	v.holds(`document.querySelector("main").innerText.replace(/\s+/g, " ").includes(` + quoted(strings.Join(strings.Fields(v.says(key, params...)), " ")) + `)`)
}

// seesNot fails when the page shows words.
func (v *visitor) seesNot(words string) {
	v.t.Helper()
	if ask[bool](v, `document.body.innerText.includes(`+quoted(words)+`)`) {
		v.t.Errorf("%s shows %q", v.path(), words)
	}
}

// state waits until the status page shows a state.
func (v *visitor) state(state string) {
	v.t.Helper()
	want := quoted(v.says("state." + state))
	v.holds(`document.querySelector("[data-state]")?.innerText.trim() === ` + want)
}

// wrong waits for an error at a field and in the summary.
func (v *visitor) wrong(field string) {
	v.t.Helper()
	v.holds(fmt.Sprintf(`document.querySelector(".errors a[href='#%s']") && document.getElementById(%s)?.getAttribute("aria-invalid") === "true"
		&& document.title.startsWith(%s)`, field, quoted(field), quoted(v.says("form.error_prefix"))))
}

func quoted(words string) string {
	b, err := json.Marshal(words)
	if err != nil {
		panic(err) // a string can always be written
	}
	return string(b)
}

// notes are what a browser complained about and where it went.
type notes struct {
	mu       sync.Mutex
	host     string
	also     string // a second host that is no surprise
	expected []string
	faults   []string
	wire     float64
	requests int
	ended    int
	icon     bool // was asked for
}
