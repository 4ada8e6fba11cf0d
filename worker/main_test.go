package worker_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/testenv"
	"beian/internal/vault"
)

// childVariable makes the test binary a process of the office: a worker or a
// submitter, as its JSON says.
const childVariable = "BEIAN_WORKER_TEST_CHILD"

const (
	modeWorker    = "worker"
	modeSubmitter = "submitter"
)

// part is what a process of the office is told.
type part struct {
	Mode     string
	Database string
	Redis    string
	Keys     string
	Ledger   string
	Lease    time.Duration
	Delay    time.Duration // how long a provider takes for a message
	Jobs     int           // for submitters
	Pace     time.Duration // between two submissions
	PauseAt  string        // a task type whose step waits for the file <Ledger>.go
	Legacy   string        // where the legacy platform is, if anywhere
	DiesAt   string        // what it kills itself at, see mortal
}

func TestMain(m *testing.M) {
	redis.SetLogger(queue.RedisLogger(zerolog.Nop()))
	if told := os.Getenv(childVariable); told != "" {
		if err := child(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	for name, value := range map[string]string{"rapid.checks": "20", "rapid.steps": "40", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(testenv.Main(m))
}

// child plays its part until it is done, told to end, or its parent is gone.
func child(told string) error {
	var p part
	if err := json.Unmarshal([]byte(told), &p); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, orphaned := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		orphaned()
	}()
	keys, err := vault.Load(p.Keys)
	if err != nil {
		return err
	}
	record, err := store.Open(ctx, store.Options{URL: p.Database, Vault: keys, Connections: 8})
	if err != nil {
		return err
	}
	defer record.Close()
	paper := &ledger{path: p.Ledger, delay: p.Delay}
	if p.Mode == modeSubmitter {
		c := clerk{store: record, vault: keys, desk: newDesk(record, deskWith{keys: keys, sender: paper, lease: p.Lease})}
		return c.submitAll(ctx, p)
	}
	watched := &watchedStore{Store: record, paper: paper, pauseAt: p.PauseAt, mortal: mortal{paper: paper, at: p.DiesAt}}
	r, err := queue.Connect(ctx, queue.Options{URL: p.Redis, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	log := zerolog.New(os.Stderr).With().Int("pid", os.Getpid()).Timestamp().Logger()
	o := &office{record: record, redis: r, log: log,
		desk: newDesk(watched, deskWith{keys: keys, sender: paper, lease: p.Lease, legacy: connectLegacy(p.Legacy)})}
	return o.run(ctx)
}

// submitAll submits and verifies every transfer; a new submitter repeats what a
// killed one did and gets the same answers.
func (c clerk) submitAll(ctx context.Context, p part) error {
	pace := time.NewTicker(max(p.Pace, time.Millisecond))
	defer pace.Stop()
	for i := range p.Jobs {
		var receipt string
		err := again(ctx, func() (err error) {
			receipt, err = c.submit(ctx, i)
			return err
		})
		if err != nil {
			return fmt.Errorf("submission %d: %w", i, err)
		}
		if err := again(ctx, func() error { return c.verify(ctx, receipt) }); err != nil {
			return fmt.Errorf("verification %d: %w", i, err)
		}
		<-pace.C
	}
	return nil
}

// again repeats what the database could not take just now, as whoever is told so does.
func again(ctx context.Context, ask func() error) error {
	next := time.NewTicker(20 * time.Millisecond)
	defer next.Stop()
	for {
		if err := ask(); !passing(err) || ctx.Err() != nil {
			return err
		}
		<-next.C
	}
}
