package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/input"

	"beian/internal/text"
)

// reviewer is a member of staff at a desk, signed in.
func (s *stage) reviewer(t *testing.T, lang text.Lang, login string) *visitor {
	t.Helper()
	v := s.visitor(t, manner{lang, true, 1280})
	s.staff(v, login)
	return v
}

// bench opens a review's workbench and waits for its script.
func (v *visitor) bench(receipt string) {
	v.t.Helper()
	v.open("/ops/reviews/" + receipt)
	v.atWork()
}

func (v *visitor) atWork() {
	v.t.Helper()
	v.holds(`document.documentElement.dataset.reviews === "ready"`)
}

// claims opens a review and takes it.
func (v *visitor) claims(receipt string) {
	v.t.Helper()
	v.bench(receipt)
	v.look("review-open")
	v.press(`.bench-acts form[action$="/claim"] button`)
	v.atWork()
	v.holds(`document.querySelector("[data-decision]") !== null`)
}

// cannotClaim tells that somebody looks at a review and may not decide it.
func (v *visitor) cannotClaim(receipt string) {
	v.t.Helper()
	v.bench(receipt)
	v.sees("review.bench.notyours")
	if ask[bool](v, `document.querySelector("form[action$='/claim'], [data-decision]") !== null`) {
		v.t.Errorf("%s can be claimed or decided by somebody who must not", receipt)
	}
}

// examines opens every picture, ticks every item and types the numbers off.
func (v *visitor) examines(numbers map[string]string) {
	v.t.Helper()
	for _, key := range ask[[]string](v, `[...document.querySelectorAll("[data-thumb]:not([data-replaced])")].map(e => e.dataset.thumb)`) {
		thumb := `[data-thumb="` + key + `"]`
		v.tap(thumb)
		v.holds(`!document.querySelector(` + quoted(thumb+" [data-seen]") + `).hidden`)
	}
	for _, id := range ask[[]string](v, `[...document.querySelectorAll("input[name=check]:not(:checked)")].map(e => e.id)`) {
		v.tap(`[id="` + id + `"]`)
	}
	for field, number := range numbers {
		v.fill(`[id="typed.`+field+`"]`, number)
	}
	v.holds(`document.querySelector("[data-approve]").getAttribute("aria-disabled") === "false"`)
}

// gives chooses a reason about a document, a fact or the request.
func (v *visitor) gives(about, reason string) {
	v.t.Helper()
	chosen := fmt.Sprintf(`document.querySelector("select[name='finding.%s']")`, about)
	ask[bool](v, fmt.Sprintf(`(s => {
		for (let up = s.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
		s.value = %s;
		s.dispatchEvent(new Event("input", {bubbles: true}));
		s.dispatchEvent(new Event("change", {bubbles: true}));
		return true;
	})(%s)`, quoted(reason), chosen))
	v.holds(chosen + `.value === ` + quoted(reason))
}

// marks draws a box on the picture that is shown, with the mouse.
func (v *visitor) marks(slot string) {
	v.t.Helper()
	v.tap(`[data-thumb][data-slot="` + slot + `"]`)
	v.holds(`document.querySelector("[data-thumb][data-slot='` + slot + `']").getAttribute("aria-current") === "true" && document.querySelector(".paper img")?.naturalWidth > 0`)
	v.tap(`[data-do="mark"]`)
	v.holds(`document.querySelector("[data-stage].marking") !== null`)
	at := ask[[]float64](v, `(() => {
		const stage = document.querySelector("[data-stage]");
		stage.scrollIntoView({ block: "center", behavior: "instant" });
		const a = stage.getBoundingClientRect(), b = document.querySelector(".paper").getBoundingClientRect();
		const left = Math.max(a.left, b.left), top = Math.max(a.top, b.top), right = Math.min(a.right, b.right), bottom = Math.min(a.bottom, b.bottom);
		return [left + (right - left) * 0.3, top + (bottom - top) * 0.3, left + (right - left) * 0.6, top + (bottom - top) * 0.6];
	})()`)
	for _, step := range []struct {
		kind input.DispatchMouseEventType
		x, y float64
	}{{"mousePressed", at[0], at[1]}, {"mouseMoved", at[2] - 5, at[3] - 5}, {"mouseMoved", at[2], at[3]}, {"mouseReleased", at[2], at[3]}} {
		v.call("marking", call(input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: step.kind, X: step.x, Y: step.y, Button: "left",
			Buttons: 1, ClickCount: 1}))
	}
	v.holds(`Number(document.querySelector("[name='right.` + slot + `']").value) > Number(document.querySelector("[name='left.` + slot + `']").value)`)
}

// decides takes the two steps of a decision.
func (v *visitor) decides(verdict string, words ...string) {
	v.t.Helper()
	v.press(`[name="verdict"][value="` + verdict + `"]`)
	v.atWork()
	v.holds(`document.querySelector("[name=step][value=confirm]") !== null`)
	for _, said := range words {
		v.holds(`document.querySelector("main").innerText.includes(` + quoted(said) + `)`)
	}
	v.look("review-confirm-" + verdict)
	v.press(`[name="step"][value="confirm"]`)
	v.holds(`document.querySelector("[data-decision], form.confirm") === null`)
}

// rules answers a dispute as a supervisor.
func (v *visitor) rules(receipt, decision, why string) {
	v.t.Helper()
	v.open("/ops/jobs/" + receipt)
	v.look("ops-reset-disputed")
	v.tap(`form.decide input[value="` + decision + `"]`)
	v.fill("#ops_reason", why)
	v.press(`form.decide .actions .button`)
	v.sees("ops.job.done." + decision)
	v.look("ops-reset-" + decision)
}
