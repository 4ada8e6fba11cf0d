package documents

import (
	"image"
	"image/color"
	"image/draw"
)

const (
	viewSide      = 3000 // pixels of a view's longer side
	thumbnailSide = 320
	jpegQuality   = 85
)

// fit is the size with the longer side at most limit, same proportions, never
// larger than before and never without pixels.
func fit(width, height, limit int) (int, int) {
	long := max(width, height)
	if long <= limit {
		return width, height
	}
	return max(1, (width*limit+long/2)/long), max(1, (height*limit+long/2)/long)
}

// shrink draws a picture smaller, or at its size, on white: every pixel is the
// mean of the area it covers, so that text stays readable. It reads the source
// row by row and needs memory for the result only. The size must not be larger.
func shrink(src image.Image, width, height int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	b, from := src.Bounds(), sheet{src, isSolid(src)}
	if b.Dx() == width && b.Dy() == height {
		from.flatten(dst, b.Min)
		return dst
	}
	s := &shrinker{columns: spans(b.Dx(), width), line: make([]float32, 3*width), sum: make([]float32, 3*width)}
	row := image.NewRGBA(image.Rect(0, 0, b.Dx(), 1))
	for y, to := 0, 0; y < b.Dy() && to < height; y++ {
		from.flatten(row, image.Pt(b.Min.X, b.Min.Y+y))
		s.reduce(row.Pix)
		edge := b.Dy() * (to + 1) // where the result's row ends in the source, in parts of height
		before := float32(min(height, edge-y*height)) / float32(height)
		s.add(before)
		if edge <= (y+1)*height {
			s.flush(dst.Pix[to*dst.Stride:], float32(height)/float32(b.Dy()))
			to++
			s.add(1 - before)
		}
	}
	return dst
}

// sheet is a picture to be laid on white; a solid one needs no white.
type sheet struct {
	src   image.Image
	solid bool
}

// isSolid may read the whole picture: ask once, not for every row.
func isSolid(src image.Image) bool {
	o, ok := src.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// flatten draws the source from a point on, on white.
func (s sheet) flatten(dst *image.RGBA, from image.Point) {
	if s.solid {
		draw.Draw(dst, dst.Rect, s.src, from, draw.Src)
		return
	}
	draw.Draw(dst, dst.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(dst, dst.Rect, s.src, from, draw.Over)
}

// span is what one column of the result covers: the first and last column of
// the source, and how much of these two.
type span struct {
	from, to    int
	first, last float32
	scale       float32
}

func spans(from, to int) []span {
	ratio := float64(from) / float64(to)
	out := make([]span, to)
	for i := range out {
		start, end := float64(i)*ratio, min(float64(i+1)*ratio, float64(from))
		a, b := int(start), min(int(end), from-1)
		out[i] = span{from: a, to: b, first: float32(1 - (start - float64(a))), last: float32(end - float64(b)), scale: float32(1 / (end - start))}
	}
	return out
}

type shrinker struct {
	columns   []span
	line, sum []float32
}

// reduce turns a row of RGBA into the means of the columns.
func (s *shrinker) reduce(pix []uint8) {
	for i, c := range s.columns {
		p := pix[c.from*4 : c.to*4+4]
		r, g, b := float32(p[0])*c.first, float32(p[1])*c.first, float32(p[2])*c.first
		end := len(p) - 4
		for at := 4; at < end; at += 4 {
			r, g, b = r+float32(p[at]), g+float32(p[at+1]), b+float32(p[at+2])
		}
		if end > 0 {
			r, g, b = r+float32(p[end])*c.last, g+float32(p[end+1])*c.last, b+float32(p[end+2])*c.last
		}
		s.line[3*i], s.line[3*i+1], s.line[3*i+2] = r*c.scale, g*c.scale, b*c.scale
	}
}

func (s *shrinker) add(weight float32) {
	for i, v := range s.line {
		s.sum[i] += v * weight
	}
}

func (s *shrinker) flush(pix []uint8, scale float32) {
	for i := 0; i < len(s.sum); i += 3 {
		at := i / 3 * 4
		for c := range 3 {
			pix[at+c] = uint8(min(255, s.sum[i+c]*scale+0.5))
		}
		pix[at+3] = 255
	}
	clear(s.sum)
}

// upright applies an EXIF orientation, 1 to 8 (Exif 3.0, 4.6.5). Turning after
// shrinking gives the same picture for a fraction of the work.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	outW, outH := w, h
	if orientation >= 5 {
		outW, outH = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, outW, outH))
	origin, stepX, stepY := turn(orientation, w, h, src.Stride)
	for y := range outH {
		to := y * dst.Stride
		from := origin + y*stepY
		for range outW {
			copy(dst.Pix[to:to+4], src.Pix[from:from+4])
			to, from = to+4, from+stepX
		}
	}
	return dst
}

// turn says where the upright picture's first pixel lies in the stored one, and
// how many bytes further its next pixel to the right and downwards.
func turn(orientation, w, h, stride int) (origin, stepX, stepY int) {
	right, bottom := (w-1)*4, (h-1)*stride
	switch orientation {
	case 2:
		return right, -4, stride
	case 3:
		return right + bottom, -4, -stride
	case 4:
		return bottom, 4, -stride
	case 5:
		return 0, stride, 4
	case 6:
		return bottom, -stride, 4
	case 7:
		return right + bottom, -stride, -4
	case 8:
		return right, stride, -4
	}
	return 0, 4, stride
}
