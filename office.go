package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"golang.org/x/term"

	"beian/config"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/legacy"
	"beian/internal/queue"
	"beian/internal/store"
	"beian/internal/text"
	"beian/internal/traces"
	"beian/internal/vault"
	"beian/internal/webhook"
	"beian/tasks"
)

// office is everything that the commands share: the record, the desk, the queue.
type office struct {
	cfg      config.Config
	log      zerolog.Logger
	vault    *vault.Vault
	store    *store.Store
	catalog  *text.Catalog
	desk     *tasks.Desk
	time     clock
	clock    func() time.Time // the time as a function
	calendar *calendars
	cabinet  cabinet
	legacy   *legacy.Connector // nil where none is configured
	holder   string            // names this process among others
	redis    *queue.Redis
	accounts *accounts.Service
	metrics  *metrics
	tracer   *traces.Tracer
	// listening is closed when the pages can be asked for.
	listening chan struct{}
}

// openOffice opens the record and builds the desk. It does not connect to Redis;
// commands that deliver work call connect.
func openOffice(ctx context.Context, s session) (*office, error) {
	o := &office{cfg: s.cfg, log: newLogger(s.cfg, s.err), time: s.clock, clock: s.clock.now, holder: uuid.NewString(), listening: make(chan struct{})}
	if err := os.MkdirAll(o.cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data directory: %w", err)
	}
	var err error
	if o.vault, err = openVault(o.cfg); err != nil {
		return nil, err
	}
	if o.catalog, err = text.Load(); err != nil {
		return nil, fmt.Errorf("loading the catalogs: %w", err)
	}
	if o.calendar, err = openCalendar(o.cfg.CalendarDir, o.clock); err != nil {
		return nil, err
	}
	if o.store, err = store.Open(ctx, store.Options{URL: databaseURL(o.cfg), Vault: o.vault, Clock: o.clock}); err != nil {
		return nil, fmt.Errorf("%w: opening the database: %w", errDown, err)
	}
	o.calendar.store = o.store
	if o.tracer, err = traces.New(ctx, strings.TrimSuffix(o.cfg.TracesURL, "/"), version(), o.lostTraces); err != nil {
		return nil, errors.Join(err, o.store.Close())
	}
	if err := errors.Join(o.calendar.reload(ctx), o.furnish()); err != nil {
		return nil, errors.Join(err, o.store.Close())
	}
	return o, nil
}

func (o *office) lostTraces(err error) { o.log.Warn().Err(err).Msg("traces did not arrive") }

// furnish puts the desk before an open record.
func (o *office) furnish() (err error) {
	if o.cabinet, err = openCabinet(o.cfg, o.store); err != nil {
		return err
	}
	if o.legacy, err = o.openLegacy(); err != nil {
		return err
	}
	meters := newMessageMeters()
	sender, err := o.sender(meters)
	if err != nil {
		return err
	}
	o.accounts = accounts.New(accounts.Parts{Store: o.store.Accounts(), Random: random{}, StaffFactor: o.cfg.StaffFactor()})
	o.desk = o.newDesk(sender)
	o.metrics = newMetrics(o.store, reviewCollector{o.desk, o.calendar, o.clock}, o.legacyGauge(), meters.sent, meters.resting)
	return nil
}

// policy is what the operator decided about the rules.
func (o *office) policy() tasks.Policy {
	return tasks.Policy{
		RealName:         o.cfg.Policy.RealName,
		TargetAcceptance: o.cfg.Policy.TargetAcceptance == "required",
		TargetWindow:     o.cfg.Policy.TargetWindow,
		VerifyWindow:     24 * time.Hour,

		Calendar: o.calendar, ReviewDays: o.cfg.Policy.ReviewDays, FourEyes: o.cfg.Policy.FourEyes == "organisations", Rounds: 3,
		DraftLife: 7 * 24 * time.Hour, MoreLife: 15 * 24 * time.Hour, AppealWindow: 15 * 24 * time.Hour,
		Hold: o.cfg.Policy.Hold, LongHold: o.cfg.Policy.LongHold, TransferHold: o.cfg.Policy.TransferHold, ContactHold: o.cfg.Policy.ContactHold,
		KeepRefused: o.cfg.Policy.KeepRefused, KeepDone: o.cfg.Policy.KeepDone,
		LegacyPatience: o.cfg.Policy.LegacyPatience, LegacyDiffLife: o.cfg.Policy.LegacyDiffLife,
	}
}

func (o *office) newDesk(sender tasks.Sender) *tasks.Desk {
	parts := tasks.DeskParts{
		Store: o.store, Sender: sender, Secrets: o.vault, Random: random{}, Passwords: o.accounts,
		Flows: tasks.Flows(o.policy(), o.vault, random{}), Lease: o.cfg.Worker.Lease, Speed: o.time.speed, Chores: o.chores(),
		Cabinet: o.cabinet, ClaimLease: o.time.stretch(o.cfg.Policy.ClaimLease), Undo: o.time.stretch(o.cfg.Policy.Undo),
		Budget: o.budget(), Caller: o.caller(),
	}
	if o.legacy != nil { // a nil pointer in the port would not be nil
		parts.Legacy = o.legacy
	}
	return tasks.NewDesk(parts)
}

// caller reaches webhooks. In development this machine may be called, too.
func (o *office) caller() tasks.Caller {
	networks := o.cfg.WebhookNetworks
	if o.cfg.IsDevelopment() {
		networks = append(slices.Clone(networks), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	return webhook.New(webhook.Options{Networks: networks, Jobs: o.cfg.BaseURL() + "/v1/jobs/", Version: version(), Now: o.clock})
}

// connect finds Redis, or starts the embedded one, and tests it.
func (o *office) connect(ctx context.Context) error {
	redis.SetLogger(queue.RedisLogger(o.log))
	r, err := queue.Connect(ctx, queue.Options{URL: o.cfg.RedisURL.Reveal(), DataDir: o.cfg.DataDir, Log: o.log,
		AllowMemory: o.cfg.IsDevelopment()})
	if err != nil {
		return fmt.Errorf("%w: %w", errDown, err)
	}
	o.redis = r
	o.metrics.registry.MustRegister(redisCollector{o.inspector()})
	for _, f := range r.SelfTest(ctx) {
		if f.Level != queue.LevelOK {
			o.log.Warn().Str("code", f.Code).Str("level", string(f.Level)).Msg(f.Detail)
		}
	}
	return nil
}

// close lets go of everything that was opened, the queue first.
func (o *office) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if o.redis != nil {
		if err := o.redis.Close(ctx); err != nil {
			o.log.Warn().Err(err).Msg("closing the queue")
		}
	}
	if err := o.tracer.Stop(ctx); err != nil {
		o.log.Warn().Err(err).Msg("sending the last traces")
	}
	if err := o.store.Close(); err != nil {
		o.log.Warn().Err(err).Msg("closing the database")
	}
}

// ready refuses to serve a schema that is behind, and applies the policy that
// lives in the database (A1).
func (o *office) ready(ctx context.Context) error {
	if err := o.store.Current(ctx); err != nil {
		return err
	}
	if err := o.calendar.reload(ctx); err != nil { // dev has just made the table
		return err
	}
	return o.store.SetSubjectLimit(ctx, o.cfg.Policy.SubjectsPerAccount)
}

func databaseURL(cfg config.Config) string {
	if path, ok := cfg.SQLitePath(); ok {
		return "sqlite://" + path
	}
	return cfg.DatabaseURL.Reveal()
}

// openVault loads the keys; development makes them up on the first start.
func openVault(cfg config.Config) (*vault.Vault, error) {
	path := cfg.KeysPath()
	v, err := vault.Load(path)
	if errors.Is(err, os.ErrNotExist) && cfg.IsDevelopment() {
		return vault.Create(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the key file %s does not exist; create it once with `beian keys create` and keep a copy elsewhere", filepath.Base(path))
	}
	return v, err
}

// newLogger writes JSON lines, or pretty ones on a terminal.
func newLogger(cfg config.Config, w io.Writer) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.LogLevel)
	if err != nil {
		level = zerolog.InfoLevel
	}
	f, isFile := w.(*os.File)
	pretty := cfg.LogFormat == "console" || (cfg.LogFormat == "auto" && isFile && term.IsTerminal(int(f.Fd())))
	if pretty {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05.000"}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Str("service", "beian").Str("version", version()).Logger()
}

// random is where ids and receipts come from.
type random struct{}

func (random) ID() string { return uuid.Must(uuid.NewV7()).String() }

func (random) Receipt(letters string) (string, error) {
	r, err := filing.NewReceipt(letters, rand.Reader)
	if err != nil {
		return "", err
	}
	return r.String(), nil
}
