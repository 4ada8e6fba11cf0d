package page_test

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tokens reads the colours of a scheme; the dark one changes what it names.
func tokens(t *testing.T, dark bool) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(raw), "@media (prefers-color-scheme: dark)")
	night, _, _ := strings.Cut(rest, "\n}\n")
	sheets := light
	if dark {
		sheets += night
	}
	colours := map[string]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(sheets, -1) {
		colours[m[1]] = m[2]
	}
	return colours
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	linear := func(channel uint64) float64 {
		c := float64(channel&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func TestColoursContrastInBothSchemes(t *testing.T) {
	t.Parallel()
	words := [][2]string{
		{"ink", "sheet"}, {"ink", "bg"}, {"soft", "sheet"}, {"soft", "bg"}, {"link", "sheet"}, {"link", "bg"}, {"link", "info-tint"}, {"link", "warn-tint"},
		{"on-button", "button"}, {"on-button", "button-deep"}, {"on-button", "warning"}, {"on-button", "warning-deep"},
		{"on-top", "top"}, {"top-soft", "top"}, {"bad", "sheet"}, {"soft", "neutral-tint"}, {"soft", "info-tint"},
		{"neutral", "neutral-tint"}, {"info", "info-tint"}, {"good", "good-tint"}, {"pause", "pause-tint"}, {"warn", "warn-tint"}, {"bad", "bad-tint"},
		{"ink", "info-tint"}, {"ink", "good-tint"}, {"ink", "warn-tint"}, {"ink", "bad-tint"}, {"ink", "pause-tint"}, {"ink", "neutral-tint"},
	}
	shapes := [][2]string{{"edge", "sheet"}, {"focus", "sheet"}, {"focus", "bg"}, {"button", "sheet"}, {"bad", "sheet"}}
	for _, dark := range []bool{false, true} {
		colours := tokens(t, dark)
		for _, pair := range words {
			if got := contrast(t, colours[pair[0]], colours[pair[1]]); got < 4.5 {
				t.Errorf("dark %v: %s on %s is %.2f", dark, pair[0], pair[1], got)
			}
		}
		for _, pair := range shapes {
			if got := contrast(t, colours[pair[0]], colours[pair[1]]); got < 3 {
				t.Errorf("dark %v: %s beside %s is %.2f", dark, pair[0], pair[1], got)
			}
		}
	}
}

func TestStylesServeEverySetting(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("assets/app.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"prefers-color-scheme: dark", "forced-colors: active", "prefers-reduced-motion", "@media print", ":focus-visible", "1.125rem/"} {
		if !strings.Contains(string(raw), part) {
			t.Errorf("no rule for %s", part)
		}
	}
	if strings.Contains(string(raw), "url(") || strings.Contains(string(raw), "@import") {
		t.Error("styles fetch something")
	}
}

// The policy would block these in silence; the test says it aloud.
func TestNothingNeedsAnUnsafePolicy(t *testing.T) {
	t.Parallel()
	inline := regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+="|<style|<script(?:\s[^>]*)?>[^<]|javascript:|https?://`)
	err := filepath.WalkDir("templates", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(file)
		if found := inline.FindString(string(raw)); found != "" {
			t.Errorf("%s has %q", file, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("assets/*.js")
	if err != nil || len(scripts) < 2 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	sink := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval\(|Function\(|createContextualFragment`)
	for _, name := range scripts {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := sink.Find(script); found != nil {
			t.Errorf("%s uses %s", name, found)
		}
	}
}
