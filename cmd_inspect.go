package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// configCommand prints the settings in force.
type configCommand struct {
	JSON bool `help:"Print JSON lines."`
}

func (c *configCommand) run(_ context.Context, s session) error {
	settings := s.loader.Describe(s.cfg)
	if c.JSON {
		return printJSON(s, settings)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	for _, v := range settings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.Name, v.Value, v.Source)
	}
	return w.Flush()
}

// printJSON writes one JSON value a line.
func printJSON[T any](s session, rows []T) error {
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// versionCommand prints the version.
type versionCommand struct{}

func (c *versionCommand) run(_ context.Context, s session) error {
	fmt.Fprintln(s.out, version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, kv := range info.Settings {
		if kv.Key == "vcs.revision" {
			return kv.Value[:min(12, len(kv.Value))]
		}
	}
	return strings.Trim(info.Main.Version, "()")
}

// healthcheckCommand asks a running API; it needs no shell and no curl.
type healthcheckCommand struct {
	What string `arg:"" optional:"" enum:"live,ready" default:"ready" help:"live or ready."`
}

func (c *healthcheckCommand) run(ctx context.Context, s session) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	path := "/readyz"
	if c.What == "live" {
		path = "/livez"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.cfg.HTTPAddr+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%w: the API does not answer on %s", errDown, s.cfg.HTTPAddr)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s answered %d", errDown, path, res.StatusCode)
	}
	fmt.Fprintln(s.out, "ok")
	return nil
}
