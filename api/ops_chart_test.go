package api

import "testing"

func TestAChartKeepsItsBarsInsideAndStacksThem(t *testing.T) {
	t.Parallel()
	days := []string{"2026-11-24", "2026-11-25"}
	for _, most := range []int{0, 1, 4, 5, 7, 99, 12345} {
		c := chartOf(opsChart{}, days, []opsSeries{{Class: "a", Values: []int{0, most}}, {Class: "b", Values: []int{most, 1}, Stacked: true}, {Class: "c", Values: []int{1, 0}}})
		for _, b := range c.Bars {
			if b.Y < chartTop-1 || b.Y+b.H > chartTop+chartHeight || b.X < chartLeft || b.X+b.W > c.Width || b.W < 1 {
				t.Errorf("%d: bar %+v runs out of %d × %d", most, b, c.Width, c.Height)
			}
		}
		for i, a := range c.Bars {
			for _, b := range c.Bars[i+1:] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Errorf("%d: %+v covers %+v", most, a, b)
				}
			}
		}
	}
	for most, want := range map[int]int{0: 4, 4: 4, 5: 8, 9: 20, 21: 40, 41: 80, 81: 200} {
		if got := niceTop(most); got != want {
			t.Errorf("the axis for %d ends at %d, want %d", most, got, want)
		}
	}
}
