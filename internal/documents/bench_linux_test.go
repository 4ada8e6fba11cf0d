package documents

import (
	"image"
	"math/rand/v2"
	"testing"
)

// twelveMegapixels is a JPEG of 4000 x 3000 and about 4 MB, as telephones take.
func twelveMegapixels(b *testing.B) []byte {
	b.Helper()
	m, dice := gradient(4000, 3000), rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		if i%4 != 3 {
			m.Pix[i] = uint8(min(255, int(m.Pix[i])/2+dice.IntN(44)))
		}
	}
	return asJPEG(b, m)
}

// One core: the whole way through a child, decode to re-encoded view.
func BenchmarkExamineA12MegapixelPhotograph(b *testing.B) {
	data := twelveMegapixels(b)
	x := newExaminer(b)
	b.ReportMetric(float64(len(data))/1e6, "MB/picture")
	examineInLoop(b, x, picture(data))
}

// examineInLoop counts the children's CPU, which a busy machine leaves alone.
func examineInLoop(b *testing.B, x *Examiner, u Upload) {
	b.Helper()
	before := childrensCPU(b)
	for b.Loop() {
		mustExamine(b, x, u)
	}
	used := (childrensCPU(b) - before).Seconds() / float64(b.N)
	b.ReportMetric(used*1000, "cpu-ms/op")
	b.ReportMetric(1/used, "documents/s/core")
}

// A page scanned at 300 dpi, with the sandbox compiled before.
func BenchmarkExamineAScannedLetter(b *testing.B) {
	data := scanPDF(b, photograph{width: 2480, height: 3508, seed: 1, paper: 225, full: true, light: 1, noise: 3})
	x := newExaminer(b)
	x.cache = b.TempDir()
	mustExamine(b, x, letterOf(data))
	examineInLoop(b, x, letterOf(data))
}

func BenchmarkWatermarkAViewOf2000By1500(b *testing.B) {
	var m image.Image = goodPhotographOf(2000, 1500)
	data := view(b, m)
	for b.Loop() {
		if _, err := Watermark(data, "reviewer 017", "BA-2026-7K3M", "2026-11-25 10:00"); err != nil {
			b.Fatal(err)
		}
	}
}

func goodPhotographOf(w, h int) *image.RGBA {
	p := goodPhotograph(1)
	p.width, p.height = w, h
	return p.draw()
}
