package legacy

import (
	"os"
	"strings"
	"testing"
)

// docs/legacy-protocol.md is the only thing that another side has of ours.
func TestTheDocumentHasEveryCodeWithItsClass(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/legacy-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 {
			continue
		}
		for code := range strings.SplitSeq(cells[2], ",") {
			documented[strings.Trim(code, " `")] = strings.TrimSpace(cells[3])
		}
	}
	for code, class := range codes() {
		if documented[code] != string(class) {
			t.Errorf("%s is %s, in the document %q", code, class, documented[code])
		}
	}
}
