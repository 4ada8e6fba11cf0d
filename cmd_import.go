package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"beian/internal/intake"
	"beian/internal/text"
	"beian/tasks"
)

// importCommand takes facts in from the filing system.
type importCommand struct {
	File    string `arg:"" help:"NDJSON file, or - for standard input."`
	DryRun  bool   `help:"Check every line against the record and change nothing."`
	Restart bool   `help:"Begin at the first line although an earlier import was interrupted."`
	JSON    bool   `help:"Print the report as JSON."`
}

func (c *importCommand) run(ctx context.Context, s session) error {
	source, size, err := c.open(s)
	if err != nil {
		return err
	}
	defer source.Close()
	return withOffice(ctx, s, func(o *office) error {
		if err := o.ready(ctx); err != nil {
			return err
		}
		counted := &counter{from: source}
		report, err := intake.Run(ctx, o.store, counted, intake.Options{
			Name: c.name(), DryRun: c.DryRun, Restart: c.Restart,
			OnFault:    func(f intake.LineFault) error { return printFault(s, f) },
			OnProgress: progress(s, counted, size),
		})
		if term.IsTerminal(2) {
			fmt.Fprintln(s.err)
		}
		if err != nil {
			return fmt.Errorf("importing (run the same command again to go on): %w", err)
		}
		return c.report(s, report)
	})
}

func (c *importCommand) name() string {
	if c.File == "-" {
		return ""
	}
	return filepath.Base(c.File)
}

func (c *importCommand) open(s session) (io.ReadCloser, int64, error) {
	if c.File == "-" {
		return io.NopCloser(s.in), 0, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, usageError{"the file can't be opened: " + err.Error()}
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		f.Close()
		return nil, 0, usageError{"this is not a file of lines: " + c.File}
	}
	return f, info.Size(), nil
}

// counter counts bytes, for the progress bar.
type counter struct {
	from io.Reader
	read int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read += int64(n)
	return n, err
}

// progress draws a bar when talk goes to a terminal.
func progress(s session, c *counter, size int64) func(intake.Report) {
	f, ok := s.err.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func(r intake.Report) {
		const width = 30
		done := 0
		if size > 0 {
			done = int(c.read * width / size)
		}
		fmt.Fprintf(f, "\r[%s%s] %d lines, %d refused", strings.Repeat("#", min(done, width)), strings.Repeat(" ", max(width-done, 0)), r.Lines, r.Refused)
	}
}

func printFault(s session, f intake.LineFault) error {
	_, err := fmt.Fprintf(s.err, "line %d %s %s: %s %s %s\n", f.Line, f.Type, f.ExternalID, f.Field, f.Code, f.Message)
	return err
}

func (c *importCommand) report(s session, r intake.Report) error {
	if c.JSON {
		return printJSON(s, []intake.Report{r})
	}
	verb := "imported"
	if c.DryRun {
		verb = "checked, nothing changed"
	}
	fmt.Fprintf(s.out, "%s: %d lines, %d created, %d updated, %d unchanged, %d stale, %d refused, %d resumed\n",
		verb, r.Lines, r.Created, r.Updated, r.Unchanged, r.Stale, r.Refused, r.Resumed)
	if r.Refused > 0 {
		return fmt.Errorf("%d lines were refused", r.Refused)
	}
	return nil
}

// faults words every fault of an *Invalid for the command line.
// usage names the faults of what was typed, for errors that carry any.
func (o *office) usage(err error) error {
	var invalid *tasks.Invalid
	if errors.As(err, &invalid) {
		return usageError{o.faults(invalid)}
	}
	return err
}

func (o *office) faults(e *tasks.Invalid) string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = o.catalog.Fault(text.English, text.Fault{Field: f.Field, Code: f.Code, Params: text.ParamsOf(f.Params)})
	}
	return strings.Join(lines, "; ")
}
