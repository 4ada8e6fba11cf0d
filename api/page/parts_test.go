package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"beian/internal/text"
)

func TestReceiptsAreReadInGroups(t *testing.T) {
	t.Parallel()
	for receipt, want := range map[string]string{"TR8F4KQX7M": "TR 8F4K QX7M", "TR8F4KQ": "TR 8F4K Q", "TR": "TR", "": ""} {
		if got := Grouped(receipt); got != want {
			t.Errorf("%q: got %q", receipt, got)
		}
	}
}

func TestComponentsRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	for name, pairs := range map[string][]any{
		"an unknown member":         {"colour", "red"},
		"a number where words go":   {"hint", 7},
		"words where a number goes": {"limit", "7"},
		"half a pair":               {"hint"},
		"a nameless value":          {7, "hint"},
		"nothing":                   {"hint", nil},
	} {
		if err := set(&Field{}, pairs); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	var n Notice
	if err := set(&n, []any{"tone", "warn", "LINK", "x"}); err != nil || n.Tone != Warn || n.Link != "x" {
		t.Errorf("got %+v, %v", n, err)
	}
}

func TestQRCodeDrawsEveryDarkModule(t *testing.T) {
	t.Parallel()
	bitmap := [][]bool{{true, true, false, true}, {false, false, false, false}, {false, true, true, true}}
	if diff := cmp.Diff("M0 0h2v1h-2zM3 0h1v1h-1zM1 2h3v1h-3z", darkPath(bitmap)); diff != "" {
		t.Error(diff)
	}
}

func TestQRCodeRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	c, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := speech{lang: text.English, catalog: c}
	if _, err := s.qr(strings.Repeat("x", 4000)); err == nil {
		t.Error("4000 characters were drawn")
	}
	svg, err := s.qr("https://desk.example.cn/jobs/TR8F4KQX7M")
	if err != nil || !strings.HasPrefix(string(svg), `<svg class="qr" role="img"`) || len(svg) > 8000 {
		t.Errorf("%d bytes, %v", len(svg), err)
	}
}

func TestEveryStateHasATone(t *testing.T) {
	t.Parallel()
	neutral := map[string]bool{"draft": true, "withdrawn": true, "expired": true}
	for _, state := range strings.Fields("draft email_confirm source_verify target_confirm queued claimed approved_1 need_more hold disputed applying done rejected withdrawn expired failed") {
		if got := StateTone(state) == Neutral; got != neutral[state] {
			t.Errorf("%s is neutral: %v", state, got)
		}
	}
}
