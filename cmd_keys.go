package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"beian/internal/vault"
)

// keysCommand makes the key file that seals personal values, and changes its
// sealing keys while everything runs.
type keysCommand struct {
	Create  keysCreate  `cmd:"" help:"Create the key file; refuses to overwrite one."`
	List    keysList    `cmd:"" help:"List the sealing keys by number; keys themselves are never printed."`
	Add     keysAdd     `cmd:"" help:"Add a sealing key that opens and does not seal yet; give the file to every machine afterwards."`
	Promote keysPromote `cmd:"" help:"Seal with a key from now on that every process knows already; older ones go on opening."`
}

type (
	keysCreate struct{}
	keysList   struct {
		JSON bool `help:"Print JSON lines."`
	}
	keysAdd     struct{}
	keysPromote struct {
		ID uint32 `arg:"" help:"Number of the key, from beian keys list."`
	}
)

func (c *keysCreate) run(_ context.Context, s session) error {
	path := s.cfg.KeysPath()
	if _, err := vault.Create(path); err != nil {
		if errors.Is(err, os.ErrExist) {
			return usageError{"the key file exists already; without it every sealed value is lost, so it is never overwritten"}
		}
		return err
	}
	fmt.Fprintln(s.err, "created", path)
	fmt.Fprintln(s.err, "keep a copy in another place: a database without its keys is unreadable")
	return nil
}

// keyRow is a sealing key as the command line prints it.
type keyRow struct {
	ID    uint32 `json:"id"`
	Seals bool   `json:"seals"`
}

func (c *keysList) run(_ context.Context, s session) error {
	keys, err := vault.SealingKeys(s.cfg.KeysPath())
	if err != nil {
		return err
	}
	rows := make([]keyRow, len(keys))
	for i, k := range keys {
		rows[i] = keyRow{k.ID, k.Primary}
	}
	if c.JSON {
		return printJSON(s, rows)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, r := range rows {
		does := "opens"
		if r.Seals {
			does = "opens and seals"
		}
		fmt.Fprintf(w, "%d\t%s\n", r.ID, does)
	}
	return w.Flush()
}

func (c *keysAdd) run(_ context.Context, s session) error {
	id, err := vault.AddSealingKey(s.cfg.KeysPath())
	if err != nil {
		return err
	}
	fmt.Fprintln(s.out, id)
	fmt.Fprintf(s.err, "copy the key file to every machine and keep a copy elsewhere; processes read it within %s\n", keysEvery)
	fmt.Fprintf(s.err, "then: beian keys promote %d\n", id)
	return nil
}

func (c *keysPromote) run(_ context.Context, s session) error {
	if err := vault.PromoteSealingKey(s.cfg.KeysPath(), c.ID); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "%d seals from now on; copy the key file to every machine and keep a copy elsewhere\n", c.ID)
	return nil
}

// keysEvery is how often a process looks whether its key file was changed.
const keysEvery = 15 * time.Second

// keepKeys takes sealing keys that were added or promoted while the process runs.
// A file that is wrong changes nothing and is told about each time it changes.
func (o *office) keepKeys(ctx context.Context) error {
	path := o.cfg.KeysPath()
	seen := stampOf(path)
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if now := stampOf(path); now != seen {
			seen = now
			o.reloadKeys(path)
		}
	}
}

func (o *office) reloadKeys(path string) {
	if err := o.vault.Reload(path); err != nil {
		o.log.Error().Err(err).Msg("the key file was changed and can't be used; going on with the keys from before")
		return
	}
	o.log.Info().Msg("the key file was changed and is in use")
}

// stampOf tells one state of a file from another.
func stampOf(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "absent"
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}
