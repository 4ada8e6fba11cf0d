package documents

import (
	"image"
	"math"
	"slices"
)

const (
	hashSide = 32 // pixels the picture is shrunk to
	hashFreq = 8  // lowest frequencies kept in each direction
)

// perceptualHash is 64 bits that stay nearly the same when a picture is scaled,
// re-encoded or a little brightened: which of its lowest 8 × 8 frequencies
// (DCT-II of the 32 × 32 picture, without the mean) are above their median.
func perceptualHash(src *image.RGBA) uint64 {
	small := luminance(shrink(src, min(hashSide, src.Rect.Dx()), min(hashSide, src.Rect.Dy())))
	w, h := small.Rect.Dx(), small.Rect.Dy()
	waves := cosines()
	var rows [hashSide][hashFreq]float64
	for y := range h {
		for u := range hashFreq {
			for x := range w {
				rows[y][u] += float64(small.Pix[y*w+x]) * waves[u+1][x]
			}
		}
	}
	var found [hashFreq * hashFreq]float64
	for i := range found {
		u, v := i%hashFreq, i/hashFreq
		for y := range h {
			found[i] += rows[y][u] * waves[v+1][y]
		}
	}
	return aboveMedian(found)
}

func cosines() (waves [hashFreq + 1][hashSide]float64) {
	for u := range waves {
		for x := range waves[u] {
			waves[u][x] = math.Cos(float64(u) * math.Pi * (float64(x) + 0.5) / hashSide)
		}
	}
	return waves
}

func aboveMedian(values [hashFreq * hashFreq]float64) (hash uint64) {
	sorted := values
	slices.Sort(sorted[:])
	median := (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	for i, v := range values {
		if v > median {
			hash |= 1 << i
		}
	}
	return hash
}
