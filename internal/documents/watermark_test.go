package documents

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"
)

func view(t testing.TB, m image.Image) []byte {
	t.Helper()
	data, err := encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoded(t *testing.T, data []byte) *image.YCbCr {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*image.YCbCr)
}

func flat(w, h int, grey uint8) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = grey
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

func TestAWatermarkCoversEveryPartOfAViewFaintly(t *testing.T) {
	t.Parallel()
	for _, ground := range []uint8{20, 230} {
		marked, err := Watermark(view(t, flat(2000, 1500, ground)), "reviewer 017", "BA-2026-7K3M", "2026-11-25 10:00 合影")
		if err != nil {
			t.Fatal(err)
		}
		m := decoded(t, marked)
		const part = 250
		for y := 0; y < 1500; y += part {
			for x := 0; x < 2000; x += part {
				if n := changed(m, image.Rect(x, y, x+part, y+part), ground); n < part*part/100 || n > part*part/2 {
					t.Errorf("ground %d: %d of %d pixels at %d, %d are marked", ground, n, part*part, x, y)
				}
			}
		}
	}
}

// changed counts marked pixels and checks that none is marked by far more than 12 %.
func changed(m *image.YCbCr, r image.Rectangle, ground uint8) (n int) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			switch d := int(m.Y[m.YOffset(x, y)]) - int(ground); {
			case d > 60 || d < -60:
				return -1
			case d > 12 || d < -12:
				n++
			}
		}
	}
	return n
}

func TestTwoReviewersMarksDiffer(t *testing.T) {
	t.Parallel()
	plain := view(t, flat(800, 700, 200))
	one, err1 := Watermark(plain, "reviewer 017")
	two, err2 := Watermark(plain, "reviewer 018")
	mine, err3 := PurposeMark(plain, "BA-2026-7K3M")
	if err1 != nil || err2 != nil || err3 != nil || bytes.Equal(one, two) || bytes.Equal(one, mine) || bytes.Equal(one, plain) {
		t.Errorf("%v %v %v, or two marks are equal", err1, err2, err3)
	}
	clean(t, one, viewSide)
}

func TestOnlyOurOwnViewsAreMarked(t *testing.T) {
	t.Parallel()
	plain := view(t, flat(800, 700, 200))
	for name, data := range map[string][]byte{
		"nothing": nil, "a PNG": asPNG(t, flat(800, 700, 9)), "a foreign JPEG": afterSOI(plain, segment(markAPP1, exif(1, "x"))),
		"too large": view(t, flat(3001, 10, 9)), "cut": plain[:len(plain)/2], "a scan bomb": scanBomb(2000, 2000, 10), "a grey one": view(t, image.NewGray(image.Rect(0, 0, 800, 700))),
	} {
		if _, err := Watermark(data, "x"); err == nil {
			t.Errorf("%s was marked", name)
		}
	}
	if _, err := Watermark(plain); err != nil {
		t.Errorf("no lines: %v", err)
	}
}
