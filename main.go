// Command beian is the account desk of an ICP-filing platform: one binary whose
// subcommands are the API with its pages, the workers, and the operator's tools.
// This package wires; it decides nothing.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // Asia/Shanghai on machines without zone files

	"github.com/alecthomas/kong"

	"beian/config"
	"beian/internal/documents"
	"beian/internal/store"
	"beian/tasks"
)

// commands is the command line: flags and BEIAN_* variables are one definition,
// in package config.
type commands struct {
	config.Config

	Dev         devCommand         `cmd:"" help:"Run everything in one process with demo data: pages, API, workers, database and queue."`
	API         apiCommand         `cmd:"" name:"api" help:"Serve the API, the pages and the dashboard."`
	Worker      workerCommand      `cmd:"" help:"Carry out tasks."`
	Migrate     migrateCommand     `cmd:"" help:"Look at and change the database schema."`
	Config_     configCommand      `cmd:"" name:"config" help:"Print every setting, its value and where it came from."`
	Import      importCommand      `cmd:"" help:"Import accounts, subjects, websites and orders from an NDJSON file."`
	Staff       staffCommand       `cmd:"" help:"Manage reviewers, supervisors, operators and auditors."`
	Account     accountCommand     `cmd:"" help:"Manage sign-ins of filing accounts."`
	APIKeys     apiKeysCommand     `cmd:"" name:"apikeys" help:"Manage the keys by which programs use /v1."`
	Webhooks    webhooksCommand    `cmd:"" help:"Manage the addresses of integrators that are told when jobs change."`
	Jobs        jobsCommand        `cmd:"" help:"Look at jobs, decide disputes, re-drive dead letters."`
	Reviews     reviewsCommand     `cmd:"" help:"Look at manual reviews, take one, give one back."`
	Queues      queuesCommand      `cmd:"" help:"Look at, pause and resume queues."`
	Calendar    calendarCommand    `cmd:"" help:"Look at the working-day calendar, check and store years, count due dates."`
	Audit       auditCommand       `cmd:"" help:"Read and verify the audit journal."`
	Keys        keysCommand        `cmd:"" help:"Create the key file; list, add and promote its sealing keys."`
	Backup      backupCommand      `cmd:"" help:"Copy database and documents into a folder while everything runs."`
	Restore     restoreCommand     `cmd:"" help:"Put a backup into an empty installation."`
	SMS         smsCommand         `cmd:"" name:"sms" help:"Print what an SMS provider must approve, and the file that names it."`
	Doctor      doctorCommand      `cmd:"" help:"Check the installation and say what is wrong."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running API whether it is alive or ready; for containers."`
	LegacySim   legacySimCommand   `cmd:"" name:"legacy-sim" help:"Run a made-up legacy platform, for trying legacy imports."`
	Bench       benchCommand       `cmd:"" help:"Measure this machine: submitting, latency, the worker beside River, memory."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// The exit codes of pages.md, Command line.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
	exitRefused  = 4
	exitDown     = 5
)

func main() {
	if ran, code := documents.Child(os.Args, os.Stdin, os.Stdout); ran {
		os.Exit(code) // we were started to decode one upload
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(program{args: os.Args[1:], environ: os.Environ(), in: os.Stdin, out: os.Stdout, err: os.Stderr}.run(ctx))
}

// program is the whole command as a value that a test can start.
type program struct {
	args    []string
	environ []string
	in      io.Reader
	out     io.Writer
	err     io.Writer
}

// run parses, checks the configuration, runs one command and returns the exit
// code. Data goes to out, talk to err.
func (p program) run(ctx context.Context) int {
	var cli commands
	loader := config.NewLoader(p.environ)
	exited := -1
	parser, err := kong.New(&cli, kong.Name("beian"), kong.Description("Account desk of an ICP-filing platform (备案账号服务台)."),
		kong.Writers(p.out, p.err), kong.Exit(func(code int) { exited = code }), kong.UsageOnError(), loader)
	if err != nil {
		fmt.Fprintln(p.err, "beian:", err)
		return exitFailed
	}
	kctx, err := parser.Parse(p.args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(p.err, "beian:", err)
		return exitUsage
	}
	run, ok := kctx.Selected().Target.Addr().Interface().(runner)
	if !ok {
		fmt.Fprintln(p.err, "beian: choose a subcommand; see --help")
		return exitUsage
	}
	if d, ok := run.(preparer); ok {
		d.prepare(&cli.Config)
	}
	if err := loader.Finish(&cli.Config); err != nil {
		fmt.Fprintln(p.err, err)
		return exitUsage
	}
	err = run.run(ctx, session{program: p, cfg: cli.Config, loader: loader, clock: wallClock()})
	return p.exit(err)
}

// runner is a command; preparer is one that changes the configuration's defaults.
type (
	runner interface {
		run(context.Context, session) error
	}
	preparer interface{ prepare(*config.Config) }
)

// session is what a command gets.
type session struct {
	program
	cfg    config.Config
	loader *config.Loader
	clock  clock
}

func (p program) exit(err error) int {
	var blocked *tasks.Blocked
	var state *tasks.WrongState
	var usage usageError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintln(p.err, "beian:", err)
		return exitUsage
	}
	fmt.Fprintln(p.err, "beian:", err)
	switch {
	case errors.Is(err, tasks.ErrNotFound):
		return exitNotFound
	case errors.As(err, &blocked), errors.As(err, &state), errors.Is(err, tasks.ErrForbidden), errors.Is(err, tasks.ErrConflict):
		return exitRefused
	case errors.Is(err, tasks.ErrUnavailable), errors.Is(err, errDown), errors.Is(err, store.ErrBehind):
		return exitDown
	}
	return exitFailed
}

// usageError is a command line that can't be carried out.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// errDown marks a dependency that does not answer.
var errDown = errors.New("a dependency is down")
