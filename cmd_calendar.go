package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
	"time"

	"beian/internal/workday"
	"beian/tasks"
)

// calendarCommand looks at the calendar and stores years (V2).
type calendarCommand struct {
	Show  calendarShow  `cmd:"" help:"List the years with data, or print one as a file."`
	Check calendarCheck `cmd:"" help:"Say what is wrong with a year's file, every fault at once."`
	Add   calendarAdd   `cmd:"" help:"Store a year's file; due dates of open reviews follow."`
	Due   calendarDue   `cmd:"" help:"Count a due date and say why, day by day."`
}

type (
	calendarShow struct {
		Year int  `arg:"" optional:"" help:"Print this year as a file."`
		JSON bool `help:"Print JSON lines."`
	}
	calendarCheck struct {
		File string `arg:"" help:"Such as 2027.json; - is standard input."`
	}
	calendarAdd struct {
		File string `arg:"" help:"Such as 2027.json; - is standard input."`
	}
	calendarDue struct {
		At   string `placeholder:"MOMENT" help:"When the clock starts: a date or RFC 3339; now without it."`
		Days int    `placeholder:"N" help:"Working days; the policy's without it."`
		JSON bool   `help:"Print JSON lines."`
	}
)

// yearRow is a year as the command line prints it.
type yearRow struct {
	Year   int    `json:"year"`
	Origin string `json:"origin"`
	Days   int    `json:"days"`
	Source string `json:"source"`
}

func (c *calendarShow) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		var rows []yearRow
		for _, y := range o.calendar.Years() {
			if c.Year == y.Year.Number() {
				_, err := s.out.Write(y.Year.Text())
				return err
			}
			rows = append(rows, yearRow{y.Year.Number(), string(y.Origin), len(y.Year.Days()), y.Year.Source()})
		}
		if c.Year != 0 {
			return fmt.Errorf("the calendar of %d: %w", c.Year, tasks.ErrNotFound)
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%d\t%s\t%d days\t%s\n", r.Year, r.Origin, r.Days, r.Source)
		}
		return w.Flush()
	})
}

func (c *calendarCheck) run(_ context.Context, s session) error {
	year, err := readYear(s, c.File)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d: %d days, %s\n", year.Number(), len(year.Days()), year.Source())
	return nil
}

func (c *calendarAdd) run(ctx context.Context, s session) error {
	year, err := readYear(s, c.File)
	if err != nil {
		return err
	}
	return withOffice(ctx, s, func(o *office) error {
		var version int64
		for _, y := range o.calendar.Years() {
			if y.Year.Number() == year.Number() {
				version = y.Version
			}
		}
		entry := tasks.Entry{Actor: shellActor(), Action: "calendar.save", Object: strconv.Itoa(year.Number()), Reason: year.Source(), Outcome: "done"}
		if err := o.calendar.Save(ctx, year, version, entry); err != nil {
			return err
		}
		fmt.Fprintln(s.err, "Stored. Running processes count by it within a minute; due dates of open reviews follow.")
		return nil
	})
}

// readYear parses a file and puts every fault on a line of its own.
func readYear(s session, name string) (workday.Year, error) {
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(io.LimitReader(s.in, maxYearFile))
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return workday.Year{}, fmt.Errorf("reading a year: %w", err)
	}
	year, err := workday.ParseYear(data)
	var faulty *workday.FileError
	if errors.As(err, &faulty) {
		for _, f := range faulty.Faults {
			fmt.Fprintln(s.out, f.String())
		}
		return workday.Year{}, fmt.Errorf("the file has %d faults", len(faulty.Faults))
	}
	return year, err
}

// maxYearFile is more than any year takes; workday refuses the rest.
const maxYearFile = 1 << 20

// stepRow is one day of a count as the command line prints it.
type stepRow struct {
	Day  string `json:"day"`
	Step string `json:"step"`
	N    int    `json:"n,omitempty"`
	Name string `json:"name,omitempty"`
}

func (c *calendarDue) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		at, days := o.clock(), o.cfg.Policy.ReviewDays
		if c.Days > 0 {
			days = c.Days
		}
		if c.At != "" {
			var err error
			if at, err = readMoment(c.At); err != nil {
				return usageError{"--at must be a date such as 2026-03-02, or a moment such as 2026-03-02T17:59:00+08:00"}
			}
		}
		calendar := o.calendar.InForce()
		var rows []stepRow
		for _, step := range calendar.Explain(at, days) {
			rows = append(rows, stepRow{step.Day.Date.String(), string(step.Code), step.N, step.Day.Name.English})
		}
		if c.JSON {
			return printJSON(s, rows)
		}
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(w, "%s\t%s %s\t%s\n", r.Day, r.Step, ordinal(r.N), r.Name)
		}
		fmt.Fprintln(w, "due", calendar.Due(at, days).Format(time.RFC3339))
		return w.Flush()
	})
}

func ordinal(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
