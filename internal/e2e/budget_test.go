package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/network"

	"beian/internal/text"
)

// The budgets of a first visit, in bytes over the wire.
const (
	applicantBudget = 30_000
	consoleBudget   = 90_000
)

func TestAFirstVisitIsLight(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	for _, path := range []string{"/", "/transfer", "/reset", "/import", "/sign-in", "/help", "/jobs", "/not-me"} {
		v := s.visitor(t, manner{text.Chinese, true, 360})
		v.call("cache", call(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))
		v.open(path)
		v.settle()
		bytes, requests := v.notes.spent()
		t.Logf("%s: %.0f bytes in %d requests", path, bytes, requests)
		if bytes > applicantBudget || requests > 4 {
			t.Errorf("%s costs %.0f bytes in %d requests, more than %d in 4", path, bytes, requests, applicantBudget)
		}
		v.look("first" + map[string]string{"/": "-router", "/transfer": "-transfer", "/reset": "-reset", "/import": "-import", "/sign-in": "-sign-in", "/help": "-help", "/jobs": "-jobs", "/not-me": "-not-me"}[path])
	}
	v := s.visitor(t, manner{text.English, true, 1280})
	v.open("/help")
	v.look("help")
	v.open("/no-such-page")
	v.look("error-404-anybody")
}

func TestTheConsoleIsLightToo(t *testing.T) {
	t.Parallel()
	s := onStage(t)
	v := s.visitor(t, manner{text.Chinese, true, 1280})
	s.staff(v, "auditor")
	v.call("cache", call(network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}))
	for _, path := range []string{"/ops", "/ops/jobs", "/ops/audit", "/ops/dead"} {
		v.notes.spent()
		v.open(path)
		v.settle()
		if bytes, requests := v.notes.spent(); bytes > consoleBudget || requests > 8 {
			t.Errorf("%s costs %.0f bytes in %d requests", path, bytes, requests)
		}
	}
}

// settle waits until everything asked for has come, the icon too: a browser without windows doesn't ask for it by itself.
func (v *visitor) settle() {
	v.t.Helper()
	ask[bool](v, `fetch(document.querySelector("link[rel~='icon']").href).then(answer => answer.arrayBuffer()).then(() => true)`)
	until(v.t, "the icon", v.notes.settled)
}
