package legacytest

import (
	"bytes"
	"image/jpeg"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"beian/internal/legacy"
)

func TestPapersAreDrawnAsJPEGAndTheSameEveryTime(t *testing.T) {
	t.Parallel()
	hengda := accounts()[1]
	first, second := New(Options{}), New(Options{})
	pictures, err := first.studio.pictures(hengda)
	if err != nil {
		t.Fatal(err)
	}
	again, err := second.studio.pictures(accounts()[1])
	if err != nil {
		t.Fatal(err)
	}
	if len(pictures) != 6 || !maps.EqualFunc(pictures, again, bytes.Equal) {
		t.Errorf("%d papers, or others the second time", len(pictures))
	}
	different := map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(pictures)) {
		different[string(pictures[id])] = true
		if drawn, err := jpeg.Decode(bytes.NewReader(pictures[id])); err != nil || drawn.Bounds().Dx() < 1000 || len(pictures[id]) > legacy.MaxMaterial {
			t.Errorf("%s: %d bytes, %v", id, len(pictures[id]), err)
		}
	}
	if len(different) != len(pictures) {
		t.Errorf("%d of %d papers differ", len(different), len(pictures))
	}
}

func TestIdsAreForEverAndUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	add := func(id string) {
		if seen[id] || id == "" {
			t.Errorf("id %q is there twice", id)
		}
		seen[id] = true
	}
	domains := map[string]bool{}
	for _, a := range accounts() {
		add(a.id)
		add(a.login)
		for _, m := range a.materials {
			add(m.ID)
		}
		for _, w := range a.websites {
			add(w.ID)
			if domains[w.Domain] {
				t.Errorf("domain %s is there twice", w.Domain)
			}
			domains[w.Domain] = true
			for _, m := range w.Materials {
				add(m.ID)
			}
		}
	}
	for _, id := range []string{"L-wang-2009", "wang-2009-s1", "wang-2009-w3", "wang-2009-w1-m2"} {
		if !seen[id] {
			t.Errorf("%s has changed its id", id)
		}
	}
}

func TestTheDocumentListsEveryLoginAndRoute(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../docs/legacy-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), "`", "")
	for _, l := range Logins() {
		if !strings.Contains(text, "\n| "+l.Name+" | "+l.English+" |\n") || l.Chinese == "" {
			t.Errorf("%s is not in the document, or in other words", l.Name)
		}
	}
	for _, route := range []string{RouteSessions, RouteGrants, RouteHoldings, RouteMaterials} {
		if !strings.Contains(text, "\n| "+route) {
			t.Errorf("%s is not in the document", route)
		}
	}
	if !strings.Contains(text, Password) {
		t.Error("the document has another password")
	}
}
