package api

import (
	"fmt"
	"strconv"

	"beian/internal/text"
	"beian/tasks"
)

// opsHeat is a strip of the hours of the day, drawn as SVG by the template "heat":
// the darker a cell, the more happened in its hour. The same numbers stand in a
// table beside it.
type opsHeat struct {
	ID, Title, Desc string
	Width, Height   int
	Cells           []opsBar
	Names           []opsGrid // of the rows
	Hours           []opsLabel
}

// opsHeatTable is a strip with its numbers.
type opsHeatTable struct {
	Heat opsHeat
	Head []string
	Rows [][]string
}

// The measures of a strip, in units of its own.
const (
	heatLeft, heatTop, heatFoot = 64, 4, 18
	heatCell, heatRow           = 28, 30
)

// slaHeat shows when reviews come in and when they are decided: who plans shifts
// looks here.
func (o *Ops) slaHeat(v *opsVisit, hours [24]tasks.HourStats) opsHeatTable {
	received, decided := opsSeries{Name: o.say(v, "sla.received")}, opsSeries{Name: o.say(v, "sla.decided")}
	t := opsHeatTable{Head: []string{o.say(v, "sla.hour"), received.Name, decided.Name}}
	in, out := 0, 0
	for hour, h := range hours {
		received.Values, decided.Values = append(received.Values, h.Received), append(decided.Values, h.Decided)
		in, out = in+h.Received, out+h.Decided
		if h.Received+h.Decided > 0 {
			t.Rows = append(t.Rows, []string{hourName(hour), strconv.Itoa(h.Received), strconv.Itoa(h.Decided)})
		}
	}
	sums := fmt.Sprintf("%s %d · %s %d", received.Name, in, decided.Name, out)
	t.Heat = heatOf(opsHeat{ID: "heat", Title: o.say(v, "sla.chart.heat"), Desc: o.say(v, "sla.chart.heat.desc", text.Params{"sums": sums})}, received, decided)
	return t
}

func hourName(hour int) string { return fmt.Sprintf("%02d:00", hour) }

// heatOf draws a row for each series, each against its own busiest hour.
func heatOf(h opsHeat, series ...opsSeries) opsHeat {
	h.Width, h.Height = heatLeft+24*heatCell, heatTop+len(series)*heatRow+heatFoot
	for row, s := range series {
		y := heatTop + row*heatRow
		h.Names = append(h.Names, opsGrid{Y: y + heatRow/2, Words: s.Name})
		most := highest(len(s.Values), []opsSeries{s})
		for hour, n := range s.Values {
			h.Cells = append(h.Cells, opsBar{X: heatLeft + hour*heatCell, Y: y, W: heatCell - 2, H: heatRow - 2, Class: "heat-" + strconv.Itoa(heatLevel(n, most)),
				Words: hourName(hour) + " · " + s.Name + " " + strconv.Itoa(n)})
		}
	}
	for hour := 0; hour < 24; hour += 3 {
		h.Hours = append(h.Hours, opsLabel{X: heatLeft + hour*heatCell + heatCell/2, Words: strconv.Itoa(hour)})
	}
	return h
}

// heatLevel is 0 for nothing, else 1 to 4 by quarters of the busiest hour.
func heatLevel(n, most int) int {
	if n == 0 {
		return 0
	}
	return 1 + (4*n-1)/most
}
