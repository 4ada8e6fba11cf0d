// Package pagetest checks pages in tests, without running them.
package pagetest

import (
	"testing"

	"github.com/jba/templatecheck"

	"beian/api/page"
	"beian/internal/text"
)

// dot is a View whose Data has the page's own type instead of any.
type dot[T any] struct {
	page.View
	Data T
}

// Check type-checks the page called name against the data its handler passes:
// every field, method and function it uses must exist. r must not have
// rendered the page yet.
func Check[T any](t *testing.T, r *page.Renderer, name string) {
	t.Helper()
	for _, lang := range text.Langs() {
		tmpl, err := r.Template(lang, name)
		if err != nil {
			t.Error(err)
			continue
		}
		if err := templatecheck.CheckHTML(tmpl, dot[T]{}); err != nil {
			t.Errorf("page %s in %s: %v", name, lang, err)
		}
	}
}
