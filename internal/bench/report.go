package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Verdict says whether a goal was reached. Its values are stable.
type Verdict string

// The verdicts. NotJudged comes with the reason in Goal.Got.
const (
	Met       Verdict = "met"
	Missed    Verdict = "missed"
	NotJudged Verdict = "not judged"
)

// Goal is a figure that was promised, and what was found.
type Goal struct {
	What    string  `json:"what"`
	Got     string  `json:"got"`
	Verdict Verdict `json:"verdict"`
}

// Judge makes a goal of a yes or no.
func Judge(what, got string, met bool) Goal {
	if met {
		return Goal{what, got, Met}
	}
	return Goal{what, got, Missed}
}

// Doubt takes the verdict back and says why.
func (g Goal) Doubt(why string) Goal { return Goal{g.What, why, NotJudged} }

// Section is one part of the report: a table, what to know of it, its goals.
type Section struct {
	Name  string     `json:"name"`
	Head  []string   `json:"head"`
	Rows  [][]string `json:"rows"`
	Notes []string   `json:"notes,omitempty"`
	Goals []Goal     `json:"goals,omitempty"`
}

// Add appends a row to the table.
func (s *Section) Add(cells ...string) { s.Rows = append(s.Rows, cells) }

// AddTimes adds a row of what something took: p50, p95 and p99.
func (s *Section) AddTimes(what string, took []time.Duration) {
	s.Add(what, Millis(Quantile(took, 0.5)), Millis(Quantile(took, 0.95)), Millis(Quantile(took, 0.99)))
}

// Markdown writes the section as people and docs/benchmarks.md read it.
func (s Section) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\n", s.Name)
	if len(s.Rows) > 0 {
		row(&b, s.Head)
		row(&b, strings.Split(strings.Repeat("---|", len(s.Head)-1)+"---", "|"))
		for _, r := range s.Rows {
			row(&b, r)
		}
		b.WriteByte('\n')
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	for _, g := range s.Goals {
		fmt.Fprintf(&b, "- goal %s: **%s** (%s)\n", g.What, g.Verdict, g.Got)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func row(b *strings.Builder, cells []string) {
	fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
}

// DuelHead names the columns of Outcome.Cells.
func DuelHead() []string {
	return []string{"", "limit /s", "subject /s", "ratio (lowest to highest)", "subject p50", "subject p99", "limit moved by"}
}

// Cells are an outcome as a row of a table.
func (o Outcome) Cells() []string {
	return []string{o.Name, PerSecond(o.Limit.PerSecond), PerSecond(o.Subject.PerSecond),
		fmt.Sprintf("%.2f (%.2f to %.2f)", o.Ratio, o.Low, o.High), Millis(o.Subject.P50), Millis(o.Subject.P99), Percent(o.Drift)}
}

// maxDrift is how far a limit may move within a run before its ratios say nothing.
const maxDrift = 0.30

// Goal judges an outcome by the least ratio; a limit that moved too far is judged
// by nobody.
func (o Outcome) Goal(least float64) Goal {
	what := fmt.Sprintf("%s ≥ %.2f of the limit", o.Name, least)
	if o.Drift > maxDrift {
		return Goal{What: what}.Doubt(fmt.Sprintf("%.2f, but the limit itself moved by %s; quieten the machine and repeat", o.Ratio, Percent(o.Drift)))
	}
	return Judge(what, fmt.Sprintf("%.2f", o.Ratio), o.Ratio >= least)
}

// Within judges a duration by its longest allowed value.
func Within(what string, got, most time.Duration) Goal {
	return Judge(fmt.Sprintf("%s ≤ %s", what, Millis(most)), Millis(got), got <= most)
}

// PerSecond writes a rate.
func PerSecond(r float64) string { return fmt.Sprintf("%.0f", r) }

// Percent writes a part of one.
func Percent(part float64) string { return fmt.Sprintf("%.0f %%", 100*part) }

// Millis writes a duration in milliseconds, finer below ten.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.2f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// Megabytes writes a size in units of 2^20 bytes.
func Megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/(1<<20)) }
