package documents

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

const (
	markOpacity = 31 // of 255: 12 % (trust reference 4.5 item 8)
	markLetterW = 7  // pixels of the font
	markLetterH = 13
	markPerView = 60 // letters of the font's height that fit a view's longer side
)

// Watermark draws lines, such as reviewer, receipt and time, over a whole view in
// tiles at 12 % opacity, so that every part of a photographed screen says who
// looked. Lines are ASCII; other letters become question marks. It decodes in
// this process and therefore takes only views that an Examiner gave; anything
// else is an error.
func Watermark(view []byte, lines ...string) ([]byte, error) {
	if !isOurs(view, viewSide) {
		return nil, fmt.Errorf("marking a view: it was not drawn by an examiner")
	}
	picture, err := jpeg.Decode(bytes.NewReader(view))
	if err != nil {
		return nil, fmt.Errorf("marking a view: %w", err)
	}
	colours, ok := picture.(*image.YCbCr)
	if !ok {
		return nil, fmt.Errorf("marking a view: it has no colours")
	}
	tileOf(lines).stamp(colours)
	return encode(colours)
}

// PurposeMark is Watermark for the applicant's own look at a document: it says
// what the picture may be used for, so that a copy is of little use elsewhere.
func PurposeMark(view []byte, receipt string) ([]byte, error) {
	return Watermark(view, "ONLY FOR ICP ACCOUNT RECOVERY", receipt)
}

// tile is one block of text: for every pixel whether a letter covers it.
type tile struct {
	w, h    int
	covered []bool
}

func tileOf(lines []string) tile {
	width := 0
	for _, line := range lines {
		width = max(width, len([]rune(line)))
	}
	const gap = 3 // letters between tiles, lines below
	mask := image.NewAlpha(image.Rect(0, 0, (width+gap)*markLetterW, (len(lines)+gap)*markLetterH))
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: basicfont.Face7x13}
	for i, line := range lines {
		d.Dot = fixed.P(0, (i+1)*markLetterH)
		d.DrawString(ascii(line))
	}
	t := tile{w: mask.Rect.Dx(), h: mask.Rect.Dy(), covered: make([]bool, len(mask.Pix))}
	for i, alpha := range mask.Pix {
		t.covered[i] = alpha > 0
	}
	return t
}

func ascii(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
}

// stamp changes the brightness alone: darker on light ground and lighter on dark
// ground. Every second row of tiles is shifted by half a tile, so that no column
// stays free.
func (t tile) stamp(picture *image.YCbCr) {
	w, h := picture.Rect.Dx(), picture.Rect.Dy()
	scale := max(1, max(w, h)/(markPerView*markLetterH))
	columns := [2][]int{t.columns(w, scale, 0), t.columns(w, scale, t.w/2)}
	for y := range h {
		line := y / scale
		mask := t.covered[line%t.h*t.w : (line%t.h+1)*t.w]
		if !slices.Contains(mask, true) {
			continue
		}
		row := picture.Y[y*picture.YStride : y*picture.YStride+w]
		for x, at := range columns[line/t.h%2] {
			if mask[at] {
				row[x] = marked(row[x])
			}
		}
	}
}

// columns says which column of the tile every pixel of a row shows.
func (t tile) columns(width, scale, shift int) []int {
	out := make([]int, width)
	for x := range out {
		out[x] = (x/scale + shift) % t.w
	}
	return out
}

func marked(y uint8) uint8 {
	ink := 255
	if y >= 128 {
		ink = 0
	}
	return uint8((int(y)*(255-markOpacity) + ink*markOpacity) / 255)
}
