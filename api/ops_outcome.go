package api

import (
	"fmt"
	"strings"

	"beian/internal/text"
)

// outcomeWords puts an outcome of the journal into words. The journal holds codes,
// because its chain covers them; one that is not known is shown as it is.
func (o *Ops) outcomeWords(v *opsVisit, outcome string) string {
	var a, b, c int64
	kind, code, coded := strings.Cut(outcome, ": ")
	switch {
	case counted(outcome, "whole: %d rows, %d jobs, %d events", &a, &b, &c):
		return o.say(v, "ops.outcome.whole", text.Params{"rows": a, "jobs": b, "events": c})
	case counted(outcome, "broken: %d places", &a):
		return o.say(v, "ops.outcome.broken", text.Params{"n": a})
	case counted(outcome, "failed after %d", &a):
		return o.say(v, "ops.outcome.failed_after", text.Params{"n": a})
	case coded && kind == "denied":
		return o.say(v, "ops.outcome.denied", text.Params{"why": o.known(v, "ops.denied."+code, code)})
	case coded && kind == "failed":
		return o.say(v, "ops.outcome.not_done", text.Params{"why": o.known(v, "error.problem."+slug(refusal(code))+".title", code)})
	}
	return o.known(v, "ops.outcome."+outcome, o.known(v, "state."+outcome, outcome))
}

// known is what the catalog says, or the other text.
func (o *Ops) known(v *opsVisit, key, otherwise string) string {
	if !o.parts.Catalog.Has(v.call.lang, key) {
		return otherwise
	}
	return o.say(v, key)
}

// counted reads numbers out of a text that has exactly this form.
func counted(given, form string, into ...any) bool {
	n, err := fmt.Sscanf(given, form, into...)
	return err == nil && n == len(into)
}
