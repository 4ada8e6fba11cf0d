// Package config turns flags and BEIAN_* environment variables into one checked Config.
//
// Each field below is the single definition of a setting: its variable, its flag, its default, its bounds and its
// help. A Loader reads them for a kong command line; FromEnv reads them without one. Starting with a bad
// configuration fails once, with the whole list of faults.
package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Environment says how forgiving the program is: Production refuses what Development makes up.
type Environment string

// The two environments.
const (
	Development Environment = "development"
	Production  Environment = "production"
)

// Config is everything an operator can set. Print it freely: secrets and passwords inside URLs show as masks.
type Config struct {
	Environment Environment `name:"env" var:"BEIAN_ENV" default:"production" choices:"development,production" help:"Environment; production refuses made-up keys."`

	HTTPAddr        string         `name:"http-addr" var:"BEIAN_HTTP_ADDR" default:"127.0.0.1:8080" example:"0.0.0.0:8080" help:"Address the API and the pages listen on."`
	MetricsAddr     string         `name:"metrics-addr" var:"BEIAN_METRICS_ADDR" example:"127.0.0.1:9090" help:"Separate address for /metrics; empty serves it on the main address, to loopback peers only."`
	PublicURL       string         `name:"public-url" var:"BEIAN_PUBLIC_URL" example:"https://beian.example.cn" help:"Address people reach the pages at; printed in messages, letters and QR codes."`
	WebhookNetworks []netip.Prefix `name:"webhook-networks" var:"BEIAN_WEBHOOK_NETWORKS" example:"10.0.0.0/8" help:"Networks whose webhooks may be called besides public addresses; empty calls public ones only."`
	TrustedProxies  []netip.Prefix `name:"trusted-proxies" var:"BEIAN_TRUSTED_PROXIES" example:"10.0.0.0/8,192.168.1.4" help:"Proxies whose X-Forwarded-For is believed; empty believes nobody."`
	CORSOrigins     []Origin       `name:"cors-origins" var:"BEIAN_CORS_ORIGINS" example:"https://www.example.cn" help:"Foreign origins whose forms may submit jobs."`
	APIKey          Secret         `kong:"-" var:"BEIAN_API_KEY" example:"(32 or more random characters)" help:"Key of a program with every scope; empty leaves only those that beian apikeys made."`

	DataDir     string `name:"data-dir" var:"BEIAN_DATA_DIR" default:"./data" example:"/var/lib/beian" help:"Directory for the embedded database, documents and keys."`
	DatabaseURL URL    `name:"database-url" var:"BEIAN_DATABASE_URL" example:"postgres://beian@db.internal/beian" help:"sqlite:///path or postgres://…; empty is SQLite in the data directory."`
	RedisURL    URL    `name:"redis-url" var:"BEIAN_REDIS_URL" example:"redis://redis.internal:6379/0" help:"Redis of the queues; empty embeds one."`
	CalendarDir string `name:"calendar-dir" var:"BEIAN_CALENDAR_DIR" example:"/etc/beian/calendar" help:"Folder of holiday files such as 2027.json; they replace the years that come with the program (V2)."`
	KeysFile    string `name:"keys-file" var:"BEIAN_KEYS_FILE" example:"/etc/beian/keys.json" help:"Encryption keys; empty is keys.json in the data directory."`

	StaffTOTP string `name:"staff-totp" var:"BEIAN_STAFF_TOTP" default:"auto" choices:"auto,required,optional,off" help:"Second factor of staff; auto is required in production and off in development."`

	SMSProvider  string `name:"sms-provider" var:"BEIAN_SMS_PROVIDER" default:"inbox" choices:"inbox,aliyun,tencent" help:"Who carries the SMS."`
	ContactLine  string `name:"contact-line" var:"BEIAN_CONTACT_LINE" example:"客服热线 400-000-0000" help:"Whom to ask, shown in the footer; empty names the access provider in both languages."`
	ContactHours string `name:"contact-hours" var:"BEIAN_CONTACT_HOURS" example:"每日 8:00–22:00" help:"When they answer, shown in the footer."`

	TracesURL string `name:"traces-url" var:"BEIAN_TRACES_URL" example:"http://127.0.0.1:4318" help:"OpenTelemetry collector that takes OTLP over HTTP; empty records no traces."`
	LogLevel  string `name:"log-level" var:"BEIAN_LOG_LEVEL" default:"info" choices:"debug,info,warn,error" help:"Least level that is logged."`
	LogFormat string `name:"log-format" var:"BEIAN_LOG_FORMAT" default:"auto" choices:"auto,json,console" help:"auto is console on a terminal, json elsewhere."`

	OIDC   OIDC   `embed:""`
	Policy Policy `embed:""`
	Worker Worker `embed:""`
	Blobs  Blobs  `embed:""`
	Legacy Legacy `embed:""`

	Messages Messages `embed:""`
}

// Blobs says where the pictures of documents are kept, sealed. Without a URL that is a folder of the data directory.
type Blobs struct {
	URL       URL    `name:"blobs-url" var:"BEIAN_BLOBS_URL" example:"https://oss-cn-beijing.aliyuncs.com/beian-documents" help:"Bucket of an S3 store as https://endpoint/bucket; empty is the folder documents in the data directory."`
	Region    string `name:"blobs-region" var:"BEIAN_BLOBS_REGION" default:"us-east-1" example:"cn-beijing" help:"Region that requests to the bucket are signed for."`
	Style     string `name:"blobs-style" var:"BEIAN_BLOBS_STYLE" default:"host" choices:"host,path" help:"Where the bucket's name goes: host for OSS, COS and AWS, path for MinIO."`
	AccessKey Secret `kong:"-" var:"BEIAN_BLOBS_ACCESS_KEY" example:"(key id of the store)" help:"Access key of the bucket."`
	SecretKey Secret `kong:"-" var:"BEIAN_BLOBS_SECRET_KEY" example:"(secret key of the store)" help:"Secret key of the bucket."`
}

// Bucket splits the URL into the store's address and the bucket's name.
func (b Blobs) Bucket() (endpoint, name string) {
	parsed, err := url.Parse(b.URL.Reveal())
	if err != nil {
		return "", ""
	}
	name = strings.Trim(parsed.Path, "/")
	parsed.Path = ""
	return parsed.String(), name
}

// Policy holds the rules of the office that providers settle differently.
type Policy struct {
	RealName           string        `name:"policy-realname" var:"BEIAN_POLICY_REALNAME" default:"off" choices:"off,target_verified,must_match" help:"Real-name rule of a transfer (T7)."`
	TargetAcceptance   string        `name:"policy-target-acceptance" var:"BEIAN_POLICY_TARGET_ACCEPTANCE" default:"required" choices:"required,off" help:"Whether the receiver of a transfer must accept (T8)."`
	TargetWindow       time.Duration `name:"policy-target-window" var:"BEIAN_POLICY_TARGET_WINDOW" default:"72h" min:"1h" max:"720h" help:"How long the receiver has to accept (T8)."`
	SubjectsPerAccount int           `name:"policy-subjects-per-account" var:"BEIAN_POLICY_SUBJECTS_PER_ACCOUNT" default:"1" min:"1" max:"100" help:"Subjects one account may hold (A1)."`
	ReviewDays         int           `name:"policy-review-days" var:"BEIAN_POLICY_REVIEW_DAYS" default:"2" min:"1" max:"20" help:"A review is promised for the end of this working day (L7)."`
	FourEyes           string        `name:"policy-four-eyes" var:"BEIAN_POLICY_FOUR_EYES" default:"organisations" choices:"organisations,risk" help:"Who needs two reviewers: organisations and risky jobs, or risky and disputed ones only (L9)."`
	Hold               time.Duration `name:"policy-hold" var:"BEIAN_POLICY_HOLD" default:"24h" min:"0s" max:"720h" help:"How long the old channels have to object to a login reset, counted from the notice at submission (L8)."`
	LongHold           time.Duration `name:"policy-long-hold" var:"BEIAN_POLICY_LONG_HOLD" default:"72h" min:"0s" max:"720h" help:"The same with a risk flag, or when no old channel was reached (L8)."`
	TransferHold       time.Duration `name:"policy-transfer-hold" var:"BEIAN_POLICY_TRANSFER_HOLD" default:"168h" min:"0s" max:"2160h" help:"How long a subject can't be transferred after a login reset (L8)."`
	ContactHold        time.Duration `name:"policy-contact-hold" var:"BEIAN_POLICY_CONTACT_HOLD" default:"72h" min:"0s" max:"2160h" help:"How long a subject can't be transferred after its account got another security phone (T6)."`
	KeepRefused        time.Duration `name:"policy-keep-refused" var:"BEIAN_POLICY_KEEP_REFUSED" default:"720h" min:"24h" max:"8760h" help:"How long the documents of a refused, withdrawn or expired login reset are kept before they are shredded (L10)."`
	KeepDone           time.Duration `name:"policy-keep-done" var:"BEIAN_POLICY_KEEP_DONE" default:"4320h" min:"168h" max:"26280h" help:"The same for one that took effect (L10)."`
	LegacyPatience     time.Duration `name:"policy-legacy-patience" var:"BEIAN_POLICY_LEGACY_PATIENCE" default:"24h" min:"10m" max:"144h" help:"How long a legacy import waits for a legacy platform that does not answer (I2)."`
	LegacyDiffLife     time.Duration `name:"policy-legacy-diff-life" var:"BEIAN_POLICY_LEGACY_DIFF_LIFE" default:"168h" min:"1h" max:"168h" help:"How long the differences of a legacy import wait for the applicant's yes, at most as long as the platform's ticket (I5)."`
	Undo               time.Duration `name:"policy-undo" var:"BEIAN_POLICY_UNDO" default:"10s" min:"0s" max:"5m" help:"How long a reviewer can take a decision back."`
	ClaimLease         time.Duration `name:"policy-claim-lease" var:"BEIAN_POLICY_CLAIM_LEASE" default:"30m" min:"1m" max:"8h" help:"How long a reviewer's claim may stay silent (V1)."`
}

// Worker holds the pace of the background work.
type Worker struct {
	MetricsAddr     string        `name:"worker-metrics-addr" var:"BEIAN_WORKER_METRICS_ADDR" example:"127.0.0.1:9092" help:"Address where beian worker serves /metrics; empty serves none."`
	Concurrency     int           `name:"worker-concurrency" var:"BEIAN_WORKER_CONCURRENCY" default:"8" min:"1" max:"1024" help:"Tasks worked on at once."`
	QueuePoll       time.Duration `name:"queue-poll" var:"BEIAN_QUEUE_POLL" default:"20ms" min:"1ms" max:"5s" help:"How often an idle worker asks Redis."`
	Lease           time.Duration `name:"lease" var:"BEIAN_LEASE" default:"6s" min:"2s" max:"5m" help:"How long a silent worker keeps its claim on a step."`
	ShutdownTimeout time.Duration `name:"shutdown-timeout" var:"BEIAN_SHUTDOWN_TIMEOUT" default:"10s" min:"1s" max:"5m" help:"Total time a process takes to stop."`
}

// IsDevelopment reports whether made-up keys, demo data and an unset public URL are acceptable.
func (c Config) IsDevelopment() bool { return c.Environment == Development }

// StaffFactor is StaffTOTP with "auto" decided: required, optional or off.
func (c Config) StaffFactor() string {
	switch {
	case c.StaffTOTP != "auto":
		return c.StaffTOTP
	case c.IsDevelopment():
		return "off"
	}
	return "required"
}

// KeysPath is the key file in force: KeysFile, or keys.json in the data directory.
func (c Config) KeysPath() string {
	if c.KeysFile != "" {
		return c.KeysFile
	}
	return filepath.Join(c.DataDir, "keys.json")
}

// DocumentsPath is the folder of documents in the data directory.
func (c Config) DocumentsPath() string { return filepath.Join(c.DataDir, "documents") }

// SQLitePath is the database file and true when the database is SQLite; otherwise DatabaseURL is PostgreSQL's.
func (c Config) SQLitePath() (path string, ok bool) {
	if c.DatabaseURL.IsZero() {
		return filepath.Join(c.DataDir, "beian.db"), true
	}
	return strings.CutPrefix(c.DatabaseURL.Reveal(), "sqlite://")
}

// BaseURL is where people reach the pages, without a closing slash: PublicURL, or the listening address when unset.
func (c Config) BaseURL() string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	return "http://" + c.HTTPAddr
}
