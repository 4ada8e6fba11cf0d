package e2e

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

//go:embed testdata/axe-core/VERSION
var axeVersion string

func TestTheVendoredAxeIsTheReleasedOne(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(axe))
	if !strings.Contains(axeVersion, hex.EncodeToString(sum[:])) || !strings.Contains(axe, "axe v4.14.0") {
		t.Errorf("axe.min.js is not the file that VERSION names: %x", sum)
	}
	licence, err := os.ReadFile("testdata/axe-core/LICENSE")
	if err != nil || !strings.Contains(string(licence), "Mozilla Public License") {
		t.Errorf("the licence is not beside it: %v", err)
	}
}

// look examines the page as it is now, on a telephone and on a desk: nothing runs out of the screen, nothing breaks an
// accessibility rule, by day and by night. With BEIAN_TEST_PICTURES it also takes pictures.
//
// A page is examined once in each language, whoever comes to it first; everybody else checks that it fits. The second
// language has other words and the same layout and colours: its rules are examined on the visitor's own screen.
func (v *visitor) look(name string) {
	v.t.Helper()
	v.whole()
	if _, seen := looked.LoadOrStore(name+" "+string(v.lang), true); seen {
		v.fits(name, v.width)
		return
	}
	if !v.script {
		v.scripts(true) // the rules are examined by a script; the page itself stays as it is
		defer v.scripts(false)
	}
	_, other := looked.LoadOrStore(name, true)
	v.dark(false)
	for _, width := range []int64{360, 1280} {
		v.wide(width)
		v.fits(name, width)
		if !other || width == v.width {
			v.obeys(name, fmt.Sprintf("%d px", width), "")
		}
		v.picture(fmt.Sprintf("%s.%s.%d", name, v.lang, width))
	}
	if !other {
		v.dark(true)
		v.obeys(name, "dark", `, runOnly: ["color-contrast"]`)
		v.dark(false)
	}
	v.wide(v.width)
}

// looked is which pages were examined.
var looked sync.Map

func (v *visitor) dark(on bool) {
	v.t.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	v.call("colours", call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
}

func (v *visitor) fits(name string, width int64) {
	v.t.Helper()
	over := ask[[]string](v, `document.scrollingElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 120))`)
	if len(over) > 0 {
		v.t.Errorf("%s (%s) is wider than %d px: %q", name, v.lang, width, over)
	}
}

// obeys runs axe-core.
func (v *visitor) obeys(name, how, only string) {
	v.t.Helper()
	if only == "" {
		only = `, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	}
	if !v.script {
		only += `, rules: { "meta-refresh": { enabled: false } }` // without JavaScript it is how the page stays true; nothing typed is lost
	}
	run := `"axe" in window ? axe.run(document, { resultTypes: ["violations"]` + only + ` }).then(r => r.violations.map(o =>
		o.id + ": " + o.help + " " + o.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + (n.any[0] ? n.any[0].message : "")).join(" | "))) : null`
	var found []string
	until(v.t, "axe has examined "+name, func() bool { // a page that reloads itself in between is examined again
		found = ask[[]string](v, run)
		if found == nil {
			v.call("axe", chromedp.Evaluate[chromedp.Void](axe))
		}
		return found != nil
	})
	for _, violation := range found {
		v.t.Errorf("%s (%s, %s) breaks %s", name, v.lang, how, violation)
	}
}

// picture keeps what the visitor sees.
func (v *visitor) picture(name string) {
	v.t.Helper()
	dir := os.Getenv("BEIAN_TEST_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600)
	}
	if err != nil {
		v.t.Errorf("taking a picture of %s: %v", name, err)
	}
}
