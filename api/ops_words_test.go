package api

import (
	"testing"

	"beian/internal/text"
	"beian/tasks"
)

// stepsOf lists the types of task that jobs of every kind have, a review's card among
// them.
func stepsOf() (out []string) {
	for _, flow := range tasks.Flows(tasks.Policy{}, nil, nil) {
		kind := string(flow.Kind())
		for step := range flow.Steps() {
			out = append(out, kind+":"+step)
		}
		if outside, ok := flow.(tasks.Errands); ok {
			for step := range outside.Errands() {
				out = append(out, kind+":"+step)
			}
		}
		if _, ok := flow.(tasks.Reviewed); ok {
			out = append(out, kind+":card")
		}
	}
	return out
}

func TestEveryStepOfEveryKindHasWordsInTheConsole(t *testing.T) {
	t.Parallel()
	catalog, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	o := &Ops{parts: OpsParts{Catalog: catalog}}
	for _, lang := range text.Langs() {
		v := &opsVisit{call: &call{lang: lang}}
		said := map[string]string{}
		for _, step := range append(stepsOf(), "notice:send", "notice:check", "lookup:find", "chore:seal", "chore:purge", "chore:shred", "chore:calendar") {
			words := o.taskName(v, step)
			if words == "" || words == step {
				t.Errorf("%s: %s has no words", lang, step)
			}
			said[step] = words
		}
		for _, kind := range []string{"transfer_reviewed", "reversal", "contact_change", "contact_papers"} {
			if words := said[kind+":apply"]; words == said["transfer:apply"] {
				t.Errorf("%s: the effect of a %s is called %q, as a transfer's", lang, kind, words)
			}
		}
	}
}
