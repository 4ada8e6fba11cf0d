package documents

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// photograph draws what a telephone sees: a desk, a sheet or card on it with
// printed lines and a portrait, the lens's softness, and the sensor's noise.
type photograph struct {
	width, height int
	seed          uint64
	paper         uint8   // brightness of the sheet
	desk          uint8   // brightness of the desk
	soft          int     // passes of a 3 x 3 mean over the picture
	light         float64 // factor on everything
	lamp          float64 // radius of a burnt-out spot, share of the width
	full          bool    // the sheet fills the picture, as on a scanner
	noise         int
}

func goodPhotograph(seed uint64) photograph {
	return photograph{width: 1600, height: 1200, seed: seed, paper: 205, desk: 95, soft: 1, light: 1, noise: 4}
}

func (p photograph) draw() *image.RGBA {
	dice := rand.New(rand.NewPCG(p.seed, 7))
	dst := image.NewRGBA(image.Rect(0, 0, p.width, p.height))
	grey := func(v uint8) image.Image { return image.NewUniform(color.RGBA{v, v, v - v/20, 255}) }
	draw.Draw(dst, dst.Rect, grey(p.desk), image.Point{}, draw.Src)
	sheet := image.Rect(p.width/10, p.height/10, p.width*9/10, p.height*9/10)
	if p.full {
		sheet = dst.Rect
	}
	draw.Draw(dst, sheet, grey(p.paper), image.Point{}, draw.Src)
	p.print(dst, sheet, dice)
	p.portrait(dst, sheet)
	for range p.soft {
		soften(dst)
	}
	p.expose(dst, dice)
	return dst
}

// print writes lines of letters, three times the size of the small font.
func (p photograph) print(dst *image.RGBA, sheet image.Rectangle, dice *rand.Rand) {
	const scale = 3
	small := image.NewAlpha(image.Rect(0, 0, sheet.Dx()/scale, sheet.Dy()/scale))
	d := font.Drawer{Dst: small, Src: image.Opaque, Face: basicfont.Face7x13}
	letters := "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789     abcdefghijkmnopqrstuvwxyz"
	for y := 30; y < small.Rect.Dy()-20; y += 22 {
		line := make([]byte, max(1, (small.Rect.Dx()*3/5)/7))
		for i := range line {
			line[i] = letters[dice.IntN(len(letters))]
		}
		d.Dot = fixed.P(15, y)
		d.DrawString(string(line))
	}
	for y := range small.Rect.Dy() * scale {
		for x := range small.Rect.Dx() * scale {
			if small.AlphaAt(x/scale, y/scale).A > 0 {
				dst.SetRGBA(sheet.Min.X+x, sheet.Min.Y+y, color.RGBA{45, 45, 55, 255})
			}
		}
	}
}

func (p photograph) portrait(dst *image.RGBA, sheet image.Rectangle) {
	face := image.Rect(sheet.Max.X-sheet.Dx()*3/10, sheet.Min.Y+sheet.Dy()/5, sheet.Max.X-sheet.Dx()/20, sheet.Min.Y+sheet.Dy()*7/10)
	for y := face.Min.Y; y < face.Max.Y; y++ {
		for x := face.Min.X; x < face.Max.X; x++ {
			fx, fy := float64(x-face.Min.X)/float64(face.Dx())-0.5, float64(y-face.Min.Y)/float64(face.Dy())-0.45
			v := 170 - 40*fy
			if fx*fx+fy*fy < 0.1 {
				v = 140 + 60*fx + 15*math.Sin(9*fy)
			}
			dst.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v * 0.85), uint8(v * 0.75), 255})
		}
	}
}

func (p photograph) expose(dst *image.RGBA, dice *rand.Rand) {
	radius := p.lamp * float64(p.width)
	for y := range p.height {
		for x := range p.width {
			at := dst.PixOffset(x, y)
			glow := 0.0
			if radius > 0 {
				far := math.Hypot(float64(x-p.width/2), float64(y-p.height/2)) / radius
				glow = 900 * math.Exp(-far*far*1.2)
			}
			grain := 0
			if p.noise > 0 {
				grain = dice.IntN(2*p.noise+1) - p.noise
			}
			for c := range 3 {
				dst.Pix[at+c] = uint8(max(0, min(255, float64(dst.Pix[at+c])*p.light+glow+float64(grain))))
			}
		}
	}
}

// soften replaces every pixel by the mean of its 3 x 3 neighbourhood: rows first,
// then columns.
func soften(m *image.RGBA) {
	stride, h := m.Stride, m.Rect.Dy()
	rows := make([]uint16, len(m.Pix))
	for y := range h {
		src, dst := m.Pix[y*stride:(y+1)*stride], rows[y*stride:(y+1)*stride]
		for at := 4; at < stride-4; at++ {
			dst[at] = uint16(src[at-4]) + uint16(src[at]) + uint16(src[at+4])
		}
	}
	for y := 1; y < h-1; y++ {
		above, line, below := rows[(y-1)*stride:y*stride], rows[y*stride:(y+1)*stride], rows[(y+1)*stride:(y+2)*stride]
		dst := m.Pix[y*stride : (y+1)*stride]
		for at := 4; at < stride-4; at++ {
			dst[at] = uint8((above[at] + line[at] + below[at]) / 9)
		}
	}
}

func asJPEG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 88}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
