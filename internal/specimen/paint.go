package specimen

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/f64"
	"golang.org/x/image/math/fixed"

	xdraw "golang.org/x/image/draw"
)

// sheet is a paper being drawn.
type sheet struct {
	*image.RGBA
	painter *Painter
}

func (p *Painter) sheet(w, h int, paper color.RGBA) sheet {
	s := sheet{RGBA: image.NewRGBA(image.Rect(0, 0, w, h)), painter: p}
	draw.Draw(s, s.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	return s
}

// line is one line of text: where its baseline begins, its height and colour.
type line struct {
	x, y, size int
	ink        color.RGBA
}

// write draws text, each letter in the font that has it, and returns where it ends.
func (s sheet) write(at line, text string) int {
	pen := fixed.P(at.x, at.y)
	faces := [2]font.Face{s.face(s.painter.han, at.size), s.face(s.painter.latin, at.size)}
	for _, r := range text {
		face := faces[1]
		if r >= 0x2E80 || face == nil {
			face = faces[0]
		}
		d := font.Drawer{Dst: s, Src: image.NewUniform(at.ink), Face: face, Dot: pen}
		d.DrawString(string(r))
		pen = d.Dot
	}
	return pen.X.Ceil()
}

func (s sheet) face(f *opentype.Font, size int) font.Face {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil // sizes are ours and positive; the writing would be missing, no more
	}
	return face
}

func (s sheet) fill(r image.Rectangle, c color.RGBA) {
	draw.Draw(s, r, image.NewUniform(c), image.Point{}, draw.Over)
}

// oval fills an ellipse.
func (s sheet) oval(r image.Rectangle, c color.RGBA) {
	a, b := float64(r.Dx())/2, float64(r.Dy())/2
	for y := r.Min.Y; y < r.Max.Y; y++ {
		v := (float64(y-r.Min.Y) + 0.5 - b) / b
		half := a * math.Sqrt(max(0, 1-v*v))
		mid := float64(r.Min.X) + a
		s.fill(image.Rect(int(mid-half), y, int(mid+half), y+1), c)
	}
}

// ring draws the outline of an ellipse, so many pixels wide.
func (s sheet) ring(r image.Rectangle, width int, c color.RGBA) {
	n := 4 * (r.Dx() + r.Dy())
	for i := range n {
		t := 2 * math.Pi * float64(i) / float64(n)
		x := float64(r.Min.X+r.Max.X)/2 + float64(r.Dx())/2*math.Cos(t)
		y := float64(r.Min.Y+r.Max.Y)/2 + float64(r.Dy())/2*math.Sin(t)
		s.fill(image.Rect(int(x), int(y), int(x)+width, int(y)+width), c)
	}
}

// portrait draws somebody's head and shoulders into a frame.
func (s sheet) portrait(r image.Rectangle, coat color.RGBA) {
	part := func(x0, y0, x1, y1 float64) image.Rectangle {
		return image.Rect(r.Min.X+int(x0*float64(r.Dx())), r.Min.Y+int(y0*float64(r.Dy())),
			r.Min.X+int(x1*float64(r.Dx())), r.Min.Y+int(y1*float64(r.Dy())))
	}
	skin, hair := color.RGBA{0xe3, 0xb8, 0x97, 0xff}, color.RGBA{0x2b, 0x25, 0x22, 0xff}
	s.oval(part(0.05, 0.68, 0.95, 1.3), coat)
	s.fill(part(0.42, 0.55, 0.58, 0.72), skin)
	s.oval(part(0.26, 0.1, 0.74, 0.5), hair)
	s.oval(part(0.29, 0.17, 0.71, 0.64), skin)
	s.oval(part(0.38, 0.34, 0.44, 0.38), hair)
	s.oval(part(0.56, 0.34, 0.62, 0.38), hair)
	s.oval(part(0.43, 0.52, 0.57, 0.55), color.RGBA{0xb0, 0x5b, 0x52, 0xff})
}

// specimen writes what it is across the whole sheet.
func (s sheet) specimen() sheet {
	// Drawn small and laid large: the sheet of the mark is four times the paper.
	size := s.Rect.Dy() / 18
	mark := s.painter.sheet(s.Rect.Dx(), s.Rect.Dy(), color.RGBA{})
	for y := size; y < mark.Rect.Dy(); y += size * 3 {
		for x := 0; x < mark.Rect.Dx(); x += size * 10 {
			mark.write(line{x + y%(size*5), y, size, color.RGBA{0x70, 0x10, 0x10, 0x70}}, "样例 SPECIMEN")
		}
	}
	s.lay(mark.RGBA, placed{angle: -0.35, scale: 2, x: -s.Rect.Dx() / 2, y: s.Rect.Dy() / 3})
	return s
}

// placed is where a picture is laid on another: turned by radians, scaled, with its
// left upper corner at x, y.
type placed struct {
	angle, scale float64
	x, y         int
}

func (s sheet) lay(top image.Image, at placed) {
	sin, cos := math.Sincos(at.angle)
	m := f64.Aff3{at.scale * cos, -at.scale * sin, float64(at.x), at.scale * sin, at.scale * cos, float64(at.y)}
	xdraw.ApproxBiLinear.Transform(s, m, top, top.Bounds(), xdraw.Over, nil)
}
