package bench_test

import (
	"math"
	"testing"
	"time"

	"beian/internal/bench"
)

func sample(seconds ...float64) (s bench.Sample) {
	for _, v := range seconds {
		s = append(s, time.Duration(v*float64(time.Second)))
	}
	return s
}

// The means are 20.82 and 22.99, the variances 7.87 and 3.81 over 15 values each:
// worked by hand, t = -2.17 / sqrt((7.87 + 3.81) / 15).
func TestWelchCountsStandardErrorsBetweenTheMeans(t *testing.T) {
	t.Parallel()
	a := sample(27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4)
	b := sample(27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4)
	if got := bench.Welch(a, b); math.Abs(got+2.455) > 0.01 {
		t.Errorf("t is %.3f", got)
	}
	if got := bench.Welch(b, a); math.Abs(got-2.455) > 0.01 {
		t.Errorf("the other way round t is %.3f", got)
	}
	if got := bench.Welch(a, a); got != 0 {
		t.Errorf("a sample lies %v from itself", got)
	}
	if got := sample(1, 2, 3).Mean(); got != 2*time.Second {
		t.Errorf("the mean is %s", got)
	}
}
