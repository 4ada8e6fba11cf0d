package bench

import (
	"math"
	"time"
)

// Sample is how long one kind of request took, each time.
type Sample []time.Duration

// mean and variance of the sample, in seconds.
func (s Sample) moments() (mean, variance float64) {
	for _, d := range s {
		mean += d.Seconds()
	}
	mean /= float64(len(s))
	for _, d := range s {
		variance += (d.Seconds() - mean) * (d.Seconds() - mean)
	}
	return mean, variance / float64(len(s)-1)
}

// Mean is the sample's mean.
func (s Sample) Mean() time.Duration {
	mean, _ := s.moments()
	return time.Duration(mean * float64(time.Second))
}

// Welch is Welch's t of two samples of at least two values each: how many standard
// errors their means lie apart, whatever their variances. It is not a number when
// nothing varies.
func Welch(a, b Sample) float64 {
	meanA, varA := a.moments()
	meanB, varB := b.moments()
	return (meanA - meanB) / math.Sqrt(varA/float64(len(a))+varB/float64(len(b)))
}
