package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"beian/config"
	"beian/internal/bench"
)

// benchCommand measures this machine; docs/benchmarks.md explains every figure.
// It makes its own databases, its own queue and its own people, and removes them.
type benchCommand struct {
	Postgres   string   `placeholder:"URL" help:"Server on which databases may be made and dropped; by default the value of BEIAN_TEST_POSTGRES_URL."`
	Rounds     int      `default:"5" help:"Measured rounds."`
	Pieces     int      `default:"2000" help:"Requests a round of the submit section, at most 2500."`
	Jobs       int      `default:"2000" help:"Jobs a round of the worker section."`
	Only       []string `placeholder:"SECTION" help:"Sections to measure: submit, idle, worker, provider, reviews, lookup, waiting, process."`
	Reviews    int      `default:"100000" help:"Open reviews of the reviews section."`
	Lookups    int      `default:"1000" help:"Requests of either kind of the lookup section."`
	Waiting    int      `default:"100000" help:"Jobs that wait in the waiting section, at most; docs/benchmarks.md has a million."`
	Newcomers  int      `default:"400" help:"New transfers beside the jobs that wait."`
	JSON       bool     `help:"Print one JSON object a section."`
	CPUProfile string   `name:"cpuprofile" placeholder:"FILE" help:"Write a CPU profile of the whole run."`
}

// prepare lets the command make its own keys.
func (c *benchCommand) prepare(cfg *config.Config) { cfg.Environment = config.Development }

// workbench is one run of the command.
type workbench struct {
	*benchCommand
	session session
	dir     string
	admin   string // PostgreSQL server, empty when there is none
	durable bool   // it syncs commits
}

// part is a section by the name that --only knows.
type part struct {
	name string
	run  func(context.Context) ([]bench.Section, error)
}

func (b *workbench) parts() []part {
	return []part{{"submit", b.submit}, {"idle", b.idle}, {"worker", b.worker}, {"provider", b.provider}, {"reviews", b.reviews}, {"lookup", b.lookup}, {"waiting", b.waiting}, {"process", b.process}}
}

func (c *benchCommand) run(ctx context.Context, s session) error {
	b := &workbench{benchCommand: c, session: s, admin: c.server(s)}
	if err := b.check(); err != nil {
		return err
	}
	var err error
	if b.dir, err = os.MkdirTemp("", "beian-bench-"); err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	defer os.RemoveAll(b.dir)
	if err := b.askServer(ctx); err != nil {
		return err
	}
	stop, err := c.profile()
	if err != nil {
		return err
	}
	return errors.Join(b.measure(ctx), stop())
}

// mostPieces keeps a round's messages, four a request, inside the relay's window of
// 10,000 tasks: nobody takes them out before the round has ended.
const mostPieces = 2500

func (b *workbench) check() error {
	if b.Rounds < 1 || b.Pieces < 1 || b.Jobs < 1 || b.Lookups < 2 {
		return usageError{"--rounds, --pieces and --jobs must be at least 1, --lookups at least 2"}
	}
	if b.Pieces > mostPieces {
		return usageError{fmt.Sprintf("--pieces must be at most %d", mostPieces)}
	}
	if b.Waiting < 1000 || b.Newcomers < 1 {
		return usageError{"--waiting must be at least 1000, --newcomers at least 1"}
	}
	if b.admin != "" && !strings.HasPrefix(b.admin, "postgres") {
		return usageError{"--postgres must look like postgres://user@host/database"}
	}
	for _, name := range b.Only {
		if !slices.ContainsFunc(b.parts(), func(p part) bool { return p.name == name }) {
			return usageError{"there is no section " + name + "; choose among submit, idle, worker, provider, reviews, lookup, waiting and process"}
		}
	}
	return nil
}

func (c *benchCommand) server(s session) string {
	if c.Postgres != "" {
		return c.Postgres
	}
	for _, e := range s.environ {
		if value, ok := strings.CutPrefix(e, "BEIAN_TEST_POSTGRES_URL="); ok {
			return value
		}
	}
	return ""
}

func (b *workbench) askServer(ctx context.Context) error {
	if b.admin == "" {
		return nil
	}
	plain, err := bench.OpenPlain(b.admin, 1)
	if err != nil {
		return usageError{err.Error()}
	}
	defer plain.Close()
	if b.durable, err = plain.Durable(ctx); err != nil {
		return fmt.Errorf("%w: PostgreSQL does not tell its settings", errDown)
	}
	return nil
}

func (c *benchCommand) profile() (stop func() error, err error) {
	if c.CPUProfile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(c.CPUProfile)
	if err != nil {
		return nil, fmt.Errorf("creating the profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

// measure runs the sections in turn and prints each as soon as it is known.
func (b *workbench) measure(ctx context.Context) error {
	setup, err := b.setup()
	if err == nil {
		err = b.print(setup)
	}
	if err != nil {
		return err
	}
	for _, p := range b.parts() {
		if len(b.Only) > 0 && !slices.Contains(b.Only, p.name) {
			continue
		}
		sections, err := p.run(ctx)
		if err == nil {
			err = b.print(sections...)
		}
		if err != nil {
			return fmt.Errorf("measuring %s: %w", p.name, err)
		}
	}
	return b.print(bench.Section{Name: "Afterwards", Notes: []string{"load average: " + bench.Load()}})
}

func (b *workbench) setup() (bench.Section, error) {
	sync, err := bench.SyncTime(b.dir)
	if err != nil {
		return bench.Section{}, err
	}
	return bench.Section{Name: "Setup", Notes: []string{
		time.Now().Format(time.DateOnly) + ", beian " + version(), bench.Machine(),
		"load average before: " + bench.Load(),
		"fdatasync of an 8 KiB append: p50 " + bench.Millis(sync),
		"PostgreSQL: " + map[bool]string{true: "commits are synced", false: "none, or one that does not sync its commits"}[b.durable],
	}}, nil
}

func (b *workbench) print(sections ...bench.Section) error {
	if b.JSON {
		return printJSON(b.session, sections)
	}
	for _, s := range sections {
		if err := s.Markdown(b.session.out); err != nil {
			return err
		}
	}
	return nil
}

// restFor is how long an idle process is left alone before its memory is read.
const restFor = 10 * time.Second

// process starts this very program as `dev`, as a newcomer would.
func (b *workbench) process(ctx context.Context) ([]bench.Section, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	start, err := bench.StartDev(ctx, program, filepath.Join(b.dir, "dev"), restFor)
	if err != nil {
		return nil, err
	}
	s := bench.Section{Name: "beian dev on an empty directory", Head: []string{"first page", "resident, idle", "its redis-server"}}
	s.Add(bench.Millis(start.FirstPage), bench.Megabytes(start.Memory), bench.Megabytes(start.Children))
	const goalMemory = 80 << 20
	s.Goals = []bench.Goal{
		bench.Within("start to first page", start.FirstPage, 2*time.Second),
		bench.Judge("idle memory ≤ 80 MB, Redis not counted", bench.Megabytes(start.Memory), start.Memory <= goalMemory),
		bench.Judge("idle memory ≤ 80 MB, Redis counted", bench.Megabytes(start.Memory+start.Children), start.Memory+start.Children <= goalMemory),
	}
	return []bench.Section{s}, nil
}
