package api

import "strconv"

// opsChart is a picture of bars, drawn as SVG by the template "chart" with a title
// and a description for those who do not see it; the same numbers stand in a table
// beside it.
type opsChart struct {
	ID, Title, Desc string
	Width, Height   int
	Bars            []opsBar
	Lines           []opsGrid
	Labels          []opsLabel
	Legend          []opsLegend
}

type opsBar struct {
	X, Y, W, H int
	Class      string
	Words      string // what a pointer over it says
}

type opsGrid struct {
	Y     int
	Words string
}

type opsLabel struct {
	X     int
	Words string
}

type opsLegend struct{ Class, Words string }

// opsSeries is one kind of bars; stacked ones stand on the series before.
type opsSeries struct {
	Class, Name string
	Values      []int
	Stacked     bool
}

// The measures of a chart, in units of its own.
const (
	chartLeft, chartTop, chartBottom = 40, 12, 24
	chartHeight                      = 180
	chartSlot                        = 22 // of one day
)

// chartOf draws series over days; names are what the bars stand for.
func chartOf(c opsChart, days []string, series []opsSeries) opsChart {
	c.Width, c.Height = chartLeft+chartSlot*len(days)+4, chartTop+chartHeight+chartBottom
	top := niceTop(highest(len(days), series))
	groups := 0
	for _, s := range series {
		c.Legend = append(c.Legend, opsLegend{s.Class, s.Name})
		if !s.Stacked {
			groups++
		}
	}
	for i := range 5 {
		c.Lines = append(c.Lines, opsGrid{Y: chartTop + chartHeight - chartHeight*i/4, Words: quarter(top, i)})
	}
	width := (chartSlot - 4) / max(groups, 1)
	for i, day := range days {
		group, foot := -1, 0
		for _, s := range series {
			if !s.Stacked {
				group, foot = group+1, 0
			}
			h := chartHeight * s.Values[i] / top
			if h > 0 {
				c.Bars = append(c.Bars, opsBar{X: chartLeft + chartSlot*i + 2 + group*width, Y: chartTop + chartHeight - foot - h, W: width - 1, H: h,
					Class: s.Class, Words: day + " · " + s.Name + " " + strconv.Itoa(s.Values[i])})
			}
			foot += h
		}
		if (len(days)-1-i)%5 == 0 { // so that today has its label
			c.Labels = append(c.Labels, opsLabel{X: chartLeft + chartSlot*i + chartSlot/2, Words: day[len("2006-"):]})
		}
	}
	return c
}

// highest is the tallest group or stack.
func highest(days int, series []opsSeries) int {
	most := 0
	for i := range days {
		stack := 0
		for _, s := range series {
			if !s.Stacked {
				stack = 0
			}
			stack += s.Values[i]
			most = max(most, stack)
		}
	}
	return most
}

// niceTop is the end of an axis whose quarters are whole numbers: 4, 8, 20, 40 …
func niceTop(most int) int {
	for unit := 1; ; unit *= 10 {
		for _, step := range []int{1, 2, 5} {
			if top := 4 * unit * step; top >= most {
				return top
			}
		}
	}
}

func quarter(top, i int) string { return strconv.Itoa(top * i / 4) }
