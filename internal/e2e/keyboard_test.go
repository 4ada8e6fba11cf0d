package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"beian/internal/text"
)

func TestTheFirstFormNeedsNoMouse(t *testing.T) {
	t.Parallel()
	inEach(t, manners(), func(t *testing.T, s *stage, m manner) {
		p := newParties(t, s)
		v := s.visitor(t, m)
		v.open("/transfer/target")
		v.tabTo("#login")
		v.keys(p.source)
		v.tabTo("#password")
		v.keys(password)
		v.leave(func() { v.keys(kb.Enter) })
		v.tabTo("#target")
		v.leave(func() { v.keys(kb.Enter) })
		v.wrong("target")
		if m.script {
			v.holds(`document.activeElement.matches(".errors")`)
			v.tabTo(`.errors a`)
			v.keys(kb.Enter)
			v.holds(`document.activeElement.id === "target"`)
		}
		v.tabTo("#target")
		v.keys(p.target)
		v.tabTo("#target_phone4")
		v.keys(p.targetPhone[len(p.targetPhone)-4:])
		v.tabTo(`main form .actions .button`)
		v.leave(func() { v.keys(kb.Enter) })
		v.tabTo("#consent")
		v.keys(" ")
		v.holds(`document.querySelector("#consent").checked`)
		v.tabTo(`main form .actions .button`)
		v.leave(func() { v.keys(kb.Enter) })
		v.state("source_verify")
	})
}

// keys types as a keyboard does: raw keys, whose characters the browser drops when a key was for something else.
func (v *visitor) keys(keys string) {
	v.t.Helper()
	v.call("keys", chromedp.KeyEvent(keys, func(k *input.DispatchKeyEventParams) {
		if k.Type == input.DispatchKeyEventTypeKeyDown {
			k.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	}))
}

// tabTo presses the tab key until an element has the focus, and wants to see each stop.
func (v *visitor) tabTo(selector string) {
	v.t.Helper()
	for range 40 {
		if ask[bool](v, `document.activeElement !== null && document.activeElement.matches(`+quoted(selector)+`)`) {
			return
		}
		v.keys(kb.Tab)
		if stop := ask[string](v, invisibleFocus); stop != "" {
			v.t.Errorf("on %s the focus can't be seen at %s", v.path(), stop)
		}
	}
	v.t.Fatalf("the tab key does not reach %s on\n%s", selector, v.glance())
}

// invisibleFocus is what has the focus without a visible mark, or beside the screen.
const invisibleFocus = `(e => {
	if (!e || e === document.body) return "";
	const seen = e.matches("input[type=checkbox], input[type=radio]") && e.labels.length > 0 ? e.labels[0] : e;
	const style = getComputedStyle(seen), box = seen.getBoundingClientRect();
	const marked = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
	const there = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
	return marked && there ? "" : e.outerHTML.slice(0, 120);
})(document.activeElement)`

func TestTheLanguageSwitchKeepsThePage(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	p := newParties(t, s)
	v := s.visitor(t, manner{text.Chinese, true, 360})
	v.signIn(p.source)
	v.offer(p.target, p.targetPhone)
	here := v.path()
	v.press(`header a[hreflang="en"]`)
	v.lang = text.English
	if v.path() != here {
		t.Errorf("the switch leads from %s to %s", here, v.path())
	}
	v.sees("transfer.check.passed")
	v.submit()
	v.state("source_verify")
	v.press(`header a[hreflang="zh-CN"]`)
	v.lang = text.Chinese
	v.state("source_verify")
	v.verify("000")
	v.wrong("code")
	v.press(`header a[hreflang="en"]`)
	v.lang = text.English
	v.state("source_verify")
}
