package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// River carries out the effect of a transfer as a job of River, beside which our
// worker is measured: the same statements in a transaction that also ends the job
// and inserts the jobs of the messages.
type River struct {
	pool   *pgxpool.Pool
	client *river.Client[pgx.Tx]
	done   atomic.Int64
	goal   int64
	all    chan struct{}
}

// RiverOptions are what both sides share.
type RiverOptions struct {
	URL         string
	Workers     int
	Connections int32
}

// OpenRiver migrates River's tables into a database.
func OpenRiver(ctx context.Context, o RiverOptions) (*River, error) {
	cfg, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("the PostgreSQL URL can't be parsed")
	}
	cfg.MaxConns = o.Connections
	r := &River{}
	if r.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, fmt.Errorf("opening PostgreSQL for River: %w", err)
	}
	if err := r.prepare(ctx, o.Workers); err != nil {
		r.pool.Close()
		return nil, err
	}
	return r, nil
}

func (r *River) prepare(ctx context.Context, workers int) error {
	driver, quiet := riverpgxv5.New(r.pool), slog.New(slog.NewTextHandler(io.Discard, nil))
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet})
	if err != nil {
		return fmt.Errorf("preparing River's tables: %w", err)
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("making River's tables: %w", err)
	}
	table := river.NewWorkers()
	river.AddWorker(table, &riverTransfer{river: r})
	// With the default cooldown River fetches at most ten times a second, with
	// this one fetching is not what limits it.
	r.client, err = river.NewClient(driver, &river.Config{
		Workers: table, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		FetchCooldown: time.Millisecond, FetchPollInterval: 20 * time.Millisecond, Logger: quiet,
		SkipUnknownJobCheck: true, // nobody works the messages here
	})
	if err != nil {
		return fmt.Errorf("building River's client: %w", err)
	}
	return nil
}

// Close ends the connections.
func (r *River) Close() { r.pool.Close() }

// Drain inserts a job per receipt, and measures from the client's start to the
// last commit.
func (r *River) Drain(ctx context.Context, receipts []string) (time.Duration, error) {
	jobs := make([]river.InsertManyParams, len(receipts))
	for i, receipt := range receipts {
		jobs[i].Args = transferArgs{Receipt: receipt}
	}
	if _, err := r.client.InsertManyFast(ctx, jobs); err != nil {
		return 0, fmt.Errorf("inserting River's jobs: %w", err)
	}
	if _, err := r.pool.Exec(ctx, `VACUUM ANALYZE`); err != nil {
		return 0, fmt.Errorf("tidying the tables: %w", err)
	}
	r.done.Store(0)
	r.goal, r.all = int64(len(receipts)), make(chan struct{})
	start := time.Now()
	if err := r.client.Start(ctx); err != nil {
		return 0, fmt.Errorf("starting River: %w", err)
	}
	select {
	case <-r.all:
	case <-ctx.Done():
	}
	took := time.Since(start)
	return took, errors.Join(ctx.Err(), r.client.Stop(context.WithoutCancel(ctx)))
}

// transferArgs is a job of River; noticeArgs one that it inserts.
type (
	transferArgs struct {
		Receipt string `json:"receipt"`
	}
	noticeArgs struct {
		ID string `json:"id"`
	}
)

// Kind names the job.
func (transferArgs) Kind() string { return "transfer_apply" }

// Kind names the job.
func (noticeArgs) Kind() string { return "notice_send" }

// InsertOpts puts messages into a queue of their own, as ours are.
func (noticeArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: "notify"} }

type riverTransfer struct {
	river.WorkerDefaults[transferArgs]
	river *River
}

// Work applies one transfer.
func (w *riverTransfer) Work(ctx context.Context, job *river.Job[transferArgs]) error {
	tx, err := w.river.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after Commit it reports ErrTxClosed by design
	messages, err := effect{tx}.apply(ctx, job.Args.Receipt)
	if err != nil {
		return err
	}
	if _, err := w.river.client.InsertManyFastTx(ctx, tx, messages); err != nil {
		return err
	}
	if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	if w.river.done.Add(1) == w.river.goal {
		close(w.river.all)
	}
	return nil
}
