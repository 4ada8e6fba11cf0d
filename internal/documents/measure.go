package documents

import (
	"image"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// Measures are the figures of quality of one page, taken on its grey picture of
// at most 1600 pixels (trust reference 4.5 item 5).
type Measures struct {
	Sharpness  float64 `json:"sharpness"`  // variance of the Laplacian, at middle exposure
	Brightness float64 `json:"brightness"` // mean, 0 to 255
	Contrast   float64 `json:"contrast"`   // standard deviation of the grey values
	Glare      float64 `json:"glare"`      // share of burnt-out area that is no white background, 0 to 1
	Screenshot bool    `json:"screenshot"` // it has the size of a telephone's or computer's screen
}

// The thresholds below which a page is doubted. They were calibrated on drawn
// photographs of documents, measure_test.go, and lean towards silence.
const (
	measureSide   = 1600
	minSharpness  = 100.0
	minBrightness = 60.0
	maxGlare      = 0.05
	minContrast   = 6.0 // below it there is nothing to see

	middleGrey   = 128.0
	burntOut     = 250 // grey value from which nothing can be read
	glareCell    = 16  // pixels a side; glare is counted in cells, so that grains of white don't count
	backgroundAt = 0.5 // share of burnt-out border cells from which white is the paper, not the lamp
	nearPictures = 4   // bits
)

// Distance is how many of 64 bits two perceptual hashes differ by; NearDuplicate
// says whether the pictures are near duplicates, the same shot saved again.
func Distance(a, b uint64) int { return bits.OnesCount64(a ^ b) }

// NearDuplicate holds for at most 4 different bits. Two certificates of one type
// look alike, so it is a hint for a reviewer and never a decision.
func NearDuplicate(a, b uint64) bool { return Distance(a, b) <= nearPictures }

// within is the picture shrunk to at most limit pixels, or itself.
func within(src *image.RGBA, limit int) *image.RGBA {
	w, h := fit(src.Rect.Dx(), src.Rect.Dy(), limit)
	if w == src.Rect.Dx() && h == src.Rect.Dy() {
		return src
	}
	return shrink(src, w, h)
}

// luminance is the picture in grey (BT.601).
func luminance(src *image.RGBA) *image.Gray {
	grey := image.NewGray(image.Rect(0, 0, src.Rect.Dx(), src.Rect.Dy()))
	for i := range grey.Pix {
		p := src.Pix[4*i : 4*i+3 : 4*i+3]
		grey.Pix[i] = uint8((299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) + 500) / 1000)
	}
	return grey
}

func measure(grey *image.Gray) Measures {
	var m Measures
	m.Brightness, m.Contrast = spread(grey.Pix)
	m.Sharpness = sharpness(grey) * exposure(m.Brightness)
	m.Glare = glare(grey)
	return m
}

func spread(pix []uint8) (mean, deviation float64) {
	var sum, squares int
	for _, p := range pix {
		sum += int(p)
		squares += int(p) * int(p)
	}
	n := float64(len(pix))
	mean = float64(sum) / n
	return mean, math.Sqrt(max(0, float64(squares)/n-mean*mean))
}

// exposure makes up for a dark picture, whose edges are as sharp and less high:
// the variance falls with the square of the light.
func exposure(brightness float64) float64 {
	return math.Pow(max(1, middleGrey/max(1, brightness)), 2)
}

// sharpness is the variance of the 4-neighbour Laplacian.
func sharpness(grey *image.Gray) float64 {
	w, h, pix := grey.Rect.Dx(), grey.Rect.Dy(), grey.Pix
	if w < 3 || h < 3 {
		return 0
	}
	var sum, squares int
	for y := 1; y < h-1; y++ {
		above, line, below := pix[(y-1)*w:y*w], pix[y*w:(y+1)*w], pix[(y+1)*w:(y+2)*w]
		for x := 1; x < w-1; x++ {
			v := int(above[x]) + int(below[x]) + int(line[x-1]) + int(line[x+1]) - 4*int(line[x])
			sum += v
			squares += v * v
		}
	}
	n := float64((w - 2) * (h - 2))
	mean := float64(sum) / n
	return float64(squares)/n - mean*mean
}

// glare is the share of cells that are burnt out. Where most of the border is
// burnt out too, the picture is a scan on white: then cells that hang together
// with the border are background.
func glare(grey *image.Gray) float64 {
	c := burntCells(grey)
	if c.borderShare() >= backgroundAt {
		c.clearFromBorder()
	}
	burnt := 0
	for _, b := range c.burnt {
		if b {
			burnt++
		}
	}
	return float64(burnt) / float64(max(1, len(c.burnt)))
}

type cells struct {
	w, h  int
	burnt []bool
}

func burntCells(grey *image.Gray) cells {
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	c := cells{w: w / glareCell, h: h / glareCell}
	c.burnt = make([]bool, c.w*c.h)
	for i := range c.burnt {
		x, y := i%c.w*glareCell, i/c.w*glareCell
		c.burnt[i] = true
		for row := y; row < y+glareCell && c.burnt[i]; row++ {
			for _, p := range grey.Pix[row*w+x : row*w+x+glareCell] {
				c.burnt[i] = c.burnt[i] && p >= burntOut
			}
		}
	}
	return c
}

func (c cells) border() []int {
	var at []int
	for i := range c.burnt {
		if x, y := i%c.w, i/c.w; x == 0 || y == 0 || x == c.w-1 || y == c.h-1 {
			at = append(at, i)
		}
	}
	return at
}

func (c cells) borderShare() float64 {
	border, burnt := c.border(), 0
	for _, i := range border {
		if c.burnt[i] {
			burnt++
		}
	}
	return float64(burnt) / float64(max(1, len(border)))
}

func (c cells) clearFromBorder() {
	open := c.border()
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		if !c.burnt[i] {
			continue
		}
		c.burnt[i] = false
		for _, n := range [...]struct {
			at     int
			inside bool
		}{{i - 1, i%c.w > 0}, {i + 1, i%c.w < c.w-1}, {i - c.w, i >= c.w}, {i + c.w, i < len(c.burnt)-c.w}} {
			if n.inside {
				open = append(open, n.at)
			}
		}
	}
}

// screenSized compares with common screens of telephones and computers.
func screenSized(width, height int) bool {
	short, long := min(width, height), max(width, height)
	return slices.Contains([][2]int{
		{750, 1334}, {828, 1792}, {1080, 1920}, {1080, 2280}, {1080, 2340}, {1080, 2376}, {1080, 2400}, {1125, 2436}, {1170, 2532},
		{1179, 2556}, {1206, 2622}, {1220, 2712}, {1242, 2688}, {1284, 2778}, {1290, 2796}, {1320, 2868}, {1440, 3200},
		{768, 1366}, {900, 1440}, {1200, 1920}, {1440, 2560}, {1600, 2560}, {2160, 3840},
	}, [2]int{short, long})
}

// flags are the doubts that follow from the measures (L4). A drawn page, as a PDF
// gives, has no lamp and no lens: only emptiness is doubted there.
func (m Measures) flags(page int, drawn bool) []Flag {
	var out []Flag
	flag := func(code, figure string, value, wanted float64) {
		out = append(out, Flag{Code: code, Page: page, Params: map[string]string{figure: number(value), "wanted": number(wanted)}})
	}
	if m.Contrast < minContrast || !drawn && m.Sharpness < minSharpness {
		flag(CodeBlurred, "sharpness", m.Sharpness, minSharpness)
	}
	if drawn {
		return out
	}
	if m.Brightness < minBrightness {
		flag(CodeDark, "brightness", m.Brightness, minBrightness)
	}
	if m.Glare > maxGlare {
		flag(CodeGlare, "percent", 100*m.Glare, 100*maxGlare)
	}
	return out
}

func number(v float64) string { return strconv.Itoa(int(math.Round(v))) }
