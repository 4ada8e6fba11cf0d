package documents

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"beian/internal/letter"
)

func TestL3OurOwnLetterComesBackAsAReadablePage(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	sheet, err := letter.New().Letter(letter.Fields{Receipt: "BA-2026-7K3M", SubjectName: "北京晓明网络科技有限公司", Applicant: "李晓明"})
	if err != nil {
		t.Fatal(err)
	}
	found := mustExamine(t, newExaminer(t), letterOf(sheet.PDF))
	if len(found.Pages) != 1 || len(found.Flags) != 0 || found.Pages[0].Measures.Sharpness < 5*minSharpness {
		t.Errorf("%d pages, flags %v, %+v", len(found.Pages), found.Flags, found.Pages[0].Measures)
	}
}

// scanPDF holds a photograph on its only page, as scanners make it.
func scanPDF(t testing.TB, p photograph) []byte {
	t.Helper()
	scanned := asJPEG(t, p.draw())
	body := fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length %d>>\nstream\n%s\nendstream",
		p.width, p.height, len(scanned), scanned)
	out := letterPDF(1, "", body, "<</Length 30>>\nstream\nq 595 0 0 842 0 0 cm /I Do Q   \nendstream")
	return bytes.Replace(out, []byte("/Contents 4 0 R/Resources<<"), []byte("/Contents 7 0 R/Resources<</XObject<</I 6 0 R>>"), 1)
}

func TestAScannedLetterIsDrawnWithItsPicture(t *testing.T) {
	t.Parallel()
	skipUnderRace(t)
	x := newExaminer(t)
	x.cache = t.TempDir()
	found := mustExamine(t, x, letterOf(scanPDF(t, photograph{width: 1240, height: 1754, seed: 1, paper: 225, full: true, light: 1, soft: 1, noise: 2})))
	if m := found.Pages[0].Measures; len(found.Flags) != 0 || m.Brightness < 150 || m.Brightness > 225 {
		t.Errorf("flags %v, %+v", found.Flags, m)
	}
	view, err := jpeg.Decode(bytes.NewReader(found.Pages[0].View))
	if err != nil || view.Bounds().Dy() < view.Bounds().Dx() {
		t.Errorf("%v", err)
	}
	kept := 0
	if err := filepath.WalkDir(x.cache, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(path, ".tmp") {
			kept++
		}
		return err
	}); err != nil || kept == 0 {
		t.Errorf("the cache keeps %d files, %v", kept, err)
	}
}
