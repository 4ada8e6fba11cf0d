package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"
	"golang.org/x/term"

	"beian/config"
	"beian/internal/accounts"
	"beian/internal/filing"
	"beian/internal/queue"
	"beian/internal/sms"
	"beian/internal/store"
	"beian/internal/text"
	"beian/internal/vault"
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
	clock    func() time.Time
	holder   string // names this process among others
	redis    *queue.Redis
	accounts *accounts.Service
	metrics  *metrics
}

// openOffice opens the record and builds the desk. It does not connect to Redis;
// commands that deliver work call connect.
func openOffice(ctx context.Context, s session) (*office, error) {
	o := &office{cfg: s.cfg, log: newLogger(s.cfg, s.err), clock: time.Now, holder: uuid.NewString()}
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
	if o.store, err = store.Open(ctx, store.Options{URL: databaseURL(o.cfg), Vault: o.vault}); err != nil {
		return nil, fmt.Errorf("%w: opening the database: %w", errDown, err)
	}
	sender, err := sms.NewInbox(o.store, o.catalog, sms.Options{Site: sms.Site{PublicURL: o.cfg.BaseURL()}, Now: o.clock})
	if err != nil {
		return nil, fmt.Errorf("preparing messages: %w", err)
	}
	o.desk = o.newDesk(sender)
	o.accounts = accounts.New(accounts.Parts{Store: o.store.Accounts(), Random: random{}})
	o.metrics = newMetrics(o.store)
	return o, nil
}

// policy is what the operator decided about the rules.
func (o *office) policy() tasks.Policy {
	return tasks.Policy{
		RealName:         o.cfg.Policy.RealName,
		TargetAcceptance: o.cfg.Policy.TargetAcceptance == "required",
		TargetWindow:     o.cfg.Policy.TargetWindow,
		VerifyWindow:     24 * time.Hour,
	}
}

func (o *office) newDesk(sender tasks.Sender) *tasks.Desk {
	return tasks.NewDesk(tasks.DeskParts{
		Store: o.store, Sender: sender, Secrets: o.vault, Random: random{},
		Flows: tasks.Flows(o.policy(), o.vault, random{}), Lease: o.cfg.Worker.Lease, Chores: o.chores(),
	})
}

// chores are the recurring duties; duties says how often.
func (o *office) chores() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"chore:seal": func(ctx context.Context) error {
			for {
				n, err := o.store.Seal(ctx)
				if err != nil || n == 0 {
					return err
				}
			}
		},
		"chore:purge": func(ctx context.Context) error {
			n, err := o.store.Purge(ctx)
			if n > 0 {
				o.log.Info().Int64("rows", n).Msg("purged what outlived its retention")
			}
			return err
		},
	}
}

func duties() []queue.Duty {
	return []queue.Duty{{Name: "seal", Every: time.Minute}, {Name: "purge", Every: time.Hour}}
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
