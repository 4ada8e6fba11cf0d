package main

import (
	"context"
	"errors"
	"fmt"
)

// backupCommand copies database and documents while everything runs.
type backupCommand struct {
	Dir      string `arg:"" help:"New or empty folder for this backup."`
	WithKeys bool   `help:"Put the key file into it as well; whoever has both can read everything."`
}

func (c *backupCommand) run(ctx context.Context, s session) error {
	return withOffice(ctx, s, func(o *office) error {
		index, err := o.back(ctx, c.Dir, c.WithKeys)
		if err != nil {
			return err
		}
		var size int64
		for _, f := range index.Files {
			size += f.Size
		}
		fmt.Fprintf(s.out, "%s: %d files, %d bytes\n", c.Dir, len(index.Files), size)
		if !o.cfg.Blobs.URL.IsZero() {
			fmt.Fprintln(s.err, "documents lie in a bucket and are not in this backup; keep versions there")
		}
		if !c.WithKeys {
			fmt.Fprintln(s.err, "the keys are not in this backup; without their own copy it can't be read")
		}
		return nil
	})
}

// restoreCommand puts a backup into an empty installation.
type restoreCommand struct {
	Dir string `arg:"" help:"Folder that beian backup wrote."`
}

func (c *restoreCommand) run(ctx context.Context, s session) error {
	index, err := readBackup(c.Dir)
	if err != nil {
		return err
	}
	if err := restore(ctx, s.cfg, c.Dir, index); err != nil {
		return err
	}
	return withOffice(ctx, s, func(o *office) error {
		v, err := o.store.Verify(ctx, nil)
		if err != nil {
			return fmt.Errorf("reading the restored record: %w", err)
		}
		fmt.Fprintf(s.out, "restored the state of %s: %d jobs, %d events, journal of %d rows\n", index.At.Format("2006-01-02 15:04:05 MST"), v.Jobs, v.Events, v.Audit)
		if len(v.Broken) > 0 {
			return errors.New("the record was changed behind the program's back; see beian audit verify")
		}
		fmt.Fprintln(s.err, "whole; start api and worker: the queue is built anew from the record")
		return nil
	})
}
