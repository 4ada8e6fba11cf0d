package api

import (
	"time"

	"beian/api/page"
	"beian/internal/workday"
)

// StripOf draws the days from a start to a promise as a calendar counts them, for
// PageParts.Strip: working, weekend, holiday and make-up days, the first marked as
// the start and the last as the promise (V2). A span of more than three weeks is
// not drawn; the date alone is clearer then.
func StripOf(c *workday.Calendar) func(from, due time.Time) []page.Day {
	kinds := map[workday.Kind]string{workday.Working: "work", workday.Weekend: "weekend", workday.Holiday: "holiday", workday.Makeup: "makeup"}
	return func(from, due time.Time) []page.Day {
		days := c.Strip(c.Date(from), c.Date(due))
		if len(days) > maxStrip {
			return nil
		}
		out := make([]page.Day, len(days))
		for i, day := range days {
			out[i] = page.Day{Date: from.Add(time.Duration(i) * 24 * time.Hour), Kind: kinds[day.Kind]}
		}
		if len(out) > 1 {
			out[0].Kind = "start"
		}
		if len(out) > 0 {
			out[len(out)-1].Kind = "due"
		}
		return out
	}
}

const maxStrip = 21
