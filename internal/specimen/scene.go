package specimen

import (
	"image"
	"image/color"
)

const photoW, photoH = 1600, 1200

// scene is how a paper was photographed.
type scene int

const (
	onDesk scene = iota
	inHands
)

// photograph puts a paper on a desk or into somebody's hands: a little turned,
// nearer or farther, in uneven light, with the grain of a camera. Papers of one
// kind are printed alike; it is the scene that tells two photographs of them apart.
func (p *Painter) photograph(paper sheet, how scene) *image.RGBA {
	s := p.sheet(photoW, photoH, color.RGBA{0x60, 0x48, 0x38, 0xff})
	s.planks()
	turn := (p.dice.Float64() - 0.5) * 0.16
	w, h := float64(paper.Rect.Dx()), float64(paper.Rect.Dy())
	scale, drop := min(1250/w, 980/h)*(0.74+0.26*p.dice.Float64()), p.dice.Float64()
	if how == inHands {
		s.somebody()
		scale, drop = min(760/w, 560/h)*(0.84+0.16*p.dice.Float64()), 1
	}
	left := s.between(photoW-int(scale*w), p.dice.Float64())
	top := s.between(photoH-int(scale*h), drop)
	s.lay(paper.RGBA, placed{angle: turn, scale: scale, x: left, y: top})
	if how == inHands {
		s.hands(image.Rect(left, top, left+int(scale*w), top+int(scale*h)))
	}
	s.expose()
	return s.RGBA
}

// between is a place within the room that is left, with a margin at both ends.
func (s sheet) between(room int, share float64) int {
	margin := min(90, room/3)
	return margin + int(share*float64(room-2*margin))
}

// planks is what lies or hangs behind, down or across: each picture has its own.
func (s sheet) planks() {
	dice := s.painter.dice
	woods := []color.RGBA{{130, 95, 70, 0xff}, {150, 155, 160, 0xff}, {175, 160, 135, 0xff}, {105, 120, 110, 0xff}}
	wood, across, width := woods[dice.IntN(len(woods))], dice.IntN(2) == 1, 120+dice.IntN(260)
	for at := 0; at < photoW; at += width {
		light := uint8(dice.IntN(50))
		board := image.Rect(at, 0, at+width-6, photoH)
		if across {
			board = image.Rect(0, at, photoW, at+width-6)
		}
		s.fill(board, color.RGBA{wood.R + light, wood.G + light, wood.B + light, 0xff})
	}
}

// somebody stands nearer or farther, in a coat of some colour.
func (s sheet) somebody() {
	dice := s.painter.dice
	coats := []color.RGBA{{0x20, 0x45, 0x70, 0xff}, {0x7a, 0x2f, 0x36, 0xff}, {0x33, 0x33, 0x38, 0xff}, {0xb8, 0xa8, 0x88, 0xff}, {0x2c, 0x5c, 0x48, 0xff}}
	left, wide := 260+dice.IntN(340), 620+dice.IntN(180)
	s.portrait(image.Rect(left, -40+dice.IntN(80), left+wide, 980), coats[dice.IntN(len(coats))])
}

func (s sheet) hands(paper image.Rectangle) {
	skin := color.RGBA{0xdc, 0xae, 0x8c, 0xff}
	for _, x := range []int{paper.Min.X - 30, paper.Max.X - 60} {
		s.oval(image.Rect(x, paper.Max.Y-190, x+90, paper.Max.Y-60), skin)
	}
}

// expose adds light from one side and grain, in place.
func (s sheet) expose() {
	tilt := s.painter.dice.Float64()*0.2 - 0.1
	for y := range photoH {
		row := s.Pix[y*s.Stride : y*s.Stride+4*photoW]
		for x := range photoW {
			light := 1 + tilt*(float64(x)/photoW-0.5)
			grain := int(s.painter.dice.Uint32()>>29) - 4
			for c := range 3 {
				row[4*x+c] = uint8(min(max(int(float64(row[4*x+c])*light)+grain, 0), 246))
			}
		}
	}
}
