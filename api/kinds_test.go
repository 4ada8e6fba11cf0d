package api

import (
	"testing"

	"beian/internal/text"
	"beian/tasks"
)

func TestEveryKindOfJobHasItsPlaceAndItsName(t *testing.T) {
	t.Parallel()
	catalog := hallMust(text.Load())(t)
	flows := tasks.Flows(tasks.Policy{}, nil, nil)
	if len(flows) != len(places()) {
		t.Errorf("%d flows, %d places", len(flows), len(places()))
	}
	for _, f := range flows {
		at := placeOf(f.Letters() + "00000000")
		if at.kind != f.Kind() || at.resource == "" {
			t.Errorf("%s is found as %+v", f.Kind(), at)
		}
		if _, papers := f.(tasks.Reviewed); papers != (at.papers != "") {
			t.Errorf("%s takes papers: %v", f.Kind(), papers)
		}
		for _, lang := range text.Langs() {
			if !catalog.Has(lang, "kind."+string(f.Kind())) {
				t.Errorf("%s has no name in %s", f.Kind(), lang)
			}
		}
	}
	if at := placeOf("XX00000000"); at.kind != "" {
		t.Errorf("unknown letters are %+v", at)
	}
}
