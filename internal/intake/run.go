package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"beian/tasks"
)

// Options of one run.
type Options struct {
	// Name of the source, under which progress is kept; without one an
	// interrupted run begins at the first line again.
	Name string
	// DryRun checks everything against the record and changes nothing.
	DryRun bool
	// Restart ignores progress.
	Restart bool
	// OnFault, when not nil, gets every fault, in order. Its error ends the run.
	OnFault func(LineFault) error
	// OnProgress, when not nil, is told the figures after every batch.
	OnProgress func(Report)
}

// Report counts lines by their outcome; blank ones are in Lines only. Resumed
// lines were taken in by an earlier run and are in no other figure. MovedHere is
// part of Stale. Faults holds the first hundred, OnFault gets all.
type Report struct {
	Lines     int64       `json:"lines"`
	Resumed   int64       `json:"resumed"`
	Created   int64       `json:"created"`
	Updated   int64       `json:"updated"`
	Unchanged int64       `json:"unchanged"`
	Stale     int64       `json:"stale"`
	MovedHere int64       `json:"moved_here"`
	Refused   int64       `json:"refused"`
	Faults    []LineFault `json:"faults"`
}

// LineFault is a fault with its line, counted from 1. A subject that was moved
// here is told as one too (MOVED_HERE) but counts as stale.
type LineFault struct {
	Line       int64  `json:"line"`
	ExternalID string `json:"external_id,omitempty"`
	Type       Type   `json:"type,omitempty"`
	Field      string `json:"field,omitempty"`
	Code       string `json:"code"`
	Message    string `json:"message"`
}

// ErrChanged: the source is not the one whose import was interrupted, and can't
// be read from its beginning again.
var ErrChanged = errors.New("the source differs from the interrupted import of this name: send it again with a restart")

const (
	batchLines = 500
	batchTries = 5
	keptFaults = 100
)

// Run takes a source in, 500 lines a transaction, in memory that does not grow
// with the source. A fault stops its line only. An interrupted run of the same
// name and content goes on behind its last batch. The report is right up to
// there even when Run fails.
func Run(ctx context.Context, s Store, source io.Reader, o Options) (Report, error) {
	if !o.DryRun {
		return start(ctx, s, source, o)
	}
	o.Name = "" // there is nothing to go on with afterwards
	var report Report
	err := s.Rehearse(ctx, func(trial Store) error {
		var err error
		report, err = start(ctx, trial, source, o)
		return err
	})
	return report, err
}

func start(ctx context.Context, s Store, source io.Reader, o Options) (Report, error) {
	r := &run{store: s, options: o, lines: newLines(source)}
	if err := r.resume(ctx, source); err != nil {
		return r.report, err
	}
	for {
		batch, err := r.read()
		if err != nil {
			return r.report, err
		}
		if len(batch) == 0 {
			return r.report, r.save(ctx, Progress{Name: o.Name})
		}
		if err := r.take(ctx, batch); err != nil {
			return r.report, err
		}
	}
}

type run struct {
	store   Store
	options Options
	lines   *lines
	report  Report
}

// entry is one line on its way: an item, or the faults that keep it out.
type entry struct {
	line   int64
	blank  bool
	item   Item
	result Result
}

// resume skips what an earlier run of the same content took in.
func (r *run) resume(ctx context.Context, source io.Reader) error {
	if r.options.Name == "" || r.options.Restart {
		return nil
	}
	var done Progress
	err := r.store.TakeIn(ctx, func(tx Tx) (err error) {
		done, err = tx.Progress(ctx, r.options.Name)
		return err
	})
	if err != nil || done.Line == 0 {
		return err
	}
	if err := r.lines.skip(done.Line); err != nil {
		return err
	}
	if r.lines.n == done.Line && r.lines.sum() == done.Digest {
		r.report.Resumed = done.Line
		return nil
	}
	seeker, ok := source.(io.Seeker)
	if !ok {
		return ErrChanged
	}
	if _, err := seeker.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the source from its beginning: %w", err)
	}
	r.lines = newLines(source)
	return nil
}

func (r *run) read() ([]entry, error) {
	batch := make([]entry, 0, batchLines)
	for len(batch) < batchLines {
		text, tooLong, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		batch = append(batch, decoded(text, tooLong, r.lines.n))
	}
	return batch, nil
}

func decoded(text []byte, tooLong bool, line int64) entry {
	e := entry{line: line}
	if tooLong {
		e.result = Refuse(NewFault("", CodeLineTooLong))
		return e
	}
	if e.blank = len(bytes.TrimSpace(text)) == 0; e.blank {
		return e
	}
	var faults []Fault
	if e.item, faults = Decode(text); len(faults) > 0 {
		e.result = Refuse(faults...)
	}
	return e
}

// take commits one batch, again when somebody else was in the way.
func (r *run) take(ctx context.Context, batch []entry) error {
	var results []Result
	var err error
	for range batchTries {
		err = r.store.TakeIn(ctx, func(tx Tx) error {
			var err error
			results, err = r.put(ctx, tx, batch)
			return err
		})
		if !errors.Is(err, tasks.ErrConflict) && !errors.Is(err, tasks.ErrInFlight) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("taking in lines %d to %d: %w", batch[0].line, batch[len(batch)-1].line, err)
	}
	return r.tell(batch, results)
}

func (r *run) put(ctx context.Context, tx Tx, batch []entry) ([]Result, error) {
	items := make([]Item, 0, len(batch))
	for _, e := range batch {
		if e.takes() {
			items = append(items, e.item)
		}
	}
	if err := tx.Lock(ctx, items); err != nil {
		return nil, err
	}
	results := make([]Result, len(batch))
	for i, e := range batch {
		results[i] = e.result
		if !e.takes() {
			continue
		}
		var err error
		if results[i], err = tx.Put(ctx, e.item); err != nil {
			return nil, fmt.Errorf("line %d: %w", e.line, err)
		}
	}
	if r.options.Name == "" {
		return results, nil
	}
	return results, tx.SaveProgress(ctx, Progress{Name: r.options.Name, Line: r.lines.n, Digest: r.lines.sum()})
}

func (e entry) takes() bool { return !e.blank && e.result.Outcome == "" }

func (r *run) save(ctx context.Context, p Progress) error {
	if p.Name == "" {
		return nil
	}
	return r.store.TakeIn(ctx, func(tx Tx) error { return tx.SaveProgress(ctx, p) })
}

// tell counts a batch that is committed and hands its faults on.
func (r *run) tell(batch []entry, results []Result) error {
	var failed error
	for i, e := range batch {
		r.report.count(results[i].Outcome)
		for _, f := range results[i].Faults {
			l := LineFault{Line: e.line, ExternalID: e.item.ExternalID, Type: e.item.Type, Field: f.Field, Code: f.Code,
				Message: f.Message}
			if len(r.report.Faults) < keptFaults {
				r.report.Faults = append(r.report.Faults, l)
			}
			if r.options.OnFault != nil && failed == nil {
				failed = r.options.OnFault(l)
			}
		}
	}
	if r.options.OnProgress != nil {
		r.options.OnProgress(r.report)
	}
	return failed
}

func (r *Report) count(o Outcome) {
	r.Lines++
	switch o {
	case Created:
		r.Created++
	case Updated:
		r.Updated++
	case Unchanged:
		r.Unchanged++
	case Stale:
		r.Stale++
	case MovedHere:
		r.Stale++
		r.MovedHere++
	case Refused:
		r.Refused++
	}
}
